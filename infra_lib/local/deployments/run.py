"""A deployment under way: its resources in dependency order, those that can at the same time, until it has ended.

The state is kept with the deployment, so that another process that opens the store goes on with it.
"""

from __future__ import annotations

import json
import uuid
from http import HTTPStatus
from typing import Any

from infra_lib.arm.deployment import PreparedDeployment, PreparedResource
from infra_lib.errors import TemplateError
from infra_lib.local import lifecycle, refusals
from infra_lib.local.addresses import DEPLOYMENT_TYPE, parse
from infra_lib.local.context import Context
from infra_lib.local.deployments.bodies import camel_case, new_record, require_idle
from infra_lib.local.deployments.request import DeploymentRequest, invalid_template, prepare_request, read_request
from infra_lib.local.deployments.runtime import LiveRuntime, vault_secret
from infra_lib.local.operations import duration, timestamp
from infra_lib.local.protocol import Call, ServiceError, error_body
from infra_lib.local.store import Record

TERMINAL = ("Succeeded", "Failed", "Canceled")
_KIND = DEPLOYMENT_TYPE.lower()
_FAILED_TEXT = (
    "At least one resource deployment operation failed. Please list deployment operations for details. "
    "Please see https://aka.ms/arm-deployment-operations for usage details."
)
_ASYNC_TEXT = (
    "The resource write operation failed to complete successfully, because it reached terminal provisioning state 'Failed'."
)


def begin(
    context: Context,
    record: Record,
    request: DeploymentRequest,
    prepared: PreparedDeployment,
    call: Call,
    parent: str | None = None,
) -> None:
    """Keep a deployment that was accepted, and set out with it."""
    record.private.update(request=request.to_dict(), progress={}, parent=parent, outputs={})
    context.prepared[record.key] = prepared
    context.store.delete_operations(record.key)
    context.store.put(record)
    advance(context, record.key, call)


def advance(context: Context, key: str, call: Call) -> None:
    """Take a deployment as far as it goes at this time. Nothing happens to one that has ended or is gone."""
    record = context.store.get(key)
    if record is None or record.properties["provisioningState"] in TERMINAL:
        return
    prepared = context.prepared.get(key)
    if prepared is None:
        request = DeploymentRequest(**record.private["request"])
        try:
            prepared = prepare_request(
                context, parse(record.id), request, lambda vault, name, _: vault_secret(context, vault, name)
            )
        except ServiceError as error:
            # What it needs has gone since it began, a key vault's secret or its resource group.
            record.properties["provisioningState"] = "Failed"
            record.properties["error"] = error_body("DeploymentFailed", _FAILED_TEXT, record.id, [error.to_dict()])
            close(context, record)
            return
        context.prepared[key] = prepared
    context.advancing.add(key)
    try:
        _Run(context, record, prepared, call).advance()
    finally:
        context.advancing.discard(key)


class _Run:
    """One step of the way: what has ended is noted, what has become possible is begun."""

    def __init__(self, context: Context, record: Record, prepared: PreparedDeployment, call: Call) -> None:
        self.context = context
        self.record = record
        self.prepared = prepared
        self.call = call
        self.runtime = LiveRuntime(context, call)
        self.progress: dict[str, dict[str, Any]] = record.private["progress"]

    def advance(self) -> None:
        """Note, begin, and end or wait."""
        self.record.properties["provisioningState"] = "Running"
        while self._settle() | self._begin_ready():
            if not any(item["state"] == "running" for item in self.progress.values()) and len(self.progress) == len(
                self.prepared.resources
            ):
                break
        waiting = [item["due"] for item in self.progress.values() if item["state"] == "running" and item["due"] is not None]
        if any(item["state"] == "running" for item in self.progress.values()):
            self.context.store.put(self.record)
            if waiting:
                self.context.store.add_event(min(waiting), "deployment", self.record.key)
            return
        self._finish()

    # ------------------------------------------------------------------------------------------ one resource

    def _settle(self) -> bool:
        """Note what has ended by now; whether anything has."""
        changed = False
        for resource in self.prepared.resources:
            item = self.progress.get(resource.key)
            if item is None or item["state"] != "running":
                continue
            if resource.type.lower() == _KIND:
                changed |= self._settle_nested(resource, item)
            elif item["due"] <= self.context.now:
                held = self.context.store.get(parse(resource.id).key)
                failure = held.private.get("failure") if held is not None else None
                self._end(resource, item, error=_wrapped(resource.id, [failure]) if failure else None, status=item["status"])
                changed = True
        return changed

    def _settle_nested(self, resource: PreparedResource, item: dict[str, Any]) -> bool:
        nested = self.context.store.get(parse(resource.id).key)
        state = nested.properties["provisioningState"] if nested is not None else "Canceled"
        if state not in TERMINAL:
            return False
        failure = nested.properties.get("error") if nested is not None else None
        error = None
        if state != "Succeeded":
            error = _wrapped(
                resource.id, [failure or error_body("DeploymentCanceled", f"The deployment '{resource.name}' was canceled.")]
            )
        self._end(resource, item, error=error, status=item["status"])
        return True

    def _begin_ready(self) -> bool:
        """Begin what waits for nothing any more; whether anything was begun."""
        changed = False
        known = {resource.key for resource in self.prepared.resources}
        for resource in self.prepared.resources:
            if resource.key in self.progress:
                continue
            if resource.existing or not resource.condition:
                self.progress[resource.key] = {"state": "skipped"}
                changed = True
                continue
            before = [self.progress.get(key, {}).get("state") for key in resource.depends_on if key in known]
            if all(state in ("done", "skipped") for state in before):
                self._begin(resource)
                changed = True
        return changed

    def _begin(self, resource: PreparedResource) -> None:
        context = self.context
        if not context.replaying:
            context.now = max(context.now, context.clock.now())
        item: dict[str, Any] = {
            "state": "running",
            "started": context.now,
            "due": context.now,
            "status": "OK",
            "operation": _operation_id(),
        }
        self.progress[resource.key] = item
        try:
            if not (resource.options.only_if_not_exists and context.find(resource.id) is not None):
                self._write(resource, item)
        except TemplateError as error:
            self._end(resource, item, error=invalid_template(error).to_dict(), status="BadRequest")
            return
        except ServiceError as error:
            self._end(resource, item, error=error.to_dict(), status=_reason(error.status))
            return
        if resource.type.lower() == _KIND:
            if not self._settle_nested(resource, item):
                self._note(resource, item, "Running", None)
        elif item["due"] > context.now:
            self._note(resource, item, "Running", None)

    def _write(self, resource: PreparedResource, item: dict[str, Any]) -> None:
        """Send the resource to its provider, again when it refuses with a code that is to be retried."""
        attempts = resource.options.retry_count
        while True:
            try:
                self._write_once(resource, item)
                return
            except ServiceError as error:
                if attempts <= 0 or error.code not in resource.options.retry_on:
                    raise
                attempts -= 1

    def _write_once(self, resource: PreparedResource, item: dict[str, Any]) -> None:
        body = resource.body(self.runtime)
        if resource.type.lower() == _KIND:
            accept(self.context, resource.id, body, self.call, parent=self.record)
            item["due"] = None
            return
        with self.context.store.transaction():
            reply = self.context.dispatch("PUT", resource.id, self.call, json.dumps(body).encode(), resource.api_version)
        goes_on = "Azure-AsyncOperation" in reply.headers
        item["status"] = "Created" if reply.status == HTTPStatus.CREATED and not goes_on else "OK"
        held = self.context.store.get(parse(resource.id).key)
        if held is not None:
            item["due"] = max(held.private.get("settles", self.context.now), self.context.now)

    def _end(self, resource: PreparedResource, item: dict[str, Any], *, error: dict[str, Any] | None, status: str) -> None:
        item["state"] = "failed" if error is not None else "done"
        item["error"] = error
        self._note(resource, item, "Failed" if error is not None else "Succeeded", error, status)

    def _note(
        self,
        resource: PreparedResource,
        item: dict[str, Any],
        state: str,
        error: dict[str, Any] | None,
        status: str | None = None,
    ) -> None:
        """Keep the operation that a client sees."""
        properties: dict[str, Any] = {
            "provisioningOperation": "Create",
            "provisioningState": state,
            "timestamp": timestamp(self.context.now),
            "duration": duration(self.context.now - item["started"]),
            "trackingId": str(uuid.uuid4()),
            "serviceRequestId": str(uuid.uuid4()),
            "statusCode": status or item["status"],
            "targetResource": {"id": resource.id, "resourceType": resource.type, "resourceName": resource.name},
        }
        if error is not None:
            properties["statusMessage"] = {"status": "Failed", "error": error}
        self._keep(item["operation"], properties)

    def _keep(self, operation: str, properties: dict[str, Any]) -> None:
        body = {"id": f"{self.record.id}/operations/{operation}", "operationId": operation, "properties": properties}
        self.context.store.put_operation(self.record.key, operation, body)

    # ------------------------------------------------------------------------------------------ the end

    def _finish(self) -> None:
        record, context = self.record, self.context
        failures = [item["error"] for item in self.progress.values() if item["state"] == "failed"]
        if failures:
            record.properties["error"] = error_body("DeploymentFailed", _FAILED_TEXT, record.id, failures)
        else:
            self._evaluate_outputs()
            if record.private["request"]["mode"] == "Complete" and "error" not in record.properties:
                self._remove_others()
        written = [resource for resource in self.prepared.resources if self.progress.get(resource.key, {}).get("state") == "done"]
        record.properties["outputResources"] = [{"id": name} for name in sorted(self._written_ids(written), key=str.lower)]
        record.properties["provisioningState"] = "Failed" if "error" in record.properties else "Succeeded"
        close(context, record)

    def _written_ids(self, written: list[PreparedResource]) -> list[str]:
        ids: list[str] = []
        for resource in written:
            if resource.type.lower() == _KIND:
                nested = self.context.store.get(parse(resource.id).key)
                ids += [entry["id"] for entry in nested.properties.get("outputResources", [])] if nested is not None else []
            else:
                ids.append(resource.id)
        return ids

    def _evaluate_outputs(self) -> None:
        record = self.record
        started = self.context.now
        try:
            outputs = self.prepared.outputs(self.runtime)
        except (TemplateError, ServiceError) as error:
            inner = invalid_template(error).to_dict() if isinstance(error, TemplateError) else error.to_dict()
            message = "Unable to evaluate template outputs. Please see error details and deployment operations."
            record.properties["error"] = error_body("DeploymentOutputEvaluationFailed", message, details=[inner])
            state, outputs = "Failed", {}
        else:
            state = "Succeeded"
        record.private["outputs"] = outputs
        if "outputs" in self.prepared.template:
            record.properties["outputs"] = {
                camel_case(name): {"type": output["type"]} if str(output["type"]).lower().startswith("secure") else output
                for name, output in outputs.items()
            }
        self._keep(
            record.private["operation"],
            {
                "provisioningOperation": "EvaluateDeploymentOutput",
                "provisioningState": state,
                "timestamp": timestamp(self.context.now),
                "duration": duration(self.context.now - started),
                "trackingId": str(uuid.uuid4()),
                "statusCode": "OK" if state == "Succeeded" else "BadRequest",
            },
        )

    def _remove_others(self) -> None:
        """Mode Complete: what the resource group has and the template does not name goes."""
        group = parse(self.record.id).group_id.lower()
        named = {parse(resource.id).key for resource in self.prepared.resources if resource.condition}
        for other in self.context.store.below_but(group, _KIND):
            top_level = other.type.count("/") == 1
            if top_level and other.key not in named and not any(key.startswith(f"{other.key}/") for key in named):
                lifecycle.drop(self.context, other.key)


def close(context: Context, record: Record) -> None:
    """Keep a deployment that has ended, and tell the one that it is nested in."""
    record.properties["timestamp"] = timestamp(context.now)
    record.properties["duration"] = duration(context.now - record.private["request"]["started"])
    record.private["progress"] = {}
    context.prepared.pop(record.key, None)
    context.store.put(record)
    parent = record.private.get("parent")
    if parent and parent not in context.advancing:
        context.store.add_event(context.now, "deployment", parent)


def accept(context: Context, path: str, body: dict[str, Any], call: Call, *, parent: Record) -> None:
    """Begin a nested deployment. Raises ServiceError when it cannot begin."""
    address = parse(path)
    refusals.require_scope(context, address)
    request = read_request(context, address, body)
    require_idle(context, address)
    prepared = prepare_request(context, address, request, lambda vault, name, _: vault_secret(context, vault, name))
    record = new_record(address, request, prepared, correlation=parent.properties["correlationId"])
    begin(context, record, request, prepared, call, parent=parent.key)


def _wrapped(target: str, details: list[dict[str, Any]]) -> dict[str, Any]:
    return error_body("ResourceDeploymentFailure", _ASYNC_TEXT, target, details)


def _operation_id() -> str:
    return uuid.uuid4().hex[:16].upper()


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")
