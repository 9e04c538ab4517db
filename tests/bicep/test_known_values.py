"""What is known while compiling: texts that have to be, property names, ids that two resources share, calculations."""

from __future__ import annotations

import pytest

from infra_lib.bicep.compiler import Compilation, compile_text

STORAGE = "'Microsoft.Storage/storageAccounts@2023-01-01'"
FILES = {"/greeting.txt": b"hello", "/path.txt": b"greeting.txt", "/config.json": b'{"names": ["same", "other"]}'}


def compiled(text: str) -> Compilation:
    return compile_text(text, others=FILES)


def codes(text: str) -> list[str]:
    return [found.code for found in compiled(text).diagnostics]


@pytest.mark.parametrize(
    "path",
    [
        "files.text",
        "files['text']",
        "list[1]",
        "list[^1]",
        "last(list)",
        "true ? 'greeting.txt' : 'absent.txt'",
        "toLower('GREETING.TXT')",
        "'${first(parts)}.${parts[1]}'",
        "join(parts, '.')",
        "1 == 1 && !false ? list[1] : name",
        "null ?? 'greeting.txt'",
        "found",
        "loadTextContent('path.txt')",
    ],
)
def test_paths_that_are_known(path: str) -> None:
    text = f"""
param name string
output content string = loadTextContent({path})
var found = loadTextContent(files.path)
var files = {{
  text: 'greeting.txt'
  path: 'path.txt'
}}
var list = ['absent.txt', 'greeting.txt']
var parts = ['greeting', 'txt']
"""
    made = compiled(text)
    assert made.template is not None, made.diagnostics
    assert "hello" in str(made.template)


@pytest.mark.parametrize(
    "path", ["name", "files[name]", "list[2]", "flag ? 'a.txt' : 'b.txt'", "[for x in list: x][0]", "'${list}'"]
)
def test_paths_that_are_not(path: str) -> None:
    text = "param name string\nparam flag bool\nvar files = { a: 'a.txt' }\nvar list = ['a.txt', 'b.txt']\n"
    assert "BCP032" in codes(f"{text}output content string = loadTextContent({path})\n")


def test_a_call_that_fails_is_reported_alone() -> None:
    assert codes("output content string = loadTextContent(loadTextContent('absent.txt'))\n") == ["BCP091"]


# ---------------------------------------------------------------------------------------------- properties read by a known name


@pytest.mark.parametrize(
    ("key", "is_known"),
    [
        ("key", True),
        ("'${key}'", True),
        ("'${'i'}d'", True),
        ("keys[0]", True),
        ("first(keys)", True),
        ("flag ? 'id' : 'name'", True),
        ("flag ? first(keys) : key", True),
        ("keys[1]", False),
        ("flag ? 'id' : 'location'", False),
        ("given", False),
    ],
)
def test_properties_of_a_resource_by_a_computed_name(key: str, is_known: bool) -> None:
    text = f"""
param flag bool
param given string
var key = 'id'
var keys = ['id', 'properties']
resource one {STORAGE} = {{
  name: 'one'
}}
resource many {STORAGE} = [for i in range(0, 2): {{
  name: 'many${{i}}'
}}]
var looped = [for i in range(0, 2): {{
  one: one[{key}]
  many: many[i][{key}]
}}]
"""
    assert codes(text) == ([] if is_known else ["BCP182", "BCP182"])


# ---------------------------------------------------------------------------------------------- shared ids


def two(first: str, second: str, *, condition: str = "true") -> str:
    return f"""
param flag bool
var names = {{
  a: 'same'
}}
var config = loadJsonContent('config.json')
resource base {STORAGE} existing = {{
  name: 'same'
  scope: resourceGroup('elsewhere')
}}
resource a {STORAGE} = {{
  name: {first}
}}
resource b {STORAGE} = if ({condition}) {{
  name: {second}
}}
"""


@pytest.mark.parametrize("name", ["names.a", "base.name", "'sa${'me'}'", "toLower('SAME')", "config.names[0]", "any('same')"])
def test_names_that_are_one(name: str) -> None:
    expected = [] if name.startswith("any") else ["BCP121", "BCP121"]
    assert codes(two("'same'", name)) == expected


def test_names_of_resources_that_may_not_be_deployed_together() -> None:
    assert codes(two("'same'", "'same'", condition="flag")) == []
    assert codes(two("'same'", "'same'", condition="1 > 2")) == []
    assert codes(two("'same'", "'same'", condition="length('ab') == 2 || flag")) == ["BCP121", "BCP121"]


def test_a_child_named_by_its_parent() -> None:
    text = f"""
resource a {STORAGE} = {{
  name: 'a'
}}
resource b 'Microsoft.Storage/storageAccounts/blobServices@2023-01-01' = {{
  name: '${{a.name}}/default'
}}
resource c 'Microsoft.Storage/storageAccounts/blobServices@2023-01-01' = {{
  name: 'a/default'
}}
"""
    assert codes(text) == ["BCP121", "BCP121"]


# ---------------------------------------------------------------------------------------------- calculations


@pytest.mark.parametrize(
    ("calculation", "expected"),
    [
        ("9223372036854775807 + 1", ["INF314"]),
        ("-9223372036854775807 - 2", ["INF314"]),
        ("4611686018427387904 * 4", ["BCP234"]),
        ("1 / 0", ["BCP234"]),
        ("1 % zero", ["BCP410", "BCP234"]),
        ("count % 0", ["BCP410"]),
        ("count / zero", []),
        ("7 % 2", []),
    ],
)
def test_calculations_without_a_result(calculation: str, expected: list[str]) -> None:
    assert codes(f"param count int\nvar zero = 2 - 2\noutput o int = {calculation}\n") == sorted(expected)


def test_a_product_that_is_too_large_is_left_to_the_deployment() -> None:
    made = compiled("var a = 4611686018427387904 * 4\n")
    assert made.template is not None
    assert made.template["variables"] == {"a": "[mul(json('4611686018427387904'), 4)]"}


def test_a_variable_without_a_value_spoils_its_uses() -> None:
    assert codes("var a = 1 % 0\noutput o int = a\n") == ["BCP234", "BCP410", "BCP062"]
