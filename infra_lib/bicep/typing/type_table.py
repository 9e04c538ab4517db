"""Type syntax to declared types: one table a file, in which each type is made once and its mistakes are reported."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from infra_lib.bicep import syntax as s
from infra_lib.bicep.parsing.spelling import suggest
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.namespaces import PARAMETERIZED_TYPES, PRIMITIVE_TYPES
from infra_lib.bicep.semantics.resources import parse_type
from infra_lib.bicep.typing.declared_types import (
    INVALID,
    AccessKind,
    AccessType,
    AliasType,
    ArrayType,
    DeclaredType,
    DerivedType,
    DiscriminatedType,
    InvalidType,
    LiteralType,
    Member,
    NonNullType,
    NullableType,
    ObjectType,
    PrimitiveType,
    ResourceIdType,
    TupleType,
    UnionType,
    base_name,
    expressed,
    type_text,
    without_null,
)
from infra_lib.bicep.typing.resource_bodies import body_of, unknown_body
from infra_lib.resource_types import nodes

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import ModuleTarget, SemanticModel

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(?:-[A-Za-z]+)?\Z")


def types_of(model: SemanticModel) -> TypeTable:
    """The types of a file; the table lives as long as the file's model."""
    if model.type_table is None:
        model.type_table = TypeTable(model)
    return model.type_table


class TypeTable:
    """The types of one file. A mistake is reported when its type is first made; the type is then InvalidType.

    ``endless`` are the definitions that are nothing but each other.
    """

    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.endless: set[sym.TypeSymbol] = set()
        self._types: dict[s.Node, DeclaredType] = {}
        self._definitions = {symbol.name: symbol for symbol in reversed(model.types)}
        self._discriminators: dict[s.UnionType, str | None] | None = None
        self._asked_for_catalog = False
        self._unchecked: list[tuple[s.Expression, AccessType, s.Node]] = []

    # ------------------------------------------------------------------------------------------ definitions

    def definition(self, name: str) -> DeclaredType:
        """What ``type name`` says."""
        symbol = self._definitions.get(name)
        return INVALID if symbol is None or symbol in self.endless else self.type_of(symbol.node.value)

    def definition_decorators(self, name: str) -> dict[str, s.FunctionCall | s.InstanceCall]:
        """The decorators of ``type name``."""
        symbol = self._definitions.get(name)
        return {} if symbol is None else self.model.decorators(symbol.node)

    # ------------------------------------------------------------------------------------------ types

    def type_of(self, node: s.Expression) -> DeclaredType:
        """The type that a node in a type position stands for."""
        known = self._types.get(node)
        if known is None:
            self._types[node] = INVALID
            make = _MAKE.get(type(node))
            if make is None:
                self.model.report("BCP289", node)
                known = INVALID
            else:
                known = make(self, node)
            self._types[node] = known
        return known

    def value_type(self, node: s.Expression) -> DeclaredType:
        """As :meth:`type_of`, where a name space cannot stand."""
        symbol = self.model.symbols.get(node)
        if self._is_missing(symbol):
            return self.error("BCP287", node, name=symbol.name)  # type: ignore[union-attr]
        if type(symbol) in (sym.NamespaceSymbol, sym.WildcardSymbol) and type(node) is s.VariableAccess:
            self.model.report("BCP306", node, name=symbol.name)  # type: ignore[union-attr]
            return INVALID
        return self.type_of(node)

    @staticmethod
    def _is_missing(symbol: sym.Symbol | None) -> bool:
        return type(symbol) is sym.WildcardSymbol and symbol.target is None

    def error(self, code: str, node: s.Node | tuple[int, int], **names: Any) -> InvalidType:
        """Report a mistake; the type that stands for it."""
        self.model.report(code, node, **names)
        return INVALID

    def _skipped(self, node: s.Skipped) -> DeclaredType:
        return INVALID

    def _name(self, node: s.VariableAccess) -> DeclaredType:
        symbol = self.model.symbols.get(node)
        if isinstance(symbol, sym.TypeSymbol):
            return AliasType(self.model, symbol.name, lambda: self.definition(symbol.name))
        if isinstance(symbol, sym.ImportedSymbol):
            return self._imported(node, symbol)
        if isinstance(symbol, sym.AmbientType):
            return self._ambient(symbol.name, node)
        if isinstance(symbol, sym.DeclaredSymbol) and not isinstance(symbol, sym.WildcardSymbol):
            return self.error("BCP287", node, name=symbol.name)
        return INVALID

    def _ambient(self, name: str, node: s.Node) -> DeclaredType:
        if name in PARAMETERIZED_TYPES:
            return self.error("BCP384", node, name=name)
        return PrimitiveType(name)

    def _imported(self, node: s.Node, symbol: sym.ImportedSymbol) -> DeclaredType:
        from infra_lib.bicep.typing.imports import find_export

        export = find_export(symbol.target, symbol.original) if symbol.target is not None else None
        if export is None or export.kind != "type":
            return self.error("BCP287", node, name=symbol.name)
        return export.type_reference()

    # ------------------------------------------------------------------------------------------ literals

    def _string(self, node: s.StringSyntax) -> DeclaredType:
        parts = [node.segments[0]]
        for hole, segment in zip(node.expressions, node.segments[1:], strict=True):
            if not isinstance(hole, s.StringSyntax) or hole.literal is None:
                return self.error("BCP032", hole)
            parts += [hole.literal, segment]
        return LiteralType("".join(parts))

    def _scalar(self, node: s.IntegerLiteral | s.BooleanLiteral) -> DeclaredType:
        return LiteralType(node.value)

    def _null(self, node: s.NullLiteral) -> DeclaredType:
        return self.error("BCP289", node)

    def _unary(self, node: s.Unary) -> DeclaredType:
        if node.operator == "-" and isinstance(node.operand, s.IntegerLiteral):
            return LiteralType(-node.operand.value)
        found = expressed(self.value_type(node.operand))
        value = found.value if isinstance(found, LiteralType) else None
        if node.operator == "-" and isinstance(value, int) and not isinstance(value, bool):
            return LiteralType(-value)
        if node.operator == "!" and isinstance(value, bool):
            return LiteralType(not value)
        return INVALID if isinstance(found, InvalidType) else self.error("BCP285", node)

    # ------------------------------------------------------------------------------------------ compounds

    def _parenthesized(self, node: s.Parenthesized) -> DeclaredType:
        return self.type_of(node.expression)

    def _nullable(self, node: s.NullableType) -> DeclaredType:
        base = self.value_type(node.base)
        return base if base is INVALID else NullableType(base)

    def _non_null(self, node: s.NonNull) -> DeclaredType:
        base = self.type_of(node.base)
        return base if base is INVALID else NonNullType(base)

    def _array(self, node: s.ArrayType) -> DeclaredType:
        item = self.value_type(node.item)
        return item if item is INVALID else ArrayType(item)

    def _object(self, node: s.ObjectType) -> DeclaredType:
        properties: dict[str, Member] = {}
        additional: list[s.ObjectTypeAdditionalProperties] = []
        valid = True
        for item in node.items:
            if isinstance(item, s.ObjectTypeProperty):
                member = self.value_type(item.value)
                valid = valid and member is not INVALID
                name = item.name
                if name is None:
                    valid = False
                    self.error("BCP296", item.key)
                elif name in properties:
                    valid = False
                    self.error("BCP025", item.key, name=name)
                else:
                    properties[name] = Member(member, item, required=not isinstance(item.value, s.NullableType))
            elif isinstance(item, s.ObjectTypeAdditionalProperties):
                additional.append(item)
            else:
                valid = False
        others = [Member(self.value_type(item.value), item) for item in additional]
        if len(others) > 1:
            for item in additional:
                self.error("BCP315", item)
        if not valid or len(others) > 1 or any(other.type is INVALID for other in others):
            return INVALID
        return ObjectType(properties, others[0] if others else None)

    def _tuple(self, node: s.TupleType) -> DeclaredType:
        items = [Member(self.value_type(item.value), item) for item in node.items if isinstance(item, s.TupleTypeItem)]
        if len(items) < len(node.items) or any(item.type is INVALID for item in items):
            return INVALID
        return TupleType(items)

    def _union(self, node: s.UnionType) -> DeclaredType:
        members = [LiteralType(None) if type(member) is s.NullLiteral else self.value_type(member) for member in node.members]
        if any(member is INVALID for member in members):
            return INVALID
        if node not in self._union_keys():
            return UnionType(members)
        key = self._union_keys()[node]
        return INVALID if key is None else DiscriminatedType(key, members)

    def told_apart(self) -> list[tuple[s.UnionType, str | None]]:
        """The unions below a ``@discriminator`` with the property that it names."""
        return list(self._union_keys().items())

    def is_type(self, node: s.Node) -> bool:
        """True for a node that has been taken for a type."""
        return node in self._types

    def _union_keys(self) -> dict[s.UnionType, str | None]:
        """The unions below a ``@discriminator``, with the name that it gives, None where it gives none."""
        if self._discriminators is None:
            self._discriminators = {}
            if "discriminator" in self.model.file.text:
                pending: list[s.Node] = [self.model.file.program]
                while pending:
                    current = pending.pop()
                    if isinstance(current, s.Decorated) and current.decorators:
                        self._note_discriminator(current)
                    pending.extend(current.children())
        return self._discriminators

    def _note_discriminator(self, node: s.Decorated) -> None:
        call = self.model.decorators(node).get("discriminator")
        if call is None or self._discriminators is None:
            return
        argument = call.arguments[0] if len(call.arguments) == 1 else None
        key = argument.literal if isinstance(argument, s.StringSyntax) else None
        written = declared_type_syntax(node)
        pending: list[s.Node] = [] if written is None else [written]
        while pending:
            below = pending.pop()
            if isinstance(below, s.UnionType):
                self._discriminators[below] = key
            if isinstance(below, (s.UnionType, s.Parenthesized, s.NullableType, s.NonNull)):
                pending.extend(below.children())

    # ------------------------------------------------------------------------------------------ parts of types

    def _property_access(self, node: s.PropertyAccess) -> DeclaredType:
        return self._named_part(node, node.base, node.identifier.name, node.identifier)

    def _named_part(self, node: s.Expression, base_node: s.Expression, name: str, place: s.Node) -> DeclaredType:
        """``base.name`` or ``base['name']``: a type of a name space or of an imported file, or a property's type."""
        symbol = self.model.symbols.get(base_node)
        if isinstance(symbol, sym.NamespaceSymbol):
            if symbol.name == "sys" and name in PRIMITIVE_TYPES | PARAMETERIZED_TYPES:
                return self._ambient(name, place)
            return self.error("BCP053", place, name=name, known=", ".join(sorted(PRIMITIVE_TYPES)))
        if isinstance(symbol, sym.WildcardSymbol):
            if symbol.target is None:
                return self.error("BCP287", base_node, name=symbol.name)
            return self._wildcard_part(symbol.target, name, place)
        return self._access(node, base_node, "property", name, place)

    def _access(
        self, node: s.Expression, base_node: s.Expression, kind: AccessKind, key: str | int | None, place: s.Node
    ) -> DeclaredType:
        """A part of another type. Types may be recursive, so whether it is there is checked once all of them are made."""
        base = self.value_type(base_node)
        if base is INVALID:
            return INVALID
        access = AccessType(base, kind, key, node)
        self._unchecked.append((base_node, access, place))
        return access

    def check_accesses(self) -> None:
        """Report the accesses to parts that do not exist."""
        while self._unchecked:
            base_node, access, place = self._unchecked.pop()
            base = without_null(expressed(access.base))
            if isinstance(base, InvalidType):
                continue
            node = access.node
            if not isinstance(base_node, _ACCESS_BASES) and node is not None:
                self.error("BCP391", node)
            elif isinstance(expressed(access), InvalidType):
                self._report_missing(access, base, place)

    def _report_unknown(self, name: str, known: Iterable[str], place: s.Node) -> None:
        """Say that there is no property of that name, and which one may be meant."""
        names = sorted(known)
        near = suggest(name, names)
        if not names:
            self.error("BCP052", place, name=name)
        elif near is None:
            self.error("BCP053", place, name=name, known=", ".join(names))
        else:
            self.error("BCP083", place, name=name, suggestion=near)

    def _report_missing(self, access: AccessType, base: DeclaredType, place: s.Node) -> None:
        """Say why an access leads nowhere."""
        shape = base.shape if isinstance(base, DerivedType) else base
        text = type_text(base)
        if access.kind == "property":
            if isinstance(shape, (ObjectType, nodes.ObjectType)):
                self._report_unknown(str(access.key), shape.properties, place)
            else:
                self.error("BCP055", place, type=text)
        elif access.kind == "index":
            if isinstance(base, TupleType):
                self.error("BCP311", place, index=access.key, type=text, length=len(base.items))
            else:
                self.error("BCP388", place, type=text)
        elif access.node is not None and access.kind == "items":
            self.error("BCP390", (place.end, access.node.end))
        elif access.node is not None:
            self.error("BCP389", (access.node.end - 1, access.node.end), type=text)

    def _wildcard_part(self, target: ModuleTarget, name: str, place: s.Node) -> DeclaredType:
        from infra_lib.bicep.typing.imports import exports_of, find_export

        export = find_export(target, name)
        if export is None and not exports_of(target):
            return self.error("BCP052", place, name=name)
        if export is None:
            known = ", ".join(sorted(exports_of(target)))
            return self.error("BCP053", place, name=name, known=known)
        if export.kind != "type":
            return self.error("BCP287", place, name=name)
        return export.type_reference()

    def _indexed(self, node: s.ArrayAccess) -> DeclaredType:
        index = node.index
        if isinstance(index, s.StringSyntax) and index.literal is not None:
            return self._named_part(node, node.base, index.literal, index)
        if isinstance(index, s.Unary) and index.operator == "-":
            return self.error("BCP387", index)
        if not isinstance(index, s.IntegerLiteral):
            return self.error("BCP032", index)
        return self._access(node, node.base, "index", index.value, index)

    def _items(self, node: s.ItemsAccess) -> DeclaredType:
        return self._access(node, node.base, "items", None, node.base)

    def _additional(self, node: s.AdditionalPropertiesAccess) -> DeclaredType:
        return self._access(node, node.base, "additional", None, node)

    # ------------------------------------------------------------------------------------------ resource types

    def _parameterized(self, node: s.ParameterizedType) -> DeclaredType:
        symbol = self.model.symbols.get(node)
        if isinstance(symbol, sym.AmbientType) and symbol.name in PARAMETERIZED_TYPES:
            return self._derived(node, symbol.name)
        if isinstance(symbol, (sym.AmbientType, sym.TypeSymbol, sym.ImportedSymbol)):
            return self.error("BCP383", node, name=symbol.name)
        if isinstance(symbol, sym.DeclaredSymbol):
            return self.error("BCP287", node, name=symbol.name)
        return INVALID

    def _qualified(self, node: s.QualifiedParameterizedType) -> DeclaredType:
        symbol = self.model.symbols.get(node.base)
        name = node.identifier.name
        if isinstance(symbol, sym.NamespaceSymbol) and symbol.name == "sys":
            if name in PARAMETERIZED_TYPES:
                return self._derived(node, name)
            if name in PRIMITIVE_TYPES:
                return self.error("BCP383", node, name=f"sys.{name}")
        found = self._named_part(node, node.base, name, node.identifier)
        return found if found is INVALID else self.error("BCP383", node, name=name)

    def _derived(self, node: s.ParameterizedType | s.QualifiedParameterizedType, name: str) -> DeclaredType:
        """``resourceInput<'T@v'>`` and ``resourceOutput<'T@v'>``."""
        arguments = node.arguments
        opening = self.model.file.text.find("<", node.identifier.end)
        if len(arguments) != 1:
            return self.error("BCP071", (opening, node.end), name=name, expected="1", count=len(arguments))
        argument = arguments[0]
        literal = argument.literal if isinstance(argument, s.StringSyntax) else None
        if literal is None:
            given = self.value_type(argument)
            if given is INVALID or base_name(given) == "string":
                return INVALID if given is INVALID else self.error("BCP032", (opening + 1, node.end - 1))
            return self.error("BCP070", argument, actual=type_text(given), expected="string")
        namespace, colon, rest = literal.partition(":")
        if colon and namespace and namespace not in ("az", "sys"):
            return self.error("BCP208", argument, name=namespace)
        reference = parse_type(rest if colon and namespace else literal)
        if reference is None or reference.version is None or _VERSION.match(reference.version) is None:
            return self.error("BCP029", argument, type=literal)
        catalog = self.model.compiler.catalog
        if catalog is None or catalog.is_empty:
            if not self._asked_for_catalog:
                self._asked_for_catalog = True
                self.model.report("INF302", node, name=name)
            return DerivedType(literal, name == "resourceOutput", (), nodes.AnyType())
        found = catalog.find(reference.type, reference.version)
        if found is None:
            full_name = f"{reference.type}@{reference.version}"
            self.model.report("BCP081", argument, type=full_name)
            return DerivedType(full_name, name == "resourceOutput", (), unknown_body(full_name))
        return DerivedType(f"{found.name}@{found.api_version}", name == "resourceOutput", (), body_of(found))

    def _resource(self, node: s.ResourceType) -> DeclaredType:
        configuration = self.model.compiler.configuration_of(self.model.path)
        if not configuration.is_enabled("resourceTypedParamsAndOutputs"):
            return self.error("BCP231", node)
        literal = node.type.literal if isinstance(node.type, s.StringSyntax) else None
        reference = parse_type(literal) if literal is not None else None
        if reference is None or reference.version is None:
            return INVALID if literal is None else self.error("BCP029", node, type=literal)
        catalog = self.model.compiler.catalog
        name = catalog.canonical_name(reference.type, reference.version) if catalog is not None else None
        return ResourceIdType(f"{name or reference.type}@{reference.version}")


def declared_type_syntax(node: s.Decorated) -> s.Expression | None:
    """The type that a decorated node declares, None for one that declares none."""
    if isinstance(node, (s.ParameterDeclaration, s.OutputDeclaration)):
        return node.type
    if isinstance(node, (s.TypeDeclaration, s.ObjectTypeProperty, s.ObjectTypeAdditionalProperties, s.TupleTypeItem)):
        return node.value
    return None


_ACCESS_BASES = (
    s.VariableAccess, s.PropertyAccess, s.ArrayAccess, s.ItemsAccess, s.AdditionalPropertiesAccess, s.ParameterizedType,
    s.QualifiedParameterizedType,
)  # fmt: skip
"""What a part of a type may be taken of."""

_MAKE: dict[type, Callable[..., DeclaredType]] = {
    s.Skipped: TypeTable._skipped,
    s.VariableAccess: TypeTable._name,
    s.StringSyntax: TypeTable._string,
    s.IntegerLiteral: TypeTable._scalar,
    s.BooleanLiteral: TypeTable._scalar,
    s.NullLiteral: TypeTable._null,
    s.Unary: TypeTable._unary,
    s.Parenthesized: TypeTable._parenthesized,
    s.NullableType: TypeTable._nullable,
    s.NonNull: TypeTable._non_null,
    s.ArrayType: TypeTable._array,
    s.ObjectType: TypeTable._object,
    s.TupleType: TypeTable._tuple,
    s.UnionType: TypeTable._union,
    s.PropertyAccess: TypeTable._property_access,
    s.ArrayAccess: TypeTable._indexed,
    s.ItemsAccess: TypeTable._items,
    s.AdditionalPropertiesAccess: TypeTable._additional,
    s.ParameterizedType: TypeTable._parameterized,
    s.QualifiedParameterizedType: TypeTable._qualified,
    s.ResourceType: TypeTable._resource,
}
