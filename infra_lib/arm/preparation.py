"""How a deployment is made ready: the validation that Azure does before it starts, and evaluation against the running one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from infra_lib.arm.binding import build_frame, evaluate_declarations, unknown_parameters
from infra_lib.arm.deployment import BoundParameter, PreparedDeployment, PreparedResource, ResourceOptions, Runtime
from infra_lib.arm.evaluate import Expansion
from infra_lib.arm.expressions import is_expression
from infra_lib.arm.failures import COPY_COUNT, VALIDATION, EngineError, EvaluationError, too_deep
from infra_lib.arm.functions.arguments import text_argument
from infra_lib.arm.functions.dates import format_utc
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.graph import Dependencies, circular
from infra_lib.arm.ids import ResourceId
from infra_lib.arm.instances import Instance
from infra_lib.arm.nested import expand_nested, inline_template
from infra_lib.arm.partial import UNKNOWN, Residual, materialize
from infra_lib.arm.places import Place, context_of
from infra_lib.arm.scopes import Scope
from infra_lib.arm.template import MAX_TEMPLATE_SIZE, Template, has_member, member
from infra_lib.arm.types import KINDS, is_secure, kind_of


class Preparation:
    """One deployment being prepared. What it hands out evaluates under a lock, so that resources may be deployed by several
    threads."""

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, Any],
        scope: Scope,
        context: Mapping[str, Any],
        now: datetime | None,
        new_guid: Callable[[], str] | None,
        secret: Callable[[str, str, str | None], str] | None,
    ) -> None:
        self._raw = template
        self._parameters = parameters
        self._scope = scope
        self._context = context
        self._now = now or datetime.now(UTC)
        self._new_guid = new_guid or (lambda: str(uuid.uuid4()))
        self._secret = secret
        self._lock = RLock()

    def run(self) -> PreparedDeployment:
        """The prepared deployment. Raises TemplateError."""
        try:
            return self._run()
        except EvaluationError as failure:
            raise EngineError([failure]) from None
        except RecursionError:
            raise EngineError([too_deep()]) from None

    def _run(self) -> PreparedDeployment:
        if len(json.dumps(self._raw, ensure_ascii=False).encode("utf-8", "surrogatepass")) > MAX_TEMPLATE_SIZE:
            raise EvaluationError(f"The template is larger than {MAX_TEMPLATE_SIZE // 2**20} MB.", kind=VALIDATION)
        template = Template(self._raw)
        if template.scope_kind != self._scope.kind:
            message = f"The template is for the scope of a {template.scope_kind}, but is deployed at a {self._scope.kind}."
            raise EvaluationError(message, kind=VALIDATION).at("$schema")
        metadata = context_of(self._scope, template.content_version)
        metadata.update({name.lower(): value for name, value in self._context.items()})
        failures = unknown_parameters(template, {name.lower(): name for name in self._parameters})
        given = {name.lower(): self._given(name, entry, failures) for name, entry in self._parameters.items()}
        frame = build_frame(template, given, metadata)
        frame.clock = self._clock
        failures += evaluate_declarations(frame)
        if failures:
            raise EngineError(failures)
        expansion = Expansion(template, frame, Place.of(self._scope), strict=True)
        expansion.expand()
        failures += expansion.failures
        for instance in expansion.instances:
            failures += self._check(instance)
        failures += self._check_outputs(expansion)
        if failures:
            raise EngineError(failures)
        graph = expansion.dependencies()
        resources = self._resources(expansion, graph, failures)
        if failures:
            raise EngineError(failures)
        return PreparedDeployment(
            template=self._raw,
            scope=self._scope,
            parameters=self._bound(template, expansion, given),
            resources=tuple(resources),
            output_types={item.name: KINDS.get(kind_of(item.raw, template), "Object") for item in template.outputs.values()},
            _evaluate_outputs=lambda runtime: self._outputs(expansion, runtime),
        )

    # ------------------------------------------------------------------------------------------------- parameters

    def _given(self, name: str, entry: Any, failures: list[EvaluationError]) -> Any:
        path = f"parameters.{name}"
        if not isinstance(entry, Mapping):
            failures.append(EvaluationError(f"The parameter {name!r} must be an object with 'value' or 'reference'.").at(path))
            return None
        reference = member(entry, "reference")
        if reference is None:
            return member(entry, "value")
        vault = member(member(reference, "keyVault") or {}, "id")
        secret_name = member(reference, "secretName")
        if self._secret is None or not isinstance(vault, str) or not isinstance(secret_name, str):
            message = f"The parameter {name!r} refers to a secret of a Key Vault that cannot be read here."
            failures.append(EvaluationError(message, kind=VALIDATION).at(path))
            return None
        return self._secret(vault, secret_name, member(reference, "secretVersion"))

    def _clock(self, name: str, arguments: list[Any]) -> Any:
        if name == "newguid":
            return self._new_guid()
        try:
            return format_utc(self._now, text_argument("utcNow", arguments, 0) if arguments else None)
        except FunctionError as error:
            raise EvaluationError(error.message) from None

    @staticmethod
    def _bound(template: Template, expansion: Expansion, given: Mapping[str, Any]) -> dict[str, BoundParameter]:
        bound: dict[str, BoundParameter] = {}
        for declaration in template.parameters.values():
            value = expansion.frame.parameters.read(declaration.name.lower())
            bound[declaration.name] = BoundParameter(
                name=declaration.name,
                type=KINDS.get(kind_of(declaration.raw, template), "Object"),
                value=known(value, f"parameters.{declaration.name}"),
                secure=is_secure(declaration.raw, template),
                is_default=given.get(declaration.name.lower()) is None,
            )
        return bound

    # -------------------------------------------------------------------------------------------------- resources

    def _check(self, instance: Instance) -> list[EvaluationError]:
        """What must be known of a resource before the deployment starts, and what can be evaluated of it already."""
        failures: list[EvaluationError] = []
        for what, value in (("name", instance.name), ("id", instance.id), ("condition", instance.condition)):
            if type(value) is Residual:
                message = f"The {what} must be known before the deployment starts, but needs {value}."
                failures.append(EvaluationError(message, kind=VALIDATION).at(f"{instance.path}.{what}"))
        if failures or instance.condition is False or instance.existing:
            return failures
        template = instance.expansion.template
        if not instance.api_version and instance.declaration.extension is None and member(template.raw, "apiProfile") is None:
            message = "A resource needs an apiVersion, or the template an apiProfile that says which."
            return [EvaluationError(message, kind=VALIDATION).at(f"{instance.path}.apiVersion")]
        if isinstance(instance.condition, str):
            message = f"The condition must be true or false, not the text {instance.condition!r}."
            return [EvaluationError(message, kind=VALIDATION).at(f"{instance.path}.condition")]
        try:
            instance.expansion.evaluate_body(instance)
            if instance.declaration.is_deployment:
                properties = member(instance.declaration.body, "properties")
                raw = member(properties, "template") if isinstance(properties, Mapping) else None
                if isinstance(raw, Mapping):
                    Template(raw)
        except EvaluationError as failure:
            if failure.kind != COPY_COUNT:
                failures.append(failure)
        return failures

    @staticmethod
    def _check_outputs(expansion: Expansion) -> list[EvaluationError]:
        """What can be evaluated of the outputs before there are resources."""
        try:
            expansion.outputs()
        except EvaluationError as failure:
            return [] if failure.kind == COPY_COUNT else [failure]
        finally:
            expansion.forget_outputs()
        return []

    def _resources(self, expansion: Expansion, graph: Dependencies, failures: list[EvaluationError]) -> list[PreparedResource]:
        seen: dict[str, Instance] = {}
        for instance in expansion.instances:
            if instance.condition is False or instance.existing:
                continue
            other = seen.setdefault(str(instance.id).lower(), instance)
            if other is not instance:
                message = f"{instance.id!r} is declared twice: as {other.path!r} and as {instance.path!r}."
                failures.append(EvaluationError(message, kind=VALIDATION).at(instance.path))
        failures += graph.unmet()
        circle = graph.cycle()
        if circle is not None:
            failures.append(circular(circle))
        if failures:
            return []
        return [self._prepared(instance, graph) for instance in graph.order()]

    def _prepared(self, instance: Instance, graph: Dependencies) -> PreparedResource:
        wanted = dict.fromkeys([*(target.key for target in graph.of(instance)), *batch_before(instance)])
        wanted.pop(instance.key, None)
        identity = str(instance.id)
        return PreparedResource(
            key=instance.key,
            symbol=instance.declaration.name or None,
            copy_name=instance.copy_name,
            copy_index=instance.index,
            type=instance.type,
            name=str(instance.name),
            id=identity,
            api_version=instance.api_version,
            existing=instance.existing,
            condition=instance.condition is True,
            scope=(instance.place.id or "") if instance.declaration.is_deployment else ResourceId.parse(identity).scope,
            options=_options(instance.declaration.options, instance.path),
            depends_on=tuple(wanted),
            path=instance.path,
            _evaluate=lambda runtime: self._body(instance, runtime),
        )

    # ------------------------------------------------------------------------------------------------- evaluation

    def _body(self, instance: Instance, runtime: Runtime) -> dict[str, Any]:
        with self._lock:
            try:
                return self._evaluated_body(instance, runtime)
            except EvaluationError as failure:
                raise EngineError([failure]) from None
            except RecursionError:
                raise EngineError([too_deep().at(instance.path)]) from None

    def _evaluated_body(self, instance: Instance, runtime: Runtime) -> dict[str, Any]:
        expansion = instance.expansion
        expansion.state.runtime = runtime
        try:
            body: dict[str, Any] = known(expansion.evaluate_body(instance), instance.path)
            if instance.declaration.is_deployment:
                self._add_template(instance, runtime, body)
        finally:
            expansion.state.runtime = None
        return body

    def _add_template(self, instance: Instance, runtime: Runtime, body: dict[str, Any]) -> None:
        template, inner = inline_template(instance)
        if template is None:
            return
        properties = next(value for name, value in body.items() if name.lower() == "properties")
        if inner:
            properties["template"] = template
            return
        nested = expand_nested(instance)
        assert nested is not None  # noqa: S101 - the template was seen above
        nested.state.runtime = runtime
        nested.state.own_resources_stay = True
        properties["template"] = self._evaluated_template(nested, runtime)

    def _evaluated_template(self, nested: Expansion, runtime: Runtime) -> dict[str, Any]:
        """A nested template with outer evaluation: everything decided here, but for the state of its own resources."""
        template = nested.template
        graph = nested.dependencies()
        resources: list[dict[str, Any]] = []
        for instance in graph.order():
            if instance.condition is False or instance.existing:
                continue
            resource: dict[str, Any] = {"type": instance.type, "apiVersion": instance.api_version, "name": escaped(instance.name)}
            if instance.scope is not None:
                resource["scope"] = instance.scope
            for name, raw in (
                ("subscriptionId", instance.declaration.subscription_id),
                ("resourceGroup", instance.declaration.resource_group),
            ):
                if raw is not None:
                    resource[name] = escaped(nested.frame.evaluate(raw))
            body = nested.evaluate_body(instance)
            if instance.declaration.is_deployment:
                body = dict(body)
                self._add_template(instance, runtime, body)
            resource.update(escaped(body))
            targets = [str(target.id) for target in graph.of(instance) if target.condition is not False]
            resource["dependsOn"] = [*targets, *self._batch_ids(instance)]
            resources.append(resource)
        outputs = {
            name: {"type": output["type"].lower(), "value": escaped(output["value"])} for name, output in nested.outputs().items()
        }
        return {
            "$schema": template.schema,
            "contentVersion": template.content_version,
            "resources": resources,
            "outputs": outputs,
        }

    @staticmethod
    def _batch_ids(instance: Instance) -> list[str]:
        wanted = set(batch_before(instance))
        return [str(other.id) for other in instance.expansion.instances if other.key in wanted]

    def _outputs(self, expansion: Expansion, runtime: Runtime) -> dict[str, Any]:
        with self._lock:
            expansion.state.runtime = runtime
            expansion.forget_outputs()
            try:
                found = expansion.outputs()
                return {
                    name: {"type": output["type"], "value": known(output["value"], f"outputs.{name}")}
                    for name, output in found.items()
                }
            except EvaluationError as failure:
                failure.code = "DeploymentOutputEvaluationFailed"
                raise EngineError([failure]) from None
            finally:
                expansion.state.runtime = None
                expansion.forget_outputs()


def _options(raw: Mapping[str, Any], path: str) -> ResourceOptions:
    retry = member(raw, "retryOn")
    absent = has_member(raw, "onlyIfNotExists")
    if retry is None:
        return ResourceOptions(only_if_not_exists=absent)
    codes, count = (*retry, 1)[:2] if isinstance(retry, list) and retry else (None, None)
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes) or not isinstance(count, int):
        message = "retryOn is an array of an array of error codes and a number of attempts."
        raise EvaluationError(message, kind=VALIDATION).at(f"{path}.@options.retryOn")
    return ResourceOptions(only_if_not_exists=absent, retry_on=tuple(codes), retry_count=count)


def batch_before(instance: Instance) -> list[str]:
    """The keys of the items of a serial loop that come in the batch before the instance's."""
    copy = instance.declaration.copy
    if copy is None or instance.index is None or str(member(copy, "mode")).lower() != "serial":
        return []
    size = instance.expansion.batch_size(copy)
    start = (instance.index // size - 1) * size
    return [f"{instance.declaration.path}[{index}]" for index in range(max(start, 0), start + size)] if start >= 0 else []


def known(value: Any, path: str) -> Any:
    """A fresh copy of a value, all of which must be known by now. Raises EvaluationError."""
    kind = type(value)
    if kind is dict:
        return {name: known(item, f"{path}.{name}") for name, item in value.items()}
    if kind is list:
        return [known(item, f"{path}[{index}]") for index, item in enumerate(value)]
    if kind in UNKNOWN:
        value = materialize(value)
        if type(value) is Residual:
            raise EvaluationError(f"The value is not known in this deployment: {value}.").at(path)
        return known(value if type(value) not in UNKNOWN else _plain(value), path)
    return value


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else list(value)


def escaped(value: Any) -> Any:
    """A value as text of a template: strings that look like expressions escaped, what is unknown as an expression."""
    value = materialize(value)
    if type(value) is Residual:
        return str(value)
    if isinstance(value, str):
        return f"[{value}" if is_expression(value) or (value[:2] == "[[" and value[-1:] == "]") else value
    if isinstance(value, dict):
        return {escaped(name): escaped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return value
