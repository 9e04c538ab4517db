"""Expressions to template expressions, one rule a row."""

from __future__ import annotations

from typing import Any

import pytest

from infra_lib.bicep.compiler import compile_text

HEAD = """
param n int = 1
param b bool = true
param o object = {}
param a array = []
param s string?
"""


def value_of(expression: str, head: str = HEAD) -> Any:
    """The JSON value of an expression as a variable's value."""
    compiled = compile_text(f"{head}\nvar x = {expression}\n")
    assert compiled.template is not None, [str(diagnostic) for diagnostic in compiled.diagnostics]
    return compiled.template["variables"]["x"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # literals
        ("'[x]'", "[[x]"),
        ("'[x'", "[x"),
        ("'[x] '", "[x] "),
        ("-5", -5),
        ("-2147483649", -2147483649),
        ("-(5)", "[sub(0, 5)]"),
        ("-n", "[sub(0, parameters('n'))]"),
        ("007", 7),
        ("max(2147483648, 0)", "[max(json('2147483648'), 0)]"),
        ("[true, null, 'a']", [True, None, "a"]),
        # interpolation
        ("'${n}'", "[format('{0}', parameters('n'))]"),
        ("'{0} ${n}'", "[format('{{0}} {0}', parameters('n'))]"),
        ("'{0}'", "{0}"),
        ("'${'a${n}'}c'", "[format('{0}c', format('a{0}', parameters('n')))]"),
        ("b ? '[x]' : 'it\\'s'", "[if(parameters('b'), '[x]', 'it''s')]"),
        # operators
        ("n != 1", "[not(equals(parameters('n'), 1))]"),
        ("'A' =~ 'a'", "[equals(toLower('A'), toLower('a'))]"),
        ("'A' !~ 'a'", "[not(equals(toLower('A'), toLower('a')))]"),
        ("n == 1 == b", "[equals(equals(parameters('n'), 1), parameters('b'))]"),
        ("s ?? 1 + 2", "[coalesce(parameters('s'), add(1, 2))]"),
        ("n - -1", "[sub(parameters('n'), -1)]"),
        # accesses
        ("o['p']", "[parameters('o').p]"),
        ("o['p-q']", "[parameters('o')['p-q']]"),
        ("o.?a.b[0]", "[tryGet(parameters('o'), 'a', 'b', 0)]"),
        ("o.?a.?b", "[tryGet(tryGet(parameters('o'), 'a'), 'b')]"),
        ("(o.?a).b", "[tryGet(parameters('o'), 'a').b]"),
        ("a[^1]", "[indexFromEnd(parameters('a'), 1)]"),
        ("a[?^1].x", "[tryIndexFromEnd(parameters('a'), 1, 'x')]"),
        ("o.?p[^1]", "[tryGet(parameters('o'), 'p', createObject('value', 1, 'fromEnd', true()))]"),
        ("any(1).x", "[int(1).x]"),
        ("any('x').y", "[string('x').y]"),
        ("any(1).?x", "[tryGet(1, 'x')]"),
        # spreads
        ("{...{}}", "[shallowMerge(createArray(createObject()))]"),
        ("{a: 1, ...o, c: 3}", "[shallowMerge(createArray(createObject('a', 1), parameters('o'), createObject('c', 3)))]"),
        ("[1, ...a]", "[flatten(createArray(createArray(1), parameters('a')))]"),
        # keys
        ("{copy: 1}", {"[string('copy')]": 1}),
        ("{'${n}': 1}", {"[format('{0}', parameters('n'))]": 1}),
        # lambdas and names
        ("map(a, i => i.x)", "[map(parameters('a'), lambda('i', lambdaVariables('i').x))]"),
        ("nameof(o.prop)", "prop"),
        ("sys.length(a)", "[length(parameters('a'))]"),
    ],
)  # fmt: skip
def test_value_in_the_template(expression: str, expected: Any) -> None:
    assert value_of(expression) == expected


def test_loop_in_a_property() -> None:
    compiled = compile_text(
        "param a array\nresource r 'Microsoft.Network/virtualNetworks@2023-04-01' = {\n  name: 'r'\n"
        "  properties: {p: [for (v, i) in a: '${v}${i}']}\n}\n"
    )
    assert compiled.template is not None
    assert compiled.template["resources"][0]["properties"] == {
        "copy": [{
            "name": "p",
            "count": "[length(parameters('a'))]",
            "input": "[format('{0}{1}', parameters('a')[copyIndex('p')], copyIndex('p'))]",
        }],
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [("5", "[int(5)]"), ("true", "[true()]"), ("null", "[null()]"), ("'a'", "a"),
     ("[i]", "[createArray(parameters('a')[copyIndex('x')])]"),
     ("{k: [i]}", {"k": ["[parameters('a')[copyIndex('x')]]"]})],
)  # fmt: skip
def test_input_of_a_looped_variable(body: str, expected: Any) -> None:
    compiled = compile_text(f"param a array\nvar x = [for i in a: {body}]\n")
    assert compiled.template is not None
    assert compiled.template["variables"]["copy"] == [{"name": "x", "count": "[length(parameters('a'))]", "input": expected}]


def test_variables_with_run_time_values_are_written_out() -> None:
    compiled = compile_text(
        """
resource sa 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: 'acct'
  location: 'x'
}
var id = sa.id
var bag = {
  endpoint: sa.properties.primaryEndpoints.blob
  fixed: 2
}
output fixed int = bag.fixed
output all object = bag
output id string = id
"""
    )
    assert compiled.template is not None
    run_time = "reference(resourceId('Microsoft.Storage/storageAccounts', 'acct'), '2023-01-01').primaryEndpoints.blob"
    outputs = {name: output["value"] for name, output in compiled.template["outputs"].items()}
    assert compiled.template["variables"] == {"id": "[resourceId('Microsoft.Storage/storageAccounts', 'acct')]"}
    assert outputs == {
        "fixed": f"[createObject('endpoint', {run_time}, 'fixed', 2).fixed]",
        "all": {"endpoint": f"[{run_time}]", "fixed": 2},
        "id": "[variables('id')]",
    }


@pytest.mark.parametrize("text", ["${sa.listKeys().keys[0].value}", "${sa.name}-${sa.listKeys().keys[0].value}"])
def test_a_variable_with_keys_is_written_out_wherever_the_keys_stand_in_it(text: str) -> None:
    """The template must not have listKeys() among its variables, which are evaluated before the deployment."""
    compiled = compile_text(
        f"""
resource sa 'Microsoft.Storage/storageAccounts@2023-01-01' existing = {{
  name: 'acct'
}}
var connection = '{text}'
output o string = connection
"""
    )
    assert compiled.template is not None
    assert "variables" not in compiled.template
    assert "listKeys(resourceId('Microsoft.Storage/storageAccounts', 'acct')" in compiled.template["outputs"]["o"]["value"]
