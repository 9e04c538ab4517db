"""Applying: one deployment, followed to its end."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from infra_lib.deploy.failures import describe_error, error_body, failure
from infra_lib.deploy.progress import Event, Listener, State, ignore
from infra_lib.deploy.wire import raw_body, text_of
from infra_lib.errors import DeploymentError, InputError

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError
    from azure.core.polling import LROPoller

    from infra_lib.deploy.target import Target

# Another writer is at work on the same resource; the same request succeeds later (microsoft/azure-container-apps#701).
_IN_PROGRESS = re.compile(r"\w*OperationInProgress|AnotherOperationInProgress|OperationNotAllowedOnResourceBeingUpdated")
_RETRIES = 6
_FIRST_RETRY_SECONDS = 10.0

_NO_SUCH_LOCATION = ("LocationNotAvailableForResourceGroup", "LocationNotAvailableForResourceType", "InvalidLocation")

RUNNING_STATES = ("Accepted", "Running", "Creating", "Deleting", "Updating")
"""A deployment's states while it goes on."""

_STATES: dict[str, State] = {"Succeeded": "succeeded", "Failed": "failed", "Canceled": "canceled", "Running": "running"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a deployment did to one resource. ``seconds`` is how long it took, None while it runs."""

    resource_id: str
    resource_type: str
    name: str
    action: str
    state: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment that has ended well.

    ``outputs`` are plain values by name; the value of a secure output is not given by the service and shows as None.
    ``duration`` is in seconds. ``sent`` is False where there was nothing to write: then no deployment was made and ``id`` is
    empty.
    """

    id: str
    name: str
    target: str
    outputs: Mapping[str, Any]
    operations: tuple[Operation, ...] = ()
    duration: float = 0.0
    sent: bool = True


def resource_group_location(target: Target, name: str) -> str | None:
    """The location of a resource group, or None where it does not exist. Raises DeploymentError when it may not be read."""
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    try:
        return target.resources.resource_groups.get(name).location
    except ResourceNotFoundError:
        return None
    except HttpResponseError as error:
        raise failure(error, f"reading resource group '{name}'") from error


def create_resource_group(target: Target, name: str, location: str, tags: Mapping[str, str] | None = None) -> None:
    """Create a resource group. Raises DeploymentError with the service's reason."""
    from azure.core.exceptions import HttpResponseError
    from azure.mgmt.resource.resources.models import ResourceGroup

    group = ResourceGroup(location=location, tags=dict(tags) if tags else None)
    try:
        target.resources.resource_groups.create_or_update(name, group)
    except HttpResponseError as error:
        if error_body(error).get("code") in _NO_SUCH_LOCATION:
            message = f"'{location}' is no location for a resource group: write one such as westeurope or eastus2."
            raise InputError(message) from error
        raise failure(error, f"creating resource group '{name}' in {location}") from error


def deployment_name(stem: str) -> str:
    """A file's stem as a deployment name: letters, digits and ``-_.()``, at most 64 characters."""
    return re.sub(r"[^-\w.()]", "-", stem)[:64] or "main"


def deploy(
    target: Target,
    *,
    scope: str,
    name: str,
    template: Mapping[str, Any],
    parameters: Mapping[str, Any],
    location: str | None = None,
    tags: Mapping[str, str] | None = None,
    listener: Listener = ignore,
) -> Deployment:
    """Deploy a template at ``scope`` (``/subscriptions/S/resourceGroups/G``) and follow it to its end.

    ``parameters`` is the section of a parameter file. ``location`` is where the deployment's record is kept, for scopes above a
    resource group. A resource that is busy is tried again with growing pauses, which the listener is told.

    Raises DeploymentError with a cause for each resource that failed. An interrupt (KeyboardInterrupt) leaves the deployment
    running in the service.
    """
    from azure.core.exceptions import HttpResponseError

    body: dict[str, Any] = {"properties": {"mode": "Incremental", "template": template, "parameters": parameters}}
    if location is not None:
        body["location"] = location
    if tags:
        body["tags"] = dict(tags)
    follower = _Follower(target, scope, name, listener)
    for attempt in range(_RETRIES + 1):
        try:
            poller = target.deployments.deployments.begin_create_or_update_at_scope(
                scope.lstrip("/"), name, cast(Any, body), polling_interval=5, cls=raw_body
            )
            result = follower.follow(poller)
            break
        except HttpResponseError as error:
            operations = follower.operations() if attempt == 0 or error.status_code != 400 else ()
            causes = describe_error(error_body(error))
            if attempt == _RETRIES or not causes or not all(_IN_PROGRESS.match(cause) for cause in causes):
                follower.report(operations)
                follower.tell("failed")
                raise _deployment_failed(error, name, causes) from error
            pause = _FIRST_RETRY_SECONDS * 2**attempt
            follower.tell("retrying", f"{causes[0]} Trying again in {pause:.0f} s.")
            target.sleep(pause)
    properties = result.get("properties", {})
    follower.tell("succeeded")
    return Deployment(
        id=str(result.get("id", "")),
        name=name,
        target=target.name,
        outputs=_named_outputs(template, properties.get("outputs") or {}),
        operations=follower.last,
        duration=follower.elapsed(),
    )


def _named_outputs(template: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs under the template's names: the service lower-cases the capitals that a name begins with."""
    names = {name.lower(): name for name in template.get("outputs") or {}}
    return {names.get(name.lower(), name): output.get("value") for name, output in outputs.items()}


def deployment_state(target: Target, *, scope: str, name: str) -> str:
    """The provisioning state of a deployment, ``Running`` and so on. Raises HttpResponseError where it cannot be read."""
    found = target.deployments.deployments.get_at_scope(scope.lstrip("/"), name)
    return text_of(found.properties.provisioning_state) if found.properties is not None else ""


def follow_running(target: Target, *, scope: str, name: str, listener: Listener = ignore) -> str:
    """Follow a deployment that runs already to its end, and return the state that it ended in (``Succeeded``, ``Failed``, ...).

    Raises DeploymentError where it can no longer be read.
    """
    from azure.core.exceptions import HttpResponseError

    follower = _Follower(target, scope, name, listener)
    follower.tell("started", "It runs already; following it to its end.")
    while True:
        try:
            state = deployment_state(target, scope=scope, name=name)
        except HttpResponseError as error:
            raise failure(error, f"following deployment '{name}'") from error
        follower.report(follower.operations())
        if state not in RUNNING_STATES:
            follower.tell(_STATES.get(state, "failed"))
            return state
        target.sleep(2)


class _Follower:
    """Watches a deployment's operations and tells the listener what changed."""

    def __init__(self, target: Target, scope: str, name: str, listener: Listener) -> None:
        self._target = target
        self._scope = scope
        self._name = name
        self._listener = listener
        self._began = time.monotonic()
        self._told: dict[str, str] = {}
        self.last: tuple[Operation, ...] = ()

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def tell(self, state: State, message: str = "") -> None:
        self._listener(Event(state=state, name=self._name, seconds=self.elapsed(), message=message))

    def follow(self, poller: LROPoller[Any]) -> dict[str, Any]:
        self.tell("started")
        pause = 0.05
        while True:
            poller.wait(pause)
            done = poller.done()
            self.report(self.operations())
            if done:
                result = poller.result()
                return result if isinstance(result, dict) else {}
            pause = min(pause * 2, 3.0)

    def operations(self) -> tuple[Operation, ...]:
        """The deployment's operations on resources as the service lists them; none where it cannot be asked."""
        from azure.core.exceptions import HttpResponseError

        try:
            listed = list(self._target.deployments.deployment_operations.list_at_scope(self._scope.lstrip("/"), self._name))
        except HttpResponseError:
            return ()
        return tuple(operation for item in listed if (operation := _operation(item)) is not None)

    def report(self, operations: tuple[Operation, ...]) -> None:
        self.last = operations or self.last
        for operation in operations:
            if self._told.get(operation.resource_id) == operation.state:
                continue
            self._told[operation.resource_id] = operation.state
            self._listener(
                Event(
                    state=_STATES.get(operation.state, "running"),
                    resource_id=operation.resource_id,
                    resource_type=operation.resource_type,
                    name=operation.name,
                    seconds=self.elapsed(),
                )
            )


def _operation(item: Any) -> Operation | None:
    properties = item.properties
    resource = properties.target_resource if properties is not None else None
    if resource is None or not resource.id:
        return None
    duration = properties.duration
    return Operation(
        resource_id=resource.id,
        resource_type=resource.resource_type or "",
        name=resource.resource_name or "",
        action=text_of(properties.provisioning_operation),
        state=text_of(properties.provisioning_state),
        seconds=duration.total_seconds() if hasattr(duration, "total_seconds") else _seconds(duration),
    )


_DURATION = re.compile(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?")


def _seconds(duration: str | None) -> float | None:
    match = _DURATION.fullmatch(duration) if duration else None
    if match is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _deployment_failed(error: HttpResponseError, name: str, causes: list[str]) -> DeploymentError:
    if causes:
        return DeploymentError(f"Deployment '{name}' failed.", causes)
    return failure(error, f"deploying '{name}'")
