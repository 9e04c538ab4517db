"""Outputs read off what stands for a module: a choice of modules, an item of several, the parameter of a lambda."""

from __future__ import annotations

import pytest

from infra_lib.bicep.compiler import Compilation, compile_text

MODULE = "@secure()\noutput key string = 'k'\noutput text string = 't'\n"
HEAD = """
param flag bool
param index int
module one 'm.bicep' = {
  name: 'one'
}
module two 'm.bicep' = {
  name: 'two'
}
module many 'm.bicep' = [for i in range(0, 2): {
  name: 'many${i}'
}]
"""
ONE = "reference('one')"
TWO = "reference('two')"
CHOICE = f"if(parameters('flag'), {ONE}, {TWO})"


def compiled(text: str) -> Compilation:
    return compile_text(HEAD + text, others={"/m.bicep": MODULE})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(flag ? one : two)", f"{CHOICE}.outputs.text.value"),
        ("chosen", f"{CHOICE}.outputs.text.value"),
        ("[one, two][index]", f"createArray({ONE}, {TWO})[parameters('index')].outputs.text.value"),
        ("first([one, two])!", f"first(createArray({ONE}, {TWO})).outputs.text.value"),
        ("{ left: one }.left", f"createObject('left', {ONE}).left.outputs.text.value"),
        ("pair.right", f"createObject('left', {ONE}, 'right', {TWO}).right.outputs.text.value"),
    ],
)
def test_an_output_of_a_module_that_is_chosen(expression: str, expected: str) -> None:
    text = "var chosen = flag ? one : two\nvar pair = {\n  left: one\n  right: two\n}\n"
    made = compiled(f"{text}output o string = {expression}.outputs.text\n")
    assert made.template is not None, made.diagnostics
    assert made.template["outputs"]["o"]["value"] == f"[{expected}]"


@pytest.mark.parametrize(
    "call",
    ["map(many, m => m.outputs.text)", "map([one, two], (m, i) => m.outputs.text)", "map(all, m => m.outputs.text)"],
)
def test_an_output_of_the_parameter_of_a_lambda(call: str) -> None:
    made = compiled(f"var all = [one, two]\noutput o array = {call}\n")
    assert made.template is not None, made.diagnostics
    assert "lambdaVariables('m').outputs.text.value" in made.template["outputs"]["o"]["value"]


@pytest.mark.parametrize("base", ["chosen", "(flag ? one : two)", "[one, two][index]"])
def test_a_secure_output_is_read_off_its_module_alone(base: str) -> None:
    text = f"var chosen = flag ? one : two\n@secure()\noutput o string = {base}.outputs.key\n"
    assert [found.code for found in compiled(text).diagnostics] == ["BCP426"]


def test_a_secure_output_of_the_parameter_of_a_lambda() -> None:
    codes = [found.code for found in compiled("output o array = map(many, m => m.outputs.key)\n").diagnostics]
    assert codes == ["BCP426"]


def test_a_resource_that_may_be_missing_is_refused() -> None:
    text = "@nullIfNotFound()\nresource a 'Microsoft.Storage/storageAccounts@2023-01-01' existing = {\n  name: 'a'\n}\n"
    made = compiled(text)
    assert made.template is None
    assert [(found.code, found.line) for found in made.diagnostics] == [("INF310", 13)]
