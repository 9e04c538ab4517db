"""Microsoft.App/containerApps: apps, their secrets, revisions and replicas."""

from __future__ import annotations

import re
import socket
import zlib
from typing import Any

from infra_lib.local import lifecycle, locations, operations, refusals
from infra_lib.local.addresses import Address, parse
from infra_lib.local.context import Context
from infra_lib.local.operations import timestamp
from infra_lib.local.protocol import Call, Reply
from infra_lib.local.providers.app import common, console
from infra_lib.local.providers.app.common import API_VERSIONS, NAME, refuse
from infra_lib.local.providers.values import at, filled, one_of, properties_of, spelled, unchanged, whole_number
from infra_lib.local.store import Record
from infra_lib.local.types import Body, NameRule, ResourceType

MODES = ("Single", "Multiple", "Labels")
TRANSPORTS = ("Auto", "Http", "Http2", "Tcp")
MAX_REPLICAS = 1000
_REVISION_TYPE = "Microsoft.App/containerapps/revisions"
_SUFFIX = re.compile(r"[a-z0-9]([a-z0-9]|-(?!-))*")
_FIRST_PORT, _PORTS = 20000, 10000

_CONFIGURATION_DEFAULTS: Body = {
    "secrets": None,
    "activeRevisionsMode": "Single",
    "ingress": None,
    "registries": None,
    "identitySettings": [],
    "dapr": None,
    "runtime": None,
    "maxInactiveRevisions": 100,
    "service": None,
}
_INGRESS_DEFAULTS: Body = {
    "external": False,
    "targetPort": 0,
    "exposedPort": 0,
    "transport": "Auto",
    "traffic": [{"weight": 100, "latestRevision": True}],
    "customDomains": None,
    "allowInsecure": False,
    "ipSecurityRestrictions": None,
    "corsPolicy": None,
    "clientCertificateMode": None,
    "stickySessions": None,
    "additionalPortMappings": None,
}
_SHAPE = {
    "properties": {
        "environmentId": str,
        "managedEnvironmentId": str,
        "workloadProfileName": str,
        "configuration": {
            **common.SECRETS_SHAPE,
            "activeRevisionsMode": str,
            "ingress": {
                "external": bool,
                "targetPort": int,
                "exposedPort": int,
                "transport": str,
                "traffic": [{"weight": int, "revisionName": str, "latestRevision": bool}],
            },
        },
        "template": common.TEMPLATE_SHAPE,
    }
}
_SCALE_DEFAULTS: Body = {"minReplicas": None, "maxReplicas": 10, "cooldownPeriod": 300, "pollingInterval": 30, "rules": None}


# ---------------------------------------------------------------------------------------------- writing an app


def _check(_context: Context, address: Address, body: Body, existing: Record | None) -> None:
    properties = properties_of(body)
    configuration, template = properties.get("configuration") or {}, properties.get("template")
    one_of(configuration.get("activeRevisionsMode"), MODES, "properties.configuration.activeRevisionsMode")
    secret_names = common.check_secrets(configuration)
    common.check_template(template, secret_names)
    _check_ingress(configuration.get("ingress"))
    scale = at(template, "scale") or {}
    whole_number(scale.get("minReplicas"), "properties.template.scale.minReplicas", 0, MAX_REPLICAS)
    whole_number(scale.get("maxReplicas"), "properties.template.scale.maxReplicas", 1, MAX_REPLICAS)
    least, most = scale.get("minReplicas") or 0, scale.get("maxReplicas") or 10
    if least > most:
        raise refuse(
            "ContainerAppInvalidScaleSpec", f"The app '{address.name}' has minReplicas {least}, more than maxReplicas {most}."
        )
    suffix = at(template, "revisionSuffix")
    if suffix and (not _SUFFIX.fullmatch(suffix) or len(f"{address.name}--{suffix}") > 54):
        raise refuse(
            "ContainerAppInvalidRevisionSuffix",
            f"The revision suffix '{suffix}' is invalid: lower-case letters, digits and hyphens.",
        )
    if existing is not None:
        wanted = properties.get("environmentId") or properties.get("managedEnvironmentId")
        unchanged(wanted, existing.properties["environmentId"], "properties.environmentId", address.name)


def _check_ingress(ingress: Any) -> None:
    if not ingress:
        return
    one_of(ingress.get("transport"), TRANSPORTS, "properties.configuration.ingress.transport")
    for name in ("targetPort", "exposedPort"):
        whole_number(ingress.get(name), f"properties.configuration.ingress.{name}", 0, 65535, "ContainerAppInvalidIngress")
    traffic = ingress.get("traffic")
    if traffic and sum(item.get("weight") or 0 for item in traffic) != 100:
        raise refuse(
            "ContainerAppInvalidTraffic", "The weights of properties.configuration.ingress.traffic do not add up to 100."
        )


def _complete(context: Context, address: Address, body: Body, existing: Record | None) -> Record:
    properties = properties_of(body)
    environment, profile = common.place(context, address, body, "container app")
    shown = common.envelope(context, APP, address, body, existing)
    private: Body = dict(existing.private) if existing is not None else {"port": _free_port(context, address)}
    counted = private.pop("patching", False)
    private["secrets"] = (properties.get("configuration") or {}).get("secrets") or []
    private.setdefault("running", True)
    host = f"127.0.0.1:{private['port']}"

    template = common.complete_template(properties["template"])
    template = {"terminationGracePeriodSeconds": None, "serviceBinds": None, **template}
    template["revisionSuffix"] = template.get("revisionSuffix") or ""
    template["scale"] = filled(common.pruned(template.get("scale")), _SCALE_DEFAULTS)
    configuration = _shown_configuration(properties.get("configuration") or {}, host)
    revision = _revise(context, address, template, private, mode=configuration["activeRevisionsMode"], counted=counted)
    record = Record(address.key, APP.key, shown, private)
    shown["properties"] = {
        **properties,
        "provisioningState": "Succeeded",
        "runningStatus": "Running",
        "managedEnvironmentId": environment.id,
        "environmentId": environment.id,
        "workloadProfileName": profile,
        "outboundIpAddresses": ["127.0.0.1"],
        "latestRevisionName": revision,
        "latestReadyRevisionName": revision,
        "latestRevisionFqdn": host if configuration["ingress"] else "",
        "customDomainVerificationId": environment.properties["customDomainConfiguration"]["customDomainVerificationId"],
        "configuration": configuration,
        "template": template,
        "delegatedIdentities": [],
    }
    return record


def _shown_configuration(given: Body, host: str) -> Body:
    configuration = filled(given, _CONFIGURATION_DEFAULTS)
    configuration["activeRevisionsMode"] = spelled(configuration["activeRevisionsMode"], MODES)
    configuration["secrets"] = common.shown_secrets(configuration["secrets"])
    configuration["registries"] = common.shown_registries(configuration["registries"])
    if configuration["ingress"]:
        ingress = filled(configuration["ingress"], _INGRESS_DEFAULTS)
        ingress["transport"] = spelled(ingress["transport"], TRANSPORTS)
        ingress["traffic"] = ingress["traffic"] or _INGRESS_DEFAULTS["traffic"]
        configuration["ingress"] = {"fqdn": host, **{name: common.pruned(ingress[name]) for name in ingress if name != "fqdn"}}
    return configuration


def _free_port(context: Context, address: Address) -> int:
    """A loopback port for an app: begun at one that belongs to its store and id, so that it tends to stay after a reset."""
    taken = {record.private.get("port") for record in context.store.of_type(APP.key)}
    folder = context.store.folder
    start = zlib.crc32(f"{folder.resolve() if folder is not None else ''}{address.key}".encode())
    for offset in range(_PORTS):
        port = _FIRST_PORT + (start + offset) % _PORTS
        if port not in taken and _is_free(port):
            return port
    raise refuse("ContainerAppNoPort", f"No loopback port from {_FIRST_PORT} on is free for the app '{address.name}'.")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


# ---------------------------------------------------------------------------------------------- revisions


def _revise(context: Context, address: Address, template: Body, private: Body, *, mode: str, counted: bool) -> str:
    """Make a new revision when the template changed (or the first one); the name of the latest.

    Without a suffix of the template's, its name ends in a number where an app is patched (``counted``), else in random
    characters.
    """
    wanted = {name: value for name, value in template.items() if name != "revisionSuffix"}
    suffix = template.get("revisionSuffix")
    latest = private.get("revision")
    held = context.store.get(f"{address.key}/revisions/{latest}") if latest else None
    named = f"{address.name.lower()}--{suffix}"
    if held is not None and held.private["template"] == wanted and (not suffix or held.body["name"] == named):
        return str(latest)
    if not suffix and counted:
        private["counted"] = private.get("counted", 0) + 1
        suffix = f"{private['counted']:07d}"
    name = f"{address.name.lower()}--{suffix or common.random_suffix()}"
    key = f"{address.key}/revisions/{name}"
    if context.store.exists(key):
        raise refuse(
            "ContainerAppRevisionSuffixInUse",
            f"The revision suffix '{suffix}' of app '{address.name}' belongs to a revision with another template.",
            target="properties.template.revisionSuffix",
        )
    body: Body = {
        "id": f"{lifecycle.canonical_id(APP, address)}/revisions/{name}",
        "name": name,
        "type": _REVISION_TYPE,
        "properties": {"createdTime": common.whole_seconds(context.now), "active": True, "template": template},
    }
    context.store.put(
        Record(key, REVISION.key, body, {"template": wanted, "settles": context.due(APP.name), "number": context.now})
    )
    private["revision"] = name
    if mode == "Single":
        _deactivate_others(context, address.key, name)
    return name


def _deactivate_others(context: Context, app_key: str, latest: str) -> None:
    for other in context.store.below(app_key, REVISION.key):
        if other.body["name"] != latest and other.properties["active"]:
            _retire(context, other)


def _retire(context: Context, revision: Record) -> None:
    revision.properties["active"] = False
    revision.properties["lastActiveTime"] = common.whole_seconds(context.now)
    context.store.put(revision)


def _weight(app: Record, name: str) -> int:
    weight = 0
    for item in at(app.properties, "configuration", "ingress", "traffic") or []:
        latest = item.get("latestRevision") and name == app.properties["latestRevisionName"]
        if latest or item.get("revisionName") == name:
            weight += item.get("weight") or 0
    return weight


def _app_of(context: Context, record: Record) -> Record:
    app = context.store.get(record.key.rpartition("/revisions/")[0])
    if app is None:
        raise refusals.not_found(parse(record.id))
    return app


def _replicas(context: Context, app: Record, revision: Record) -> list[Body]:
    """The replicas of a revision: those that the runtime has, else as many as are wanted."""
    running = context.runtime.replicas(app, revision)
    if running is not None:
        return running
    if not revision.properties["active"] or not app.private.get("running", True):
        return []
    least = at(revision.properties, "template", "scale", "minReplicas")
    unique = context.guid(revision.key).replace("-", "")
    ready = revision.private.get("settles", 0.0) <= context.now
    created = revision.private.get("restarted", revision.private["number"])
    return [
        {
            "name": f"{revision.body['name']}-{unique[:9]}-{context.guid(revision.key, str(index), str(created))[:5]}",
            "runningState": "Running" if ready else "NotRunning",
            "ready": ready,
            "restarts": 0,
            "created": created,
        }
        for index in range(1 if least is None else least)
    ]


def _present_revision(context: Context, record: Record, _call: Call) -> Body:
    app = _app_of(context, record)
    replicas = _replicas(context, app, record)
    active = record.properties["active"]
    provisioned = record.private.get("settles", 0.0) <= context.now
    ready = any(replica["ready"] for replica in replicas)
    states = {replica["runningState"] for replica in replicas}
    failed = active and states == {"Failed"}
    running = "Stopped" if not active or not app.private.get("running", True) else "Running" if ready else "ScaledToZero"
    if active and replicas and not ready:
        running = "Failed" if failed else "Activating" if provisioned else "Processing"
    return {
        **record.body,
        "properties": {
            **record.properties,
            **({} if active else {"lastActiveTime": record.properties.get("lastActiveTime", record.properties["createdTime"])}),
            "template": _revision_template(record.properties["template"]),
            "fqdn": app.properties["latestRevisionFqdn"],
            "replicas": len(replicas),
            "trafficWeight": _weight(app, record.body["name"]) if active else 0,
            "healthState": "Healthy" if ready or not active else "Unhealthy" if failed else "None",
            "provisioningState": "Failed" if failed else "Provisioned" if provisioned else "Provisioning",
            "runningState": running,
            **(_failure(record, len(replicas)) if failed else {}),
        },
    }


def _failure(revision: Record, count: int) -> Body:
    """What is said of a revision whose replicas all fail."""
    names = ", ".join(container["name"] for container in revision.properties["template"]["containers"])
    text = f"Container crashing: {names}"
    return {"provisioningError": text, "runningStateDetails": f"{count}/{count} {text}"}


def _revision_template(template: Body) -> Body:
    """The template of a revision as it is shown: less filled in than the app's."""
    containers = [
        {
            **container,
            "resources": {name: value for name, value in container["resources"].items() if name != "ephemeralStorage"},
            "probes": container.get("probes") or [],
        }
        for container in template["containers"]
    ]
    unset = {name: None for name in ("cooldownPeriod", "pollingInterval") if template["scale"].get(name) == _SCALE_DEFAULTS[name]}
    suffix = template["revisionSuffix"] or None
    return {**template, "revisionSuffix": suffix, "containers": containers, "scale": {**template["scale"], **unset}}


def _revision_at(context: Context, address: Address) -> tuple[Record, Record]:
    revision = context.store.get(address.key)
    if revision is None:
        raise refusals.not_found(address, REVISION.name)
    return _app_of(context, revision), revision


def _restart(context: Context, address: Address, _call: Call) -> Reply:
    app, revision = _revision_at(context, address)
    revision.private["restarted"] = context.now
    context.store.put(revision)
    context.runtime.restart(app, revision)
    return Reply(200, "Restart succeeded")


def _activate(context: Context, address: Address, _call: Call) -> Reply:
    app, revision = _revision_at(context, address)
    is_latest = revision.body["name"] == app.properties["latestRevisionName"]
    if app.properties["configuration"]["activeRevisionsMode"] == "Single" and not is_latest:
        raise refuse(
            "ContainerAppRevisionActivationInvalid",
            f"The revision '{revision.body['name']}' cannot be activated: the app is in Single mode, which runs "
            "its latest revision alone.",
        )
    revision.properties["active"] = True
    context.store.put(revision)
    context.runtime.update(app)
    return Reply(200, "Activate succeeded")


def _deactivate(context: Context, address: Address, _call: Call) -> Reply:
    app, revision = _revision_at(context, address)
    _retire(context, revision)
    context.runtime.stop(app, revision)
    return Reply(200, "Deactivate succeeded")


# ---------------------------------------------------------------------------------------------- replicas


def _replica_body(revision: Record, replica: Body) -> Body:
    running = replica["runningState"]
    containers = [
        {
            "name": container["name"],
            "containerId": f"local://{replica['name']}/{container['name']}",
            "ready": replica["ready"],
            "started": running == "Running",
            "restartCount": replica["restarts"],
            "runningState": {"Running": "Running", "Failed": "Terminated"}.get(running, "Waiting"),
            "runningStateDetails": replica.get("details", ""),
        }
        for container in revision.properties["template"]["containers"]
    ]
    return {
        "id": f"{revision.id}/replicas/{replica['name']}",
        "name": replica["name"],
        "type": common.REPLICA_TYPE,
        "properties": {
            "createdTime": f"{timestamp(replica['created'])[:19]}Z",
            "runningState": running if running != "Failed" else "NotRunning",
            "runningStateDetails": replica.get("details", ""),
            "containers": containers,
            "initContainers": [],
        },
    }


def _with_streams(body: Body, call: Call) -> Body:
    """A replica with the addresses of its containers' logs: on the service itself, as the client reached it."""
    for container in body["properties"]["containers"]:
        stream = f"{call.origin}{body['id'].replace('/providers/Microsoft.App', '')}/containers/{container['name']}"
        container |= {"logStreamEndpoint": f"{stream}/logstream", "execEndpoint": f"{stream.replace('http', 'ws', 1)}/exec"}
    return body


def _list_replicas(context: Context, address: Address, call: Call) -> Reply:
    app, revision = _revision_at(context, address)
    replicas = _replicas(context, app, revision)
    return Reply(200, {"value": [_with_streams(_replica_body(revision, replica), call) for replica in replicas]})


def _find_replica(context: Context, address: Address) -> Record | None:
    revision = context.store.get(parse(address.parent).key)
    if revision is None:
        return None
    app = _app_of(context, revision)
    for replica in _replicas(context, app, revision):
        if replica["name"].lower() == address.name.lower():
            return Record(address.key, REPLICA.key, _replica_body(revision, replica))
    return None


# ---------------------------------------------------------------------------------------------- actions of an app


def _app_at(context: Context, address: Address) -> Record:
    record = context.store.get(address.key)
    if record is None:
        raise refusals.not_found(address, APP.name)
    return record


def _list_secrets(context: Context, address: Address, _call: Call) -> Reply:
    return Reply(200, {"value": common.listed_secrets(_app_at(context, address).private["secrets"])})


def _auth_token(context: Context, address: Address, _call: Call) -> Reply:
    return console.issue_token(context, _app_at(context, address))


def _set_running(running: bool) -> Any:
    def handler(context: Context, address: Address, call: Call) -> Reply:
        record = _app_at(context, address)
        record.private["running"] = running
        due = record.private["settles"] = context.due(APP.name)
        record.private["updated"] = True
        context.store.put(record)
        for revision in context.store.below(record.key, REVISION.key):
            if not running:
                context.runtime.stop(record, revision)
            elif revision.properties["active"]:
                context.runtime.start(record, revision)
        if due <= context.now:
            return Reply(200, lifecycle.present(context, APP, record, call))
        location = locations.normalize(record.body["location"])
        collection = f"/subscriptions/{address.subscription}/providers/Microsoft.App/locations/{location}"
        path = operations.begin(context, due=due, collection=f"{collection}/{APP.result_collection}", subject=record.id)
        return Reply(202, None, {"Location": call.link(path), "Retry-After": operations.RETRY_AFTER})

    return handler


def _present(context: Context, record: Record, call: Call) -> Body:
    body = common.presented(context, record, call)
    # The service's own casing: ids in deployments, lists of all resources and children's ids have containerApps.
    body["id"] = body["id"].replace("/containerApps/", "/containerapps/")
    body["properties"]["runningStatus"] = "Running" if record.private.get("running", True) else "Stopped"
    return body


def _follow(context: Context, record: Record) -> None:
    context.runtime.update(record)


def _made_with_app(_context: Context, _address: Address, _body: Body, _existing: Record | None) -> Record:
    raise NotImplementedError("revisions and replicas are made with their app")


APP = ResourceType(
    name="Microsoft.App/containerApps",
    api_versions=API_VERSIONS,
    name_rule=NameRule(
        pattern=NAME,
        code="ContainerAppInvalidName",
        message="Invalid ContainerApp name '{name}'. A name must consist of lower case alphanumeric characters or "
        "'-', start with a "
        "letter, end with an alphanumeric character and cannot have '--'. The length must be between 2 and 32 characters.",
    ),
    put="async",
    update="async",
    updated=201,
    patch="both",
    delete_style="location",
    pending=("runningStatus", "latestRevisionName", "latestReadyRevisionName", "latestRevisionFqdn", "eventStreamEndpoint"),
    status_collection="containerappOperationStatuses",
    result_collection="containerappOperationResults",
    shape=_SHAPE,
    reads_numbers=True,
    check=_check,
    complete=_complete,
    present=_present,
    on_written=_follow,
    on_delete=common.forget_runs,
    actions={
        "listSecrets": _list_secrets,
        "getAuthToken": _auth_token,
        "start": _set_running(True),
        "stop": _set_running(False),
    },
)
REVISION = ResourceType(
    name="Microsoft.App/containerApps/revisions",
    api_versions=API_VERSIONS,
    tracked=False,
    methods=frozenset({"GET"}),
    complete=_made_with_app,
    present=_present_revision,
    actions={"restart": _restart, "activate": _activate, "deactivate": _deactivate},
    reads={"replicas": _list_replicas},
)
REPLICA = ResourceType(
    name="Microsoft.App/containerApps/revisions/replicas",
    api_versions=API_VERSIONS,
    tracked=False,
    methods=frozenset({"GET"}),
    lists=False,
    complete=_made_with_app,
    implicit=_find_replica,
    present=lambda _context, record, call: _with_streams(record.body, call),
)

TYPES = (APP, REVISION, REPLICA)
