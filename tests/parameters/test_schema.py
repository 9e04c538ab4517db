"""The schemas are plain JSON Schema: any validator reads them, and takes and refuses what Resource Manager does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from infra_lib.errors import InputError
from infra_lib.parameters import ParameterFile, file_schema, resolve, validate_parameters, values_schema
from infra_lib.parameters.schema import FILE_SCHEMA, validator
from tests.conftest import CASES
from tests.parameters.test_validate import TEMPLATE

TEMPLATES = sorted(CASES.glob("*/*/main.json"))


def test_the_schemas_of_all_compiled_templates_are_valid():
    for path in TEMPLATES:
        template = json.loads(path.read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(file_schema(template))
        Draft202012Validator.check_schema(values_schema(template))
    Draft202012Validator.check_schema(FILE_SCHEMA)


def test_the_parameters_that_the_compiler_makes_are_valid():
    checked = 0
    for path in sorted(CASES.glob("*/*/params.json")):
        template = path.parent / "main.json"
        snapshot = path.parent / "snapshot.json"
        if not template.exists() or not snapshot.exists() or '"error"' in snapshot.read_text(encoding="utf-8")[:20]:
            continue
        file = ParameterFile.load(path)
        found = validate_parameters(file, json.loads(template.read_text(encoding="utf-8")), named={})
        assert [item for item in found if item.is_error] == [], path
        checked += 1
    assert checked > 100


@pytest.mark.parametrize(
    ("values", "valid"),
    [
        ({"name": "abc"}, True),
        ({"name": "abc", "count": None}, True),
        ({}, False),
        ({"name": None}, False),
        ({"name": "abc", "other": 1}, False),
        ({"name": "abc", "count": "1"}, False),
        ({"name": "abc", "tree": {"size": 1, "left": {"size": 1, "left": {"size": "x"}}}}, False),
        ({"name": "abc", "tree": {"size": 1, "left": None}}, True),
        ({"name": "abc", "pet": {"kind": "dog", "good": True}}, True),
        ({"name": "abc", "pet": {"kind": "dog", "good": 1}}, False),
        ({"name": "abc", "maybe": None}, True),
        ({"name": "abc", "some": ["a", "a"]}, True),
        ({"name": "abc", "some": ["x"]}, False),
    ],
)
def test_another_validator_comes_to_the_same_result(values, valid):
    assert Draft202012Validator(values_schema(TEMPLATE)).is_valid(values) is valid
    document = {"parameters": {name: {"value": value} for name, value in values.items()}}
    assert Draft202012Validator(file_schema(TEMPLATE)).is_valid(document) is valid


def test_the_file_schema_takes_references_and_describes():
    template = {"parameters": {"a": {"type": "securestring", "metadata": {"description": "The password."}}}}
    schema = file_schema(template)
    assert schema["properties"]["parameters"]["properties"]["a"]["description"] == "The password."
    validator = Draft202012Validator(schema)
    reference = {"keyVault": {"id": "/v"}, "secretName": "n"}
    assert validator.is_valid({"parameters": {"a": {"reference": reference}}})
    assert not validator.is_valid({"parameters": {"a": {"reference": reference, "value": "x"}}})
    assert not validator.is_valid({"parameters": {"a": "x"}})


def test_defaults_are_shown_unless_they_are_computed_or_secret():
    template = {
        "parameters": {
            "a": {"type": "int", "defaultValue": 2},
            "b": {"type": "string", "defaultValue": "[resourceGroup().location]"},
            "c": {"type": "securestring", "defaultValue": "x"},
        }
    }
    properties = values_schema(template)["properties"]
    assert [name for name, schema in properties.items() if "default" in schema] == ["a"]


def test_a_reference_that_says_it_is_not_null():
    template = {
        "definitions": {"maybe": {"type": "string", "nullable": True}},
        "parameters": {"a": {"$ref": "#/definitions/maybe", "nullable": False}},
    }
    validator = Draft202012Validator(values_schema(template))
    assert validator.is_valid({"a": "x"})
    assert not validator.is_valid({"a": None})


def test_references_into_definitions_and_odd_names():
    template = {
        "definitions": {"a/b~c %": {"type": "object", "properties": {"x": {"type": "int"}}}},
        "parameters": {
            "whole": {"$ref": "#/definitions/a~1b~0c%20%25"},
            "part": {"$ref": "#/definitions/a~1b~0c%20%25/properties/x"},
        },
    }
    validator = Draft202012Validator(values_schema(template))
    assert validator.is_valid({"whole": {"x": 1}, "part": 2})
    assert not validator.is_valid({"whole": {"x": "1"}, "part": 2})
    assert not validator.is_valid({"whole": {"x": 1}, "part": "2"})


@pytest.mark.parametrize(
    "definitions",
    [{"a": {"$ref": "#/definitions/a"}}, {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}],
)
def test_references_that_lead_in_a_circle_take_any_value(definitions: dict[str, Any]) -> None:
    schema = values_schema({"definitions": definitions, "parameters": {"p": {"$ref": "#/definitions/a"}}})
    assert not list(validator(schema).iter_errors({"p": 1}))


def test_values_that_are_nested_too_deeply_are_refused() -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]
    with pytest.raises(InputError, match="p is nested deeper than 64 levels"):
        resolve({"parameters": {"p": {"type": "array"}}}, {"p": value})
