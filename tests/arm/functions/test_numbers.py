from __future__ import annotations

import pytest

from .calling import Case, check, check_refusal

_MAX, _MIN = 2**63 - 1, -(2**63)

CASES: list[Case] = [
    ("add", [1, 2], 3),
    ("add", [_MAX, 0], _MAX),
    ("add", [_MIN, _MAX], -1),
    ("div", [-7, 2], -3),
    ("div", [7, -2], -3),
    ("div", [_MIN, 1], _MIN),
    ("float", ["1.5"], 1.5),
    ("float", [3], 3.0),
    ("float", [" -1E-7 "], -1e-7),
    ("int", [" +0042\t"], 42),
    ("int", ["-9223372036854775808"], _MIN),
    ("int", [7], 7),
    ("int", ["-0"], 0),
    ("max", [1, 3, 2], 3),
    ("max", [[1, 5, 3]], 5),
    ("max", [2.0, 2], 2.0),
    ("max", [1.5, 1], 1.5),
    ("min", [1, 0.5], 0.5),
    ("min", [[-1]], -1),
    ("min", [_MAX, _MIN], _MIN),
    ("mod", [-7, 3], -1),
    ("mod", [7, -3], 1),
    ("mod", [6, 3], 0),
    ("mul", [3, -4], -12),
    ("mul", [0, _MAX], 0),
    ("mul", [3037000499, 3037000499], 9223372030926249001),
    ("sub", [0, _MAX], -_MAX),
    ("sub", [3, 5], -2),
    ("sub", [_MIN, 0], _MIN),
]

REFUSALS: list[Case] = [
    ("add", [_MAX, 1], "ArgumentValue"),
    ("add", [1.5, 1], "ArgumentType"),
    ("add", ["1", 1], "ArgumentType"),
    ("add", [True, 1], "ArgumentType"),
    ("add", [1], "ArgumentCount"),
    ("div", [1, 0], "ArgumentValue"),
    ("div", [_MIN, -1], "ArgumentValue"),
    ("float", ["1,5"], "ArgumentValue"),
    ("float", [True], "ArgumentType"),
    ("int", ["1.5"], "ArgumentValue"),
    ("int", ["1e3"], "ArgumentValue"),
    ("int", ["0x10"], "ArgumentValue"),
    ("int", ["1,000"], "ArgumentValue"),
    ("int", [""], "ArgumentValue"),
    ("int", ["１２"], "ArgumentValue"),
    ("int", ["\u00a01"], "ArgumentValue"),
    ("int", ["1_0"], "ArgumentValue"),
    ("int", ["9223372036854775808"], "ArgumentValue"),
    ("int", ["9" * 100_000], "ArgumentValue"),
    ("int", [1.0], "ArgumentType"),
    ("int", [True], "ArgumentType"),
    ("int", [None], "ArgumentType"),
    ("max", [[]], "ArgumentValue"),
    ("max", ["a", "b"], "ArgumentType"),
    ("min", [[1, "2"]], "ArgumentType"),
    ("mod", [1, 0], "ArgumentValue"),
    ("mul", [_MAX, 2], "ArgumentValue"),
    ("mul", [1.0, 2], "ArgumentType"),
    ("sub", [_MIN, 1], "ArgumentValue"),
]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)
