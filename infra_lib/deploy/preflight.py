"""What would stop a deployment, asked before the first write: names that are taken, profiles and quotas, locks, registrations.

Each check is a question to the service; a question that may not be asked (no permission) or that a service does not answer says
nothing, and the deployment itself will tell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra_lib.arm.ids import ResourceId
from infra_lib.deploy.discover import read_resource
from infra_lib.deploy.execute import RUNNING_STATES, deployment_state
from infra_lib.errors import InputError
from infra_lib.planning.compare import normalize_location
from infra_lib.planning.model import Change

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target

_STORAGE_ACCOUNTS = "microsoft.storage/storageaccounts"
_ENVIRONMENTS = "microsoft.app/managedenvironments"

_LOCKS_VERSION = "2020-05-01"

# The quota of a location that a family of workload profiles counts against, under the names that it has had, and the cards that
# one instance of a type has.
_GPU_QUOTAS = ("SubscriptionDedicatedNCA100Gpus", "SubscriptionNCA100Gpus")
_GPUS = {"nc24-a100": 1, "nc48-a100": 2, "nc96-a100": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What was found: the reason by lower-case resource id, and the resource providers that have to be registered first."""

    reasons: Mapping[str, str]
    unregistered: tuple[str, ...]


def preflight(target: Target, changes: Sequence[Change], scope: str) -> Preflight:
    """Ask the service about everything that a plan would write at ``scope``."""
    written = [change for change in changes if change.writes and change.resource.is_known]
    if not written:
        return Preflight(reasons={}, unregistered=())
    planned = {change.resource.id.lower() for change in changes}
    namespaces = sorted({change.resource.type.partition("/")[0] for change in written}, key=str.lower)
    questions: list[Callable[[], tuple[str, str] | None]] = [
        *(_question(_taken_name, target, change) for change in written if _is_new_account(change)),
        *(_question(_profiles, target, change) for change in written if change.resource.type.lower() == _ENVIRONMENTS),
    ]
    questions += [_question(_missing_parent, target, change) for change in written if _needs_parent(change, planned, scope)]
    registrations: list[Callable[[], str | None]] = [_registration(target, namespace) for namespace in namespaces]
    answers = _ask([*questions, *registrations, lambda: _locks(target, scope)])
    reasons = dict(answer for answer in answers[: len(questions)] if answer is not None)
    for change in written:
        if (reason := _locked(change, answers[-1] or [])) is not None:
            reasons.setdefault(change.resource.id.lower(), reason)
    missing = tuple(answer for answer in answers[len(questions) : -1] if answer is not None)
    return Preflight(reasons=reasons, unregistered=missing)


def register(target: Target, namespaces: Iterable[str]) -> None:
    """Register resource providers in the target's subscription and wait until they are. Raises DeploymentError."""
    from azure.core.exceptions import HttpResponseError

    from infra_lib.deploy.failures import failure

    for namespace in namespaces:
        try:
            state = target.resources.providers.register(namespace).registration_state
            while state in ("Registering", "Pending"):
                target.sleep(5)
                state = target.resources.providers.get(namespace).registration_state
        except HttpResponseError as error:
            raise failure(error, f"registering resource provider {namespace}") from error


def running_deployment(target: Target, scope: str, name: str) -> str | None:
    """The state of a deployment of that name at ``scope`` while it runs, else None."""
    from azure.core.exceptions import HttpResponseError

    try:
        state = deployment_state(target, scope=scope, name=name)
    except HttpResponseError:
        return None
    return state if state in RUNNING_STATES else None


def _ask(questions: Sequence[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(max_workers=min(8, len(questions)), thread_name_prefix="preflight") as pool:
        return list(pool.map(lambda question: question(), questions))


def _question(
    check: Callable[[Target, Change], str | None], target: Target, change: Change
) -> Callable[[], tuple[str, str] | None]:
    def ask() -> tuple[str, str] | None:
        from azure.core.exceptions import HttpResponseError

        try:
            reason = check(target, change)
        except HttpResponseError:
            return None
        return None if reason is None else (change.resource.id.lower(), reason)

    return ask


def _is_new_account(change: Change) -> bool:
    return change.action == "create" and change.resource.type.lower() == _STORAGE_ACCOUNTS


def _needs_parent(change: Change, planned: Collection[str], scope: str) -> bool:
    """True for a child that is created below something that the plan does not have; in a scope to be made all are planned."""
    parent = _parent(change.resource.id)
    return bool(scope) and change.action == "create" and parent is not None and str(parent).lower() not in planned


def _parent(resource_id: str) -> ResourceId | None:
    try:
        return ResourceId.parse(resource_id).holder
    except InputError:
        return None


def _missing_parent(target: Target, change: Change) -> str | None:
    """A child whose parent is not there; where another resource group has one of that name, it says so."""
    parent = _parent(change.resource.id)
    if parent is None or read_resource(target, str(parent), change.resource.api_version).status != "missing":
        return None
    text = f"lies below {parent.type} '{parent.name}', which is not in {parent.resource_group or parent.scope}"
    if len(parent.names) > 1 or parent.resource_group is None:
        return text
    wanted = f"resourceType eq '{parent.type}' and name eq '{parent.name}'"
    others = (str(item.id) for item in target.resources.resources.list(filter=wanted))
    groups = sorted({ResourceId.parse(item).resource_group or "" for item in others if item.rpartition("/")[2] == parent.name})
    return f"{text}, but in {', '.join(groups)}: bind it with --use" if groups else text


def _taken_name(target: Target, change: Change) -> str | None:
    from azure.mgmt.storage.models import StorageAccountCheckNameAvailabilityParameters

    question = StorageAccountCheckNameAvailabilityParameters(name=change.resource.name)
    answer = target.storage.storage_accounts.check_name_availability(question)
    if answer.name_available is not False:
        return None
    return f"cannot get that name: {answer.message or answer.reason}"


def _profiles(target: Target, change: Change) -> str | None:
    """A workload profile that the location does not offer, or whose quota is short."""
    body = change.resource.body
    location = body.get("location")
    profiles = (body.get("properties") or {}).get("workloadProfiles") or []
    wanted = [item for item in profiles if isinstance(item, Mapping) and isinstance(item.get("workloadProfileType"), str)]
    if not isinstance(location, str) or not wanted:
        return None
    location = normalize_location(location)
    offered = {str(item.name).lower() for item in target.container_apps.available_workload_profiles.get(location)}
    for item in wanted:
        kind = item["workloadProfileType"]
        if offered and kind.lower() not in offered:
            return f"wants the workload profile type {kind}, which {location} does not offer"
    if not any(item["workloadProfileType"].lower() in _GPUS for item in wanted):
        return None
    return _short_quota(target, location, wanted)


def _short_quota(target: Target, location: str, profiles: Iterable[Mapping[str, Any]]) -> str | None:
    needed = 0
    for item in profiles:
        count = item.get("maximumCount")
        if isinstance(count, int):
            needed += count * _GPUS.get(str(item["workloadProfileType"]).lower(), 0)
    for usage in target.container_apps.usages.list(location):
        if usage.name is not None and usage.name.value in _GPU_QUOTAS:
            limit = int(usage.limit or 0)
            if needed > limit:
                return f"may scale to {needed} GPUs, but the quota {usage.name.value} of {location} is {limit}"
    return None


def _registration(target: Target, namespace: str) -> Callable[[], str | None]:
    def ask() -> str | None:
        from azure.core.exceptions import HttpResponseError

        try:
            state = target.resources.providers.get(namespace).registration_state
        except HttpResponseError:
            return None
        return namespace if str(getattr(state, "value", state)) in ("NotRegistered", "Unregistered") else None

    return ask


def _locks(target: Target, scope: str) -> list[tuple[str, str]]:
    """The read-only locks at the scope and below: (the locked id, the lock's name). A scope to be made yet has none."""
    from azure.core.exceptions import HttpResponseError
    from azure.core.rest import HttpRequest

    if not scope:
        return []
    url = f"{target.endpoint.rstrip('/')}{scope}/providers/Microsoft.Authorization/locks"
    try:
        response = target.resources.send_request(HttpRequest("GET", url, params={"api-version": _LOCKS_VERSION}))
        response.raise_for_status()
    except HttpResponseError:
        return []
    return list(_read_only(response.json().get("value") or []))


def _read_only(locks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for lock in locks:
        locked, _, name = str(lock.get("id", "")).rpartition("/providers/Microsoft.Authorization/locks/")
        if str((lock.get("properties") or {}).get("level")) == "ReadOnly" and locked:
            yield locked.lower(), name


def _locked(change: Change, locks: Iterable[tuple[str, str]]) -> str | None:
    resource_id = change.resource.id.lower()
    for locked, name in locks:
        if resource_id == locked or resource_id.startswith(locked + "/"):
            return f"is locked read-only by '{name}'"
    return None
