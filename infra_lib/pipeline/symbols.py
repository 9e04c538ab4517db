"""The symbolic names of a Bicep source's declarations, which the older form of templates does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra_lib.bicep.semantics.model import SemanticModel


def symbolic_names(model: SemanticModel | None, prefix: str = "") -> dict[str, str]:
    """Symbolic names by place in the template made of ``model``, those of its modules included; none without a model."""
    if model is None:
        return {}
    from infra_lib.bicep.emission.emit import Emission
    from infra_lib.bicep.semantics.model import SemanticModel as Model
    from infra_lib.bicep.semantics.symbols import ModuleSymbol

    emission = Emission(model)
    found: dict[str, str] = {}
    for index, (name, symbol) in enumerate(emission.deployables.emitted()):
        place = f"{prefix}resources.{name}" if emission.symbolic else f"{prefix}resources[{index}]"
        found[place] = name
        if type(symbol) is ModuleSymbol and isinstance(symbol.target, Model):
            found.update(symbolic_names(symbol.target, f"{place}.properties.template."))
    return found
