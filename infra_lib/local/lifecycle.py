"""Write, read, list and delete: the same for every resource type, with the type's own rules called where they belong."""

from __future__ import annotations

from typing import Any

from infra_lib.local import locations, operations, refusals
from infra_lib.local.addresses import Address, parse
from infra_lib.local.context import TENANT_ID, Context
from infra_lib.local.protocol import Call, Reply, ServiceError
from infra_lib.local.shapes import check_shape, spell
from infra_lib.local.store import Record
from infra_lib.local.types import AnswerStyle, Body, Handler, ResourceType

PAGE = 1000
_ENVELOPE = (
    "location",
    "tags",
    "kind",
    "sku",
    "identity",
    "plan",
    "zones",
    "managedBy",
    "managedByExtended",
    "extendedLocation",
    "scale",
)


# ---------------------------------------------------------------------------------------------- bodies


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: objects are merged, null removes, anything else replaces. ``target`` stays as it is."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def canonical_id(kind: ResourceType, address: Address) -> str:
    """The id with the type's own casing, names as written."""
    namespace, *types = kind.name.split("/")
    parts = [f"{address.scope}/providers/{namespace}"]
    for segment, name in zip(types, address.names, strict=False):
        parts += [segment, name]
    return "/".join(parts)


def envelope(context: Context, kind: ResourceType, address: Address, body: Body, existing: Record | None) -> Body:
    """``id``, ``name``, ``type`` and what of the request's other members every provider keeps as it is."""
    shown: Body = {
        "id": existing.id if existing is not None else canonical_id(kind, address),
        "name": existing.body["name"] if existing is not None else address.name,
        "type": kind.name,
    }
    for name in _ENVELOPE:
        value = body.get(name)
        if value is not None:
            shown[name] = value
    if isinstance(body.get("identity"), dict):
        shown["identity"] = _identity(context, shown["id"], body["identity"])
    return shown


def _identity(context: Context, resource_id: str, wanted: Body) -> Body:
    """A managed identity as it is shown: with the principal of the system's one and of each user-assigned one."""
    shown = {name: value for name, value in wanted.items() if value is not None}
    shown["type"] = str(wanted.get("type", "None")).replace(" ", "").replace(",", ", ")
    if "systemassigned" in shown["type"].lower():
        shown["principalId"] = context.guid(resource_id, "principal")
        shown["tenantId"] = TENANT_ID
    assigned = wanted.get("userAssignedIdentities")
    if isinstance(assigned, dict):
        shown["userAssignedIdentities"] = {
            name: {"principalId": context.guid(name, "principal"), "clientId": context.guid(name, "client")} for name in assigned
        }
    return shown


def state_of(context: Context, record: Record) -> str | None:
    """The state that overrides the record's own while an operation on it runs, or after one failed; None when neither is so."""
    if record.private.get("deleting"):
        return "Deleting"
    if record.private.get("settles", 0.0) > context.now:
        return _moving(context.types.get(record.type), created=not record.private.get("updated"))
    return "Failed" if record.private.get("failure") else None


def _moving(kind: ResourceType | None, *, created: bool) -> str:
    """The state of a resource while it is made, or changed."""
    if kind is None:
        return "InProgress"
    return kind.in_progress if created else kind.updating or kind.in_progress


def present(context: Context, kind: ResourceType | None, record: Record, call: Call) -> Body:
    """The body that a GET shows."""
    body = kind.present(context, record, call) if kind is not None and kind.present is not None else record.body
    state = state_of(context, record)
    if state is not None and "provisioningState" in body.get("properties", {}):
        body = {**body, "properties": {**body["properties"], "provisioningState": state}}
    return body


# ---------------------------------------------------------------------------------------------- reading


def read(context: Context, kind: ResourceType, address: Address, call: Call) -> Reply:
    """GET and HEAD of one resource."""
    refusals.require_api_version(call)
    refusals.require_group(context, address)
    record = context.find(address.id)
    if record is None:
        if call.method == "HEAD":
            return Reply(404, None, {"x-ms-failure-cause": "gateway"})
        raise refusals.missing(kind, address)
    if call.method == "HEAD":
        return Reply(204)
    return Reply(200, present(context, kind, record, call), _entity_headers(kind, record))


def _entity_headers(kind: ResourceType, record: Record) -> dict[str, str]:
    """The ETag, of the types that send it as a header."""
    return {"ETag": str(record.body["etag"])} if kind.echoes is not None and "etag" in record.body else {}


def page(call: Call, items: list[Body]) -> Reply:
    """A list: the first ``$top`` where that is asked for, else pages with ``nextLink``."""
    top = call.query.get("$top")
    if top is not None:
        if not top.isdigit() or int(top) < 1:
            raise ServiceError(400, "InvalidTopParameter", f"The $top value '{top}' is not a positive whole number.")
        return Reply(200, {"value": items[: int(top)]})
    token = call.query.get("$skiptoken", "") or "0"
    if not token.isdigit():
        raise ServiceError(400, "InvalidSkipToken", f"The $skiptoken '{token}' is none that a list's nextLink gave.")
    start = int(token)
    answer: Body = {"value": items[start : start + PAGE]}
    if start + PAGE < len(items):
        answer["nextLink"] = (
            f"{call.origin}{call.raw_path}?api-version={call.query.get('api-version', '')}&$skiptoken={start + PAGE}"
        )
    return Reply(200, answer)


def list_below(context: Context, kind: ResourceType, scope: str, call: Call) -> Reply:
    """GET of a collection: all resources of the type in a resource group, a subscription or a parent."""
    refusals.require_api_version(call)
    holder = parse(scope)
    refusals.require_group(context, holder)
    if "/providers/" in scope and context.find(scope) is None:
        raise refusals.not_found(holder)
    default = context.find(f"{call.path}/default") if kind.is_singleton else None
    records = [default] if default is not None else context.store.below(holder.key, kind.key)
    if kind.order is not None:
        records.sort(key=kind.order)
    items = [present(context, kind, record, call) for record in records]
    return page(call, items)


# ---------------------------------------------------------------------------------------------- writing


def validate(context: Context, kind: ResourceType, address: Address, body: Body | None, existing: Record | None) -> None:
    """What can be said of a write without the rest of the state: the name and, when ``body`` is known, its shape and values."""
    if "PUT" not in kind.methods:
        raise _no_such_method(kind, "PUT")
    if kind.name_rule is not None and existing is None:
        kind.name_rule.check(address.name)
    if body is None:
        return
    spell(body, kind.shape, numbers=kind.reads_numbers)
    refusals.check_envelope(body, existing)
    refusals.check_location(kind, address, body, existing)
    check_shape(body, kind.shape)
    if kind.check is not None:
        kind.check(context, address, body, existing)


def write(context: Context, kind: ResourceType, address: Address, call: Call) -> Reply:
    """PUT and PATCH of one resource."""
    refusals.require_api_version(call)
    if call.method not in kind.methods:
        raise _no_such_method(kind, call.method)
    body = given = call.json_object()
    spell(body, kind.shape, numbers=kind.reads_numbers)
    refusals.require_scope(context, address)
    refusals.require_registered(context, address)
    existing = context.store.get(address.key) or (kind.implicit(context, address) if kind.implicit is not None else None)
    if call.method == "PATCH":
        if existing is None:
            raise refusals.missing(kind, address)
        body = _patched(existing, body)
        existing.private["patching"] = True
    else:
        body = whole_body(kind, body, existing)
    refusals.require_unlocked(context, address, deleting=False)
    if existing is not None:
        _require_settled(context, kind, address, existing)
    validate(context, kind, address, body, existing)
    record = kind.complete(context, address, body, existing)
    record.private.pop("patching", None)
    record.private["input"] = body
    record.private.setdefault("created", existing.private.get("created", context.now) if existing is not None else context.now)
    record.private["changed"] = context.now
    record.private["api_version"] = call.query["api-version"]
    record.private.pop("failure", None)
    failure = context.take_late_failure(address.id)
    if failure is not None:
        record.private["failure"] = failure
    record.private["updated"] = existing is not None
    still = kind.still and existing is not None and failure is None and _same(existing, record)
    record.private["settles"] = context.now if still else context.due(kind.name)
    context.store.put(record)
    if kind.on_written is not None:
        kind.on_written(context, record)
    if still:
        return Reply(200, present(context, kind, record, call))
    return _write_reply(context, kind, record, call, given, created=existing is None)


def _same(existing: Record, record: Record) -> bool:
    """Whether a write leaves a resource as it shows itself."""
    before, after = ({name: value for name, value in item.body.items() if name != "systemData"} for item in (existing, record))
    return before == after


def whole_body(kind: ResourceType, body: Body, existing: Record | None) -> Body:
    """What a PUT amounts to: the body itself or, for a type that keeps what is left out, what was written last with it on top."""
    if existing is None or kind.replaces:
        return body
    held = existing.private.get("input", {})
    kept = {name: value for name, value in held.items() if name != "tags"}
    return {**kept, **body, "properties": merge_patch(held.get("properties"), body.get("properties") or {})}


def _patched(existing: Record, patch: Body) -> Body:
    """The whole input that a PATCH amounts to: tags replaced, the rest merged into what was written last."""
    held: Body = existing.private.get("input") or {
        name: existing.body[name] for name in (*_ENVELOPE, "properties") if name in existing.body
    }
    location = patch.get("location")
    if location is not None and locations.normalize(str(location)) != locations.normalize(str(held.get("location", ""))):
        raise ServiceError(400, "InvalidRequestContent", "The location of a resource cannot be changed.")
    body: Body = merge_patch(held, {name: value for name, value in patch.items() if name not in ("id", "name", "type")})
    if isinstance(patch.get("tags"), dict):
        body["tags"] = patch["tags"]
    return body


def _singular(kind: ResourceType) -> str:
    """``ContainerApp`` of ``Microsoft.App/containerApps``."""
    last = kind.name.rpartition("/")[2].removesuffix("s")
    return last[:1].upper() + last[1:]


def _require_settled(context: Context, kind: ResourceType, address: Address, existing: Record) -> None:
    if existing.private.get("settles", 0.0) > context.now or existing.private.get("deleting"):
        raise ServiceError(
            409,
            f"{_singular(kind)}OperationInProgress",
            f"Cannot modify '{address.name}' because another operation on it is in progress; try again when it has ended.",
            target=address.name,
        )


def _no_such_method(kind: ResourceType, method: str) -> ServiceError:
    return ServiceError(
        405, "MethodNotAllowed", f"{method} is not supported for {kind.name}; supported: {', '.join(sorted(kind.methods))}."
    )


def _regional(address: Address, record: Record, namespace: str) -> str:
    location = locations.normalize(str(record.body.get("location", "global")))
    return f"/subscriptions/{address.subscription}/providers/{namespace}/locations/{location}"


def _write_reply(context: Context, kind: ResourceType, record: Record, call: Call, given: Body, *, created: bool) -> Reply:
    style = kind.patch if call.method == "PATCH" else kind.put if created else kind.update
    settles = record.private["settles"]
    status = 200 if call.method == "PATCH" else kind.created if created else kind.updated
    if style == "sync":
        body = present(context, kind, record, call)
        if kind.echoes is not None:
            properties = {**(given.get("properties") or {}), **{name: record.properties[name] for name in kind.echoes}}
            body = {"id": body["id"], "name": body["name"], "type": body["type"], "properties": properties}
        reply = Reply(status, body, _entity_headers(kind, record))
    elif style == "async":
        reply = Reply(status, _accepted(context, kind, record, call, created=created))
    else:
        reply = Reply(202, None, {"Content-Type": "text/plain; charset=utf-8"})
    if style != "sync":
        _announce(context, kind, record, call, reply, style=style, due=settles, error=record.private.get("failure"))
    elif settles > context.now:
        reply.headers["Retry-After"] = operations.RETRY_AFTER
    return reply


def _accepted(context: Context, kind: ResourceType, record: Record, call: Call, *, created: bool) -> Body:
    """What a PUT answers that goes on afterwards: the resource as it is known by then."""
    body = present(context, kind, record, call)
    unknown = kind.pending if created or kind.updating is None else ()
    properties = {name: value for name, value in body["properties"].items() if name not in unknown}
    return {**body, "properties": {**properties, "provisioningState": _moving(kind, created=created)}}


def _announce(
    context: Context,
    kind: ResourceType,
    record: Record,
    call: Call,
    reply: Reply,
    *,
    style: AnswerStyle,
    due: float,
    error: Body | None = None,
    deleting: bool = False,
) -> None:
    """Keep the operation that goes on, and put its addresses into the answer's headers."""
    location = _regional(parse(record.id), record, kind.name.partition("/")[0])
    shown = kind.status_collection if style == "async" else kind.result_collection
    path = operations.begin(
        context, due=due, collection=f"{location}/{shown}", subject="" if deleting else record.id, error=error, gone=deleting
    )
    identifier = path.rpartition("/")[2]
    if style in ("async", "both"):
        reply.headers["Azure-AsyncOperation"] = call.link(
            f"{location}/{kind.status_collection}/{identifier}", azureAsyncOperation="true"
        )
    if style in ("location", "both"):
        reply.headers["Location"] = call.link(f"{location}/{kind.result_collection}/{identifier}")
    if due > context.now:
        reply.headers["Retry-After"] = operations.RETRY_AFTER


# ---------------------------------------------------------------------------------------------- deleting


def remove(context: Context, kind: ResourceType, address: Address, call: Call) -> Reply:
    """DELETE of one resource, with all below it."""
    refusals.require_api_version(call)
    if "DELETE" not in kind.methods:
        raise _no_such_method(kind, call.method)
    refusals.require_group(context, address)
    record = context.store.get(address.key)
    if record is None:
        return Reply(204)
    refusals.require_unlocked(context, address, deleting=True)
    if kind.on_delete_asked is not None:
        kind.on_delete_asked(context, record)
    if kind.delete_style == "sync":
        drop(context, address.key)
        return Reply(200)
    due = context.due(kind.name)
    if due <= context.now:
        drop(context, address.key)
    else:
        record.private["deleting"] = True
        context.store.put(record)
        context.store.add_event(due, "delete", address.key)
    reply = Reply(202)
    _announce(context, kind, record, call, reply, style=kind.delete_style, due=due, deleting=True)
    return reply


def drop(context: Context, key: str) -> None:
    """Delete a resource and all below it from the store, telling their types."""
    own = context.store.get(key)
    for record in [*reversed(context.store.below(key)), *([own] if own is not None else [])]:
        kind = context.types.get(record.type)
        if kind is not None and kind.on_delete is not None:
            kind.on_delete(context, record)
        if record.type == "microsoft.resources/deployments":
            context.store.delete_operations(record.key)
        context.store.delete(record.key)


def act(context: Context, kind: ResourceType, address: Address, handler: Handler, call: Call) -> Reply:
    """POST of an action, or GET of a part, of one resource that exists."""
    refusals.require_api_version(call)
    refusals.require_group(context, address)
    if context.find(address.id) is None:
        raise refusals.not_found(address, kind.name)
    return handler(context, address, call)
