"""Nested deployments: their templates, what their parameters and context functions are, and what their outputs show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra_lib.arm.binding import build_frame, evaluate_declarations, nested_value, unknown_parameters
from infra_lib.arm.bodies import compile_json
from infra_lib.arm.compiler import compile_node
from infra_lib.arm.evaluate import Expansion
from infra_lib.arm.expressions import Access, Call, Literal
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.frame import Frame
from infra_lib.arm.instances import Instance
from infra_lib.arm.partial import UNKNOWN, PartialDict, Residual, materialize, mentions, normalize, residual_call
from infra_lib.arm.places import (
    Place,
    deployment_context,
    management_group_context,
    resource_group_context,
    subscription_context,
)
from infra_lib.arm.template import Template, member


def deployment_properties(instance: Instance, nested: Expansion) -> dict[str, Any]:
    """What ``reference()`` of a nested deployment is answered from."""
    properties = instance.declaration.body.get("properties") or {}
    shown = {
        name: value for name, value in properties.items() if name.lower() in ("expressionevaluationoptions", "mode", "template")
    }
    outputs = nested.outputs()
    partial = any(type(output["value"]) in UNKNOWN for output in outputs.values())
    if not partial:
        return {**shown, "Outputs": outputs}
    entries = {name: PartialDict(output) if type(output["value"]) in UNKNOWN else output for name, output in outputs.items()}
    return PartialDict({**shown, "Outputs": PartialDict(entries)})


def is_inner(properties: Mapping[str, Any], template: Template) -> bool:
    """True when a nested template is evaluated with its own parameters and variables."""
    options = member(properties, "expressionEvaluationOptions")
    scope = member(options, "scope") if isinstance(options, Mapping) else None
    return str(scope).lower() == "inner" if isinstance(scope, str) and scope.lower() != "notspecified" else template.symbolic


def expand_nested(instance: Instance) -> Expansion | None:
    """The deployment that a resource nests; None when its template is not in it (templateLink)."""
    outer = instance.expansion
    raw = member(instance.declaration.body, "properties")
    inline, inner = inline_template(instance)
    if inline is None:
        _check_link(instance)
        return None
    path = f"{outer.prefix}.{instance.path}.properties.template".removeprefix(".")
    if instance.place.kind != "resourceGroup" and member(instance.declaration.body, "location") is None:
        message = f"A deployment at the scope of a {instance.place.kind} needs a location."
        failure = EvaluationError(message, kind=VALIDATION).at(f"{instance.path}.location")
        raise failure.under(outer.prefix)
    try:
        template = Template(inline)
        check_nested_types(template)
        place = instance.place
        template.scope_kind = place.kind
        if inner:
            frame = _inner_frame(instance, template, raw, place)
        else:
            frame = outer_frame(outer, template)
    except EvaluationError as failure:
        raise failure.at_whole(path) from None
    frame.template_scope = place.kind
    condition = combine_conditions(outer.condition, instance)
    nested = Expansion(template, frame, place, instance, condition, strict=outer.strict)
    nested.evaluated_outside = not inner
    if inner:
        _raise_all(evaluate_declarations(frame), path)
    nested.expand()
    _raise_all(nested.failures, path)
    return nested


def _raise_all(failures: list[EvaluationError], path: str) -> None:
    """Raise what fails in a template that stands at ``path``."""
    if failures:
        first, *others = failures
        raise first.with_siblings(others).under(path)


def inline_template(instance: Instance) -> tuple[Mapping[str, Any] | None, bool]:
    """(the template of a nested deployment, whether it is evaluated with its own parameters and variables).

    None for a link. A template that an expression gives is always evaluated on its own: the expression has been evaluated
    already.
    """
    raw = member(instance.declaration.body, "properties")
    if not isinstance(raw, Mapping):
        return None, True
    template = member(raw, "template")
    if isinstance(template, str):
        evaluated = materialize(instance.expansion.within(instance, compile_json(template)))
        return (evaluated if isinstance(evaluated, dict) else None), True
    return (template if isinstance(template, Mapping) else None), is_inner(raw, instance.expansion.template)


def _check_link(instance: Instance) -> None:
    """Refuse a link that only means something to a template that was itself linked."""
    properties = member(outer_body(instance), "properties")
    link = member(properties, "templateLink") if isinstance(properties, Mapping) else None
    if isinstance(link, Mapping) and member(link, "relativePath") is not None:
        message = "templateLink.relativePath is relative to the link of the template around it, which has none."
        failure = EvaluationError(message, kind=VALIDATION).at(f"{instance.path}.properties.templateLink")
        raise failure.under(instance.expansion.prefix)


def outer_body(instance: Instance) -> dict[str, Any]:
    """The evaluated body of a nested deployment, without its template."""
    try:
        body: dict[str, Any] = instance.expansion.evaluate_body(instance)
    except EvaluationError as failure:
        raise failure.as_validation() from None
    return body


def check_nested_types(template: Template) -> None:
    """Refuse type syntax of language version 2.0 in a nested template of version 1.0, as the service does."""
    if template.version2:
        return
    for declaration in template.parameters.values():
        for name in ("additionalProperties", "properties", "items", "prefixItems", "$ref", "discriminator", "nullable"):
            if declaration.has(name):
                message = f'{name!r} of the parameter {declaration.name!r} needs "languageVersion": "2.0".'
                raise EvaluationError(message, kind=VALIDATION).at(declaration.path)


def outer_frame(outer: Expansion, template: Template) -> Frame:
    """The frame of a template with outer evaluation: its expressions belong to the template around it."""
    frame = Frame(template, outer.frame.parameters, outer.frame.variables, outer.frame.metadata, None)
    frame.functions = outer.frame.functions
    return frame


def _inner_frame(instance: Instance, template: Template, raw: Mapping[str, Any], place: Place) -> Frame:
    outer = instance.expansion
    try:
        given = materialize(outer.within(instance, compile_json(member(raw, "parameters") or {})))
    except EvaluationError as failure:
        place_in_outer = f"{outer.prefix}.{instance.path}.properties.parameters".removeprefix(".")
        raise failure.at_whole(place_in_outer) from None
    if not isinstance(given, dict):
        raise EvaluationError("The parameters of a nested deployment are not known.", kind=VALIDATION)
    failures = unknown_parameters(template, {name.lower(): name for name in given})
    if failures:
        raise failures[0]
    values = {name.lower(): nested_value(name, entry, template) for name, entry in given.items()}
    if place.kind != "managementGroup" and any(mentions(value, "managementgroup") for value in values.values()):
        message = "managementGroup(), which is not known here, has no meaning at the scope of the nested deployment."
        raise EvaluationError(message, kind=VALIDATION)
    location = outer.within(instance, compile_json(member(instance.declaration.body, "location")))
    frame = build_frame(template, values, nested_metadata(instance, template, place, location))
    if place.kind == "managementGroup":
        values.update({name: _at_management_group(value, frame) for name, value in values.items()})
    return frame


def _at_management_group(value: Any, frame: Frame) -> Any:
    """A parameter's value in which managementGroup(), unknown outside, is the nested deployment's, as in Azure's preview."""
    if not mentions(value, "managementgroup"):
        return value
    if type(value) is Residual:
        try:
            return compile_node(value.node)(frame)
        except EvaluationError:
            return value
    if isinstance(value, dict):
        return normalize({name: _at_management_group(item, frame) for name, item in value.items()})
    return normalize([_at_management_group(item, frame) for item in value]) if isinstance(value, list) else value


def nested_metadata(instance: Instance, template: Template, place: Place, location: Any) -> dict[str, Any]:
    """What the context functions of a nested deployment return."""
    outer = instance.expansion
    before = outer.frame.metadata
    known: dict[str, Any] = {
        name: before[name] for name in ("tenant", "environment", "deployer", "externalinputs") if name in before
    }
    if place.kind in ("resourceGroup", "subscription"):
        same = outer.place.kind in ("resourceGroup", "subscription") and place.subscription == outer.place.subscription
        if same and "subscription" in before:
            known["subscription"] = before["subscription"]
        elif isinstance(place.subscription, str) or not same:
            tenant = before["tenant"]["tenantId"] if "tenant" in before else None
            known["subscription"] = subscription_context(place.subscription, tenant)
    if place.kind == "resourceGroup":
        if place == outer.place:
            if "resourcegroup" in before:
                known["resourcegroup"] = before["resourcegroup"]
        else:
            known["resourcegroup"] = _group_context(outer, place)
    if place.kind == "managementGroup" and isinstance(place.management_group, str):
        known["managementgroup"] = management_group_context(place.management_group)
    at_group = place.kind == "resourceGroup"
    shown = (
        None
        if at_group
        else (location if location is not None else Residual(Access(Call("deployment", ()), [Literal("location")])))
    )
    known["deployment"] = deployment_context(instance.name, template.content_version, shown)
    return known


def _group_context(outer: Expansion, place: Place) -> dict[str, Any]:
    identity = place.id
    made = outer.declared_by_id(identity) if identity is not None else None
    if made is None or made.busy or made.condition is False:
        return resource_group_context(place.subscription, place.group, None)
    body = made.body()
    return resource_group_context(place.subscription, made.name, body.get("location"), body)


def combine_conditions(outer: Any, instance: Instance) -> Any:
    """Whether a resource is deployed, given whether the deployment around it is: True, False, a residual, None without a
    condition."""
    own = instance.condition if instance.conditional else None
    if outer is None:
        return own
    if own is None or (outer is True and own is True):
        return outer
    return residual_call("and", [outer, own])
