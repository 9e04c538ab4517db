"""Lowering for parameter files: what a deployment resolves stays, all else becomes a literal; ``base`` is looked through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission import arm_text as arm
from infra_lib.bicep.emission.emit import Emission
from infra_lib.bicep.emission.lower import Lowering
from infra_lib.bicep.emission.lowering_terms import constant_text
from infra_lib.bicep.parameter_files.parameter_model import BaseSymbol, InheritedSymbol, base_member
from infra_lib.bicep.semantics import symbols as sym

if TYPE_CHECKING:
    from infra_lib.bicep.parameter_files.parameter_values import Values

BASE_PREFIX = "base."
"""What the names begin with under which the engine is asked for members of ``base``."""

INHERITED_PREFIX = "extended."
"""The same for inherited parameters that are read by their names alone."""

_NO_WORD = re.compile(r"\W")


class FailedError(Exception):
    """A declaration cannot be evaluated. ``reported`` is True when the findings say so already."""

    def __init__(self, message: str, *, reported: bool = False) -> None:
        super().__init__(message)
        self.reported = reported


class ExternalInputs:
    """The external inputs of a document: keys in the order in which they are met, one for equal calls."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self.definitions: dict[str, dict[str, Any]] = {}

    def key(self, text: str, kind: str, definition: dict[str, Any]) -> str:
        """The key of a call, made when its ``text`` is new."""
        found = self._keys.get(text)
        if found is None:
            found = self._keys[text] = f"{_NO_WORD.sub('_', kind)}_{len(self._keys)}"
            self.definitions[found] = definition
        return found


class ParameterLowering(Lowering):
    """Lowers for a parameter file. ``base`` becomes ``parameters('base.name')``; while ``inlining``, everything that is known
    becomes a literal and external inputs their keys."""

    def __init__(self, emission: Emission, values: Values) -> None:
        super().__init__(emission)
        self.owner = values
        self.inlining = False

    def expression(self, node: s.Expression) -> str:
        """The text of an expression, without outer brackets."""
        special = self._special(node)
        return super().expression(node) if special is None else special

    def _special(self, node: s.Expression) -> str | None:
        kind = type(node)
        member = base_member(self.model, node)
        if member is not None:
            return self._base_member(member[0])
        if kind is s.PropertyAccess and type(node.base) is s.VariableAccess and not node.safe:  # type: ignore[attr-defined]
            symbol = self.symbols.get(node.base)  # type: ignore[attr-defined]
            if type(symbol) is sym.WildcardSymbol and self.inlining:
                return self._literal(self._wholly(node))
        elif kind is s.VariableAccess:
            symbol = self.symbols.get(node)
            if type(symbol) is BaseSymbol:
                members = self.owner.file.base_members()
                return arm.call(
                    "createObject", (text for name in members for text in (arm.string(name), self._base_member(name)))
                )
            if type(symbol) is InheritedSymbol:
                return self._inherited(symbol.name)
            if self.inlining:
                return self._inlined_name(node, symbol)
        elif kind is s.FunctionCall or kind is s.InstanceCall:
            function = self.symbols.get(node)
            if type(function) is sym.BuiltInFunction:
                if function.name == "externalInput" and self.inlining:
                    return f"externalInputs({arm.string(self.owner.input_key(node))})"  # type: ignore[arg-type]
            elif self.inlining and self._is_own_function(node, function):
                return self._literal(self._wholly(node))
        return None

    def _is_own_function(self, node: s.Expression, function: sym.Symbol | None) -> bool:
        if isinstance(function, sym.FunctionSymbol | sym.ImportedSymbol):
            return True
        return type(node) is s.InstanceCall and type(self.symbols.get(node.base)) is sym.WildcardSymbol

    def _wholly(self, node: s.Expression) -> str:
        """The text of a call that is evaluated here, not by the deployment."""
        self.inlining = False
        try:
            return super().expression(node)
        finally:
            self.inlining = True

    def _inlined_name(self, node: s.Expression, symbol: sym.Symbol | None) -> str | None:
        if type(symbol) is sym.ParameterAssignmentSymbol:
            if self.owner.is_external(symbol.node.value):
                return self.expression(symbol.node.value)
            return constant_literal(self.owner.parameter(symbol.name))
        if type(symbol) is sym.ImportedSymbol or (type(symbol) is sym.VariableSymbol and symbol not in self.inlined):
            return self._literal(super().expression(node))
        return None

    def _literal(self, text: str) -> str:
        return constant_literal(self.owner.known(self.owner.frame().evaluate(f"[{arm.as_call(text)}]")))

    def _inherited(self, name: str) -> str:
        """A parameter of the extended files by its name alone: its value in its own file."""
        if not self.inlining:
            return f"parameters({arm.string(INHERITED_PREFIX + name)})"
        file, node = self.owner.file.base_members()[name]
        values = self.owner.of(file)
        return (
            values.inlined(node.value, self.owner) if values.is_external(node.value) else constant_literal(values.parameter(name))
        )

    def _base_member(self, name: str) -> str:
        found = self.owner.file.base_members().get(name)
        if found is None:
            raise FailedError(f"The extended file has no parameter {name}.", reported=True)
        if self.inlining:
            file, node = found
            values = self.owner.of(file)
            if values.is_external(node.value):
                return values.inlined(node.value, self.owner)
            return constant_literal(self.owner.base_value(name))
        return f"parameters({arm.string(BASE_PREFIX + name)})"


def constant_literal(value: Any) -> str:
    """A value within an expression of a parameter file, which fractions have no literal for."""
    for part in _parts(value):
        if isinstance(part, float):
            raise FailedError(f"The number {part} cannot stand in an expression; write json('{part}') where it is used.")
    return constant_text(value)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [part for item in value.values() for part in _parts(item)]
    if isinstance(value, list):
        return [part for item in value for part in _parts(item)]
    return [value]
