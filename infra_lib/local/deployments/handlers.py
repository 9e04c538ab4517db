"""The operations on deployments, the same at every scope."""

from __future__ import annotations

from typing import Any

from infra_lib.local import lifecycle, operations, refusals
from infra_lib.local.addresses import DEPLOYMENT_TYPE, Address, parse
from infra_lib.local.context import Context
from infra_lib.local.deployments import preflight, whatif
from infra_lib.local.deployments.bodies import ACTIVE, new_record, require_idle
from infra_lib.local.deployments.request import prepare_request, read_request
from infra_lib.local.deployments.run import begin, close
from infra_lib.local.deployments.runtime import vault_secret
from infra_lib.local.operations import RETRY_AFTER, timestamp
from infra_lib.local.protocol import Call, Reply, ServiceError, error_body
from infra_lib.local.providers import filters
from infra_lib.local.routes import GROUP, SUBSCRIPTION, Route
from infra_lib.local.shapes import check_shape
from infra_lib.local.store import Record

_KIND = DEPLOYMENT_TYPE.lower()
_MARK = "/providers/microsoft.resources/deployments/"
_KEPT_OUTCOMES = 8
_NO_TIME = "0001-01-01T00:00:00Z"


def _address(call: Call, *, below: int = 0) -> Address:
    """The deployment that a path is about; ``below`` is how many segments follow its id."""
    path = call.path.rsplit("/", below)[0] if below else call.path
    if _MARK not in path.lower():
        # Operations of a resource group's deployments are asked for without the provider.
        head, _, name = path.rpartition("/")
        path = f"{head.rpartition('/')[0]}/providers/Microsoft.Resources/deployments/{name}"
    return parse(path)


def _existing(context: Context, address: Address) -> Record:
    refusals.require_group(context, address)
    record = context.store.get(address.key)
    if record is None:
        raise ServiceError(404, "DeploymentNotFound", f"Deployment '{address.name}' could not be found.")
    return record


def _put(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    address = _address(call)
    refusals.require_scope(context, address)
    request = read_request(context, address, call.json_object())
    existing = require_idle(context, address)
    if existing is not None and request.location and existing.body.get("location") != request.location:
        raise ServiceError(
            409,
            "InvalidDeploymentLocation",
            f"Invalid deployment location '{request.location}'. The deployment '{address.name}' already exists in location "
            f"'{existing.body.get('location')}'.",
        )
    prepared = prepare_request(context, address, request, lambda vault, name, _: vault_secret(context, vault, name))
    preflight.check(context, address.name, prepared)
    record = new_record(address, request, prepared)
    if existing is not None:
        record.private["earlier"] = _earlier(existing)
    shown = {**record.body, "properties": dict(record.properties)}
    begin(context, record, request, prepared, call)
    status = f"{call.path}/operationStatuses/{record.private['operation']}"
    headers = {"Azure-AsyncOperation": call.link(status)}
    if context.due(DEPLOYMENT_TYPE) > context.now:
        headers["Retry-After"] = RETRY_AFTER
    return Reply(200 if existing is not None else 201, shown, headers)


def _get(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    address = _address(call)
    if call.method == "HEAD":
        if context.store.exists(address.key):
            return Reply(204)
        return Reply(404, None, {"x-ms-failure-cause": "gateway"})
    return Reply(200, _existing(context, address).body)


def _state(context: Context, call: Call) -> Reply:
    record = _existing(context, _address(call, below=2))
    operation = call.path.rsplit("/", 1)[1]
    earlier: dict[str, Any] | None = record.private.get("earlier", {}).get(operation)
    if earlier is not None:
        return Reply(200, earlier)
    if operation != record.private["operation"]:
        raise ServiceError(
            404, "OperationNotFound", f"The operation '{call.path}' could not be found: the deployment was replaced."
        )
    if record.properties["provisioningState"] in ACTIVE:
        return Reply(200, {"status": "Running"}, {"Retry-After": RETRY_AFTER})
    return Reply(200, _outcome(record))


def _outcome(record: Record) -> dict[str, Any]:
    state = record.properties["provisioningState"]
    error = record.properties.get("error")
    if state == "Canceled":
        error = error_body("DeploymentCanceled", f"The deployment '{record.body['name']}' was canceled.", record.id)
    return {"status": state, **({"error": error} if error is not None else {})}


def _earlier(existing: Record) -> dict[str, Any]:
    """How the latest deployments of a name ended, by operation: who sent one asks for its end although another replaced it."""
    ended = {**existing.private.get("earlier", {}), existing.private["operation"]: _outcome(existing)}
    return dict([*ended.items()][-_KEPT_OUTCOMES:])


def _delete(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    address = _address(call)
    refusals.require_group(context, address)
    record = context.store.get(address.key)
    if record is None:
        return Reply(204)
    if record.properties["provisioningState"] in ACTIVE:
        raise ServiceError(
            409, "DeploymentActive", f"The deployment '{address.name}' is active and cannot be deleted; cancel it first."
        )
    lifecycle.drop(context, address.key)
    holder = f"/subscriptions/{address.subscription or context.subscription_id}/operationresults"
    path = operations.begin(context, due=context.now, collection=holder, gone=True)
    return Reply(202, None, {"Location": call.link(path)})


def _list(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    holder = parse(call.path + "/x")
    refusals.require_group(context, holder)
    keep = filters.compile_filter(
        call.query.get("$filter", ""), {"provisioningstate": lambda body: body["properties"]["provisioningState"]}
    )
    found = [
        record.body
        for record in context.store.below(holder.scope.lower(), _KIND)
        if parse(record.id).scope.lower() == holder.scope.lower() and keep(record.body)
    ]
    return lifecycle.page(call, sorted(found, key=lambda body: str(body["properties"]["timestamp"]), reverse=True))


def _cancel(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    record = _existing(context, _address(call, below=1))
    state = record.properties["provisioningState"]
    if state not in ACTIVE:
        raise ServiceError(
            409,
            "DeploymentCannotBeCancelled",
            f"The deployment '{record.body['name']}' cannot be cancelled because its provisioning state is '{state}'.",
        )
    _cancel_record(context, record)
    return Reply(204)


def _cancel_record(context: Context, record: Record) -> None:
    for nested in context.store.of_type(_KIND):
        if nested.private.get("parent") == record.key and nested.properties["provisioningState"] in ACTIVE:
            _cancel_record(context, nested)
    record.properties["provisioningState"] = "Canceled"
    for operation in context.store.operations_of(record.key):
        if operation["properties"]["provisioningState"] == "Running":
            operation["properties"] |= {"provisioningState": "Canceled", "timestamp": timestamp(context.now)}
            context.store.put_operation(record.key, operation["operationId"], operation)
    close(context, record)


def _validate(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    address = _address(call, below=1)
    refusals.require_scope(context, address)
    request = read_request(context, address, call.json_object())
    prepared = prepare_request(context, address, request, lambda vault, name, _: vault_secret(context, vault, name))
    ids = preflight.check(context, address.name, prepared)
    body = new_record(address, request, prepared).body
    body["properties"] |= {
        "provisioningState": "Succeeded",
        "timestamp": _NO_TIME,
        "validatedResources": [{"id": name} for name in ids],
    }
    return Reply(200, body)


def _what_if(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    address = _address(call, below=1)
    refusals.require_scope(context, address)
    body = call.json_object()
    request = read_request(context, address, body)
    prepared = prepare_request(context, address, request, lambda vault, name, _: vault_secret(context, vault, name))
    preflight.check(context, address.name, prepared)
    check_shape(body, {"properties": {"whatIfSettings": {"resultFormat": str}}})
    settings = body["properties"].get("whatIfSettings") or {}
    answer = {
        "status": "Succeeded",
        "properties": {
            "correlationId": context.guid(address.id, request.seed),
            "changes": whatif.changes(
                context, address, prepared, call, settings.get("resultFormat", "FullResourcePayloads"), request.mode
            ),
        },
    }
    due = context.due(DEPLOYMENT_TYPE)
    holder = f"/subscriptions/{address.subscription or context.subscription_id}/operationresults"
    path = operations.begin(context, due=due, collection=holder, result=answer)
    headers = {"Location": call.link(path)}
    if due > context.now:
        headers["Retry-After"] = RETRY_AFTER
    return Reply(202, None, headers)


def _export(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    record = _existing(context, _address(call, below=1))
    return Reply(200, {"template": record.private["request"]["template"]})


def _secure_outputs(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    record = _existing(context, _address(call, below=1))
    return Reply(200, {name: output["value"] for name, output in record.private["outputs"].items()})


def _operations(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    record = _existing(context, _address(call, below=1))
    return lifecycle.page(call, context.store.operations_of(record.key))


def _operation(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    record = _existing(context, _address(call, below=2))
    wanted = call.path.rsplit("/", 1)[1].lower()
    for operation in context.store.operations_of(record.key):
        if operation["operationId"].lower() == wanted:
            return Reply(200, operation)
    raise ServiceError(
        404, "DeploymentOperationNotFound", f"The operation '{wanted}' of deployment '{record.body['name']}' could not be found."
    )


_SCOPES = (
    (GROUP, "resource group"),
    (SUBSCRIPTION, "subscription"),
    ("/providers/Microsoft.Management/managementGroups/<management_group>", "management group"),
    ("", "tenant"),
)
_OPERATIONS = (
    ("PUT", "", _put, "create or update"),
    ("GET", "", _get, "get"),
    ("HEAD", "", _get, "check existence"),
    ("DELETE", "", _delete, "delete"),
    ("POST", "/cancel", _cancel, "cancel"),
    ("POST", "/validate", _validate, "validate"),
    ("POST", "/whatIf", _what_if, "what-if"),
    ("POST", "/exportTemplate", _export, "export template"),
    ("POST", "/listOutputsWithSecureValues", _secure_outputs, "list outputs, secure ones included"),
    ("GET", "/operations", _operations, "list operations"),
    ("GET", "/operations/<operation>", _operation, "get an operation"),
    ("GET", "/operationStatuses/<operation>", _state, "state"),
)


def routes() -> list[Route]:
    """The operations on deployments at each scope."""
    table = []
    for scope, label in _SCOPES:
        collection = f"{scope}/providers/Microsoft.Resources/deployments"
        table.append(Route(method="GET", rule=collection, endpoint=_list, summary=f"deployments of a {label}: list"))
        for method, suffix, endpoint, text in _OPERATIONS:
            rule = f"{collection}/<deployment>{suffix}"
            table.append(Route(method=method, rule=rule, endpoint=endpoint, summary=f"deployment to a {label}: {text}"))
    for suffix, endpoint, text in (("", _operations, "list operations"), ("/<operation>", _operation, "get an operation")):
        rule = f"{GROUP}/deployments/<deployment>/operations{suffix}"
        table.append(Route(method="GET", rule=rule, endpoint=endpoint, summary=f"deployment to a resource group: {text}"))
    return table
