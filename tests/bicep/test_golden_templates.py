"""Every golden case that compiles gives exactly the recorded template: every byte, key order and templateHash included."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from infra_lib.bicep.compiler import compile_file
from infra_lib.bicep.emission.json_writer import write_document
from tests.bicep.small_catalog import SmallCatalog
from tests.conftest import CASES

NAMES = sorted(f"{path.parent.parent.name}/{path.parent.name}" for path in CASES.glob("*/*/main.json"))


@cache
def catalog() -> SmallCatalog:
    return SmallCatalog()


@pytest.mark.parametrize("name", NAMES)
def test_template_is_the_official_one(name: str) -> None:
    folder: Path = CASES / name
    compiled = compile_file(folder / "main.bicep", catalog=catalog())
    assert [diagnostic for diagnostic in compiled.diagnostics if diagnostic.is_error] == []
    expected = (folder / "main.json").read_text(encoding="utf-8")
    got = write_document(compiled.template)
    assert got.split("\n") == expected.rstrip("\n").split("\n")
