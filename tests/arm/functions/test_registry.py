from __future__ import annotations

import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from infra_lib.arm.functions.registry import FUNCTIONS, FunctionError, lookup
from infra_lib.arm.functions.table import functions_page

COMPUTED = [function for function in FUNCTIONS.values() if function.status in ("pure", "lambda")]


def test_every_function_that_is_computed_has_an_implementation() -> None:
    for function in COMPUTED:
        assert callable(function.call), function.name


def test_every_implementation_is_in_the_table() -> None:
    for family in {function.family for function in COMPUTED}:
        names = {function.name for function in COMPUTED if function.family == family}
        assert set(import_module(f"infra_lib.arm.functions.{family}").CALLS) == names


def test_every_function_that_is_computed_is_tested_with_three_cases() -> None:
    counts: Counter[str] = Counter()
    for path in Path(__file__).parent.glob("test_*.py"):
        module = import_module(f"{__package__}.{path.stem}")
        for table in ("CASES", "REFUSALS"):
            counts.update(name for name, *_ in getattr(module, table, ()))
    short = {function.name for function in COMPUTED if counts[function.name] < 3}
    assert short <= {"fail", "false", "null", "true"}


@pytest.mark.parametrize("name", ["TOLOWER", "toLower", "tolower"])
def test_names_are_found_in_any_letter_case(name: str) -> None:
    function = lookup(name)
    assert function is not None
    assert function.name == "toLower"


@pytest.mark.parametrize("name", ["list", "listServiceSas", "LISTSyncFunctionTriggerStatus"])
def test_any_list_function_is_known(name: str) -> None:
    function = lookup(name)
    assert function is not None
    assert (function.name, function.status, function.minimum, function.maximum) == (name, "runtime", 2, 3)


def test_other_names_are_not_known() -> None:
    assert lookup("nosuch") is None


def test_what_the_evaluator_answers_has_no_implementation_here() -> None:
    with pytest.raises(AttributeError):
        _ = FUNCTIONS["reference"].call


@pytest.mark.parametrize(
    ("name", "count", "message"),
    [
        ("toLower", 0, "toLower() takes 1 argument, but 0 are given."),
        ("null", 1, "null() takes no arguments, but 1 is given."),
        ("substring", 4, "substring() takes 1 to 3 arguments, but 4 are given."),
        ("coalesce", 0, "coalesce() takes 1 or more arguments, but 0 are given."),
        ("if", 2, "if() takes 3 arguments, but 2 are given."),
    ],
)
def test_wrong_count_is_said(name: str, count: int, message: str) -> None:
    with pytest.raises(FunctionError) as raised:
        FUNCTIONS[name.lower()].check_count(count)
    assert raised.value.code == "ArgumentCount"
    assert raised.value.message == message


def test_the_table_loads_no_family() -> None:
    code = (
        "import sys, infra_lib.arm.functions.registry, infra_lib.arm.values\n"
        "print(sorted(name for name in sys.modules if name.startswith('infra_lib.arm.functions.')))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "['infra_lib.arm.functions.registry']"


def test_the_page_of_functions_is_that_of_the_table() -> None:
    page = Path(__file__).parents[3] / "docs" / "functions.md"
    assert page.read_text(encoding="utf-8") == functions_page(), "python -m infra_lib.arm.functions.table > docs/functions.md"


def test_the_page_has_every_function_once() -> None:
    lines = functions_page().splitlines()
    for function in FUNCTIONS.values():
        assert sum(line.startswith(f"`{function.name}` |") for line in lines) == 1
