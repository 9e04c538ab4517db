"""Secrets among the outputs of modules: they can be read only right off the module."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.semantics.module_values import modules_of


def check_secure_outputs(model: SemanticModel) -> None:
    """Report secure outputs that are read through ``!``, ``.?``, a variable or parentheses."""
    if not any(module.target is not None and module.target.secure_outputs() for module in model.modules):
        return
    pending: list[s.Node] = [model.file.program]
    while pending:
        node = pending.pop()
        if isinstance(node, (s.PropertyAccess, s.ArrayAccess)):
            _check_access(model, node)
        pending.extend(node.children())


def _name(node: s.Node) -> tuple[str, s.Node] | None:
    """The property that an access names, and its place."""
    if isinstance(node, s.PropertyAccess):
        return node.identifier.name, node.identifier
    if isinstance(node, s.ArrayAccess) and isinstance(node.index, s.StringSyntax) and node.index.literal is not None:
        return node.index.literal, node.index
    return None


def _check_access(model: SemanticModel, node: s.PropertyAccess | s.ArrayAccess) -> None:
    outputs = node.base
    named, outer = _name(node), _name(outputs)
    if named is None or outer is None or outer[0] != "outputs":
        return
    assert isinstance(outputs, (s.PropertyAccess, s.ArrayAccess))  # noqa: S101 - it has a name
    targets = [module.target for module in modules_of(model, outputs.base) if module.target is not None]
    if not any(named[0] in target.secure_outputs() for target in targets):
        return
    base = outputs.base
    if type(model.symbols.get(base)) is sym.ModuleSymbol:
        return
    while isinstance(base, s.NonNull):
        base = base.base
    if isinstance(base, s.ArrayAccess) and type(model.symbols.get(base.base)) is sym.ModuleSymbol:
        return
    model.report("BCP426", named[1])
