"""``infra plan``: what would change."""

from __future__ import annotations

from pathlib import Path

import click

from infra_lib.cli import options
from infra_lib.cli.console import result_json
from infra_lib.cli.inputs import PlanRequest, make_plan
from infra_lib.cli.main import EXIT_FAILED
from infra_lib.cli.views import show_plan


@click.command()
@click.argument("what", metavar="inference|finetuning|FILE")
@options.project_option
@options.resource_group_options
@options.parameters_option
@options.set_option
@options.reuse_options
@options.target_options
@options.json_option
def command(
    what: str,
    project: Path | None,
    resource_group: str | None,
    location: str | None,
    parameters: Path | None,
    set_values: tuple[str, ...],
    reuse: tuple[str, ...],
    use: tuple[str, ...],
    target: str | None,
    subscription_id: str | None,
    as_json: bool,
) -> int:
    """Decide for every resource of a workload or a file; nothing is written. Exit status 1 when there is a conflict."""
    planned = make_plan(
        PlanRequest(
            what=what, project=project, resource_group=resource_group, location=location, parameters=parameters,
            set_values=set_values, reuse=reuse, use=use, target=target, subscription_id=subscription_id,
        )
    )
    with planned.target:
        if as_json:
            result_json(planned.plan.to_dict())
        else:
            show_plan(planned.plan)
    return EXIT_FAILED if planned.plan.conflicts else 0
