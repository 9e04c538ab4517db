"""Values that are known while compiling, as the arguments of ``loadTextContent`` have to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics.literals import known_value
from infra_lib.bicep.sources.loaders import ENCODINGS, LoadProblem, encoding_argument, evaluate

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel


def text_of(model: SemanticModel, node: s.Expression) -> str | None:
    """The text that an expression is known to be while compiling, None where it is not."""
    value = known_value(model, node)
    return value if isinstance(value, str) else None


def evaluate_calls(model: SemanticModel) -> None:
    """Work out every call of a function that reads files; what cannot be is reported.

    A call may need the value of another one that stands below it, so what is not known yet is tried again.
    """
    calls = [node for node in model.compile_time_calls if model.symbols[node].name != "readEnvironmentVariable"]
    pending = calls
    while pending:
        waiting = [node for node in pending if not _try(model, node)]
        model.known_names.clear()
        model.known_collections.clear()
        if len(waiting) == len(pending):
            break
        pending = waiting
    for node in pending:
        argument = next(argument for argument in node.arguments if text_of(model, argument) is None)
        if not any(each in calls for each in _nodes(argument)):
            model.report("BCP032", argument)
    for node in calls:
        if node not in model.compile_time_values:
            model.invalidate_around(node)


def not_constant(node: s.Node) -> Iterator[s.Node]:
    """The outermost parts of a value that are more than what is written: names, calls, operations, interpolation."""
    if isinstance(node, s.StringSyntax):
        if node.expressions:
            yield node
    elif isinstance(node, _COMPUTED) or (isinstance(node, s.Unary) and node.operator != "-"):
        yield node
    else:
        for child in node.children():
            yield from not_constant(child)


_COMPUTED = (
    s.ArrayAccess, s.Binary, s.ForExpression, s.FunctionCall, s.InstanceCall, s.Parenthesized, s.PropertyAccess, s.Ternary,
    s.VariableAccess,
)  # fmt: skip


def _nodes(node: s.Node) -> Iterator[s.Node]:
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending += current.children()


def _try(model: SemanticModel, node: s.FunctionCall | s.InstanceCall) -> bool:
    """Evaluate a call; False where an argument is not known."""
    texts = [text for argument in node.arguments if (text := text_of(model, argument)) is not None]
    if len(texts) < len(node.arguments):
        return False
    _evaluate(model, node, model.symbols[node].name, texts)
    return True


def _evaluate(model: SemanticModel, node: s.FunctionCall | s.InstanceCall, name: str, texts: list[str]) -> None:
    position = encoding_argument(name)
    if position is not None and position < len(texts) and texts[position] not in ENCODINGS:
        expected = " | ".join(f"'{encoding}'" for encoding in sorted(ENCODINGS))
        model.report("BCP070", node.arguments[position], actual=f"'{texts[position]}'", expected=expected)
        return
    result = evaluate(name, model.path, texts, model.compiler.files.read)
    if isinstance(result, LoadProblem):
        model.report(result.code, node.arguments[min(result.argument, len(node.arguments) - 1)], **result.names)
        return
    if result.mismatch is not None and position is not None and position < len(node.arguments):
        model.report("BCP185", node.arguments[position], encoding=result.mismatch)
    model.compile_time_values[node] = result.value


def name_of(node: s.Expression) -> str | None:
    """What ``nameof`` gives: the last name of an access, None for an expression without one."""
    while True:
        if type(node) is s.VariableAccess or type(node) is s.PropertyAccess or type(node) is s.ResourceAccess:
            return node.identifier.name
        if type(node) is s.ArrayAccess and type(node.index) is s.StringSyntax:
            return node.index.literal
        if type(node) is s.NonNull:
            node = node.base
        elif type(node) is s.Parenthesized:
            node = node.expression
        else:
            return None
