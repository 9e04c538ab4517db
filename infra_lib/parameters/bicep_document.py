"""A parameter file in Bicep: its entries, read off the syntax tree, and the text after a change."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from infra_lib.bicep import syntax
from infra_lib.bicep.parsing.parser import parse_parameters
from infra_lib.errors import BicepError, InputError
from infra_lib.parameters.entry import Expression, KeyVaultReference, ParameterEntry, Place, arm_entry
from infra_lib.parameters.json_document import REMOVED, Path
from infra_lib.parameters.json_edit import LINE_LIMIT, Splice, apply, line_rest, newline_of, same
from infra_lib.parameters.json_text import number_text, pointer
from infra_lib.parameters.literals import INTEGER_MAXIMUM, bicep_key, bicep_literal, bicep_string
from infra_lib.parameters.placed_text import PlacedText

_UNKNOWN = object()
_LINE_ENDS = ("\r\n", "\n", "\r")


class BicepDocument(PlacedText):
    """The text of a .bicepparam file, read. Values that the compiler has to compute are :class:`Expression`."""

    format = "bicepparam"

    def __init__(self, text: str) -> None:
        parsed = parse_parameters(text)
        super().__init__(text)
        self.program = parsed.program
        self.findings = parsed.findings

    @property
    def using(self) -> str | None:
        """The path after ``using``, None for ``none`` or where it is missing."""
        for declaration in self.program.declarations:
            if isinstance(declaration, syntax.UsingDeclaration) and isinstance(declaration.path, syntax.StringSyntax):
                return declaration.path.literal
        return None

    def assignments(self) -> dict[str, syntax.ParameterAssignment]:
        """The ``param`` statements by name; the last one of a name counts."""
        return {
            declaration.identifier.name: declaration
            for declaration in self.program.declarations
            if isinstance(declaration, syntax.ParameterAssignment) and declaration.identifier.valid
        }

    def values(self) -> dict[str, Any]:
        """Every parameter with its value."""
        return {name: self.value_of(node.value) for name, node in self.assignments().items()}

    def value_of(self, node: syntax.Expression) -> Any:
        """The value of a literal or a Key Vault reference, else the expression as written."""
        value = literal_value(node)
        if value is _UNKNOWN:
            return _secret(node) or Expression(text=self.text[node.start : node.end])
        return value

    def entries(self) -> Iterator[ParameterEntry]:
        """Every parameter, in order, with its place."""
        for name, node in self.assignments().items():
            place = self.place(node.value.start, node.value.end)
            yield ParameterEntry(name=name, value=self.value_of(node.value), pointer=pointer(("parameters", name)), place=place)

    def locate(self, path: Path, *, name: bool = False) -> Place:
        """Where the parameters are declared to be for a template: the path after ``using``."""
        for declaration in self.program.declarations:
            if isinstance(declaration, syntax.UsingDeclaration):
                return self.place(declaration.path.start, declaration.path.end)
        return Place(line=1, column=1, end_line=1, end_column=1)

    def locate_value(self, name: str, path: Path = (), *, key: bool = False) -> tuple[str, Place]:
        """The pointer and the place of a parameter's value, or of what lies at ``path`` in it (``key``: of its name)."""
        full = pointer(("parameters", name, *path))
        assignment = self.assignments().get(name)
        if assignment is None:
            return full, self.locate(())
        label: syntax.Node = assignment.identifier
        node: syntax.Node = assignment.value
        for step in path:
            if isinstance(node, syntax.ObjectSyntax) and isinstance(step, str) and (member := node.get(step)):
                label, node = member.key, member.value
            elif isinstance(node, syntax.ArraySyntax) and isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            else:
                break
        shown = label if key else node
        return full, self.place(shown.start, shown.end)

    def changed(self, changes: Mapping[str, Any]) -> str:
        """The text with values changed, added or (REMOVED) taken out; everything else as it is."""
        editor = _Editor(self.text)
        assignments = self.assignments()
        added: dict[str, Any] = {}
        for name, value in changes.items():
            assignment = assignments.get(name)
            if assignment is None:
                if value is not REMOVED:
                    added[name] = value
            elif value is REMOVED:
                editor.remove(assignment)
            else:
                editor.change(assignment.value, value)
        text = apply(self.text, editor.splices)
        for name, value in added.items():
            text = editor.append(text, name, value)
        return text

    def compiled(self, path: FilePath | None) -> dict[str, dict[str, Any]]:
        """The parameters as Resource Manager takes them; expressions evaluated by the compiler.

        Raises BicepError when the file does not compile, InputError when it has expressions but no path to compile it at.
        """
        values = self.values()
        if not any(isinstance(value, Expression) for value in values.values()) and not self.extends:
            return {name: arm_entry(copy.deepcopy(value)) for name, value in values.items()}
        if path is None:
            raise InputError("This parameter file has expressions, which are evaluated relative to its folder. Save it first.")
        return compile_text(self.text, path)

    @property
    def extends(self) -> bool:
        """Whether the file takes values from another one."""
        return any(isinstance(declaration, syntax.ExtendsDeclaration) for declaration in self.program.declarations)


def literal_value(node: syntax.Node) -> Any:
    """The value of an expression of literals alone; a marker of its own where there is more to it."""
    if isinstance(node, syntax.StringSyntax):
        return _UNKNOWN if node.literal is None else node.literal
    if isinstance(node, syntax.BooleanLiteral | syntax.IntegerLiteral):
        return node.value if isinstance(node, syntax.BooleanLiteral) or node.value <= INTEGER_MAXIMUM else _UNKNOWN
    if isinstance(node, syntax.NullLiteral):
        return None
    if isinstance(node, syntax.Parenthesized):
        return literal_value(node.expression)
    if isinstance(node, syntax.Unary):
        operand = node.operand
        return -operand.value if node.operator == "-" and isinstance(operand, syntax.IntegerLiteral) else _UNKNOWN
    if isinstance(node, syntax.ArraySyntax):
        items = [literal_value(item) for item in node.items]
        return _UNKNOWN if any(item is _UNKNOWN for item in items) else items
    if isinstance(node, syntax.ObjectSyntax):
        return _literal_object(node)
    return _json_number(node)


def _json_number(node: syntax.Node) -> Any:
    """``json('1.5')``: how Bicep writes a number that is no integer."""
    if isinstance(node, syntax.FunctionCall) and node.identifier.name == "json" and len(node.arguments) == 1:
        text = literal_value(node.arguments[0])
        if isinstance(text, str) and (match := number_text(text)) and match.end() == len(text) and match.lastindex:
            return float(text)
    return _UNKNOWN


def _literal_object(node: syntax.ObjectSyntax) -> Any:
    members: dict[str, Any] = {}
    for item in node.items:
        if not isinstance(item, syntax.ObjectProperty) or item.name is None or item.name in members:
            return _UNKNOWN
        value = literal_value(item.value)
        if value is _UNKNOWN:
            return _UNKNOWN
        members[item.name] = value
    return members


def _secret(node: syntax.Expression) -> KeyVaultReference | None:
    """The reference that ``getSecret`` or ``az.getSecret`` with literal arguments makes."""
    if isinstance(node, syntax.InstanceCall):
        base = node.base
        if not isinstance(base, syntax.VariableAccess) or base.identifier.name != "az":
            return None
    elif not isinstance(node, syntax.FunctionCall):
        return None
    if node.identifier.name != "getSecret" or len(node.arguments) not in (4, 5):
        return None
    arguments = [literal_value(argument) for argument in node.arguments]
    if not all(isinstance(argument, str) for argument in arguments):
        return None
    subscription, group, vault, secret, *version = arguments
    vault_id = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{vault}"
    return KeyVaultReference(vault_id=vault_id, secret_name=secret, secret_version=version[0] if version else None)


def bicep_value(value: Any, *, indent: str = "  ", prefix: str = "", newline: str = "\n") -> str:
    """A parameter's value as Bicep: a literal, a call of ``az.getSecret``, or an expression as it is.

    Raises InputError for a Key Vault reference whose vault id is no vault's.
    """
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, KeyVaultReference):
        vault = value.vault()
        if vault is None:
            raise InputError(f"{value.vault_id} is no key vault's resource id, so that no getSecret() can be written for it.")
        version = [value.secret_version] if value.secret_version is not None else []
        return f"az.getSecret({', '.join(bicep_string(text) for text in (*vault, value.secret_name, *version))})"
    return bicep_literal(value, indent=indent, prefix=prefix, newline=newline)


def compile_text(text: str, path: FilePath) -> dict[str, dict[str, Any]]:
    """Compile a .bicepparam text as the file at ``path``, and give its parameters. Raises BicepError when it does not compile."""
    from infra_lib.bicep.bicepparam import compile_parameters

    compilation = compile_parameters(path, text=text)
    if compilation.parameters is None:
        raise BicepError(compilation.diagnostics)
    return dict(compilation.parameters["parameters"])


class _Editor:
    """Collects the replacements for one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.splices: list[Splice] = []
        self.newline = newline_of(text)

    def change(self, node: syntax.Expression, value: Any) -> None:
        """Make an expression read as ``value``; what is equal in both stays as it is written."""
        old = literal_value(node)
        if isinstance(value, KeyVaultReference | Expression):
            if _secret(node) != value and self.text[node.start : node.end] != getattr(value, "text", None):
                self.splices.append(Splice(node.start, node.end, bicep_value(value)))
            return
        if old is not _UNKNOWN and same(old, value):
            return
        if (
            isinstance(node, syntax.ObjectSyntax)
            and isinstance(value, dict)
            and old is not _UNKNOWN
            and old.keys() <= value.keys()
        ):
            self.change_object(node, value)
        elif isinstance(node, syntax.ArraySyntax) and isinstance(value, list) and len(value) == len(node.items):
            for item, wanted in zip(node.items, value, strict=True):
                self.change(item, wanted)
        else:
            self.splices.append(Splice(node.start, node.end, self.replacement(node, value)))

    def change_object(self, node: syntax.ObjectSyntax, value: dict[str, Any]) -> None:
        """Change members and append new ones; none is taken out."""
        for member in node.properties():
            self.change(member.value, value[str(member.name)])
        present = {member.name for member in node.properties()}
        added = {name: item for name, item in value.items() if name not in present}
        if not added:
            return
        members = list(node.properties())
        joined = bicep_literal(added, indent=None)[2:-2]
        if not members:
            empty = not self.text[node.start + 1 : node.end - 1].strip()
            end = node.end if empty else node.start + 1
            self.splices.append(Splice(node.start, end, self.replacement(node, added) if empty else f"{{ {joined}"))
        elif self.text[self.line_start(members[-1].start) : members[-1].start].strip():
            self.splices.append(Splice(members[-1].end, members[-1].end, f", {joined}"))
        else:
            prefix = self.line_indent(members[-1].start)
            lines = [
                f"{prefix}{bicep_key(name)}: {bicep_literal(item, prefix=prefix, newline=self.newline)}"
                for name, item in added.items()
            ]
            end = self.rest_of_line(members[-1].end)
            self.splices.append(Splice(end, end, "".join(self.newline + line for line in lines)))

    def replacement(self, node: syntax.Expression, value: Any) -> str:
        """A value in the place of an expression: on one line where it was an array or object on one, else indented."""
        was_one_line = isinstance(node, syntax.ArraySyntax | syntax.ObjectSyntax) and bool(node.items)
        if was_one_line and not any(mark in self.text[node.start : node.end] for mark in "\r\n"):
            text = bicep_literal(value, indent=None)
            if node.start - self.line_start(node.start) + len(text) <= LINE_LIMIT:
                return text
        return bicep_literal(value, prefix=self.line_indent(node.start), newline=self.newline)

    def remove(self, node: syntax.ParameterAssignment) -> None:
        """Take out a statement with its line."""
        start = self.line_start(node.start)
        start = start if not self.text[start : node.start].strip() else node.start
        end = self.rest_of_line(node.end)
        line_end = next((mark for mark in _LINE_ENDS if self.text.startswith(mark, end)), "")
        self.splices.append(Splice(start, end + len(line_end), ""))

    def append(self, text: str, name: str, value: Any) -> str:
        """The text with a statement at its end; a final line end is there afterwards if it was before."""
        if not syntax_name(name):
            raise InputError(f'"{name}" cannot be a parameter in a Bicep file: names are letters, digits and underscores.')
        statement = f"param {name} = {bicep_value(value, newline=self.newline)}"
        ended = not text or text.endswith(("\n", "\r"))
        return f"{text}{statement}{self.newline}" if ended else f"{text}{self.newline}{statement}"

    def line_start(self, offset: int) -> int:
        """The offset of the first character of a line."""
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1

    def rest_of_line(self, offset: int) -> int:
        """The offset after the comments that follow on a line."""
        rest = line_rest(self.text, offset)
        return rest.end() if rest else offset

    def line_indent(self, offset: int) -> str:
        """The white space that the line of ``offset`` starts with."""
        line = self.text[self.line_start(offset) : offset]
        return line[: len(line) - len(line.lstrip(" \t"))]


def syntax_name(name: str) -> bool:
    """Whether a name can be declared in Bicep."""
    return name.isascii() and name.isidentifier()
