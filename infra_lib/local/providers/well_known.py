"""What templates commonly read off types that are otherwise kept as they are written: addresses, ids, keys."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable
from typing import Any

from infra_lib.local import locations
from infra_lib.local.addresses import parse
from infra_lib.local.context import TENANT_ID, Context
from infra_lib.local.providers.values import properties_of
from infra_lib.local.types import Body

Extra = Callable[[Context, Body], Body]

_KEY_VERSION_LENGTH = 32
_INLINE: dict[str, tuple[str, ...]] = {
    "Microsoft.Network/virtualNetworks": ("subnets",),
    "Microsoft.Network/networkSecurityGroups": ("securityRules",),
    "Microsoft.Network/routeTables": ("routes",),
    "Microsoft.Network/networkInterfaces": ("ipConfigurations",),
    "Microsoft.Network/loadBalancers": (
        "frontendIPConfigurations",
        "backendAddressPools",
        "probes",
        "loadBalancingRules",
        "inboundNatRules",
        "inboundNatPools",
        "outboundRules",
    ),
}
INLINE = {name.lower(): collections for name, collections in _INLINE.items()}
"""Collections of named children that a type's body has in line, by lower-cased type."""


def _name(body: Body) -> str:
    return str(body["name"]).lower()


def _location(body: Body) -> str:
    return locations.normalize(str(body.get("location", "")))


def _host(property_name: str, form: str) -> Extra:
    """A property that is an address made of the resource's name (``{name}``) and location (``{location}``)."""
    return lambda _context, body: {property_name: form.format(name=_name(body), location=_location(body))}


def _identity(context: Context, body: Body) -> Body:
    return {
        "tenantId": TENANT_ID,
        "principalId": context.guid(body["id"], "principal"),
        "clientId": context.guid(body["id"], "client"),
    }


def _component(context: Context, body: Body) -> Body:
    key, application = context.guid(body["id"], "key"), context.guid(body["id"], "application")
    endpoint = f"https://{_location(body)}-0.in.applicationinsights.azure.com/"
    return {
        "AppId": application,
        "ApplicationId": body["name"],
        "InstrumentationKey": key,
        "ConnectionString": f"InstrumentationKey={key};IngestionEndpoint={endpoint};ApplicationId={application}",
    }


def _cognitive(_context: Context, body: Body) -> Body:
    name = str(properties_of(body).get("customSubDomainName") or body["name"]).lower()
    return {"endpoint": f"https://{name}.cognitiveservices.azure.com/"}


def _vault_item(kind: str) -> Extra:
    def extra(context: Context, body: Body) -> Body:
        vault, name = parse(body["id"]).names
        address = f"https://{vault.lower()}.vault.azure.net/{kind}s/{name}"
        version = context.guid(body["id"], "version").replace("-", "")[:_KEY_VERSION_LENGTH]
        return {f"{kind}Uri": address, f"{kind}UriWithVersion": f"{address}/{version}"}

    return extra


def _documentation_address(context: Context, body: Body) -> str:
    """An address from the block that is set aside for documentation."""
    return f"203.0.113.{int(context.guid(body['id'])[:4], 16) % 254 + 1}"


def _private_address(context: Context, subnet: Any, seed: str) -> str:
    """An address of a subnet, after the five that the service keeps for itself."""
    held = context.find(str(subnet.get("id"))) if isinstance(subnet, dict) else None
    prefixes = (held.properties.get("addressPrefixes") or [held.properties.get("addressPrefix")]) if held is not None else []
    try:
        network = ipaddress.ip_network(prefixes[0], strict=False)
    except (IndexError, ValueError):
        network = ipaddress.ip_network("10.0.0.0/24")
    offset = 4 + int(context.guid(seed)[:4], 16) % max(network.num_addresses - 5, 1)
    return str(network[min(offset, network.num_addresses - 1)])


def _container_group(context: Context, body: Body) -> Body:
    given = properties_of(body).get("ipAddress")
    if isinstance(given, dict) and str(given.get("type")).lower() != "private":
        label = given.get("dnsNameLabel")
        name = {"fqdn": f"{label}.{_location(body)}.azurecontainer.io"} if label else {}
        return {"ipAddress": {"ip": _documentation_address(context, body), **given, **name}}
    subnets = properties_of(body).get("subnetIds") or []
    address = _private_address(context, subnets[0] if subnets else None, body["id"])
    return {"ipAddress": {"ip": address, **(given or {"type": "Private"})}}


def _api_management(context: Context, body: Body) -> Body:
    host = f"{_name(body)}.azure-api.net"
    return {
        "gatewayUrl": f"https://{host}",
        "developerPortalUrl": f"https://{_name(body)}.developer.azure-api.net",
        "managementApiUrl": f"https://{_name(body)}.management.azure-api.net",
        "publicIPAddresses": [_documentation_address(context, body)],
        "hostnameConfigurations": properties_of(body).get("hostnameConfigurations")
        or [{"type": "Proxy", "hostName": host, "negotiateClientCertificate": False, "defaultSslBinding": True}],
    }


def _cluster(context: Context, body: Body) -> Body:
    group = parse(body["id"]).resource_group
    nodes = str(properties_of(body).get("nodeResourceGroup") or f"MC_{group}_{body['name']}_{_location(body)}")
    kubelet = {
        "resourceId": f"{parse(body['id']).group_id.rsplit('/', 1)[0]}/{nodes}/providers/"
        f"Microsoft.ManagedIdentity/userAssignedIdentities/{body['name']}-agentpool",
        "clientId": context.guid(body["id"], "kubelet client"),
        "objectId": context.guid(body["id"], "kubelet object"),
    }
    given = properties_of(body).get("identityProfile") or {}
    return {
        "fqdn": f"{_name(body)}.hcp.{_location(body)}.azmk8s.io",
        "nodeResourceGroup": nodes,
        "identityProfile": {"kubeletidentity": kubelet, **given},
    }


def _name_servers(context: Context, body: Body) -> Body:
    number = int(context.guid(body["id"])[:2], 16) % 9 + 1
    return {"nameServers": [f"ns{at}-0{number}.azure-dns.{top}." for at, top in enumerate(("com", "net", "org", "info"), 1)]}


def _record_name(_context: Context, body: Body) -> Body:
    zone, record = parse(body["id"]).names[:2]
    return {"fqdn": f"{zone}." if record == "@" else f"{record}.{zone}."}


def _site(_context: Context, body: Body) -> Body:
    host = f"{_name(body)}.azurewebsites.net"
    return {"defaultHostName": host, "hostNames": [host]}


def _public_address(context: Context, body: Body) -> Body:
    settings = properties_of(body).get("dnsSettings")
    extra: Body = {"ipAddress": _documentation_address(context, body)}
    if isinstance(settings, dict) and settings.get("domainNameLabel"):
        fqdn = f"{settings['domainNameLabel']}.{_location(body)}.cloudapp.azure.com"
        extra["dnsSettings"] = {**settings, "fqdn": fqdn}
    return extra


def _with_children(context: Context, body: Body) -> Body:
    """Ids and states for the children in line."""
    extra: Body = {"resourceGuid": context.guid(body["id"], "resource")}
    for collection in INLINE[body["type"].lower()]:
        children = properties_of(body).get(collection)
        if isinstance(children, list):
            extra[collection] = [_child(context, body["id"], collection, child) for child in children]
    return extra


def _child(context: Context, parent: str, collection: str, child: Any) -> Any:
    if not isinstance(child, dict) or "name" not in child:
        return child
    identity = f"{parent}/{collection}/{child['name']}"
    properties = {**(child.get("properties") or {}), "provisioningState": "Succeeded"}
    in_subnet = collection.lower().endswith("ipconfigurations") and isinstance(properties.get("subnet"), dict)
    if in_subnet and "privateipaddress" not in map(str.lower, properties):
        properties["privateIPAddress"] = _private_address(context, properties["subnet"], identity)
    return {**child, "id": identity, "properties": properties}


_RECORD_TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT")

KNOWN: dict[str, Extra] = {
    "Microsoft.ApiManagement/service": _api_management,
    "Microsoft.AppConfiguration/configurationStores": _host("endpoint", "https://{name}.azconfig.io"),
    "Microsoft.Cache/redis": _host("hostName", "{name}.redis.cache.windows.net"),
    "Microsoft.Cdn/profiles": lambda context, body: {"frontDoorId": context.guid(body["id"], "front door")},
    "Microsoft.Cdn/profiles/customDomains": lambda context, body: {
        "validationProperties": {"validationToken": context.guid(body["id"], "token").replace("-", "")}
    },
    "Microsoft.Cdn/profiles/afdEndpoints": lambda context, body: {
        "hostName": f"{_name(body)}-{context.guid(body['id'])[:8]}.z01.azurefd.net"
    },
    "Microsoft.Cdn/profiles/endpoints": _host("hostName", "{name}.azureedge.net"),
    "Microsoft.CognitiveServices/accounts": _cognitive,
    "Microsoft.ContainerInstance/containerGroups": _container_group,
    "Microsoft.ContainerRegistry/registries": _host("loginServer", "{name}.azurecr.io"),
    "Microsoft.ContainerService/managedClusters": _cluster,
    "Microsoft.DBforMariaDB/servers": _host("fullyQualifiedDomainName", "{name}.mariadb.database.azure.com"),
    "Microsoft.DBforMySQL/flexibleServers": _host("fullyQualifiedDomainName", "{name}.mysql.database.azure.com"),
    "Microsoft.DBforMySQL/servers": _host("fullyQualifiedDomainName", "{name}.mysql.database.azure.com"),
    "Microsoft.DBforPostgreSQL/flexibleServers": _host("fullyQualifiedDomainName", "{name}.postgres.database.azure.com"),
    "Microsoft.DBforPostgreSQL/servers": _host("fullyQualifiedDomainName", "{name}.postgres.database.azure.com"),
    "Microsoft.Devices/IotHubs": _host("hostName", "{name}.azure-devices.net"),
    "Microsoft.DigitalTwins/digitalTwinsInstances": _host("hostName", "{name}.api.{location}.digitaltwins.azure.net"),
    "Microsoft.DocumentDB/databaseAccounts": _host("documentEndpoint", "https://{name}.documents.azure.com:443/"),
    "Microsoft.EventGrid/topics": _host("endpoint", "https://{name}.{location}-1.eventgrid.azure.net/api/events"),
    "Microsoft.EventHub/namespaces": _host("serviceBusEndpoint", "https://{name}.servicebus.windows.net:443/"),
    "Microsoft.Insights/components": _component,
    "Microsoft.KeyVault/vaults": _host("vaultUri", "https://{name}.vault.azure.net/"),
    "Microsoft.KeyVault/vaults/keys": _vault_item("key"),
    "Microsoft.KeyVault/vaults/secrets": _vault_item("secret"),
    "Microsoft.Kusto/clusters": _host("uri", "https://{name}.{location}.kusto.windows.net"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": _identity,
    "Microsoft.Management/managementGroups": lambda _context, _body: {"tenantId": TENANT_ID},
    "Microsoft.Network/dnsZones": _name_servers,
    **dict.fromkeys((f"Microsoft.Network/dnsZones/{kind}" for kind in _RECORD_TYPES), _record_name),
    "Microsoft.Network/publicIPAddresses": _public_address,
    "Microsoft.Search/searchServices": _host("endpoint", "https://{name}.search.windows.net"),
    "Microsoft.ServiceBus/namespaces": _host("serviceBusEndpoint", "https://{name}.servicebus.windows.net:443/"),
    "Microsoft.SignalRService/signalR": _host("hostName", "{name}.service.signalr.net"),
    "Microsoft.Sql/servers": _host("fullyQualifiedDomainName", "{name}.database.windows.net"),
    "Microsoft.Web/sites": _site,
    "Microsoft.Web/staticSites": _host("defaultHostname", "{name}.azurestaticapps.net"),
    **dict.fromkeys(_INLINE, _with_children),
}
"""Read-only properties, by type."""

EXTRAS = {name.lower(): extra for name, extra in KNOWN.items()}
"""The same by lower-cased type."""


def _key(context: Context, body: Body, which: str) -> str:
    """A key that belongs to a resource and the store: the same each time, and not to be guessed."""
    return base64.b64encode(bytes.fromhex(context.store.vault.sign(f"key {body['id'].lower()} {which}".encode()))).decode()


def _keys(*names: str) -> Extra:
    return lambda context, body: {name: _key(context, body, name) for name in names}


def _registry_credentials(context: Context, body: Body) -> Body:
    passwords = [{"name": name, "value": _key(context, body, name)} for name in ("password", "password2")]
    return {"username": body["name"], "passwords": passwords}


def _bus_keys(context: Context, body: Body) -> Body:
    namespace, *entity, _ = parse(body["id"]).names
    path = f";EntityPath={entity[0]}" if entity else ""
    answer: Body = {"keyName": body["name"]}
    for which in ("primary", "secondary"):
        key = answer[f"{which}Key"] = _key(context, body, which)
        answer[f"{which}ConnectionString"] = (
            f"Endpoint=sb://{namespace}.servicebus.windows.net/;SharedAccessKeyName={body['name']};SharedAccessKey={key}{path}"
        )
    return answer


def _hub_keys(context: Context, body: Body) -> Body:
    keys = {f"{which}Key": _key(context, body, which) for which in ("primary", "secondary")}
    return {"value": [{"keyName": "iothubowner", **keys, "rights": "RegistryWrite, ServiceConnect, DeviceConnect"}]}


KNOWN_ACTIONS: dict[tuple[str, str], Extra] = {
    ("Microsoft.AppConfiguration/configurationStores", "listKeys"): lambda context, body: {
        "value": [{"id": "0-l0-s0", "name": "Primary", "value": _key(context, body, "primary"), "readOnly": False}]
    },
    ("Microsoft.Cache/redis", "listKeys"): _keys("primaryKey", "secondaryKey"),
    ("Microsoft.CognitiveServices/accounts", "listKeys"): _keys("key1", "key2"),
    ("Microsoft.ContainerRegistry/registries", "listCredentials"): _registry_credentials,
    ("Microsoft.DocumentDB/databaseAccounts", "listKeys"): _keys(
        "primaryMasterKey", "secondaryMasterKey", "primaryReadonlyMasterKey", "secondaryReadonlyMasterKey"
    ),
    ("Microsoft.Devices/IotHubs", "listKeys"): _hub_keys,
    ("Microsoft.EventGrid/topics", "listKeys"): _keys("key1", "key2"),
    ("Microsoft.EventHub/namespaces/authorizationRules", "listKeys"): _bus_keys,
    ("Microsoft.EventHub/namespaces/eventhubs/authorizationRules", "listKeys"): _bus_keys,
    ("Microsoft.Relay/namespaces/authorizationRules", "listKeys"): _bus_keys,
    ("Microsoft.Search/searchServices", "listAdminKeys"): _keys("primaryKey", "secondaryKey"),
    ("Microsoft.ServiceBus/namespaces/authorizationRules", "listKeys"): _bus_keys,
    ("Microsoft.ServiceBus/namespaces/queues/authorizationRules", "listKeys"): _bus_keys,
    ("Microsoft.ServiceBus/namespaces/topics/authorizationRules", "listKeys"): _bus_keys,
    ("Microsoft.SignalRService/signalR", "listKeys"): _keys("primaryKey", "secondaryKey"),
}
"""POST actions, by type and name: keys made for the resource."""

_ROOT_RULE = "rootmanagesharedaccesskey"
DEFAULT_RESOURCES = {
    f"microsoft.{namespace}/namespaces/authorizationrules": _ROOT_RULE for namespace in ("eventhub", "relay", "servicebus")
}
"""The lower-cased name of a resource that comes with its parent, by lower-cased type."""

ACTIONS = {(name.lower(), action.lower()): extra for (name, action), extra in KNOWN_ACTIONS.items()}
"""The same by lower-cased type and name."""
