"""The route table: every operation that the embedded Resource Manager supports, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra_lib.local import lifecycle, operations
from infra_lib.local.addresses import parse
from infra_lib.local.protocol import Call, Reply

if TYPE_CHECKING:
    from infra_lib.local.context import Context
    from infra_lib.local.types import Handler, ResourceType

Endpoint = Callable[["Context", Call], Reply]

SUBSCRIPTION = "/subscriptions/<subscription>"
GROUP = f"{SUBSCRIPTION}/resourceGroups/<group>"
_ALL_LOCATIONS = f"{SUBSCRIPTION}/providers/<namespace>/locations/<location>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation: ``rule`` is a path in Werkzeug's form, in its usual casing; matching ignores casing."""

    method: str
    rule: str
    endpoint: Endpoint
    summary: str


def _above(path: str, levels: int) -> str:
    return path.rstrip("/").rsplit("/", levels)[0]


def _item(kind: ResourceType, action: Callable[[Context, ResourceType, object, Call], Reply]) -> Endpoint:
    def endpoint(context: Context, call: Call) -> Reply:
        return action(context, kind, parse(call.path), call)

    return endpoint


def _collection(kind: ResourceType) -> Endpoint:
    def endpoint(context: Context, call: Call) -> Reply:
        # A nested collection is its parent's last segment; a top-level one follows the scope, "providers" and the namespace.
        scope = _above(call.path, 1) if kind.parent_type else _above(call.path, 3)
        return lifecycle.list_below(context, kind, scope, call)

    return endpoint


def _part(kind: ResourceType, handler: Handler) -> Endpoint:
    def endpoint(context: Context, call: Call) -> Reply:
        return lifecycle.act(context, kind, parse(_above(call.path, 1)), handler, call)

    return endpoint


def rule_of(kind: ResourceType) -> str:
    """The path of a resource of this type in a resource group."""
    namespace, *types = kind.name.split("/")
    return f"{GROUP}/providers/{namespace}" + "".join(f"/{segment}/<n{index}>" for index, segment in enumerate(types))


def routes_of(kind: ResourceType) -> Iterator[Route]:
    """The operations of a modelled type."""
    rule = rule_of(kind)
    actions = {
        "GET": lifecycle.read,
        "HEAD": lifecycle.read,
        "PUT": lifecycle.write,
        "PATCH": lifecycle.write,
        "DELETE": lifecycle.remove,
    }
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        if method in kind.methods:
            yield Route(method=method, rule=rule, endpoint=_item(kind, actions[method]), summary=kind.name)  # type: ignore[arg-type]
    if kind.lists:
        collection = _above(rule, 1)
        yield Route(method="GET", rule=collection, endpoint=_collection(kind), summary=f"{kind.name}: list")
        if kind.parent_type is None:
            rule_in_subscription = collection.replace(GROUP, SUBSCRIPTION)
            yield Route(method="GET", rule=rule_in_subscription, endpoint=_collection(kind), summary=f"{kind.name}: list")
    for method, table in (("POST", kind.actions), ("GET", kind.reads)):
        for name, handler in table.items():
            yield Route(method=method, rule=f"{rule}/{name}", endpoint=_part(kind, handler), summary=f"{kind.name}: {name}")


def operation_routes() -> list[Route]:
    """Polling of long-running operations: every provider's, in the forms that the service uses."""

    in_subscription, in_location = f"{SUBSCRIPTION}/operationresults/<operation>", f"{_ALL_LOCATIONS}/<collection>/<operation>"
    return [
        Route(method="GET", rule=in_subscription, endpoint=operations.result, summary="result of an operation"),
        Route(method="GET", rule=in_location, endpoint=operations.poll, summary="state or result of an operation"),
    ]


def index_types(kinds: Iterable[ResourceType]) -> Mapping[str, ResourceType]:
    """The types by lower-cased name."""
    return {kind.key: kind for kind in kinds}
