"""Values that are known while compiling, as the arguments of ``loadTextContent`` have to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.sources.loaders import ENCODINGS, LoadProblem, encoding_argument, evaluate

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel


_LONGEST_TEXT = 100_000


def text_of(model: SemanticModel, node: s.Expression, depth: int = 0) -> str | None:
    """The text of an expression where it is known while compiling: literals, joined literals, variables of such; else None."""
    if type(node) is s.StringSyntax:
        parts = [node.segments[0]]
        for hole, segment in zip(node.expressions, node.segments[1:], strict=True):
            text = _hole(model, hole, depth)
            if text is None or len(text) > _LONGEST_TEXT:
                return None
            parts += [text, segment]
        return "".join(parts)
    if type(node) is s.Parenthesized:
        return text_of(model, node.expression, depth)
    if type(node) is s.VariableAccess and depth < 100:
        symbol = model.symbols.get(node)
        if type(symbol) is sym.VariableSymbol and symbol not in model.cycles:
            known = model.constant_texts
            if symbol not in known:
                known[symbol] = None
                known[symbol] = text_of(model, symbol.node.value, depth + 1)
            return known[symbol]
    return None


def _hole(model: SemanticModel, node: s.Expression, depth: int) -> str | None:
    if type(node) is s.IntegerLiteral:
        return str(node.value)
    if type(node) is s.BooleanLiteral:
        return "True" if node.value else "False"
    return text_of(model, node, depth)


def evaluate_calls(model: SemanticModel) -> None:
    """Work out every call of a function that reads files; what cannot be is reported."""
    for node in model.compile_time_calls:
        function = model.symbols[node]
        assert isinstance(function, sym.BuiltInFunction)  # noqa: S101 - a narrowing for the type checker
        if function.name == "readEnvironmentVariable":
            continue
        texts: list[str] = []
        for argument in node.arguments:
            text = text_of(model, argument)
            if text is None:
                model.report("BCP032", argument)
                break
            texts.append(text)
        else:
            _evaluate(model, node, function.name, texts)
        if node not in model.compile_time_values:
            model.invalidate_around(node)


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
