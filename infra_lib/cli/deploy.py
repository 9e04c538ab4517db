"""``infra deploy inference``: send the code, restart the app, wait until it answers."""

from __future__ import annotations

from pathlib import Path

import click

from infra_lib.cli import options
from infra_lib.cli.console import result, result_json
from infra_lib.cli.targets import choose_target
from infra_lib.cli.transfer_view import TransferView, confirm_transfer
from infra_lib.cli.views import ProgressView, note_what_runs
from infra_lib.workloads.inference import DEPLOY_SECONDS
from infra_lib.workloads.project import Project


@click.command()
@click.argument("workload", expose_value=False, type=click.Choice(["inference"]))
@options.project_option
@options.target_options
@options.containers_option
@click.option(
    "--timeout", default=DEPLOY_SECONDS, show_default=True, type=click.FloatRange(min=1), help="Seconds to wait for an answer."
)
@options.yes_option
@options.json_option
def command(
    project: Path | None,
    target: str | None,
    subscription_id: str | None,
    containers: str | None,
    timeout: float,
    yes: bool,
    as_json: bool,
) -> None:
    """Synchronise the project to its share, restart the app (or renew it, when its commands changed), wait until it answers."""
    opened = Project.open(project or ".")
    with choose_target(target, project=opened, subscription_id=subscription_id, containers=containers) as chosen:
        note_what_runs(chosen)
        with TransferView("sending") as transfer, ProgressView(instead_of=transfer.pause) as view:
            endpoint = opened.inference.deploy(
                chosen, timeout=timeout, listener=view, progress=transfer,
                confirm=lambda plan: confirm_transfer(plan, transfer, yes=yes),
            )  # fmt: skip
    if as_json:
        result_json({"url": endpoint.url, "ready": True})
    else:
        result(endpoint.url)
