"""ARM JSON files as modules: which are accepted, for which scope, and what they export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra_lib.bicep.compiler import compile_text
from infra_lib.bicep.sources.arm_module import exports, read_module, target_scope
from infra_lib.diagnostics import describe

CASES = Path(__file__).parents[1] / "goldens" / "cases"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def template(**sections: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [], **sections}


def reason(value: Any) -> str | None:
    module = read_module((value if isinstance(value, str) else json.dumps(value)).encode(), "x.json")
    if module.problem is None:
        return None
    level, message, _ = describe(module.problem.code, **module.problem.names)
    assert (module.problem.code, level) == ("BCP188", "error")
    assert "x.json" in message
    return message


TEMPLATES = [
    path
    for path in sorted(CASES.glob("*/*/**/*.json"))
    if (path.parent.name == "parts" or path.name == "template.json")
    and "eploymentTemplate.json" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(CASES).as_posix())
def test_the_templates_of_the_golden_cases(path: Path) -> None:
    folder = path.parents[1] if path.parent.name == "parts" else path.parent
    codes = [
        entry["code"] for found in folder.glob("*diagnostics.json") for entry in json.loads(found.read_text(encoding="utf-8"))
    ]
    assert (read_module(path.read_bytes(), path.name).problem is not None) == ("BCP188" in codes)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "[]",
        "null",
        "{",
        {"contentVersion": "1.0.0.0", "resources": []},
        {"$schema": SCHEMA, "resources": []},
        {"$schema": SCHEMA, "contentVersion": "1.0.0.0"},
        template(**{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"}),
        template(**{"$schema": "https://example.com/other.json"}),
        template(**{"$schema": 5}),
        template(stray={}),
        template(parameters=[]),
        template(resources={"a": {"type": "A.B/c", "apiVersion": "2020-01-01", "name": "x"}}),
        template(parameters={"p": 5}),
        template(parameters={"p": {"type": "text"}}),
        template(parameters={"p": {"type": "string", "minLength": "1"}}),
        template(parameters={"p": {"type": "string", "allowedValues": "a"}}),
        template(parameters={"p": {"type": "string", "nullable": True}}),
        template(parameters={"p": {"$ref": "#/definitions/t"}}),
        template(definitions={"t": {"type": "string"}}),
        template(languageVersion="2.0", parameters={"p": {"type": "string", "nullable": True, "defaultValue": "x"}}),
        template(languageVersion="2.0", parameters={"p": {"$ref": "#/definitions/t"}}),
        template(languageVersion="2.0", parameters={"p": {"$ref": "#/parameters/p"}}),
        template(languageVersion="2.0", definitions={"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}),
        template(languageVersion="2.0", definitions={"t": {"type": "object", "properties": {"a": {"type": "text"}}}}),
        template(languageVersion="2.0", definitions={"t": {"type": "array", "prefixItems": [{"$ref": "#/definitions/x"}]}}),
        template(functions=[{"members": {}}]),
        "[" * 70 + "]" * 70,
    ],
)
def test_what_is_no_valid_template(value: Any) -> None:
    assert reason(value)


@pytest.mark.parametrize(
    "value",
    [
        template(),
        {"$SCHEMA": SCHEMA, "ContentVersion": "1.0.0.0", "Resources": []},
        template(parameters={"p": {"type": "SecureString", "defaultValue": None}}),
        template(outputs={"o": {"value": "untyped"}}),
        template(languageVersion="2.0", resources={}, parameters={"p": {}}),
        template(
            languageVersion="2.0",
            definitions={
                "tree": {"type": "object", "properties": {"a/b c": {"$ref": "#/definitions/tree", "nullable": True}}},
                "part": {"$ref": "#/definitions/tree/properties/a~1b%20c"},
            },
        ),
        "/* a comment */ " + json.dumps(template())[:-1] + ",}",
        "\ufeff" + json.dumps(template()),
    ],
)
def test_what_is_a_valid_template(value: Any) -> None:
    assert reason(value) is None


def test_the_schema_names_the_scope() -> None:
    def scope(path: str) -> str | None:
        return target_scope({"$schema": f"https://schema.management.azure.com/schemas/{path}"})

    assert scope("2019-04-01/deploymentTemplate.json#") == "resourceGroup"
    assert scope("2015-01-01/deploymentTemplate.json") == "resourceGroup"
    assert scope("2018-05-01/subscriptionDeploymentTemplate.json#") == "subscription"
    assert scope("2019-08-01/managementGroupDeploymentTemplate.json#") == "managementGroup"
    assert scope("2019-08-01/tenantDeploymentTemplate.json#") == "tenant"
    assert scope("2018-05-01/deploymentTemplate.json#") is None
    assert target_scope({"$schema": "deploymentTemplate.json"}) is None
    assert target_scope({}) is None


def test_the_template_of_a_template_spec() -> None:
    spec = {"id": "/subscriptions/s/spec/versions/1", "properties": {"mainTemplate": template()}}
    module = read_module(json.dumps(spec).encode(), "main.json", template_spec=True)
    assert (module.template, module.link, module.problem) == (template(), "/subscriptions/s/spec/versions/1", None)
    for wrong in ({}, {"id": "x"}, {"id": "x", "properties": {}}, [], {**spec, "id": 5}):
        problem = read_module(json.dumps(wrong).encode(), "main.json", template_spec=True).problem
        assert problem is not None
        assert problem.code == "BCP188"


def test_exports() -> None:
    flag = {"__bicep_export!": True}
    found = exports(
        template(
            languageVersion="2.0",
            definitions={
                "t": {"type": "string", "metadata": {**flag, "description": "a text"}},
                "hidden": {"type": "string"},
                "both": {"type": "int", "metadata": flag},
            },
            functions=[
                {"namespace": "__bicep", "members": {"f": {"output": {"type": "int", "value": 1}, "metadata": flag}}},
                {
                    "namespace": "own",
                    "members": {"g": {"output": {"type": "int", "value": 1}, "metadata": flag}, "h": {"output": {}}},
                },
            ],
            variables={"copy": [{"name": "many", "count": 2, "input": 0}], "both": 5},
            metadata={"__bicep_exported_variables!": [{"name": "many"}, {"name": "both"}, {"name": "missing"}]},
        )
    )
    assert {name: export.kind for name, export in found.items()} == {
        "t": "type",
        "both": "ambiguous",
        "f": "function",
        "own.g": "function",
        "many": "variable",
    }
    assert found["t"].description == "a text"
    assert found["many"].value == {"copy": {"name": "many", "count": 2, "input": 0}}


def test_a_parameter_without_a_type_takes_anything() -> None:
    assert reason(template(parameters={"p": {}})) is None
    source = "module m 'm.json' = {\n  params: {\n    p: [1]\n  }\n}\n"
    compiled = compile_text(source, others={"/m.json": json.dumps(template(parameters={"p": {}}))})
    assert compiled.template is not None
    assert compiled.template["resources"]["m"]["properties"]["parameters"] == {"p": {"value": [1]}}
