"""The way of the data, written once: compile, bind, evaluate, discover, decide, apply.

Every function takes values and gives values; up to and including a :class:`Plan` nothing is written anywhere.
"""

from infra_lib.pipeline.catalogs import default_catalog, import_resource_types, resource_types_status
from infra_lib.pipeline.evaluation import make_scope, snapshot, validate
from infra_lib.pipeline.plan import Plan, plan
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
    "make_scope",
    "parameters_for",
    "parameters_module",
    "plan",
    "resource_types_status",
    "snapshot",
    "validate",
]
