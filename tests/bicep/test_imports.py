"""What imports bring into a template, and what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra_lib.bicep.compiler import compile_text

LIBRARY = """
@export()
@description('an item')
type item = { n: part }
type part = int
var hidden = 'h'
@export()
var shown = '${hidden}!'
@export()
var list = [for i in range(0, 2): '${shown}${i}']
@export()
func make(n int) string => '${shown}${inner(n)}'
func inner(n int) int => n + 1
"""


def compiled(source: str, others: dict[str, Any]) -> dict[str, Any]:
    texts = {name: text if isinstance(text, str) else json.dumps(text) for name, text in others.items()}
    result = compile_text(source, path="/p/main.bicep", others=texts)
    assert result.template is not None, [str(diagnostic) for diagnostic in result.diagnostics]
    return result.template


def codes(source: str, others: dict[str, str]) -> list[tuple[str, int, int]]:
    result = compile_text(source, path="/p/main.bicep", others=others)
    return [(d.code, d.line or 0, d.column or 0) for d in result.diagnostics if d.is_error]


def test_a_symbol_imported_by_name_keeps_it_and_what_it_needs_gets_a_generated_one() -> None:
    template = compiled("import { item as thing } from 'lib/a.bicep'\nparam x thing\n", {"/p/lib/a.bicep": LIBRARY})
    assert template["parameters"]["x"] == {"$ref": "#/definitions/thing"}
    assert template["definitions"] == {
        "_1.part": {"type": "int", "metadata": {"__bicep_imported_from!": {"sourceTemplate": "lib/a.bicep"}}},
        "thing": {
            "type": "object",
            "properties": {"n": {"$ref": "#/definitions/_1.part"}},
            "metadata": {
                "description": "an item",
                "__bicep_imported_from!": {"sourceTemplate": "lib/a.bicep", "originalIdentifier": "item"},
            },
        },
    }


def test_a_wildcard_brings_every_export_and_what_they_need() -> None:
    source = "import * as lib from 'lib/a.bicep'\noutput o string = lib.make(1)\noutput s string = lib.shown\n"
    template = compiled(source, {"/p/lib/a.bicep": LIBRARY})
    assert sorted(template["definitions"]) == ["_1.item", "_1.part"]
    assert [group["namespace"] for group in template["functions"]] == ["_1"]
    assert list(template["functions"][0]["members"]) == ["inner", "make"]
    make = template["functions"][0]["members"]["make"]
    assert make["output"]["value"] == "[format('{0}{1}', variables('_1.shown'), _1.inner(parameters('n')))]"
    assert make["metadata"] == {"__bicep_imported_from!": {"sourceTemplate": "lib/a.bicep"}}
    assert template["variables"]["copy"] == [
        {
            "name": "_1.list",
            "count": "[length(range(0, 2))]",
            "input": "[format('{0}{1}', variables('_1.shown'), range(0, 2)[copyIndex('_1.list')])]",
        }
    ]
    assert {name: value for name, value in template["variables"].items() if name != "copy"} == {
        "_1.hidden": "h",
        "_1.shown": "[format('{0}!', variables('_1.hidden'))]",
    }
    assert template["outputs"]["o"]["value"] == "[_1.make(1)]"
    assert template["outputs"]["s"]["value"] == "[variables('_1.shown')]"


def test_files_are_numbered_in_the_order_of_their_paths() -> None:
    text = "@export()\ntype t = string\n"
    source = "import * as b from 'b.bicep'\nimport * as a from '../z.bicep'\nparam x a.t\nparam y b.t\n"
    template = compiled(source, {"/p/b.bicep": text, "/z.bicep": text})
    assert template["parameters"] == {"x": {"$ref": "#/definitions/_1.t"}, "y": {"$ref": "#/definitions/_2.t"}}
    assert template["definitions"]["_1.t"]["metadata"]["__bicep_imported_from!"] == {"sourceTemplate": "../z.bicep"}


def test_imports_reach_through_files() -> None:
    middle = "import { t as u } from 'deep.bicep'\n@export()\ntype m = u[]\n"
    template = compiled(
        "import { m } from 'middle.bicep'\nparam x m\n",
        {"/p/middle.bicep": middle, "/p/deep.bicep": "@export()\ntype t = string\n"},
    )
    assert template["definitions"]["m"]["items"] == {"$ref": "#/definitions/_1.t"}
    assert template["definitions"]["_1.t"]["metadata"]["__bicep_imported_from!"] == {"sourceTemplate": "deep.bicep"}


def test_a_symbol_imported_by_name_is_the_same_in_a_wildcard() -> None:
    source = "import { item } from 'a.bicep'\nimport * as lib from 'a.bicep'\nparam x lib.item\nparam y item\n"
    template = compiled(source, {"/p/a.bicep": LIBRARY})
    assert template["parameters"]["x"] == template["parameters"]["y"] == {"$ref": "#/definitions/item"}


JSON_LIBRARY: dict[str, Any] = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "languageVersion": "2.0",
    "contentVersion": "1.0.0.0",
    "metadata": {"__bicep_exported_variables!": [{"name": "v"}]},
    "definitions": {
        "t": {
            "type": "object",
            "properties": {"a": {"$ref": "#/definitions/_1.u"}, "s": {"type": "securestring", "minLength": 2}},
            "additionalProperties": False,
            "metadata": {"__bicep_export!": True, "description": "d", "other": 1},
        },
        "_1.u": {"type": "string", "allowedValues": ["b", "a"], "nullable": True},
    },
    "functions": [
        {
            "namespace": "__bicep",
            "members": {
                "f": {
                    "parameters": [{"type": "int", "name": "n"}],
                    "output": {"type": "string", "value": "[format('variables(''v''){0}{1}', variables('v'), __bicep.g())]"},
                    "metadata": {"__bicep_export!": True},
                },
                "g": {"parameters": [], "output": {"type": "string", "value": "g"}},
            },
        }
    ],
    "variables": {"copy": [{"name": "v", "count": 2, "input": "[copyIndex('v')]"}]},
    "resources": [],
}


def test_imports_from_a_json_template() -> None:
    source = "import * as j from 'j.json'\nparam x j.t.s\noutput o string = j.f(1)\n"
    template = compiled(source, {"/p/j.json": JSON_LIBRARY})
    origin = {"sourceTemplate": "j.json"}
    assert template["parameters"]["x"] == {"$ref": "#/definitions/_1.t/properties/s"}
    assert template["definitions"]["_1.t"] == {
        "type": "object",
        "properties": {"a": {"$ref": "#/definitions/_1._2"}, "s": {"type": "securestring", "minLength": 2}},
        "additionalProperties": False,
        "metadata": {"other": 1, "description": "d", "__bicep_imported_from!": origin},
    }
    assert template["definitions"]["_1._2"] == {
        "type": "string",
        "allowedValues": ["a", "b"],
        "nullable": True,
        "metadata": {"__bicep_imported_from!": {**origin, "originalIdentifier": "#/definitions/_1.u"}},
    }
    (group,) = template["functions"]
    assert group["members"]["f"]["output"]["value"] == "[format('variables(''v''){0}{1}', variables('_1.v'), _1.g())]"
    assert template["variables"] == {"copy": [{"name": "_1.v", "count": "[length(range(0, 2))]", "input": "[copyIndex('_1.v')]"}]}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("[ concat( variables('other') ,'b' ) ]", "[concat(variables('_1.other'), 'b')]"),
        ("[variables('other')['name'][ 'a-b' ][0]]", "[variables('_1.other').name['a-b'][0]]"),
        ("['plain']", "plain"),
        ("[[plain]", "[[plain]"),
        ("[add(5000000000, -1)]", "[add(json('5000000000'), -1)]"),
        ({"[variables('other')]": [1.5, None, True, "x"]}, {"[variables('_1.other')]": ["[json('1.5')]", None, True, "x"]}),
    ],
)
def test_values_of_a_json_template_are_written_anew(value: Any, written: Any) -> None:
    library = {**JSON_LIBRARY, "variables": {"v": value, "other": {}}, "functions": []}
    template = compiled("import { v } from 'j.json'\nvar w = v", {"/p/j.json": library})
    assert template["variables"]["v"] == written


def test_loops_of_a_json_template_that_begin_with_another_index() -> None:
    loop = {"name": "v", "count": "[ variables('n') ]", "input": "[ concat('a', copyIndex( 'V', 3 ), copyIndex('v')) ]"}
    library = {**JSON_LIBRARY, "variables": {"n": 2, "copy": [loop]}, "functions": []}
    template = compiled("import * as j from 'j.json'\nvar w = j.v", {"/p/j.json": library})
    assert template["variables"]["copy"] == [
        {
            "name": "_1.v",
            "count": "[length(range(0, variables('_1.n')))]",
            "input": "[concat('a', add(copyIndex('_1.v'), 3), copyIndex('_1.v'))]",
        }
    ]


def test_an_expression_that_cannot_be_read_is_refused() -> None:
    library = {**JSON_LIBRARY, "variables": {"v": "[concat(]"}, "functions": []}
    assert [code for code, _, _ in codes("import { v } from 'j.json'\nvar w = v", {"/p/j.json": json.dumps(library)})] == [
        "INF310"
    ]


def test_exported_variables_are_listed_by_name() -> None:
    template = compiled("@export()\nvar b = 1\n@export()\n@description('d')\nvar a string = 'x'\n", {})
    assert template["metadata"]["__bicep_exported_variables!"] == [
        {"name": "a", "description": "d", "type": {"type": "string"}},
        {"name": "b"},
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import { nope } from 'a.bicep'", [("BCP360", 1, 10)]),
        ("import { part } from 'a.bicep'", [("BCP360", 1, 10)]),
        ("import { item, item as again } from 'a.bicep'", [("BCP362", 1, 10), ("BCP362", 1, 16)]),
        ("import * as lib from 'a.bicep'\nparam x lib.nothing", [("BCP053", 2, 13)]),
        ("import { shown } from 'a.bicep'\nparam x shown", [("BCP287", 2, 9)]),
        ("import { make } from 'a.bicep'\noutput o string = make()", [("BCP071", 2, 23)]),
        ("import * as lib from 'a.bicep'\noutput o string = lib.zzz()", [("BCP107", 2, 23)]),
        ("import { item }", [("BCP012", 1, 16), ("BCP358", 1, 16)]),
        ("param p string\n@export()\nvar v = p", [("BCP372", 2, 1)]),
        ("param p string\nvar v = p\n@export()\nfunc f() string => v", [("BCP372", 3, 1)]),
    ],
)
def test_mistakes(source: str, expected: list[tuple[str, int, int]]) -> None:
    assert codes(source + "\n", {"/p/a.bicep": LIBRARY}) == expected


def test_ambiguous_exports_of_a_json_template() -> None:
    exported = {"__bicep_exported_variables!": [{"name": "v"}, {"name": "t"}]}
    library = {**JSON_LIBRARY, "metadata": exported, "variables": {"v": 1, "t": 2}}
    source = "import * as j from 'j.json'\nimport { t } from 'j.json'\n"
    assert codes(source, {"/p/j.json": json.dumps(library)}) == [("BCP374", 1, 8), ("BCP373", 2, 10)]
