"""The way of the data, written once: compile, bind, evaluate, discover, decide, apply.

Every function takes values and gives values; up to and including a :class:`Plan` nothing is written anywhere. The names are
imported when they are first used: compiling a file needs no plan.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra_lib.pipeline.catalogs import default_catalog, import_resource_types, resource_types_status
    from infra_lib.pipeline.evaluation import make_scope, snapshot, validate
    from infra_lib.pipeline.plan_file import load_plan
    from infra_lib.pipeline.planning import Plan, plan
    from infra_lib.pipeline.source import (
        ParametersDocument,
        ParametersLike,
        Source,
        Template,
        compile,
        load,
        parameters_for,
        parameters_module,
    )

_MODULES = {
    "ParametersDocument": "source",
    "ParametersLike": "source",
    "Plan": "planning",
    "Source": "source",
    "Template": "source",
    "compile": "source",
    "default_catalog": "catalogs",
    "import_resource_types": "catalogs",
    "load": "source",
    "load_plan": "plan_file",
    "make_scope": "evaluation",
    "parameters_for": "source",
    "parameters_module": "source",
    "plan": "planning",
    "resource_types_status": "catalogs",
    "snapshot": "evaluation",
    "validate": "evaluation",
}

__all__ = [
    "ParametersDocument",
    "ParametersLike",
    "Plan",
    "Source",
    "Template",
    "compile",
    "default_catalog",
    "import_resource_types",
    "load",
    "load_plan",
    "make_scope",
    "parameters_for",
    "parameters_module",
    "plan",
    "resource_types_status",
    "snapshot",
    "validate",
]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
