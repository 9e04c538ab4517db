"""The syntax tree of Bicep: what the parser makes and every later stage reads.

Plain slotted classes, because a file has thousands of nodes and a hundred dataclasses would cost import time. ``start`` and
``end`` are offsets into the source text, ``end`` exclusive. Nothing in the text is lost: what lies between two tokens is
white space and comments, what the parser skipped is a :class:`Skipped` node.

A missing part of a broken declaration is a ``Skipped`` node of empty or skipped span in that part's place, so that later stages
can always read every attribute; the syntax diagnostics are beside the tree, not in it.
"""

# ruff: noqa: RUF023 - the order of the slots is the order of the children

from __future__ import annotations

from collections.abc import Iterator


class Node:
    """The base of every node: a span of the source."""

    __slots__ = ("end", "start")

    start: int
    end: int

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end

    def children(self) -> Iterator[Node]:
        """The nodes directly below this one, in the order of their slots (decorators come first, as in the source)."""
        kind = type(self)
        names = _CHILD_SLOTS.get(kind)
        if names is None:
            slots = (name for cls in reversed(kind.__mro__) for name in getattr(cls, "__slots__", ()))
            names = _CHILD_SLOTS[kind] = tuple(name for name in slots if name not in _SCALAR_SLOTS)
        for name in names:
            value = getattr(self, name)
            if isinstance(value, Node):
                yield value
            elif type(value) is list:
                for item in value:
                    if isinstance(item, Node):
                        yield item


_CHILD_SLOTS: dict[type, tuple[str, ...]] = {}
_SCALAR_SLOTS = frozenset((
    "end", "existing_start", "from_end", "keyword_start", "multi_line", "name", "operator", "operator_end", "operator_start",
    "safe", "segments", "start", "valid",
))  # fmt: skip
"""Slots that never hold a node."""


class Identifier(Node):
    """A name where one is declared or accessed. ``valid`` is False where the parser found none; ``name`` is then ``""``."""

    __slots__ = ("name", "valid")

    def __init__(self, start: int, end: int, name: str, valid: bool = True) -> None:
        self.start = start
        self.end = end
        self.name = name
        self.valid = valid


class Expression(Node):
    """Whatever stands where a value or a type is wanted."""

    __slots__ = ()


class Skipped(Expression):
    """Text that the parser could not use, or the place of a part that is missing (then the span is empty)."""

    __slots__ = ()


# ---------------------------------------------------------------------------------------------- literals and values


class NullLiteral(Expression):
    """``null``"""

    __slots__ = ()


class BooleanLiteral(Expression):
    """``true`` or ``false``"""

    __slots__ = ("value",)

    def __init__(self, start: int, end: int, value: bool) -> None:
        self.start = start
        self.end = end
        self.value = value


class IntegerLiteral(Expression):
    """A number without sign. ``value`` may be up to 2**64 - 1; the range is checked by the parser (BCP010)."""

    __slots__ = ("value",)

    def __init__(self, start: int, end: int, value: int) -> None:
        self.start = start
        self.end = end
        self.value = value


class StringSyntax(Expression):
    """A string of any form. ``segments`` are the unescaped texts around the holes: always one more than ``expressions``.

    A string without a hole has one segment and no expressions. ``multi_line`` is True for the ``'''`` forms.
    """

    __slots__ = ("expressions", "multi_line", "segments")

    def __init__(
        self, start: int, end: int, segments: list[str], expressions: list[Expression], multi_line: bool = False
    ) -> None:
        self.start = start
        self.end = end
        self.segments = segments
        self.expressions = expressions
        self.multi_line = multi_line

    @property
    def literal(self) -> str | None:
        """The text of a string without holes, else None."""
        return self.segments[0] if len(self.segments) == 1 else None


class ObjectSyntax(Expression):
    """``{ ... }`` as a value. ``items`` holds ObjectProperty, Spread, ResourceDeclaration (nested) and Skipped, in order."""

    __slots__ = ("items",)

    def __init__(self, start: int, end: int, items: list[Node]) -> None:
        self.start = start
        self.end = end
        self.items = items

    def properties(self) -> Iterator[ObjectProperty]:
        """The plain properties, in order."""
        return (item for item in self.items if type(item) is ObjectProperty)

    def get(self, name: str) -> ObjectProperty | None:
        """The first property of that exact literal key."""
        for item in self.items:
            if type(item) is ObjectProperty and item.name == name:
                return item
        return None


class ObjectProperty(Node):
    """``key: value``. ``key`` is an Identifier, a StringSyntax or a Skipped."""

    __slots__ = ("key", "value")

    def __init__(self, start: int, end: int, key: Node, value: Expression) -> None:
        self.start = start
        self.end = end
        self.key = key
        self.value = value

    @property
    def name(self) -> str | None:
        """The key where it is literal text, else None."""
        key = self.key
        if type(key) is Identifier:
            return key.name
        return key.literal if type(key) is StringSyntax else None


class Spread(Expression):
    """``...expression`` in an object or an array."""

    __slots__ = ("expression",)

    def __init__(self, start: int, end: int, expression: Expression) -> None:
        self.start = start
        self.end = end
        self.expression = expression


class ArraySyntax(Expression):
    """``[ ... ]`` as a value. ``items`` holds expressions, Spread and Skipped, in order."""

    __slots__ = ("items",)

    def __init__(self, start: int, end: int, items: list[Expression]) -> None:
        self.start = start
        self.end = end
        self.items = items


class ForExpression(Expression):
    """``[for item in expression: body]``, with ``index`` for ``(item, index)``. ``body`` may be an IfCondition."""

    __slots__ = ("item", "index", "expression", "body")

    def __init__(
        self, start: int, end: int, item: LocalVariable, index: LocalVariable | None, expression: Expression, body: Expression
    ) -> None:
        self.start = start
        self.end = end
        self.item = item
        self.index = index
        self.expression = expression
        self.body = body


class IfCondition(Expression):
    """``if (condition) body`` before the body of a resource or a module. ``condition`` is what stands inside the parentheses."""

    __slots__ = ("condition", "body")

    def __init__(self, start: int, end: int, condition: Expression, body: Expression) -> None:
        self.start = start
        self.end = end
        self.condition = condition
        self.body = body


class LocalVariable(Node):
    """A name that a loop or a lambda declares."""

    __slots__ = ("identifier",)

    def __init__(self, start: int, end: int, identifier: Identifier) -> None:
        self.start = start
        self.end = end
        self.identifier = identifier


# ---------------------------------------------------------------------------------------------- operations


class VariableAccess(Expression):
    """A bare name; in a type position, a bare type name."""

    __slots__ = ("identifier",)

    def __init__(self, start: int, end: int, identifier: Identifier) -> None:
        self.start = start
        self.end = end
        self.identifier = identifier


class PropertyAccess(Expression):
    """``base.name`` or, with ``safe``, ``base.?name``."""

    __slots__ = ("base", "identifier", "safe")

    def __init__(self, start: int, end: int, base: Expression, identifier: Identifier, safe: bool) -> None:
        self.start = start
        self.end = end
        self.base = base
        self.identifier = identifier
        self.safe = safe


class ArrayAccess(Expression):
    """``base[index]``; ``safe`` for ``[?index]``, ``from_end`` for ``[^index]``."""

    __slots__ = ("base", "index", "safe", "from_end")

    def __init__(self, start: int, end: int, base: Expression, index: Expression, safe: bool, from_end: bool) -> None:
        self.start = start
        self.end = end
        self.base = base
        self.index = index
        self.safe = safe
        self.from_end = from_end


class ResourceAccess(Expression):
    """``base::name``: a nested resource."""

    __slots__ = ("base", "identifier")

    def __init__(self, start: int, end: int, base: Expression, identifier: Identifier) -> None:
        self.start = start
        self.end = end
        self.base = base
        self.identifier = identifier


class FunctionCall(Expression):
    """``name(arguments)``"""

    __slots__ = ("identifier", "arguments")

    def __init__(self, start: int, end: int, identifier: Identifier, arguments: list[Expression]) -> None:
        self.start = start
        self.end = end
        self.identifier = identifier
        self.arguments = arguments


class InstanceCall(Expression):
    """``base.name(arguments)``: a method of a resource, a function of a namespace or of a wildcard import."""

    __slots__ = ("base", "identifier", "arguments")

    def __init__(self, start: int, end: int, base: Expression, identifier: Identifier, arguments: list[Expression]) -> None:
        self.start = start
        self.end = end
        self.base = base
        self.identifier = identifier
        self.arguments = arguments


class NonNull(Expression):
    """``base!``, for values and for types."""

    __slots__ = ("base",)

    def __init__(self, start: int, end: int, base: Expression) -> None:
        self.start = start
        self.end = end
        self.base = base


class Unary(Expression):
    """``-operand`` or ``!operand``."""

    __slots__ = ("operator", "operator_end", "operand")

    def __init__(self, start: int, end: int, operator: str, operator_end: int, operand: Expression) -> None:
        self.start = start
        self.end = end
        self.operator = operator
        self.operator_end = operator_end
        self.operand = operand


class Binary(Expression):
    """``left operator right``; the operator is its text (``+``, ``==``, ``=~``, ``??``, ...)."""

    __slots__ = ("left", "operator", "operator_start", "right")

    def __init__(self, start: int, end: int, left: Expression, operator: str, operator_start: int, right: Expression) -> None:
        self.start = start
        self.end = end
        self.left = left
        self.operator = operator
        self.operator_start = operator_start
        self.right = right


class Ternary(Expression):
    """``condition ? when_true : when_false``"""

    __slots__ = ("condition", "when_true", "when_false")

    def __init__(self, start: int, end: int, condition: Expression, when_true: Expression, when_false: Expression) -> None:
        self.start = start
        self.end = end
        self.condition = condition
        self.when_true = when_true
        self.when_false = when_false


class Parenthesized(Expression):
    """``(expression)``, for values and for types; the binder looks through it except where the rules say not to."""

    __slots__ = ("expression",)

    def __init__(self, start: int, end: int, expression: Expression) -> None:
        self.start = start
        self.end = end
        self.expression = expression


class Lambda(Expression):
    """``(a, b) => body`` or ``a => body``."""

    __slots__ = ("parameters", "body")

    def __init__(self, start: int, end: int, parameters: list[LocalVariable], body: Expression) -> None:
        self.start = start
        self.end = end
        self.parameters = parameters
        self.body = body


class TypedParameter(Node):
    """``name type`` in the parameter list of a ``func``."""

    __slots__ = ("identifier", "type")

    def __init__(self, start: int, end: int, identifier: Identifier, type: Expression) -> None:
        self.start = start
        self.end = end
        self.identifier = identifier
        self.type = type


class TypedLambda(Expression):
    """``(name type, ...) type => body``: what a ``func`` declares."""

    __slots__ = ("parameters", "return_type", "body")

    def __init__(self, start: int, end: int, parameters: list[TypedParameter], return_type: Expression, body: Expression) -> None:
        self.start = start
        self.end = end
        self.parameters = parameters
        self.return_type = return_type
        self.body = body


# ---------------------------------------------------------------------------------------------- types
# In a type position these stand beside VariableAccess, PropertyAccess (t.p), ArrayAccess (t[0]), NonNull, Parenthesized,
# StringSyntax, IntegerLiteral, BooleanLiteral, NullLiteral and Unary.


class ParameterizedType(Expression):
    """``name<arguments>``, as ``resourceInput<'Microsoft.App/jobs@2024-03-01'>``."""

    __slots__ = ("identifier", "arguments")

    def __init__(self, start: int, end: int, identifier: Identifier, arguments: list[Expression]) -> None:
        self.start = start
        self.end = end
        self.identifier = identifier
        self.arguments = arguments


class QualifiedParameterizedType(Expression):
    """``base.name<arguments>``, as ``sys.resourceInput<'...'>``."""

    __slots__ = ("base", "identifier", "arguments")

    def __init__(self, start: int, end: int, base: Expression, identifier: Identifier, arguments: list[Expression]) -> None:
        self.start = start
        self.end = end
        self.base = base
        self.identifier = identifier
        self.arguments = arguments


class ResourceType(Expression):
    """``resource 'TYPE@VERSION'`` or bare ``resource`` as a type (experimental); ``type`` is None for the bare form."""

    __slots__ = ("type",)

    def __init__(self, start: int, end: int, type: Expression | None) -> None:
        self.start = start
        self.end = end
        self.type = type


class ItemsAccess(Expression):
    """``base[*]``: the type of an array's items."""

    __slots__ = ("base",)

    def __init__(self, start: int, end: int, base: Expression) -> None:
        self.start = start
        self.end = end
        self.base = base


class AdditionalPropertiesAccess(Expression):
    """``base.*``: the type of an object's additional properties."""

    __slots__ = ("base",)

    def __init__(self, start: int, end: int, base: Expression) -> None:
        self.start = start
        self.end = end
        self.base = base


class ArrayType(Expression):
    """``item[]``"""

    __slots__ = ("item",)

    def __init__(self, start: int, end: int, item: Expression) -> None:
        self.start = start
        self.end = end
        self.item = item


class NullableType(Expression):
    """``base?``"""

    __slots__ = ("base",)

    def __init__(self, start: int, end: int, base: Expression) -> None:
        self.start = start
        self.end = end
        self.base = base


class UnionType(Expression):
    """``a | b | c`` as written; one member with a leading ``|`` is a UnionType too."""

    __slots__ = ("members",)

    def __init__(self, start: int, end: int, members: list[Expression]) -> None:
        self.start = start
        self.end = end
        self.members = members


class Decorated(Node):
    """The base of what may carry decorators, lowest line last."""

    __slots__ = ("decorators",)

    decorators: list[Decorator]


class ObjectType(Expression):
    """``{ ... }`` as a type. ``items`` holds ObjectTypeProperty, ObjectTypeAdditionalProperties and Skipped, in order."""

    __slots__ = ("items",)

    def __init__(self, start: int, end: int, items: list[Node]) -> None:
        self.start = start
        self.end = end
        self.items = items


class ObjectTypeProperty(Decorated):
    """``key: type`` (an optional property has a NullableType). ``key`` is an Identifier, a StringSyntax or a Skipped."""

    __slots__ = ("key", "value")

    def __init__(self, start: int, end: int, decorators: list[Decorator], key: Node, value: Expression) -> None:
        self.start = start
        self.end = end
        self.decorators = decorators
        self.key = key
        self.value = value

    @property
    def name(self) -> str | None:
        """The key where it is literal text, else None."""
        key = self.key
        if type(key) is Identifier:
            return key.name
        return key.literal if type(key) is StringSyntax else None


class ObjectTypeAdditionalProperties(Decorated):
    """``*: type``"""

    __slots__ = ("value",)

    def __init__(self, start: int, end: int, decorators: list[Decorator], value: Expression) -> None:
        self.start = start
        self.end = end
        self.decorators = decorators
        self.value = value


class TupleType(Expression):
    """``[a, b]`` as a type. ``items`` holds TupleTypeItem and Skipped, in order."""

    __slots__ = ("items",)

    def __init__(self, start: int, end: int, items: list[Node]) -> None:
        self.start = start
        self.end = end
        self.items = items


class TupleTypeItem(Decorated):
    """One item of a tuple type."""

    __slots__ = ("value",)

    def __init__(self, start: int, end: int, decorators: list[Decorator], value: Expression) -> None:
        self.start = start
        self.end = end
        self.decorators = decorators
        self.value = value


# ---------------------------------------------------------------------------------------------- declarations


class Decorator(Node):
    """``@expression``; the expression is a FunctionCall or an InstanceCall unless it is wrong."""

    __slots__ = ("expression",)

    def __init__(self, start: int, end: int, expression: Expression) -> None:
        self.start = start
        self.end = end
        self.expression = expression


class Declaration(Decorated):
    """A statement. ``start`` is the first decorator's, ``keyword_start`` the keyword's."""

    __slots__ = ("keyword_start",)

    def __init__(self, start: int, end: int, decorators: list[Decorator], keyword_start: int) -> None:
        self.start = start
        self.end = end
        self.decorators = decorators
        self.keyword_start = keyword_start


class TargetScope(Declaration):
    """``targetScope = value``"""

    __slots__ = ("value",)
    value: Expression


class MetadataDeclaration(Declaration):
    """``metadata name = value``"""

    __slots__ = ("identifier", "value")
    identifier: Identifier
    value: Expression


class ParameterDeclaration(Declaration):
    """``param name type = default``; ``type`` is Skipped where it is missing, ``default`` None without one."""

    __slots__ = ("identifier", "type", "default")
    identifier: Identifier
    type: Expression | None
    default: Expression | None


class VariableDeclaration(Declaration):
    """``var name type = value``; ``type`` is None where none is written."""

    __slots__ = ("identifier", "type", "value")
    identifier: Identifier
    type: Expression | None
    value: Expression


class OutputDeclaration(Declaration):
    """``output name type = value``"""

    __slots__ = ("identifier", "type", "value")
    identifier: Identifier
    type: Expression
    value: Expression


class ResourceDeclaration(Declaration):
    """``resource name 'type@version' existing = value``; ``value`` is an ObjectSyntax, IfCondition, ForExpression or Skipped.

    ``existing_start`` is the offset of the keyword ``existing``, None without it.
    """

    __slots__ = ("identifier", "type", "existing_start", "value")
    identifier: Identifier
    type: Expression
    existing_start: int | None
    value: Expression

    @property
    def is_existing(self) -> bool:
        """True with the keyword ``existing``."""
        return self.existing_start is not None


class ModuleDeclaration(Declaration):
    """``module name 'path' = value``; ``value`` as for a resource."""

    __slots__ = ("identifier", "path", "value")
    identifier: Identifier
    path: Expression
    value: Expression


class TypeDeclaration(Declaration):
    """``type name = value``"""

    __slots__ = ("identifier", "value")
    identifier: Identifier
    value: Expression


class FunctionDeclaration(Declaration):
    """``func name(parameters) type => body``; ``value`` is a TypedLambda or Skipped."""

    __slots__ = ("identifier", "value")
    identifier: Identifier
    value: Expression


class AssertDeclaration(Declaration):
    """``assert name = value`` (experimental)"""

    __slots__ = ("identifier", "value")
    identifier: Identifier
    value: Expression


class TestDeclaration(Declaration):
    """``test name 'path' = { ... }`` (experimental)"""

    __slots__ = ("identifier", "path", "value")
    identifier: Identifier
    path: Expression
    value: Expression


class ImportDeclaration(Declaration):
    """``import { a, b as c } from 'path'`` or ``import * as name from 'path'``.

    ``what`` is ImportedSymbols, WildcardImport or Skipped.
    """

    __slots__ = ("what", "path")
    what: Node
    path: Expression


class ImportedSymbols(Node):
    """``{ a, b as c }``"""

    __slots__ = ("items",)

    def __init__(self, start: int, end: int, items: list[Node]) -> None:
        self.start = start
        self.end = end
        self.items = items


class ImportedSymbol(Node):
    """``original as alias``; ``original`` is an Identifier or a StringSyntax, ``alias`` None without one."""

    __slots__ = ("original", "alias")

    def __init__(self, start: int, end: int, original: Node, alias: Identifier | None) -> None:
        self.start = start
        self.end = end
        self.original = original
        self.alias = alias

    @property
    def name(self) -> str:
        """The name that the file knows the symbol by."""
        if self.alias is not None:
            return self.alias.name
        return self.original.name if isinstance(self.original, Identifier) else ""


class WildcardImport(Node):
    """``* as name``"""

    __slots__ = ("identifier",)

    def __init__(self, start: int, end: int, identifier: Identifier) -> None:
        self.start = start
        self.end = end
        self.identifier = identifier


class ExtensionDeclaration(Declaration):
    """``extension specification with {...} as alias``; ``with_value`` and ``alias`` are None where not written."""

    __slots__ = ("specification", "with_value", "alias")
    specification: Node
    with_value: Expression | None
    alias: Identifier | None


class UsingDeclaration(Declaration):
    """``using 'path'`` or ``using none`` in a parameter file; ``path`` is a NoneLiteral for the latter."""

    __slots__ = ("path", "with_value")
    path: Expression
    with_value: Expression | None


class NoneLiteral(Expression):
    """``none`` after ``using``"""

    __slots__ = ()


class ExtendsDeclaration(Declaration):
    """``extends 'path'`` in a parameter file"""

    __slots__ = ("path",)
    path: Expression


class ParameterAssignment(Declaration):
    """``param name = value`` in a parameter file"""

    __slots__ = ("identifier", "value")
    identifier: Identifier
    value: Expression


class SkippedDeclaration(Declaration):
    """A statement that is none; its decorators, if any, and the text are kept by span."""

    __slots__ = ()


class Program(Node):
    """A whole file: ``declarations`` in order, every one a Declaration."""

    __slots__ = ("declarations",)

    def __init__(self, start: int, end: int, declarations: list[Declaration]) -> None:
        self.start = start
        self.end = end
        self.declarations = declarations
