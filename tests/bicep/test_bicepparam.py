"""Parameter files against the official documents, byte for byte, and the mistakes in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra_lib.bicep.bicepparam import ParameterCompilation, compile_parameters
from infra_lib.bicep.emission.json_writer import write_document
from infra_lib.errors import InputError

CASES = Path(__file__).parents[1] / "goldens" / "cases"
FILES = sorted(path for name in ("main", "params") for path in CASES.glob(f"*/*/{name}.bicepparam"))
NEED_RESOURCE_TYPES = {
    "types/function-with-type-references",
    "types/param-primitives-and-default-shapes",
    "types/resource-derived-types",
    "types/typed-variables",
}
# What needs the types of lambdas and of `using ... with`: (case, line, code).
UNKNOWN_TYPES = {("params/bad-constraints", 5, "BCP333"), ("params/bad-using-with-clause", 1, "BCP035")}
TYPED = [CASES / "types" / "bad-parameter-file-typed-values" / "params.bicepparam"]


def _name(path: Path) -> str:
    return path.parent.relative_to(CASES).as_posix()


@pytest.mark.parametrize("area", sorted({path.parts[-3] for path in FILES}))
def test_every_golden_document_byte_for_byte(area: str) -> None:
    different = []
    for path in FILES:
        expected = path.with_name("params.json")
        if path.parts[-3] == area and expected.exists() and _name(path) not in NEED_RESOURCE_TYPES:
            compiled = compile_parameters(path, environment={})
            if compiled.parameters is None or write_document(compiled.parameters) != expected.read_text(encoding="utf-8").rstrip(
                "\n"
            ):
                different.append(f"{_name(path)}: {[str(each) for each in compiled.diagnostics if each.is_error][:3]}")
    assert different == []


@pytest.mark.parametrize("path", [*(path for path in FILES if path.parts[-3] == "params"), *TYPED], ids=_name)
def test_the_mistakes_of_every_golden_parameter_file(path: Path) -> None:
    recorded = json.loads(path.with_name("params.diagnostics.json").read_text(encoding="utf-8"))
    expected = sorted(
        (row["file"], row["code"], *row["start"], *row["end"])
        for row in recorded
        if row["level"] == "error" and row["file"].endswith(".bicepparam")
        if (_name(path), row["start"][0], row["code"]) not in UNKNOWN_TYPES
    )
    found = sorted(
        (Path(each.file or "").name, each.code, each.line, each.column, each.end_line, each.end_column)
        for each in compile_parameters(path, environment={}).diagnostics
        if each.is_error and str(each.file).endswith(".bicepparam")
    )
    assert found == expected


class Folder:
    """Compiles parameter files of a temporary folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.path / name.replace("__", ".")).write_text(text, encoding="utf-8")

    def compile(self, text: str, **environment: str) -> ParameterCompilation:
        return compile_parameters(self.path / "main.bicepparam", text=text, environment=environment)

    def values(self, text: str, **environment: str) -> dict[str, Any]:
        compiled = self.compile(text, **environment)
        assert compiled.parameters is not None, [str(each) for each in compiled.diagnostics]
        return {name: entry["value"] for name, entry in compiled.parameters["parameters"].items()}

    def errors(self, text: str, **environment: str) -> list[tuple[str, int | None, int | None]]:
        compiled = self.compile(text, **environment)
        assert compiled.parameters is None
        assert all(each.message for each in compiled.diagnostics)
        own = [each for each in compiled.diagnostics if each.is_error and not str(each.file).endswith("faulty.bicep")]
        return [(each.code, each.line, each.column) for each in own]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path)
    found.write(main__bicep="param a string\nparam b int = 1\nparam c object?\n", lib__bicep="@export()\nvar v = 1\n")
    return found


def test_the_template_comes_with_the_document(folder: Folder) -> None:
    compiled = folder.compile("using 'main.bicep'\nparam a = 'x'")
    assert compiled.parameters is not None
    assert compiled.template is not None
    assert list(compiled.template["parameters"]) == ["a", "b", "c"]
    assert compiled.template_path == (folder.path / "main.bicep").as_posix()
    assert list(compiled.parameters) == ["$schema", "contentVersion", "parameters"]


def test_using_none_takes_every_parameter(folder: Folder) -> None:
    compiled = folder.compile("using none\nparam z = 1\nparam a = z + 1")
    assert compiled.parameters is not None
    assert compiled.template is None
    assert compiled.parameters["parameters"] == {"z": {"value": 1}, "a": {"value": 2}}


def test_environment_variables(folder: Folder) -> None:
    text = """using none
var prefix = 'IN'
param a = readEnvironmentVariable('${prefix}FRA_X')
param b = readEnvironmentVariable('NOT_SET', 'default')
param c = readEnvironmentVariable(toUpper('infra_x'), 'unused')
param d = '${readEnvironmentVariable('INFRA_X')}!'
"""
    assert folder.values(text, INFRA_X="one") == {"a": "one", "b": "default", "c": "one", "d": "one!"}


def test_a_missing_environment_variable_suggests_a_near_one(folder: Folder) -> None:
    compiled = folder.compile("using none\nparam a = readEnvironmentVariable('INFRA_Y')", INFRA_X="1")
    (error,) = compiled.diagnostics
    assert (error.code, error.line, error.column) == ("BCP427", 2, 35)
    assert error.fix == 'Did you mean "INFRA_X"?'


def test_loops_lambdas_and_loaded_files(folder: Folder) -> None:
    folder.write(cfg__json='{"n": [1, 2.50]}', list__yaml="- a\n- b\n")
    text = """using none
var cfg = loadJsonContent('cfg.json')
param a = [for (x, i) in loadYamlContent('list.yaml'): '${x}${i}']
param b = [for x in range(1, 2): { x: x, all: map(cfg.n, n => n) }]
param c = loadTextContent('${'list'}.yaml')
"""
    assert folder.values(text) == {
        "a": ["a0", "b1"],
        "b": [{"x": 1, "all": [1, 2.5]}, {"x": 2, "all": [1, 2.5]}],
        "c": "- a\n- b\n",
    }


def test_a_json_template_as_the_target(folder: Folder) -> None:
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"a": {"type": "string"}, "b": {"type": "int", "defaultValue": 1}},
        "resources": [],
    }
    folder.write(t__json=json.dumps(template))
    assert folder.compile("using 't.json'\nparam a = 'x'").template == template
    assert folder.errors("using 't.json'\nparam c = 'x'") == [("BCP258", 1, 7), ("BCP259", 2, 1)]


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("param a = 'x'", [("BCP261", 1, 1)]),
        ("using 'main.bicep'\nusing 'main.bicep'\nparam a = 'x'", [("BCP262", 1, 1), ("BCP262", 2, 1)]),
        ("using 'none.bicep'\nparam a = 'x'", [("BCP091", 1, 7)]),
        ("using ''", [("BCP050", 1, 7)]),
        ("using 'br/public:none:1'", [("BCP192", 1, 7)]),
        ("using 'main.bicep'", [("BCP258", 1, 7)]),
        ("using 'main.bicep'\nparam a = null", [("BCP258", 1, 7)]),
        ("using 'main.bicep'\nparam A = 'x'\nparam a = 'y'", [("BCP259", 2, 1)]),
        ("using none\nparam a = b\nparam b = a", [("BCP080", 2, 11), ("BCP080", 3, 11)]),
        ("using none\nparam a = missing", [("BCP057", 2, 11)]),
        ("using none\nparam a = base.x", [("BCP057", 2, 11), ("BCP437", 2, 11)]),
        ("using none\nparam a = resourceGroup()", [("BCP057", 2, 11)]),
        ("using none\nparam a = newGuid()", [("BCP065", 2, 11)]),
        ("using none\nparam a = null\nparam b = a", [("BCP369", 3, 11)]),
        ("using none\nparam a = '${az.getSecret('s', 'g', 'v', 'n')}'", [("BCP338", 2, 11), ("BCP351", 2, 14)]),
        ("using none\nparam a = { x: [for i in [1]: i] }", [("BCP138", 2, 17), ("BCP338", 2, 11)]),
        ("using none\nvar v = 'k'\nparam a = externalInput(v)", [("BCP032", 3, 25)]),
        ("using none\nparam a = externalInput('k', { x: [1, c] })\nvar c = 2", [("BCP032", 2, 39)]),
        ("using none\nparam a = externalInput('k', (1)) 2", [("BCP032", 2, 30), ("BCP019", 2, 35)]),
        ("using none\nparam a = { ...1 }", [("BCP402", 2, 13)]),
        ("using none\nparam a = 1 % 0\nparam b = a", [("BCP410", 2, 11)]),
        ("using none\nimport * as m from 'faulty.bicep'\nparam a = m.v", [("BCP104", 2, 15), ("BCP063", 3, 11)]),
        ("using none\nimport { none } from 'lib.bicep'\nparam a = none()", [("BCP360", 2, 10), ("BCP059", 3, 11)]),
        ("using 'main.bicepparam'", [("BCP278", 1, 7)]),
        ("using none\nparam a = missing\nparam b = a", [("BCP057", 2, 11), ("BCP062", 3, 11)]),
        ("using none\nparam a\nparam b = a", [("BCP018", 2, 8), ("BCP062", 3, 11)]),
        ("@gone(x)\nusing none\n@gone()\nparam a = 1", [("BCP130", 1, 1), ("BCP130", 3, 1)]),
        (
            "using none\nimport { f } from 'place.bicep'\nparam a = '${f()}${externalInput('k')}'",
            [("BCP452", 2, 10), ("BCP338", 3, 11)],
        ),
        ("using none\nparam a = 'x'\nparam b = { ...a }", [("BCP402", 3, 13)]),
        ("using none\nparam a = { x: 1 }\nparam b = [for i in a: i]", [("BCP137", 3, 21)]),
        ("using none\nparam a = fail('because')", [("BCP338", 2, 11)]),
        ("using none\nparam c = b\nvar b = a\nparam a = getSecret('s', 'g', 'v', 'n')", [("BCP368", 3, 9)]),
        ("using none\nparam c = b\nvar b = missing", [("BCP062", 2, 11), ("BCP057", 3, 9)]),
        ("using none\nimport * as m from 'lib.bicep'\nparam a = m.none", [("BCP053", 3, 13)]),
        ("using none\nextension kubernetes\nparam a = 1", [("INF310", 2, 1)]),
        ("using none\nparam a = 1\nparam a = 2", [("BCP028", 2, 7), ("BCP028", 3, 7)]),
        ("var x = 'm'\nusing '${x}.bicep'", [("BCP256", 2, 7), ("BCP354", 2, 7)]),
        ("using 'main.bicep' with { mode: 'x' }\nparam a = 'x'", [("BCP435", 1, 20)]),
        ("using 'main.bicep' as\nparam a = 'x'", [("BCP436", 1, 20)]),
        ("using none\nparam a = [1][1]", [("BCP311", 2, 15)]),
        ("using none\nparam a = loadTextContent('none')", [("BCP091", 2, 27)]),
        ("using none\nparam a = loadTextContent('main.bicep', 'latin')", [("BCP070", 2, 41)]),
        ("using none\nextends 'main.bicepparam'", [("BCP278", 2, 9)]),
        ("using none\nextends 'main.bicep'", [("BCP404", 2, 9)]),
        ("using none\nextends 'none.bicepparam'", [("BCP091", 2, 9)]),
    ],
)
def test_mistakes(folder: Folder, text: str, errors: list[tuple[str, int, int]]) -> None:
    folder.write(
        faulty__bicep="@export()\nvar v = 1 1\n", place__bicep="@export()\nfunc f() string => resourceGroup().location\n"
    )
    assert sorted(folder.errors(text)) == sorted(errors)


@pytest.mark.parametrize(
    ("value", "code", "column"),
    [
        ("5", "BCP033", 11),
        ("toUpper('x')", None, 0),
        ("int('5')", "BCP033", 11),
        ("any(5)", None, 0),
        ("map(['x'], v => v)[0]", None, 0),
        ("""json('{"x": 5}').x""", "BCP033", 11),
        ("true ? 'a' : 5", None, 0),
    ],
)
def test_values_of_a_wrong_type(folder: Folder, value: str, code: str | None, column: int) -> None:
    text = f"using 'main.bicep'\nparam a = {value}"
    if code is None:
        assert folder.compile(text).parameters is not None
    else:
        assert folder.errors(text) == [(code, 2, column)]


def test_types_of_nested_values(folder: Folder) -> None:
    folder.write(
        typed__bicep="""type t = {
  name: string
  size: ('S' | 'L')?
  @maxValue(3)
  n: int?
}
param one t
param many t[] = []
@sealed()
param closed { name: string, note: string? } = { name: 'x' }
"""
    )

    def errors(*lines: str) -> list[tuple[str, int | None, int | None]]:
        return sorted(folder.errors("\n".join(("using 'typed.bicep'", *lines))))

    assert errors("param one = {}") == [("BCP035", 2, 7)]
    assert errors("param one = { name: 1 }") == [("BCP036", 2, 21)]
    assert errors("param one = { name: 'a', size: 'M', n: 4 }") == [("BCP036", 2, 32), ("BCP327", 2, 40)]
    assert errors("param one = { name: 'a', size: 's' }") == [("BCP088", 2, 32)]
    assert errors("param one = { name: 'a' }", "param many = [{ name: null }, 5]") == [("BCP034", 3, 31), ("BCP036", 3, 23)]
    assert errors("param one = { name: 'a' }", "param closed = { name: 'x', nte: 1 }") == [("BCP089", 3, 29)]
    assert errors("param one = { name: 'a' }", "param closed = { name: 'x', nam: 1 }") == [("BCP037", 3, 29)]
    assert errors("param one = { name: 'a' }", "param closed = { name: 'x', other: 1 }") == [("BCP037", 3, 29)]


def test_inherited_values_of_a_wrong_type_are_reported_at_the_path(folder: Folder) -> None:
    folder.write(base__bicepparam="using none\nparam a = 5\nparam c = { x: 1 }\n")
    assert folder.errors("using 'main.bicep'\nextends 'base.bicepparam'\n") == [("BCP033", 2, 9)]


def test_what_fails_is_said_with_its_reason(folder: Folder) -> None:
    (error,) = folder.compile("using none\nparam a = fail('because of this')").diagnostics
    assert '"a"' in error.message
    assert "because of this" in error.message


def test_a_template_with_errors_is_named_and_listed(folder: Folder) -> None:
    folder.write(broken__bicep="param a string\noutput o string = missing\n")
    assert folder.errors("using 'broken.bicep'\nparam a = 'x'") == [("BCP104", 1, 7), ("BCP057", 2, 19)]


def test_extended_files(folder: Folder) -> None:
    folder.write(
        base__bicepparam="using none\nvar v = 'base'\nparam a = '${v}-a'\nparam b = 2\nparam unknown = 'dropped'\n",
        mid__bicepparam="using none\nextends 'base.bicepparam'\nparam b = base.b * 10\n",
    )
    text = "using 'main.bicep'\nextends 'mid.bicepparam'\nparam c = { all: objectKeys(base), b: base.b }\n"
    assert folder.values(text) == {"c": {"all": ["a", "b", "unknown"], "b": 20}, "b": 20, "a": "base-a"}


def test_a_variable_of_the_same_name_changes_what_base_gives_and_is_warned_of(folder: Folder) -> None:
    folder.write(base__bicepparam="using none\nvar v = 'base'\nparam a = '${v}!'\n")
    compiled = folder.compile("using 'main.bicep'\nextends 'base.bicepparam'\nvar v = 'main'\nparam a = base.a")
    assert compiled.parameters is not None
    assert compiled.parameters["parameters"]["a"] == {"value": "main!"}
    assert [(each.code, each.level, each.line) for each in compiled.diagnostics] == [("INF320", "warning", 4)]


def test_mistakes_in_extended_files(folder: Folder) -> None:
    folder.write(base__bicepparam="using none\nparam a = missing\n")
    errors = folder.errors("using 'main.bicep'\nextends 'base.bicepparam'\n")
    assert ("BCP057", 2, 11) in errors
    folder.write(base__bicepparam="using none\nparam a = 'x'\n")
    assert folder.errors("using 'main.bicep'\nextends 'base.bicepparam'\nparam b = base.none") == [("BCP053", 3, 16)]
    assert folder.errors("using 'main.bicep'\nextends 'base.bicepparam'\nparam base = 1")[0] == ("BCP259", 3, 1)


def test_external_inputs_of_inherited_parameters_have_the_keys_of_the_document(folder: Folder) -> None:
    folder.write(base__bicepparam="using none\nparam a = externalInput('k', 'base')\nparam b = int(externalInput('k', 'own'))\n")
    compiled = folder.compile("using 'main.bicep'\nextends 'base.bicepparam'\nparam b = int(externalInput('k', 'own'))\n")
    assert compiled.parameters is not None
    assert compiled.parameters["parameters"] == {
        "b": {"expression": "[int(externalInputs('k_0'))]"},
        "a": {"expression": "[externalInputs('k_1')]"},
    }
    assert compiled.parameters["externalInputDefinitions"] == {
        "k_0": {"kind": "k", "config": "own"},
        "k_1": {"kind": "k", "config": "base"},
    }


def test_a_secret_whose_place_is_an_external_input(folder: Folder) -> None:
    text = """using none
var group = 'rg'
param a = getSecret(externalInput('sub'), group, 'kv', '${externalInput('name')}-x', 'v1')
"""
    compiled = folder.compile(text)
    assert compiled.parameters is not None
    vault = "[resourceId(externalInputs('sub_0'), 'rg', 'Microsoft.KeyVault', 'vaults', 'kv')]"
    assert compiled.parameters["parameters"]["a"] == {
        "reference": {
            "keyVault": {"id": vault},
            "secretName": "[format('{0}-x', externalInputs('name_1'))]",
            "secretVersion": "v1",
        }
    }


def test_imported_variables_beside_an_external_input_are_written_out(folder: Folder) -> None:
    compiled = folder.compile("using none\nimport * as m from 'lib.bicep'\nparam a = [m.v, externalInput('k')]\n")
    assert compiled.parameters is not None
    assert compiled.parameters["parameters"]["a"] == {"expression": "[createArray(1, externalInputs('k_0'))]"}


def test_a_value_computed_from_an_external_input_is_not_inherited(folder: Folder) -> None:
    folder.write(base__bicepparam="using none\nparam a = '${externalInput('k')}!'\n")
    assert [code for code, _, _ in folder.errors("using 'main.bicep'\nextends 'base.bicepparam'\n")] == ["BCP338"]


def test_calls_and_objects_with_external_inputs_are_inherited(folder: Folder) -> None:
    folder.write(
        base__bicepparam="""using none
param a = bool(externalInput('k', 'a'))
param b = { n: [int(externalInput('k', 'b')), a ? 1 : 2] }
param c = [1]
"""
    )
    compiled = folder.compile("using none\nextends 'base.bicepparam'\nparam d = [...base.c, 2]\n")
    assert compiled.parameters is not None
    assert compiled.parameters["parameters"] == {
        "d": {"value": [1, 2]},
        "a": {"expression": "[bool(externalInputs('k_0'))]"},
        "b": {
            "expression": "[createObject('n', createArray(int(externalInputs('k_1')), if(bool(externalInputs('k_0')), 1, 2)))]"
        },
        "c": {"value": [1]},
    }


def test_inherited_parameters_are_read_by_their_names_alone(folder: Folder) -> None:
    folder.write(
        root__bicepparam="using none\nparam tags = { a: 'x' }\nparam n = 1\nparam ext = externalInput('k')\n",
        base__bicepparam="using none\nextends 'root.bicepparam'\nvar v = 'own'\nparam t = '${v}-${n}'\n",
    )
    compiled = folder.compile("""using none
extends 'base.bicepparam'
var v = 'other'
param n = 5
param all = union(tags, { t: t, n: n })
param e = ['${ext}', tags]
""")
    assert compiled.parameters is not None
    found = compiled.parameters["parameters"]
    assert found["all"] == {"value": {"a": "x", "t": "own-1", "n": 5}}
    assert found["e"] == {
        "expression": "[createArray(format('{0}', externalInputs('k_0')), createObject('a', 'x'))]",
    }
    assert found["t"] == {"value": "own-1"}
    assert found["ext"] == {"expression": "[externalInputs('k_0')]"}


def test_inherited_parameters_without_a_value_of_their_own(folder: Folder) -> None:
    folder.write(base__bicepparam="using none\nparam a = null\nparam s = getSecret('s', 'g', 'v', 'n')\n")
    text = "using none\nextends 'base.bicepparam'\nparam p = a\nparam q = '${s}'\nparam r = gone"
    assert folder.errors(text) == [("BCP369", 3, 11), ("BCP368", 4, 14), ("BCP057", 5, 11)]


def test_base_with_a_name_in_brackets(folder: Folder) -> None:
    folder.write(base__bicepparam="using none\nparam a = externalInput('k')\nparam b = { n: 1 }\n")
    text = "using none\nextends 'base.bicepparam'\n"
    compiled = folder.compile(text + "param c = base['b'].n\nparam d = [base['a']]")
    assert compiled.parameters is not None
    assert compiled.parameters["parameters"]["c"] == {"value": 1}
    assert compiled.parameters["parameters"]["d"] == {"expression": "[createArray(externalInputs('k_0'))]"}
    assert folder.errors(text + "param c = base['x']")[0] == ("BCP053", 3, 16)


@pytest.mark.parametrize(
    ("library", "functions"),
    [
        ("@export()\nvar x = resourceGroup().location", "resourceGroup"),
        ("var y = resourceId('A.B/c', 'd')\n@export()\nvar x = extensionResourceId(y, 'A.B/c', 'd')", "resourceId"),
        ("func f() string => az.subscription().id\n@export()\nfunc x() string => f()", "subscription"),
        ("@export()\nvar x = [for i in range(0, 1): environment().name]", "environment"),
        ("@export()\nvar x = resourceId('sub', 'A.B/c', 'd')", "resourceId"),
        ("@export()\nfunc x() string => fail('no')", "fail"),
    ],
)
def test_what_needs_a_deployment_cannot_be_imported(folder: Folder, library: str, functions: str) -> None:
    folder.write(lib__bicep=library)
    assert folder.errors("using none\nimport { x } from 'lib.bicep'") == [("BCP452", 2, 10)]
    (error,) = folder.compile("using none\nimport * as all from 'lib.bicep'").diagnostics
    assert (error.code, error.line, error.column) == ("BCP452", 2, 8)
    assert f"{functions}()" in error.message


def test_ids_whose_scope_is_written_out_are_imported(folder: Folder) -> None:
    folder.write(
        lib__bicep="""var group = 'rg'
@export()
var a = resourceId('sub', group, 'A.B/c', 'd')
@export()
var b = tenantResourceId('A.B/c', subscriptionResourceId('sub', 'A.B/c', 'd'))
"""
    )
    assert folder.values("using none\nimport { a } from 'lib.bicep'\nimport * as all from 'lib.bicep'\nparam p = a") == {
        "p": "/subscriptions/sub/resourceGroups/rg/providers/A.B/c/d"
    }


def test_a_secret_is_text(folder: Folder) -> None:
    text = "using 'main.bicep'\nparam a = getSecret('s', 'g', 'v', 'n')"
    assert folder.compile(text).parameters is not None
    assert folder.errors(text + "\nparam b = az.getSecret('s', 'g', 'v', 'n')") == [("BCP033", 3, 11)]


def test_keywords_are_names_of_parameters_too(folder: Folder) -> None:
    names = ["using", "extends", "none", "var", "type", "for", "import", "base"]
    assert list(folder.values("using none\n" + "\n".join(f"param {name} = 1" for name in names))) == names


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.bicepparam"):
        compile_parameters(tmp_path / "none.bicepparam")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufeffusing none",
        "using",
        "using none\r\nparam a = '\r\n",
        "using none\nparam a = " + "[" * 5_000,
        "using none\nparam a = " + "1 + " * 5_000 + "1",
        "using none\nparam a = " + "'${" * 2_000,
        "using none\nextends\nparam = ",
        "using none\nimport",
        "using none\nimport * as x from 'main.bicepparam'\nparam a = x.y",
        "using none\nvar a = a\nparam b = a",
        "using none\nparam a = map([1], x => y)",
        "using none\nparam a = base",
        "using none with {",
        "\0",
    ],
)
def test_bad_input_gives_diagnostics(folder: Folder, text: str) -> None:
    compiled = folder.compile(text)
    assert compiled.parameters is None or text.endswith("using none") or "+ 1" in text
    assert all(each.message for each in compiled.diagnostics)


def test_a_document_prints_as_the_official_one() -> None:
    value = {"a": [], "b": {}, "c": [1.0, 1e-7, "\u2028é"], "d": {"e": None}}
    assert write_document(value) == (
        '{\n  "a": [],\n  "b": {},\n  "c": [\n    1.0,\n    1E-07,\n    "\\u2028é"\n  ],\n  "d": {\n    "e": null\n  }\n}'
    )
