"""Parameter files and typed objects: read, checked, changed, rendered, and where each value comes from.

The names are imported when they are first used; this module itself loads nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra_lib.parameters.entry import Expression, KeyVaultReference, ParameterEntry, Place
    from infra_lib.parameters.file import ParameterFile
    from infra_lib.parameters.naming import NamingProblem, check_name
    from infra_lib.parameters.resource_bodies import check_resources
    from infra_lib.parameters.schema import file_schema, values_schema
    from infra_lib.parameters.secret import Secret
    from infra_lib.parameters.sources import ConfigValues, Origin, ResolvedParameters, resolve
    from infra_lib.parameters.toolkit import FinetuningParameters, InferenceParameters
    from infra_lib.parameters.typed import TypedParameters, parameters_for
    from infra_lib.parameters.validate import validate_parameters

_MODULES = {
    "Expression": "entry",
    "KeyVaultReference": "entry",
    "ParameterEntry": "entry",
    "Place": "entry",
    "ParameterFile": "file",
    "NamingProblem": "naming",
    "check_name": "naming",
    "check_resources": "resource_bodies",
    "file_schema": "schema",
    "values_schema": "schema",
    "Secret": "secret",
    "ConfigValues": "sources",
    "Origin": "sources",
    "ResolvedParameters": "sources",
    "resolve": "sources",
    "FinetuningParameters": "toolkit",
    "InferenceParameters": "toolkit",
    "TypedParameters": "typed",
    "parameters_for": "typed",
    "validate_parameters": "validate",
}

__all__ = [
    "ConfigValues",
    "Expression",
    "FinetuningParameters",
    "InferenceParameters",
    "KeyVaultReference",
    "NamingProblem",
    "Origin",
    "ParameterEntry",
    "ParameterFile",
    "Place",
    "ResolvedParameters",
    "Secret",
    "TypedParameters",
    "check_name",
    "check_resources",
    "file_schema",
    "parameters_for",
    "resolve",
    "validate_parameters",
    "values_schema",
]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
