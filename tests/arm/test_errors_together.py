"""All independent errors of a template are found at once, each with its place; work and memory are bounded."""

from __future__ import annotations

from typing import Any

import pytest

from infra_lib.arm.scopes import ResourceGroupScope
from infra_lib.arm.snapshot import snapshot
from infra_lib.arm.source import read_template
from infra_lib.errors import TemplateError

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def _template(**sections: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [], **sections}


def _storage(name: str, **body: Any) -> dict[str, Any]:
    return {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": name, **body}


def _deployment(name: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": name,
        "properties": {"mode": "Incremental", "expressionEvaluationOptions": {"scope": "inner"}, **properties},
    }


def _pointers(template: dict[str, Any]) -> list[str | None]:
    with pytest.raises(TemplateError) as caught:
        snapshot(template, {}, ResourceGroupScope())
    return [item.pointer for item in caught.value.diagnostics]


def test_resources_properties_and_outputs() -> None:
    template = _template(
        resources=[
            _storage("one", properties={"a": "[div(1, 0)]", "b": {"c": "[nosuch()]", "d": 1}, "e": "[add(1, 1)]"}),
            _storage("two", tags={"a": "[createArray()[3]]"}),
        ],
        outputs={"x": {"type": "int", "value": "[div(1, 0)]"}, "y": {"type": "int", "value": "[add(1)]"}},
    )
    assert _pointers(template) == [
        "resources[0].properties.a", "resources[0].properties.b.c", "resources[1].tags.a", "outputs.x", "outputs.y",
    ]  # fmt: skip


def test_what_depends_on_a_failure_is_not_said_again() -> None:
    template = _template(
        parameters={"p": {"type": "int", "defaultValue": "[div(1, 0)]"}},
        variables={"v": "[parameters('p')]", "w": "[variables('v')]"},
        resources=[_storage("one", properties={"a": "[variables('w')]"})],
        outputs={"x": {"type": "int", "value": "[variables('w')]"}, "y": {"type": "int", "value": "[mod(1, 0)]"}},
    )
    assert _pointers(template) == ["parameters.p.defaultValue", "outputs.y"]


def test_what_a_reference_reads_is_not_said_again() -> None:
    template = _template(
        resources=[
            _storage("one", tags={"a": "[div(1, 0)]"}),
            _storage("two", properties={"b": "[reference('one').b]"}),
        ],
        outputs={"x": {"type": "string", "value": "[reference('one').b]"}},
    )
    assert _pointers(template) == ["resources[0].tags.a"]


def test_failures_of_one_variable_have_their_own_paths() -> None:
    template = _template(variables={"v": {"a": "[div(1, 0)]", "b": ["[div(2, 0)]"]}})
    assert _pointers(template) == ["variables.v.a", "variables.v.b[0]"]


def test_what_is_read_of_a_nested_deployment_has_its_own_path() -> None:
    def output(value: str) -> dict[str, Any]:
        return {"o": {"type": "int", "value": value}}

    lowest = _template(outputs=output("[div(1, 0)]"))
    inner = _template(resources=[_deployment("inner", template=lowest)], outputs=output("[reference('inner').outputs.o.value]"))
    template = _template(
        resources=[_deployment("outer", template=inner), _storage("one", tags={"a": "[reference('outer').outputs.o.value]"})],
    )
    nested = "resources[0].properties.template"
    assert _pointers(template) == [f"{nested}.{nested}.outputs.o"]


def test_nested_deployments_have_whole_paths() -> None:
    inner = _template(
        parameters={"n": {"type": "int"}},
        variables={"a": "[div(1, 0)]", "b": "[div(2, 0)]"},
    )
    outer = _template(resources=[_deployment("inner", parameters={"n": {"value": 1}}, template=inner)])
    nested = "resources[0].properties.template"
    assert _pointers(outer) == [f"{nested}.variables.a", f"{nested}.variables.b"]
    assert _pointers(_template(resources=[_deployment("outer", template=outer)])) == [
        f"{nested}.{nested}.variables.a", f"{nested}.{nested}.variables.b",
    ]  # fmt: skip


def test_parameters_of_a_nested_deployment() -> None:
    inner = _template(parameters={"n": {"type": "int"}})
    template = _template(resources=[_deployment("inner", parameters={"n": {"value": "[div(1, 0)]"}}, template=inner)])
    assert _pointers(template) == ["resources[0].properties.parameters.n.value"]


def test_a_circle_of_defaults_is_one_error() -> None:
    template = _template(
        parameters={name: {"type": "int", "defaultValue": f"[parameters('{other}')]"} for name, other in ("ab", "ba")}
    )
    assert _pointers(template) == ["parameters.b.defaultValue"]


@pytest.mark.parametrize(
    "expression",
    [
        "[map(range(0, 10000), lambda('i', map(range(0, 10000), lambda('j', range(0, 10000)))))]",
        "[join(map(range(0, 10000), lambda('i', join(map(range(0, 10000), lambda('j', 'x')), ''))), '')]",
        "[map(range(0, 10000), lambda('i', concat(variables('long'), string(lambdaVariables('i')))))]",
    ],
)
def test_lambdas_within_lambdas_end(expression: str) -> None:
    template = _template(variables={"long": "x" * 4_000_000, "v": expression})
    with pytest.raises(TemplateError, match="lambdas and property loops of the template"):
        snapshot(template, {}, ResourceGroupScope())


@pytest.mark.parametrize("number", ["1e400", "-1e999", "9223372036854775808"])
def test_numbers_beyond_64_bits(number: str) -> None:
    with pytest.raises(TemplateError, match=r"\(1,7\).*64 bits"):
        read_template(f'{{"a": {number}}}')


def test_results_that_grow_from_call_to_call_end() -> None:
    template = _template(outputs={"x": {"type": "string", "value": "[" + "base64(" * 200 + "'x'" + ")" * 200 + "]"}})
    with pytest.raises(TemplateError, match=r"base64\(\) has \d+ characters"):
        snapshot(template, {}, ResourceGroupScope())
