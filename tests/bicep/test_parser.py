from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra_lib.bicep import syntax
from infra_lib.bicep.parsing.parser import Parsed, parse, parse_parameters
from infra_lib.diagnostics import LineIndex
from infra_lib.diagnostics.bicep_syntax import CODES
from tests.bicep.dump import dump_tokens, dump_tree
from tests.conftest import CASES

ALSO_SEMANTIC = {"BCP032"}
"""Codes that later stages give as well."""

BASELINES = Path(__file__).parent / "baselines"
BASELINE_CASES = [
    "expressions/interpolation-emission",
    "expressions/bad-unclosed-call",
    "types/type-member-references",
    "types/bad-type-statement-syntax",
    "types/import-named-aliased-and-wildcard",
    "resources/child-parent-loop-slash-mixture",
    "params/extends-chain-and-emitted-order",
]


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig", "replace")


def parse_file(path: Path) -> Parsed:
    return (parse_parameters if path.suffix == ".bicepparam" else parse)(read(path))


def codes(text: str) -> list[tuple[str, int, int]]:
    return [(finding.code, finding.start, finding.end) for finding in parse(text).findings]


def value_of(text: str) -> syntax.Expression:
    parsed = parse(f"var x = {text}\n")
    assert parsed.findings == []
    declaration = parsed.program.declarations[0]
    assert isinstance(declaration, syntax.VariableDeclaration)
    return declaration.value


def type_of(text: str) -> syntax.Expression:
    parsed = parse(f"type x = {text}\n")
    assert parsed.findings == []
    declaration = parsed.program.declarations[0]
    assert isinstance(declaration, syntax.TypeDeclaration)
    return declaration.value


def shape(node: object) -> str:  # noqa: C901
    """The structure of an expression with all its parentheses."""
    match node:
        case syntax.Binary():
            return f"({shape(node.left)} {node.operator} {shape(node.right)})"
        case syntax.Unary():
            return f"({node.operator}{shape(node.operand)})"
        case syntax.Ternary():
            return f"({shape(node.condition)} ? {shape(node.when_true)} : {shape(node.when_false)})"
        case syntax.VariableAccess():
            return node.identifier.name
        case syntax.PropertyAccess():
            return f"{shape(node.base)}.{'?' if node.safe else ''}{node.identifier.name}"
        case syntax.ArrayAccess():
            return f"{shape(node.base)}[{'?' if node.safe else ''}{'^' if node.from_end else ''}{shape(node.index)}]"
        case syntax.ResourceAccess():
            return f"{shape(node.base)}::{node.identifier.name}"
        case syntax.NonNull():
            return f"{shape(node.base)}!"
        case syntax.FunctionCall():
            return f"{node.identifier.name}({', '.join(map(shape, node.arguments))})"
        case syntax.InstanceCall():
            return f"{shape(node.base)}.{node.identifier.name}({', '.join(map(shape, node.arguments))})"
        case syntax.Parenthesized():
            return f"<{shape(node.expression)}>"
        case syntax.Lambda():
            return f"[{' '.join(p.identifier.name for p in node.parameters)} => {shape(node.body)}]"
        case syntax.IntegerLiteral():
            return str(node.value)
        case syntax.NullableType():
            return f"{shape(node.base)}?"
        case syntax.ArrayType():
            return f"{shape(node.item)}[]"
        case syntax.ItemsAccess():
            return f"{shape(node.base)}[*]"
        case syntax.AdditionalPropertiesAccess():
            return f"{shape(node.base)}.*"
        case syntax.UnionType():
            return f"({' | '.join(map(shape, node.members))})"
        case syntax.StringSyntax():
            return repr(node.literal)
        case _:
            return type(node).__name__


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a + b * c - d", "((a + (b * c)) - d)"),
        ("a ?? b || c && d == e < f + g", "(a ?? (b || (c && (d == (e < (f + g))))))"),
        ("a * b + c", "((a * b) + c)"),
        ("a == b == c", "((a == b) == c)"),
        ("-a.b[0]", "(-a.b[0])"),
        ("!a && b", "((!a) && b)"),
        ("a - -b", "(a - (-b))"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("a\n  ? b\n  // why\n  : c", "(a ? b : c)"),
        ("a.?b!.c[?^1][d]::e", "a.?b!.c[?^1][d]::e"),
        ("f(\n  a,\n  b\n)", "f(a, b)"),
        ("a.f().b", "a.f().b"),
        ("map(x, (a, i) => a + i)", "map(x, [a i => (a + i)])"),
        ("map(x, a =>\n  (a))", "map(x, [a => <a>])"),
    ],
)
def test_expressions(source: str, expected: str) -> None:
    assert shape(value_of(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("string?", "string?"),
        ("a.b[0][*].*[]?", "a.b[0][*].*[]?"),
        ("'a' | 'b' | null", "('a' | 'b' | NullLiteral)"),
        ("\n  | 1\n  | -2", "(1 | (-2))"),
        ("(1 | 2)[]", "<(1 | 2)>[]"),
        ("a.b!", "a.b!"),
    ],
)
def test_types(source: str, expected: str) -> None:
    assert shape(type_of(source)) == expected


def test_items_on_lines_and_between_commas() -> None:
    value = value_of("{ a: 1, 'b-c': [1, 2\n3]\n  ...d\n  '${e}': { } }")
    assert isinstance(value, syntax.ObjectSyntax)
    assert [item.name if isinstance(item, syntax.ObjectProperty) else type(item).__name__ for item in value.items] == [
        "a", "b-c", "Spread", None,
    ]  # fmt: skip


def test_nested_resources_and_properties_of_that_name() -> None:
    parsed = parse("resource a 'x/y@1' = {\n  resource: 1\n  @batchSize(1)\n  resource b 'z' existing = if (c) {}\n}\n")
    assert parsed.findings == []
    declaration = parsed.program.declarations[0]
    assert isinstance(declaration, syntax.ResourceDeclaration)
    assert isinstance(declaration.value, syntax.ObjectSyntax)
    plain, nested = declaration.value.items
    assert isinstance(plain, syntax.ObjectProperty)
    assert isinstance(nested, syntax.ResourceDeclaration)
    assert nested.is_existing
    assert isinstance(nested.value, syntax.IfCondition)
    assert [shape(decorator.expression) for decorator in nested.decorators] == ["batchSize(1)"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1", [("BCP007", 0, 1)]),
        ("var", [("BCP015", 3, 3)]),
        ("var a", [("BCP018", 5, 5)]),
        ("var a =\n", [("BCP009", 7, 7)]),
        ("var a = 1 2", [("BCP019", 10, 11)]),
        ("var a = 1 +\nvar b = *\n", [("BCP009", 11, 11), ("BCP009", 20, 21)]),
        ("param a", [("BCP279", 7, 7)]),
        ("param a string string", [("BCP008", 15, 21)]),
        ("var a = [1,\n2]", [("BCP238", 11, 11)]),
        ("var a = [1 2]", [("BCP236", 11, 11)]),
        ("var a = f(1\n2)", [("BCP237", 11, 11)]),
        ("var a = (1, 2)", [("BCP243", 9, 13)]),
        ("var a = ()", [("BCP243", 9, 9)]),
        ("var a = { true: 1 }", [("BCP022", 10, 14)]),
        ("var a = b.", [("BCP020", 10, 10)]),
        ("var a = b[]", [("BCP117", 10, 10)]),
        ("var a = '${[]}'", [("BCP087", 11, 12)]),
        ("var a = 9223372036854775808", [("BCP010", 8, 27)]),
        ("var a = -9223372036854775808", []),
        ("var a = -9223372036854775809", [("BCP010", 8, 28)]),
        ("type a = 'b' |\n", [("BCP300", 14, 14)]),
        ("import { 'a' } from 'b'", [("BCP375", 9, 12)]),
        ("resource a 'b' = 1", [("BCP118", 17, 18)]),
        ("module a 'b' = [for (x) in y: {}]", [("BCP249", 20, 23)]),
    ],
)
def test_mistakes_carry_the_official_code_and_place(source: str, expected: list[tuple[str, int, int]]) -> None:
    assert codes(source) == expected


def test_a_declaration_with_a_mistake_is_told_from_one_without() -> None:
    parsed = parse("var a = 1 +\nvar b = 2 3\n")
    first, second = parsed.program.declarations
    assert parsed.has_mistake(first)
    assert not parsed.has_mistake(second)


def test_statements_of_a_parameter_file() -> None:
    parsed = parse_parameters("using none\nextends 'a.bicepparam'\nparam using = 1\nvar x int = 2\noutput y int = 3\n")
    assert [type(declaration).__name__ for declaration in parsed.program.declarations] == [
        "UsingDeclaration", "ExtendsDeclaration", "ParameterAssignment", "VariableDeclaration", "SkippedDeclaration",
    ]  # fmt: skip
    assert [finding.code for finding in parsed.findings] == ["BCP337"]


@pytest.mark.parametrize(
    "text",
    [
        opening * 5000
        for opening in ("(", "[", "{a:", "f(", "'${", "a ? ", "x => ", "[for a in ", "a<", "{\na: ")
    ],
)
@pytest.mark.parametrize("head", ["var a = ", "type a = ", "param a ", "@", "resource a 'b' = "])
def test_deep_nesting_is_a_finding(head: str, text: str) -> None:
    assert parse(head + text).findings
    assert parse_parameters(head + text).findings


@pytest.mark.parametrize("link", [" + a", ".a", "!", "[0]", "::a", " ?? a"])
def test_endless_chains_are_a_finding(link: str) -> None:
    assert [code for code, *_ in codes("var a = a" + link * 5000)] == ["INF301"]


def test_moderate_nesting_is_fine() -> None:
    assert codes("var a = " + "[" * 300 + "1" + "]" * 300 + " \nvar b = a" + " + a" * 400) == []


# ------------------------------------------------------------------------------------------ golden cases


def sources() -> list[Path]:
    return sorted(path for path in CASES.rglob("*.bicep*") if path.suffix in (".bicep", ".bicepparam"))


def expected_findings(path: Path) -> set[tuple[str, int, int, int, int]] | None:
    """The syntax mistakes that the official compiler reports for a source, None where nothing is said of it."""
    case = CASES.joinpath(*path.relative_to(CASES).parts[:2])
    name = path.relative_to(case).as_posix()
    files = [case / file for file in ("diagnostics.json", "params.diagnostics.json") if (case / file).exists()]
    rows = [row for file in files for row in json.loads(file.read_text()) if row["file"] == name]
    if not rows and name != "main.bicep":
        return None
    return {
        (row["code"], *row["start"], *row["end"]) for row in rows if row["code"] in CODES and row["code"] not in ALSO_SEMANTIC
    }


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(CASES).as_posix())
def test_golden_sources_have_the_official_syntax_mistakes(path: Path) -> None:
    expected = expected_findings(path)
    if expected is None:
        expected = set()
    lines = LineIndex(read(path))
    found = {
        (finding.code, *lines.place(finding.start), *lines.place(finding.end))
        for finding in parse_file(path).findings
        if finding.code not in ALSO_SEMANTIC
    }
    assert found == expected


@pytest.mark.parametrize("case", BASELINE_CASES)
@pytest.mark.parametrize("stage", ["tokens", "tree"])
def test_baselines(case: str, stage: str, update_baselines: bool) -> None:
    source = next(path for name in ("main.bicep", "main.bicepparam") if (path := CASES / case / name).exists())
    actual = dump_tokens(read(source)) if stage == "tokens" else dump_tree(parse_file(source))
    baseline = BASELINES / f"{case.replace('/', '.')}.{stage}.txt"
    if update_baselines:
        baseline.write_text(actual, encoding="utf-8")
    assert actual == baseline.read_text(encoding="utf-8"), "run: pytest tests/bicep/test_parser.py --update-baselines"
