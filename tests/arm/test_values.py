from __future__ import annotations

import pytest

from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.values import (
    MISSING,
    LambdaValue,
    checked_integer,
    compare_text,
    equal,
    find_key,
    fold,
    get_member,
    text_length,
    text_slice,
    type_name,
)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("", "String"), (1, "Integer"), (True, "Boolean"), (1.0, "Float"), (None, "Null"), ([], "Array"), ({}, "Object"),
        (LambdaValue(1, str), "Lambda"),
    ],
)  # fmt: skip
def test_type_name(value: object, name: str) -> None:
    assert type_name(value) == name


def test_members_are_found_ignoring_letter_case_and_exactly_first() -> None:
    members = {"plain": 1, "Plain": 2, "ключ": 3, "nothing": None}
    assert get_member(members, "Plain") == 2
    assert get_member(members, "PLAIN") == 1
    assert get_member(members, "КЛЮЧ") == 3
    assert get_member(members, "Nothing") is None
    assert get_member(members, "none") is MISSING
    assert get_member({}, "") is MISSING
    assert find_key(members, "NOTHING") == "nothing"
    assert find_key(members, "straße") is None


@pytest.mark.parametrize(
    ("text", "folded"),
    [("aZ", "AZ"), ("ß", "ß"), ("ı", "ı"), ("ſ", "ſ"), ("ƛ", "\ua7dc"), ("𐑀", "𐐘"), ("\U00010d70", "\U00010d50")],
)
def test_case_folding_maps_one_character_to_one(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_lengths_and_slices_are_in_utf16_units() -> None:
    assert text_length("a😀b") == 4
    assert text_slice("a😀b", 1, 3) == "😀"
    assert text_slice("aéb", 1, 2) == "é"
    for start, end in ((0, 2), (2, 4)):
        with pytest.raises(FunctionError):
            text_slice("a😀b", start, end)


@pytest.mark.parametrize(
    ("left", "right", "order"), [("a", "a", 0), ("Z", "a", -1), ("b", "B", 1), ("😀", "\uffff", -1), ("", "x", -1)]
)
def test_text_is_ordered_by_utf16_units(left: str, right: str, order: int) -> None:
    assert compare_text(left, right) == order
    assert compare_text(right, left) == -order


def test_equality_tells_kinds_apart_all_the_way_down() -> None:
    assert equal({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]})
    assert not equal([1], [1.0])
    assert not equal([True], [1])
    assert not equal({"a": 1}, {"A": 1})
    assert equal(float("nan"), float("nan"))


def test_integers_have_64_bits() -> None:
    assert checked_integer(2**63 - 1) == 2**63 - 1
    for value in (2**63, -(2**63) - 1):
        with pytest.raises(FunctionError):
            checked_integer(value)
