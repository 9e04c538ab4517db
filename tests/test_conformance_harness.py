"""The measuring commands on two recorded cases, and their comparisons on small values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def measure(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.conformance", *arguments, "--no-resource-types", "-j", "1"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_templates_of_two_cases_are_equal() -> None:
    result = measure("templates", "--filter", "expressions/array-l")
    assert "1 measured, 1 equal" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0


def test_a_name_that_no_case_has_is_bad_usage() -> None:
    assert measure("templates", "--filter", "no such case").returncode == 2


def compare_in_process(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return result.stdout.strip()
