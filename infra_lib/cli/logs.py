"""``infra logs``: the console log of the app or of the job."""

from __future__ import annotations

import json
from pathlib import Path

import click

from infra_lib.cli import options
from infra_lib.cli.console import result
from infra_lib.cli.targets import choose_target
from infra_lib.workloads.inference import TAIL_LINES
from infra_lib.workloads.project import WORKLOADS, Project


@click.command()
@click.argument("workload", type=click.Choice(WORKLOADS))
@options.project_option
@options.target_options
@click.option("--follow", "-f", is_flag=True, help="Go on as the log grows.")
@click.option("--lines", "-n", default=TAIL_LINES, show_default=True, type=click.IntRange(1, 300), help="How many to begin with.")
@click.option("--container", default=None, help="A container's name (default: the first one).")
@click.option("--execution", default=None, help="An execution of the job (default: the latest one).")
@click.option("--replica", default=None, help="A replica of that execution (default: all of them).")
@click.option("--timestamps", is_flag=True, help="Begin each line with its time.")
@click.option("--json", "as_json", is_flag=True, help="Print each line as a JSON object.")
def command(
    workload: str,
    project: Path | None,
    target: str | None,
    subscription_id: str | None,
    follow: bool,
    lines: int,
    container: str | None,
    execution: str | None,
    replica: str | None,
    timestamps: bool,
    as_json: bool,
) -> None:
    """Show the console log of the app's newest replica, or of the job's latest execution."""
    opened = Project.open(project or ".")
    if (execution is not None or replica is not None) and workload != "finetuning":
        raise click.UsageError(f"--{'execution' if execution is not None else 'replica'} is for finetuning.")
    with choose_target(target, project=opened, subscription_id=subscription_id) as chosen:
        if workload == "finetuning":
            found = opened.finetuning.logs(
                chosen, execution=execution, follow=follow, lines=lines, container=container, replica=replica
            )
        else:
            found = opened.inference.logs(chosen, follow=follow, lines=lines, container=container)
        for line in found:
            if as_json:
                result(json.dumps({"time": line.time, "text": line.text}, ensure_ascii=False))
            else:
                result(f"{line.time} {line.text}" if timestamps else line.text)
