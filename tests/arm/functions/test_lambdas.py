from __future__ import annotations

import pytest

from infra_lib.arm.values import LambdaValue

from .calling import Case, call, check, check_refusal

_DOUBLE = LambdaValue(1, lambda item: item * 2)
_WITH_INDEX = LambdaValue(2, lambda item, index: f"{item}{index}")
_EVEN = LambdaValue(1, lambda item: item % 2 == 0)
_TEXT = LambdaValue(1, str)
_SELF = LambdaValue(1, lambda item: item)
_LESS = LambdaValue(2, lambda left, right: left < right)
_LESS_OR_EQUAL = LambdaValue(2, lambda left, right: left <= right)

CASES: list[Case] = [
    ("map", [[1, 2], _DOUBLE], [2, 4]),
    ("map", [["a", "b"], _WITH_INDEX], ["a0", "b1"]),
    ("map", [[], LambdaValue(1, lambda item: 1 // 0)], []),
    ("filter", [[1, 2, 3, 4], _EVEN], [2, 4]),
    ("filter", [["a", "b"], LambdaValue(2, lambda item, index: index > 0)], ["b"]),
    ("filter", [[], _EVEN], []),
    ("mapValues", [{"b": 1, "a": 2}, _DOUBLE], {"b": 2, "a": 4}),
    ("mapValues", [{}, _DOUBLE], {}),
    ("mapValues", [{"x": None}, LambdaValue(1, lambda item: [item])], {"x": [None]}),
    ("reduce", [[1, 2, 3], 10, LambdaValue(2, lambda total, item: total + item)], 16),
    ("reduce", [[], None, LambdaValue(2, lambda total, item: item)], None),
    ("reduce", [["a", "b"], "", LambdaValue(3, lambda total, item, index: f"{total}{item}{index}")], "a0b1"),
    ("sort", [[3, 1, 2, -10], _LESS], [-10, 1, 2, 3]),
    ("sort", [[3, 1, 2], LambdaValue(2, lambda left, right: True)], [3, 1, 2]),
    ("sort", [[3, 1, 2], LambdaValue(2, lambda left, right: False)], [3, 1, 2]),
    ("sort", [[3, 1, 2, 1], _LESS_OR_EQUAL], [1, 1, 2, 3]),
    (
        "sort",
        [
            [{"k": 1, "v": "a"}, {"k": 0, "v": "b"}, {"k": 1, "v": "c"}],
            LambdaValue(2, lambda left, right: left["k"] <= right["k"]),
        ],
        [{"k": 0, "v": "b"}, {"k": 1, "v": "a"}, {"k": 1, "v": "c"}],
    ),
    ("sort", [[], _LESS], []),
    ("toObject", [["b", "a"], _SELF], {"b": "b", "a": "a"}),
    ("toObject", [[8, 9], _TEXT, _DOUBLE], {"8": 16, "9": 18}),
    ("toObject", [[], _TEXT], {}),
    (
        "groupBy",
        [["apple", "Banana", "Apricot", "blueberry"], LambdaValue(1, lambda item: item[0])],
        {"a": ["apple", "Apricot"], "B": ["Banana", "blueberry"]},
    ),
    ("groupBy", [[1, 2, 3], LambdaValue(1, lambda item: str(item % 2)), _DOUBLE], {"1": [2, 6], "0": [4]}),
    ("groupBy", [[], _TEXT], {}),
]

REFUSALS: list[Case] = [
    ("map", ["ab", _TEXT], "ArgumentType"),
    ("map", [[1], "x"], "ArgumentType"),
    ("map", [[1], LambdaValue(3, lambda *_: None)], "ArgumentType"),
    ("filter", [[1], _TEXT], "ArgumentType"),
    ("filter", [None, _EVEN], "ArgumentType"),
    ("mapValues", [[1], _DOUBLE], "ArgumentType"),
    ("reduce", [[1], 0, _TEXT], "ArgumentType"),
    ("reduce", [[1], 0], "ArgumentCount"),
    ("sort", [[1, 2], LambdaValue(2, lambda left, right: 1)], "ArgumentType"),
    ("sort", [[1, 2], _TEXT], "ArgumentType"),
    ("toObject", [["a", "A"], _SELF], "ArgumentValue"),
    ("toObject", [[1], _SELF], "ArgumentType"),
    ("groupBy", [[None], _SELF], "ArgumentType"),
    ("groupBy", [{"a": 1}, _TEXT], "ArgumentType"),
]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)


@pytest.mark.parametrize("name", ["map", "filter", "sort", "toObject", "groupBy"])
def test_what_a_lambda_raises_passes_through(name: str) -> None:
    def body(*_: object) -> object:
        raise KeyError("of the body")

    with pytest.raises(KeyError, match="of the body"):
        call(name, [1, 2], LambdaValue(2 if name == "sort" else 1, body))
