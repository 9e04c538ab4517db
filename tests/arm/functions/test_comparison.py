from __future__ import annotations

import pytest

from .calling import Case, check, check_refusal

CASES: list[Case] = [
    ("bool", [" TRUE\n"], True),
    ("bool", ["false"], False),
    ("bool", [0], False),
    ("bool", [-7], True),
    ("bool", [True], True),
    ("equals", [1, 1.0], False),
    ("equals", ["1", 1], False),
    ("equals", [True, 1], False),
    ("equals", [None, None], True),
    ("equals", [None, ""], False),
    ("equals", ["Prod", "prod"], False),
    ("equals", [[], {}], False),
    ("equals", [[1, 2], [2, 1]], False),
    ("equals", [{"a": 1, "b": [True]}, {"b": [True], "a": 1}], True),
    ("equals", [{"a": 1}, {"A": 1}], False),
    ("equals", [{"a": None}, {}], False),
    ("equals", [{"a": 1.0}, {"a": 1}], False),
    ("equals", [0.1 + 0.2, 0.3], True),
    ("equals", [1.5, 1.25], False),
    ("false", [], False),
    ("greater", ["a", "B"], True),
    ("greater", [2, 1.5], True),
    ("greater", [1, 1], False),
    ("greaterOrEquals", [2.5, 2.5], True),
    ("greaterOrEquals", ["abc", "abc"], True),
    ("greaterOrEquals", [-1, 0], False),
    ("less", ["10", "9"], True),
    ("less", ["", "a"], True),
    ("less", ["Z", "a"], True),
    ("less", ["\U0001f600", "\uffff"], True),
    ("less", [1, 1.5], True),
    ("lessOrEquals", ["app", "apple"], True),
    ("lessOrEquals", [2, 1], False),
    ("lessOrEquals", [1, 1.0], True),
    ("not", [True], False),
    ("not", [False], True),
    ("true", [], True),
]

REFUSALS: list[Case] = [
    ("bool", ["1"], "ArgumentValue"),
    ("bool", ["yes"], "ArgumentValue"),
    ("bool", [""], "ArgumentValue"),
    ("bool", [None], "ArgumentType"),
    ("equals", [1], "ArgumentCount"),
    ("false", [1], "ArgumentCount"),
    ("greater", [1, "1"], "ArgumentType"),
    ("greaterOrEquals", [None, 1], "ArgumentType"),
    ("less", [True, False], "ArgumentType"),
    ("less", [[1], [2]], "ArgumentType"),
    ("lessOrEquals", ["a", 1], "ArgumentType"),
    ("not", [1], "ArgumentType"),
    ("not", ["true"], "ArgumentType"),
    ("not", [None], "ArgumentType"),
    ("true", [1], "ArgumentCount"),
    ("true", [None, None], "ArgumentCount"),
]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)
