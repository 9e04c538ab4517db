from __future__ import annotations

import pytest

from infra_lib.arm.expressions import (
    MAX_DEPTH,
    Access,
    Call,
    ExpressionSyntaxError,
    Literal,
    is_expression,
    parse_expression,
    print_node,
    unescape,
    value_node,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[a()]", True), ("[[a()]", False), ("[a()] ", False), (" [a()]", False), ("[", False), ("", False), ("[]", True)],
)
def test_is_expression(text: str, expected: bool) -> None:
    assert is_expression(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[[x]", "[x]"), ("[[[x]", "[[x]"), ("[[x", "[[x"), ("[half", "[half"), ("plain", "plain"), ("[[]", "[]")],
)
def test_unescape(text: str, expected: str) -> None:
    assert unescape(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a()",
        "a(1, -2, 'x''y')",
        "ns.member('x').b[0].c",
        "if(equals(a(), 'b'), c()['d-e'], f()[g(1)])",
        "o().ключ",
        "a('it''s [x]')",
    ],
)
def test_prints_what_it_parsed(text: str) -> None:
    assert print_node(parse_expression(f"[{text}]")) == text


def test_blanks_and_quoted_names_are_normalised() -> None:
    assert print_node(parse_expression("[ a ( 1 ,2 ) [ 'b' ] . c ]")) == "a(1, 2).b.c"


def test_the_tree_has_places() -> None:
    node = parse_expression("[concat('a', b().c)]")
    assert isinstance(node, Call)
    first, second = node.arguments
    assert isinstance(first, Literal)
    assert (first.start, first.end) == (8, 11)
    assert isinstance(second, Access)
    assert (second.start, second.end) == (13, 18)


@pytest.mark.parametrize(
    ("text", "offset", "said"),
    [
        ("[]", 1, "ends where a value is expected"),
        ("[True]", 1, "neither a text in quotes nor a call"),
        ("[a(]", 3, "ends where a value"),
        ("[a(1 2)]", 5, "',' or ')' is expected"),
        ("[a())]", 4, "complete before ')'"),
        ("[a('x)]", 3, "no closing quote"),
        ("[a().]", 5, "a property's name is expected"),
        ("[a()[]]", 5, "a value is expected before ']'"),
        ("['a'.b]", 1, "a literal has no properties"),
        ("[a(9223372036854775808)]", 3, "64 bits"),
        ("[a() b()]", 5, "complete before 'b'"),
        ("[a(#)]", 3, "no place here"),
        ("[n.1()]", 3, "a function's name"),
    ],
)
def test_syntax_errors_have_a_place(text: str, offset: int, said: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_expression(text)
    assert caught.value.offset == offset
    assert said in caught.value.message


def test_depth_length_and_accessors_are_limited() -> None:
    def calls(count: int) -> str:
        return "[" + "f(" * count + "'x'" + ")" * count + "]"

    assert print_node(parse_expression(calls(300))).startswith("f(f(")
    for text in (calls(MAX_DEPTH + 1), "[a()" + ".b" * 1000 + "]", "['" + "x" * 24_600 + "']"):
        with pytest.raises(ExpressionSyntaxError):
            parse_expression(text)


def test_values_are_written_as_the_service_writes_them() -> None:
    value = {"a": [None, True, -1, "it's"], "b c": {"d": 1.5}}
    assert print_node(value_node(value)) == (
        "createObject('a', createArray(null(), true(), -1, 'it''s'), 'b c', createObject('d', json('1.5')))"
    )
