from __future__ import annotations

import pytest

from infra_lib.arm.functions.number_text import format_number
from infra_lib.arm.values import float_text, text_of

from .calling import Case, call, check_refusal

COMPOSITE: list[tuple[list[object], str]] = [
    (["{0}-{1}", "a", 1], "a-1"),
    (["plain"], "plain"),
    (["{{0}} {0}", 1], "{0} 1"),
    (["{1}{0}{1}", "a", "b"], "bab"),
    (["[{0}|{0,3}]", None], "[|   ]"),
    (["{0}|{1}", True, False], "True|False"),
    (["{0:X}", False], "False"),
    (["{0:N2}|{0:X}", "1234"], "1234|1234"),
    (["{0:yyyy}", "2020-04-07"], "2020-04-07"),
    (["{0}", {"a": 'it\'s "x"'}], "{'a':'it's \\'x\\''}"),
    (["{0}", {"b": "é", "a": [1, None, {"c": 1.5}]}], "{'b':'é','a':[1,null,{'c':1.5}]}"),
    (["{0}", [1, "a", None, True]], "[1,'a',null,true]"),
    (["{0}|{1}|{2}", 1.0, 0.1, 1e21], "1|0.1|1E+21"),
    (["[{0,4}|{0,-4}]", "😀"], "[  😀|😀  ]"),
    (["{0 , -3}b", "a"], "a  b"),
    (["{0,6}|{1,-6:N1}|", "x", 5], "     x|5.0   |"),
    (["{0:}", 5], "5"),
]

REFUSALS: list[Case] = [
    ("format", ["a {HOST} {0}", 1], "ArgumentValue"),
    ("format", ["{0} {1}", 1], "ArgumentValue"),
    ("format", ["{"], "ArgumentValue"),
    ("format", ["}"], "ArgumentValue"),
    ("format", ["{0", 1], "ArgumentValue"),
    ("format", ["{ 0}", 1], "ArgumentValue"),
    ("format", ["{0:{}}", 1], "ArgumentValue"),
    ("format", ["{0,1000000}", 1], "ArgumentValue"),
    ("format", ["{0:Z}", 1], "ArgumentValue"),
    ("format", ["{0:D}", 1.5], "ArgumentValue"),
    ("format", ["{0:R}", 1], "ArgumentValue"),
    ("format", ["{0:N999999999}", 1], "ArgumentValue"),
    ("format", [1, 2], "ArgumentType"),
    ("format", [], "ArgumentCount"),
]

NUMBERS: list[tuple[int | float, str, str]] = [
    (1234, "C", "¤1,234.00"),
    (-5, "C", "(¤5.00)"),
    (12, "P", "1,200.00 %"),
    (-12, "P0", "-1,200 %"),
    (1234, "N2", "1,234.00"),
    (-1234567, "N0", "-1,234,567"),
    (1234, "N", "1,234.00"),
    (-1, "X", "FFFFFFFFFFFFFFFF"),
    (255, "x", "ff"),
    (255, "X4", "00FF"),
    (5, "B", "101"),
    (5, "b8", "00000101"),
    (1234, "E", "1.234000E+003"),
    (12345, "e2", "1.23e+004"),
    (12350, "E2", "1.24E+004"),
    (0, "E1", "0.0E+000"),
    (-42, "D5", "-00042"),
    (1234, "F1", "1234.0"),
    (1234, "G2", "1.2E+03"),
    (1234, "G10", "1234"),
    (7, "G", "7"),
    (1234.565, "N2", "1,234.57"),
    (1234.565, "E2", "1.23E+003"),
    (0.125, "F2", "0.12"),
    (-0.001, "F2", "-0.00"),
    (1e-7, "R", "1E-07"),
    (1234.5, "G3", "1.23E+03"),
    (0.00001234, "G", "1.234E-05"),
    (1e20, "g", "1e+20"),
    (0.256, "P1", "25.6 %"),
    (float("inf"), "N2", "Infinity"),
    (1234, "0.00", "1234.00"),
    (1234, "0.##", "1234"),
    (1234, "#.00", "1234.00"),
    (1234, "00000000", "00001234"),
    (1234567, "#,##0", "1,234,567"),
    (1234567, "0,0", "1,234,567"),
    (0, "#", ""),
    (0, "#.##", ""),
    (0, "0.0", "0.0"),
    (5, "+#;-#;zero", "+5"),
    (-5, "+#;-#;zero", "-5"),
    (0, "+#;-#;zero", "zero"),
    (-5, "0;(0)", "(5)"),
    (-5, "0;;", "-5"),
    (123456, "##-##-##", "12-34-56"),
    (123456, "(000) 000", "(123) 456"),
    (123456789, "0,,", "123"),
    (123456789, "0.0,", "123456789.0"),
    (5, "0%", "500%"),
    (5, "0.0‰", "5000.0‰"),
    (5, "'no.' 0", "no. 5"),
    (5, "\\#0", "#5"),
    (5, '"q"0', "q5"),
    (123456, "0.###E+0", "1.235E+5"),
    (123456, "0.0e-00", "1.2e05"),
    (-42, "000", "-042"),
    (98765, "vm-000", "vm-98765"),
    (0.5, "0", "1"),
    (1.5, "0", "2"),
    (2.25, "0.0", "2.3"),
    (-0.4, "0;(0)", "-0"),
    (1234.5, "#,##0.00;(#,##0.00)", "1,234.50"),
]


@pytest.mark.parametrize(("arguments", "expected"), COMPOSITE)
def test_composite(arguments: list[object], expected: str) -> None:
    assert call("format", *arguments) == expected


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)


@pytest.mark.parametrize(("number", "specifier", "expected"), NUMBERS)
def test_number(number: int | float, specifier: str, expected: str) -> None:
    assert format_number(number, specifier) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1.0, "1"), (0.0, "0"), (-0.0, "-0"), (1.5, "1.5"), (0.0001, "0.0001"), (0.00001, "1E-05"), (1e-7, "1E-07"),
        (1e15, "1000000000000000"), (1e16, "10000000000000000"), (1e17, "1E+17"), (1e21, "1E+21"), (1.5e300, "1.5E+300"),
        (123456789012345.678, "123456789012345.67"), (5e-324, "5E-324"), (float("nan"), "NaN"), (float("-inf"), "-Infinity"),
    ],
)  # fmt: skip
def test_float_text_is_the_shortest_that_reads_back(number: float, expected: str) -> None:
    assert float_text(number) == expected
    assert text_of(number) == expected
