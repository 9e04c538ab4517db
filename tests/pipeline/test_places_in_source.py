"""What fails while a template is evaluated names the line of the Bicep file, of the module too, and all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

import infra_lib as infra
from infra_lib import pipeline
from infra_lib.diagnostics import Diagnostic


def _problems(folder: Path, text: str, **modules: str) -> tuple[Diagnostic, ...]:
    (folder / "main.bicep").write_text(text)
    for name, module in modules.items():
        (folder / f"{name}.bicep").write_text(module)
    with pytest.raises(infra.TemplateError) as caught:
        infra.snapshot(folder / "main.bicep")
    return caught.value.diagnostics


def _place(item: Diagnostic) -> tuple[str, int | None, int | None]:
    return Path(item.file or "").name, item.line, item.column


STORAGE = """param items array = ['a']
resource sa 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'abc'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    minimumTlsVersion: items[3]
  }
}
"""


def test_property_of_a_resource(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, STORAGE)
    assert _place(problem) == ("main.bicep", 8, 24)
    assert problem.pointer == "resources[0].properties.minimumTlsVersion"
    assert problem.code == "InvalidTemplate"
    assert "^" in problem.message


def test_symbolic_names_and_loops(tmp_path: Path) -> None:
    text = "type name = string\nparam used name = 'a'\n" + STORAGE.replace(
        "= {\n  name: 'abc'", "= [for i in range(0, 2): {\n  name: '${used}${i}'"
    )
    (problem, *_) = _problems(tmp_path, text.rstrip().removesuffix("}") + "}]\n")
    assert _place(problem) == ("main.bicep", 10, 24)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("param n int = 0\nparam m int = 1 / n\n", ("main.bicep", 2, 15)),
        ("param n int = 0\nvar unused = [for i in range(0, 2): i / n]\noutput o array = unused\n", ("main.bicep", 2, 14)),
        ("param n int = 0\n\noutput x object = {\n  a: 1\n  b: 10 / n\n}\n", ("main.bicep", 5, 6)),
        ("@minLength(3)\nparam short string = 'a'\n", ("main.bicep", 2, 1)),
    ],
)
def test_other_declarations(tmp_path: Path, text: str, place: tuple[str, int, int]) -> None:
    (problem, *_) = _problems(tmp_path, text)
    assert (Path(problem.file or "").name, problem.line) == place[:2]


def test_nested_resources_come_before_those_around_them(tmp_path: Path) -> None:
    text = """param n int = 0
resource first 'Microsoft.Storage/storageAccounts@2023-05-01' existing = { name: 'abc' }
resource sa 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'abd'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: { x: first.id, y: 1 / n }
  resource files 'fileServices' = { name: 'default' }
}
"""
    (problem,) = _problems(tmp_path, text)
    assert (problem.line, problem.pointer) == (8, "resources[1].properties.y")


def test_inside_a_module(tmp_path: Path) -> None:
    main = "module inner 'inner.bicep' = {\n  name: 'inner'\n  params: { n: 0 }\n}\n"
    (problem,) = _problems(tmp_path, main, inner="param n int\n\noutput x int = 1 / n\n")
    assert _place(problem) == ("inner.bicep", 3, 16)


def test_parameters_of_a_module(tmp_path: Path) -> None:
    main = "param n int = 0\nmodule inner 'inner.bicep' = {\n  name: 'inner'\n  params: {\n    n: 1 / n\n  }\n}\n"
    (problem,) = _problems(tmp_path, main, inner="param n int\n\noutput x int = n\n")
    assert (problem.line, Path(problem.file or "").name) == (5, "main.bicep")


JSON = """// a template
{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0", /* with
  comments */ "parameters": {"n": {"type": "int", "defaultValue": 0}},
  "resources": [
    {
      "type": "Microsoft.Web/sites", "apiVersion": "2024-01-01", "name": "[concat('a', copyIndex())]",
      "copy": {"name": "sites", "count": 2},
      "Tags": {"a.b": "[div(1, parameters('n'))]"}
    }
  ],
  "outputs": {
    "x": {
      "type": "int",
      "value": "[mod(1, parameters('n'))]"
    }
  }
}
"""


def test_json_templates_name_the_line(tmp_path: Path) -> None:
    file = tmp_path / "main.json"
    file.write_text(JSON)
    with pytest.raises(infra.TemplateError) as caught:
        infra.snapshot(file)
    found = [(item.pointer, item.line, item.column, item.end_column) for item in caught.value.diagnostics]
    assert found == [
        ("resources[0][0].Tags.a.b", 10, 23, 50),
        ("resources[0][1].Tags.a.b", 10, 23, 50),
        ("outputs.x", 16, 16, 43),
    ]
    assert {item.file for item in caught.value.diagnostics} == {str(file)}
    assert [item.line for item in pipeline.validate(file)] == [10, 10, 16]


def test_json_templates_of_parameter_files_name_the_line(tmp_path: Path) -> None:
    (tmp_path / "main.json").write_text(JSON)
    (tmp_path / "main.bicepparam").write_text("using 'main.json'\n")
    (first, *_) = pipeline.validate(tmp_path / "main.bicepparam")
    assert _place(first) == ("main.json", 10, 23)


def test_sections_of_a_wrong_form_name_the_line(tmp_path: Path) -> None:
    file = tmp_path / "main.json"
    file.write_text(JSON.replace('"copy": {"name": "sites", "count": 2}', '"dependsOn": ["a", 1]'))
    (problem,) = pipeline.validate(file)
    assert (problem.pointer, problem.line, problem.column) == ("resources[0].dependsOn[1]", 9, 26)


TWINS = """resource a 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'abcde'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
}
resource b 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'ABCDE'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
}
"""


def test_two_resources_of_one_id_are_shown_but_not_planned(tmp_path: Path) -> None:
    file = tmp_path / "main.bicep"
    file.write_text(TWINS)
    assert len(infra.snapshot(file).resources) == 2
    assert [(item.line, item.pointer) for item in pipeline.validate(file)] == [(7, "resources[1]")]
    with pytest.raises(infra.TemplateError, match=r"main\.bicep\(7,1\).*declared twice"):
        infra.plan(file, target=infra.Target.local(), resource_group="rg", location="westeurope")


def test_a_circle_in_a_module_is_shown_but_not_planned(tmp_path: Path) -> None:
    resources = ",".join(
        f'{{"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "{name}", "location": "westeurope",'
        f' "kind": "StorageV2", "sku": {{"name": "Standard_LRS"}}, "dependsOn": ["{other}"]}}'
        for name, other in (("aaaa", "bbbb"), ("bbbb", "aaaa"), ("cccc", "cccc"))
    )
    file = tmp_path / "main.json"
    file.write_text(
        '{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",'
        f'"contentVersion": "1.0.0.0", "resources": [{resources}]}}'
    )
    assert len(infra.snapshot(file).resources) == 3
    with pytest.raises(infra.TemplateError) as caught:
        infra.plan(file, target=infra.Target.local(), resource_group="rg", location="westeurope")
    assert len(caught.value.diagnostics) == 2
    assert all("in a circle" in item.message for item in caught.value.diagnostics)


def test_resource_bodies_are_found_where_they_are_written(tmp_path: Path) -> None:
    module = TWINS.split("resource b")[0].replace("kind: 'StorageV2'", "kind: 'StorageV2'\n  propertees: {}")
    (tmp_path / "inner.bicep").write_text(module)
    file = tmp_path / "main.bicep"
    first = "resource a 'Microsoft.Storage/storageAccounts@2023-05-01' = {\n  name: 'first'\n  location: 'westeurope'\n"
    body = "  kind: 'StorageV2'\n  dependsOn: [m]\n  sku: { name: 'Standard_LR' }\n"
    body += "  properties: { minimumTlsVersoin: 'TLS1_2' }\n}\n"
    file.write_text(f"{first}{body}module m 'inner.bicep' = {{ name: 'm' }}\n")
    found = {
        (Path(item.file or "").name, item.line, item.pointer) for item in pipeline.validate(file) if item.code[:5] == "INF17"
    }
    assert found == {
        ("main.bicep", 6, "resources[0].sku.name"),
        ("main.bicep", 7, "resources[0].properties.minimumTlsVersoin"),
        ("inner.bicep", 5, "resources[1].properties.template.resources[0].propertees"),
    }


def test_the_class_for_a_template_is_named_for_it(tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text("param count int\noutput n int = count\n")
    made = infra.parameters_for(tmp_path / "main.bicep")
    assert (made.__name__, made.__doc__) == ("Main", "The parameters of main.bicep.")
