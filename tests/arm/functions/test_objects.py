from __future__ import annotations

import pytest

from .calling import Case, check, check_refusal

_FROM_END = {"value": 1, "fromEnd": True}

CASES: list[Case] = [
    ("createObject", [], {}),
    ("createObject", ["b", 1, "a", None], {"b": 1, "a": None}),
    ("createObject", ["ab", 1, "aB", 2], {"ab": 1, "aB": 2}),
    ("items", [{"b": 1, "a": 2, "C": 3}], [{"key": "a", "value": 2}, {"key": "b", "value": 1}, {"key": "C", "value": 3}]),
    ("items", [{"10": 1, "9": 2}], [{"key": "10", "value": 1}, {"key": "9", "value": 2}]),
    ("items", [{}], []),
    ("null", [], None),
    ("objectKeys", [{"_x": 1, "-y": 2, "z": 3, "~": 4, "": 5, " ": 6}], ["", " ", "-y", "z", "_x", "~"]),
    ("objectKeys", [{"a-b": 1, "ab": 2, "a_b": 3, "aB": 4, "a": 5}], ["a", "a-b", "ab", "aB", "a_b"]),
    ("objectKeys", [{"é": 1, "e": 2, "É2": 3, "f": 4, "ß": 5}], ["e", "f", "é", "É2", "ß"]),
    ("shallowMerge", [[{"a": {"x": 1}, "b": 1}, {"a": {"y": 2}}]], {"a": {"y": 2}, "b": 1}),
    ("shallowMerge", [[{"Name": 1, "other": 2}, {"name": None}]], {"Name": None, "other": 2}),
    ("shallowMerge", [[]], {}),
    ("shallowMerge", [[{"z": 1}, {"a": 2}, {"z": 3, "m": 4}]], {"z": 3, "a": 2, "m": 4}),
    ("tryGet", [{"a": 1}, "A"], 1),
    ("tryGet", [{"plain": 1, "Plain": 2}, "Plain"], 2),
    ("tryGet", [{"a": 1}, "b"], None),
    ("tryGet", [None, "a", "b"], None),
    ("tryGet", [1, "x"], None),
    ("tryGet", ["text", "length"], None),
    ("tryGet", [{"a": 1}, "x", "y", 0], None),
    ("tryGet", [{"a": {"b": [5]}}, "a", "B", 0], 5),
    ("tryGet", [[1, 2], 2], None),
    ("tryGet", [[1, 2], -1], None),
    ("tryGet", [[1, 2], 1], 2),
    ("tryGet", [[1, 2], _FROM_END], 2),
    ("tryGet", [{"p": [1, 2]}, "p", _FROM_END], 2),
]

REFUSALS: list[Case] = [
    ("createObject", ["a"], "ArgumentCount"),
    ("createObject", [1, 2], "ArgumentType"),
    ("createObject", ["a", 1, "a", 2], "ArgumentValue"),
    ("items", [[1]], "ArgumentType"),
    ("items", [None], "ArgumentType"),
    ("null", [1], "ArgumentCount"),
    ("objectKeys", ["a"], "ArgumentType"),
    ("shallowMerge", [{"a": 1}], "ArgumentType"),
    ("shallowMerge", [[{"a": 1}, None]], "ArgumentType"),
    ("tryGet", [{"a": {}}, "a", "b"], "ArgumentValue"),
    ("tryGet", [{"a": [1]}, "a", 1], "ArgumentValue"),
    ("tryGet", [[1], "a"], "ArgumentType"),
    ("tryGet", [{"a": 1}], "ArgumentCount"),
]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)
