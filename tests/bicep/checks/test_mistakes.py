"""Mistakes of expressions, and what they keep from being said of the things around them."""

from __future__ import annotations

import pytest

from infra_lib.bicep.compiler import compile_text

STORAGE = "'Microsoft.Storage/storageAccounts@2023-01-01'"
VAULT = "'Microsoft.KeyVault/vaults@2023-07-01'"
OTHERS = {
    "/m.bicep": "param p string\n@secure()\nparam s string = ''\noutput o string = p\n",
    "/exports.bicep": "@export()\nvar there = 1\n",
    "/broken.bicep": "@export()\nvar there = 1 1\n",
    "/broken.json": '{"parameters": 1}',
}


def found(text: str) -> list[tuple[str, int | None, int | None]]:
    compiled = compile_text(text, others=OTHERS)
    return [(each.code, each.line, each.column) for each in compiled.diagnostics if each.file == "/main.bicep"]


def codes(text: str) -> list[str]:
    return [code for code, _, _ in found(text)]


# ---------------------------------------------------------------------------------------------- imports


@pytest.mark.parametrize(
    ("statement", "mistake"),
    [
        ("import { gone } from 'exports.bicep'", ("BCP360", 1, 10)),
        ("import { gone } from 'broken.bicep'", ("BCP104", 1, 17)),
        ("import { there as gone } from 'broken.bicep'", ("BCP104", 1, 26)),
        ("import * as gone from 'broken.bicep'", ("BCP104", 1, 18)),
        ("import { gone } from 'absent.bicep'", ("BCP091", 1, 22)),
    ],
)
def test_a_wrong_import_and_the_uses_of_it(statement: str, mistake: tuple[str, int, int]) -> None:
    uses = "var a = gone\nparam b gone\noutput o int = a\n"
    expected = [mistake, ("BCP063", 2, 9), ("BCP287", 3, 9), ("BCP062", 4, 16)]
    assert found(f"{statement}\n{uses}") == expected


def test_calls_of_what_could_not_be_imported() -> None:
    assert found("import { gone } from 'exports.bicep'\nvar a = gone()\n") == [("BCP360", 1, 10), ("BCP059", 2, 9)]
    assert found("import * as gone from 'absent.bicep'\nvar a = gone.f(gone.x)\nparam b gone.t\n") == [
        ("BCP091", 1, 23),
        ("BCP063", 2, 9),
        ("BCP063", 2, 16),
        ("BCP287", 3, 9),
    ]


def test_a_call_of_what_is_no_function_is_reported_once() -> None:
    assert found("var a = 1\nvar a = 2\nvar b = a()\n") == [("BCP028", 1, 5), ("BCP028", 2, 5), ("BCP059", 3, 9)]


# ---------------------------------------------------------------------------------------------- functions and methods


def test_functions_that_bicep_has_no_use_for_behind_their_name_space() -> None:
    text = "var a = sys.if(true, 1, 2)\nvar b = sys.createArray(1)\nvar c = sys.add(1, 2)\nvar d = az.add(1, 2)\n"
    assert found(text) == [("BCP100", 1, 13), ("BCP101", 2, 13), ("BCP069", 3, 13), ("BCP107", 4, 12)]


@pytest.mark.parametrize(("value", "code"), [("'x'", "BCP067"), ("[1]", "BCP067"), ("true", "BCP067"), ("{}", "BCP109")])
def test_methods_of_plain_values(value: str, code: str) -> None:
    assert found(f"var v = {value}\nvar a = v.size()\noutput o int = a\n") == [(code, 2, 11), ("BCP062", 3, 16)]


def test_a_lambda_out_of_place_is_reported_as_that() -> None:
    assert codes("var a = i => nothing\n") == ["BCP242"]
    assert codes("var a = map([1], i => nothing)\n") == ["BCP070"]


def test_properties_of_a_module_that_can_be_set_alone() -> None:
    text = "module m 'm.bicep' = {\n  name: 'm'\n  params: {\n    p: 'x'\n  }\n}\noutput a object = m.params\n"
    assert found(text) == [("BCP077", 7, 21)]


@pytest.mark.parametrize(
    ("value", "is_allowed"),
    [
        ("flag ? v.getSecret('a') : 'x'", True),
        ("flag ? other ? v.getSecret('a') : 'y' : 'x'", True),
        ("flag ? 'x' : other ? 'y' : v.getSecret('a')", True),
        ("flag ? (other ? v.getSecret('a') : 'y') : 'x'", False),
        ("flag ? '${v.getSecret('a')}' : 'x'", False),
    ],
)
def test_secrets_in_choices(value: str, is_allowed: bool) -> None:
    text = f"""
param flag bool
param other bool
resource v {VAULT} existing = {{
  name: 'kv'
}}
module m 'm.bicep' = {{
  params: {{
    p: 'x'
    s: {value}
  }}
}}
"""
    assert codes(text) == ([] if is_allowed else ["BCP180"])


# ---------------------------------------------------------------------------------------------- values that are written out


@pytest.mark.parametrize(
    ("value", "columns"),
    [
        ("v", [14]),
        ("'${v}'", [14]),
        ("1 + 2", [14]),
        ("(1)", [14]),
        ("!true", [14]),
        ("[1, v, 'a', v.b]", [18, 26]),
        ("{ a: -1, b: { c: v } }", [31]),
        ("{ a: [true, null, 'x'] }", []),
        ("nothing", None),
    ],
)
def test_metadata_is_written_out(value: str, columns: list[int] | None) -> None:
    expected = [("BCP057", 2, 14)] if columns is None else [("BCP032", 2, column) for column in columns]
    assert found(f"var v = {{ b: 1 }}\nmetadata m = {value}\n") == expected


# ---------------------------------------------------------------------------------------------- what is not said beside a mistake


@pytest.mark.parametrize(
    "line", ["location: nothing", "location:", "location", "location: 1 2", "tags: { a: 1, a: 2 }", "tags: { x: reference() }"]
)
def test_the_lack_of_a_name_beside_another_mistake(line: str) -> None:
    assert "BCP035" not in codes(f"resource a {STORAGE} = {{\n  {line}\n}}\n")


def test_the_lack_of_a_name() -> None:
    assert codes(f"resource a {STORAGE} = {{\n  location: 'l'\n}}\n") == ["BCP035"]
    assert codes("resource a 'bad' = {\n  location: 'l'\n}\n") == ["BCP029"]
    assert codes(f"resource a {STORAGE} = [for x in true: {{\n  location: 'l'\n}}]\n") == ["BCP137"]
    conditional = f"resource a {STORAGE} = if (nothing) {{\n  location: 'l'\n}}\n"
    assert codes(conditional) == ["BCP035", "BCP057"]


def test_the_lack_of_a_parameter_beside_another_mistake() -> None:
    assert codes("module m 'm.bicep' = {\n  name: nothing\n}\n") == ["BCP057"]
    assert codes("module m 'm.bicep' = [for x in 'text': {\n}]\n") == ["BCP137"]
    assert codes("module m 'm.bicep' = {\n}\n") == ["BCP035"]


@pytest.mark.parametrize(("head", "code"), [("resource a 'bad'", "BCP029"), ("module a 'absent.bicep'", "BCP091")])
def test_what_has_no_type_is_not_looked_into(head: str, code: str) -> None:
    text = f"{head} = if (reference('x').y == nothing) {{\n  name: nothing\n  tags: [for x in []: gone(x)]\n}}\n"
    assert codes(text) == [code]


def test_a_type_that_is_computed_is_not_looked_into() -> None:
    assert codes("resource a 'Microsoft.${nothing}/x@2020-01-01' = {\n  name: 'a'\n}\n") == ["BCP047"]


def test_a_condition_with_a_function_that_may_not_stand_there() -> None:
    text = f"resource a {STORAGE} = if (reference('x', '2020-01-01').y) {{\n  name: 'a'\n}}\n"
    assert codes(text) == ["BCP066"]


def test_scopes_of_the_file_are_written_out() -> None:
    assert found("targetScope = nothing\n") == [("BCP032", 1, 15), ("BCP057", 1, 15)]
    assert found("targetScope = concat('ten', 'ant')\n") == [("BCP032", 1, 15)]


def test_decorators_with_the_name_of_something_else() -> None:
    assert found("var description = 'x'\n@description('y')\nparam a int\n") == [("BCP265", 2, 2)]
    assert found("var mine = 'x'\n@mine('y')\nparam a int\n") == [("BCP059", 2, 2)]
    assert found("func mine(x string) string => x\n@mine('y')\nparam a int\n") == [("BCP152", 2, 2)]


def test_decorators_with_too_few_arguments_where_they_may_not_stand() -> None:
    assert codes("@minValue()\nparam a int\n") == ["BCP071"]
    assert codes("@minValue()\nvar a = 1\n") == ["BCP126"]


def test_secure_on_a_type_that_may_be_anything() -> None:
    assert found("@secure()\ntype t = any\n@secure()\nparam s string\n") == [("BCP440", 1, 1)]


def test_a_scope_as_a_parent() -> None:
    text = "resource a 'Microsoft.Storage/storageAccounts/blobServices@2023-01-01' existing = {\n"
    assert codes(f"{text}  name: 'a/b'\n  parent: tenant()\n}}\n") == ["BCP240"]


def test_what_a_nested_resource_with_a_run_time_name_holds() -> None:
    text = f"""
resource vault {VAULT} existing = {{
  name: 'kv'
}}
resource a {STORAGE} = {{
  name: 'a'
  resource b 'blobServices' existing = {{
    name: vault.properties.vaultUri
  }}
}}
output id string = a::b.id
output o object = a::b.properties
"""
    assert found(text) == [("BCP307", 12, 19)]


def test_any_as_a_parent() -> None:
    text = "resource a 'Microsoft.Storage/storageAccounts/blobServices@2023-01-01' existing = {\n"
    assert sorted(codes(f"{text}  name: 'a/b'\n  parent: any('')\n  scope: any(false)\n}}\n")) == ["BCP176", "BCP176", "BCP240"]
