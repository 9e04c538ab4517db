"""Planning: many resources that exist, read over a connection that takes its time."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import Row, pair

_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
_VERSION = "2023-01-31"


def rows() -> Iterator[Row]:
    """The rows of this group."""
    yield plan_resources()


def _template(count: int) -> dict[str, Any]:
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [
            {"type": _TYPE, "apiVersion": _VERSION, "name": f"identity{number}", "location": "westeurope"}
            for number in range(count)
        ],
    }


def plan_resources(count: int = 200, latency: float = 0.02) -> Row:
    """A plan of resources that exist as wanted, against one read of each of them by the same number of threads."""
    import infra_lib as infra
    from infra_lib.deploy.discover import DEFAULT_CONCURRENCY
    from infra_lib.local.transport import InProcessTransport

    class SlowTransport(InProcessTransport):
        def send(self, request: Any, **options: Any) -> Any:
            time.sleep(latency)
            return super().send(request, **options)

    with tempfile.TemporaryDirectory() as folder, infra.Target.local() as target:
        path = Path(folder) / "many.json"
        path.write_text(json.dumps(_template(count)), encoding="utf-8")
        ids = [change.resource.id for change in _plan(path, target).changes]
        _plan(path, target).apply()
        for client in (target.resources, target.deployments):
            client._client._pipeline._transport.__class__ = SlowTransport

        def read_batch() -> None:
            with ThreadPoolExecutor(DEFAULT_CONCURRENCY) as pool:
                list(pool.map(lambda item: target.resources.resources.get_by_id(item, api_version=_VERSION), ids))

        assert _plan(path, target).is_empty
        name = f"plan {count} resources, {latency * 1000:.0f} ms a read"
        return pair(name, lambda: _plan(path, target), "one read of each, as many at a time", read_batch, bound=3.0, runs=5)


def _plan(path: Path, target: Any) -> Any:
    import infra_lib as infra

    return infra.plan(path, target=target, resource_group="rg", location="westeurope")
