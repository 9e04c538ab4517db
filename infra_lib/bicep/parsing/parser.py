"""The parser of Bicep files and parameter files: text to a :class:`~infra_lib.bicep.syntax.Program`, and its mistakes of syntax.

``parse`` and ``parse_parameters`` never raise on bad text. The rules are in three layers: expressions, types (with decorators),
and here the declarations.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TypeVar

from infra_lib.bicep.findings import Finding
from infra_lib.bicep.parsing.depth import deep_stack, too_deep
from infra_lib.bicep.parsing.directives import Directives
from infra_lib.bicep.parsing.lexer import tokens
from infra_lib.bicep.parsing.token_reader import MAX_DEPTH, NestingError, UnexpectedTokenError, missing
from infra_lib.bicep.parsing.type_parser import TypeParser
from infra_lib.bicep.syntax import (
    AssertDeclaration,
    Declaration,
    Decorator,
    Expression,
    ExtendsDeclaration,
    ExtensionDeclaration,
    FunctionDeclaration,
    Identifier,
    ImportDeclaration,
    ImportedSymbol,
    ImportedSymbols,
    MetadataDeclaration,
    ModuleDeclaration,
    Node,
    NoneLiteral,
    OutputDeclaration,
    ParameterAssignment,
    ParameterDeclaration,
    Program,
    ResourceDeclaration,
    Skipped,
    SkippedDeclaration,
    StringSyntax,
    TargetScope,
    TestDeclaration,
    TypeDeclaration,
    UsingDeclaration,
    VariableDeclaration,
    WildcardImport,
)

AnyDeclaration = TypeVar("AnyDeclaration", bound=Declaration)


class Parsed:
    """What became of a text: the tree, the mistakes of syntax in the order of the text, and the directives.

    ``repeated_keys`` is False where no object has one key twice, so that none has to be looked for.
    """

    __slots__ = ("_spans", "directives", "findings", "program", "repeated_keys", "text")

    def __init__(self, text: str, program: Program, findings: list[Finding], directives: Directives) -> None:
        self.text = text
        self.program = program
        self.findings = sorted(findings, key=lambda finding: finding.start)
        self.directives = directives
        self.repeated_keys = False
        self._spans = [(finding.start, finding.end) for finding in self.findings]

    def has_mistake(self, node: Node) -> bool:
        """True when a mistake of syntax lies inside ``node``: such a declaration is not valid, uses of its name are BCP062."""
        spans = self._spans
        for index in range(bisect_left(spans, (node.start, node.start)), len(spans)):
            start, end = spans[index]
            if start > node.end:
                return False
            if end <= node.end:
                return True
        return False


def parse(text: str) -> Parsed:
    """Parse a Bicep file."""
    return _parse(text, _BicepParser)


def parse_parameters(text: str) -> Parsed:
    """Parse a parameter file (.bicepparam)."""
    return _parse(text, _ParametersParser)


def _parse(text: str, kind: type[_DeclarationParser]) -> Parsed:
    found = tokens(text)
    parser = kind(found)
    deep_at: int | None = None
    program = Program(0, len(found.text), [])
    with deep_stack():
        try:
            program = parser.program()
        except NestingError as error:
            deep_at = error.offset
    if deep_at is None and parser.longest_chain > MAX_DEPTH // 8:
        deep_at = too_deep(program)
    findings = found.findings + parser.findings
    if deep_at is not None:
        program = Program(0, len(found.text), [])
        findings = [*found.findings, Finding("INF301", deep_at, min(deep_at + 1, len(found.text)), limit=MAX_DEPTH)]
    parsed = Parsed(found.text, program, findings, Directives(found.directives, found.text))
    parsed.repeated_keys = parser.repeated_keys
    return parsed


class _DeclarationParser(TypeParser):
    """What both kinds of files share; ``statements`` gives the rule of each keyword."""

    unknown_statement: str

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.statements = self.statement_rules()

    def statement_rules(self) -> dict[str, Callable[[list[Decorator]], Declaration]]:
        raise NotImplementedError

    def program(self) -> Program:
        declarations: list[Declaration] = []
        while self.kinds[self.pos] != "end":
            if self.kinds[self.pos] == "newline":
                self.pos += 1
                continue
            declaration = self.declaration()
            declarations.append(declaration)
            if self.kinds[self.pos] != "end" and self.must_end_line(declaration):
                self.end_of_line()
        return Program(0, self.ends[-1], declarations)

    def must_end_line(self, declaration: Declaration) -> bool:
        """True for what wants a line end behind it; after skipped text the next line end is read as such."""
        return type(declaration) is not SkippedDeclaration

    def declaration(self, only: str | None = None) -> Declaration:
        """One statement with its decorators; ``only`` allows a single keyword (``resource`` inside a resource's body)."""
        start, known = self.pos, len(self.findings)
        try:
            decorators = self.decorators()
            if self.kinds[self.pos] == "identifier":
                keyword = self.values[self.pos] or ""
                rule = self.statements.get(keyword) if only is None or keyword == only else None
                if rule is not None:
                    return rule(decorators)
            return self.no_statement(decorators)
        except UnexpectedTokenError as error:
            skipped = self.skip_from(start, known, error, False, ("newline",))
            return SkippedDeclaration(skipped.start, skipped.end, [], skipped.start)

    def no_statement(self, decorators: list[Decorator]) -> Declaration:
        """Decorators with nothing below them leave a SkippedDeclaration that has them; other text is a mistake."""
        raise NotImplementedError

    def begin(self, kind: type[AnyDeclaration], decorators: list[Decorator]) -> AnyDeclaration:
        """Read the keyword and make the node, whose ``end`` the rule sets."""
        keyword = self.starts[self.pos]
        self.pos += 1
        return kind(decorators[0].start if decorators else keyword, self.ends[self.pos - 1], decorators, keyword)

    def equals(self, previous: Node, *until: str) -> bool:
        """Read ``=`` with recovery; True when it is altogether missing, so that what follows is not reported too."""
        if self.kinds[self.pos] == "=":
            self.pos += 1
            return False
        found = self.recover(lambda: self.expect("="), missing(previous), *until, "newline")
        return isinstance(found, Skipped) and missing(found)

    def value(self, silent: bool) -> Expression:
        """The value after ``=``, to the line end where it is broken."""
        start, known = self.pos, len(self.findings)
        try:
            return self.expression()
        except UnexpectedTokenError as error:
            return self.skip_from(start, known, error, silent, ("newline",))

    # ------------------------------------------------------------------------------------------ shared statements

    def variable(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(VariableDeclaration, decorators)
        node.identifier = self.identifier_with_recovery("BCP015", "identifier", "newline")
        node.type = None
        if self.kinds[self.pos] not in ("=", "newline", "end"):
            node.type = self.recover(self.declared_type, missing(node.identifier), "=", "newline")
        node.value = self.value(self.equals(node.type or node.identifier))
        node.end = node.value.end
        return node

    def type_declaration(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(TypeDeclaration, decorators)
        node.identifier = self.identifier_with_recovery("BCP325", "=", "newline")
        self.equals(node.identifier)
        node.value = self.recover(self.declared_type, missing(node.identifier), "=", "{", "newline")
        node.end = node.value.end
        return node

    def function(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(FunctionDeclaration, decorators)
        node.identifier = self.identifier_with_recovery("BCP015", "=", "newline")
        node.value = self.recover(self.typed_lambda, missing(node.identifier), "newline")
        node.end = node.value.end
        return node

    def import_declaration(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(ImportDeclaration, decorators)
        kind = self.kinds[self.pos]
        if kind in ("end", "newline", "identifier"):
            node.what = self.empty("BCP354")
        elif kind == "{":
            start = self.starts[self.pos]
            self.pos += 1
            items = self.elements("}", self.imported_symbol)
            node.what = ImportedSymbols(start, self.expect("}"), items)
        elif kind == "*":
            node.what = self.recover(self.wildcard, False, "newline")
        else:
            node.what = self.skip_token("BCP354")
        node.path = self.recover(self.from_clause, False, "newline")
        node.end = node.path.end
        return node

    def skip_token(self, code: str) -> Skipped:
        pos = self.pos
        self.pos += 1
        start, end = self.starts[pos], self.ends[pos]
        self.findings.append(Finding(code, start, end))
        return Skipped(start, end)

    def imported_symbol(self) -> Node:
        pos = self.pos
        kind = self.kinds[pos]
        original: Node
        if kind == "identifier":
            original = self.identifier("BCP355")
        elif kind == "string":
            original = self.string()
        elif kind == "left":
            original = self.string()
            self.findings.append(Finding("BCP032", original.start, original.end))
            original = Skipped(original.start, original.end)
        else:
            original = self.skip_token("BCP355")
        alias: Identifier | None = None
        if self.at_keyword("as"):
            self.pos += 1
            alias = self.identifier_with_recovery("BCP325", ",", "newline")
        elif isinstance(original, StringSyntax):
            self.findings.append(Finding("BCP375", original.start, original.end))
            return Skipped(original.start, original.end)
        return ImportedSymbol(original.start, alias.end if alias else original.end, original, alias)

    def wildcard(self) -> WildcardImport:
        start = self.starts[self.pos]
        self.expect("*")
        self.expect_keyword("as")
        name = self.identifier("BCP356")
        return WildcardImport(start, name.end, name)

    def from_clause(self) -> Expression:
        self.expect_keyword("from")
        path: Expression = self.recover(lambda: self.required_string("BCP097"), False, "newline")
        return path

    def extension(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(ExtensionDeclaration, decorators)
        if self.kinds[self.pos] == "identifier":
            node.specification = self.identifier("BCP201")
        else:
            node.specification = self.recover(lambda: self.required_string("BCP201"), False, "newline")
        node.with_value = node.alias = None
        last = node.specification
        if self.kinds[self.pos] not in ("end", "newline") and not self.at_keyword("as"):
            last = node.with_value = self.recover(lambda: self.with_clause("BCP305"), missing(last), "newline")
        if self.kinds[self.pos] not in ("end", "newline"):
            found = self.recover(self.as_clause, missing(last), "newline")
            node.alias = found if isinstance(found, Identifier) else None
            last = found
        node.end = last.end
        return node

    def with_clause(self, code: str = "BCP012") -> Expression:
        """``with { ... }``"""
        self.expect_keyword("with", code)
        value: Expression = self.recover(lambda: self.object(False), False, "newline")
        return value

    def as_clause(self) -> Identifier:
        self.expect_keyword("as", "BCP305")
        return self.identifier_with_recovery("BCP202", "newline")


class _BicepParser(_DeclarationParser):
    """The statements of a Bicep file."""

    def statement_rules(self) -> dict[str, Callable[[list[Decorator]], Declaration]]:
        return {
            "targetScope": self.target_scope,
            "metadata": self.metadata,
            "type": self.type_declaration,
            "param": self.parameter,
            "var": self.variable,
            "func": self.function,
            "resource": self.resource,
            "output": self.output,
            "module": self.module,
            "import": self.import_or_extension,
            "extension": self.extension,
            "assert": self.assertion,
            "test": self.test,
        }

    def no_statement(self, decorators: list[Decorator]) -> Declaration:
        if not decorators:
            raise self.unexpected("BCP007")
        return SkippedDeclaration(decorators[0].start, decorators[-1].end, decorators, self.starts[self.pos])

    def nested_declaration(self) -> Node | None:
        if self.depth >= MAX_DEPTH:
            raise NestingError(self.starts[self.pos])
        self.depth += 1
        try:
            return self.declaration("resource")
        finally:
            self.depth -= 1

    def import_or_extension(self, decorators: list[Decorator]) -> Declaration:
        rule = self.extension if self.kinds[self.pos + 1] in ("string", "left") else self.import_declaration
        return rule(decorators)

    def target_scope(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(TargetScope, decorators)
        self.recover(lambda: self.expect("="), False, "newline")
        node.value = self.value(False)
        node.end = node.value.end
        return node

    def metadata(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(MetadataDeclaration, decorators)
        node.identifier = self.identifier_with_recovery("BCP266", "=", "newline")
        node.value = self.value(self.equals(node.identifier))
        node.end = node.value.end
        return node

    def assertion(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(AssertDeclaration, decorators)
        node.identifier = self.identifier_with_recovery("BCP344", "=", "newline")
        node.value = self.value(self.equals(node.identifier))
        node.end = node.value.end
        return node

    def test(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(TestDeclaration, decorators)
        node.identifier = self.identifier_with_recovery("BCP346", "string", "left", "newline")
        node.path = self.recover(lambda: self.required_string("BCP347"), missing(node.identifier), "=", "newline")
        silent = self.equals(node.path, "{")
        node.value = self.recover(lambda: self.object(False), silent, "newline")
        node.end = node.value.end
        return node

    def parameter(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(ParameterDeclaration, decorators)
        node.identifier = self.identifier_with_recovery("BCP013", "identifier", "newline")
        node.type = self.recover(self.declared_type, missing(node.identifier), "=", "{", "newline")
        node.default = None
        node.end = node.type.end
        if self.kinds[self.pos] not in ("newline", "end"):
            node.default = self.recover(self.default_value, missing(node.type), "newline")
            node.end = node.default.end
        return node

    def default_value(self) -> Expression:
        if self.kinds[self.pos] != "=":
            raise self.unexpected("BCP008")
        self.pos += 1
        return self.value(False)

    def output(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(OutputDeclaration, decorators)
        node.identifier = self.identifier_with_recovery("BCP016", "identifier", "newline")
        node.type = self.recover(
            lambda: self.declared_type(optional_resource=True), missing(node.identifier), "=", "newline"
        )
        node.value = self.value(self.equals(node.type))
        node.end = node.value.end
        return node

    def resource(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(ResourceDeclaration, decorators)
        node.identifier = self.identifier_with_recovery("BCP017", "string", "left", "newline")
        node.type = self.recover(lambda: self.required_string("BCP068"), missing(node.identifier), "=", "newline")
        node.existing_start = None
        if self.at_keyword("existing"):
            node.existing_start = self.starts[self.pos]
            self.pos += 1
        equals_pos = self.pos
        silent = self.equals(node.type, "{")
        if self.pos > equals_pos and self.kinds[self.pos - 1] == "=":
            self.skip_newlines_before_if()
        node.value = self.recover(lambda: self.deployable_body(True), silent, "newline")
        node.end = node.value.end
        return node

    def module(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(ModuleDeclaration, decorators)
        node.identifier = self.identifier_with_recovery("BCP096", "string", "left", "newline")
        node.path = self.recover(lambda: self.required_string("BCP097"), missing(node.identifier), "=", "newline")
        silent = self.equals(node.path, "{")
        self.skip_newlines_before_if()
        node.value = self.recover(lambda: self.deployable_body(False), silent, "newline")
        node.end = node.value.end
        return node

    def skip_newlines_before_if(self) -> None:
        following = self.peek_past_newlines(self.pos)
        if self.kinds[following] == "identifier" and self.values[following] == "if":
            self.pos = following

    def deployable_body(self, resources: bool) -> Expression:
        """What follows ``=`` of a resource or a module: an object, ``if`` or ``for``."""
        kind = self.kinds[self.pos]
        if kind == "{":
            return self.object(resources)
        if kind == "[":
            return self.for_expression(True, resources)
        if self.at_keyword("if"):
            return self.if_condition(resources, in_loop=False)
        raise self.unexpected("BCP118")


class _ParametersParser(_DeclarationParser):
    """The statements of a parameter file."""

    def statement_rules(self) -> dict[str, Callable[[list[Decorator]], Declaration]]:
        return {
            "using": self.using,
            "extends": self.extends,
            "param": self.assignment,
            "var": self.variable,
            "import": self.import_declaration,
            "extension": self.extension,
            "type": self.type_declaration,
        }

    def no_statement(self, decorators: list[Decorator]) -> Declaration:
        raise self.unexpected("BCP337")

    def using(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(UsingDeclaration, decorators)
        kind = self.kinds[self.pos]
        if kind == "identifier":
            self.expect_keyword("none")
            node.path = NoneLiteral(self.starts[self.pos - 1], self.ends[self.pos - 1])
        elif kind == "string":
            node.path = self.required_string("BCP257")
        else:
            node.path = self.empty("BCP354")
        node.with_value = None
        node.end = node.path.end
        if self.kinds[self.pos] not in ("end", "newline"):
            node.with_value = self.recover(lambda: self.with_clause("BCP436"), missing(node.path), "newline")
            node.end = node.with_value.end
        return node

    def extends(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(ExtendsDeclaration, decorators)
        node.path = self.recover(lambda: self.required_string("BCP404"), False, "newline")
        node.end = node.path.end
        return node

    def assignment(self, decorators: list[Decorator]) -> Declaration:
        node = self.begin(ParameterAssignment, decorators)
        node.identifier = self.identifier_with_recovery("BCP013", "identifier", "newline")
        node.value = self.value(self.equals(node.identifier))
        node.end = node.value.end
        return node
