"""Checks of structure that need the bound model of a file and the files it refers to.

Each check is a function of the model that reports what it finds. :func:`run_checks` runs them once for a file, after its names
are
bound, its modules and imports are linked and its types are made.
"""

from __future__ import annotations

from collections.abc import Callable

from infra_lib.bicep.checks.arithmetic import check_arithmetic
from infra_lib.bicep.checks.experimental import check_experimental
from infra_lib.bicep.checks.placement import (
    check_collections,
    check_explicit_dependencies,
    check_module_parameters,
    check_parameter_defaults,
    check_secrets,
)
from infra_lib.bicep.checks.resource_structure import check_duplicates, check_names, check_nesting
from infra_lib.bicep.checks.run_time import check_run_time_values
from infra_lib.bicep.checks.secure_outputs import check_secure_outputs
from infra_lib.bicep.model import SemanticModel

CHECKS: tuple[Callable[[SemanticModel], None], ...] = (
    check_experimental,
    check_nesting,
    check_names,
    check_duplicates,
    check_collections,
    check_module_parameters,
    check_explicit_dependencies,
    check_parameter_defaults,
    check_secrets,
    check_secure_outputs,
    check_arithmetic,
    check_run_time_values,
)


def run_checks(model: SemanticModel) -> None:
    """Run every check."""
    for check in CHECKS:
        check(model)
