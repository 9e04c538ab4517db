"""JSON templates whose parts have not the right shape are refused with a diagnostic, with parameters given, too."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import infra_lib as infra

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def _file(folder: Path, **sections: Any) -> Path:
    file = folder / "main.json"
    content = {"$schema": SCHEMA, "languageVersion": "2.0", "contentVersion": "1.0.0.0", "resources": [], **sections}
    file.write_text(json.dumps(content))
    return file


@pytest.mark.parametrize("parameters", [1, [], {"p": 1}, {"p": {"type": "strng"}}, {"p": {"$ref": "#/definitions/none"}}])
def test_declarations_that_are_none(tmp_path: Path, parameters: Any) -> None:
    file = _file(tmp_path, parameters=parameters)
    with pytest.raises(infra.TemplateError, match="InvalidTemplate"):
        infra.snapshot(file, parameters={"p": 1})


@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        ({"type": "array", "items": 5}, [1]),
        ({"type": "array", "prefixItems": [5]}, [1]),
        ({"type": "object", "properties": {"a": 5}}, {"a": 1}),
        ({"type": "object", "discriminator": {"propertyName": "k", "mapping": {"a": 5}}}, {"k": "a"}),
        ({"type": "string", "allowedValues": "a", "minLength": "a"}, "a"),
    ],
)
def test_types_that_are_none_end_in_no_other_exception(tmp_path: Path, declaration: Any, value: Any) -> None:
    file = _file(tmp_path, parameters={"p": declaration})
    with suppress(infra.InfraError):
        infra.snapshot(file, parameters={"p": value})
    infra.parameters_for(file)
