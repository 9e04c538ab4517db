"""What every stage of lowering speaks of: constants, references and the contexts of collections' items."""

from __future__ import annotations

from typing import Any

from infra_lib.arm.values import float_text
from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission import arm_text as arm
from infra_lib.bicep.semantics import symbols as sym

Environment = dict[sym.LocalSymbol, str]
"""The texts that stand for loop variables."""


class UnsupportedError(Exception):
    """A construct that is not compiled, at a node; ``construct`` names it."""

    def __init__(self, node: s.Node, construct: str) -> None:
        super().__init__(construct)
        self.node = node
        self.construct = construct


class Constant(s.Expression):
    """A value that the compiler worked out: of nameof(), of a loaded file."""

    __slots__ = ("value",)

    def __init__(self, node: s.Node, value: Any) -> None:
        self.start = node.start
        self.end = node.end
        self.value = value


class Context:
    """An index behind a collection: its text, and the environment in which the collection's name and scope are read."""

    __slots__ = ("environment", "index")

    def __init__(self, environment: Environment, index: str) -> None:
        self.environment = environment
        self.index = index


class Reference:
    """A resource or a module as a value, ``context`` being the index behind it."""

    __slots__ = ("context", "symbol")

    def __init__(self, symbol: sym.DeployableSymbol | sym.ParameterSymbol, context: Context | None) -> None:
        self.symbol = symbol
        self.context = context


def constant_json(value: Any) -> Any:
    """A loaded value as JSON: strings escaped, fractions read from text at run time."""
    if isinstance(value, str):
        return f"[{value}]" if type(value) is arm.Verbatim else arm.escape(value)
    if isinstance(value, dict):
        return {_constant_key(key): constant_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [constant_json(item) for item in value]
    if isinstance(value, float):
        return f"[{constant_text(value)}]"
    return value


def _constant_key(key: str) -> str:
    text = arm.escape(key)
    return f"[string('{text}')]" if text.lower() == "copy" else text


def constant_text(value: Any) -> str:
    """A loaded value within an expression."""
    if isinstance(value, str):
        return value if type(value) is arm.Verbatim else arm.string(value)
    if isinstance(value, dict):
        return arm.call("createObject", (text for key, item in value.items() for text in (arm.string(key), constant_text(item))))
    if isinstance(value, list):
        return arm.call("createArray", (constant_text(item) for item in value))
    if value is None:
        return "null()"
    if isinstance(value, bool):
        return "true()" if value else "false()"
    if isinstance(value, int):
        return arm.integer(value)
    return f"json('{float_text(value)}')"
