"""Console logs of Microsoft.App: the tokens for reading them, and the streams, which lie beside the control plane.

A stream is read with a token of the app or job (getAuthToken), not with the caller's own; ``follow``, ``tailLines`` and
``output`` (json or text) are its parameters. It begins with two lines of the service itself, whose time stamps are of now and
have no offset (recorded traffic: Azure/azure-cli, containerapp/tests/latest/recordings/test_containerapp_logstream.yaml).
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from infra_lib.local import refusals
from infra_lib.local.addresses import Address, parse
from infra_lib.local.context import Context
from infra_lib.local.operations import timestamp
from infra_lib.local.protocol import Call, Reply, ServiceError
from infra_lib.local.providers.app.common import REPLICA_TYPE
from infra_lib.local.routes import GROUP, Route
from infra_lib.local.store import Record

TOKEN_SECONDS = 3600
STREAM_API_VERSION = "2023-11-02-preview"
"""The one API version of a job's token and of the replicas of its executions (Azure/azure-cli-extensions, containerapp's
_clients.py)."""
_STREAM = re.compile(r"/subscriptions/[^/]+/resourcegroups/[^/]+/(containerapps|jobs)/([^/]+/){7}logstream")
_HOLDERS = {"revisions": "Revision", "executions": "Execution"}
_MOST_LINES = 300
_DEFAULT_LINES = 20


def is_stream(path: str) -> bool:
    """Whether a path is that of a log: then it is asked for with a token of its own."""
    return _STREAM.fullmatch(path.lower()) is not None


def require_stream_version(call: Call, kind: str) -> None:
    """Refuse another API version than the one that knows this part of a job."""
    version = call.query.get("api-version", "")
    if version.lower() != STREAM_API_VERSION:
        raise ServiceError(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for API version '{version}' for type '{kind}'. The supported api-versions "
            f"are '{STREAM_API_VERSION}'.",
        )


def issue_token(context: Context, record: Record) -> Reply:
    """The answer of getAuthToken: good for the logs of one app or job, for an hour."""
    expires = context.now + TOKEN_SECONDS
    properties = {"token": f"{int(expires)}.{_signature(context, record.key, int(expires))}", "expires": timestamp(expires)}
    body = {name: record.body[name] for name in ("id", "name", "location")}
    return Reply(200, {**body, "type": f"{record.body['type']}/accesstoken", "properties": properties})


def _signature(context: Context, key: str, expires: int) -> str:
    return context.store.vault.sign(f"logs {key} {expires}".encode())


def _verify(context: Context, key: str, call: Call) -> None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    ends, _, signature = token.partition(".")
    good = scheme.lower() == "bearer" and ends.isdigit() and hmac.compare_digest(signature, _signature(context, key, int(ends)))
    if not good or int(ends) < context.now:
        raise ServiceError(401, "InvalidAuthToken", "The token is none that getAuthToken gave for these logs, or it has expired.")


def _stream(context: Context, call: Call) -> Reply:
    """The console log of one container."""
    segments = [segment for segment in call.path.split("/") if segment]
    group = f"/subscriptions/{segments[1]}/resourceGroups/{segments[3]}"
    owner = parse(f"{group}/providers/Microsoft.App/{segments[4]}/{segments[5]}")
    record = context.store.get(owner.key)
    if record is None:
        raise refusals.not_found(owner)
    _verify(context, record.key, call)
    holder = f"{record.id}/{segments[6]}/{segments[7]}"
    if context.store.get(parse(holder).key) is None:
        raise refusals.not_found(parse(holder))
    replica, container = segments[9], segments[11]
    asked = call.query.get("taillines", "")
    lines = min(int(asked), _MOST_LINES) if asked.isdigit() else _DEFAULT_LINES
    wanted = call.query.get("follow", "").lower() == "true"
    log = context.runtime.console(parse(holder).id, replica, container, lines=lines, follow=wanted)
    if log is None:
        raise ServiceError(404, "LogStreamNotFound", f"There is no log of container '{container}' of replica '{replica}'.")
    text = call.query.get("output", "json").lower() == "text"
    greeting = _greeting(context, container, f"{_HOLDERS[segments[6].lower()]}: '{segments[7]}', Replica: '{replica}'")
    return Reply(200, _encoded(chain(greeting, log), text=text), {"Content-Type": "text/plain; charset=utf-8"})


def _greeting(context: Context, container: str, place: str) -> list[str]:
    stamp = timestamp(context.now).rstrip("Z")
    said = (f"Connecting to the container '{container}'...", f"Successfully Connected to container: '{container}' [{place}]")
    return [json.dumps({"TimeStamp": stamp, "Log": text}) for text in said]


def _encoded(lines: Iterable[str], *, text: bool) -> Iterator[bytes]:
    for line in lines:
        yield (_as_text(line) if text else line).encode() + b"\n"


def _as_text(line: str) -> str:
    return str(json.loads(line)["Log"])


def list_execution_replicas(context: Context, address: Address, call: Call) -> Reply:
    """The replicas that an execution of a job had, the latest first."""
    require_stream_version(call, "jobs/executions/replicas")
    execution = context.store.get(address.key)
    if execution is None:
        raise refusals.not_found(address)
    names = context.runtime.execution_replicas(execution)
    containers = [item["name"] for item in execution.properties["template"]["containers"]]
    value: list[dict[str, Any]] = [
        {
            "id": f"{execution.id}/replicas/{name}",
            "name": name,
            "type": REPLICA_TYPE,
            "properties": {"containers": [{"name": container} for container in containers], "initContainers": []},
        }
        for name in names
    ]
    return Reply(200, {"value": value})


_APP_STREAM = "/containerApps/<app>/revisions/<revision>/replicas/<replica>/containers/<container>"
_JOB_STREAM = "/jobs/<job>/executions/<execution>/replicas/<replica>/containers/<container>"
ROUTES = [
    Route(method="GET", rule=f"{GROUP}{_APP_STREAM}/logstream", endpoint=_stream, summary="console log of an app's container"),
    Route(method="GET", rule=f"{GROUP}{_JOB_STREAM}/logstream", endpoint=_stream, summary="console log of a job's container"),
]
