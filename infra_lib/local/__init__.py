"""The embedded Resource Manager: a server that speaks Resource Manager's wire protocol, in this process or on loopback.

It deploys templates, keeps its state in SQLite and answers the Azure SDK's clients as the service does. What it supports is
listed in docs/local-coverage.md; whatever it does not, it refuses by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra_lib.local.context import Fault
    from infra_lib.local.manager import LocalResourceManager
    from infra_lib.local.server import Server, serve

__all__ = ["Fault", "LocalResourceManager", "Server", "serve"]

_HOMES = {"Fault": "context", "LocalResourceManager": "manager", "Server": "server", "serve": "server"}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
