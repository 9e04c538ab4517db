"""``infra init``: a new project."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from infra_lib.cli.console import result, result_json
from infra_lib.cli.options import json_option


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Write a complete AI Toolkit project into FOLDER; files that are there stay as they are."""
    from infra_lib.workloads.scaffold import write_project
    from infra_lib.workloads.sync.model import files_text

    done = write_project(folder)
    if as_json:
        result_json({"folder": str(done.folder), "written": list(done.written), "kept": list(done.kept)})
        return
    if not done.written:
        result(f"{folder} is a complete project already; nothing was changed.")
        return
    for name in done.written:
        result(f"  {name}")
    kept = f", {len(done.kept)} kept" if done.kept else ""
    result(f"{files_text(len(done.written))} written to {folder}{kept}. Next:")
    result(f"  infra provision inference --project {shlex.quote(str(folder))} --resource-group my-group --location westeurope")
