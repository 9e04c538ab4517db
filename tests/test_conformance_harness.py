"""The measuring commands on two recorded cases, and their comparisons on small values."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import compare, orders

ROOT = Path(__file__).resolve().parent.parent
CASE = ROOT / "tests" / "goldens" / "cases" / "expressions" / "array-literal-layouts"


def measure(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.conformance", *arguments, "--no-resource-types", "-j", "1"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["templates", "params", "snapshots", "engine", "diagnostics"])
def test_a_recorded_case_is_equal(command: str) -> None:
    result = measure(command, "--filter", "expressions/array-literal-layouts")
    assert "1 measured, 1 equal" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0


def test_a_recorded_mistake_is_equal() -> None:
    result = measure("diagnostics", "--filter", "expressions/bad-unterminated-strings")
    assert "1 measured, 1 equal" in result.stdout, result.stdout + result.stderr


def test_a_name_that_no_case_has_is_bad_usage() -> None:
    assert measure("templates", "--filter", "no such case").returncode == 2


def write_hashes(path: Path, template: dict[str, Any]) -> None:
    plain = compare.without_generator(template)
    recorded = {
        "status": "ok",
        "hash": compare.digest(plain, 12),
        "sections": compare.sections(plain),
        "templateHash": template["metadata"]["_generator"]["templateHash"],
    }
    path.write_text(json.dumps({"files": {"main.bicep": recorded, "absent.bicep": recorded}}), encoding="utf-8")


def test_hashes_of_a_repository(tmp_path: Path) -> None:
    template = json.loads((CASE / "main.json").read_text(encoding="utf-8"))
    write_hashes(tmp_path / "hashes.json", template)
    result = measure("avm", "--hashes", str(tmp_path / "hashes.json"), "--checkout", str(CASE))
    assert "1 measured, 1 equal" in result.stdout, result.stdout + result.stderr
    name = next(iter(template["outputs"]))
    template["outputs"][name]["value"] = "another"
    write_hashes(tmp_path / "hashes.json", template)
    outcomes = tmp_path / "outcomes.json"
    result = measure("avm", "--hashes", str(tmp_path / "hashes.json"), "--checkout", str(CASE), "--json", str(outcomes))
    assert result.returncode == 1
    (outcome,) = json.loads(outcomes.read_text(encoding="utf-8"))
    assert outcome["status"] == "different"
    assert f"outputs/{name}" in outcome["detail"]


@pytest.mark.parametrize(
    ("expected", "got", "difference"),
    [
        ({"a": [1, 2]}, {"a": [1, 2]}, None),
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "y"}]}, '$.a[1].b: expected "x", got "y"'),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "$: order of keys: expected ['a', 'b'], got ['b', 'a']"),
        ({"a": 1}, {"a": True}, "$.a: expected 1, got true"),
        ({"a": 1}, {"a": 1.0}, "$.a: expected 1, got 1.0"),
        ({"a": 1}, {}, "$.a: missing, expected 1"),
        ([], [1], "$: 0 items expected, got 1; extra: 1"),
    ],
)
def test_first_difference(expected: Any, got: Any, difference: str | None) -> None:
    assert compare.first_difference(expected, got) == difference


def test_order_of_keys_may_be_left_out() -> None:
    assert compare.first_difference({"a": 1, "b": 2}, {"b": 2, "a": 1}, ordered=False) is None


def test_indexed_dependencies_may_have_any_order() -> None:
    def template(*dependencies: str) -> dict[str, Any]:
        entries = [f"[format('b[{{0}}]', {index})]" for index in dependencies]
        return {"resources": {"é": {"dependsOn": ["a", *entries, "c"], "x": "\\u0000"}}}

    recorded = compare.digest(template("3", "1", "2"), 12)
    assert orders.has_hash_in_some_order(template("1", "2", "3"), recorded)
    assert not orders.has_hash_in_some_order(template("1", "2", "4"), recorded)
    assert not orders.has_hash_in_some_order({"resources": {}}, recorded)
