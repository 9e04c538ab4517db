"""The template engine: expanding a large loop, and how time grows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.first_run import TEMPLATE
from tests.benchmarks.harness import Row, exponent, pair


def rows() -> Iterator[Row]:
    """The rows of this group."""
    yield large_loop()
    yield growth()
    yield evaluate_against_compile()


def accounts(count: int) -> dict[str, Any]:
    """A template with one loop of storage accounts: twelve properties each, eight of them expressions, two of those format()."""
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "prefix": {"type": "string", "defaultValue": "bench"},
            "location": {"type": "string", "defaultValue": "westeurope"},
            "secure": {"type": "bool", "defaultValue": True},
            "tier": {"type": "string", "defaultValue": "Hot"},
        },
        "variables": {"tls": "TLS1_2"},
        "resources": [
            {
                "copy": {"name": "accounts", "count": count},
                "type": "Microsoft.Storage/storageAccounts",
                "apiVersion": "2023-01-01",
                "name": "[format('{0}{1}', parameters('prefix'), copyIndex())]",
                "location": "[parameters('location')]",
                "kind": "StorageV2",
                "sku": {"name": "Standard_LRS"},
                "tags": {"index": "[format('{0:000}', copyIndex())]"},
                "properties": {
                    "accessTier": "[parameters('tier')]",
                    "allowBlobPublicAccess": False,
                    "allowSharedKeyAccess": "[not(parameters('secure'))]",
                    "minimumTlsVersion": "[variables('tls')]",
                    "supportsHttpsTrafficOnly": "[parameters('secure')]",
                    "isHnsEnabled": False,
                    "largeFileSharesState": "[if(parameters('secure'), 'Enabled', 'Disabled')]",
                },
            }
        ],
    }


def large_loop() -> Row:
    """800 storage accounts against json.loads of the expanded result."""
    from infra_lib.arm.snapshot import snapshot

    template = accounts(800)
    text = json.dumps(snapshot(template, {}, _scope()).to_dict())
    return pair(
        "evaluate a loop of 800 storage accounts", lambda: snapshot(template, {}, _scope()),
        "json.loads of the result", lambda: json.loads(text), bound=25.0,
    )  # fmt: skip


def growth() -> Row:
    """The exponent of time over the number of resources."""
    from infra_lib.arm.snapshot import snapshot

    slope = exponent(
        [100, 1000, 10000], lambda count: lambda: snapshot(accounts(count), {}, _scope(), max_resources=10**6), runs=3
    )
    return Row(
        name="growth from 100 to 10,000 resources", peer="linear: exponent 1", ours_seconds=0.0, peer_seconds=0.0, ratio=slope,
        bound=1.1, runs=3,
    )  # fmt: skip


def evaluate_against_compile() -> Row:
    """Evaluate the inference template against compiling it."""
    from infra_lib.arm.snapshot import snapshot
    from infra_lib.bicep.compiler import compile_file

    template = compile_file(TEMPLATE).template
    parameters = {"defaultCommands": {"value": ["python3 chat.py"]}}
    return pair(
        "evaluate templates/inference.bicep", lambda: snapshot(template or {}, parameters, _scope()),
        "compiling it", lambda: compile_file(TEMPLATE), bound=1.0,
    )  # fmt: skip


def _scope() -> Any:
    from infra_lib.arm.scopes import ResourceGroupScope

    return ResourceGroupScope(
        subscription_id="00000000-0000-0000-0000-000000000001", resource_group="rg", location="westeurope"
    )
