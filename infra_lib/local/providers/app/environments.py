"""Microsoft.App/managedEnvironments, their storages, quotas, and the workload profiles of a location."""

from __future__ import annotations

import re
from typing import Any

from infra_lib.local import lifecycle, locations, refusals
from infra_lib.local.addresses import Address, parse
from infra_lib.local.context import Context
from infra_lib.local.protocol import Call, Reply, ServiceError
from infra_lib.local.providers.app import profiles
from infra_lib.local.providers.app.common import API_VERSIONS, presented, refuse, system_data
from infra_lib.local.providers.values import at, filled, one_of, properties_of, unchanged
from infra_lib.local.routes import SUBSCRIPTION, Route
from infra_lib.local.store import Record
from infra_lib.local.types import Body, NameRule, ResourceType

_WORDS = (
    "ashysand",
    "bluecliff",
    "calmfield",
    "kindrock",
    "mangopond",
    "orangebay",
    "politewave",
    "redhill",
    "salmonfog",
    "whitemoss",
)
_SECRET_PROPERTIES = ("daprAIInstrumentationKey", "daprAIConnectionString")
_DOMAIN_SECRETS = ("certificateValue", "certificatePassword")

_SHAPE = {
    "properties": {
        "appLogsConfiguration": {"destination": str, "logAnalyticsConfiguration": {"customerId": str, "sharedKey": str}},
        "vnetConfiguration": {"infrastructureSubnetId": str, "internal": bool},
        "zoneRedundant": bool,
        "workloadProfiles": [{"name": str, "workloadProfileType": str, "minimumCount": int, "maximumCount": int}],
        "customDomainConfiguration": {},
        "appInsightsConfiguration": {},
        "peerAuthentication": {"mtls": {"enabled": bool}},
        "peerTrafficConfiguration": {"encryption": {"enabled": bool}},
        "infrastructureResourceGroup": str,
    }
}
_FILE_SHAPE = {"accountName": str, "accountKey": str, "server": str, "shareName": str, "accessMode": str}
_STORAGE_SHAPE = {"properties": {"azureFile": _FILE_SHAPE, "nfsAzureFile": _FILE_SHAPE}}
_DEFAULTS: Body = {
    "daprAIInstrumentationKey": None,
    "daprAIConnectionString": None,
    "vnetConfiguration": None,
    "appLogsConfiguration": {"destination": None, "logAnalyticsConfiguration": None},
    "openTelemetryConfiguration": None,
    "zoneRedundant": False,
    "ingressConfiguration": None,
    "workloadProfiles": None,
    "appInsightsConfiguration": None,
    "infrastructureResourceGroup": None,
    "peerAuthentication": {"mtls": {"enabled": False}},
    "peerTrafficConfiguration": {"encryption": {"enabled": False}},
    "publicNetworkAccess": "Enabled",
}


def _check(_context: Context, address: Address, body: Body, existing: Record | None) -> None:
    properties = properties_of(body)
    logs = properties.get("appLogsConfiguration") or {}
    destination = logs.get("destination")
    one_of(destination or None, ("log-analytics", "azure-monitor", "none"), "properties.appLogsConfiguration.destination")
    if destination == "log-analytics":
        given = logs.get("logAnalyticsConfiguration") or {}
        if not given.get("customerId") or not given.get("sharedKey"):
            raise refuse(
                "InvalidLogAnalyticsConfiguration",
                f"The environment '{address.name}' sends logs to log-analytics, so "
                "appLogsConfiguration.logAnalyticsConfiguration "
                "needs customerId and sharedKey.",
            )
    profiles.check_profiles(properties.get("workloadProfiles"), locations.normalize(str(body.get("location", ""))))
    if properties.get("zoneRedundant") and not at(properties, "vnetConfiguration", "infrastructureSubnetId"):
        raise refuse(
            "ZoneRedundantRequiresVnet",
            f"The zone redundant environment '{address.name}' needs vnetConfiguration.infrastructureSubnetId.",
        )
    if existing is not None:
        held = existing.properties
        unchanged(properties.get("zoneRedundant"), held.get("zoneRedundant"), "properties.zoneRedundant", address.name)
        group = "infrastructureResourceGroup"
        unchanged(properties.get(group), held.get(group), f"properties.{group}", address.name)
        for name, wanted in (properties.get("vnetConfiguration") or {}).items():
            unchanged(wanted, at(held, "vnetConfiguration", name), f"properties.vnetConfiguration.{name}", address.name)


def _complete(context: Context, address: Address, body: Body, existing: Record | None) -> Record:
    shown = lifecycle.envelope(context, ENVIRONMENT, address, body, existing)
    location = locations.normalize(shown["location"])
    _check_quota(context, address, location, properties_of(body))
    shown["location"] = locations.display_name(location)
    if at(shown, "identity", "type") == "None":
        del shown["identity"]
    shown["systemData"] = system_data(context, existing)
    properties = filled(properties_of(body), _DEFAULTS)
    _complete_network(address, properties, existing, location)
    properties["appLogsConfiguration"] = _shown_logs(properties["appLogsConfiguration"])
    for name in _SECRET_PROPERTIES:
        properties[name] = None
    if properties.get("appInsightsConfiguration"):
        properties["appInsightsConfiguration"] = {
            name: value for name, value in properties["appInsightsConfiguration"].items() if name != "connectionString"
        }
    unique = context.guid(address.id)
    properties["customDomainConfiguration"] = {
        "dnsSuffix": None, "certificateKeyVaultProperties": None, "thumbprint": None, "subjectName": None, "expirationDate": None,
        **(properties.get("customDomainConfiguration") or {}),
        **dict.fromkeys(_DOMAIN_SECRETS),
        "customDomainVerificationId": _verification_id(context),
    }  # fmt: skip
    if properties["workloadProfiles"]:
        properties["workloadProfiles"] = [_shown_profile(profile) for profile in properties["workloadProfiles"]]
    domain = f"{_WORDS[int(unique[:4], 16) % len(_WORDS)]}-{unique[:8]}.{location}.azurecontainerapps.io"
    shown["properties"] = {
        **properties,
        "provisioningState": "Succeeded",
        "defaultDomain": domain,
        "staticIp": "127.0.0.1",
        "kedaConfiguration": {"version": "2.17.2"},
        "daprConfiguration": {"version": "1.13.6-msft.6"},
    }
    return Record(address.key, ENVIRONMENT.key, shown)


def _complete_network(address: Address, properties: Body, existing: Record | None, location: str) -> None:
    """The virtual network, which stays once it is given, and the resource group that the service makes beside one."""
    held = existing.properties if existing is not None else {}
    properties["vnetConfiguration"] = properties["vnetConfiguration"] or held.get("vnetConfiguration")
    if not properties["vnetConfiguration"]:
        return
    properties["vnetConfiguration"] = {
        **dict.fromkeys(("infrastructureSubnetId", "dockerBridgeCidr", "platformReservedCidr", "platformReservedDnsIP")),
        **filled(properties["vnetConfiguration"], {"internal": False}),
    }
    if properties["workloadProfiles"] and not properties["infrastructureResourceGroup"]:
        made = f"ME_{address.name}_{address.resource_group}_{location}"
        properties["infrastructureResourceGroup"] = held.get("infrastructureResourceGroup") or made


def _shown_logs(logs: Body) -> Body:
    analytics = logs.get("logAnalyticsConfiguration")
    if not analytics:
        return logs
    return {**logs, "logAnalyticsConfiguration": {**analytics, "sharedKey": None}}


def _shown_profile(profile: Body) -> Body:
    kept = profile if not profiles.is_consumption(profile["workloadProfileType"]) else {
        name: value for name, value in profile.items() if name not in ("minimumCount", "maximumCount")
    }  # fmt: skip
    return {"enableFips": False, **kept}


def _verification_id(context: Context) -> str:
    return (context.guid(context.subscription_id, "domains").replace("-", "") * 2).upper()


def _limit(context: Context, quota: str) -> int:
    limits: dict[str, int] = context.store.get_setting("quotas", {})
    return limits.get(quota, profiles.QUOTAS[quota][1])


def _environments_in(context: Context, location: str) -> list[Record]:
    return [
        record for record in context.store.of_type(ENVIRONMENT.key) if locations.normalize(record.body["location"]) == location
    ]


def _check_quota(context: Context, address: Address, location: str, properties: Body) -> None:
    others = [record for record in _environments_in(context, location) if record.key != address.key]
    if len(others) >= _limit(context, "ManagedEnvironmentCount"):
        raise ServiceError(
            400,
            "MaxNumberOfRegionalEnvironmentsInSubExceeded",
            f"The subscription '{address.subscription}' cannot have more than {_limit(context, 'ManagedEnvironmentCount')} "
            f"environments in {locations.display_name(location)}.",
        )
    for quota, count in profiles.gpus_wanted(properties.get("workloadProfiles")).items():
        used = sum(profiles.gpus_wanted(record.properties.get("workloadProfiles")).get(quota, 0) for record in others)
        if used + count > _limit(context, quota):
            raise ServiceError(
                400,
                "WorkloadProfileQuotaExceeded",
                f"The workload profiles of '{address.name}' may use {count} GPUs of quota {quota} in {location}; "
                f"{used} of {_limit(context, quota)} are taken.",
            )


# ---------------------------------------------------------------------------------------------- quotas and profiles


def _usage(quota: str, current: int, limit: int) -> Body:
    name = {"value": quota, "localizedValue": profiles.QUOTAS[quota][0]}
    return {"name": name, "usage": current, "currentValue": current, "limit": limit}


def _usages(context: Context, records: list[Record]) -> Reply:
    used = {"ManagedEnvironmentCount": len(records)}
    for record in records:
        for quota, count in profiles.gpus_wanted(record.properties.get("workloadProfiles")).items():
            used[quota] = used.get(quota, 0) + count
    return Reply(200, {"value": [_usage(quota, used.get(quota, 0), _limit(context, quota)) for quota in profiles.QUOTAS]})


def _environment_usages(context: Context, address: Address, _call: Call) -> Reply:
    record = context.store.get(address.key)
    if record is None:
        raise refusals.not_found(address)
    return _usages(context, [record])


def _location_of(context: Context, call: Call) -> str:
    refusals.require_api_version(call)
    refusals.require_subscription(context, parse(call.path))
    location = locations.normalize(call.path.rsplit("/", 2)[1])
    if not locations.is_known(location):
        raise ServiceError(400, "LocationNotAvailableForResourceType", f"The location '{location}' is not one of Microsoft.App.")
    return location


def _location_usages(context: Context, call: Call) -> Reply:
    return _usages(context, _environments_in(context, _location_of(context, call)))


def _location_profiles(context: Context, call: Call) -> Reply:
    location = _location_of(context, call)
    prefix = f"/subscriptions/{parse(call.path).subscription}/providers/Microsoft.App"
    collection = "availableManagedEnvironmentsWorkloadProfileTypes"
    rows = [
        {
            "id": f"{prefix}/{collection}/{row['name']}",
            "name": row["name"],
            "type": f"Microsoft.App/{collection}",
            "location": location,
            "properties": {name: value for name, value in row.items() if name != "name"},
        }
        for row in profiles.available(location)
    ]
    return lifecycle.page(call, rows)


def _profile_states(context: Context, address: Address, _call: Call) -> Reply:
    record = context.store.get(address.key)
    if record is None:
        raise refusals.not_found(address)
    rows = [
        {
            "id": f"{record.id}/workloadProfileStates/{profile['name']}",
            "name": profile["name"],
            "type": profile["workloadProfileType"],
            "properties": {
                **({"currentCount": profile["minimumCount"]} if profile.get("minimumCount") is not None else {}),
                **profile,
            },
        }
        for profile in record.properties.get("workloadProfiles") or []
    ]
    return Reply(200, {"value": rows})


# ---------------------------------------------------------------------------------------------- storages


def _check_storage(_context: Context, address: Address, body: Body, existing: Record | None) -> None:
    properties = properties_of(body)
    azure_file, nfs = properties.get("azureFile"), properties.get("nfsAzureFile")
    given: Any = azure_file or nfs
    if not isinstance(given, dict):
        raise refuse(
            "InvalidRequestContent", f"The storage '{address.name}' needs properties.azureFile or properties.nfsAzureFile."
        )
    needed = ("accountName", "accountKey", "shareName", "accessMode") if azure_file else ("server", "shareName", "accessMode")
    for name in needed:
        if not given.get(name):
            raise refuse(
                "InvalidRequestContent",
                f"The storage '{address.name}' needs {'azureFile' if azure_file else 'nfsAzureFile'}.{name}.",
            )
    one_of(given["accessMode"], ("ReadOnly", "ReadWrite"), "accessMode")
    if existing is not None:
        held = existing.properties.get("azureFile") or existing.properties.get("nfsAzureFile") or {}
        for name in ("accountName", "shareName", "server"):
            unchanged(given.get(name), held.get(name, given.get(name)), name, address.name)


def _complete_storage(context: Context, address: Address, body: Body, existing: Record | None) -> Record:
    shown = lifecycle.envelope(context, STORAGE, address, {}, existing) | {"type": "Microsoft.App/managedenvironments/storages"}
    shown["properties"] = {
        name: {member: content for member, content in value.items() if member != "accountKey"}
        if isinstance(value, dict)
        else value
        for name, value in properties_of(body).items()
    }
    return Record(address.key, STORAGE.key, shown)


def _refuse_used(context: Context, record: Record) -> None:
    for kind in ("containerapps", "jobs"):
        for user in context.store.of_type(f"microsoft.app/{kind}"):
            if parse(str(user.properties.get("environmentId", ""))).key == record.key:
                raise ServiceError(
                    409,
                    "ManagedEnvironmentHasContainerApps",
                    f"The environment '{record.body['name']}' cannot be deleted: '{user.body['name']}' is in it.",
                )


ENVIRONMENT = ResourceType(
    name="Microsoft.App/managedEnvironments",
    api_versions=API_VERSIONS,
    name_rule=NameRule(
        pattern=re.compile(r"(?=.{2,60}\Z)[A-Za-z]([A-Za-z0-9]|-(?!-))*[A-Za-z0-9]"),
        code="ManagedEnvironmentInvalidName",
        message="The environment name '{name}' is invalid: 2 to 60 letters, digits and single hyphens, beginning with a letter, "
        "not ending with a hyphen.",
    ),
    put="async",
    update="async",
    updated=201,
    patch="location",
    still=True,
    delete_style="location",
    in_progress="Waiting",
    updating="Updating",
    pending=("staticIp",),
    status_collection="managedEnvironmentOperationStatuses",
    result_collection="managedEnvironmentOperationResults",
    shape=_SHAPE,
    reads_numbers=True,
    check=_check,
    complete=_complete,
    present=presented,
    on_delete_asked=_refuse_used,
    reads={"usages": _environment_usages, "workloadProfileStates": _profile_states},
)
STORAGE = ResourceType(
    name="Microsoft.App/managedEnvironments/storages",
    api_versions=API_VERSIONS,
    tracked=False,
    methods=frozenset({"GET", "HEAD", "PUT", "DELETE"}),
    name_rule=NameRule(
        pattern=re.compile(r"(?=.{1,63}\Z)[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?"),
        code="ManagedEnvironmentStorageInvalidName",
        message="The storage name '{name}' is invalid: letters, digits and hyphens, beginning and ending with a letter or digit.",
    ),
    created=200,
    missing=("ManagedEnvironmentStorageNotFound", "ManagedEnvironment Storage '{name}' was not found."),
    shape=_STORAGE_SHAPE,
    check=_check_storage,
    complete=_complete_storage,
)

TYPES = (ENVIRONMENT, STORAGE)

_LOCATION = f"{SUBSCRIPTION}/providers/Microsoft.App/locations/<location>"
ROUTES = [
    Route(
        method="GET",
        rule=f"{_LOCATION}/availableManagedEnvironmentsWorkloadProfileTypes",
        endpoint=_location_profiles,
        summary="workload profile types of a location",
    ),
    Route(method="GET", rule=f"{_LOCATION}/usages", endpoint=_location_usages, summary="Microsoft.App quotas of a location"),
]
