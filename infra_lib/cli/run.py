"""``infra run finetuning``: send the code, start the job, show its log until it has ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_lib.cli import options
from infra_lib.cli.console import note, result, result_json
from infra_lib.cli.targets import choose_target
from infra_lib.cli.transfer_view import TransferView, confirm_transfer
from infra_lib.cli.views import note_what_runs
from infra_lib.errors import DeploymentError, InputError
from infra_lib.workloads.project import Project

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.finetuning import Execution


@click.command()
@click.argument("workload", expose_value=False, type=click.Choice(["finetuning"]))
@options.project_option
@options.target_options
@options.containers_option
@click.option("--no-wait", is_flag=True, help="Do not wait until the run has ended.")
@click.option("--stop", is_flag=True, help="Stop the run that is under way, and start none.")
@options.yes_option
@options.json_option
def command(
    project: Path | None,
    target: str | None,
    subscription_id: str | None,
    containers: str | None,
    no_wait: bool,
    stop: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Synchronise the project to its share and start the job; its log goes to standard error until it has ended."""
    opened = Project.open(project or ".")
    with choose_target(target, project=opened, subscription_id=subscription_id, containers=containers) as chosen:
        if stop:
            execution = opened.finetuning.stop(chosen)
        else:
            note_what_runs(chosen)
            with TransferView("sending") as transfer:
                execution = opened.finetuning.run(
                    chosen, progress=transfer, confirm=lambda plan: confirm_transfer(plan, transfer, yes=yes)
                )
            note(f"Execution {execution.name} began in {chosen.name}.")
            if opened.finetuning.passes_over_defaults():
                note(
                    f"It runs COMMANDS of {opened.config_path('finetuning')}; defaultCommands of the parameter file are others: "
                    "`infra provision finetuning` takes them over."
                )
            if not no_wait:
                execution = _follow(opened, chosen, execution.name)
    if as_json:
        result_json(execution.to_dict())
    else:
        result(f"{execution.name} {execution.status}")


def _follow(project: Project, target: Target, name: str) -> Execution:
    """Show an execution's log until it has ended. One that cannot even begin has none; waiting for it says why.

    It goes on running when its log cannot be had.
    """
    shown = False
    try:
        for line in project.finetuning.logs(target, execution=name, follow=True):
            note(line.text)
            shown = True
    except InputError:
        pass
    except DeploymentError as error:
        note(f"Its log cannot be shown any more; the run goes on. {error}")
    return project.finetuning.wait(target, name, log=not shown)
