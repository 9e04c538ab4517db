"""Symbols imported from ARM JSON templates: what they need, and how they are written under their new names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from infra_lib.arm.expressions import (
    Access,
    Call,
    ExpressionSyntaxError,
    Literal,
    Node,
    is_expression,
    parse_expression,
    unescape,
)
from infra_lib.bicep.emission import arm_text as arm
from infra_lib.bicep.emission.lowering_terms import UnsupportedError, constant_json
from infra_lib.bicep.typing.json_types import apply_modifiers, json_type, member, schema_at
from infra_lib.bicep.typing.type_schema import SchemaWriter

if TYPE_CHECKING:
    from infra_lib.bicep.emission.emit import Emission
    from infra_lib.bicep.semantics.model import JsonTemplate
    from infra_lib.bicep.typing.imports import Export, ImportClosure, Imported


def _template(export: Export) -> JsonTemplate:
    from infra_lib.bicep.semantics.model import JsonTemplate

    assert isinstance(export.target, JsonTemplate)  # noqa: S101 - a narrowing for the type checker
    return export.target


# ---------------------------------------------------------------------------------------------- what is there


def functions_of(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The user-defined functions of a template by qualified name."""
    found = {}
    for group in member(template, "functions") or ():
        namespace = member(group, "namespace")
        for name, function in (member(group, "members") or {}).items():
            found[f"{namespace}.{name}"] = function
    return found


def _variable_source(template: dict[str, Any], name: str) -> dict[str, Any] | None:
    from infra_lib.bicep.sources.arm_module import variable_source

    found = variable_source(member(template, "variables") or {}, name)
    return found if isinstance(found, dict) else None


# ---------------------------------------------------------------------------------------------- what is needed


def needs(export: Export) -> Iterator[Export]:
    """The symbols that an exported one refers to."""
    template = _template(export)
    if export.kind == "type":
        yield from _types_in(template, schema_at(template, export.identity))
    elif export.kind == "variable":
        yield from _expressions_in(template, _variable_source(template.template, export.identity))
    else:
        function = functions_of(template.template).get(export.identity)
        output = member(function, "output")
        for parameter in member(function, "parameters") or ():
            yield from _types_in(template, parameter)
        yield from _types_in(template, output)
        yield from _expressions_in(template, member(output, "value"))


def _types_in(template: JsonTemplate, node: Any) -> Iterator[Export]:
    from infra_lib.bicep.typing.imports import Export

    if not isinstance(node, dict):
        return
    pointer = member(node, "$ref")
    if isinstance(pointer, str):
        yield Export(template, "type", pointer, pointer)
    mapping = member(member(node, "discriminator"), "mapping") or {}
    below = [*(member(node, "properties") or {}).values(), *(member(node, "prefixItems") or ()), *mapping.values()]
    for child in (*below, member(node, "items"), member(node, "additionalProperties")):
        yield from _types_in(template, child)


def _expressions_in(template: JsonTemplate, value: Any) -> Iterator[Export]:
    from infra_lib.bicep.typing.imports import Export

    known = functions_of(template.template)
    for call in (call for text in _texts(value) for call in _calls(text)):
        name = _named_variable(call)
        if name is not None:
            yield Export(template, "variable", name, name)
        elif call.name in known:
            yield Export(template, "function", call.name, call.name)


def _calls(text: str) -> Iterator[Call]:
    """The calls in a text, if it is an expression, in the order of the text."""
    if not is_expression(text):
        return
    try:
        pending: list[Node] = [parse_expression(text)]
    except ExpressionSyntaxError:
        return
    while pending:
        node = pending.pop()
        if isinstance(node, Call):
            yield node
            pending.extend(reversed(node.arguments))
        elif isinstance(node, Access):
            pending.extend((*reversed(node.keys), node.target))


def _named_variable(call: Call) -> str | None:
    """The variable that ``variables('name')`` reads; None for other calls."""
    if call.key != "variables" or len(call.arguments) != 1:
        return None
    argument = call.arguments[0]
    return argument.value if isinstance(argument, Literal) and isinstance(argument.value, str) else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)


# ---------------------------------------------------------------------------------------------- what is written


def definition(emission: Emission, export: Export) -> dict[str, Any]:
    """The schema of an imported type, its references renamed."""
    template = _template(export)
    place = emission.model.file.program
    node = schema_at(template, export.identity)
    if node is None:
        raise UnsupportedError(place, f"the imported type {export.name}")
    return apply_modifiers(node, SchemaWriter(emission, place).write(json_type(template, node)))


def function(emission: Emission, export: Export) -> dict[str, Any]:
    """An imported function, without the word of where it comes from."""
    template = _template(export)
    writer = SchemaWriter(emission, emission.model.file.program)
    source = functions_of(template.template).get(export.identity, {})
    values = _ValueWriter(emission.model.imported, template)
    parameters = []
    for parameter in member(source, "parameters") or ():
        parameters.append({**writer.write(json_type(template, parameter)), "name": member(parameter, "name")})
    output = member(source, "output")
    result: dict[str, Any] = {
        "parameters": parameters,
        "output": {**writer.write(json_type(template, output)), "value": values.value(member(output, "value"))},
    }
    description = member(member(source, "metadata"), "description")
    if isinstance(description, str):
        result["metadata"] = {"description": description}
    return result


def variable(closure: ImportClosure, entry: Imported, loops: list[dict[str, Any]], plain: dict[str, Any]) -> None:
    """Add an imported variable to the section."""
    template = _template(entry.export)
    source = _variable_source(template.template, entry.export.identity) or {"value": None}
    if "copy" not in source:
        plain[entry.name] = _ValueWriter(closure, template).value(source["value"])
        return
    loop = source["copy"]
    values = _ValueWriter(closure, template, loop=entry)
    count = values.value(member(loop, "count"))
    inner = count[1:-1] if isinstance(count, str) and is_expression(count) else str(count)
    loops.append({"name": entry.name, "count": f"[length(range(0, {inner}))]", "input": values.value(member(loop, "input"))})


class _ValueWriter:
    """Writes the values of a template anew, as the compiler writes those of Bicep: with the names that its symbols get here.

    ``loop`` is the variable whose items are written.
    """

    def __init__(self, closure: ImportClosure, template: JsonTemplate, *, loop: Imported | None = None) -> None:
        self.closure = closure
        self.template = template
        self.loop = loop

    def value(self, value: Any) -> Any:
        """A JSON value with what it holds."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self._text(name): self.value(item) for name, item in value.items()}
        return constant_json(value)

    def _text(self, text: str) -> Any:
        if not is_expression(text):
            return arm.escape(unescape(text))
        try:
            return arm.written(self._node(parse_expression(text)))
        except ExpressionSyntaxError as error:
            raise UnsupportedError(self.closure.model.file.program, f"the imported expression {text}: {error}") from None

    def _node(self, node: Node) -> str:
        if isinstance(node, Literal):
            return arm.string(node.value) if isinstance(node.value, str) else arm.integer(node.value)
        if isinstance(node, Access):
            text = self._node(node.target)
            for key in node.keys:
                text = arm.access(text, self._node(key))
            return text
        assert isinstance(node, Call)  # noqa: S101 - there is no other node
        return self._call(node)

    def _call(self, call: Call) -> str:
        arguments = [self._node(argument) for argument in call.arguments]
        variable = _named_variable(call)
        if variable is not None:
            return arm.call("variables", [arm.string(self._name("variable", variable) or variable)])
        if self.loop is not None and call.key == "copyindex" and self._is_own_loop(arguments, self.loop):
            index = arm.call("copyIndex", [arm.string(self.loop.name)])
            return index if len(arguments) == 1 else arm.call("add", [index, arguments[1]])
        function = self._name("function", call.name)
        if function is not None:
            return arm.call(function if "." in function else f"__bicep.{function}", arguments)
        return arm.call(call.name, arguments)

    @staticmethod
    def _is_own_loop(arguments: list[str], loop: Imported) -> bool:
        return bool(arguments) and arguments[0].lower() == arm.string(loop.export.identity).lower()

    def _name(self, kind: str, identity: str) -> str | None:
        entry = self.closure.entry(self.template, kind, identity)
        return None if entry is None else entry.name
