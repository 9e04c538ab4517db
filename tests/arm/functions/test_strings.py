from __future__ import annotations

import pytest

from infra_lib.arm.functions.registry import FunctionError

from .calling import Case, call, check, check_refusal

CASES: list[Case] = [
    ("concat", ["a", "", "b"], "ab"),
    ("concat", ["n", 1, True, -2], "n1True-2"),
    ("concat", ["only"], "only"),
    ("concat", [1, "x"], "1x"),
    ("endsWith", ["App01.azure.com", ".AZURE.com"], True),
    ("endsWith", ["abc", ""], True),
    ("endsWith", ["café", "É"], True),
    ("endsWith", ["straße", "SSE"], False),
    ("join", [["a", 1, True, "é"], "-"], "a-1-True-é"),
    ("join", [[], "-"], ""),
    ("join", [["", "a", ""], "/"], "/a/"),
    ("like", ["storage-account", "s*g*-*t"], True),
    ("like", ["ABC", "a*c"], True),
    ("like", ["abc", "a?c"], False),
    ("like", ["a\nc", "a*c"], True),
    ("like", ["", "*"], True),
    ("like", ["", ""], True),
    ("like", ["a", ""], False),
    ("like", ["axc", "a.c"], False),
    ("like", ["abab", "*ab*ab"], True),
    ("like", ["aba", "ab*ba"], False),
    ("like", ["a*c", "a\\*c"], False),
    ("padLeft", ["😀", 4, "-"], "--😀"),
    ("padLeft", [5, 3, "0"], "005"),
    ("padLeft", ["abcd", 3], "abcd"),
    ("padLeft", ["a", 16], " " * 15 + "a"),
    ("replace", ["aAaA", "a", "b"], "bAbA"),
    ("replace", ["a😀b", "😀", "--"], "a--b"),
    ("replace", ["aaa", "aa", ""], "a"),
    ("split", ["a,b;c", [",", ";"]], ["a", "b", "c"]),
    ("split", ["a::b:c", ["::", ":"]], ["a", "b", "c"]),
    ("split", ["a::b:c", [":", "::"]], ["a", "", "b", "c"]),
    ("split", ["abc", ""], ["abc"]),
    ("split", ["a b\tc", []], ["a", "b", "c"]),
    ("split", ["abc", [""]], ["abc"]),
    ("split", ["", ","], [""]),
    ("split", ["aXbxc", "x"], ["aXb", "c"]),
    ("split", ["///", "/"], ["", "", "", ""]),
    ("startsWith", ["App01", "APP"], True),
    ("startsWith", ["", "a"], False),
    ("startsWith", ["ıx", "I"], False),
    ("string", [-42], "-42"),
    ("string", [True], "True"),
    ("string", [{"b": 1, "a": [True, None, 'x"y'], "c-d": {"e": ""}}], '{"b":1,"a":[true,null,"x\\"y"],"c-d":{"e":""}}'),
    ("string", [{"v": [1.5, 1000.0, 2.0, 1e-7]}], '{"v":[1.5,1000.0,2.0,1E-07]}'),
    ("string", [{"text": "é😀\t\u0001<>&'/\\"}], '{"text":"é😀\\t\\u0001<>&\'/\\\\"}'),
    ("string", [["\u2028\x85\x7f"]], '["\\u2028\\u0085\x7f"]'),
    ("substring", ["x😀y", 1, 2], "😀"),
    ("substring", ["abc", 3], ""),
    ("substring", ["abc", 1], "bc"),
    ("substring", ["abc", 1, 0], ""),
    ("toLower", ["ΟΔΟΣ"], "οδοσ"),
    ("toLower", ["İ"], "İ"),
    ("toLower", ["ẞ\u212a\u212b"], "ßkå"),
    ("toLower", ["𐐀"], "𐐨"),
    ("toUpper", ["straße"], "STRAßE"),
    ("toUpper", ["ıſ"], "ıſ"),
    ("toUpper", ["ﬁnance ŉ ǆ µ ÿ"], "ﬁNANCE ŉ Ǆ Μ Ÿ"),
    ("trim", ["\u00a0\u2003\u3000 x \x85\u2028"], "x"),
    ("trim", ["\ufeffx\u200b"], "\ufeffx\u200b"),
    ("trim", ["\x1fx\x00 "], "\x1fx\x00"),
]

REFUSALS: list[Case] = [
    ("concat", ["a", None], "ArgumentType"),
    ("concat", ["a", 1.5], "ArgumentType"),
    ("concat", ["a", ["b"]], "ArgumentType"),
    ("concat", [], "ArgumentCount"),
    ("endsWith", ["a", None], "ArgumentType"),
    ("join", [["a", None], ","], "ArgumentType"),
    ("join", ["a", ","], "ArgumentType"),
    ("join", [["a"]], "ArgumentCount"),
    ("like", [1, "*"], "ArgumentType"),
    ("padLeft", ["a", 17, "0"], "ArgumentValue"),
    ("padLeft", ["a", 0], "ArgumentValue"),
    ("padLeft", ["a", 5, "ab"], "ArgumentValue"),
    ("padLeft", ["a", 5, "😀"], "ArgumentValue"),
    ("padLeft", [True, 5], "ArgumentType"),
    ("replace", ["a", "", "b"], "ArgumentValue"),
    ("split", ["a", 1], "ArgumentType"),
    ("split", ["a", ["a", 1]], "ArgumentType"),
    ("startsWith", [None, "a"], "ArgumentType"),
    ("string", [None], "ArgumentType"),
    ("string", [1.5], "ArgumentType"),
    ("substring", ["abc", 4], "ArgumentValue"),
    ("substring", ["abc", -1], "ArgumentValue"),
    ("substring", ["abc", 1, 3], "ArgumentValue"),
    ("substring", ["a😀", 1, 1], "ArgumentValue"),
    ("toLower", [1], "ArgumentType"),
    ("toUpper", [None], "ArgumentType"),
    ("trim", [["a"]], "ArgumentType"),
    ("fail", [1], "ArgumentType"),
]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)


@pytest.mark.parametrize("message", ["", "the tier is unknown", "50 % off: é😀"])
def test_fail_raises_its_message(message: str) -> None:
    with pytest.raises(FunctionError) as raised:
        call("fail", message)
    assert raised.value.message == message


def test_like_with_many_stars_takes_bounded_time() -> None:
    assert call("like", "a" * 20_000, "*a" * 5_000 + "b") is False
