"""Schemas of types: what the official compiler's rules say, one rule a case."""

from __future__ import annotations

from typing import Any

import pytest

from infra_lib.bicep.compiler import Compilation, compile_text
from infra_lib.resource_types import nodes
from infra_lib.resource_types.catalog import EMPTY, Catalog


class OneType(Catalog):
    """A catalog of one storage account type."""

    @property
    def source(self) -> str:
        return "a test"

    def find(self, type_name: str, api_version: str) -> nodes.ResourceType | None:
        if type_name.lower() != "microsoft.storage/storageaccounts" or api_version != "2023-01-01":
            return None
        text = nodes.StringType()
        kinds = nodes.UnionType([lambda: nodes.StringLiteralType("A"), lambda: nodes.StringLiteralType("B")])
        rule = nodes.ObjectType("rule", [nodes.Property("value", lambda: text)])
        body = nodes.ObjectType(
            "body",
            [
                nodes.Property("kind", lambda: kinds),
                nodes.Property("rules", lambda: nodes.ArrayType(lambda: rule)),
                nodes.Property("state", lambda: text, read_only=True),
            ],
        )
        return nodes.ResourceType("Microsoft.Storage/storageAccounts", "2023-01-01", lambda: body)

    def versions(self, type_name: str) -> tuple[str, ...]:
        return ("2023-01-01",)

    def type_names(self) -> Any:
        return iter(("Microsoft.Storage/storageAccounts",))


def compiled(source: str, catalog: Catalog | None = None) -> dict[str, Any]:
    result = compile_text(source, catalog=catalog)
    assert result.template is not None, [str(diagnostic) for diagnostic in result.diagnostics]
    return result.template


def schema(type_text: str, *declarations: str) -> dict[str, Any]:
    template = compiled("\n".join([*declarations, f"param x {type_text}"]))
    found: dict[str, Any] = template["parameters"]["x"]
    return found


def codes(result: Compilation) -> list[tuple[str, int, int]]:
    return [(d.code, d.line or 0, d.column or 0) for d in result.diagnostics if d.is_error]


@pytest.mark.parametrize(
    ("type_text", "expected"),
    [
        ("string", {"type": "string"}),
        ("sys.int", {"type": "int"}),
        ("any", {}),
        ("'a'", {"type": "string", "allowedValues": ["a"]}),
        ("-5", {"type": "int", "allowedValues": [-5]}),
        ("'[x]'", {"type": "string", "allowedValues": ["[[x]"]}),
        ("string?", {"type": "string", "nullable": True}),
        ("string!", {"type": "string", "nullable": False}),
        ("10 | 2 | -3 | 0", {"type": "int", "allowedValues": [-3, 0, 10, 2]}),
        ("'a' | 'a b' | 'a'", {"type": "string", "allowedValues": ["a b", "a"]}),
        ("true | false", {"type": "bool", "allowedValues": [False, True]}),
        ("'a' | null", {"type": "string", "allowedValues": ["a"], "nullable": True}),
        ("('a' | null)[]", {"type": "array", "allowedValues": ["a", None]}),
        ("('a' | 1)[]", {"type": "array", "allowedValues": ["a", 1]}),
        ("string[]", {"type": "array", "items": {"type": "string"}}),
        ("'x'[]", {"type": "array", "allowedValues": ["x"]}),
        ("'x'[][]", {"type": "array", "items": {"type": "array", "allowedValues": ["x"]}}),
        ("{ x: 'd', n: 1 }[]", {"type": "array", "allowedValues": [{"n": 1, "x": "d"}]}),
        ("{ x: 'd'? }[]", {"type": "array", "items": {
            "type": "object", "properties": {"x": {"type": "string", "allowedValues": ["d"], "nullable": True}}}}),
        ("{}", {"type": "object", "properties": {}}),
        ("{ *: int }", {"type": "object", "properties": {}, "additionalProperties": {"type": "int"}}),
        ("[string, int?]", {
            "type": "array", "prefixItems": [{"type": "string"}, {"type": "int", "nullable": True}], "items": False}),
        ("[]", {"type": "array", "prefixItems": [], "items": False}),
    ],
)  # fmt: skip
def test_schemas(type_text: str, expected: dict[str, Any]) -> None:
    found = schema(type_text)
    assert found == expected
    assert list(found) == list(expected)


LITERAL = "type lit = 'l'"
OBJECT = "type t = {\n a: string\n b: int?\n 'c~d/e f%': bool[]\n e: [int, string]\n *: { k: bool }\n}"


@pytest.mark.parametrize(
    ("type_text", "expected"),
    [
        ("lit", {"$ref": "#/definitions/lit"}),
        ("lit?", {"$ref": "#/definitions/lit", "nullable": True}),
        ("lit[]", {"type": "array", "items": {"$ref": "#/definitions/lit"}}),
        ("lit | 'k'", {"type": "string", "allowedValues": ["k", "l"]}),
        ("{ x: lit }[]", {"type": "array", "allowedValues": [{"x": "l"}]}),
        ("t.a", {"$ref": "#/definitions/t/properties/a"}),
        ("t.b!", {"$ref": "#/definitions/t/properties/b", "nullable": False}),
        ("t['c~d/e f%'][*]", {"$ref": "#/definitions/t/properties/c~0d~1e%20f%25/items"}),
        ("t.e[0]", {"$ref": "#/definitions/t/properties/e/prefixItems/0"}),
        ("t.*", {"$ref": "#/definitions/t/additionalProperties"}),
        ("t.*.k", {"$ref": "#/definitions/t/additionalProperties/properties/k"}),
    ],
)
def test_references(type_text: str, expected: dict[str, Any]) -> None:
    assert schema(type_text, LITERAL, OBJECT) == expected


def test_a_part_of_an_alias_is_looked_up_where_it_is_written() -> None:
    assert schema("u.p.a", OBJECT, "type u = { p: t }") == {"$ref": "#/definitions/t/properties/a"}


def test_discriminated_unions_map_values_to_members_in_order_of_writing() -> None:
    source = """
type b = { kind: 'b', n: int }
@discriminator('kind')
type inner = { kind: 'c' } | { kind: 'a' }
@discriminator('kind')
type outer = (b | inner)?
"""
    outer = compiled(source)["definitions"]["outer"]
    assert outer["discriminator"]["propertyName"] == "kind"
    assert list(outer["discriminator"]["mapping"]) == ["b", "c", "a"]
    assert outer["discriminator"]["mapping"]["b"] == {"$ref": "#/definitions/b"}
    assert outer["nullable"] is True


def test_decorators_of_members_are_written_in_the_official_order() -> None:
    source = """
type t = {
  @description('d')
  @maxLength(3)
  @metadata({ m: 1 })
  @secure()
  s: string?
  @sealed()
  o: {}
}
"""
    properties = compiled(source)["definitions"]["t"]["properties"]
    assert properties["s"] == {"type": "securestring", "nullable": True, "metadata": {"m": 1, "description": "d"}, "maxLength": 3}
    assert list(properties["s"]) == ["type", "nullable", "metadata", "maxLength"]
    assert properties["o"] == {"type": "object", "properties": {}, "additionalProperties": False}


def test_types_derived_from_resource_types() -> None:
    source = """
param kind resourceInput<'microsoft.storage/STORAGEACCOUNTS@2023-01-01'>.kind
param rule resourceOutput<'Microsoft.Storage/storageAccounts@2023-01-01'>.rules[*].value?
param tags resourceInput<'Microsoft.Storage/storageAccounts@2023-01-01'>.tags
"""
    parameters = compiled(source, OneType())["parameters"]
    account = "Microsoft.Storage/storageAccounts@2023-01-01"
    key = "__bicep_resource_derived_type!"
    assert parameters["kind"] == {"type": "string", "metadata": {key: {"source": f"{account}#properties/kind"}}}
    assert parameters["rule"] == {
        "type": "string",
        "metadata": {key: {"source": f"{account}#properties/rules/items/properties/value", "output": True}},
        "nullable": True,
    }
    assert parameters["tags"]["type"] == "object"


def test_derived_types_need_a_catalog() -> None:
    source = "param kind resourceInput<'Microsoft.Storage/storageAccounts@2023-01-01'>.kind\n"
    for catalog in (None, EMPTY):
        result = compile_text(source, catalog=catalog)
        assert codes(result) == [("INF302", 1, 12)]
        assert "infra resource-types import" in str(result.diagnostics[0])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("param x nope", [("BCP302", 1, 9)]),
        ("var v = 1\nparam x v", [("BCP287", 2, 9)]),
        ("type t = string\nvar v = t", [("BCP288", 2, 9)]),
        ("type t = null", [("BCP289", 1, 10)]),
        ("param x string | int", [("BCP294", 1, 9)]),
        ("param x string | 'a'", [("BCP293", 1, 9)]),
        ("param x 'a' | 1", [("BCP294", 1, 9)]),
        ("type t = { a: t }", [("BCP298", 1, 6)]),
        ("type t = { a: t[] }", [("BCP298", 1, 6)]),
        ("type t = t", [("BCP298", 1, 6)]),
        ("type a = { b: b }\ntype b = { a: a }", [("BCP299", 1, 6), ("BCP299", 2, 6)]),
        ("type t = { a: t[]?, *: t }", []),
        ("type t = { a: string, a: int }", [("BCP025", 1, 23)]),
        ("type t = { a: string, A: int }", [("BCP353", 1, 12), ("BCP353", 1, 23)]),
        ("type t = { *: string, *: int }", [("BCP315", 1, 12), ("BCP315", 1, 23)]),
        ("type t = { aaa: string }\nparam x t.zzz", [("BCP053", 2, 11)]),
        ("type t = { name: string }\nparam x t.nme", [("BCP083", 2, 11)]),
        ("type t = [int]\nparam x t[1]", [("BCP311", 2, 11)]),
        ("type t = [int]\nparam x t[-1]", [("BCP387", 2, 11)]),
        ("type t = string\nparam x t[0]", [("BCP388", 2, 11)]),
        ("type t = { a: int }\nparam x t.*", [("BCP389", 2, 11)]),
        ("type t = { a: int }\nparam x t[*]", [("BCP390", 2, 10)]),
        ("type t = { a: int }\nparam x (t).a", [("BCP391", 2, 9)]),
        ("param x string<'a'>", [("BCP383", 1, 9)]),
        ("param x resourceInput", [("BCP384", 1, 9)]),
        ("param x resourceInput<'a'>.b", [("BCP029", 1, 23)]),
        ("param x sys", [("BCP306", 1, 9)]),
        ("param x string? = 'a'", [("BCP326", 1, 17)]),
        ("param x nope\noutput o string = x", [("BCP302", 1, 9), ("BCP062", 2, 19)]),
        ("type a = { b: nope }\nparam x a", [("BCP302", 1, 15), ("BCP062", 2, 9)]),
    ],
)
def test_mistakes_of_types(source: str, expected: list[tuple[str, int, int]]) -> None:
    assert codes(compile_text(source + "\n")) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("@minLength(1)\n@minLength(2)\nparam x string", [("BCP166", 1, 1), ("BCP166", 2, 1)]),
        ("@description('a')\n@sys.description('b')\nparam x string", []),
        ("@minValue(3)\n@maxValue(2)\nparam x int", [("BCP331", 1, 1)]),
        ("@minLength(-1)\nparam x string", [("BCP168", 1, 12)]),
        ("@minLength(1)\nparam x int", [("BCP124", 1, 1)]),
        ("type t = string\n@minLength(1)\nparam x t", [("BCP308", 2, 1)]),
        ("type t = string\n@minLength(1)\nparam x t[]", []),
        ("@minLength(1)\nparam x 'a' | 'b'", [("BCP295", 1, 1)]),
        ("@minValue(2)\nparam x 1 | 2", []),
        ("@sealed()\nparam x { *: int }", [("BCP316", 1, 1)]),
        ("@discriminator('k')\nparam x { k: 'a' }", [("BCP363", 1, 1)]),
        ("@discriminator('k')\nparam x { k: 'a' } | { k: 'A' }", [("BCP365", 2, 22)]),
        ("@discriminator('k')\nparam x { k: 'a' } | { k: string }", [("BCP364", 2, 22)]),
        ("@discriminator('k')\nparam x { k: 'a' } | null", [("BCP286", 2, 22)]),
        ("@secure()\nvar x = 'a'", [("BCP126", 1, 2)]),
        ("var d = 'a'\n@description(d)\nparam x string", [("BCP032", 2, 14)]),
    ],
)
def test_mistakes_of_decorators(source: str, expected: list[tuple[str, int, int]]) -> None:
    assert codes(compile_text(source + "\n")) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("@description('a')", [("BCP132", 1, 1)]),
        ("@description('a')\n@allowed([1])\n", [("BCP147", 2, 1)]),
        ("@secure()", [("BCP292", 1, 1)]),
        ("@batchSize(1)", [("BCP153", 1, 1)]),
    ],
)
def test_decorators_with_nothing_below_them(source: str, expected: list[tuple[str, int, int]]) -> None:
    assert codes(compile_text(source + "\n")) == expected
