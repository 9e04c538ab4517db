"""Symbols: what a name in a Bicep file stands for.

The binder makes one symbol for each declaration and keeps, for each place where a name is used, the symbol it means
(:class:`infra_lib.bicep.semantics.model.SemanticModel`). Plain slotted classes, compared by identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from infra_lib.bicep import syntax as s

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import ModuleTarget
    from infra_lib.bicep.semantics.namespaces import FunctionInfo

LocalKind = Literal["item", "index", "lambda", "parameter"]


class Symbol:
    """A named thing. ``kind`` is the word for it in messages."""

    __slots__ = ("name",)

    kind = "symbol"
    name: str


class DeclaredSymbol(Symbol):
    """A symbol with a declaration in the file: ``node`` is the statement (or item), ``identifier`` the place of its name."""

    __slots__ = ("identifier", "node")

    def __init__(self, name: str, node: s.Node, identifier: s.Node) -> None:
        self.name = name
        self.node = node
        self.identifier = identifier

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class MetadataSymbol(DeclaredSymbol):
    """``metadata name = value``; cannot be referred to."""

    __slots__ = ()
    kind = "metadata"
    node: s.MetadataDeclaration


class ParameterSymbol(DeclaredSymbol):
    """``param``"""

    __slots__ = ()
    kind = "parameter"
    node: s.ParameterDeclaration


class VariableSymbol(DeclaredSymbol):
    """``var``"""

    __slots__ = ()
    kind = "variable"
    node: s.VariableDeclaration


class OutputSymbol(DeclaredSymbol):
    """``output``; cannot be referred to."""

    __slots__ = ()
    kind = "output"
    node: s.OutputDeclaration


class TypeSymbol(DeclaredSymbol):
    """``type``"""

    __slots__ = ()
    kind = "type"
    node: s.TypeDeclaration


class FunctionSymbol(DeclaredSymbol):
    """``func``"""

    __slots__ = ()
    kind = "function"
    node: s.FunctionDeclaration


class AssertSymbol(DeclaredSymbol):
    """``assert``; cannot be referred to."""

    __slots__ = ()
    kind = "assert"
    node: s.AssertDeclaration


class ExtensionSymbol(DeclaredSymbol):
    """``extension``, under its alias or the extension's own name."""

    __slots__ = ()
    kind = "extension"
    node: s.ExtensionDeclaration


class DeployableSymbol(DeclaredSymbol):
    """A resource or a module.

    ``loop`` is the ``for`` around the body or None, ``condition`` the expression of the ``if`` or None (None for
    ``existing`` resources too where none is written), ``body`` the object in the middle or None where the file has
    something else there.
    """

    __slots__ = ("body", "condition", "loop")
    node: s.ResourceDeclaration | s.ModuleDeclaration

    def __init__(self, name: str, node: s.ResourceDeclaration | s.ModuleDeclaration, identifier: s.Node) -> None:
        self.name = name
        self.node = node
        self.identifier = identifier
        value = node.value
        self.loop: s.ForExpression | None = None
        self.condition: s.Expression | None = None
        if type(value) is s.ForExpression:
            self.loop = value
            value = value.body
        if type(value) is s.IfCondition:
            self.condition = value.condition
            value = value.body
        self.body: s.ObjectSyntax | None = value if type(value) is s.ObjectSyntax else None

    @property
    def is_collection(self) -> bool:
        """True when the declaration is a loop."""
        return self.loop is not None

    def property(self, name: str) -> s.Expression | None:
        """The value of the body's first property of that name, as written, or None."""
        found = self.body.get(name) if self.body is not None else None
        return found.value if found is not None else None


class ResourceSymbol(DeployableSymbol):
    """``resource``, top-level or nested.

    ``nested_in`` is the resource in whose body it is declared, ``nested`` its own nested resources in source order.
    """

    __slots__ = ("nested", "nested_in")
    kind = "resource"
    node: s.ResourceDeclaration

    def __init__(
        self, name: str, node: s.ResourceDeclaration, identifier: s.Node, nested_in: ResourceSymbol | None = None
    ) -> None:
        super().__init__(name, node, identifier)
        self.nested_in = nested_in
        self.nested: list[ResourceSymbol] = []

    @property
    def is_existing(self) -> bool:
        """True with the keyword ``existing``."""
        return self.node.existing_start is not None

    def find_nested(self, name: str) -> ResourceSymbol | None:
        """The nested resource of that name, or None."""
        return next((child for child in self.nested if child.name == name), None)


class ModuleSymbol(DeployableSymbol):
    """``module``. ``target`` is what its path leads to, once modules are resolved; None where that failed."""

    __slots__ = ("target",)
    kind = "module"
    node: s.ModuleDeclaration

    def __init__(self, name: str, node: s.ModuleDeclaration, identifier: s.Node) -> None:
        super().__init__(name, node, identifier)
        self.target: ModuleTarget | None = None


class ImportSymbol(DeclaredSymbol):
    """The base of what ``import`` declares; ``declaration`` is the statement, ``target`` the file's model (None where that
    failed)."""

    __slots__ = ("declaration", "target")

    def __init__(self, name: str, node: s.Node, identifier: s.Node, declaration: s.ImportDeclaration) -> None:
        super().__init__(name, node, identifier)
        self.declaration = declaration
        self.target: ModuleTarget | None = None


class ImportedSymbol(ImportSymbol):
    """``import { original as name } from ...``; ``original`` is the name in the other file."""

    __slots__ = ("original",)
    kind = "import"
    node: s.ImportedSymbol

    def __init__(self, node: s.ImportedSymbol, declaration: s.ImportDeclaration) -> None:
        original = node.original
        self.original: str = original.name if type(original) is s.Identifier else getattr(original, "literal", None) or ""
        super().__init__(node.name, node, node.alias or original, declaration)


class WildcardSymbol(ImportSymbol):
    """``import * as name from ...``"""

    __slots__ = ()
    kind = "import"
    node: s.WildcardImport

    def __init__(self, node: s.WildcardImport, declaration: s.ImportDeclaration) -> None:
        super().__init__(node.identifier.name, node, node.identifier, declaration)


class LocalSymbol(DeclaredSymbol):
    """A name that a loop, a lambda or a ``func`` declares.

    ``owner`` is the ForExpression, Lambda or TypedLambda; ``role`` is ``item`` or ``index`` of a loop, ``lambda`` or
    ``parameter`` (of a ``func``).
    """

    __slots__ = ("owner", "role")
    kind = "local variable"
    node: s.LocalVariable | s.TypedParameter

    def __init__(self, node: s.LocalVariable | s.TypedParameter, owner: s.Node, role: LocalKind) -> None:
        super().__init__(node.identifier.name, node, node.identifier)
        self.owner = owner
        self.role = role


class ParameterAssignmentSymbol(DeclaredSymbol):
    """``param name = value`` of a parameter file."""

    __slots__ = ()
    kind = "parameter assignment"
    node: s.ParameterAssignment


class NamespaceSymbol(Symbol):
    """``sys`` or ``az``"""

    __slots__ = ()
    kind = "namespace"

    def __init__(self, name: str) -> None:
        self.name = name


class BuiltInFunction(Symbol):
    """A function of a name space; ``info`` has its argument counts."""

    __slots__ = ("info", "namespace")
    kind = "function"

    def __init__(self, info: FunctionInfo, namespace: str) -> None:
        self.name = info.name
        self.info = info
        self.namespace = namespace


class AmbientType(Symbol):
    """A type that is always there: ``string``, ``int``, ``resourceInput``, ..."""

    __slots__ = ()
    kind = "type"

    def __init__(self, name: str) -> None:
        self.name = name


class ErrorSymbol(Symbol):
    """What a name means that means nothing, or something that is not valid; the finding has been made."""

    __slots__ = ()
    kind = "error"

    def __init__(self, name: str) -> None:
        self.name = name
