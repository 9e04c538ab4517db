"""``infra download``: fetch results from the project's file share."""

from __future__ import annotations

from pathlib import Path

import click

from infra_lib.cli import options
from infra_lib.cli.console import note, result, result_json
from infra_lib.cli.targets import choose_target
from infra_lib.cli.transfer_view import TransferView
from infra_lib.workloads.project import WORKLOADS, Project
from infra_lib.workloads.sync.model import files_text, size_text


@click.command()
@click.argument("path")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="The folder to put it into (default: its place in the project).",
)
@click.option("--workload", type=click.Choice(WORKLOADS), default=None, help="Whose share, where the two differ.")
@click.option("--overwrite", is_flag=True, help="Replace files here that are newer than on the share.")
@options.project_option
@options.target_options
@options.json_option
def command(
    path: str,
    to: Path | None,
    workload: str | None,
    overwrite: bool,
    project: Path | None,
    target: str | None,
    subscription_id: str | None,
    as_json: bool,
) -> None:
    """Fetch the file or folder at PATH of the share; what is here already, the same, is not fetched again."""
    opened = Project.open(project or ".")
    with (
        choose_target(target, project=opened, subscription_id=subscription_id) as chosen,
        TransferView("fetching") as view,
    ):
        done = opened.download(chosen, path, to=to, workload=workload, overwrite=overwrite, progress=view)
        view.pause()
        if as_json:
            result_json(done.to_dict())
            return
        for item in done.downloaded:
            result(str(item.destination))
        size = size_text(sum(item.entry.size for item in done.downloaded))
        place = f"share '{done.share}' of {done.target}"
        note(f"{files_text(len(done.downloaded))} ({size}) fetched, {len(done.kept)} were here already: {place}.")
