"""Binding: which declaration, function or type each name of a file means.

One walk declares, one walk binds. While it binds, the walk notes what later stages would have to search for: the uses of each
declaration, the node around each access, the loops' places and the calls that the compiler evaluates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import namespaces
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.declaring import declare, report_duplicates
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.name_binding import THIS, NameBinder
from infra_lib.bicep.semantics.rewriting import local_symbols
from infra_lib.bicep.semantics.validity import report_invalid_uses


def bind(model: SemanticModel) -> None:
    """Fill the model of a parsed file: declare its symbols, bind its names, report what means nothing and what goes in a
    circle."""
    bind_names(model)()


def bind_names(model: SemanticModel) -> Callable[[], None]:
    """The first half of :func:`bind`; the function returned is the second.

    In between, ``model.invalid`` takes the symbols whose files or loaded values are missing: the second half reports the uses of
    what is not valid, after it has found what goes in a circle.
    """
    declare(model)
    walker = _Binder(model)
    for declaration in model.file.program.declarations:
        walker.statement(declaration)
    return lambda: report_invalid_uses(model, walker.uses, walker.lambdas)


class _Binder(NameBinder):
    """The walk over the statements, expressions and types of one file."""

    # ------------------------------------------------------------------------------------------ statements

    def statement(self, node: s.Declaration) -> None:
        for decorator in () if isinstance(node, _UNDECORATED) else node.decorators:
            self.decorator(decorator, node)
        handler = _STATEMENTS.get(type(node))
        if handler is not None:
            handler(self, node)

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
        if self.errors != errors:
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
            report_duplicates(self.model, locals_, "BCP028")
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
        if type(node.type) is not s.StringSyntax:
            self.visit(node.type)
            self.invalid.add(symbol)
        self.deployable(symbol, node.value)

    def module(self, node: s.ModuleDeclaration) -> None:
        symbol = cast("sym.ModuleSymbol", self.symbols[node])
        if type(node.path) is not s.StringSyntax:
            self.visit(node.path)
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
                scope.setdefault("this", sym.LocalSymbol(THIS, symbol.node, "item"))
            self.scopes.append(scope)
            self.owned(symbol.node, value)
            self.scopes.pop()
        else:
            self.owned(symbol.node, value)
        self.inline_allowed = allowed

    def value_statement(self, node: s.MetadataDeclaration | s.AssertDeclaration | s.ParameterAssignment) -> None:
        errors = self.errors
        self.around[node.value] = node
        self.owned(node, node.value)
        if isinstance(node, s.ParameterAssignment) and (self.errors != errors or type(node.value) is s.Skipped):
            self.invalid.add(cast("sym.DeclaredSymbol", self.symbols[node]))

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
        """Take text that is no value for a mistake; where a type is missing, any value is taken."""
        self.errors += not self.in_type

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
                report_duplicates(self.model, [item, index], "BCP028")
            scope.setdefault(index.name, index)
        self.scopes.append(scope)
        self.visit(node.body)
        self.scopes.pop()

    def if_condition(self, node: s.IfCondition) -> None:
        allowed, self.inline_allowed = self.inline_allowed, False
        self.visit(node.condition)
        self.inline_allowed = allowed
        self.visit(node.body)

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
            if link.operator in "+-*/%":
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
        report_duplicates(self.model, locals_, "BCP028")
        self.scopes.append(scope)
        errors, first_use = self.errors, len(self.uses)
        self.lambda_depth += 1
        self.visit(node.body)
        self.lambda_depth -= 1
        self.scopes.pop()
        if not self.lambda_depth and node in self.placed_lambdas:
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
            self.decorator(decorator, node)
        self.in_type = True
        self.visit(node.value)

    def type_access(self, node: s.ItemsAccess | s.AdditionalPropertiesAccess) -> None:
        self.visit(node.base)


_UNDECORATED = (s.TargetScope, s.UsingDeclaration, s.ExtendsDeclaration, s.ParameterAssignment)
"""Statements that take no decorators: those they have are not looked into."""

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
