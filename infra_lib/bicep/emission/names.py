"""The names that variables and functions have in a template."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import ModuleTarget, SemanticModel
from infra_lib.bicep.semantics.namespaces import INDIRECT_VARIABLE


class Names:
    """The names in the template of a file itself; a file that is imported gets a kind of its own.

    ``compile_time`` maps calls that the compiler evaluates to the variables that hold their values.
    """

    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.compile_time: dict[s.Node, str] = {}
        for node in model.compile_time_calls:
            function = model.symbols.get(node)
            if (
                type(function) is not sym.BuiltInFunction
                or node not in model.compile_time_values
                or node in model.inside_functions
            ):
                continue
            direct = isinstance(model.around.get(node), s.VariableDeclaration)
            if not (direct and function.info.flags & INDIRECT_VARIABLE):
                self.compile_time[node] = f"$fxv#{len(self.compile_time)}"

    def definition(self, owner: ModuleTarget, name: str) -> str:
        """The name of a type definition of the file or of one that it imports from."""
        return name if owner is self.model else self.model.imported.definition_name(owner, name)

    def variable(self, symbol: sym.VariableSymbol) -> str:
        """The name of a variable of the file."""
        return symbol.name

    def loop(self, node: s.VariableDeclaration | s.ParameterAssignment) -> str:
        """The name of the loop that a declaration's value is."""
        return node.identifier.name

    def function(self, symbol: sym.FunctionSymbol) -> str:
        """The qualified name of a function of the file."""
        return f"__bicep.{symbol.name}"

    def imported_variable(self, symbol: sym.ImportedSymbol) -> str:
        """The name of a variable that is imported by name."""
        return self.model.imported.name_of(symbol)

    def imported_function(self, symbol: sym.ImportedSymbol) -> str:
        """The qualified name of a function that is imported by name."""
        return qualified(self.model.imported.name_of(symbol))

    def wildcard_variable(self, symbol: sym.WildcardSymbol, name: str) -> str:
        """The name of a variable of a wildcard import."""
        return self.model.imported.name_of_member(symbol, name)

    def wildcard_function(self, symbol: sym.WildcardSymbol, name: str) -> str:
        """The qualified name of a function of a wildcard import."""
        return qualified(self.model.imported.name_of_member(symbol, name))


def qualified(name: str) -> str:
    """A function's name with its name space: ``_1.name`` stays, ``name`` is one of ours."""
    return name if "." in name else f"__bicep.{name}"
