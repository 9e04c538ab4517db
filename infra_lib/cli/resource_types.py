"""``infra resource-types``: what is known of Azure's resource types."""

from __future__ import annotations

from pathlib import Path

import click

from infra_lib.cli.console import note, result, result_json
from infra_lib.cli.options import json_option


@click.group()
def command() -> None:
    """Knowledge of Azure's resource types: needed for resourceInput<> and resourceOutput<>, and for the casing of type names."""


@command.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def import_types(folder: Path, as_json: bool) -> None:
    """Read every types.json below FOLDER, a checkout of Azure/bicep-types-az, into the local index."""
    from infra_lib import pipeline

    last = [-1]

    def show(done: int, total: int) -> None:
        percent = done * 100 // max(total, 1)
        if percent // 10 != last[0]:
            last[0] = percent // 10
            note(f"{done} of {total} files")

    status = pipeline.import_resource_types(folder, progress=show)
    if as_json:
        result_json(status.to_dict())
    else:
        result(str(status))


@command.command("status")
@json_option
def show_status(as_json: bool) -> None:
    """Say which types are known, and where the index is."""
    from infra_lib import pipeline

    status = pipeline.resource_types_status()
    if as_json:
        result_json(status.to_dict())
    else:
        result(str(status))
