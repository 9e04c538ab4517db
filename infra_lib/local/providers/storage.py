"""Microsoft.Storage: accounts with their keys, file services and shares, blob services and containers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from infra_lib.local import lifecycle, locations, refusals
from infra_lib.local.addresses import Address, parse
from infra_lib.local.context import Context
from infra_lib.local.operations import timestamp
from infra_lib.local.protocol import Call, Reply, ServiceError
from infra_lib.local.providers.values import at, filled, new_key, one_of, properties_of, spelled, unchanged, whole_number
from infra_lib.local.routes import SUBSCRIPTION, Route
from infra_lib.local.store import Record
from infra_lib.local.types import Body, NameRule, ResourceType

ACCOUNT_TYPE = "Microsoft.Storage/storageAccounts"
API_VERSIONS = (
    "2019-06-01", "2021-02-01", "2021-04-01", "2021-06-01", "2021-08-01", "2021-09-01", "2022-05-01", "2022-09-01",
    "2023-01-01", "2023-04-01", "2023-05-01", "2024-01-01", "2025-01-01", "2025-06-01", "2026-09-01",
)  # fmt: skip
SKUS = (
    "Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Premium_LRS", "Premium_ZRS", "Standard_GZRS",
    "Standard_RAGZRS", "StandardV2_LRS", "StandardV2_GRS", "StandardV2_ZRS", "StandardV2_GZRS", "PremiumV2_LRS", "PremiumV2_ZRS",
)  # fmt: skip
KINDS = ("Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage")
_UPGRADES = (("Storage", "StorageV2"), ("BlobStorage", "StorageV2"))
_REPLICATED = ("GRS", "GZRS")
_SERVICES = ("dfs", "web", "blob", "queue", "table", "file")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_QUOTA = 102400
DEFAULT_QUOTA = 5120
MAX_ACCOUNTS = 250
MAX_ACCOUNTS_IN_ZONES = 5000

ACCOUNT_NAME = re.compile(r"[a-z0-9]{3,24}")
SHARE_NAME = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_NAME_TEXT = (
    "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use "
    "numbers and lower-case letters only."
)

_ACCOUNT_SHAPE = {
    "kind": str,
    "sku": {"name": str},
    "properties": {
        "accessTier": str,
        "minimumTlsVersion": str,
        "largeFileSharesState": str,
        "allowBlobPublicAccess": bool,
        "networkAcls": {"bypass": str, "defaultAction": str, "ipRules": [{}], "virtualNetworkRules": [{}]},
        "encryption": {"services": {"file": {}, "blob": {}, "queue": {}, "table": {}}, "keySource": str},
    },
}
_SERVICE_SHAPE = {
    "properties": {
        "cors": {"corsRules": [{}]},
        "shareDeleteRetentionPolicy": {"enabled": bool, "days": int},
        "deleteRetentionPolicy": {"enabled": bool, "days": int},
        "protocolSettings": {"smb": {}},
    }
}
_SHARE_SHAPE = {"properties": {"shareQuota": int, "accessTier": str, "enabledProtocols": str, "metadata": {}}}
_ACCOUNT_DEFAULTS: Body = {
    "allowCrossTenantReplication": False,
    "minimumTlsVersion": "TLS1_2",
    "allowBlobPublicAccess": False,
    "supportsHttpsTrafficOnly": True,
    "networkAcls": {
        "ipv6Rules": [],
        "bypass": "AzureServices",
        "virtualNetworkRules": [],
        "ipRules": [],
        "defaultAction": "Allow",
    },
}
_FIXED = ("isHnsEnabled", "isNfsV3Enabled", "dnsEndpointType")


# ---------------------------------------------------------------------------------------------- accounts


def _holder(context: Context, name: str) -> Record | None:
    """The account of this name, in whichever resource group."""
    suffix = f"/storageaccounts/{name.lower()}"
    return next((record for record in context.store.of_type(ACCOUNT_TYPE.lower()) if record.key.endswith(suffix)), None)


def find_account(context: Context, name: str) -> Record | None:
    """The account that answers for this name, for the data plane."""
    return _holder(context, name)


def keys_of(record: Record) -> list[str]:
    """The values of an account's two keys."""
    return [str(key["value"]) for key in record.private["keys"]]


def _check_account(context: Context, address: Address, body: Body, existing: Record | None) -> None:
    if not isinstance(body.get("sku"), dict) or not body["sku"].get("name"):
        raise ServiceError(
            400, "InvalidRequestContent", "The property 'sku' of a storage account needs a name, such as Standard_LRS."
        )
    if not body.get("kind"):
        raise ServiceError(
            400, "InvalidRequestContent", "The property 'kind' of a storage account is required, such as StorageV2."
        )
    one_of(body["sku"]["name"], SKUS, "sku.name", "InvalidValueForSku")
    one_of(body.get("kind"), KINDS, "kind", "InvalidValueForKind")
    properties = properties_of(body)
    one_of(properties.get("accessTier"), ("Hot", "Cool", "Premium", "Cold"), "properties.accessTier")
    one_of(properties.get("minimumTlsVersion"), ("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"), "properties.minimumTlsVersion")
    one_of(properties.get("largeFileSharesState"), ("Enabled", "Disabled"), "properties.largeFileSharesState")
    one_of(properties.get("publicNetworkAccess"), ("Enabled", "Disabled", "SecuredByPerimeter"), "properties.publicNetworkAccess")
    holder = _holder(context, address.name)
    if existing is None and holder is not None:
        raise ServiceError(
            409, "StorageAccountAlreadyTaken", f"The storage account named {address.name} is already taken.", target=address.name
        )
    if existing is None:
        return
    kind = body.get("kind")
    if (existing.body["kind"], spelled(kind, KINDS)) not in _UPGRADES:
        unchanged(kind, existing.body["kind"], "kind", address.name)
    if existing.body["sku"]["tier"] != str(body["sku"]["name"]).partition("_")[0]:
        unchanged(body["sku"]["name"], existing.body["sku"]["name"], "sku.name", address.name)
    for name in _FIXED:
        unchanged(
            properties.get(name), existing.properties.get(name, properties.get(name) or None), f"properties.{name}", address.name
        )
    if existing.properties.get("largeFileSharesState") == "Enabled" and properties.get("largeFileSharesState") == "Disabled":
        raise ServiceError(
            400,
            "LargeFileSharesCannotBeDisabled",
            f"Large file shares cannot be disabled on storage account '{address.name}' once they are enabled.",
            target="properties.largeFileSharesState",
        )


def _complete_account(context: Context, address: Address, body: Body, existing: Record | None) -> Record:
    shown = lifecycle.envelope(context, ACCOUNT, address, body, existing)
    shown["location"] = locations.normalize(shown["location"])
    shown.setdefault("tags", {})
    shown["kind"] = spelled(body["kind"], KINDS)
    sku = spelled(body["sku"]["name"], SKUS)
    shown["sku"] = {"name": sku, "tier": sku.partition("_")[0].removesuffix("V2")}
    created = existing.properties["creationTime"] if existing is not None else timestamp(context.now)
    properties = filled(properties_of(body), _ACCOUNT_DEFAULTS)
    if shown["kind"] not in ("Storage", "FileStorage"):
        properties.setdefault("accessTier", "Premium" if shown["sku"]["tier"] == "Premium" else "Hot")
    enabled = {"keyType": "Account", "enabled": True, "lastEnabledTime": created}
    properties["encryption"] = filled(
        properties.get("encryption"), {"services": {"file": enabled, "blob": enabled}, "keySource": "Microsoft.Storage"}
    )
    properties |= {
        "keyCreationTime": {"key1": created, "key2": created},
        "privateEndpointConnections": [],
        "provisioningState": "Succeeded",
        "creationTime": created,
        "primaryLocation": shown["location"],
        "statusOfPrimary": "available",
    }
    if any(word in sku for word in _REPLICATED):
        properties |= {"secondaryLocation": locations.paired_with(shown["location"]), "statusOfSecondary": "available"}
    shown["properties"] = properties
    private: Body = {}
    if existing is not None:
        private["keys"] = existing.private["keys"]
    else:
        private["keys"] = [_key(name, created) for name in ("key1", "key2")]
    return Record(address.key, ACCOUNT.key, shown, private)


def _key(name: str, created: str) -> Body:
    return {"keyName": name, "value": new_key(), "permissions": "FULL", "creationTime": created}


def _present_account(_context: Context, record: Record, call: Call) -> Body:
    name = record.body["name"]
    host = urlsplit(call.origin)
    if host.hostname in _LOOPBACK:
        endpoints = {"file": f"{call.origin}/{name}/"}
    else:
        services = _SERVICES if record.body["kind"] != "FileStorage" else ("file",)
        endpoints = _endpoints(name, services)
    properties = {**record.properties, "primaryEndpoints": endpoints}
    if "_RA" in record.body["sku"]["name"] and host.hostname not in _LOOPBACK:
        properties["secondaryEndpoints"] = _endpoints(f"{name}-secondary", [item for item in _SERVICES if item != "file"])
    return {**record.body, "properties": properties}


def _endpoints(name: str, services: Iterable[str]) -> dict[str, str]:
    return {service: f"https://{name}.{'z1.web' if service == 'web' else service}.core.windows.net/" for service in services}


def _list_keys(context: Context, address: Address, _call: Call) -> Reply:
    record = context.store.get(address.key)
    if record is None:
        raise refusals.not_found(address)
    return Reply(200, {"keys": record.private["keys"]})


def _regenerate_key(context: Context, address: Address, call: Call) -> Reply:
    record = context.store.get(address.key)
    name = call.json_object().get("keyName")
    if record is None:
        raise refusals.not_found(address)
    one_of(name or "", ("key1", "key2"), "keyName", "InvalidKeyName")
    created = timestamp(context.now)
    record.private["keys"] = [_key(key["keyName"], created) if key["keyName"] == name else key for key in record.private["keys"]]
    record.properties["keyCreationTime"] = {**record.properties["keyCreationTime"], str(name): created}
    context.store.put(record)
    return Reply(200, {"keys": record.private["keys"]})


def _check_name(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    body = call.json_object()
    name = str(body.get("name", ""))
    if not ACCOUNT_NAME.fullmatch(name):
        return Reply(200, {"nameAvailable": False, "reason": "AccountNameInvalid", "message": _NAME_TEXT.format(name=name)})
    if _holder(context, name) is not None:
        text = f"The storage account named {name} is already taken."
        return Reply(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": text})
    return Reply(200, {"nameAvailable": True})


def _usages(context: Context, call: Call) -> Reply:
    refusals.require_api_version(call)
    location = locations.normalize(call.path.rsplit("/", 2)[1])
    count = sum(record.body["location"] == location for record in context.store.of_type(ACCOUNT.key))
    rows = (
        ("StorageAccounts", "Storage Accounts", count, MAX_ACCOUNTS),
        ("StorageAccounts-AzureDNSZone", "AzureDNSZone Storage Accounts", 0, MAX_ACCOUNTS_IN_ZONES),
    )
    value = [
        {"unit": "Count", "currentValue": used, "limit": limit, "name": {"value": name, "localizedValue": shown}}
        for name, shown, used, limit in rows
    ]
    return Reply(200, {"value": value})


def _forget_content(context: Context, record: Record) -> None:
    for share in context.store.below(record.key, SHARE.key):
        _drop_share(context, share)


# ---------------------------------------------------------------------------------------------- services below an account


def _check_service(context: Context, address: Address, body: Body, _existing: Record | None) -> None:
    if address.name.lower() != "default":
        raise ServiceError(
            400,
            "InvalidResourceName",
            f"The {address.type.rpartition('/')[2]} of a storage account is named default, not '{address.name}'.",
        )
    retention = at(body, "properties", "shareDeleteRetentionPolicy")
    whole_number(at(retention, "days"), "properties.shareDeleteRetentionPolicy.days", 1, 365)
    account = context.store.get(parse(address.parent).key)
    wants_channels = at(body, "properties", "protocolSettings", "smb", "multichannel", "enabled")
    if wants_channels and account is not None and account.body["kind"] != "FileStorage":
        text = "SMB Multichannel is not supported for the account."
        raise ServiceError(409, "FeatureNotSupportedForAccount", text, by_gateway=False)


def _service_body(context: Context, address: Address, kind: ResourceType, body: Body) -> Record:
    account = context.store.get(parse(address.parent).key)
    shown = lifecycle.envelope(context, kind, address, {}, None)
    shown["name"] = "default"
    shown["sku"] = account.body["sku"] if account is not None else None
    defaults = _SERVICE_DEFAULTS[kind.name]
    if account is not None and account.body["kind"] == "FileStorage":
        defaults = filled(defaults, {"protocolSettings": {"smb": {"multichannel": {"enabled": False}}}})
    shown["properties"] = filled(properties_of(body), defaults)
    return Record(address.key, kind.key, shown)


_SERVICE_DEFAULTS: dict[str, Body] = {
    f"{ACCOUNT_TYPE}/fileServices": {
        "cors": {"corsRules": []},
        "shareDeleteRetentionPolicy": {"enabled": True, "days": 7},
        "protocolSettings": {"smb": {}},
    },
    f"{ACCOUNT_TYPE}/blobServices": {
        "cors": {"corsRules": []},
        "deleteRetentionPolicy": {"allowPermanentDelete": False, "enabled": False},
    },
    f"{ACCOUNT_TYPE}/queueServices": {"cors": {"corsRules": []}},
    f"{ACCOUNT_TYPE}/tableServices": {"cors": {"corsRules": []}},
}


def _service_type(name: str) -> ResourceType:
    def complete(context: Context, address: Address, body: Body, _existing: Record | None) -> Record:
        return _service_body(context, address, kind, body)

    def implicit(context: Context, address: Address) -> Record | None:
        exists = address.name.lower() == "default" and context.store.exists(parse(address.parent).key)
        return _service_body(context, address, kind, {}) if exists else None

    kind = ResourceType(
        name=f"{ACCOUNT_TYPE}/{name}",
        api_versions=API_VERSIONS,
        tracked=False,
        methods=frozenset({"GET", "HEAD", "PUT"}),
        created=200,
        shape=_SERVICE_SHAPE,
        check=_check_service,
        echoes=(),
        complete=complete,
        implicit=implicit,
        is_singleton=True,
    )
    return kind


FILE_SERVICES, BLOB_SERVICES, QUEUE_SERVICES, TABLE_SERVICES = (
    _service_type(name) for name in ("fileServices", "blobServices", "queueServices", "tableServices")
)


def _check_share(_context: Context, address: Address, body: Body, existing: Record | None) -> None:
    properties = properties_of(body)
    whole_number(properties.get("shareQuota"), "properties.shareQuota", 1, MAX_QUOTA, "InvalidHeaderValue")
    one_of(properties.get("accessTier"), ("TransactionOptimized", "Hot", "Cool", "Premium"), "properties.accessTier")
    one_of(properties.get("enabledProtocols"), ("SMB", "NFS"), "properties.enabledProtocols")
    if existing is not None:
        unchanged(
            properties.get("enabledProtocols"),
            existing.properties["enabledProtocols"],
            "properties.enabledProtocols",
            address.name,
        )


def complete_share(context: Context, address: Address, body: Body, existing: Record | None) -> Record:
    """A share's record, with the service's defaults."""
    shown = lifecycle.envelope(context, SHARE, address, {}, existing)
    now = f"{timestamp(context.now)[:19]}.0000000Z"
    account = context.store.get(parse(parse(address.parent).parent).key)
    premium = account is not None and account.body["kind"] == "FileStorage"
    held = existing.properties if existing is not None else {}
    shown["properties"] = filled(
        properties_of(body),
        {
            "accessTier": held.get("accessTier", "Premium" if premium else "TransactionOptimized"),
            "shareQuota": held.get("shareQuota", 1024 if premium else DEFAULT_QUOTA),
            "enabledProtocols": held.get("enabledProtocols", "SMB"),
        },
    ) | {
        "accessTierChangeTime": held.get("accessTierChangeTime", now),
        "lastModifiedTime": now,
        "leaseState": "available",
        "leaseStatus": "unlocked",
        "signedIdentifiers": [],
    }
    shown["etag"] = f'"0x{int(context.now * 1e7):X}"'
    return Record(address.key, SHARE.key, shown)


def _present_share(_context: Context, record: Record, call: Call) -> Body:
    """A share: read by itself, it lacks what nobody set of tier and protocols; in a list it has that, and no policies."""
    if parse(call.path).key == record.key:
        given = properties_of(record.private.get("input", {}))
        unset = [name for name in ("accessTier", "enabledProtocols") if given.get(name) is None]
        hidden = {*unset, "accessTierChangeTime"} if "accessTier" in unset else {*unset}
        if record.properties["accessTier"] == "Premium":
            hidden.discard("accessTier")
    else:
        hidden = {"signedIdentifiers", "accessTierChangeTime"}
    return {**record.body, "properties": {name: value for name, value in record.properties.items() if name not in hidden}}


def _account_and_share(record: Record) -> tuple[str, str]:
    names = parse(record.id).names
    return names[0].lower(), names[-1].lower()


def _make_share(context: Context, record: Record) -> None:
    context.store.share_folder(*_account_and_share(record))


def _drop_share(context: Context, record: Record) -> None:
    account, share = _account_and_share(record)
    context.store.drop_share_folder(account, share)
    context.store.delete_files(f"{account}/{share}")


_CONTAINER_DEFAULTS: Body = {
    "publicAccess": "None",
    "defaultEncryptionScope": "$account-encryption-key",
    "denyEncryptionScopeOverride": False,
}


def _complete_container(context: Context, address: Address, body: Body, existing: Record | None) -> Record:
    shown = lifecycle.envelope(context, CONTAINER, address, {}, existing)
    shown["properties"] = filled(properties_of(body), _CONTAINER_DEFAULTS) | {
        "deleted": False,
        "remainingRetentionDays": 0,
        "legalHold": {"hasLegalHold": False, "tags": []},
        "hasImmutabilityPolicy": False,
        "hasLegalHold": False,
        "lastModifiedTime": f"{timestamp(context.now)[:19]}.0000000Z",
        "leaseState": "Available",
        "leaseStatus": "Unlocked",
    }
    shown["etag"] = f'"0x{int(context.now * 1e7):X}"'
    return Record(address.key, CONTAINER.key, shown)


ACCOUNT = ResourceType(
    name=ACCOUNT_TYPE,
    api_versions=API_VERSIONS,
    name_rule=NameRule(pattern=ACCOUNT_NAME, code="AccountNameInvalid", message=_NAME_TEXT),
    put="location",
    created=200,
    replaces=False,
    in_progress="Creating",
    status_collection="asyncoperations",
    result_collection="asyncoperations",
    shape=_ACCOUNT_SHAPE,
    check=_check_account,
    complete=_complete_account,
    present=_present_account,
    on_delete=_forget_content,
    actions={"listKeys": _list_keys, "regenerateKey": _regenerate_key},
)
SHARE = ResourceType(
    name=f"{ACCOUNT_TYPE}/fileServices/shares",
    api_versions=API_VERSIONS,
    tracked=False,
    name_rule=NameRule(
        pattern=SHARE_NAME,
        code="InvalidResourceName",
        message="The specified resource name '{name}' is not a valid share name: 3 to 63 lower-case letters, digits "
        "and single hyphens.",
    ),
    echoes=(),
    missing=("ShareNotFound", "The specified share does not exist."),
    shape=_SHARE_SHAPE,
    check=_check_share,
    complete=complete_share,
    present=_present_share,
    on_written=_make_share,
    on_delete=_drop_share,
)
CONTAINER = ResourceType(
    name=f"{ACCOUNT_TYPE}/blobServices/containers",
    api_versions=API_VERSIONS,
    tracked=False,
    name_rule=NameRule(
        pattern=re.compile(r"\$root|\$web|\$logs|(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*"),
        code="InvalidResourceName",
        message="The specified resource name '{name}' is not a valid container name: 3 to 63 lower-case letters, "
        "digits and single hyphens.",
    ),
    echoes=("deleted", "remainingRetentionDays", "hasImmutabilityPolicy", "hasLegalHold"),
    missing=("ContainerNotFound", "The specified container does not exist."),
    complete=_complete_container,
)

TYPES = (ACCOUNT, FILE_SERVICES, SHARE, BLOB_SERVICES, CONTAINER, QUEUE_SERVICES, TABLE_SERVICES)

_PROVIDER = f"{SUBSCRIPTION}/providers/Microsoft.Storage"
ROUTES = [
    Route(
        method="POST", rule=f"{_PROVIDER}/checkNameAvailability", endpoint=_check_name, summary="storage account: check a name"
    ),
    Route(method="GET", rule=f"{_PROVIDER}/locations/<location>/usages", endpoint=_usages, summary="storage accounts: usage"),
]
