"""A name in dependsOn that nothing in the template has: refused offline, as a deployment would be, and by the same rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import infra_lib as infra
from infra_lib import pipeline
from infra_lib.arm.deployment import prepare
from infra_lib.arm.scopes import ResourceGroupScope
from infra_lib.diagnostics import Diagnostic
from tests.arm.engine import GROUP, GROUP_ID, nested, resource, take, template

ELSEWHERE = GROUP_ID.replace("/rg", "/other")


def _refused(source: dict[str, Any]) -> list[str | None]:
    """The places that planning refuses, after making sure that a preview does not, and that a deployment does the same."""
    places = [item.pointer for item in take(source).unmet]
    if not places:
        prepare(source, {}, GROUP)
        return places
    with pytest.raises(infra.TemplateError) as caught:
        prepare(source, {}, GROUP)
    assert [item.pointer for item in caught.value.diagnostics] == places
    return places


@pytest.mark.parametrize(
    "named",
    [
        "nothing",
        "[resourceId('Microsoft.Web/sites', 'nothing')]",
        "[resourceId('other', 'Microsoft.Web/sites', 'there')]",
        f"{ELSEWHERE}/providers/Microsoft.Web/sites/there",
        "[resourceId('Microsoft.Web/serverfarms', 'there')]",
        "/no/id",
    ],
)
def test_names_of_nothing(named: str) -> None:
    source = template(resource("a", dependsOn=["there", named]), resource("there"))
    assert _refused(source) == ["resources[0].dependsOn[1]"]


@pytest.mark.parametrize(
    "named",
    [
        "there",
        "THERE",
        "Microsoft.Web/sites/there",
        "[resourceId('Microsoft.Web/sites', 'there')]",
        "[resourceId('Microsoft.Web/sites', 'off')]",
        "off",
        "none",
        "many",
        "[resourceId('Microsoft.Web/sites', 'item1')]",
        "[resourceId('other', 'Microsoft.Web/sites', 'away')]",
    ],
)
def test_names_of_resources(named: str) -> None:
    """Also of one whose condition does not hold, of a loop without items, and of one in another resource group."""
    source = template(
        resource("a", dependsOn=[named]),
        resource("there"),
        resource("off", condition=False),
        resource("[concat('no', copyIndex())]", copy={"name": "none", "count": 0}),
        resource("[concat('item', copyIndex())]", copy={"name": "many", "count": 2}),
        resource("away", resourceGroup="other"),
    )
    assert _refused(source) == []


def test_symbolic_names() -> None:
    source = template(languageVersion="2.0")
    source["resources"] = {
        "a": resource("first", dependsOn=["there", "loop", "loop[1]", "empty", "off", "first", "loop[2]", "nothing"]),
        "there": {**resource("old"), "existing": True},
        "loop": resource("[concat('item', copyIndex())]", copy={"name": "items", "count": 2}),
        "empty": resource("[concat('no', copyIndex())]", copy={"name": "none", "count": 0}),
        "off": resource("off", condition=False),
    }
    assert _refused(source) == [f"resources.a.dependsOn[{index}]" for index in (5, 6, 7)]


def test_a_loop_tells_each_name_once() -> None:
    source = template(resource("[concat('a', copyIndex())]", copy={"name": "l", "count": 3}, dependsOn=["nothing"]))
    assert _refused(source) == ["resources[0][0].dependsOn[0]"]


def test_resources_of_other_templates_are_not_there() -> None:
    inner = template(resource("in", dependsOn=["outside"]))
    source = template(resource("outside", dependsOn=["in"]), nested("n", inner, dependsOn=["outside"]))
    assert [item.pointer for item in take(source).unmet] == [
        "resources[1].properties.template.resources[0].dependsOn[0]",
        "resources[0].dependsOn[0]",
    ]


@pytest.mark.parametrize("scope", [ResourceGroupScope(), ResourceGroupScope(resource_group="rg")])
def test_what_is_not_known_is_not_refused(scope: ResourceGroupScope) -> None:
    waits = ["[resourceId('Microsoft.Web/sites', 'b')]", "[resourceId('other', 'Microsoft.Web/sites', 'b')]", "c"]
    waits += [f"{GROUP_ID}/providers/Microsoft.Web/sites/b", "[resourceId('Microsoft.Web/sites', resourceGroup().tags.name)]"]
    waits += ["[resourceGroup().tags.name]", "[resourceId('Microsoft.Web/sites', 'missing')]"]
    source = template(resource("a", dependsOn=waits), resource("b"), resource("[resourceGroup().tags.other]", kind="A.B/c"))
    assert [item.pointer for item in take(source, scope).unmet] == ["resources[0].dependsOn[6]"]


def _problems(file: Path) -> tuple[Diagnostic, ...]:
    """What validation says, after making sure that planning refuses with the same places."""
    problems = tuple(item for item in pipeline.validate(file) if item.is_error)
    with infra.Target.local() as target, pytest.raises(infra.TemplateError) as caught:
        infra.plan(file, target=target, resource_group="rg", location="westeurope")
    assert [item.pointer for item in caught.value.diagnostics] == [item.pointer for item in problems]
    return problems


def test_validation_and_planning_name_the_place_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "main.json"
    file.write_text(json.dumps(template(resource("a", dependsOn=["nothing"]), resource("b")), indent=2))
    (problem,) = _problems(file)
    assert problem.line is not None
    assert problem.column is not None
    assert (problem.code, problem.file, problem.pointer) == ("InvalidTemplate", str(file), "resources[0].dependsOn[0]")
    assert file.read_text().splitlines()[problem.line - 1][problem.column - 1 :] == '"nothing"'
    assert "'nothing'" in problem.message
    assert problem.fix


LOCKS = """param names array = ['one', 'two']
resource servers 'Microsoft.Sql/servers@2021-11-01' = [for n in names: {
  name: n
  location: 'westeurope'
}]
resource locks 'Microsoft.Authorization/locks@2020-05-01' = [for (n, i) in names: {
  scope: servers[i]
  name: 'keep-${i}'
  properties: { level: 'CanNotDelete' }
}]
resource users 'Microsoft.Storage/storageAccounts@2023-05-01' = [for (n, i) in names: {
  name: 'abc${i}'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  dependsOn: [locks[1]]
}]
"""


def test_the_place_in_a_bicep_file(tmp_path: Path) -> None:
    """The id that the compiler writes for an item of a loop whose scope is a loop takes the index of where it is used."""
    file = tmp_path / "main.bicep"
    file.write_text(LOCKS)
    with infra.Target.local() as target, pytest.raises(infra.TemplateError) as caught:
        infra.plan(file, target=target, resource_group="rg", location="westeurope")
    (problem,) = caught.value.diagnostics
    assert (problem.pointer, problem.line, problem.column) == ("resources[2][0].dependsOn[0]", 16, 14)
    assert "keep-1" in problem.message
