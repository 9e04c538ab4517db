"""Planning and applying: desired and live state to decisions, decisions to one deployment."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.deploy.discover import discover
from infra_lib.deploy.execute import Deployment, create_resource_group, deploy, deployment_name, resource_group_location
from infra_lib.deploy.preflight import preflight, register, running_deployment
from infra_lib.deploy.progress import Listener, ignore
from infra_lib.deploy.runtime import LiveRuntime
from infra_lib.errors import InputError, PlanError, TemplateError
from infra_lib.pipeline.bindings import bound_template
from infra_lib.pipeline.desired import desired_resources
from infra_lib.pipeline.evaluation import bind, make_scope
from infra_lib.pipeline.hidden_values import added_by_place, hidden_values, kept_secrets
from infra_lib.pipeline.soundness import declaration
from infra_lib.pipeline.source import ParametersLike, Source, load
from infra_lib.pipeline.symbols import symbolic_names
from infra_lib.planning.added_secrets import KEPT_PARAMETER, keep_added
from infra_lib.planning.decide import decide
from infra_lib.planning.model import HIDDEN, Change, ChangeSet, DesiredResource, LiveState
from infra_lib.planning.policy import ReusePolicy
from infra_lib.planning.report import counts, html_fragment, html_page, value_rows
from infra_lib.planning.rewrite import CannotRewriteError, Mode, mark
from infra_lib.planning.tagging import OWNER_TAG, add_owner

if TYPE_CHECKING:
    from infra_lib.arm.scopes import Scope
    from infra_lib.deploy.target import Target
    from infra_lib.parameters import ResolvedParameters


DEPLOYMENTS_TYPE = "Microsoft.Resources/deployments"

_MADE_ANEW = re.compile(r"\b(newGuid|utcNow)\s*\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a deployment would do, resource by resource; made by :func:`plan`, carried out by :meth:`apply`.

    ``resource_group`` is None for a template of another scope. ``location`` is where the resource group is created when
    ``creates_resource_group``, and where the deployment's record is kept above resource groups. ``registers`` are the resource
    providers that are registered in the subscription first. ``owner`` is the value of the tag that created resources carry.
    """

    source: Source = field(repr=False)
    target: Target
    scope: Scope
    change_set: ChangeSet
    parameters: ResolvedParameters = field(repr=False)
    resource_group: str | None
    location: str | None
    creates_resource_group: bool
    registers: tuple[str, ...] = ()
    policy: ReusePolicy = field(default_factory=ReusePolicy)
    owner: str | None = None
    live: Mapping[str, LiveState] = field(repr=False)
    dependencies: Mapping[str, tuple[str, ...]] = field(repr=False)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every resource of the template with what is decided and why."""
        return self.change_set.changes

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """What stops the plan."""
        return self.change_set.conflicts

    @property
    def running_deployment(self) -> str | None:
        """The name of a deployment that runs already under this one's name, so that the plan has to wait for its end."""
        return next((change.resource.name for change in self.conflicts if change.resource.type == DEPLOYMENTS_TYPE), None)

    @property
    def is_empty(self) -> bool:
        """True when nothing would be written."""
        return self.change_set.is_empty and not self.creates_resource_group

    @property
    def scope_name(self) -> str:
        """The scope for people: the resource group's name, or the scope's id."""
        return self.resource_group or str(self.scope.id)

    def to_dict(self) -> dict[str, Any]:
        """``{"changes": [{"action", "id", "type", "name", "reason", "differences": [{"path", "before", "after"}]}]}``."""
        return self.change_set.to_dict()

    def save(self, path: str | Path, *, context: Mapping[str, Any] | None = None) -> None:
        """Write the plan to a file that :func:`infra_lib.pipeline.load_plan` and ``infra provision --plan`` apply as it is."""
        from infra_lib.pipeline.plan_file import save_plan

        save_plan(self, path, context=context)

    def values(self) -> list[tuple[str, str, str]]:
        """(parameter, value as text, where it comes from) for every parameter; secure values as ``***``."""
        origins = {name: origin.text for name, origin in self.parameters.origins.items()}
        return value_rows({**self._defaults(), **self.parameters.shown()}, origins)

    def _defaults(self) -> dict[str, str]:
        """The template's defaults as they evaluate here; those that are made anew by every deployment are left out."""
        from infra_lib.arm.deployment import prepare

        declared = self.source.template.get("parameters", {})
        try:
            bound = prepare(self.source.template, self.parameters.parameters, self.scope).parameters
        except TemplateError:
            return {}
        return {
            parameter.name: HIDDEN if parameter.secure else json.dumps(parameter.value, ensure_ascii=False)
            for parameter in bound.values()
            if parameter.is_default and not _MADE_ANEW.search(str(declared.get(parameter.name, {}).get("defaultValue", "")))
        }

    @property
    def title(self) -> str:
        """``Plan for rg in local``."""
        return f"Plan for {self.scope_name} in {self.target.name}"

    def to_html(self) -> str:
        """The plan as a self-contained page: table, picture, parameters."""
        return html_page(self.change_set, self.title, self.values())

    def _repr_html_(self) -> str:
        return html_fragment(self.change_set, self.title, self.values())

    def __repr__(self) -> str:
        return f"<{self.title}: {counts(self.change_set)}>"

    def __str__(self) -> str:
        lines = [f"{change.action:<10} {change.resource.type} {change.resource.name}: {change.reason}" for change in self.changes]
        return "\n".join([*lines, f"{self.title}: {counts(self.change_set)}."])

    def apply(self, *, listener: Listener = ignore) -> Deployment:
        """Carry the plan out as one deployment and return its outputs.

        With nothing to write no deployment is sent, and the outputs are read from the live state. Raises PlanError for a plan
        with conflicts, DeploymentError for a deployment that fails.
        """
        if self.conflicts:
            stops = "\n".join(f"{change.resource.type} '{change.resource.name}' {change.reason}" for change in self.conflicts)
            raise PlanError(f"The plan has conflicts; nothing was written.\n{stops}")
        name = deployment_name(self.source.stem)
        if self.is_empty:
            return Deployment(id="", name=name, target=self.target.name, outputs=self._live_outputs(), sent=False)
        register(self.target, self.registers)
        if self.creates_resource_group and self.resource_group and self.location:
            create_resource_group(self.target, self.resource_group, self.location)
        return deploy(
            self.target,
            scope=str(self.scope.id),
            name=name,
            template=self.deployed_template(),
            parameters=self._sent_parameters(),
            location=None if self.resource_group else self.location,
            listener=listener,
        )

    def deployed_template(self) -> dict[str, Any]:
        """The template that :meth:`apply` sends: what is not written is marked ``existing``.

        Raises PlanError when something is to be kept in a template whose form cannot say so.
        """
        modes = _modes(self.changes)
        template = self.source.template
        try:
            template = keep_added(template, added_by_place(self.changes, self.live))
        except CannotRewriteError as error:
            raise PlanError(f"The plan cannot be applied: {error}.") from error
        for owner, places in _owned(self.changes, self.owner).items():
            template = add_owner(template, places, owner)
        try:
            return mark(template, modes, self.dependencies)
        except CannotRewriteError as error:
            kept = [change.resource.name for change in self.changes if change.action == "keep"]
            if kept:
                raise PlanError(f"{', '.join(kept)} cannot be kept: {error}.") from error
            return dict(template)

    def _sent_parameters(self) -> dict[str, Any]:
        """The parameters, and the secrets that were added to what is updated."""
        kept = added_by_place(self.changes, self.live)
        more = {KEPT_PARAMETER: {"value": kept_secrets(self.target, kept)}} if kept else {}
        return {**self.parameters.parameters, **more}

    def _live_outputs(self) -> dict[str, Any]:
        from infra_lib.arm.deployment import prepare

        prepared = prepare(self.source.template, self.parameters.parameters, self.scope)
        runtime = LiveRuntime(self.target, {key: state.body for key, state in self.live.items() if state.status == "present"})
        outputs = prepared.outputs(runtime)
        secure = ("securestring", "secureobject")
        return {
            name: None if str(output.get("type")).lower() in secure else output.get("value") for name, output in outputs.items()
        }


def plan(
    path: str | Path | Source,
    *,
    target: Target,
    resource_group: str | None = None,
    location: str | None = None,
    parameters: ParametersLike = None,
    overrides: Mapping[str, Any] | None = None,
    set_values: Iterable[str] = (),
    inherit: Iterable[Any] = (),
    environment: Mapping[str, str] | None = None,
    policy: ReusePolicy | None = None,
    owner: str | None = None,
) -> Plan:
    """Decide for every resource of a .bicep, .bicepparam or .json file: create, unchanged, update, keep or conflict.

    Reads the target and writes nothing. ``location`` is where the resource group would be created if it is missing, and never
    sets a parameter. ``overrides`` and ``set_values`` (``NAME=VALUE``) replace single values, ``inherit`` lists where nulls are
    looked up; ``environment`` replaces the process's for ``INFRA_PARAM_`` variables. ``owner`` is the value of the tag that the
    resources which are created get (none without it).

    Raises BicepError, ParameterError, TemplateError, InputError, and DeploymentError when the target cannot be read.
    """
    source = load(path, parameters=parameters) if not isinstance(path, Source) else path
    if source.scope_kind == "managementGroup":
        raise InputError(
            f"{source.path} is for a management group: plans are made for resource groups, subscriptions and the tenant."
        )
    policy = policy or ReusePolicy()
    bound = bind(source, set_values=set_values, overrides=overrides, inherit=inherit, environment=environment).check()
    creates = False
    if source.needs_resource_group:
        if not resource_group:
            raise InputError(f"{source.path} is deployed into a resource group: name one.")
        existing_location = resource_group_location(target, resource_group)
        creates = existing_location is None
        location = existing_location or location
        if not location:
            raise InputError(
                f"Resource group '{resource_group}' does not exist in {target.name}: "
                "add --location (for example --location westeurope), and it is created there."
            )
    elif not location:
        raise InputError(f"{source.path} is deployed at {source.scope_kind} scope: add --location, where its record is kept.")
    scope = make_scope(
        source.scope_kind,
        subscription_id=target.subscription_id,
        resource_group=resource_group,
        location=location,
        deployment_name=deployment_name(source.stem),
        cloud=target.cloud,
    )
    symbols = symbolic_names(source.model) if policy.by_name or policy.bindings else {}
    with source.located():
        desired = desired_resources(source.template, bound.parameters, scope, symbols)
    policy.check([item for item in desired.resources if not item.existing])
    if policy.bindings:
        template, desired = bound_template(source.template, bound.parameters, scope, policy, desired, symbols)
        source = dataclasses.replace(source, template=template)
    wanted = [item for item in desired.resources if not item.existing]
    there = [item for item in wanted if item.is_known and not (creates and _is_in(item.id, str(scope.id)))]
    live = discover(target, [(item.id, item.api_version) for item in there])
    changes = decide(wanted, live, policy, knowledge=_knowledge(live), secrets=hidden_values(target, bound)).changes
    found = preflight(target, changes, str(scope.id) if not creates else "")
    changes = tuple(_stopped(change, found.reasons.get(change.resource.id.lower())) for change in changes)
    return Plan(
        source=source,
        target=target,
        scope=scope,
        change_set=ChangeSet(changes=(*_running(target, scope, source), *changes)),
        parameters=bound,
        resource_group=resource_group if source.needs_resource_group else None,
        location=location,
        creates_resource_group=creates,
        registers=found.unregistered,
        policy=policy,
        owner=owner,
        live=live,
        dependencies=desired.dependencies,
    )


def _is_in(resource_id: str, scope: str) -> bool:
    return resource_id.lower().startswith(scope.lower() + "/")


def _owned(changes: Iterable[Change], owner: str | None) -> dict[str, set[str]]:
    """By owner the declarations whose resources all carry its tag, which a write must not drop, or get it as they are created."""
    owners: dict[str, str | None] = {}
    for change in changes:
        held = (change.live_tags or {}).get(OWNER_TAG) or (owner if change.action == "create" else None)
        place = declaration(change.resource.path)
        owners[place] = held if owners.setdefault(place, held) == held else None
    found: dict[str, set[str]] = {}
    for place, name in owners.items():
        if name is not None:
            found.setdefault(name, set()).add(place)
    return found


def _stopped(change: Change, reason: str | None) -> Change:
    return change if reason is None else dataclasses.replace(change, action="conflict", reason=reason)


def _running(target: Target, scope: Scope, source: Source) -> list[Change]:
    """A conflict when a deployment of the same name runs: what exists is still being made."""
    name = deployment_name(source.stem)
    state = running_deployment(target, str(scope.id), name)
    if state is None:
        return []
    resource = DesiredResource(
        path="", symbol=None, id=f"{scope.id}/providers/Microsoft.Resources/deployments/{name}",
        type=DEPLOYMENTS_TYPE, name=name, api_version="", body={},
    )  # fmt: skip
    return [Change(action="conflict", resource=resource, reason=f"is {state.lower()}: wait until it ends, or cancel it")]


def _knowledge(live: Mapping[str, LiveState]) -> Any:
    """Facts about properties; what they are read from is loaded only where there is something to compare."""
    if not any(state.status == "present" for state in live.values()):
        return None
    from infra_lib.pipeline.catalogs import planning_catalog
    from infra_lib.planning.knowledge import CatalogKnowledge

    return CatalogKnowledge(planning_catalog())


def _modes(changes: Iterable[Change]) -> dict[str, Mode]:
    """How each declaration of the template is marked; a loop is one declaration.

    A loop of which some items are written is written whole, which changes nothing in the others; one of which some are kept and
    others created is written only where items do not exist.
    """
    by_place: dict[str, list[Change]] = {}
    for change in changes:
        by_place.setdefault(declaration(change.resource.path), []).append(change)
    modes: dict[str, Mode] = {}
    for place, items in by_place.items():
        actions = {item.action for item in items}
        if actions <= {"unchanged", "keep"}:
            modes[place] = "existing"
        elif "keep" in actions:
            modes[place] = "only if not exists"
    return modes
