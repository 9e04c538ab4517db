"""Parameters, outputs, types and functions of a template: the schema of the type, then what decorators add, in the official
order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission.lowering_terms import UnsupportedError
from infra_lib.bicep.typing.types import schema

if TYPE_CHECKING:
    from infra_lib.bicep.emission.emit import Emission

_SECURE_TYPES = {"string": "securestring", "object": "secureObject"}
_LIMITS = ("minLength", "maxLength", "minValue", "maxValue")
_LINE_END = re.compile(r"\r\n|\r|\n")


def merge(schema: dict[str, Any], name: str, value: Any) -> None:
    """Set a member; an object that is there already is replaced, at its place, by a copy with the new members in it."""
    present = schema.get(name)
    if isinstance(present, dict) and isinstance(value, dict):
        merged = dict(present)
        for key, item in value.items():
            merge(merged, key, item)
        value = merged
    schema[name] = value


def apply_decorators(emission: Emission, node: s.Decorated, result: dict[str, Any], *, exported: bool = False) -> dict[str, Any]:
    """Add what the decorators of a parameter, output, type or member of a type say to its schema; ``exported`` for ``type``
    alone."""
    decorators = emission.model.decorators(node)
    if "secure" in decorators:
        result["type"] = _SECURE_TYPES.get(result.get("type", ""), result.get("type"))
    if "sealed" in decorators:
        merge(result, "additionalProperties", False)
    if exported and "export" in decorators:
        merge(result, "metadata", {"__bicep_export!": True})
    if "metadata" in decorators:
        merge(result, "metadata", _argument(emission, decorators["metadata"]))
    for name in _LIMITS:
        if name in decorators:
            merge(result, name, _argument(emission, decorators[name]))
    text = description(emission, decorators)
    if text is not None:
        merge(result, "metadata", {"description": text})
    return result


def _argument(emission: Emission, call: s.FunctionCall | s.InstanceCall) -> Any:
    if not call.arguments:
        raise UnsupportedError(call, f"@{call.identifier.name}() without an argument")
    return emission.lowering.value(call.arguments[0])


def description(emission: Emission, decorators: dict[str, s.FunctionCall | s.InstanceCall]) -> Any:
    """The text of ``@description`` without the indentation that its lines share, None without one."""
    call = decorators.get("description")
    if call is None:
        return None
    argument = emission.lowering.core(call.arguments[0]) if call.arguments else None
    literal = argument.literal if type(argument) is s.StringSyntax else None
    if literal is None:
        return _argument(emission, call)
    return emission.lowering.value(s.StringSyntax(call.start, call.end, [without_indent(literal)], []))


def without_indent(text: str) -> str:
    """The text with the white space that all lines but the first begin with taken away, and with LF between the lines."""
    first, *rest = _LINE_END.split(text)
    filled = [line for line in rest if line]
    common = 0
    if filled:
        shortest = min(map(len, filled))
        while common < shortest and all(line[common] in " \t" for line in filled):
            common += 1
    return "\n".join([first, *(line[common:] if line else line for line in rest)])


def parameter(emission: Emission, node: s.ParameterDeclaration) -> dict[str, Any]:
    """A member of ``parameters``."""
    if node.type is None:
        raise UnsupportedError(node, "a parameter without a type")
    result = schema(emission, node.type)
    if node.default is not None:
        merge(result, "defaultValue", emission.lowering.value(node.default))
    allowed = emission.model.decorators(node).get("allowed")
    if allowed is not None:
        merge(result, "allowedValues", _argument(emission, allowed))
    return apply_decorators(emission, node, result)


def output(emission: Emission, node: s.OutputDeclaration) -> dict[str, Any]:
    """A member of ``outputs``, without its value."""
    return apply_decorators(emission, node, schema(emission, node.type))


def declared_type(emission: Emission, node: s.TypeDeclaration) -> dict[str, Any]:
    """A member of ``definitions``."""
    return apply_decorators(emission, node, schema(emission, node.value), exported=True)


def function(emission: Emission, node: s.FunctionDeclaration) -> dict[str, Any]:
    """A member of a name space of ``functions``."""
    value = node.value
    if type(value) is not s.TypedLambda:
        raise UnsupportedError(node, "this function")
    parameters: list[dict[str, Any]] = []
    for item in value.parameters:
        parameter_schema = schema(emission, item.type)
        parameter_schema["name"] = item.identifier.name
        parameters.append(parameter_schema)
    result_schema = schema(emission, value.return_type)
    merge(result_schema, "value", emission.lowering.value(value.body))
    result: dict[str, Any] = {"parameters": parameters, "output": result_schema}
    decorators = emission.model.decorators(node)
    text = description(emission, decorators)
    metadata: dict[str, Any] = {} if text is None else {"description": text}
    if "export" in decorators:
        metadata["__bicep_export!"] = True
    if metadata:
        result["metadata"] = metadata
    return result
