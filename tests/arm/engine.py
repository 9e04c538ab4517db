"""What the engine's tests share: small templates, the scopes of the golden cases, a running deployment made of plain data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra_lib.arm.scopes import (
    ManagementGroupScope,
    ResourceGroupScope,
    Scope,
    SubscriptionScope,
    TenantScope,
    scope_kind_of_schema,
)
from infra_lib.arm.snapshot import Snapshot, snapshot
from infra_lib.arm.source import read_template

CASES = Path(__file__).resolve().parent.parent / "goldens" / "cases"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SUBSCRIPTION_SCHEMA = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
GROUP = ResourceGroupScope(
    subscription_id=SUBSCRIPTION, resource_group="rg", location="westeurope", tenant_id="tenant", deployment_name="main"
)
_CONTEXT: dict[str, str | None] = {
    "tenantId": "00000000-0000-0000-0000-00000000000a",
    "subscriptionId": SUBSCRIPTION,
    "resourceGroup": "rg-goldens",
    "location": "westeurope",
    "deploymentName": "main",
}


def template(*resources: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A template of language version 1.0 with these resources and other sections."""
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **sections}


def resource(name: str = "n", kind: str = "Microsoft.Web/sites", **members: Any) -> dict[str, Any]:
    """A resource of a template."""
    return {"type": kind, "apiVersion": "2024-01-01", "name": name, **members}


def nested(name: str, inner: dict[str, Any], *, scope: str = "inner", parameters: Any = None, **members: Any) -> dict[str, Any]:
    """A nested deployment."""
    properties: dict[str, Any] = {"mode": "Incremental", "expressionEvaluationOptions": {"scope": scope}, "template": inner}
    if parameters is not None:
        properties["parameters"] = parameters
    return {**resource(name, "Microsoft.Resources/deployments", **members), "properties": properties}


def take(source: dict[str, Any], scope: Scope = GROUP, **parameters: Any) -> Snapshot:
    """The snapshot with parameters given as values."""
    return snapshot(source, {name: {"value": value} for name, value in parameters.items()}, scope)


def output(expression: Any, *, scope: Scope = GROUP, **sections: Any) -> Any:
    """The value of an expression as an output of a template."""
    return take(template(outputs={"o": {"value": expression}}, **sections), scope).outputs["o"]


def golden(case: Path) -> tuple[dict[str, Any], dict[str, Any], Scope]:
    """(template, parameters, scope) of a golden case."""
    path = next(path for path in (case / "main.json", case / "template.json") if path.exists())
    source = read_template(path.read_text("utf-8-sig"))
    given = case / "params.json"
    parameters = json.loads(given.read_text("utf-8-sig")).get("parameters", {}) if given.exists() else {}
    context = dict(_CONTEXT)
    if (case / "scope.json").exists():
        context.update(json.loads((case / "scope.json").read_text("utf-8-sig")))
    shared = {"location": context["location"], "tenant_id": context["tenantId"], "deployment_name": context["deploymentName"]}
    kind = scope_kind_of_schema(str(source["$schema"]))
    if kind == "tenant":
        return source, parameters, TenantScope(**shared)
    if kind == "managementGroup":
        return source, parameters, ManagementGroupScope(**shared)
    if kind == "subscription":
        return source, parameters, SubscriptionScope(subscription_id=context["subscriptionId"], **shared)
    group = ResourceGroupScope(subscription_id=context["subscriptionId"], resource_group=context["resourceGroup"], **shared)
    return source, parameters, group


class Running:
    """A running deployment whose resources are what a dictionary says; it notes what it was asked."""

    def __init__(self, states: dict[str, Any] | None = None) -> None:
        self.states = states or {}
        self.asked: list[tuple[Any, ...]] = []

    def reference(self, resource_id: str, api_version: str | None, full: bool) -> Any:
        self.asked.append(("reference", resource_id, api_version, full))
        state = self.states[resource_id]
        return state if full else state["properties"]

    def list(self, function: str, resource_id: str, api_version: str, body: Any) -> Any:
        self.asked.append((function, resource_id, api_version, body))
        return {"keys": [{"value": f"key of {resource_id.rsplit('/', 1)[1]}"}]}

    def provider(self, namespace: str, resource_type: str | None) -> Any:
        return {"namespace": namespace, "resourceType": resource_type}

    def secret(self, vault_id: str, secret_name: str, secret_version: str | None) -> str:
        return f"secret {secret_name}"
