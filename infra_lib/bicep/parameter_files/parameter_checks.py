"""The values of a parameter file against the types of the template's parameters.

Only what is certain is an error: written-out values and what pure functions make of them. A value that official typing knows no
more of than its kind (the result of a lambda, of ``int()``) is compared by kind, one that it knows nothing of not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from infra_lib.arm.values import MISSING, get_member, text_length
from infra_lib.bicep import syntax as s
from infra_lib.bicep.parameter_files.parameter_model import walk
from infra_lib.bicep.parsing.spelling import suggest
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.sources.arm_module import resolve_reference

Report = Callable[..., None]
Schema = dict[str, Any]

_KINDS: dict[str, type] = {
    "string": str,
    "securestring": str,
    "int": int,
    "bool": bool,
    "array": list,
    "object": dict,
    "secureobject": dict,
}
_NAMES: dict[type, str] = {str: "string", int: "int", bool: "bool", list: "array", dict: "object", type(None): "null"}
# Functions whose result is a literal type where their arguments are literals.
_EXACT = frozenset((
    "base64", "base64ToString", "concat", "contains", "empty", "endsWith", "first", "format", "indexOf", "join", "json", "last",
    "lastIndexOf", "length", "loadFileAsBase64", "loadJsonContent", "loadTextContent", "loadYamlContent", "max", "min", "padLeft",
    "readEnvironmentVariable", "replace", "skip", "split", "startsWith", "substring", "take", "toLower", "toUpper", "trim",
    "union", "uri", "uriComponent", "uriComponentToString",
))  # fmt: skip
_UNTYPED_CALLS = frozenset(("any", "externalInput", "getSecret"))
_UNTYPED = (s.ForExpression, s.Lambda, s.Ternary, s.Spread)


class _Place(NamedTuple):
    """Where a value stands: the node to report at, and the code for a value of a wrong type there."""

    node: s.Node
    code: str


class ParameterChecker:
    """Checks the assignments of one file. ``template`` gives the definitions that schemas refer to."""

    def __init__(self, model: SemanticModel, definitions: dict[str, Any], report: Report) -> None:
        self.model = model
        self.definitions = definitions
        self.report = report

    def check(self, assignment: s.ParameterAssignment, value: Any, schema: Schema, *, inherited_at: s.Node | None = None) -> None:
        """Check the value of a parameter; an inherited one is reported at ``inherited_at``, whose own places are elsewhere."""
        if value is None:
            return
        place = _Place(inherited_at or assignment.value, "BCP033")
        self._expression(assignment.value, value, schema, place, inherited_at or assignment.identifier, inherited_at)

    def check_secret(self, assignment: s.ParameterAssignment, schema: Schema) -> None:
        """Check a parameter that takes a secret of a key vault, which is text."""
        self._kind("", self._resolved(schema), _Place(assignment.value, "BCP033"))

    # ------------------------------------------------------------------------------------------ what is known of an expression

    def _literal(self, node: s.Expression) -> s.Expression:
        while type(node) is s.Parenthesized:
            node = node.expression
        return node

    def _certainty(self, node: s.Expression, depth: int = 0) -> str:
        """``exact``, ``kind`` or ``nothing``: how much official typing knows of the value of an expression."""
        certainty = "exact"
        for each in walk(node):
            symbol = self.model.symbols.get(each)
            if isinstance(each, _UNTYPED) or (isinstance(each, s.Binary) and each.operator == "??"):
                return "nothing"
            if isinstance(each, s.FunctionCall | s.InstanceCall):
                if type(symbol) is not sym.BuiltInFunction or symbol.name in _UNTYPED_CALLS:
                    return "nothing"
                if symbol.name not in _EXACT:
                    certainty = "kind"
            elif type(each) is s.VariableAccess:
                known = self._certainty_of_name(symbol, depth)
                if known == "nothing":
                    return known
                certainty = known if certainty == "exact" else certainty
        return certainty

    def _certainty_of_name(self, symbol: sym.Symbol | None, depth: int) -> str:
        if type(symbol) is sym.NamespaceSymbol:
            return "exact"
        if type(symbol) is not sym.VariableSymbol or symbol.node.type is not None or depth > 20:
            return "nothing"
        return self._certainty(symbol.node.value, depth + 1)

    # ------------------------------------------------------------------------------------------ comparing

    def _expression(
        self, node: s.Expression, value: Any, schema: Schema, place: _Place, owner: s.Node, at: s.Node | None
    ) -> None:
        """Check what an expression gives. ``owner`` is where a missing property is reported; ``at`` replaces every place."""
        node = self._literal(node)
        schema = self._resolved(schema)
        if value is None and self._nullable(schema):
            return
        if type(node) is s.ObjectSyntax and type(value) is dict and not any(type(item) is s.Spread for item in node.items):
            if self._kind(value, schema, place):
                self._object_literal(node, value, schema, owner, at)
        elif type(node) is s.ArraySyntax and type(value) is list and len(value) == len(node.items):
            if not any(type(item) is s.Spread for item in node.items) and self._kind(value, schema, place):
                self._array_literal(node, value, schema, place, at)
        else:
            certainty = self._certainty(node)
            if certainty != "nothing" and self._kind(value, schema, place) and certainty == "exact":
                self._value(value, schema, place)

    def _kind(self, value: Any, schema: Schema, place: _Place) -> bool:
        """Whether a value is of the kind that a schema wants; reported if not."""
        wanted = _KINDS.get(str(get_member(schema, "type")).lower())
        if wanted is None or type(value) is float or type(value) is wanted:
            return wanted is not None and type(value) is not float
        self.report(place.code, place.node, expected=_NAMES[wanted], actual=_NAMES.get(type(value), "any"))
        return False

    def _value(self, value: Any, schema: Schema, place: _Place) -> None:
        """Check a value of the right kind that is not written out part by part."""
        if not self._allowed(value, schema, place) or not self._limits(value, schema, place):
            return
        if type(value) is list:
            items = get_member(schema, "items")
            if isinstance(items, dict) and not all(self._fits(item, items) for item in value):
                self.report(place.code, place.node, expected="array", actual="array with other items")
        elif type(value) is dict:
            self._members(value, schema, place)

    def _members(self, value: dict[str, Any], schema: Schema, place: _Place) -> None:
        if get_member(schema, "discriminator") not in (MISSING, None):
            return
        properties = _object(get_member(schema, "properties"))
        inner = _Place(place.node, "BCP036")
        for name, member_schema in properties.items():
            resolved = self._resolved(member_schema)
            if name not in value:
                if not self._nullable(resolved):
                    self.report("BCP035", place.node, names=f'"{name}"')
            elif not (value[name] is None and self._nullable(resolved)) and self._kind(value[name], resolved, inner):
                self._value(value[name], resolved, inner)

    def _fits(self, value: Any, schema: Schema) -> bool:
        found: list[str] = []
        checker = ParameterChecker(self.model, self.definitions, lambda code, _node, **_names: found.append(code))
        resolved = self._resolved(schema)
        if value is None and self._nullable(resolved):
            return True
        place = _Place(self.model.file.program, "")
        if checker._kind(value, resolved, place):
            checker._value(value, resolved, place)
        return not found

    def _allowed(self, value: Any, schema: Schema, place: _Place) -> bool:
        allowed = get_member(schema, "allowedValues")
        if not isinstance(allowed, list) or isinstance(value, list | dict):
            return True
        if any(type(value) is type(_plain(each)) and value == _plain(each) for each in allowed):
            return True
        self._other_literal(value, [_plain(each) for each in allowed], place)
        return False

    def _other_literal(self, value: Any, allowed: list[Any], place: _Place) -> None:
        """Report a value that is none of the allowed ones; for a property, the one that was probably meant."""
        near = suggest(value, [each for each in allowed if isinstance(each, str)]) if isinstance(value, str) else None
        if near is not None and place.code == "BCP036":
            self.report("BCP088", place.node, actual=value, suggestion=near)
        else:
            self.report(place.code, place.node, expected=" | ".join(map(_shown, allowed)), actual=_shown(value))

    def _limits(self, value: Any, schema: Schema, place: _Place) -> bool:
        if type(value) is int:
            rows = (("maxValue", "BCP327", value), ("minValue", "BCP328", value))
        elif isinstance(value, str | list):
            length = text_length(value) if isinstance(value, str) else len(value)
            rows = (("maxLength", "BCP332", length), ("minLength", "BCP333", length))
        else:
            return True
        for name, code, number in rows:
            limit = get_member(schema, name)
            if type(limit) is int and (number > limit if name.startswith("max") else number < limit):
                self.report(code, place.node, limit=limit, number=number)
                return False
        return True

    # ------------------------------------------------------------------------------------------ literals

    def _array_literal(self, node: s.ArraySyntax, value: list[Any], schema: Schema, place: _Place, at: s.Node | None) -> None:
        allowed = get_member(schema, "allowedValues")
        allowed = allowed if isinstance(allowed, list) else []
        prefix = get_member(schema, "prefixItems")
        items = get_member(schema, "items")
        if isinstance(prefix, list) and len(prefix) != len(value):
            code = "BCP332" if len(value) > len(prefix) else "BCP333"
            self.report(code, place.node, limit=len(prefix), number=len(value))
            return
        if not self._limits(value, schema, place):
            return
        for index, (item, each) in enumerate(zip(node.items, value, strict=True)):
            inner = _Place(at or item, "BCP034")
            if isinstance(prefix, list):
                self._expression(item, each, _object(prefix[index]), inner, at or item, at)
            elif isinstance(items, dict):
                self._expression(item, each, items, inner, at or item, at)
            elif self._certainty(item) == "exact" and not any(isinstance(choice, list) for choice in allowed):
                self._allowed(each, schema, inner)

    def _object_literal(
        self, node: s.ObjectSyntax, value: dict[str, Any], schema: Schema, owner: s.Node, at: s.Node | None
    ) -> None:
        properties = _object(get_member(schema, "properties"))
        additional = get_member(schema, "additionalProperties")
        discriminator = get_member(schema, "discriminator")
        if isinstance(discriminator, dict):
            variant = self._variant(node, value, discriminator, at)
            if variant is None:
                return
            properties = {**properties, **_object(get_member(variant, "properties"))}
            if get_member(variant, "additionalProperties") is not MISSING:
                additional = get_member(variant, "additionalProperties")
        computed = False
        for item in node.properties():
            name = item.name
            if name is None or name not in value:
                computed = True
            elif name in properties or isinstance(additional, dict):
                inner = _Place(at or item.value, "BCP036")
                self._expression(item.value, value[name], _object(properties.get(name, additional)), inner, at or item.value, at)
            elif additional is False:
                self._surplus(name, at or item.key, [each for each in properties if each not in value])
        missing = [name for name, each in properties.items() if name not in value and not self._nullable(self._resolved(each))]
        if missing and not computed:
            self.report("BCP035", owner, names=", ".join(f'"{name}"' for name in missing))

    def _surplus(self, name: str, place: s.Node, free: list[str]) -> None:
        near = suggest(name, free)
        if near is not None:
            self.report("BCP089", place, name=name, suggestion=near)
        else:
            self.report("BCP037", place, name=name, known=", ".join(f'"{each}"' for each in free) or "none")

    def _variant(self, node: s.ObjectSyntax, value: dict[str, Any], discriminator: Schema, at: s.Node | None) -> Schema | None:
        key = get_member(discriminator, "propertyName")
        mapping = _object(get_member(discriminator, "mapping"))
        found = value.get(key)
        if not isinstance(key, str) or not isinstance(found, str):
            return None
        if found not in mapping:
            item = node.get(key)
            if item is not None and self._certainty(item.value) == "exact":
                self._other_literal(found, list(mapping), _Place(at or item.value, "BCP036"))
            return None
        return self._resolved(_object(mapping[found]))

    # ------------------------------------------------------------------------------------------ schemas

    def _resolved(self, schema: Any) -> Schema:
        """The schema that references lead to, ``nullable`` of the first that says it kept."""
        nullable: Any = MISSING
        current = _object(schema)
        for _ in range(100):
            if nullable is MISSING:
                nullable = get_member(current, "nullable")
            reference = get_member(current, "$ref")
            if not isinstance(reference, str):
                break
            current = _object(resolve_reference(self.definitions, reference))
        return current if nullable is MISSING else {**current, "nullable": nullable}

    @staticmethod
    def _nullable(schema: Schema) -> bool:
        return get_member(schema, "nullable") is True


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _plain(value: Any) -> Any:
    """An allowed value as the source has it: the template doubles a bracket that an expression would begin with."""
    return value[1:] if isinstance(value, str) and value[:2] == "[[" and value[-1:] == "]" else value


def _shown(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else "null" if value is None else str(value).lower()
