"""Templates and parameters to what they would deploy, without any service."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.arm.partial import text_form
from infra_lib.arm.scopes import ManagementGroupScope, ResourceGroupScope, Scope, ScopeKind, SubscriptionScope, TenantScope
from infra_lib.diagnostics import Diagnostic, has_errors
from infra_lib.errors import BicepError, InputError, ParameterError, TemplateError
from infra_lib.pipeline.source import ParametersLike, Source, as_parameters, load

if TYPE_CHECKING:
    from infra_lib.arm.snapshot import PredictedResource, Snapshot
    from infra_lib.parameters import ResolvedParameters


def make_scope(
    kind: ScopeKind,
    *,
    subscription_id: str | None = None,
    resource_group: str | None = None,
    management_group: str | None = None,
    location: str | None = None,
    tenant_id: str | None = None,
    deployment_name: str | None = None,
    cloud: str | None = None,
) -> Scope:
    """The scope of a kind; what does not belong to the kind is not looked at."""
    if kind == "resourceGroup":
        return ResourceGroupScope(
            subscription_id=subscription_id, resource_group=resource_group,
            location=location, tenant_id=tenant_id, deployment_name=deployment_name, cloud=cloud,
        )  # fmt: skip
    if kind == "subscription":
        return SubscriptionScope(
            subscription_id=subscription_id,
            location=location, tenant_id=tenant_id, deployment_name=deployment_name, cloud=cloud,
        )  # fmt: skip
    if kind == "managementGroup":
        return ManagementGroupScope(
            management_group=management_group,
            location=location, tenant_id=tenant_id, deployment_name=deployment_name, cloud=cloud,
        )  # fmt: skip
    return TenantScope(location=location, tenant_id=tenant_id, deployment_name=deployment_name, cloud=cloud)


def bind(
    source: Source,
    *,
    set_values: Iterable[str] = (),
    overrides: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    inherit: Iterable[Any] = (),
) -> ResolvedParameters:
    """Bring the parameters of a template together, check them, and say where each comes from.

    ``environment`` is the process's where it is not given. Never raises for wrong values: they are in the result's
    ``diagnostics``, and its ``check()`` raises.
    """
    from infra_lib.parameters import resolve

    bound = resolve(
        source.template,
        as_parameters(source.parameters),
        overrides=overrides,
        settings=list(set_values),
        environment=os.environ if environment is None else environment,
        inherit=inherit,
    )
    return dataclasses.replace(bound, diagnostics=tuple(_at_declaration(source, item) for item in bound.diagnostics))


def _at_declaration(source: Source, item: Diagnostic) -> Diagnostic:
    """A finding about a value that no file gives, at the declaration of its parameter."""
    if item.file is not None or not (item.pointer or "").startswith("/"):
        return item
    name = (item.pointer or "")[1:].partition("/")[0]
    placed = source.placed(dataclasses.replace(item, pointer=f"parameters.{name}"))
    return dataclasses.replace(placed, pointer=item.pointer)


def snapshot(
    path: str | Path | Source,
    *,
    parameters: ParametersLike = None,
    scope: Scope | None = None,
    set_values: Iterable[str] = (),
) -> Snapshot:
    """What a .bicep, .bicepparam or .json file would deploy, as far as it is known without a deployment.

    ``parameters`` is a path, plain values by name or a typed object; ``scope`` says where it would be deployed, and whatever of
    it is left out stays an expression. Raises BicepError, ParameterError, TemplateError or InputError.
    """
    from infra_lib.arm.snapshot import snapshot as evaluate

    source = load(path, parameters=parameters) if not isinstance(path, Source) else path
    chosen = scope if scope is not None else make_scope(source.scope_kind)
    if chosen.kind != source.scope_kind:
        raise InputError(f"{source.path} is for a {source.scope_kind} scope, not for a {chosen.kind} scope.")
    bound = bind(source, set_values=set_values, environment={}).check()
    with source.located():
        return evaluate(source.template, bound.parameters, chosen)


def validate(path: str | Path, *, parameters: ParametersLike = None, set_values: Iterable[str] = ()) -> tuple[Diagnostic, ...]:
    """Every problem of a file and its parameters: it compiles, the values fit, it evaluates, Azure's types take the result."""
    try:
        source = load(path, parameters=parameters)
    except (BicepError, TemplateError, ParameterError) as error:
        return error.diagnostics
    try:
        bound = bind(source, set_values=set_values)
    except (BicepError, ParameterError) as error:
        return (*source.diagnostics, *error.diagnostics)
    problems = [*source.diagnostics, *bound.diagnostics]
    if not has_errors(problems):
        from infra_lib.arm.snapshot import snapshot as evaluate
        from infra_lib.pipeline.soundness import check_soundness

        try:
            with source.located():
                evaluated = evaluate(source.template, bound.parameters, make_scope(source.scope_kind))
                check_soundness(evaluated)
        except TemplateError as error:
            return (*problems, *error.diagnostics)
        problems.extend(_body_problems(source, evaluated))
    return tuple(problems)


def _whole(resource: PredictedResource) -> dict[str, Any]:
    """A resource with the members too that a snapshot does not show, since no resource has them."""
    shown = resource.to_dict()
    known = {name.lower() for name in shown}
    hidden = {name: text_form(value) for name, value in resource.values.items() if name.lower() not in known}
    return {**shown, **{name: value for name, value in hidden.items() if value is not None}}


_PREDICTED = re.compile(r"resources\[(\d+)\]")


def _body_problems(source: Source, evaluated: Snapshot) -> Iterator[Diagnostic]:
    """What Azure's types do not take of the evaluated resources, at the places where the resources are written."""
    from infra_lib.parameters import check_resources
    from infra_lib.pipeline.catalogs import planning_catalog
    from infra_lib.pipeline.soundness import template_prefixes

    prefixes = template_prefixes(evaluated)
    for item in check_resources(map(_whole, evaluated.resources), planning_catalog()):
        match = _PREDICTED.match(item.pointer or "")
        if match is not None:
            resource = evaluated.resources[int(match.group(1))]
            place = prefixes[resource.template] + resource.path
            item = replace(item, pointer=place + (item.pointer or "")[match.end() :])
        yield source.placed(item)
