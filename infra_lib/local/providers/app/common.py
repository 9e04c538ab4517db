"""What the types of Microsoft.App have in common: the envelope, containers and secrets."""

from __future__ import annotations

import re
import secrets
import string
from typing import Any

from infra_lib.local import lifecycle, locations
from infra_lib.local.addresses import Address, parse
from infra_lib.local.context import Context
from infra_lib.local.operations import timestamp
from infra_lib.local.protocol import Call, ServiceError
from infra_lib.local.providers.app import profiles
from infra_lib.local.providers.values import at, filled, one_of, properties_of, whole_number
from infra_lib.local.store import Record
from infra_lib.local.types import Body, ResourceType

API_VERSIONS = (
    "2022-03-01", "2022-10-01", "2023-05-01", "2023-05-02-preview", "2023-08-01-preview", "2023-11-02-preview",
    "2024-02-02-preview", "2024-03-01", "2024-08-02-preview", "2024-10-02-preview", "2025-01-01", "2025-02-02-preview",
    "2025-07-01", "2026-01-01", "2026-07-01",
)  # fmt: skip
REPLICA_TYPE = "Microsoft.App/containerapps/revisions/replicas"
NAME = re.compile(r"(?=.{2,32}\Z)[a-z]([a-z0-9]|-(?!-))*[a-z0-9]")
_SECRET_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
_CONTAINER_NAME = re.compile(r"(?=.{1,63}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_VOLUME_TYPES = ("AzureFile", "EmptyDir", "Secret", "NfsAzureFile", "Smb")
_NAMED_STORAGE = ("azurefile", "nfsazurefile", "smb")
_CONTAINER_SHAPE = {
    "name": str,
    "image": str,
    "command": [str],
    "args": [str],
    "env": [{"name": str, "secretRef": str}],
    "resources": {"cpu": float, "memory": str},
    "probes": [{"type": str, "httpGet": {}, "tcpSocket": {}}],
    "volumeMounts": [{"volumeName": str, "mountPath": str}],
}
TEMPLATE_SHAPE = {
    "containers": [_CONTAINER_SHAPE],
    "initContainers": [_CONTAINER_SHAPE],
    "volumes": [{"name": str, "storageType": str, "storageName": str}],
    "scale": {"minReplicas": int, "maxReplicas": int, "rules": [{"name": str}]},
    "revisionSuffix": str,
}
SECRETS_SHAPE = {
    "secrets": [{"name": str, "value": str, "keyVaultUrl": str, "identity": str}],
    "registries": [{"server": str, "username": str, "passwordSecretRef": str, "identity": str}],
}
_PROBE_LIMITS = {"initialDelaySeconds": (0, 60), "periodSeconds": (1, 240), "timeoutSeconds": (1, 240),
                 "successThreshold": (1, 10), "failureThreshold": (1, 48)}  # fmt: skip
_RANDOM = string.ascii_lowercase + string.digits


def random_suffix() -> str:
    """Seven characters, as in the names of revisions and executions."""
    return "".join(secrets.choice(_RANDOM) for _ in range(7))


def forget_runs(context: Context, record: Record) -> None:
    """An app or job is deleted: so is what runs of it."""
    context.runtime.forget(record)


def presented(_context: Context, record: Record, call: Call) -> Body:
    """The body as it is read: times without an offset, the address of its events on the service as the client reached it.

    A job's events have the address of an app's (recorded traffic: Azure/azure-cli-extensions, containerapp's recordings).
    """
    group, _, rest = record.id.partition("/providers/Microsoft.App/")
    kind, _, name = rest.partition("/")
    events = f"{call.origin}{group}/{'containerApps' if kind == 'jobs' else kind}/{name}/eventstream"
    times = {name: value.rstrip("Z") if name.endswith("At") else value for name, value in record.body["systemData"].items()}
    return {**record.body, "systemData": times, "properties": {**record.properties, "eventStreamEndpoint": events}}


def whole_seconds(seconds: float) -> str:
    """The form of times in revisions and executions: ``2026-01-31T09:30:00+00:00``."""
    return f"{timestamp(seconds)[:19]}+00:00"


def system_data(context: Context, existing: Record | None) -> Body:
    """Who made it and changed it, and when."""
    now = timestamp(context.now)
    held = existing.body.get("systemData", {}) if existing is not None else {}
    return {
        "createdBy": "local",
        "createdByType": "User",
        "createdAt": held.get("createdAt", now),
        "lastModifiedBy": "local",
        "lastModifiedByType": "User",
        "lastModifiedAt": now,
    }


def envelope(context: Context, type_: ResourceType, address: Address, body: Body, existing: Record | None) -> Body:
    """An app or a job as it is shown, but for its properties."""
    shown = lifecycle.envelope(context, type_, address, body, existing)
    shown["location"] = locations.display_name(shown["location"])
    shown["systemData"] = system_data(context, existing)
    shown.setdefault("identity", {"type": "None"})
    return shown


def refuse(code: str, message: str, target: str | None = None) -> ServiceError:
    """A refusal of a request's content."""
    return ServiceError(400, code, message, target=target, by_gateway=False)


# ---------------------------------------------------------------------------------------------- checks of a body alone


def check_template(template: Any, secret_names: set[str]) -> None:
    """Refuse containers, probes and volumes that the service would refuse."""
    containers = at(template, "containers")
    if not isinstance(containers, list) or not containers:
        raise refuse("ContainerAppContainersRequired", "properties.template.containers needs at least one container.")
    volumes = at(template, "volumes") or []
    volume_names = {volume.get("name") for volume in volumes}
    seen: set[str] = set()
    for container in [*containers, *(at(template, "initContainers") or [])]:
        _check_container(container, secret_names, volume_names)
        if container["name"] in seen:
            raise refuse("ContainerAppDuplicateContainerName", f"Two containers have the name '{container['name']}'.")
        seen.add(container["name"])
    for volume in volumes:
        name = volume.get("name")
        one_of(volume.get("storageType"), _VOLUME_TYPES, f"volume '{name}': storageType")
        if str(volume.get("storageType")).lower() in _NAMED_STORAGE and not volume.get("storageName"):
            raise refuse("ContainerAppVolumeStorageNameRequired", f"Volume '{name}' needs a storageName.")


def _check_container(container: Any, secret_names: set[str], volume_names: set[Any]) -> None:
    name = at(container, "name")
    if not isinstance(name, str) or not _CONTAINER_NAME.fullmatch(name):
        raise refuse(
            "ContainerAppInvalidContainerName", f"The container name '{name}' is invalid: lower-case letters, digits and '-'."
        )
    if not container.get("image"):
        raise refuse("ContainerAppImageRequired", f"Container '{name}' needs an image.")
    for variable in container.get("env") or []:
        reference = variable.get("secretRef")
        if reference and reference not in secret_names:
            raise refuse(
                "ContainerAppSecretRefNotFound",
                f"SecretRef '{reference}' defined for container '{name}' not found.",
                target=variable.get("name"),
            )
    for mount in container.get("volumeMounts") or []:
        if mount.get("volumeName") not in volume_names:
            raise refuse(
                "ContainerAppVolumeNotFound",
                f"Container '{name}' mounts volume '{mount.get('volumeName')}', which is not declared.",
            )
    kinds = [str(probe.get("type")).lower() for probe in container.get("probes") or []]
    if len(kinds) != len(set(kinds)):
        raise refuse("ContainerAppProbeInvalid", f"Container '{name}' has more than one probe of a type.")
    for probe in container.get("probes") or []:
        one_of(probe.get("type"), ("Liveness", "Readiness", "Startup"), f"container '{name}': probe type")
        for limit, (least, most) in _PROBE_LIMITS.items():
            whole_number(
                probe.get(limit),
                f"container '{name}': {probe.get('type')} probe {limit}",
                least,
                most,
                "ContainerAppProbeInvalid",
            )


def check_secrets(configuration: Any) -> set[str]:
    """Refuse secrets that the service would refuse; the names of the others."""
    names: set[str] = set()
    for secret in at(configuration, "secrets") or []:
        name = at(secret, "name")
        if not isinstance(name, str) or not _SECRET_NAME.fullmatch(name):
            raise refuse(
                "ContainerAppSecretNameInvalid",
                f"The secret name '{name}' is invalid: lower-case letters, digits, '-' and '.', beginning and ending "
                "with a letter or digit.",
            )
        if name in names:
            raise refuse("ContainerAppSecretDuplicate", f"The secret '{name}' is given twice.")
        if not secret.get("value") and not secret.get("keyVaultUrl"):
            raise refuse("ContainerAppSecretInvalid", f"The secret '{name}' needs a value or a keyVaultUrl.", target=name)
        names.add(name)
    for registry in at(configuration, "registries") or []:
        reference = registry.get("passwordSecretRef")
        if reference and reference not in names:
            raise refuse(
                "ContainerAppRegistriesPasswordSecretRefNotFound",
                f"PasswordSecretRef '{reference}' defined for registry server '{registry.get('server')}' not found.",
            )
    return names


def shown_registries(registries: Any) -> list[Body] | None:
    """Registries as a GET shows them: with all their members."""
    if not registries:
        return None
    return [filled(pruned(item), {"server": "", "username": "", "passwordSecretRef": "", "identity": ""}) for item in registries]


def shown_secrets(secrets_given: Any) -> list[Body] | None:
    """Secrets as a GET shows them: without values."""
    if not secrets_given:
        return None
    return [{name: value for name, value in secret.items() if value and name != "value"} for secret in secrets_given]


def listed_secrets(secrets_given: list[Body]) -> list[Body]:
    """Secrets with their values, as listSecrets gives them."""
    return [{name: value for name, value in secret.items() if value} for secret in secrets_given]


# ---------------------------------------------------------------------------------------------- checks against the environment


def require_environment(context: Context, address: Address, body: Body, kind: str) -> Record:
    """The environment that an app or job is put into."""
    properties = body.get("properties") or {}
    environment_id = properties.get("environmentId") or properties.get("managedEnvironmentId")
    if not isinstance(environment_id, str) or not environment_id:
        raise refuse("InvalidRequestContent", f"The {kind} '{address.name}' needs properties.environmentId.")
    environment = context.store.get(parse(environment_id).key)
    if environment is not None and environment.type != "microsoft.app/managedenvironments":
        raise refuse(
            "InvalidRequestContent",
            f"The environment '{environment_id}' of {kind} '{address.name}' is no managed environment; the local target has no "
            "others.",
        )
    if environment is None:
        raise refuse(
            "ManagedEnvironmentNotFound", f"The environment '{environment_id}' of {kind} '{address.name}' does not exist."
        )
    here, there = (locations.normalize(str(item)) for item in (body.get("location"), environment.body["location"]))
    if here != there:
        raise refuse(
            "InvalidLocation",
            f"The {kind} '{address.name}' must be in the location of its environment, which is '{there}', not '{here}'.",
        )
    return environment


def place(context: Context, address: Address, body: Body, kind: str) -> tuple[Record, str | None]:
    """The environment and the workload profile that an app or job runs in, once it is known to fit there."""
    properties = properties_of(body)
    environment = require_environment(context, address, body, kind)
    profile = profile_name(environment, properties.get("workloadProfileName"), address.name)
    check_fit(context, environment, profile, properties["template"], address.name)
    return environment, profile


def profile_name(environment: Record, wanted: Any, name: str) -> str | None:
    """The workload profile to run on: the one asked for, which the environment must have, else Consumption."""
    held = {profile["name"].lower(): profile for profile in environment.properties.get("workloadProfiles") or []}
    if not wanted:
        return "Consumption" if held else None
    if str(wanted).lower() not in held and not (str(wanted).lower() == "consumption" and not held):
        raise refuse(
            "WorkloadProfileNotFound",
            f"The workload profile '{wanted}' of '{name}' is not one of its environment: "
            f"{', '.join(p['name'] for p in held.values()) or 'none'}.",
        )
    return str(held[str(wanted).lower()]["name"]) if held else "Consumption"


def check_fit(context: Context, environment: Record, profile: str | None, template: Any, name: str) -> None:
    """Refuse containers that do not fit the workload profile, and volumes whose storage the environment lacks."""
    held = {item["name"]: item["workloadProfileType"] for item in environment.properties.get("workloadProfiles") or []}
    profiles.check_size(
        held.get(profile or "", profiles.CONSUMPTION), [resources_of(item) for item in template["containers"]], name
    )
    for volume in template.get("volumes") or []:
        if str(volume.get("storageType")).lower() in _NAMED_STORAGE:
            storage = f"{environment.key}/storages/{str(volume['storageName']).lower()}"
            if not context.store.exists(storage):
                raise refuse(
                    "ManagedEnvironmentStorageNotFound",
                    f"The volume '{volume.get('name')}' of '{name}' uses storage '{volume['storageName']}', which environment "
                    f"'{environment.body['name']}' does not have.",
                )


def resources_of(container: Body) -> Body:
    """What a container asks for, with the defaults."""
    resources = filled(container.get("resources"), {"cpu": 0.5, "memory": "1Gi"})
    cpu = float(resources["cpu"])
    resources["ephemeralStorage"] = "1Gi" if cpu <= 0.25 else "2Gi" if cpu <= 0.5 else "4Gi" if cpu <= 1 else "8Gi"
    return resources


def complete_template(template: Body) -> Body:
    """A template as it is shown: containers with their resources, what is not set as null."""
    shown = {"initContainers": None, "volumes": None, **template}
    for name in ("containers", "initContainers"):
        if template.get(name):
            shown[name] = [{**item, "resources": resources_of(item)} for item in pruned(template[name])]
    shown["volumes"] = pruned(shown["volumes"]) or None
    return shown


def pruned(value: Any) -> Any:
    """A value without the nulls in it: what lists hold is shown without them."""
    if isinstance(value, dict):
        return {name: pruned(member) for name, member in value.items() if member is not None}
    return [pruned(item) for item in value] if isinstance(value, list) else value
