"""``infra doctor``: what this machine has."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib import metadata
from typing import Any

import click

from infra_lib.cli.console import result, result_json
from infra_lib.cli.options import json_option
from infra_lib.local.replicas.engine import ENGINES, EngineError, find_engine

_PACKAGES = (
    "azure-identity", "azure-mgmt-appcontainers", "azure-mgmt-resource", "azure-mgmt-resource-deployments",
    "azure-mgmt-resource-subscriptions", "azure-mgmt-storage", "azure-storage-file-share",
)  # fmt: skip


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Say which versions run, whether resource types are imported, and whether an official Bicep CLI is there."""
    findings = _findings()
    if as_json:
        result_json(findings)
        return
    for name, value in findings.items():
        result(f"{name:<36} {value if value is not None else 'not there'}")


def _findings() -> dict[str, Any]:
    from infra_lib import pipeline
    from infra_lib.bicep.official import find_bicep

    found: dict[str, Any] = {"infra-lib": _version("infra-lib"), "python": platform.python_version(), "platform": sys.platform}
    found.update({name: _version(name) for name in _PACKAGES})
    found["official Bicep CLI"] = find_bicep()
    found["apps and jobs of the local target"] = _containers()
    found.update({f"{name} (--containers {name})": _engine(name) for name in ENGINES})
    found["resource types"] = str(pipeline.resource_types_status())
    return found


def _containers() -> str:
    from infra_lib.local.replicas.isolation import IsolationError, find_isolation

    try:
        found = find_isolation()
    except IsolationError as error:
        return str(error)
    return "run in namespaces" if found.network else "run in namespaces, in this machine's network"


def _engine(name: str) -> str | None:
    if shutil.which(name) is None:
        return None
    try:
        find_engine(name)
    except EngineError as error:
        return str(error)
    return "answers"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
