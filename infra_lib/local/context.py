"""What a handler works with: the store, the time, the types that are known, and a way to call the service itself."""

from __future__ import annotations

import fnmatch
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra_lib.local.addresses import parse
from infra_lib.local.operations import Clock, Pace, seconds_for
from infra_lib.local.protocol import Call, Reply, ServiceError, error_body
from infra_lib.local.runtime import NoRuntime, Runtime
from infra_lib.local.store import Record, Store

if TYPE_CHECKING:
    from infra_lib.arm.deployment import PreparedDeployment
    from infra_lib.local.types import ResourceType

SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000000"
TENANT_ID = "00000000-0000-0000-0000-000000000000"
_NAMESPACE = uuid.UUID("2f6e2a44-6c0f-5a0e-9f43-0c0f4d6f7a11")


@dataclass(slots=True, kw_only=True)
class Fault:
    """A failure asked for, so that a caller's way of dealing with it can be tried.

    ``path`` is a pattern (``*`` for anything, casing ignored) of the request's path, ``method`` its method. It happens
    ``times`` times. ``late``: a write is taken and then fails while it is carried out; else the request itself is refused
    with ``status``.
    """

    method: str
    path: str
    code: str
    message: str
    status: int = 409
    times: int = 1
    late: bool = False
    retry_after: int | None = None

    def matches(self, method: str, path: str) -> bool:
        """Whether it is meant for this request."""
        return self.times > 0 and self.method == method and fnmatch.fnmatchcase(path.lower(), self.path.lower())


class Context:
    """One for a service. ``now`` is the time of the request, or of the event, that is being dealt with.

    ``replaying`` is True while past events are carried out, ``prepared`` holds the running deployments by key, ``advancing`` the
    keys of those that are being carried on with right now.
    """

    def __init__(self, store: Store, clock: Clock, pace: Pace, types: Mapping[str, ResourceType]) -> None:
        self.store = store
        self.clock = clock
        self.pace = pace
        self.types = types
        self.now = clock.now()
        self.subscription_id = SUBSCRIPTION_ID
        self.subscriptions = frozenset({SUBSCRIPTION_ID})
        self.faults: list[Fault] = []
        self.runtime: Runtime = NoRuntime()
        self.prepared: dict[str, PreparedDeployment] = {}
        self.replaying = False
        self.advancing: set[str] = set()
        self.answer: Callable[[Call], Reply] = _not_connected

    def due(self, resource_type: str) -> float:
        """When an operation on this type that begins now will be done."""
        return self.now + seconds_for(self.pace, resource_type)

    def find(self, resource_id: str) -> Record | None:
        """A resource by id, also one that exists without having been written."""
        address = parse(resource_id)
        record = self.store.get(address.key)
        if record is None:
            kind = self.types.get(address.type.lower())
            if kind is not None and kind.implicit is not None:
                return kind.implicit(self, address)
        return record

    def dispatch(self, method: str, path: str, like: Call, body: bytes = b"", api_version: str | None = None) -> Reply:
        """Call the service itself, as a client of the same address would. Raises ServiceError as the handler does."""
        version = api_version or like.query.get("api-version", "")
        return self.answer(Call(method, path, query=f"api-version={version}", body=body, origin=like.origin))

    def guid(self, *parts: str) -> str:
        """An identifier that belongs to a resource: the same each time it is made of the same parts."""
        return str(uuid.uuid5(_NAMESPACE, "\n".join(part.lower() for part in parts)))

    def unregistered(self) -> list[str]:
        """The namespaces (lower-cased) that the subscription has unregistered."""
        names: list[str] = self.store.get_setting("unregistered", [])
        return names

    def refuse_if_asked(self, call: Call) -> None:
        """Raise the failure that was asked for this request, if one was."""
        fault = self.take_fault(call.method, call.path)
        if fault is not None:
            headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else None
            raise ServiceError(fault.status, fault.code, fault.message, headers=headers)

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The failure that was asked for a request, counted as happened; None when none was."""
        for fault in self.faults:
            if not fault.late and fault.matches(method, path):
                fault.times -= 1
                return fault
        return None

    def remove(self, key: str) -> None:
        """Delete a resource and all below it, as its type does. Call it within a transaction."""
        from infra_lib.local.lifecycle import drop

        drop(self, key)

    def take_late_failure(self, resource_id: str) -> dict[str, Any] | None:
        """The error with which the write of this resource is to fail while it is carried out; None for it to succeed."""
        for fault in self.faults:
            if fault.late and fault.matches("PUT", resource_id):
                fault.times -= 1
                return error_body(fault.code, fault.message)
        return None


def _not_connected(_call: Call) -> Any:
    raise RuntimeError("the context belongs to no service")
