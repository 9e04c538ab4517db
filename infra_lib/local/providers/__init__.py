"""The resource providers: the modelled types, and the route table that they make together."""

from __future__ import annotations

from infra_lib.local.providers import app, groups, network, operational_insights, resources, storage
from infra_lib.local.routes import Route, operation_routes, routes_of
from infra_lib.local.types import ResourceType

TYPES: tuple[ResourceType, ...] = (*storage.TYPES, *operational_insights.TYPES, *app.TYPES, *network.TYPES)


def route_table() -> list[Route]:
    """The operations of the modelled types and of the service itself."""
    table = [*resources.ROUTES, *groups.ROUTES, *storage.ROUTES, *operational_insights.ROUTES, *app.ROUTES]
    for kind in TYPES:
        table += routes_of(kind)
    return [*table, *operation_routes()]
