"""Time: the clock, the pace of long-running operations, and the operations themselves."""

from __future__ import annotations

import base64
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra_lib.local.protocol import Call, Reply, ServiceError

if TYPE_CHECKING:
    from infra_lib.local.context import Context

Pace = float | Mapping[str, float]
"""How long an operation takes, in seconds: one number for all, or by resource type (``*`` for the others)."""

RETRY_AFTER = "1"
KEPT = 24 * 3600.0
_TERMINAL_OK = "Succeeded"
_RESULT_COLLECTIONS = ("operationresults", "asyncoperations")
# Operations of this namespace tell no end, and their times have no offset.
_BARE_NAMESPACE = "/providers/microsoft.app/"


class Clock:
    """Seconds since the epoch. A virtual clock runs with the real one and jumps ahead when somebody sleeps."""

    def __init__(self, *, virtual: bool) -> None:
        self.virtual = virtual
        self._ahead = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """The time."""
        return time.time() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass: in no time on a virtual clock."""
        if self.virtual:
            with self._lock:
                self._ahead += seconds
        else:
            time.sleep(seconds)


def seconds_for(pace: Pace, resource_type: str) -> float:
    """How long an operation on this type takes."""
    if isinstance(pace, Mapping):
        lowered = {name.lower(): seconds for name, seconds in pace.items()}
        return lowered.get(resource_type.lower(), lowered.get("*", 0.0))
    return pace


def timestamp(seconds: float) -> str:
    """The service's form of a time: ``2026-01-31T09:30:00.1234567Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def duration(seconds: float) -> str:
    """The service's form of a length of time: ``PT1M2.5S``."""
    seconds = max(seconds, 0.0)
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{rest:.7f}".rstrip("0").rstrip(".")
    return "PT" + (f"{int(hours)}H" if hours else "") + (f"{int(minutes)}M" if minutes else "") + f"{text}S"


def begin(
    context: Context,
    *,
    due: float,
    collection: str,
    subject: str = "",
    result: Any = None,
    error: dict[str, Any] | None = None,
    gone: bool = False,
) -> str:
    """Keep a long-running operation that ends at ``due``; its path.

    ``collection`` is the path under which the service shows it; where that is called Statuses or Results, it is found under the
    other name, too. ``subject`` is the id of the resource that a poll of its result gives back; ``result`` is a body to give
    instead, ``gone`` has it answer 204. ``error`` makes it fail.
    """
    identifier = str(uuid.uuid4())
    if collection.endswith("/operationresults"):
        identifier = base64.urlsafe_b64encode(identifier.encode()).decode().rstrip("=")
    path = f"{collection}/{identifier}"
    context.store.forget_statuses(context.now - KEPT)
    document = {"id": path, "name": identifier, "start": context.now, "due": due, "subject": subject, "result": result}
    context.store.put_status(_key(path), due, {**document, "error": error, "gone": gone})
    return path


def _key(path: str) -> str:
    return path.lower().replace("operationresults/", "operationstatuses/")


def _find(context: Context, call: Call) -> dict[str, Any]:
    document = context.store.get_status(_key(call.path))
    if document is None:
        raise ServiceError(404, "OperationNotFound", f"The operation '{call.path}' could not be found.")
    return document


def status(context: Context, call: Call) -> Reply:
    """Answer a poll of an ``Azure-AsyncOperation`` address."""
    operation = _find(context, call)
    bare = _BARE_NAMESPACE in call.path.lower()
    start = timestamp(operation["start"])
    body: dict[str, Any] = {"id": call.path, "name": operation["name"], "startTime": start.rstrip("Z") if bare else start}
    if context.now < operation["due"]:
        return Reply(200, {**body, "status": "InProgress"}, {"Retry-After": RETRY_AFTER})
    if not bare:
        body["endTime"] = timestamp(operation["due"])
    if operation["error"]:
        return Reply(200, {**body, "status": "Failed", "error": operation["error"]})
    return Reply(200, {**body, "status": _TERMINAL_OK})


def result(context: Context, call: Call) -> Reply:
    """Answer a poll of a ``Location`` address: 202 while it runs, then what the operation results in."""
    operation = _find(context, call)
    if context.now < operation["due"]:
        # A query, so that the path (and with it the operation) stays the same.
        return Reply(202, None, {"Location": f"{call.origin}{call.raw_path}?{call.raw_query}", "Retry-After": RETRY_AFTER})
    if operation["error"]:
        return Reply(operation["error"].get("status", 409), {"error": operation["error"]})
    if operation.get("gone"):
        return Reply(204)
    if operation["subject"]:
        return context.dispatch("GET", operation["subject"], call)
    return Reply(200, operation["result"])


def poll(context: Context, call: Call) -> Reply:
    """Answer a poll of an operation of a provider's location, by the name of the collection that it is in."""
    collection = call.path.rsplit("/", 2)[1].lower()
    return result(context, call) if collection.endswith(_RESULT_COLLECTIONS) else status(context, call)
