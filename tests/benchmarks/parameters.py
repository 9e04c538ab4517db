"""Parameter files: loading and checking one with 500 parameters."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import Row, pair

_KINDS: tuple[tuple[dict[str, Any], Any], ...] = (
    ({"type": "string", "minLength": 1, "maxLength": 50}, "some text"),
    ({"type": "int", "minValue": 0, "maxValue": 1000}, 7),
    ({"type": "bool"}, True),
    ({"type": "array", "items": {"type": "string"}}, ["a", "b", "c"]),
    ({"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "int"}}}, {"name": "x", "size": 3}),
)


def rows() -> Iterator[Row]:
    """The rows of this group."""
    yield load_and_validate()


def many_parameters(count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A template with ``count`` parameters of five kinds in turn, and a parameters document with a value for each."""
    kinds = [_KINDS[number % len(_KINDS)] for number in range(count)]
    template = {"parameters": {f"parameter{number}": kind for number, (kind, _) in enumerate(kinds)}, "resources": []}
    document = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {f"parameter{number}": {"value": value} for number, (_, value) in enumerate(kinds)},
    }
    return template, document


def load_and_validate(count: int = 500) -> Row:
    """From the file to the list of its problems, against jsonschema's own validation of the parsed document."""
    from jsonschema import Draft202012Validator

    from infra_lib.parameters import ParameterFile, file_schema, validate_parameters

    template, document = many_parameters(count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "main.parameters.json"
        path.write_text(json.dumps(document, indent=2), encoding="utf-8")
        validator = Draft202012Validator(file_schema(template))
        assert validate_parameters(ParameterFile.load(path), template) == []
        return pair(
            f"load and validate {count} parameters", lambda: validate_parameters(ParameterFile.load(path), template),
            "jsonschema validating the parsed document", lambda: list(validator.iter_errors(document)), bound=3.0,
        )  # fmt: skip
