"""Literal calculations that have no value: mistakes that are known while compiling."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.literals import known_value
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.sources.documents import JsonError, read_document

_LEAST, _GREATEST = -(2**63), 2**63 - 1


def check_arithmetic(model: SemanticModel) -> None:
    """Report results outside 64 bits, divisions by zero, ``min`` and ``max`` of nothing, and JSON text that is none.

    Sums and differences that leave 64 bits are refused, as the official compiler ends with them; other results that cannot be
    computed are left to the deployment.
    """
    for node in model.arithmetic:
        if isinstance(node, s.Binary):
            _check_operation(model, node)
        else:
            _check_call(model, node)


def _check_operation(model: SemanticModel, node: s.Binary) -> None:
    right = known_value(model, node.right)
    if type(right) is not int:
        return
    if node.operator == "%" and right == 0:
        model.report("BCP410", node)
        model.invalidate_around(node)
    left = known_value(model, node.left)
    if type(left) is not int:
        return
    if node.operator in "/%":
        if right == 0:
            model.report("BCP234", node)
        return
    result = left + right if node.operator == "+" else left - right if node.operator == "-" else left * right
    if not _LEAST <= result <= _GREATEST:
        model.report("BCP234" if node.operator == "*" else "INF314", node)


def _check_call(model: SemanticModel, node: s.FunctionCall | s.InstanceCall) -> None:
    function = model.symbols.get(node)
    if type(function) is not sym.BuiltInFunction or len(node.arguments) != 1:
        return
    argument = node.arguments[0]
    if function.name != "json":
        if isinstance(argument, s.ArraySyntax) and not argument.items:
            model.report("INF315", argument, name=function.name)
    elif isinstance(argument, s.StringSyntax) and argument.literal is not None:
        try:
            read_document(argument.literal)
        except JsonError as error:
            model.report("BCP186", argument, reason=error.message)
