"""Checks of structure that need the bound model of a file and the files it refers to.

Each check is a function of the model that reports what it finds. :func:`run_checks` runs them once for a file, after its names
are
bound, its modules and imports are linked and its types are made.
"""

from __future__ import annotations

from collections.abc import Callable

from infra_lib.bicep.checks.arithmetic import check_arithmetic
from infra_lib.bicep.checks.calls import check_lambda_arguments, check_methods
from infra_lib.bicep.checks.declarations import check_decorator_forms, check_metadata, check_reserved_names, check_target_scope
from infra_lib.bicep.checks.existing import check_existing_bodies, check_type_names
from infra_lib.bicep.checks.experimental import check_experimental
from infra_lib.bicep.checks.import_checks import check_import_targets
from infra_lib.bicep.checks.loops import check_collections, check_loop_names, check_loops, check_safe_indexes
from infra_lib.bicep.checks.mistakes import drop_untyped
from infra_lib.bicep.checks.module_access import check_module_accesses
from infra_lib.bicep.checks.module_parameters import check_module_parameters
from infra_lib.bicep.checks.module_structure import check_module_bodies, check_module_scopes
from infra_lib.bicep.checks.parents import check_inlined_existing, check_parents
from infra_lib.bicep.checks.placement import (
    check_any,
    check_computed_keys,
    check_parameter_defaults,
    check_scope_choices,
    check_secrets,
)
from infra_lib.bicep.checks.resource_scopes import check_resource_scopes
from infra_lib.bicep.checks.resource_structure import check_duplicates, check_names, check_nesting
from infra_lib.bicep.checks.resource_types import check_resource_types
from infra_lib.bicep.checks.run_time import check_run_time_values
from infra_lib.bicep.checks.secure_outputs import check_secure_outputs
from infra_lib.bicep.checks.spreads import check_looped_values, check_spread_places, check_spread_values
from infra_lib.bicep.semantics.model import SemanticModel

EARLY_CHECKS: tuple[Callable[[SemanticModel], None], ...] = (
    check_import_targets,
    check_resource_types,
    check_spread_values,
    check_looped_values,
    check_methods,
    check_arithmetic,
)
"""What decides whether a declaration can be used at all."""

CHECKS: tuple[Callable[[SemanticModel], None], ...] = (
    check_experimental,
    check_target_scope,
    check_reserved_names,
    check_metadata,
    check_decorator_forms,
    check_spread_places,
    check_nesting,
    check_type_names,
    check_existing_bodies,
    check_parents,
    check_inlined_existing,
    check_resource_scopes,
    check_names,
    check_duplicates,
    check_loops,
    check_collections,
    check_safe_indexes,
    check_loop_names,
    check_scope_choices,
    check_module_accesses,
    check_module_scopes,
    check_module_bodies,
    check_module_parameters,
    check_any,
    check_computed_keys,
    check_parameter_defaults,
    check_secrets,
    check_lambda_arguments,
    check_secure_outputs,
    check_run_time_values,
)


def run_early_checks(model: SemanticModel) -> None:
    """Run the checks that mark declarations as not valid, before the uses of those are reported."""
    for check in EARLY_CHECKS:
        check(model)


def run_checks(model: SemanticModel) -> None:
    """Run every check."""
    for check in CHECKS:
        check(model)
    drop_untyped(model)
