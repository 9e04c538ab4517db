"""``infra plan``: what would change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from infra_lib.cli import options
from infra_lib.cli.console import result_json
from infra_lib.cli.inputs import PlanRequest, make_plan
from infra_lib.cli.main import EXIT_DRIFT, EXIT_FAILED
from infra_lib.cli.views import show_plan
from infra_lib.parameters.atomic import write_atomic


@click.command()
@click.argument("what", metavar="inference|finetuning|FILE")
@options.plan_options
@click.option("--html", "html_file", type=click.Path(path_type=Path), default=None, help="Write a page with a picture.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Save the plan, to apply it with provision --plan.")
@click.option("--detect-drift", is_flag=True, help="Exit status 3 when what exists is not as the template wants it.")
@options.json_option
def command(html_file: Path | None, out: Path | None, detect_drift: bool, as_json: bool, **request: Any) -> int:
    """Decide for every resource of a workload or a file; nothing is written. Exit status 1 when there is a conflict."""
    planned = make_plan(PlanRequest(**request))
    with planned.target:
        if as_json:
            result_json(planned.plan.to_dict())
        else:
            show_plan(planned.plan)
        if html_file is not None:
            write_atomic(html_file, planned.plan.to_html().encode())
        if out is not None:
            planned.plan.save(out, context=planned.context)
    if planned.plan.conflicts:
        return EXIT_FAILED
    return EXIT_DRIFT if detect_drift and not planned.plan.is_empty else 0
