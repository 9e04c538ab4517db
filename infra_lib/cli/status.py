"""``infra status``: how the app or the job is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_lib.cli import options
from infra_lib.cli.console import note, result, result_json
from infra_lib.cli.targets import choose_target
from infra_lib.cli.views import show_table
from infra_lib.workloads.project import WORKLOADS, Project

if TYPE_CHECKING:
    from infra_lib.workloads.app_status import AppStatus
    from infra_lib.workloads.finetuning import Execution

_MOST_EXECUTIONS = 10


@click.command()
@click.argument("workload", type=click.Choice(WORKLOADS))
@options.project_option
@options.target_options
@options.json_option
def command(workload: str, project: Path | None, target: str | None, subscription_id: str | None, as_json: bool) -> None:
    """Show the app's revisions and replicas, or the job's latest executions; nothing is started or changed.

    Exit status 0, whatever state they are in. The JSON has all revisions and executions.
    """
    opened = Project.open(project or ".")
    with choose_target(target, project=opened, subscription_id=subscription_id) as chosen:
        if workload == "inference":
            app = opened.inference.status(chosen)
            if as_json:
                result_json(app.to_dict())
            else:
                _show_app(app)
        else:
            executions = opened.finetuning.executions(chosen)
            if as_json:
                result_json({"executions": [item.to_dict() for item in executions]})
            else:
                _show_executions(executions, opened.finetuning.config.require("ACA_JOB_NAME"))


def _show_app(app: AppStatus) -> None:
    from infra_lib.workloads.endpoint import Endpoint

    where = Endpoint(app.host, f"The host name of app '{app.name}'").url if app.host else "no ingress"
    result(f"{app.name}  {app.state}  {where}")
    shown = [revision for revision in app.revisions if revision.active or revision.name == app.latest_revision]
    show_table(
        ("revision", "state", "health", "traffic", "replicas"),
        [
            (item.name, item.state or "-", item.health or "-", f"{item.traffic} %", str(len(item.replicas)))
            for item in shown
        ],
    )
    replicas = [replica for revision in shown for replica in revision.replicas]
    if replicas:
        show_table(
            ("replica", "state", "ready", "restarts", "since", "details"),
            [
                (item.name, item.state or "-", "yes" if item.ready else "no", str(item.restarts), item.created, item.details)
                for item in replicas
            ],
        )
    else:
        note("It has no replica: `infra deploy inference` starts it.")
    if len(shown) < len(app.revisions):
        note(f"Inactive revisions, not shown: {len(app.revisions) - len(shown)}.")


def _show_executions(executions: list[Execution], job: str) -> None:
    if not executions:
        note(f"The job '{job}' has not run yet: `infra run finetuning` starts it.")
        return
    show_table(
        ("execution", "status", "started", "ended", "message"),
        [(item.name, item.status, item.started, item.ended or "-", item.message) for item in executions[:_MOST_EXECUTIONS]],
    )
    if len(executions) > _MOST_EXECUTIONS:
        note(f"Earlier executions, not shown: {len(executions) - _MOST_EXECUTIONS}.")
