"""Binding of names and calls: what each means at its place, and the reports of those that mean nothing."""

from __future__ import annotations

from typing import Any

from infra_lib.bicep import syntax as s
from infra_lib.bicep.parsing.spelling import suggest
from infra_lib.bicep.semantics import namespaces
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.constants import name_of
from infra_lib.bicep.semantics.declaring import RESERVED
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.validity import Use

THIS = s.LocalVariable(0, 0, s.Identifier(0, 0, "this"))
"""The name space of the resource that is declared around a place."""
_LITERAL_CALLS = frozenset(("json", "max", "min"))
_LAMBDA_PARAMETERS: dict[str, tuple[int, int]] = {
    "filter": (1, 2), "groupBy": (1, 1), "map": (1, 2), "mapValues": (1, 1), "reduce": (2, 3), "sort": (2, 2), "toObject": (1, 1),
}  # fmt: skip
"""The least and greatest number of parameters of the lambdas that a function takes."""
_FUNCTION_VISIBLE = (
    sym.VariableSymbol, sym.ImportedSymbol, sym.FunctionSymbol, sym.WildcardSymbol, sym.ResourceSymbol,
)  # fmt: skip
"""What the body of a ``func`` sees of the file around it."""


class NameBinder:
    """The state of the walk over one file, and the rules for names. ``scopes`` holds the local names, innermost last; ``None`` in
    it is the wall around a ``func``."""

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
        """Note the use of a declaration."""
        use = Use(symbol, node, self.lambda_depth > 0, self.name_only, self.in_type)
        if self.owner is not None:
            self.model.uses.setdefault(self.owner, []).append(use)
        self.uses.append(use)

    def error(self, code: str, node: s.Node, **names: Any) -> None:
        """Count a mistake, and report it outside of lambdas: a lambda is reported whole."""
        self.errors += 1
        if not self.lambda_depth:
            self.model.report(code, node, **names)

    def visit(self, node: s.Node) -> None:
        """Bind a node and what is in it."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------ names

    def variable_access(self, node: s.VariableAccess) -> None:
        """Bind a name that stands as a value or as a type."""
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
            elif symbol.node is THIS:
                self.model.report("INF310", node, construct="the name space 'this'")
                self.errors += 1
        elif name in RESERVED:
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

    def resource_access(self, node: s.ResourceAccess) -> None:
        """Bind ``base::name``."""
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

    def unknown(self, identifier: s.Identifier, near: str | None) -> None:
        """Report a name that means nothing; ``near`` is one that may have been meant."""
        banned = namespaces.BANNED.get(identifier.name)
        if banned is not None:
            self.error(banned[0], identifier, name=identifier.name, instead=banned[1])
        elif near is not None:
            self.error("BCP082", identifier, name=identifier.name, suggestion=near)
        else:
            self.error("BCP057", identifier, name=identifier.name)

    def unknown_in(self, namespace: str, identifier: s.Identifier, *, decorators: bool = False) -> None:
        """Report a name that a name space does not have."""
        banned = namespaces.BANNED.get(identifier.name) if namespace == "sys" else None
        if banned is not None:
            self.error(banned[0], identifier, name=identifier.name, instead=banned[1])
            return
        names = [*namespaces.functions_of(namespace, self.kind), *(namespaces.DECORATORS if decorators else ())]
        near = suggest(identifier.name, names)
        if near is not None:
            self.error("BCP108", identifier, name=identifier.name, namespace=namespace, suggestion=near)
        else:
            self.error("BCP107", identifier, name=identifier.name, namespace=namespace)

    # ------------------------------------------------------------------------------------------ calls

    def decorator(self, node: s.Decorator, owner: s.Decorated) -> None:
        """Bind the function of a decorator and its arguments; their number counts where the decorator may stand."""
        call = node.expression
        if type(call) is s.FunctionCall:
            self.arguments(call)
            name = call.identifier.name
            symbol = self.lookup(name)
            if symbol is not None:
                self.symbols[call] = symbol
                if not isinstance(symbol, (sym.FunctionSymbol, sym.ImportedSymbol)):
                    self.error("BCP265" if name in namespaces.DECORATORS else "BCP059", call.identifier, name=name)
                else:
                    self.model.report("BCP152", call.identifier, name=name)
            elif name in namespaces.DECORATORS:
                place = namespaces.PLACE_OF.get(type(owner))
                if place is None or place in namespaces.DECORATORS[name].places:
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

    def call(self, node: s.FunctionCall) -> None:
        """Bind a call by name."""
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
        """Bind ``base.name()``: a function of a name space or of an imported file, or a method."""
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
        elif type(base) not in (sym.WildcardSymbol, sym.ErrorSymbol):
            self.model.method_calls.append(node)
        self.arguments(node)

    def arguments(self, node: s.FunctionCall | s.InstanceCall) -> None:
        """Bind the arguments of a call, which may be lambdas."""
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

    def note_run_time_call(self, node: s.FunctionCall | s.InstanceCall) -> None:
        """Note a call that needs a running deployment."""
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
        if flags & namespaces.DEFAULTS_ONLY and not self.defaults_allowed:
            self.error("BCP065", node.identifier, name=name)
            return
        if flags & namespaces.INLINE and not self.inline_allowed:
            self.error("BCP066", node.identifier, name=name)
            return
        if flags & namespaces.INLINE:
            self.note_run_time_call(node)
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
