from __future__ import annotations

import pytest

from infra_lib.bicep.parsing.directives import Directives
from infra_lib.bicep.parsing.lexer import tokens


def kinds(text: str) -> list[str]:
    return tokens(text).kinds


def only_value(text: str) -> str | None:
    found = tokens(text)
    assert found.kinds == ["string", "end"]
    return found.values[0]


def codes(text: str) -> list[tuple[str, int, int]]:
    return [(finding.code, finding.start, finding.end) for finding in tokens(text).findings]


def test_every_operator_is_one_token() -> None:
    text = "{ } [ ] ( ) , . : ; ? = ! < > + - * / % ^ @ | :: ?? ... => == != =~ !~ <= >= && ||"
    assert kinds(text) == [*text.split(), "end"]


def test_the_longest_operator_wins() -> None:
    assert kinds("a??b?.c==d=>e") == [
        "identifier", "??", "identifier", "?", ".", "identifier", "==", "identifier", "=>", "identifier", "end",
    ]  # fmt: skip


def test_white_space_and_comments_are_no_tokens() -> None:
    assert kinds(" a /* x\ny */ b // c\n\t5") == ["identifier", "identifier", "newline", "integer", "end"]


def test_line_ends_in_a_row_are_one_token() -> None:
    found = tokens("a\r\n\r\n\nb\rc")
    assert found.kinds == ["identifier", "newline", "identifier", "newline", "identifier", "end"]
    assert (found.starts[1], found.ends[1]) == (1, 6)


def test_literal_words_are_kinds_of_their_own() -> None:
    assert kinds("true false null True none") == ["true", "false", "null", "identifier", "identifier", "end"]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("''", ""),
        ("'a b'", "a b"),
        (r"'a\n\r\t\\\'\$b'", "a\n\r\t\\'$b"),
        (r"'\${x}'", "${x}"),
        ("'$x$'", "$x$"),
        (r"'\u{41}\u{1F600}'", "A\U0001f600"),
        (r"'\u{D83D}\u{DE00}'", "\U0001f600"),
        (r"'\u{D800}'", "\ufffd"),
        ("'''a\\n${b}'''", "a\\n${b}"),
        ("'''\na\r\n'''", "a\r\n"),
        ("'''\r\n\r\na'''", "\r\na"),
        ("'''x'''''", "x''"),
        ("$'''a$b'''", "a$b"),
        ("$$'''${n} $n'''", "${n} $n"),
    ],
)
def test_values_of_strings(source: str, value: str) -> None:
    assert only_value(source) == value


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        ("'a${b}c'", [("left", "a"), ("identifier", "b"), ("right", "c")]),
        ("'${a}${b}'", [("left", ""), ("identifier", "a"), ("middle", ""), ("identifier", "b"), ("right", "")]),
        ("'${'${a}'}'", [("left", ""), ("left", ""), ("identifier", "a"), ("right", ""), ("right", "")]),
        ("$'''\na$${n}\n'''", [("left", "a$"), ("identifier", "n"), ("right", "\n")]),
        ("$$'''$$${n}'''", [("left", "$"), ("identifier", "n"), ("right", "")]),
    ],
)
def test_strings_with_holes_come_in_pieces(source: str, pieces: list[tuple[str, str]]) -> None:
    found = tokens(source)
    assert list(zip(found.kinds, found.values, strict=True))[:-1] == pieces


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a # b", [("BCP001", 2, 3)]),
        ("a & b", [("BCP001", 2, 3)]),
        ("$$x", [("BCP001", 0, 2)]),
        ('"x"', [("BCP103", 0, 1), ("BCP103", 2, 3)]),
        ("a /* b", [("BCP002", 2, 6)]),
        ("/*/", [("BCP002", 0, 3)]),
        ("'abc", [("BCP003", 0, 4)]),
        ("'abc\n", [("BCP004", 0, 4)]),
        ("'abc\\", [("BCP005", 0, 5)]),
        (r"'a\qb\%'", [("BCP006", 2, 4), ("BCP006", 5, 7)]),
        (r"'\u{41'", [("BCP133", 1, 6)]),
        (r"'\u{110000}\u{}\ux'", [("BCP133", 1, 11), ("BCP133", 11, 14), ("BCP133", 15, 17)]),
        ("'''abc", [("BCP140", 0, 6)]),
        ("'a${\nb}'", [("BCP004", 4, 4), ("BCP003", 7, 8)]),
        ("x" * 256, [("BCP024", 0, 256)]),
        ("x" * 255, []),
        ("#disable-next-line \n", [("BCP226", 19, 19)]),
    ],
)
def test_mistakes(source: str, expected: list[tuple[str, int, int]]) -> None:
    assert codes(source) == expected


def test_a_brace_in_a_hole_never_closes_it() -> None:
    assert [code for code, *_ in codes("'${{a: 1}.a}'\n")] == ["BCP004", "BCP004"]


def test_a_byte_order_mark_is_skipped() -> None:
    assert kinds("\ufeffvar") == ["identifier", "end"]


def test_lone_surrogates_are_replaced() -> None:
    assert only_value("'\ud800'") == "\ufffd"


def test_disable_next_line_reaches_to_the_end_of_the_next_physical_line() -> None:
    text = "#disable-next-line no-unused-params BCP081 // why\nparam a int\nparam b int\n"
    directives = Directives(tokens(text).directives, text)
    assert directives.hides("no-unused-params", "warning", text.index("a int"))
    assert directives.hides("BCP081", "warning", text.index("a int"))
    assert not directives.hides("no-unused-params", "warning", text.index("b int"))
    assert not directives.hides("No-Unused-Params", "warning", text.index("a int"))


def test_disable_and_restore_enclose_a_region() -> None:
    text = "a\n#disable-diagnostics BCP037 x\nb\n  #restore-diagnostics BCP037\nc\n"
    directives = Directives(tokens(text).directives, text)
    assert [directives.hides("BCP037", "warning", text.index(f"\n{name}\n") + 1) for name in "bc"] == [True, False]
    assert directives.hides("x", "warning", text.index("\nc") + 1)


def test_errors_are_never_hidden() -> None:
    text = "#disable-diagnostics BCP033 no-rule\nx\n"
    directives = Directives(tokens(text).directives, text)
    assert not directives.hides("BCP033", "error", text.index("x\n"))
    assert directives.hides("no-rule", "error", text.index("x\n"))


@pytest.mark.parametrize("unit", ["'", "$", "#", "/*", "'\\q", "'${", "\r", "a'", "\U0001f600"])
def test_the_same_character_over_and_over_ends(unit: str) -> None:
    found = tokens(unit * 200_000)
    assert len(found.kinds) >= 1
