from __future__ import annotations

import pytest

from infra_lib.arm.functions.json_text import write_json

from .calling import Case, check, check_refusal

CASES: list[Case] = [
    ("json", ['{"a":1,"b":[true,null,"x"]}'], {"a": 1, "b": [True, None, "x"]}),
    ("json", ["1"], 1),
    ("json", ["1.0"], 1.0),
    ("json", ["1e3"], 1000.0),
    ("json", ["-0.0"], -0.0),
    ("json", ["-0"], 0),
    ("json", [".5"], 0.5),
    ("json", ["0x1F"], 31),
    ("json", ["017"], 15),
    ("json", ["[0xFFFFFFFFFFFFFFFF]"], [-1]),
    ("json", ["1e400"], float("inf")),
    ("json", ["NaN"], float("nan")),
    ("json", ["-Infinity"], float("-inf")),
    ("json", ["undefined"], None),
    ("json", ["// c\n [1 /* x */, 2,] rest"], [1, 2]),
    ("json", ["[1,,2,]"], [1, None, 2]),
    ("json", ["[,]"], [None]),
    ("json", ["{a: 'x', $b_1: \"y\", 'c d': 'it\\'s',}"], {"a": "x", "$b_1": "y", "c d": "it's"}),
    ("json", ["{a:,b:1}"], {"a": None, "b": 1}),
    ("json", ['{"a":1,"b":2,"a":3}'], {"a": 3, "b": 2}),
    ("json", ['{"a":1,"A":2}'], {"a": 1, "A": 2}),
    ("json", ['"\\ud83d\\ude00\\u00e9"'], "😀é"),
    ("json", ['"\\ud83d!"'], "\ufffd!"),
    ("json", ['"2020-04-07T14:53:14Z"'], "2020-04-07T14:53:14Z"),
    ("json", ['"a\nb"'], "a\nb"),
    ("json", ["9223372036854775807"], 2**63 - 1),
    ("json", ["[" * 64 + "]" * 64], eval("[" * 64 + "]" * 64)),
    ("json", ["'[resourceGroup().name]'"], "[resourceGroup().name]"),
]

_NOT_JSON = (
    "", " ", "// only a comment", "TRUE", "+1", "-", "12z", "1.2.3", "09", "[1 2]", "[1", '{"a" 1}', '{"a":1', "{1a,}", "nul",
    '"open', '"\\x"', '"\\u12"', "/* open", "new Date(1)", "9223372036854775808", "-9223372036854775809",
    "[9223372036854775808]", "9" * 100_000, "[" * 65 + "]" * 65, "[" * 100_000,
)  # fmt: skip
REFUSALS: list[Case] = [*(("json", [text], "ArgumentValue") for text in _NOT_JSON), ("json", [1], "ArgumentType")]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, 2.0, None, True]}, '{"a":[1,2.0,null,true]}'),
        ({}, "{}"),
        ([float("inf"), float("nan")], '["Infinity","NaN"]'),
        ('"\\/\b\f\x01', '"\\"\\\\/\\b\\f\\u0001"'),
        (1e16, "10000000000000000.0"),
    ],
)
def test_writing(value: object, expected: str) -> None:
    assert write_json(value) == expected
