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
INLINE: dict[str, tuple[str, ...]] = {
    "microsoft.network/virtualnetworks": ("subnets",),
    "microsoft.network/networksecuritygroups": ("securityRules",),
    "microsoft.network/routetables": ("routes",),
    "microsoft.network/networkinterfaces": ("ipConfigurations",),
    "microsoft.network/loadbalancers": ("frontendIPConfigurations", "backendAddressPools", "probes", "loadBalancingRules"),
}
"""Collections of named children that a type's body has in line."""


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


EXTRAS: dict[str, Extra] = {
    "microsoft.appconfiguration/configurationstores": _host("endpoint", "https://{name}.azconfig.io"),
    "microsoft.cache/redis": _host("hostName", "{name}.redis.cache.windows.net"),
    "microsoft.cdn/profiles/afdendpoints": lambda context, body: {
        "hostName": f"{_name(body)}-{context.guid(body['id'])[:8]}.z01.azurefd.net"
    },
    "microsoft.cdn/profiles/endpoints": _host("hostName", "{name}.azureedge.net"),
    "microsoft.cognitiveservices/accounts": _cognitive,
    "microsoft.containerregistry/registries": _host("loginServer", "{name}.azurecr.io"),
    "microsoft.containerservice/managedclusters": _host("fqdn", "{name}.hcp.{location}.azmk8s.io"),
    "microsoft.dbformysql/flexibleservers": _host("fullyQualifiedDomainName", "{name}.mysql.database.azure.com"),
    "microsoft.dbforpostgresql/flexibleservers": _host("fullyQualifiedDomainName", "{name}.postgres.database.azure.com"),
    "microsoft.documentdb/databaseaccounts": _host("documentEndpoint", "https://{name}.documents.azure.com:443/"),
    "microsoft.eventgrid/topics": _host("endpoint", "https://{name}.{location}-1.eventgrid.azure.net/api/events"),
    "microsoft.eventhub/namespaces": _host("serviceBusEndpoint", "https://{name}.servicebus.windows.net:443/"),
    "microsoft.insights/components": _component,
    "microsoft.keyvault/vaults": _host("vaultUri", "https://{name}.vault.azure.net/"),
    "microsoft.keyvault/vaults/keys": _vault_item("key"),
    "microsoft.keyvault/vaults/secrets": _vault_item("secret"),
    "microsoft.managedidentity/userassignedidentities": _identity,
    "microsoft.management/managementgroups": lambda _context, _body: {"tenantId": TENANT_ID},
    "microsoft.network/publicipaddresses": _public_address,
    "microsoft.search/searchservices": _host("endpoint", "https://{name}.search.windows.net"),
    "microsoft.servicebus/namespaces": _host("serviceBusEndpoint", "https://{name}.servicebus.windows.net:443/"),
    "microsoft.signalrservice/signalr": _host("hostName", "{name}.service.signalr.net"),
    "microsoft.sql/servers": _host("fullyQualifiedDomainName", "{name}.database.windows.net"),
    "microsoft.web/sites": _host("defaultHostName", "{name}.azurewebsites.net"),
    "microsoft.web/staticsites": _host("defaultHostname", "{name}.azurestaticapps.net"),
    **dict.fromkeys(INLINE, _with_children),
}
"""Read-only properties, by type."""


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


ACTIONS: dict[tuple[str, str], Extra] = {
    ("microsoft.appconfiguration/configurationstores", "listkeys"): lambda context, body: {
        "value": [{"id": "0-l0-s0", "name": "Primary", "value": _key(context, body, "primary"), "readOnly": False}]
    },
    ("microsoft.cache/redis", "listkeys"): _keys("primaryKey", "secondaryKey"),
    ("microsoft.cognitiveservices/accounts", "listkeys"): _keys("key1", "key2"),
    ("microsoft.containerregistry/registries", "listcredentials"): _registry_credentials,
    ("microsoft.documentdb/databaseaccounts", "listkeys"): _keys(
        "primaryMasterKey", "secondaryMasterKey", "primaryReadonlyMasterKey", "secondaryReadonlyMasterKey"
    ),
    ("microsoft.eventgrid/topics", "listkeys"): _keys("key1", "key2"),
    ("microsoft.eventhub/namespaces/authorizationrules", "listkeys"): _bus_keys,
    ("microsoft.search/searchservices", "listadminkeys"): _keys("primaryKey", "secondaryKey"),
    ("microsoft.servicebus/namespaces/authorizationrules", "listkeys"): _bus_keys,
    ("microsoft.signalrservice/signalr", "listkeys"): _keys("primaryKey", "secondaryKey"),
}
"""POST actions, by type and (lower-case) name: keys made for the resource."""
