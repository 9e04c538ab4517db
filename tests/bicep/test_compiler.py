"""Whole compilations: files, the module graph, code generations, dependencies, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra_lib.bicep.compiler import Compilation, compile_file, compile_text
from infra_lib.bicep.sources.files import Files
from infra_lib.bicep.sources.paths import Problem
from infra_lib.errors import InputError

STORAGE = "'Microsoft.Storage/storageAccounts@2023-01-01'"


def errors(compiled: Compilation) -> list[tuple[str, int | None, int | None]]:
    return [(found.code, found.line, found.column) for found in compiled.diagnostics if found.is_error]


def template(text: str, **others: str) -> dict[str, Any]:
    compiled = compile_text(text, others={f"/{name}.bicep": source for name, source in others.items()})
    assert compiled.template is not None, [str(found) for found in compiled.diagnostics]
    return compiled.template


# ---------------------------------------------------------------------------------------------- files


def test_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        compile_file(tmp_path / "absent.bicep")


def test_byte_order_mark_crlf_and_bad_bytes(tmp_path: Path) -> None:
    source = tmp_path / "main.bicep"
    source.write_bytes(b"\xef\xbb\xbfvar a = '\xff'\r\nvar b = 1\r\n")
    compiled = compile_file(source)
    assert compiled.template is not None
    assert compiled.template["variables"] == {"a": "\ufffd", "b": 1}


def test_a_shared_module_is_read_once() -> None:
    class Counting(Files):
        def __init__(self) -> None:
            super().__init__()
            self.reads: list[str] = []

        def _fetch(self, path: str, shown: str) -> bytes | Problem:
            self.reads.append(path)
            return {
                "/main.bicep": b"module a 'a.bicep' = {\n  name: 'a'\n}\nmodule b 'b.bicep' = {\n  name: 'b'\n}\n",
                "/a.bicep": b"module c 'c.bicep' = {\n  name: 'c'\n}\n",
                "/b.bicep": b"module c 'c.bicep' = {\n  name: 'c'\n}\n",
                "/c.bicep": b"output o int = 1\n",
            }[path]

    files = Counting()
    compiled = compile_file("/main.bicep", files=files)
    assert compiled.template is not None
    assert sorted(files.reads) == ["/a.bicep", "/b.bicep", "/c.bicep", "/main.bicep"]


def test_errors_of_a_module_are_told_upwards() -> None:
    compiled = compile_text(
        "module a 'a.bicep' = {\n  name: 'a'\n}\n",
        others={"/a.bicep": "module b 'b.bicep' = {\n  name: 'b'\n}\n", "/b.bicep": "output o int = nothing\n"},
    )
    assert compiled.template is None
    found = {(Path(item.file or "").name, item.code, item.line) for item in compiled.diagnostics if item.is_error}
    assert found == {("main.bicep", "BCP104", 1), ("a.bicep", "BCP104", 1), ("b.bicep", "BCP057", 1)}


def test_module_circle_is_reported_on_every_path_into_it() -> None:
    compiled = compile_text(
        "module a 'a.bicep' = {\n  name: 'a'\n}\noutput x string = a.name\n",
        others={"/a.bicep": "module b 'b.bicep' = {\n  name: 'b'\n}\n", "/b.bicep": "module a 'a.bicep' = {\n  name: 'a'\n}\n"},
    )
    found = {(Path(item.file or "").name, item.code) for item in compiled.diagnostics if item.is_error}
    assert found == {("main.bicep", "BCP095"), ("main.bicep", "BCP062"), ("a.bicep", "BCP095"), ("b.bicep", "BCP095")}


def test_file_that_names_itself() -> None:
    assert errors(compile_text("module a 'main.bicep' = {\n  name: 'a'\n}\n")) == [("BCP094", 1, 10)]


def test_deep_and_wide_sources_do_not_exhaust_the_stack() -> None:
    assert compile_text("var a = " + "[" * 300 + "]" * 300).template is not None
    assert compile_text("var a = 1" + " + 1" * 900).template is not None
    assert errors(compile_text("var a = " + "[" * 5000 + "]" * 5000))[0][0] == "INF301"
    chain = "".join(f"var v{number} = v{number + 1}\n" for number in range(2000)) + "var v2000 = 1\n"
    assert compile_text(chain).template is not None


def test_values_that_grow_without_bounds_are_refused() -> None:
    doubling = "".join(f"var v{number} = '${{v{number + 1}}}${{v{number + 1}}}'\n" for number in range(60))
    compiled = compile_text(doubling + "var v60 = reference('x').y\noutput o string = v0\n")
    assert {code for code, _, _ in errors(compiled)} == {"INF310"}


# ---------------------------------------------------------------------------------------------- code generations

SYMBOLIC = {
    "type": "type t = string\n",
    "func": "func f() string => 'a'\n",
    "typed array": "param p string[] = []\n",
    "nullable": "param p string?\n",
    "object type": "param p {} = {}\n",
    "union": "param p 'a' | 'b' = 'a'\n",
    "typed variable": "var v string = 'a'\n",
    "secure output": "@secure()\noutput o string = 'a'\n",
    "onlyIfNotExists": f"@onlyIfNotExists()\nresource r {STORAGE} = {{\n  name: 'r'\n}}\n",
    "whole collection": (
        f"resource r {STORAGE} = [for i in range(0, 2): {{\n  name: 'r${{i}}'\n}}]\noutput o array = map(r, x => x.id)\n"
    ),
    "existing with dependsOn": f"resource r {STORAGE} existing = {{\n  name: 'r'\n  dependsOn: []\n}}\n",
}
ARRAY = {
    "literal type": "param p 'a' = 'a'\n",
    "allowed": "@allowed(['a'])\nparam p string = 'a'\n",
    "sealed": "@sealed()\nparam p object = {}\n",
    "existing with condition": f"resource r {STORAGE} existing = if (true) {{\n  name: 'r'\n}}\n",
    "lambda and spread": "var v = [...map([1], i => i)]\n",
}


@pytest.mark.parametrize("text", SYMBOLIC.values(), ids=SYMBOLIC.keys())
def test_symbolic_names(text: str) -> None:
    made = template(text)
    assert made["languageVersion"] == "2.0"
    assert isinstance(made["resources"], dict)


@pytest.mark.parametrize("text", ARRAY.values(), ids=ARRAY.keys())
def test_array_of_resources(text: str) -> None:
    made = template(text)
    assert "languageVersion" not in made
    assert isinstance(made["resources"], list)


def test_module_without_a_name_gets_one_made() -> None:
    made = template("module store 'a.bicep' = {}\n", a="")
    assert made["resources"]["store"]["name"] == "[format('store-{0}', uniqueString('store', deployment().name))]"


# ---------------------------------------------------------------------------------------------- resources


def test_nested_resources_come_first_and_keep_the_conditions_around_them() -> None:
    made = template(
        f"""
param on bool
resource sa {STORAGE} = if (on) {{
  name: 'sa'
  resource blobs 'blobServices' = {{
    name: 'default'
    resource box 'containers' = if (true) {{
      name: 'box'
    }}
  }}
}}
"""
    )
    assert [(item["type"].rpartition("/")[2], item["condition"]) for item in made["resources"]] == [
        ("containers", "[and(parameters('on'), true())]"),
        ("blobServices", "[parameters('on')]"),
        ("storageAccounts", "[parameters('on')]"),
    ]
    assert made["resources"][0]["name"] == "[format('{0}/{1}/{2}', 'sa', 'default', 'box')]"
    assert made["resources"][0]["dependsOn"] == [
        "[resourceId('Microsoft.Storage/storageAccounts/blobServices', 'sa', 'default')]"
    ]


def test_dependencies_are_sorted_merged_and_led_through_existing_resources() -> None:
    made = template(
        f"""
resource zeta {STORAGE} = {{
  name: 'zeta'
}}
resource Alpha {STORAGE} = {{
  name: 'alpha'
}}
resource seen {STORAGE} existing = {{
  name: uniqueString(zeta.id)
}}
var id = Alpha.id
resource user 'Microsoft.Web/serverfarms@2023-01-01' = {{
  name: 'user'
  tags: {{
    one: id
    two: seen.id
  }}
  dependsOn: [
    zeta
  ]
}}
"""
    )
    assert made["resources"][2]["dependsOn"] == [
        "[resourceId('Microsoft.Storage/storageAccounts', 'alpha')]",
        "[resourceId('Microsoft.Storage/storageAccounts', 'zeta')]",
    ]


def test_item_of_a_looped_parent_moves_with_its_index() -> None:
    made = template(
        f"""
param names array
resource accounts {STORAGE} = [for name in names: {{
  name: 'st${{name}}'
}}]
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-01-01' = [for i in range(0, 2): {{
  parent: accounts[i]
  name: 'default'
}}]
"""
    )
    item = "format('st{0}', parameters('names')[range(0, 2)[copyIndex()]])"
    assert made["resources"][1]["name"] == f"[format('{{0}}/{{1}}', {item}, 'default')]"
    assert made["resources"][1]["dependsOn"] == [f"[resourceId('Microsoft.Storage/storageAccounts', {item})]"]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("resourceGroup('rg')", {"resourceGroup": "rg"}),
        ("resourceGroup('sub', 'rg')", {"subscriptionId": "sub", "resourceGroup": "rg"}),
        ("subscription()", {"subscriptionId": "[subscription().subscriptionId]", "location": "[resourceGroup().location]"}),
        ("tenant()", {"scope": "/", "location": "[resourceGroup().location]"}),
        ("resourceGroup()", {}),
    ],
)
def test_scope_of_a_module(scope: str, expected: dict[str, str]) -> None:
    kind = scope.partition("(")[0]
    made = template(f"module m 'a.bicep' = {{\n  name: 'm'\n  scope: {scope}\n}}\n", a=f"targetScope = '{kind}'\n")
    found = made["resources"][0]
    assert {key: found[key] for key in ("scope", "subscriptionId", "resourceGroup", "location") if key in found} == expected


def test_outputs_of_modules() -> None:
    made = template(
        """
module m 'a.bicep' = {
  name: 'm'
}
output plain string = m.outputs.plain
output secret string = m.outputs.secret
output loose object = m.outputs
""",
        a="output plain string = 'a'\n@secure()\noutput secret string = 'b'\n",
    )
    assert {name: output["value"] for name, output in made["outputs"].items()} == {
        "plain": "[reference('m').outputs.plain.value]",
        "secret": "[listOutputsWithSecureValues('m', '2025-04-01').secret]",
        "loose": "[listOutputsWithSecureValues('m', '2025-04-01')]",
    }


def test_secret_of_a_key_vault_for_a_module_parameter() -> None:
    made = template(
        """
param keep bool
resource kv 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: 'kv'
}
module m 'a.bicep' = {
  name: 'm'
  params: {
    one: kv.getSecret('s', 'v')
    two: keep ? kv.getSecret('s') : 'plain'
  }
}
""",
        a="@secure()\nparam one string\n@secure()\nparam two string\n",
    )
    vault = "resourceId('Microsoft.KeyVault/vaults', 'kv')"
    assert made["resources"][0]["properties"]["parameters"] == {
        "one": {"reference": {"keyVault": {"id": f"[{vault}]"}, "secretName": "s", "secretVersion": "v"}},
        "two": "[if(parameters('keep'), createObject('reference', createObject('keyVault', createObject('id', "
        f"{vault}), 'secretName', 's')), createObject('value', 'plain'))]",
    }


# ---------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("output o int = nothing\n", [("BCP057", 1, 16)]),
        ("output o int = lengt('a')\n", [("BCP082", 1, 16)]),
        ("output o int = sys.lengt('a')\n", [("BCP108", 1, 20)]),
        ("output o int = az.nothing('a')\n", [("BCP107", 1, 19)]),
        ("var length = 4\noutput o int = length('a')\n", [("BCP265", 2, 16)]),
        ("var a = 1\nvar a = 2\n", [("BCP028", 1, 5), ("BCP028", 2, 5)]),
        ("var sys = 1\n", [("BCP084", 1, 5)]),
        ("var a = b\nvar b = a\noutput o int = a\n", [("BCP080", 1, 9), ("BCP080", 2, 9), ("BCP062", 3, 16)]),
        ("var a = a\n", [("BCP079", 1, 9)]),
        ("var a = nothing\noutput o int = a\n", [("BCP057", 1, 9), ("BCP062", 2, 16)]),
        ("output o int = toUpper('a', 'b')\n", [("BCP071", 1, 23)]),
        ("output o string = newGuid()\n", [("BCP065", 1, 19)]),
        ("param p object = reference('x')\n", [("BCP066", 1, 18)]),
        ("output o array = map([1], x => nothing)\n", [("BCP070", 1, 27)]),
        ("output o bool = and(true, false)\n", [("BCP069", 1, 17)]),
        ("targetScope = 'subscription'\nvar g = resourceGroup()\n", [("BCP071", 2, 22)]),
        (f"resource r {STORAGE} existing = {{\n  name: 'r'\n}}\noutput o string = r::no.id\n", [("BCP159", 4, 22)]),
        ("func f() string => p\nparam p string\n", [("BCP057", 1, 20)]),
    ],
)
def test_names_that_mean_nothing(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert errors(compile_text(text)) == expected


def test_a_loop_variable_may_hide_anything() -> None:
    made = template("param name string\nvar names = [for name in ['a']: name]\noutput o string = name\n")
    assert made["outputs"]["o"]["value"] == "[parameters('name')]"
    assert made["variables"]["copy"][0]["input"] == "[createArray('a')[copyIndex('names')]]"


# ---------------------------------------------------------------------------------------------- refusals and warnings


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("var a = 9223372036854775807 + 1\n", "INF314"),
        ("var a = max([])\n", "INF315"),
        ("var a = json('{')\n", "BCP186"),
        ("assert a = true\n", "BCP349"),
        ("extension kubernetes\n", "INF310"),
        ("var a = loadTextContent(resourceGroup().name)\n", "BCP032"),
    ],
)
def test_refused(text: str, code: str) -> None:
    compiled = compile_text(text)
    assert compiled.template is None
    assert code in {found for found, _, _ in errors(compiled)}


def test_kept_mistakes_of_the_official_compiler_are_warned_of() -> None:
    compiled = compile_text(
        """
param apps array
resource sites 'Microsoft.Web/sites@2023-01-01' = [for name in apps: {
  name: name
}]
resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: sites[1]
  name: 'lock'
}
resource law 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: 'law'
}
output id string = lock.id
output customer string = law['properties'].customerId
"""
    )
    assert compiled.template is not None
    warned = [(found.code, found.line) for found in compiled.diagnostics if found.code.startswith("INF31")]
    assert warned == [("INF311", 13), ("INF312", 14)]
    outputs = compiled.template["outputs"]
    assert "parameters('apps')[copyIndex()]" in outputs["id"]["value"]
    assert outputs["customer"]["value"].endswith(", 'full').customerId]")


def test_experimental_asserts(tmp_path: Path) -> None:
    (tmp_path / "bicepconfig.json").write_text('{"experimentalFeaturesEnabled": {"assertions": true}}')
    source = tmp_path / "main.bicep"
    source.write_text("param n int\nassert small = n < 3\n")
    made = compile_file(source).template
    assert made is not None
    assert made["languageVersion"] == "2.1-experimental"
    assert made["asserts"] == {"small": "[less(parameters('n'), 3)]"}
