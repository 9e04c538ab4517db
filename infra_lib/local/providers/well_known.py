"""What templates commonly read off types that are otherwise kept as they are written: addresses, ids, keys."""

from __future__ import annotations

import base64
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
    "Microsoft.Network/loadBalancers": ("frontendIPConfigurations", "backendAddressPools", "probes", "loadBalancingRules"),
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


def _public_address(context: Context, body: Body) -> Body:
    settings = properties_of(body).get("dnsSettings")
    # From the block that is set aside for documentation.
    extra: Body = {"ipAddress": f"203.0.113.{int(context.guid(body['id'])[:4], 16) % 254 + 1}"}
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
            extra[collection] = [_child(body["id"], collection, child) for child in children]
    return extra


def _child(parent: str, collection: str, child: Any) -> Any:
    if not isinstance(child, dict) or "name" not in child:
        return child
    properties = {**(child.get("properties") or {}), "provisioningState": "Succeeded"}
    return {**child, "id": f"{parent}/{collection}/{child['name']}", "properties": properties}


KNOWN: dict[str, Extra] = {
    "Microsoft.AppConfiguration/configurationStores": _host("endpoint", "https://{name}.azconfig.io"),
    "Microsoft.Cache/redis": _host("hostName", "{name}.redis.cache.windows.net"),
    "Microsoft.Cdn/profiles/afdEndpoints": lambda context, body: {
        "hostName": f"{_name(body)}-{context.guid(body['id'])[:8]}.z01.azurefd.net"
    },
    "Microsoft.Cdn/profiles/endpoints": _host("hostName", "{name}.azureedge.net"),
    "Microsoft.CognitiveServices/accounts": _cognitive,
    "Microsoft.ContainerRegistry/registries": _host("loginServer", "{name}.azurecr.io"),
    "Microsoft.ContainerService/managedClusters": _host("fqdn", "{name}.hcp.{location}.azmk8s.io"),
    "Microsoft.DBforMySQL/flexibleServers": _host("fullyQualifiedDomainName", "{name}.mysql.database.azure.com"),
    "Microsoft.DBforPostgreSQL/flexibleServers": _host("fullyQualifiedDomainName", "{name}.postgres.database.azure.com"),
    "Microsoft.DocumentDB/databaseAccounts": _host("documentEndpoint", "https://{name}.documents.azure.com:443/"),
    "Microsoft.EventGrid/topics": _host("endpoint", "https://{name}.{location}-1.eventgrid.azure.net/api/events"),
    "Microsoft.EventHub/namespaces": _host("serviceBusEndpoint", "https://{name}.servicebus.windows.net:443/"),
    "Microsoft.Insights/components": _component,
    "Microsoft.KeyVault/vaults": _host("vaultUri", "https://{name}.vault.azure.net/"),
    "Microsoft.KeyVault/vaults/keys": _vault_item("key"),
    "Microsoft.KeyVault/vaults/secrets": _vault_item("secret"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": _identity,
    "Microsoft.Management/managementGroups": lambda _context, _body: {"tenantId": TENANT_ID},
    "Microsoft.Network/publicIPAddresses": _public_address,
    "Microsoft.Search/searchServices": _host("endpoint", "https://{name}.search.windows.net"),
    "Microsoft.ServiceBus/namespaces": _host("serviceBusEndpoint", "https://{name}.servicebus.windows.net:443/"),
    "Microsoft.SignalRService/signalR": _host("hostName", "{name}.service.signalr.net"),
    "Microsoft.Sql/servers": _host("fullyQualifiedDomainName", "{name}.database.windows.net"),
    "Microsoft.Web/sites": _host("defaultHostName", "{name}.azurewebsites.net"),
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
    namespace = parse(body["id"]).names[0]
    answer: Body = {"keyName": body["name"]}
    for which in ("primary", "secondary"):
        key = answer[f"{which}Key"] = _key(context, body, which)
        answer[f"{which}ConnectionString"] = (
            f"Endpoint=sb://{namespace}.servicebus.windows.net/;SharedAccessKeyName={body['name']};SharedAccessKey={key}"
        )
    return answer


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
    ("Microsoft.EventGrid/topics", "listKeys"): _keys("key1", "key2"),
    ("Microsoft.EventHub/namespaces/authorizationRules", "listKeys"): _bus_keys,
    ("Microsoft.Search/searchServices", "listAdminKeys"): _keys("primaryKey", "secondaryKey"),
    ("Microsoft.ServiceBus/namespaces/authorizationRules", "listKeys"): _bus_keys,
    ("Microsoft.SignalRService/signalR", "listKeys"): _keys("primaryKey", "secondaryKey"),
}
"""POST actions, by type and name: keys made for the resource."""

ACTIONS = {(name.lower(), action.lower()): extra for (name, action), extra in KNOWN_ACTIONS.items()}
"""The same by lower-cased type and name."""
