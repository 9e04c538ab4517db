"""Mistakes of structure: the code and the place that the official compiler gives them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra_lib.bicep.compiler import compile_text
from infra_lib.resource_types.catalog import Catalog
from infra_lib.resource_types.nodes import ObjectType, ResourceType, Scopes

STORAGE = "'Microsoft.Storage/storageAccounts@2023-01-01'"
BLOBS = "'Microsoft.Storage/storageAccounts/blobServices@2023-01-01'"
VAULT = "'Microsoft.KeyVault/vaults@2023-07-01'"
NETWORK = "'Microsoft.Network/virtualNetworks@2023-04-01'"
LOCK = "'Microsoft.Authorization/locks@2020-05-01'"
MODULE = {"/m.bicep": "param p string = ''\n@secure()\nparam s string = ''\noutput o string = p\n"}


_SCOPES = {
    "microsoft.storage/storageaccounts": (Scopes.RESOURCE_GROUP, Scopes.RESOURCE_GROUP),
    "microsoft.test/facts": (Scopes.RESOURCE_GROUP | Scopes.SUBSCRIPTION, Scopes.NONE),
}


class ScopedTypes(Catalog):
    """Types whose scopes are known: one for resource groups alone, one that can only be read."""

    @property
    def source(self) -> str:
        return "test"

    @property
    def is_empty(self) -> bool:
        return False

    def find(self, type_name: str, api_version: str) -> ResourceType | None:
        known = _SCOPES.get(type_name.lower())
        if known is None:
            return None
        return ResourceType(
            type_name, api_version, lambda: ObjectType("", {}), readable_scopes=known[0], writable_scopes=known[1]
        )

    def versions(self, type_name: str) -> tuple[str, ...]:
        return ("2023-01-01",)

    def type_names(self) -> Iterator[str]:
        return iter(_SCOPES)


def found(text: str, catalog: Catalog | None = None) -> list[tuple[str, str]]:
    """The codes with the text that each stands on (its first line)."""
    compiled = compile_text(text, others=MODULE, catalog=catalog)
    lines = text.split("\n")
    result = []
    for diagnostic in compiled.diagnostics:
        assert diagnostic.line is not None
        assert diagnostic.column is not None
        assert diagnostic.end_column is not None
        line = lines[diagnostic.line - 1]
        end = diagnostic.end_column - 1 if diagnostic.end_line == diagnostic.line else len(line)
        result.append((diagnostic.code, line[diagnostic.column - 1 : end]))
    return result


def resource(name: str, type_: str, *body: str, existing: bool = False) -> str:
    keyword = " existing" if existing else ""
    return f"resource {name} {type_}{keyword} = {{\n" + "".join(f"  {line}\n" for line in body) + "}\n"


# ---------------------------------------------------------------------------------------------- types of resources


@pytest.mark.parametrize(
    ("type_", "code"),
    [
        ("'bad'", "BCP029"),
        ("'Microsoft.Storage/storageAccounts'", "BCP029"),
        ("'Microsoft.Storage/storageAccounts@soon'", "BCP029"),
        ("'nowhere:core/Pod@v1'", "BCP208"),
        ("'sys:core/Pod@v1'", "BCP209"),
        ("'${1}/y@2020-01-01'", "BCP047"),
    ],
)
def test_a_type_that_is_none_is_reported_and_spoils_the_resource(type_: str, code: str) -> None:
    text = resource("a", type_, "name: 'x'") + "output o string = a.id\n"
    assert found(text) == [(code, type_), ("BCP062", "a")]


def test_a_type_with_the_name_space_az() -> None:
    compiled = compile_text(resource("a", "'az:Microsoft.Network/virtualNetworks@2023-04-01'", "name: 'x'"))
    assert compiled.template is not None
    assert compiled.template["resources"][0]["type"] == "Microsoft.Network/virtualNetworks"


def test_nested_types() -> None:
    inner = "resource c 'a' = {\n    name: 'c'\n  }"
    text = resource("a", STORAGE, "name: 'x'", f"resource b {BLOBS} = {{", "name: 'b'", inner, "}")
    assert found(text) == [("BCP156", BLOBS), ("BCP157", "'a'")]


# ---------------------------------------------------------------------------------------------- scopes


def test_scopes_that_a_type_cannot_be_at() -> None:
    body = resource("a", STORAGE, "name: 'x'", "location: 'l'")
    assert found("targetScope = 'subscription'\n" + body, ScopedTypes()) == [("BCP135", "{")]
    existing = resource("a", STORAGE, "name: 'x'", "scope: tenant()", existing=True)
    assert found(existing, ScopedTypes()) == [("BCP135", "tenant()")]
    assert found(body, ScopedTypes()) == []


def test_types_that_can_only_be_read() -> None:
    codes = [code for code, _ in found(resource("a", "'Microsoft.Test/facts@2023-01-01'", "name: 'x'"), ScopedTypes())]
    assert codes == ["BCP245", "BCP246"]
    assert found(resource("a", "'Microsoft.Test/facts@2023-01-01'", "name: 'x'", existing=True), ScopedTypes()) == []


def test_resources_at_another_scope_need_a_module() -> None:
    account = resource("a", STORAGE, "name: 'x'", "scope: resourceGroup('other')", existing=True)
    assert found(account + resource("l", LOCK, "name: 'l'", "scope: a")) == [("BCP139", "a")]
    child = resource("b", BLOBS, "name: 'default'", "parent: a")
    assert found(account + child) == [("BCP165", "{")]
    assert found(account + resource("b", BLOBS, "name: 'default'", "parent: a", existing=True)) == []
    assert found(resource("l", LOCK, "name: 'l'", "scope: tenant()")) == []


def test_a_choice_between_scopes() -> None:
    text = "param c bool\nmodule m 'm.bicep' = {\n  scope: (c ? resourceGroup('a') : resourceGroup('b'))\n}\n"
    assert ("BCP420", "(c ? resourceGroup('a') : resourceGroup('b'))") in found(text)


# ---------------------------------------------------------------------------------------------- parents


@pytest.mark.parametrize("parent", ["'x'", "c ? a : a", "m"])
def test_a_parent_that_is_an_expression(parent: str) -> None:
    text = "param c bool\nmodule m 'm.bicep' = {}\n" + resource("a", STORAGE, "name: 'x'")
    assert ("BCP240", parent) in found(text + resource("b", BLOBS, "name: 'x/default'", f"parent: {parent}"))


def test_the_parts_of_a_name_below_what_is_no_parent_are_not_counted() -> None:
    text = "module m 'm.bicep' = {}\n" + resource("b", BLOBS, "parent: m", "name: 'x'", existing=True)
    assert found(text) == [("BCP240", "m")]


def test_nothing_is_said_of_where_a_resource_below_no_parent_is() -> None:
    text = "param c bool\n" + resource("s", STORAGE, "name: 'x'")
    nested = ("resource n 'containers' = {", "  name: 'a/b'", "  scope: s", "}")
    text += resource("a", BLOBS, "parent: c ? s : s", "name: 'default'", "scope: subscription()", *nested)
    text += resource("b", BLOBS, "parent: c ? s : s", "name: 'default'")
    assert found(text) == [("BCP240", "c ? s : s")] * 2


def test_an_unknown_parent_is_reported_once() -> None:
    codes = [code for code, _ in found(resource("b", BLOBS, "name: 'x/default'", "parent: nowhere"))]
    assert codes == ["BCP057"]


def test_existing_resources_whose_names_are_known_late() -> None:
    text = "module m 'm.bicep' = {}\n" + resource("a", STORAGE, "name: m.outputs.o", existing=True)
    assert found(text + "output o string = a.id\n") == []
    assert found(text + "output o object = a.properties\n") == [("BCP307", "a.properties")]
    assert found(text + "output o object = a.listKeys()\n") == [("BCP307", "a.listKeys()")]
    user = resource("n", NETWORK, "name: 'n'", "location: 'l'", "dependsOn: [a]")
    assert found(text + user) == [("BCP434", "a")]
    own = resource("a", STORAGE, "name: m.outputs.o", "dependsOn: [m]", existing=True)
    assert found("module m 'm.bicep' = {}\n" + own) == [("BCP433", "dependsOn: [m]")]


# ---------------------------------------------------------------------------------------------- loops


@pytest.mark.parametrize(
    "text",
    [
        "var a = { b: [for i in range(0, 2): i] }",
        "var a = concat([for i in range(0, 2): i])",
        "var a = ([for i in range(0, 2): i])",
        "param a array = [for i in range(0, 2): i]",
        "metadata a = [for i in range(0, 2): i]",
        "output a array = [[for i in range(0, 2): i]]",
    ],
)
def test_loops_where_none_may_stand(text: str) -> None:
    assert ("BCP138", "for") in found(text + "\n")


def test_loops_in_properties() -> None:
    def network(*lines: str) -> str:
        return resource("n", NETWORK, "name: 'n'", "location: 'l'", "properties: {", *lines, "}")

    assert found(network("subnets: [for i in range(0, 2): { name: 'x' }]")) == []
    assert found(network("subnets: [for i in range(0, 2): { a: [for j in range(0, 2): j] }]")) == [("BCP142", "for")]
    assert found(network("'${1}': [for i in range(0, 2): i]")) == [("BCP143", "'${1}'")]
    assert found(network("subnets: map([1], x => [for i in range(0, 2): i])")) == [("BCP138", "for")]


def test_loops_over_something_else() -> None:
    assert found("var a = [for x in 'text': x]\noutput o array = a\n") == [("BCP137", "'text'"), ("BCP062", "a")]
    assert found("param p object\noutput o array = [for x in p: x]\n") == [("BCP137", "p")]


LOOP = f"resource all {STORAGE} = [for i in range(0, 2): {{\n  name: 'x${{i}}'\n  location: 'l'\n}}]\n"


def test_whole_collections() -> None:
    assert found(LOOP + "var a = all\noutput o array = a\noutput n int = length(all)\n") == []
    assert found(LOOP + "output o array = [for x in all: x.id]\n") == [("BCP144", "all")]
    tagged = resource("n", NETWORK, "name: 'n'", "location: 'l'", "tags: { a: '${length(a)}' }")
    assert ("BCP144", "a") in found(LOOP + "var b = all\nvar a = [b]\n" + tagged)
    used = resource("n", NETWORK, "name: 'n'", "location: 'l'", "properties: {", "x: length(all)", "}", "dependsOn: all")
    assert found(LOOP + used) == []
    assert found(LOOP + "output o object = all[?0].properties\n") == [("BCP323", "?")]


def test_loops_with_one_name() -> None:
    text = f"resource all {STORAGE} = [for (x, i) in range(0, 2): {{\n  name: 'x'\n  location: 'l${{i}}'\n}}]\n"
    assert found(text) == [("BCP179", "all")]
    assert found("module all 'm.bicep' = [for x in ['a']: {\n  name: 'x'\n  scope: resourceGroup(x)\n}]\n") == []


# ---------------------------------------------------------------------------------------------- spreads, calls, declarations


def test_spreads() -> None:
    assert found("var a = { ...[1] }\noutput o object = a\n") == [("BCP402", "...[1]"), ("BCP062", "a")]
    assert found("param p object?\nvar a = [...(true ? [1] : null)]\noutput o object = { ...p! }\n") == [
        ("BCP402", "...(true ? [1] : null)")
    ]
    assert found(resource("a", STORAGE, "name: 'x'", "...{}")) == [("BCP401", "...{}")]
    assert found("module m 'm.bicep' = {\n  params: {\n    ...{}\n  }\n}\n") == [("BCP401", "...{}")]
    looped = resource("a", STORAGE, "name: 'x'", "properties: {", "...{}", "b: { c: [for i in range(0, 2): i] }", "}")
    assert found(looped) == [("BCP417", "...{}")]


def test_methods() -> None:
    account = resource("a", STORAGE, "name: 'x'", existing=True)
    assert found(account + "var v = a.open()\noutput o string = v\n") == [("BCP109", "open"), ("BCP062", "v")]
    assert found(account + "output o object = a.listKeys('v', {}, 1)\n") == [("BCP071", "('v', {}, 1)")]
    assert found("module m 'm.bicep' = {}\noutput o string = m.get()\n") == [("BCP109", "get")]


def test_lambda_variables_in_calls_of_the_running_deployment() -> None:
    account = resource("a", STORAGE, "name: 'x'", existing=True)
    assert found(account + "output o array = map([1], x => a.listKeys('v', { k: x }).k)\n") == [
        ("BCP248", "a.listKeys('v', { k: x })")
    ]
    assert found(account + "output o array = map([1], x => a.listKeys('v').k)\n") == []


def test_declarations() -> None:
    assert found("targetScope = 'tenant'\ntargetScope = 'tenant'\n") == [("BCP112", "targetScope")] * 2
    assert found("targetScope = 'galaxy'\n") == [("BCP033", "'galaxy'")]
    assert found("var t = 'tenant'\ntargetScope = t\n") == [("BCP032", "t")]
    assert found("metadata _a = 1\n") == [("BCP268", "_a")]
    assert found("var Copy = 1\n") == [("BCP239", "Copy")]
    assert found("var b = 1\n@b\nvar a = 1\n@sys\nvar c = 1\n") == [("BCP141", "b"), ("BCP141", "sys")]
    assert found("@nullIfNotFound()\n" + resource("a", STORAGE, "name: 'x'")) == [("BCP445", "@nullIfNotFound()")]
    assert found("module m = {\n}\n")[:2] == [("BCP097", "="), ("BCP090", "= {")]
    assert found("output o object = providers('Microsoft.Web')\n") == [("BCP241", "providers")]


# ---------------------------------------------------------------------------------------------- modules


SUBSCRIPTION = "targetScope = 'subscription'\n"


@pytest.mark.parametrize(
    ("head", "scope", "code"),
    [
        ("", "subscription()", "BCP134"),
        ("", "managementGroup('x')", "BCP134"),
        ("", "a", "BCP134"),
        ("", "n", "BCP134"),
        (SUBSCRIPTION, "subscription('x')", "BCP134"),
    ],
)
def test_modules_at_a_scope_of_another_kind(head: str, scope: str, code: str) -> None:
    text = head + resource("a", NETWORK, "name: 'a'", existing=True) + "module n 'm.bicep' = {\n  scope: resourceGroup('r')\n}\n"
    assert (code, scope) in found(text + f"module m 'm.bicep' = {{\n  scope: {scope}\n}}\n")


def test_modules_that_a_file_cannot_reach() -> None:
    text = "module m 's.bicep' = {\n  scope: managementGroup('x')\n}\n"
    compiled = compile_text(text, others={"/s.bicep": "targetScope = 'managementGroup'\n"})
    assert [diagnostic.code for diagnostic in compiled.diagnostics] == ["BCP116"]
    text = "targetScope = 'tenant'\nmodule m 'm.bicep' = {\n  scope: resourceGroup('x')\n}\n"
    assert [code for code, _ in found(text)] == ["BCP071"]
    text = "targetScope = 'managementGroup'\nmodule m 'm.bicep' = {\n  scope: resourceGroup('s', 'x')\n}\n"
    assert found(text) == []


def test_bodies_of_modules() -> None:
    assert found("module m 'm.bicep' = {\n  nam: 'x'\n}\n") == [("BCP089", "nam")]
    assert found("module m 'm.bicep' = {\n  colour: 'x'\n}\n") == [("BCP037", "colour")]
    assert found("module m 'm.bicep' = {\n  params: { '${1}': 1 }\n}\n") == [("BCP040", "'${1}'")]


def test_modules_that_cannot_be_read_share_no_name() -> None:
    text = "module a 'm.bicep' = {\n  name: 'x'\n}\nmodule b 'none.bicep' = {\n  name: 'x'\n}\n"
    assert [code for code, _ in found(text)] == ["BCP091"]


# ---------------------------------------------------------------------------------------------- more places


def test_bodies_of_existing_resources() -> None:
    text = resource("a", STORAGE, "name: 'a'", "location: 'l'", "scope: resourceGroup('x')", existing=True)
    assert found(text) == [("BCP173", "location")]


def test_any_hides_what_is_meant() -> None:
    text = resource("a", NETWORK, "name: 'a'", "location: 'l'", "scope: any(1)", "dependsOn: [any(2)]")
    assert found(text) == [("BCP176", "any(1)"), ("BCP176", "any(2)")]


def test_a_type_within_another() -> None:
    text = resource("a", "'Microsoft.Web/sites/providers/locks@2020-01-01'", "name: 'a/b/c'")
    assert found(text) == [("BCP174", "'Microsoft.Web/sites/providers/locks@2020-01-01'")]


@pytest.mark.parametrize(
    "call", ["map([1], (a, b, c) => 1)", "sort([1], x => true)", "filter([1], () => true)", "reduce([1], 0, x => 1)"]
)
def test_lambdas_with_too_few_or_too_many_parameters(call: str) -> None:
    assert [code for code, _ in found(f"output o array = {call}\n")] == ["BCP070"]


def test_decorators_at_the_wrong_place() -> None:
    assert found("@description('x')\ntargetScope = 'resourceGroup'\n") == [("BCP130", "@")]
    assert found("type t = {\n  @export()\n  a: string\n}\n") == [("BCP361", "@export()")]


def test_computed_names_in_the_body_of_a_resource() -> None:
    text = resource("a", NETWORK, "name: 'a'", "'${1}': 1")
    assert found(text, ScopedTypes()) == [("BCP040", "'${1}'")]


@pytest.mark.parametrize("declaration", ["param this string", "var this = 1", "type this = string", "module this 'm.bicep' = {}"])
def test_this_is_no_name_for_a_declaration(declaration: str) -> None:
    assert found(declaration) == [("BCP084", "this")]


def test_this_is_a_name_for_an_item_of_a_loop() -> None:
    assert found("var a = [for this in range(0, 2): this]") == []


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("test t 'm.bicep' = {}", []),
        ("test t '' = {}", [("BCP050", "''")]),
        ("test t 'none.bicep' = {", [("BCP018", ""), ("BCP091", "'none.bicep'")]),
        ("test t 'm.bicep'", [("BCP018", "")]),
        ("test t", [("BCP347", ""), ("BCP358", "")]),
        ("test", [("BCP346", ""), ("BCP358", "")]),
    ],
)
def test_tests_are_experimental(text: str, errors: list[tuple[str, str]]) -> None:
    assert sorted(found(text)) == sorted([("BCP348", text), *errors])


def test_asserts_share_their_names_with_other_declarations() -> None:
    codes = [code for code, _ in found("param a string\nassert a = true")]
    assert sorted(codes) == ["BCP028", "BCP028", "BCP349"]


def test_a_missing_type_spoils_no_use() -> None:
    assert found("param p\nvar v = p\noutput o string = v") == [("BCP279", "")]
    assert found("type t = { a: }\nparam p t\noutput o object = p") == [("BCP279", "}")]
    assert [code for code, _ in found("param p missing\nvar v = p")] == ["BCP302", "BCP062"]


def test_what_is_read_off_a_module_when_the_deployment_starts() -> None:
    text = "module m 'm.bicep' = { name: 'm' }\noutput o object = reference(m."
    assert found(text + "id, '1')") == [("BCP053", "id")]
    assert found(text + "scope, '1')") == [("BCP077", "scope")]
    assert found(text + "name, '1')") == []
    assert found(text + "outputs.o, '1')") == [("BCP181", "m.outputs")]


def test_the_identity_of_a_module_can_be_read_but_is_not_compiled() -> None:
    codes = [code for code, _ in found("module m 'm.bicep' = { name: 'm' }\noutput o object = m.identity")]
    assert codes == ["INF310"]


def test_outputs_of_a_module_cannot_be_set() -> None:
    assert found("module a 'm.bicep' = {\n  outputs: {}\n}") == [("BCP073", "outputs")]


@pytest.mark.parametrize(
    ("text", "error"), [("extension ", ("BCP201", "")), ("import { 1 as a } from 'm.bicep'", ("BCP355", "1"))]
)
def test_names_that_are_missing_are_reported_once(text: str, error: tuple[str, str]) -> None:
    assert found(text) == [error]


def test_features_that_are_not_enabled() -> None:
    assert found(resource("a", NETWORK, "name: 'a'", "asserts: {}")) == [("BCP349", "{}")]
    assert found("extension '${1}'\n") == [("BCP303", "'${1}'")]
