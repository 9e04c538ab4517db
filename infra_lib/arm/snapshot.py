"""What Azure would deploy, known without it: the predicted resources and outputs of a template.

The result equals the official ``bicep snapshot``, key order apart. What only a deployment can know stays as an expression.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from infra_lib.arm.binding import build_frame, evaluate_declarations, file_value, unknown_parameters
from infra_lib.arm.differences import Change, compare_snapshots
from infra_lib.arm.evaluate import Expansion
from infra_lib.arm.failures import COPY_COUNT, VALIDATION, EngineError, EvaluationError, diagnostic, too_deep
from infra_lib.arm.frame import Frame, LazyValues
from infra_lib.arm.instances import Instance
from infra_lib.arm.nested import combine_conditions
from infra_lib.arm.partial import UNKNOWN, Residual, expression_form, text_form
from infra_lib.arm.places import Place, context_of
from infra_lib.arm.scopes import Scope
from infra_lib.arm.template import MAX_RESOURCES, Declaration, Template
from infra_lib.diagnostics import Diagnostic, describe

_BODY_ORDER: Final = {
    name.lower(): name
    for name in (
        "location", "extendedLocation", "sku", "kind", "managedBy", "managedByExtended", "plan", "identity", "tags", "zones",
        "scale", "placement", "properties",
    )
}  # fmt: skip
"""Members of a predicted resource's body, in the order in which they are shown."""


class PredictedResource:
    """A resource as a deployment would send it. Treat it as frozen; values may be shared between resources.

    ``id`` and ``name`` are expressions in brackets while a part of them is unknown. ``body``: location, properties and so on.
    ``condition`` is True, or the expression that decides. ``symbol`` is the symbolic name ("" without one), ``path`` its place
    in the template that it is written in, ``template`` the ids of the nested deployments that lead to that template, outermost
    first. ``scope`` is the id of what it is deployed at, None while unknown. ``depends_on``: ids of the same template.
    ``values`` is the body with what is unknown as :mod:`infra_lib.arm.partial` has it, rather than as text;
    ``only_if_not_exists`` is the option of that name.
    """

    __slots__ = (
        "api_version", "body", "condition", "depends_on", "existing", "id", "name", "only_if_not_exists", "path", "scope",
        "symbol", "template", "type", "values",
    )  # fmt: skip

    id: str
    type: str
    name: str
    api_version: str
    body: dict[str, Any]
    condition: bool | str
    existing: bool
    symbol: str
    path: str
    template: tuple[str, ...]
    scope: str | None
    depends_on: tuple[str, ...]
    values: dict[str, Any]
    only_if_not_exists: bool

    def to_dict(self) -> dict[str, Any]:
        """The official form: id, type, condition (while unknown), name, apiVersion, then the body."""
        shown: dict[str, Any] = {"id": self.id, "type": self.type}
        if self.condition is not True:
            shown["condition"] = self.condition
        shown["name"] = self.name
        shown["apiVersion"] = self.api_version
        shown.update(self.body)
        return shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PredictedResource) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"PredictedResource({self.type} {self.name!r})"


class ExtensionResource:
    """A resource of an extension (Microsoft Graph, Kubernetes …): its type and its evaluated properties."""

    __slots__ = ("properties", "type")

    def __init__(self, type: str, properties: dict[str, Any]) -> None:
        self.type = type
        self.properties = properties

    def to_dict(self) -> dict[str, Any]:
        """The official form."""
        return {"properties": self.properties, "type": self.type}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The predicted result of a deployment.

    ``resources`` in dependency order, those of nested deployments in place of them; ``existing`` those that are only read;
    ``deployments`` the nested deployments themselves, without a body;
    ``outputs`` by name, one expression in brackets where anything in a value is unknown; ``diagnostics`` the engine's remarks.
    ``unmet`` are findings about names in a dependsOn that nothing in the template has: a preview passes over them, a deployment
    is refused.
    """

    resources: tuple[PredictedResource, ...]
    existing: tuple[PredictedResource, ...] = ()
    deployments: tuple[PredictedResource, ...] = ()
    extension_resources: tuple[ExtensionResource, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    unmet: tuple[Diagnostic, ...] = field(default=(), repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """``{"predictedResources": …, "diagnostics": …, "outputs": …}``, as the official command prints it."""
        shown = [item.to_dict() for item in self.resources] + [item.to_dict() for item in self.extension_resources]
        return {
            "predictedResources": shown,
            "diagnostics": [f"{item.pointer} {item.level.capitalize()} {item.code}: {item.message}" for item in self.diagnostics],
            "outputs": dict(self.outputs),
        }

    def to_json(self) -> str:
        """The same as JSON text, indented by two."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def resource(self, identity: str) -> PredictedResource:
        """The only resource of this id, name or type. Raises KeyError when there is none or more than one."""
        lowered = identity.lower()
        found = [item for item in self.resources if lowered in (item.id.lower(), item.name.lower(), item.type.lower())]
        if len(found) != 1:
            raise KeyError(f"{len(found)} resources match {identity!r}")
        return found[0]

    def diff(self, other: Snapshot) -> tuple[Change, ...]:
        """What is different in ``other``: resources and outputs added, removed or changed, property by property."""
        return compare_snapshots(self.to_dict(), other.to_dict())

    def _repr_html_(self) -> str:
        rows = [
            (item.type, item.name, "" if item.condition is True else str(item.condition), _short(item.body))
            for item in self.resources
        ]
        parts = [_html_table(f"{len(self.resources)} resources", ("type", "name", "condition", "body"), rows)]
        if self.outputs:
            outputs = [(name, _short(value)) for name, value in self.outputs.items()]
            parts.append(_html_table(f"{len(self.outputs)} outputs", ("output", "value"), outputs))
        parts += [f"<p>{escape(str(item))}</p>" for item in (*self.diagnostics, *self.unmet)]
        return "\n".join(parts)

    def __str__(self) -> str:
        lines = [f"{len(self.resources)} resources"]
        lines += [
            f"  {item.type}  {item.name}" + ("" if item.condition is True else f"  if {item.condition}")
            for item in self.resources
        ]
        if self.outputs:
            lines.append(f"{len(self.outputs)} outputs")
            lines += [f"  {name} = {_short(value)}" for name, value in self.outputs.items()]
        return "\n".join(lines + [str(item) for item in self.diagnostics])


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:99] + "…"


def _html_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table for a notebook; every text in it is escaped."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def snapshot(
    template: Mapping[str, Any],
    parameters: Mapping[str, Any] | None,
    scope: Scope,
    *,
    external_inputs: Mapping[str, Any] | None = None,
    max_resources: int = MAX_RESOURCES,
) -> Snapshot:
    """The snapshot of a deployment of ``template`` with ``parameters`` at ``scope``.

    ``parameters`` is the section of a parameter file: ``{name: {"value": …}}``, ``{"reference": …}`` (stays symbolic) or
    ``{"expression": "[externalInputs('key')]"}``, whose inputs are taken from ``external_inputs`` where it has them. Values of
    secure parameters stay ``parameters('name')``. ``max_resources`` lifts Azure's limit for one template and for one loop.

    Raises TemplateError with every independent finding.
    """
    try:
        return _Snapshotter(template, parameters or {}, scope, external_inputs or {}, max_resources).run()
    except EvaluationError as failure:
        raise EngineError([failure]) from None
    except RecursionError:
        raise EngineError([too_deep()]) from None


class _Snapshotter:
    """One evaluation: expands the template and those nested in it, and collects what would be deployed."""

    def __init__(
        self, template: Mapping[str, Any], parameters: Mapping[str, Any], scope: Scope, inputs: Mapping[str, Any], limit: int
    ) -> None:
        self._template = Template(template)
        self._parameters = parameters
        self._scope = scope
        self._inputs = inputs
        self._limit = limit
        self._resources: list[PredictedResource] = []
        self._existing: list[PredictedResource] = []
        self._deployments: list[PredictedResource] = []
        self._extensions: list[ExtensionResource] = []
        self._diagnostics: list[Diagnostic] = []
        self._unmet: list[EvaluationError] = []

    def run(self) -> Snapshot:
        template = self._template
        metadata = context_of(self._scope, template.content_version)
        metadata["externalinputs"] = self._inputs
        template.scope_kind = self._scope.kind
        failures = unknown_parameters(template, {name.lower(): name for name in self._parameters})
        blank = Frame(template, LazyValues("parameter", _no_name), LazyValues("variable", _no_name), metadata, None)
        given: dict[str, Any] = {}
        for name, entry in self._parameters.items():
            try:
                given[name.lower()] = file_value(name, entry, template, blank)
            except EvaluationError as failure:
                failures.append(failure.as_validation())
        if failures:
            raise EngineError(failures)
        frame = build_frame(template, given, metadata)
        failures = evaluate_declarations(frame)
        expansion = Expansion(template, frame, Place.of(self._scope))
        expansion.expand(self._limit)
        failures += expansion.failures or _failures(expansion)
        if failures:
            raise EngineError(failures)
        self._collect(expansion, ())
        outputs = {
            name: expression_form(output["value"])
            for name, output in expansion.outputs().items()
            if output["value"] is not None or not is_literal_null(template.outputs[name.lower()])
        }
        return Snapshot(
            resources=tuple(self._resources),
            existing=tuple(self._existing),
            deployments=tuple(self._deployments),
            extension_resources=tuple(self._extensions),
            outputs=outputs,
            diagnostics=tuple(self._diagnostics),
            unmet=tuple(map(diagnostic, self._unmet)),
        )

    def _collect(self, expansion: Expansion, path: tuple[str, ...]) -> None:
        graph = expansion.dependencies()
        for instance in graph.order():
            if instance.condition is False:
                continue
            waits = tuple(str(target.id) for target in graph.of(instance))
            if instance.declaration.is_deployment and not instance.existing:
                self._deployments.append(predicted(instance, path, waits))
                self._nested(instance, path)
            elif instance.declaration.extension is not None:
                self._extensions.append(ExtensionResource(instance.type, text_form(instance.body().get("properties") or {})))
            else:
                resource = predicted(instance, path, waits)
                (self._existing if instance.existing else self._resources).append(resource)
        self._unmet += [failure.under(expansion.prefix) for failure in graph.unmet()]

    def _nested(self, instance: Instance, path: tuple[str, ...]) -> None:
        nested = instance.nested()
        identity = str(instance.id)
        if nested is not None:
            self._collect(nested, (*path, identity))
            return
        reason = instance.not_expanded or "It takes its template from a link."
        text = f"The resources of the deployment '{identity}' are not shown. {reason}"
        level, message, fix = describe("NestedDeploymentShortCircuited", text=text)
        self._diagnostics.append(
            Diagnostic(code="NestedDeploymentShortCircuited", level=level, message=message, pointer=identity, fix=fix)
        )


def _failures(expansion: Expansion) -> list[EvaluationError]:
    """What fails in the bodies of the resources, in nested deployments and in the outputs."""
    failures: list[EvaluationError] = []
    for instance in expansion.instances:
        if instance.condition is False or instance.existing:
            continue
        try:
            nested = instance.nested() if instance.declaration.is_deployment else None
            if nested is not None:
                failures += _failures(nested)
            elif not instance.declaration.is_deployment:
                instance.body()
        except EvaluationError as failure:
            failures.append(failure)
    try:
        expansion.outputs()
    except EvaluationError as failure:
        failures.append(failure)
    return failures


def is_literal_null(declaration: Declaration) -> bool:
    """True for an output whose value is written as null; the official snapshot leaves it out."""
    return declaration.get("value") is None and declaration.get("copy") is None


def _no_name(key: str) -> Any:
    raise EvaluationError(f"A parameter file has no {key!r}.", kind=VALIDATION)


def predicted(instance: Instance, path: tuple[str, ...], depends_on: tuple[str, ...]) -> PredictedResource:
    """The predicted resource of an instance."""
    resource = PredictedResource()
    resource.id = instance.id if isinstance(instance.id, str) else str(instance.id)
    resource.type = instance.type
    resource.name = instance.name if isinstance(instance.name, str) else str(instance.name)
    resource.api_version = instance.api_version
    condition = combine_conditions(instance.expansion.condition, instance)
    resource.condition = True if condition is None or condition is True else str(condition)
    resource.existing = instance.existing
    resource.symbol = instance.declaration.name
    resource.path = instance.path
    resource.template = path
    resource.scope = instance.scope if isinstance(instance.scope, str) else instance.place.id
    resource.depends_on = depends_on
    resource.only_if_not_exists = "onlyIfNotExists" in instance.declaration.options
    resource.values = {} if instance.existing or instance.declaration.is_deployment else instance.body()
    resource.body = shown_body(resource.values)
    return resource


def shown_body(body: dict[str, Any]) -> dict[str, Any]:
    """The members of a body in the official order; null members, and those that are no part of a resource, are dropped."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        shown = _BODY_ORDER.get(name.lower())
        if shown is not None and value is not None:
            found[shown] = text_form(value) if type(value) in UNKNOWN else value
    return {name: found[name] for name in _BODY_ORDER.values() if name in found}


__all__ = ["COPY_COUNT", "PredictedResource", "Residual", "Snapshot", "snapshot"]
