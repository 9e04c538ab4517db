"""What ``import`` brings in: exports of files, the closure of what they need, and the names that it all gets in the template.

A symbol that the file imports by name keeps that name. Every other symbol of the closure gets a generated one: ``_1.name``, with
a number for its file. Definitions, variables and functions that are imported follow the file's own, sorted by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from infra_lib.bicep import syntax as s
from infra_lib.bicep.emission.lowering_terms import constant_json
from infra_lib.bicep.emission.names import Names
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import JsonTemplate, ModuleTarget, SemanticModel
from infra_lib.bicep.sources.modules import resolve
from infra_lib.bicep.sources.paths import Problem, directory_of
from infra_lib.bicep.typing.declared_types import AliasType, DeclaredType

if TYPE_CHECKING:
    from infra_lib.bicep.emission.emit import Emission

ExportKind = Literal["type", "variable", "function", "ambiguous"]
Entries = dict[tuple[str, str], "Imported"]

_DEFINITIONS = "#/definitions/"
_OWN_NAMESPACE = "__bicep."
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


# ---------------------------------------------------------------------------------------------- exports


class Export:
    """Something that a file exports. ``symbol`` is its declaration in a Bicep file, None in a JSON template.

    ``identity`` is what the file itself calls it: a name, or in a JSON template a pointer, a variable's name, or a function's
    qualified name. ``kind`` is ``ambiguous`` where a template exports several things by one name.
    """

    __slots__ = ("identity", "kind", "name", "symbol", "target")

    def __init__(
        self, target: ModuleTarget, kind: ExportKind, name: str, identity: str, symbol: sym.DeclaredSymbol | None = None
    ) -> None:
        self.target = target
        self.kind: ExportKind = kind
        self.name = name
        self.identity = identity
        self.symbol = symbol

    def type_reference(self) -> DeclaredType:
        """The exported type, as a reference to it."""
        return AliasType(self.target, self.identity, lambda: definition_of(self.target, self.identity))


def definition_of(target: ModuleTarget, identity: str) -> DeclaredType:
    """What a definition of a file says."""
    if isinstance(target, SemanticModel):
        from infra_lib.bicep.typing.type_table import types_of

        return types_of(target).definition(identity)
    from infra_lib.bicep.typing.json_types import definition

    assert isinstance(target, JsonTemplate)  # noqa: S101 - a narrowing for the type checker
    return definition(target, identity)


def exports_of(target: ModuleTarget) -> dict[str, Export]:
    """What a file exports, by name: types, variables, functions, each in the order of the source."""
    if isinstance(target, SemanticModel):
        found: dict[str, Export] = {}
        groups: tuple[tuple[ExportKind, list[Any]], ...] = (
            ("type", target.types), ("variable", target.variables), ("function", target.functions)
        )  # fmt: skip
        for kind, symbols in groups:
            for symbol in symbols:
                if symbol.name and is_exported(target, symbol):
                    found.setdefault(symbol.name, Export(target, kind, symbol.name, symbol.name, symbol))
        return found
    assert isinstance(target, JsonTemplate)  # noqa: S101 - a narrowing for the type checker
    return _json_exports(target)


def _json_exports(target: JsonTemplate) -> dict[str, Export]:
    from infra_lib.bicep.sources.arm_module import exports

    found = {}
    for name, export in exports(target.template).items():
        qualified = name if "." in name else _OWN_NAMESPACE + name
        identity = {"type": _DEFINITIONS + name, "function": qualified}.get(export.kind, name)
        found[name] = Export(target, export.kind, name, identity)
    return found


def is_exported(model: SemanticModel, symbol: sym.DeclaredSymbol) -> bool:
    """True for a declaration with ``@export()``."""
    node = symbol.node
    return isinstance(node, s.Decorated) and "export" in model.decorators(node)


def find_export(target: ModuleTarget, name: str) -> Export | None:
    """The export of that name, or None."""
    return exports_of(target).get(name)


# ---------------------------------------------------------------------------------------------- the closure


class Imported:
    """A symbol of the closure: where it is declared and under which name it stands in the template.

    ``source`` names its file in the template (a relative path, or the reference of a registry module); ``original`` is its name
    there. ``call`` is set for a value that the compiler works out within a declaration of an imported Bicep file.
    """

    __slots__ = ("call", "export", "name", "original", "source")

    def __init__(self, export: Export, source: str, original: str, call: s.Node | None = None) -> None:
        self.export = export
        self.source = source
        self.original = original
        self.call = call
        self.name = ""


class ImportClosure:
    """All that the imports of one file bring into its template."""

    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self._root = directory_of(model.path)
        self._entries: Entries = {}
        self._by_identity: dict[tuple[int, str, str], Imported] = {}
        self._calls: dict[s.Node, Imported] = {}
        self._sources: dict[int, str] = {}
        self._emissions: dict[int, Emission] = {}
        self._collect()
        self._assign_names()

    # ------------------------------------------------------------------------------------------ collecting

    def _collect(self) -> None:
        model = self.model
        pending: list[tuple[Export, str]] = []
        for symbol in model.imports:
            pending.extend(self._exports_of_import(model, symbol))
        for wildcard in model.wildcards:
            pending.extend(self._exports_of_import(model, wildcard))
        while pending:
            export, source = pending.pop()
            original = original_name(export)
            if (source, original) in self._entries:
                continue
            entry = Imported(export, source, original)
            self._entries[source, original] = entry
            self._by_identity[id(export.target), export.kind, export.identity] = entry
            self._sources[id(export.target)] = source
            if isinstance(export.target, SemanticModel):
                pending.extend(self._bicep_needs(export, source))
                self._collect_calls(export, source)
            elif isinstance(export.target, JsonTemplate):
                from infra_lib.bicep.typing.json_imports import needs

                pending.extend((needed, source) for needed in needs(export))

    def _exports_of_import(
        self, model: SemanticModel, symbol: sym.ImportedSymbol | sym.WildcardSymbol
    ) -> Iterator[tuple[Export, str]]:
        if symbol.target is None:
            return
        source = self._source_of(model, symbol)
        if isinstance(symbol, sym.WildcardSymbol):
            for export in exports_of(symbol.target).values():
                if export.kind != "ambiguous":
                    yield export, source
            return
        found = find_export(symbol.target, symbol.original)
        if found is not None and found.kind != "ambiguous":
            yield found, source

    def _source_of(self, model: SemanticModel, symbol: sym.ImportSymbol) -> str:
        """The name of an imported file in the template."""
        path = symbol.declaration.path
        reference = getattr(path, "literal", None) or ""
        if ":" in reference:
            found = resolve(reference, directory_of(model.path), self.model.compiler.configuration_of(model.path))
            return reference if isinstance(found, Problem) else found.reference
        assert symbol.target is not None  # noqa: S101 - the caller has looked
        return os.path.relpath(symbol.target.path, self._root).replace(os.sep, "/")

    def _bicep_needs(self, export: Export, source: str) -> Iterator[tuple[Export, str]]:
        """What the declaration of an export uses."""
        model = export.target
        assert isinstance(model, SemanticModel)  # noqa: S101 - the caller has looked
        if export.symbol is None:
            return
        for use in model.uses.get(export.symbol, ()):
            used = use.symbol
            if isinstance(used, (sym.ImportedSymbol, sym.WildcardSymbol)):
                yield from self._exports_of_import(model, used)
                continue
            kind = _KINDS.get(type(used))
            if kind is not None:
                yield Export(model, kind, used.name, used.name, used), source

    def _collect_calls(self, export: Export, source: str) -> None:
        """The values that the compiler works out within a declaration: they become variables too."""
        model, symbol = export.target, export.symbol
        assert isinstance(model, SemanticModel)  # noqa: S101 - the caller has looked
        if symbol is None:
            return
        for call, name in Names(model).compile_time.items():
            if symbol.node.start <= call.start and call.end <= symbol.node.end:
                entry = Imported(export, source, name, call)
                self._entries.setdefault((source, name), entry)
                self._calls[call] = self._entries[source, name]

    def _assign_names(self) -> None:
        for symbol in self.model.imports:
            entry = self._entry_of_import(symbol)
            if entry is not None:
                entry.name = symbol.name
        counter = 1
        files: dict[str, int] = {}
        for entry in sorted(self._entries.values(), key=lambda entry: _ordinal(f"{entry.source}_{entry.original}")):
            if entry.name:
                continue
            if entry.source not in files:
                files[entry.source] = counter
                counter += 1
            name = entry.original
            if _IDENTIFIER.match(name) is None:
                name = f"_{counter}"
                counter += 1
            entry.name = f"_{files[entry.source]}.{name}"

    def _entry_of_import(self, symbol: sym.ImportedSymbol) -> Imported | None:
        export = find_export(symbol.target, symbol.original) if symbol.target is not None else None
        return None if export is None else self.entry(export.target, export.kind, export.identity)

    # ------------------------------------------------------------------------------------------ names

    def entry(self, target: ModuleTarget, kind: str, identity: str) -> Imported | None:
        """The symbol of the closure that a file calls ``identity``, or None."""
        return self._by_identity.get((id(target), kind, identity))

    def definition_name(self, owner: ModuleTarget, identity: str) -> str:
        """The name in ``definitions`` of a type of another file."""
        entry = self.entry(owner, "type", identity)
        return identity if entry is None else entry.name

    def name_of(self, symbol: sym.ImportedSymbol) -> str:
        """The name of a symbol that the file imports by name."""
        entry = self._entry_of_import(symbol)
        return symbol.name if entry is None else entry.name

    def name_of_member(self, symbol: sym.WildcardSymbol, name: str) -> str:
        """The name of a member of a wildcard import."""
        export = find_export(symbol.target, name) if symbol.target is not None else None
        entry = None if export is None else self.entry(export.target, export.kind, export.identity)
        return name if entry is None else entry.name

    def call_name(self, call: s.Node) -> str | None:
        """The variable that holds the value of a call in an imported file."""
        entry = self._calls.get(call)
        return None if entry is None else entry.name

    # ------------------------------------------------------------------------------------------ output

    def _sorted(self, kind: ExportKind) -> list[Imported]:
        found = [entry for entry in self._entries.values() if entry.call is None and entry.export.kind == kind]
        return sorted(found, key=lambda entry: _ordinal(entry.name))

    def _emission(self, emission: Emission, model: SemanticModel) -> Emission:
        """What lowers the declarations of an imported Bicep file, with the names that they get here."""
        found = self._emissions.get(id(model))
        if found is None:
            found = type(emission)(model, names=ImportedNames(model, self))
            self._emissions[id(model)] = found
        return found

    def definitions(self, emission: Emission) -> dict[str, Any]:
        """The imported types by name."""
        from infra_lib.bicep.typing.declarations import apply_decorators, merge
        from infra_lib.bicep.typing.json_imports import definition
        from infra_lib.bicep.typing.types import schema

        result: dict[str, Any] = {}
        for entry in self._sorted("type"):
            target, symbol = entry.export.target, entry.export.symbol
            if isinstance(target, SemanticModel) and isinstance(symbol, sym.TypeSymbol):
                within = self._emission(emission, target)
                made = within.guard(
                    symbol.node, lambda within=within, symbol=symbol: apply_decorators(  # type: ignore[misc]
                        within, symbol.node, schema(within, symbol.node.value))
                )  # fmt: skip
                emission.failed = emission.failed or within.failed
            else:
                made = emission.guard(self.model.file.program, lambda entry=entry: definition(emission, entry.export))  # type: ignore[misc]
            if made is not None:
                merge(made, "metadata", {"__bicep_imported_from!": origin(entry, entry.name.endswith(entry.original))})
                result[entry.name] = made
        return result

    def functions(self, emission: Emission) -> Iterator[tuple[str, str, Any]]:
        """The imported functions as (name space, name, function), sorted by name over all name spaces."""
        from infra_lib.bicep.typing.declarations import function as make_function
        from infra_lib.bicep.typing.json_imports import function as make_json_function

        found = []
        for entry in self._sorted("function"):
            namespace, _, name = entry.name.rpartition(".")
            found.append((namespace or "__bicep", name, entry))
        for namespace, name, entry in sorted(found, key=lambda item: _ordinal(item[1])):
            target, symbol = entry.export.target, entry.export.symbol
            if isinstance(target, SemanticModel) and isinstance(symbol, sym.FunctionSymbol):
                within = self._emission(emission, target)
                made = within.guard(symbol.node, lambda within=within, symbol=symbol: make_function(within, symbol.node))  # type: ignore[misc]
                emission.failed = emission.failed or within.failed
            else:
                made = emission.guard(self.model.file.program, lambda entry=entry: make_json_function(emission, entry.export))  # type: ignore[misc]
            if made is not None:
                metadata = made.setdefault("metadata", {})
                metadata.pop("__bicep_export!", None)
                metadata["__bicep_imported_from!"] = origin(entry, name == entry.original)
                yield namespace, name, made

    def variables(self, emission: Emission, loops: list[dict[str, Any]], plain: dict[str, Any]) -> None:
        """Add the imported variables to the section: loops to its ``copy``, the others as members."""
        from infra_lib.bicep.typing.json_imports import variable as add_json_variable

        found = [entry for entry in self._entries.values() if entry.call is not None or entry.export.kind == "variable"]
        for entry in sorted(found, key=lambda entry: _ordinal(entry.name)):
            target, symbol = entry.export.target, entry.export.symbol
            if not isinstance(target, SemanticModel):
                emission.guard(self.model.file.program, lambda entry=entry: add_json_variable(self, entry, loops, plain))  # type: ignore[misc]
                continue
            within = self._emission(emission, target)
            if entry.call is not None:
                plain[entry.name] = constant_json(target.compile_time_values[entry.call])
            elif isinstance(symbol, sym.VariableSymbol):
                within.guard(
                    symbol.node,
                    lambda within=within, entry=entry, symbol=symbol: within.variable(entry.name, symbol.node, loops, plain),  # type: ignore[misc]
                )
                emission.failed = emission.failed or within.failed


class ImportedNames(Names):
    """The names that the declarations of an imported Bicep file get in the template of the file that imports it."""

    def __init__(self, model: SemanticModel, closure: ImportClosure) -> None:
        super().__init__(model)
        self.closure = closure
        self.compile_time = {call: name for call in self.compile_time if (name := closure.call_name(call)) is not None}

    def _own(self, kind: ExportKind, name: str) -> str:
        entry = self.closure.entry(self.model, kind, name)
        return name if entry is None else entry.name

    def definition(self, owner: ModuleTarget, name: str) -> str:
        """The name of a type definition."""
        return self.closure.definition_name(owner, name)

    def variable(self, symbol: sym.VariableSymbol) -> str:
        """The name of a variable of the imported file."""
        return self._own("variable", symbol.name)

    def loop(self, node: s.VariableDeclaration | s.ParameterAssignment) -> str:
        """The name of the loop that a variable's value is."""
        return self._own("variable", node.identifier.name)

    def function(self, symbol: sym.FunctionSymbol) -> str:
        """The qualified name of a function of the imported file."""
        name = self._own("function", symbol.name)
        return name if "." in name else _OWN_NAMESPACE + name

    def imported_variable(self, symbol: sym.ImportedSymbol) -> str:
        """The name of a variable that the imported file imports by name itself."""
        return self._through(symbol, symbol.original)

    def imported_function(self, symbol: sym.ImportedSymbol) -> str:
        """The qualified name of a function that the imported file imports by name itself."""
        name = self._through(symbol, symbol.original)
        return name if "." in name else _OWN_NAMESPACE + name

    def wildcard_variable(self, symbol: sym.WildcardSymbol, name: str) -> str:
        """The name of a variable of a wildcard import of the imported file."""
        return self._through(symbol, name)

    def wildcard_function(self, symbol: sym.WildcardSymbol, name: str) -> str:
        """The qualified name of a function of a wildcard import of the imported file."""
        found = self._through(symbol, name)
        return found if "." in found else _OWN_NAMESPACE + found

    def _through(self, symbol: sym.ImportSymbol, name: str) -> str:
        export = find_export(symbol.target, name) if symbol.target is not None else None
        entry = None if export is None else self.closure.entry(export.target, export.kind, export.identity)
        return name if entry is None else entry.name


def original_name(export: Export) -> str:
    """The name that ``__bicep_imported_from!`` gives: the plain one where the file's own identity is that of compiled Bicep."""
    identity = export.identity
    for prefix in (_DEFINITIONS, _OWN_NAMESPACE):
        if identity.startswith(prefix) and _IDENTIFIER.match(identity[len(prefix) :]):
            return identity[len(prefix) :]
    return identity


def origin(entry: Imported, same_name: bool) -> dict[str, str]:
    """The value of ``__bicep_imported_from!``."""
    result = {"sourceTemplate": entry.source}
    if not same_name:
        result["originalIdentifier"] = entry.original
    return result


def _ordinal(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


_KINDS: dict[type, ExportKind] = {
    sym.TypeSymbol: "type",
    sym.VariableSymbol: "variable",
    sym.FunctionSymbol: "function",
}
