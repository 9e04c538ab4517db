"""Binding: which declaration, function or type each name of a file means.

One walk declares, one walk binds. While it binds, the walk notes what later stages would have to search for: the uses of each
declaration, the node around each access, the loops' places and the calls that the compiler evaluates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from infra_lib.bicep import namespaces
from infra_lib.bicep import symbols as sym
from infra_lib.bicep import syntax as s
from infra_lib.bicep.constants import name_of
from infra_lib.bicep.model import SemanticModel
from infra_lib.bicep.rewriting import local_symbols
from infra_lib.bicep.spelling import suggest

_RESERVED = ("az", "sys")
_LITERAL_CALLS = frozenset(("json", "max", "min"))
_LAMBDA_PARAMETERS: dict[str, tuple[int, int]] = {
    "filter": (1, 2), "groupBy": (1, 1), "map": (1, 2), "mapValues": (1, 1), "reduce": (2, 3), "sort": (2, 2), "toObject": (1, 1),
}  # fmt: skip
"""The least and greatest number of parameters of the lambdas that a function takes."""


def bind(model: SemanticModel) -> None:
    """Fill the model of a parsed file: declare its symbols, bind its names, report what means nothing and what goes in a
    circle."""
    bind_names(model)()


def bind_names(model: SemanticModel) -> Callable[[], None]:
    """The first half of :func:`bind`; the function returned is the second.

    In between, ``model.invalid`` takes the symbols whose files or loaded values are missing: the second half reports the uses of
    what is not valid, after it has found what goes in a circle.
    """
    _declare(model)
    walker = _Binder(model)
    for declaration in model.file.program.declarations:
        walker.statement(declaration)
    return walker.finish


# ---------------------------------------------------------------------------------------------- declarations


def _declare(model: SemanticModel) -> None:
    for declaration in model.file.program.declarations:
        declare = _DECLARE.get(type(declaration))
        if declare is not None:
            declare(model, declaration)
    referable = [
        symbol
        for group in (
            model.parameters, model.variables, model.types, model.functions, model.resources, model.modules, model.imports,
            model.wildcards, model.extensions, model.assignments,
        )
        for symbol in group
    ]  # fmt: skip
    referable.sort(key=lambda symbol: symbol.node.start)
    _report_duplicates(model, referable, "BCP028")
    _report_duplicates(model, model.outputs, "BCP145")
    _report_duplicates(model, model.metadata, "BCP145")
    for symbol in referable:
        if symbol.name:
            model.declared.setdefault(symbol.name, symbol)
            if symbol.name in _RESERVED and type(symbol) is not sym.ExtensionSymbol:
                model.report("BCP084", symbol.identifier, name=symbol.name)


def _report_duplicates(model: SemanticModel, symbols: Sequence[sym.DeclaredSymbol], code: str) -> None:
    seen: dict[str, list[sym.DeclaredSymbol]] = {}
    for symbol in symbols:
        if symbol.name:
            seen.setdefault(symbol.name, []).append(symbol)
    for name, same in seen.items():
        if len(same) > 1:
            for symbol in same:
                model.report(code, symbol.identifier, name=name)


def _add(kind: str, make: Callable[..., sym.DeclaredSymbol]) -> Callable[[SemanticModel, s.Declaration], None]:
    def declare(model: SemanticModel, node: s.Declaration) -> None:
        identifier: s.Identifier = node.identifier  # type: ignore[attr-defined]
        symbol = make(identifier.name, node, identifier)
        getattr(model, kind).append(symbol)
        model.symbols[node] = symbol

    return declare


def _declare_resource(model: SemanticModel, node: s.Declaration) -> None:
    resource = cast("s.ResourceDeclaration", node)
    model.resources.append(_resource(model, resource, None))


def _resource(model: SemanticModel, node: s.ResourceDeclaration, parent: sym.ResourceSymbol | None) -> sym.ResourceSymbol:
    symbol = sym.ResourceSymbol(node.identifier.name, node, node.identifier, parent)
    model.symbols[node] = symbol
    if symbol.body is not None:
        for item in symbol.body.items:
            if type(item) is s.ResourceDeclaration:
                symbol.nested.append(_resource(model, item, symbol))
        if symbol.nested:
            _report_duplicates(model, list(symbol.nested), "BCP028")
    return symbol


def _declare_import(model: SemanticModel, node: s.Declaration) -> None:
    declaration = cast("s.ImportDeclaration", node)
    what = declaration.what
    if type(what) is s.WildcardImport:
        wildcard = sym.WildcardSymbol(what, declaration)
        model.wildcards.append(wildcard)
        model.symbols[what] = wildcard
    elif type(what) is s.ImportedSymbols:
        for item in what.items:
            if type(item) is s.ImportedSymbol:
                imported = sym.ImportedSymbol(item, declaration)
                model.imports.append(imported)
                model.symbols[item] = imported


def _declare_extension(model: SemanticModel, node: s.Declaration) -> None:
    extension = cast("s.ExtensionDeclaration", node)
    specification = extension.specification
    if extension.alias is not None:
        name, place = extension.alias.name, cast("s.Node", extension.alias)
    else:
        text = specification.name if type(specification) is s.Identifier else getattr(specification, "literal", None) or ""
        name, place = text.rsplit("/", 1)[-1].split(":", 1)[0].split("@", 1)[0], specification
    symbol = sym.ExtensionSymbol(name, extension, place)
    model.extensions.append(symbol)
    model.symbols[extension] = symbol


def _declare_target_scope(model: SemanticModel, node: s.Declaration) -> None:
    model.target_scope_declarations.append(cast("s.TargetScope", node))


_DECLARE: dict[type, Callable[[SemanticModel, s.Declaration], None]] = {
    s.MetadataDeclaration: _add("metadata", sym.MetadataSymbol),
    s.ParameterDeclaration: _add("parameters", sym.ParameterSymbol),
    s.VariableDeclaration: _add("variables", sym.VariableSymbol),
    s.OutputDeclaration: _add("outputs", sym.OutputSymbol),
    s.ModuleDeclaration: _add("modules", sym.ModuleSymbol),
    s.TypeDeclaration: _add("types", sym.TypeSymbol),
    s.FunctionDeclaration: _add("functions", sym.FunctionSymbol),
    s.AssertDeclaration: _add("asserts", sym.AssertSymbol),
    s.ParameterAssignment: _add("assignments", sym.ParameterAssignmentSymbol),
    s.ResourceDeclaration: _declare_resource,
    s.ImportDeclaration: _declare_import,
    s.ExtensionDeclaration: _declare_extension,
    s.TargetScope: _declare_target_scope,
}

_FUNCTION_VISIBLE = (
    sym.VariableSymbol, sym.ImportedSymbol, sym.FunctionSymbol, sym.WildcardSymbol, sym.ResourceSymbol,
)  # fmt: skip
"""What the body of a ``func`` sees of the file around it."""


# ---------------------------------------------------------------------------------------------- uses


class Use:
    """A use of a declared name: the symbol, the node, whether it is inside a lambda, whether only its name counts."""

    __slots__ = ("in_lambda", "name_only", "node", "symbol")

    def __init__(self, symbol: sym.DeclaredSymbol, node: s.Node, in_lambda: bool, name_only: bool = False) -> None:
        self.name_only = name_only
        self.symbol = symbol
        self.node = node
        self.in_lambda = in_lambda


class _Binder:
    """The walk over one file. ``scopes`` holds the local names, innermost last; ``None`` in it is the wall around a ``func``."""

    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.symbols = model.symbols
        self.declared = model.declared
        self.around = model.around
        self.scopes: list[dict[str, sym.DeclaredSymbol] | None] = []
        self.owner: sym.DeclaredSymbol | None = None
        self.uses: list[Use] = []
        self.errors = 0
        self.lambda_depth = 0
        self.in_decorator = False
        self.name_only = False
        self.placed_lambdas: set[s.Lambda] = set()
        self.in_function = False
        self.in_type = False
        self.reported: set[sym.DeclaredSymbol] = set()
        self.inline_allowed = False
        self.defaults_allowed = False
        self.depends_on: s.ObjectProperty | None = None
        self.invalid = model.invalid
        self.lambdas: list[tuple[s.Lambda, list[Use]]] = []
        self.kind: namespaces.Kind = model.kind
        self.scope = model.scope

    # ------------------------------------------------------------------------------------------ statements

    def statement(self, node: s.Declaration) -> None:
        for decorator in node.decorators:
            self.decorator(decorator)
        handler = _STATEMENTS.get(type(node))
        if handler is not None:
            handler(self, node)

    def decorator(self, node: s.Decorator) -> None:
        call = node.expression
        if type(call) is s.FunctionCall:
            self.arguments(call)
            name = call.identifier.name
            symbol = self.lookup(name)
            if symbol is not None:
                self.symbols[call] = symbol
            elif name in namespaces.DECORATORS:
                self.count(call, namespaces.DECORATORS[name])
            elif namespaces.find_function(name, self.kind, self.scope) is not None:
                self.model.report("BCP152", call.identifier, name=name)
                self.symbols[call] = sym.ErrorSymbol(name)
            elif call.identifier.valid:
                names = [*namespaces.DECORATORS, *namespaces.SYS, *namespaces.AZ]
                self.unknown(call.identifier, suggest(name, names))
                self.symbols[call] = sym.ErrorSymbol(name)
        elif type(call) is s.InstanceCall:
            self.visit(call.base)
            self.arguments(call)
            base = self.symbols.get(call.base)
            if type(base) is sym.NamespaceSymbol and namespaces.find_in(base.name, call.identifier.name, self.kind, self.scope):
                self.model.report("BCP152", call.identifier, name=call.identifier.name)
                self.symbols[call] = sym.ErrorSymbol(call.identifier.name)
            elif type(base) is sym.NamespaceSymbol and (base.name != "sys" or call.identifier.name not in namespaces.DECORATORS):
                self.unknown_in(base.name, call.identifier, decorators=True)
                self.symbols[call] = sym.ErrorSymbol(call.identifier.name)
            elif type(base) is sym.NamespaceSymbol:
                self.count(call, namespaces.DECORATORS[call.identifier.name])
        elif type(call) is s.VariableAccess and (name := call.identifier.name) in namespaces.DECORATORS and not self.lookup(name):
            self.error("BCP063", call, name=name)
        else:
            self.visit(call)

    def owned_type(self, node: s.Declaration, type_: s.Node | None) -> None:
        """Visit a type that a declaration writes."""
        self.in_type = True
        self.owned(node, type_)
        self.in_type = False

    def owned(self, node: s.Declaration, *parts: s.Node | None) -> None:
        """Visit the parts of a declaration as its own."""
        before, self.owner = self.owner, cast("sym.DeclaredSymbol", self.symbols[node])
        for part in parts:
            if part is not None:
                self.visit(part)
        self.owner = before

    def parameter(self, node: s.ParameterDeclaration) -> None:
        errors = self.errors
        self.owned_type(node, node.type)
        if self.errors != errors or node.type is None or type(node.type) is s.Skipped:
            self.invalid.add(cast("sym.DeclaredSymbol", self.symbols[node]))
        self.defaults_allowed = True
        self.owned(node, node.default)
        self.defaults_allowed = False

    def variable(self, node: s.VariableDeclaration) -> None:
        errors = self.errors
        self.owned_type(node, node.type)
        if isinstance(node.value, (s.ForExpression, s.FunctionCall, s.InstanceCall)):
            self.around[node.value] = node
        if node.type is not None:
            if self.errors != errors:
                self.invalid.add(cast("sym.DeclaredSymbol", self.symbols[node]))
            self.inline_value(node, node.value)
        else:
            self.inline_value(node, node.value)
            if self.errors != errors:
                self.invalid.add(cast("sym.DeclaredSymbol", self.symbols[node]))

    def inline_value(self, node: s.Declaration, value: s.Node) -> None:
        """Visit a value where functions that need a running deployment may stand."""
        self.inline_allowed = True
        self.owned(node, value)
        self.inline_allowed = False

    def output(self, node: s.OutputDeclaration) -> None:
        self.owned_type(node, node.type)
        if type(node.value) is s.ForExpression:
            self.around[node.value] = node
        self.inline_value(node, node.value)

    def type_declaration(self, node: s.TypeDeclaration) -> None:
        errors = self.errors
        self.owned_type(node, node.value)
        if self.errors != errors:
            self.invalid.add(cast("sym.DeclaredSymbol", self.symbols[node]))

    def function(self, node: s.FunctionDeclaration) -> None:
        self.inline_allowed = self.in_function = True
        value = node.value
        if type(value) is s.TypedLambda:
            errors = self.errors
            wrong: set[s.TypedParameter] = set()
            for parameter in value.parameters:
                before = self.errors
                self.parameter_type(node, parameter)
                if self.errors != before and type(parameter.type) is not s.Skipped:
                    wrong.add(parameter)
            self.owned_type(node, value.return_type)
            if self.errors != errors:
                self.invalid.add(cast("sym.DeclaredSymbol", self.symbols[node]))
            scope: dict[str, sym.DeclaredSymbol] = {}
            locals_: list[sym.DeclaredSymbol] = []
            for parameter in value.parameters:
                local = sym.LocalSymbol(parameter, value, "parameter")
                self.symbols[parameter] = local
                scope.setdefault(local.name, local)
                locals_.append(local)
                if parameter in wrong:
                    self.invalid.add(local)
            _report_duplicates(self.model, locals_, "BCP028")
            self.scopes += [None, scope]
            self.owned(node, value.body)
            del self.scopes[-2:]
            for unused in locals_:
                if unused in self.invalid and type(type_ := cast("s.TypedParameter", unused.node).type) is s.VariableAccess:
                    self.error("BCP302", type_, name=type_.identifier.name)
        else:
            self.invalid.add(cast("sym.DeclaredSymbol", self.symbols[node]))
            self.owned(node, value)
        self.inline_allowed = self.in_function = False

    def parameter_type(self, node: s.FunctionDeclaration, parameter: s.TypedParameter) -> None:
        """Visit the type of a parameter. A name alone that is no type is reported where the parameter is used."""
        alone = type(parameter.type) is s.VariableAccess
        self.lambda_depth += alone
        self.owned_type(node, parameter.type)
        self.lambda_depth -= alone

    def resource(self, node: s.ResourceDeclaration) -> None:
        symbol = cast("sym.ResourceSymbol", self.symbols[node])
        self.visit(node.type)
        if type(node.type) is not s.StringSyntax:
            self.invalid.add(symbol)
        self.deployable(symbol, node.value)

    def module(self, node: s.ModuleDeclaration) -> None:
        symbol = cast("sym.ModuleSymbol", self.symbols[node])
        self.visit(node.path)
        if type(node.path) is not s.StringSyntax:
            self.model.report("BCP090", node.path)
            self.invalid.add(symbol)
        self.deployable(symbol, node.value)

    def deployable(self, symbol: sym.ResourceSymbol | sym.ModuleSymbol, value: s.Expression) -> None:
        self.depends_on = symbol.body.get("dependsOn") if symbol.body is not None else None
        allowed, self.inline_allowed = self.inline_allowed, True
        if type(value) is s.ForExpression:
            self.around[value] = symbol.node
        if type(symbol) is sym.ResourceSymbol:
            scope = {child.name: cast("sym.DeclaredSymbol", child) for child in reversed(symbol.nested) if child.name}
            if not symbol.is_existing:
                scope.setdefault("this", sym.LocalSymbol(_THIS, symbol.node, "item"))
            self.scopes.append(scope)
            self.owned(symbol.node, value)
            self.scopes.pop()
        else:
            self.owned(symbol.node, value)
        self.inline_allowed = allowed

    def value_statement(self, node: s.MetadataDeclaration | s.AssertDeclaration | s.ParameterAssignment) -> None:
        self.around[node.value] = node
        self.owned(node, node.value)

    def target_scope(self, node: s.TargetScope) -> None:
        self.visit(node.value)

    def extension(self, node: s.ExtensionDeclaration) -> None:
        if node.with_value is not None:
            self.owned(node, node.with_value)

    # ------------------------------------------------------------------------------------------ expressions

    def visit(self, node: s.Node) -> None:
        handler = _VISIT.get(type(node))
        if handler is not None:
            handler(self, node)

    def leaf(self, node: s.Node) -> None:
        pass

    def skipped(self, node: s.Skipped) -> None:
        self.errors += 1

    def string(self, node: s.StringSyntax) -> None:
        for expression in node.expressions:
            self.visit(expression)

    def object(self, node: s.ObjectSyntax) -> None:
        visit = self.visit
        for item in node.items:
            if type(item) is s.ObjectProperty:
                if type(item.key) is s.StringSyntax:
                    self.string(item.key)
                value = item.value
                if type(value) is s.ForExpression:
                    self.around[value] = item
                if item is self.depends_on:
                    whole = self.model.whole_collections
                    visit(value)
                    self.model.whole_collections = whole
                else:
                    visit(value)
            elif type(item) is s.ResourceDeclaration:
                self.statement(item)
            elif type(item) is s.Spread:
                self.around[item] = node
                visit(item)
            else:
                visit(item)

    def spread(self, node: s.Spread) -> None:
        errors = self.errors
        self.visit(node.expression)
        if self.errors == errors and not self.lambda_depth:
            self.model.spreads.append(node)

    def array(self, node: s.ArraySyntax) -> None:
        for item in node.items:
            self.visit(item)

    def for_expression(self, node: s.ForExpression) -> None:
        self.visit(node.expression)
        if self.owner is not None:
            self.model.loops.setdefault(self.owner, []).append(node)
        item = sym.LocalSymbol(node.item, node, "item")
        self.symbols[node.item] = item
        scope: dict[str, sym.DeclaredSymbol] = {item.name: item}
        if node.index is not None:
            index = sym.LocalSymbol(node.index, node, "index")
            self.symbols[node.index] = index
            if index.name == item.name:
                _report_duplicates(self.model, [item, index], "BCP028")
            scope.setdefault(index.name, index)
        self.scopes.append(scope)
        self.visit(node.body)
        self.scopes.pop()

    def if_condition(self, node: s.IfCondition) -> None:
        allowed, self.inline_allowed = self.inline_allowed, False
        self.visit(node.condition)
        self.inline_allowed = allowed
        self.visit(node.body)

    def variable_access(self, node: s.VariableAccess) -> None:
        name = node.identifier.name
        symbol = self.lookup(name)
        if symbol is not None:
            self.symbols[node] = symbol
            if type(symbol) is not sym.LocalSymbol:
                self.use(symbol, node)
                if type(symbol) in (sym.TypeSymbol, sym.FunctionSymbol) and not self.in_type:
                    self.error("BCP288" if type(symbol) is sym.TypeSymbol else "BCP063", node, name=name)
                if isinstance(symbol, sym.DeployableSymbol) and symbol.loop is not None:
                    above = self.around.get(node)
                    while type(above) is s.Parenthesized:
                        above = self.around.get(above)
                    if type(above) is not s.ArrayAccess and type(above) is not s.PropertyAccess:
                        self.model.whole_collections = True
            elif symbol in self.invalid or symbol in self.reported:
                self.error("BCP062", node, name=name)
                self.invalid.discard(symbol)
                self.reported.add(symbol)
            elif symbol.node is _THIS:
                self.model.report("INF310", node, construct="the name space 'this'")
                self.errors += 1
        elif name in _RESERVED:
            self.symbols[node] = sym.NamespaceSymbol(name)
        elif name in namespaces.PRIMITIVE_TYPES or name in namespaces.PARAMETERIZED_TYPES:
            self.symbols[node] = sym.AmbientType(name)
            if not self.in_type:
                self.error("BCP288", node, name=name)
        elif node.identifier.valid and self.in_type:
            self.error("BCP302", node, name=name)
            self.symbols[node] = sym.ErrorSymbol(name)
        elif node.identifier.valid:
            found = namespaces.find_function(name, self.kind, self.scope)
            if found is not None:
                self.symbols[node] = sym.BuiltInFunction(*found)
                self.error("BCP063", node, name=name)
            else:
                candidates = namespaces.PRIMITIVE_TYPES | namespaces.PARAMETERIZED_TYPES
                self.unknown(node.identifier, suggest(name, candidates))
                self.symbols[node] = sym.ErrorSymbol(name)
        else:
            self.errors += 1
            self.symbols[node] = sym.ErrorSymbol(name)

    def lookup(self, name: str) -> sym.DeclaredSymbol | None:
        """The declaration that a name means here, or None."""
        walled = False
        for scope in reversed(self.scopes):
            if scope is None:
                walled = True
            elif name in scope:
                return scope[name]
        symbol = self.declared.get(name)
        if walled and symbol is not None and not isinstance(symbol, _FUNCTION_VISIBLE):
            return None
        return symbol

    def use(self, symbol: sym.DeclaredSymbol, node: s.Node) -> None:
        use = Use(symbol, node, self.lambda_depth > 0, self.name_only)
        if self.owner is not None:
            self.model.uses.setdefault(self.owner, []).append(use)
        self.uses.append(use)

    def unknown(self, identifier: s.Identifier, near: str | None) -> None:
        banned = namespaces.BANNED.get(identifier.name)
        if banned is not None:
            self.error(banned[0], identifier, name=identifier.name, instead=banned[1])
        elif near is not None:
            self.error("BCP082", identifier, name=identifier.name, suggestion=near)
        else:
            self.error("BCP057", identifier, name=identifier.name)

    def unknown_in(self, namespace: str, identifier: s.Identifier, *, decorators: bool = False) -> None:
        names = [*namespaces.functions_of(namespace, self.kind), *(namespaces.DECORATORS if decorators else ())]
        near = suggest(identifier.name, names)
        if near is not None:
            self.error("BCP108", identifier, name=identifier.name, namespace=namespace, suggestion=near)
        else:
            self.error("BCP107", identifier, name=identifier.name, namespace=namespace)

    def error(self, code: str, node: s.Node, **names: Any) -> None:
        self.errors += 1
        if not self.lambda_depth:
            self.model.report(code, node, **names)

    def property_access(self, node: s.PropertyAccess) -> None:
        self.around[node.base] = node
        self.visit(node.base)

    def array_access(self, node: s.ArrayAccess) -> None:
        self.around[node.base] = node
        self.visit(node.base)
        self.visit(node.index)
        if self.lambda_depth and isinstance(self.symbols.get(node.base), sym.DeployableSymbol):
            names = [local.name for local in local_symbols(self.model, node.index) if local.role == "lambda"]
            if names:
                self.model.report("BCP247", node.index, names='", "'.join(names))

    def non_null(self, node: s.NonNull) -> None:
        self.around[node.base] = node
        self.visit(node.base)

    def parenthesized(self, node: s.Parenthesized) -> None:
        self.around[node.expression] = node
        self.visit(node.expression)

    def resource_access(self, node: s.ResourceAccess) -> None:
        self.around[node.base] = node
        self.visit(node.base)
        base = self.symbols.get(node.base)
        name = node.identifier.name
        if type(base) is sym.ErrorSymbol:
            self.symbols[node] = base
        elif type(base) is not sym.ResourceSymbol:
            self.error("BCP158", node.identifier, kind=base.kind if base is not None else "expression")
            self.symbols[node] = sym.ErrorSymbol(name)
        else:
            nested = base.find_nested(name)
            if nested is None:
                known = ", ".join(sorted(f'"{child.name}"' for child in base.nested)) or "(none)"
                self.error("BCP159", node.identifier, resource=base.name, name=name, known=known)
                self.symbols[node] = sym.ErrorSymbol(name)
            else:
                self.symbols[node] = nested
                self.use(nested, node)

    def arguments(self, node: s.FunctionCall | s.InstanceCall) -> None:
        function = self.symbols.get(node)
        before = self.name_only
        if type(function) is sym.BuiltInFunction and function.info.flags & namespaces.NAME_ONLY:
            self.name_only = True
        for argument in node.arguments:
            inner: s.Node = argument
            while isinstance(inner, s.Parenthesized):
                inner = inner.expression
            if isinstance(inner, s.Lambda):
                self.placed_lambdas.add(inner)
                errors = self.errors
                self.visit(argument)
                counts = _LAMBDA_PARAMETERS.get(function.name) if type(function) is sym.BuiltInFunction else None
                if counts is not None and errors == self.errors and not counts[0] <= len(inner.parameters) <= counts[1]:
                    self.error("BCP070", argument)
            else:
                self.visit(argument)
        self.name_only = before

    def call(self, node: s.FunctionCall) -> None:
        name = node.identifier.name
        symbol = self.lookup(name)
        if symbol is not None:
            self.symbols[node] = symbol
            self.use(symbol, node)
            if not isinstance(symbol, (sym.FunctionSymbol, sym.ImportedSymbol)):
                hides = namespaces.find_function(name, self.kind, self.scope) is not None
                self.error("BCP265" if hides else "BCP059", node.identifier, name=name)
        else:
            found = namespaces.find_function(name, self.kind, self.scope)
            if found is not None:
                self.built_in(node, sym.BuiltInFunction(*found))
            elif node.identifier.valid:
                known = [*namespaces.functions_of("sys", self.kind), *namespaces.functions_of("az", self.kind)]
                self.unknown(node.identifier, suggest(name, known))
                self.symbols[node] = sym.ErrorSymbol(name)
        self.arguments(node)

    def instance_call(self, node: s.InstanceCall) -> None:
        self.around[node.base] = node
        self.visit(node.base)
        base = self.symbols.get(node.base)
        if type(base) is sym.NamespaceSymbol:
            info = namespaces.find_in(base.name, node.identifier.name, self.kind, self.scope)
            if info is not None:
                self.built_in(node, sym.BuiltInFunction(info, base.name))
            elif node.identifier.valid:
                self.unknown_in(base.name, node.identifier)
                self.symbols[node] = sym.ErrorSymbol(node.identifier.name)
        elif type(base) is not sym.WildcardSymbol and node.identifier.name.startswith("list"):
            self.note_run_time_call(node)
        elif type(base) is not sym.WildcardSymbol and node.identifier.name == "getSecret":
            self.model.secret_calls.append(node)
        elif isinstance(base, sym.DeployableSymbol) or type(node.base) is s.ArrayAccess:
            self.model.method_calls.append(node)
        self.arguments(node)

    def note_run_time_call(self, node: s.FunctionCall | s.InstanceCall) -> None:
        if self.owner is not None:
            self.model.run_time_calls.setdefault(self.owner, []).append(node)

    def built_in(self, node: s.FunctionCall | s.InstanceCall, function: sym.BuiltInFunction) -> None:
        """Bind a call to a function of a name space and check what can be checked without types: place and argument count."""
        self.symbols[node] = function
        name, _, _, flags = function.info
        if name == "nameof" and len(node.arguments) == 1 and name_of(node.arguments[0]) is None:
            self.error("BCP408", node.arguments[0])
        if name in _LITERAL_CALLS:
            self.model.arithmetic.append(node)
        if flags & namespaces.INLINE:
            self.note_run_time_call(node)
        if flags & namespaces.DEFAULTS_ONLY and not self.defaults_allowed:
            self.error("BCP065", node.identifier, name=name)
            return
        if flags & namespaces.INLINE and not self.inline_allowed:
            self.error("BCP066", node.identifier, name=name)
            return
        if not self.count(node, function.info):
            return
        if name == "providers" and not self.lambda_depth:
            self.model.report("BCP241", node.identifier, name=name)
        if flags & (namespaces.VARIABLE | namespaces.INDIRECT_VARIABLE):
            self.model.compile_time_calls.append(node)
            if self.in_function:
                self.model.inside_functions.add(node)

    def count(self, node: s.FunctionCall | s.InstanceCall, info: namespaces.FunctionInfo | namespaces.DecoratorInfo) -> bool:
        """Check the number of a call's arguments."""
        name, minimum, maximum, _ = info
        count = len(node.arguments)
        if count >= minimum and (maximum is None or count <= maximum):
            return True
        expected = f"at least {minimum}" if maximum is None else str(minimum) if minimum == maximum else f"{minimum} to {maximum}"
        start = node.identifier.end if not node.arguments else node.arguments[0].start
        self.errors += 1
        if not self.lambda_depth:
            self.model.report("BCP071", (self.parenthesis(node, start), node.end), name=name, expected=expected, count=count)
        return False

    def parenthesis(self, node: s.FunctionCall | s.InstanceCall, limit: int) -> int:
        """The offset of the call's opening parenthesis."""
        found = self.model.file.text.find("(", node.identifier.end, max(limit, node.end))
        return found if found >= 0 else node.identifier.end

    def unary(self, node: s.Unary) -> None:
        self.visit(node.operand)

    def binary(self, node: s.Binary) -> None:
        # Chains lean to the left and may be long: walk down them in a loop.
        links = [node]
        left = node.left
        while type(left) is s.Binary:
            links.append(left)
            left = left.left
        self.visit(left)
        for link in reversed(links):
            if link.operator in "+-*":
                self.model.arithmetic.append(link)
            self.visit(link.right)

    def ternary(self, node: s.Ternary) -> None:
        self.visit(node.condition)
        self.visit(node.when_true)
        self.visit(node.when_false)

    def lambda_(self, node: s.Lambda) -> None:
        if node not in self.placed_lambdas:
            self.model.report("BCP242", node)
        scope: dict[str, sym.DeclaredSymbol] = {}
        locals_: list[sym.DeclaredSymbol] = []
        for parameter in node.parameters:
            local = sym.LocalSymbol(parameter, node, "lambda")
            self.symbols[parameter] = local
            scope.setdefault(local.name, local)
            locals_.append(local)
        _report_duplicates(self.model, locals_, "BCP028")
        self.scopes.append(scope)
        errors, first_use = self.errors, len(self.uses)
        self.lambda_depth += 1
        self.visit(node.body)
        self.lambda_depth -= 1
        self.scopes.pop()
        if not self.lambda_depth:
            if self.errors != errors:
                self.model.report("BCP070", node)
            else:
                self.lambdas.append((node, self.uses[first_use:]))

    # ------------------------------------------------------------------------------------------ types

    def parameterized(self, node: s.ParameterizedType) -> None:
        name = node.identifier.name
        symbol = self.lookup(name)
        if symbol is not None:
            self.symbols[node] = symbol
            self.use(symbol, node)
        elif name in namespaces.PARAMETERIZED_TYPES or name in namespaces.PRIMITIVE_TYPES:
            self.symbols[node] = sym.AmbientType(name)
        elif node.identifier.valid:
            self.error("BCP302", node, name=name)
            self.symbols[node] = sym.ErrorSymbol(name)
        for argument in node.arguments:
            self.visit(argument)

    def qualified_parameterized(self, node: s.QualifiedParameterizedType) -> None:
        self.visit(node.base)
        for argument in node.arguments:
            self.visit(argument)

    def resource_type(self, node: s.ResourceType) -> None:
        if node.type is not None:
            self.visit(node.type)

    def type_syntax(self, node: s.ArrayType | s.ObjectType | s.TupleType | s.NullableType | s.UnionType) -> None:
        self.model.has_type_syntax = True
        for child in node.children():
            self.visit(child)

    def decorated_type(self, node: s.ObjectTypeProperty | s.ObjectTypeAdditionalProperties | s.TupleTypeItem) -> None:
        self.in_type = False
        for decorator in node.decorators:
            self.decorator(decorator)
        self.in_type = True
        self.visit(node.value)

    def type_access(self, node: s.ItemsAccess | s.AdditionalPropertiesAccess) -> None:
        self.visit(node.base)

    # ------------------------------------------------------------------------------------------ the end

    def finish(self) -> None:
        """Find circles, mark what is not valid and report its uses."""
        model = self.model
        model.cycles = _find_cycles(model)
        invalid = self.invalid
        users: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {}
        for owner, uses in model.uses.items():
            if type(owner) is sym.VariableSymbol and owner.node.type is None:
                for use in uses:
                    users.setdefault(use.symbol, []).append(owner)
        pending = [*invalid, *model.cycles]
        while pending:
            for owner in users.get(pending.pop(), ()):
                if owner not in invalid and owner not in model.cycles:
                    invalid.add(owner)
                    pending.append(owner)
        if not invalid and not model.cycles:
            return
        owners = {id(use): owner for owner, uses in model.uses.items() for use in uses}
        for use in self.uses:
            if not use.in_lambda and type(self.around.get(use.node)) is not s.ResourceAccess:
                self.report_use(use, owners.get(id(use)))
        for node, uses in self.lambdas:
            if any(use.symbol in invalid or use.symbol in model.cycles for use in uses):
                model.report("BCP070", node)

    def report_use(self, use: Use, owner: sym.DeclaredSymbol | None) -> None:
        """Report the use of something that is not valid; within a circle, the circle."""
        model = self.model
        cycle = model.cycles.get(use.symbol)
        if cycle is not None and owner is not None and owner in model.cycles and owner in cycle:
            if len(cycle) == 1:
                model.report("BCP079", use.node)
            else:
                model.report("BCP080", use.node, chain='" -> "'.join(symbol.name for symbol in cycle))
        elif cycle is not None or use.symbol in self.invalid:
            model.report("BCP062", use.node, name=use.symbol.name)


def _find_cycles(model: SemanticModel) -> dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]]:
    """The shortest circle of declarations through each symbol that is in one, starting at the symbol."""
    graph: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {
        owner: [use.symbol for use in uses if not (type(use.symbol) is sym.TypeSymbol and type(owner) is sym.TypeSymbol)]
        for owner, uses in model.uses.items()
    }
    for resource in model.all_resources():
        ancestor = resource.nested_in
        while ancestor is not None:
            graph.setdefault(resource, []).append(ancestor)
            ancestor = ancestor.nested_in
    shortest: dict[sym.DeclaredSymbol, list[sym.DeclaredSymbol]] = {}
    done: dict[sym.DeclaredSymbol, bool] = {}
    for root in graph:
        if root in done:
            continue
        path = [root]
        done[root] = False
        steps = [iter(graph[root])]
        while steps:
            for follower in steps[-1]:
                state = done.get(follower)
                if state is None:
                    done[follower] = False
                    path.append(follower)
                    steps.append(iter(graph.get(follower, ())))
                    break
                if state is False:
                    cycle = path[path.index(follower) :]
                    for position, member in enumerate(cycle):
                        if member not in shortest or len(shortest[member]) > len(cycle):
                            shortest[member] = cycle[position:] + cycle[:position]
            else:
                steps.pop()
                done[path.pop()] = True
    return shortest


_THIS = s.LocalVariable(0, 0, s.Identifier(0, 0, "this"))

_STATEMENTS: dict[type, Callable[..., None]] = {
    s.ParameterDeclaration: _Binder.parameter,
    s.VariableDeclaration: _Binder.variable,
    s.OutputDeclaration: _Binder.output,
    s.TypeDeclaration: _Binder.type_declaration,
    s.FunctionDeclaration: _Binder.function,
    s.ResourceDeclaration: _Binder.resource,
    s.ModuleDeclaration: _Binder.module,
    s.MetadataDeclaration: _Binder.value_statement,
    s.AssertDeclaration: _Binder.value_statement,
    s.ParameterAssignment: _Binder.value_statement,
    s.TargetScope: _Binder.target_scope,
    s.ExtensionDeclaration: _Binder.extension,
}

_VISIT: dict[type, Callable[..., None]] = {
    s.Skipped: _Binder.skipped,
    s.StringSyntax: _Binder.string,
    s.ObjectSyntax: _Binder.object,
    s.ObjectProperty: _Binder.leaf,
    s.Spread: _Binder.spread,
    s.ArraySyntax: _Binder.array,
    s.ForExpression: _Binder.for_expression,
    s.IfCondition: _Binder.if_condition,
    s.VariableAccess: _Binder.variable_access,
    s.PropertyAccess: _Binder.property_access,
    s.ArrayAccess: _Binder.array_access,
    s.NonNull: _Binder.non_null,
    s.Parenthesized: _Binder.parenthesized,
    s.ResourceAccess: _Binder.resource_access,
    s.FunctionCall: _Binder.call,
    s.InstanceCall: _Binder.instance_call,
    s.Unary: _Binder.unary,
    s.Binary: _Binder.binary,
    s.Ternary: _Binder.ternary,
    s.Lambda: _Binder.lambda_,
    s.ParameterizedType: _Binder.parameterized,
    s.QualifiedParameterizedType: _Binder.qualified_parameterized,
    s.ResourceType: _Binder.resource_type,
    s.ArrayType: _Binder.type_syntax,
    s.ObjectType: _Binder.type_syntax,
    s.TupleType: _Binder.type_syntax,
    s.NullableType: _Binder.type_syntax,
    s.UnionType: _Binder.type_syntax,
    s.ObjectTypeProperty: _Binder.decorated_type,
    s.ObjectTypeAdditionalProperties: _Binder.decorated_type,
    s.TupleTypeItem: _Binder.decorated_type,
    s.ItemsAccess: _Binder.type_access,
    s.AdditionalPropertiesAccess: _Binder.type_access,
}
