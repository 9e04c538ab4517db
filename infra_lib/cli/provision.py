"""``infra provision``: plan, deploy, write the config file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from infra_lib.cli import options
from infra_lib.cli.console import is_interactive, note, result, result_json
from infra_lib.cli.inputs import Planned, PlanRequest, make_plan, saved_plan
from infra_lib.cli.main import EXIT_FAILED
from infra_lib.cli.views import ProgressView, show_plan
from infra_lib.deploy.execute import follow_running
from infra_lib.errors import InputError


@click.command()
@click.argument("what", metavar="[inference|finetuning|FILE]", required=False)
@options.plan_options
@click.option("--plan", "plan_file", type=click.Path(path_type=Path), default=None, help="Apply what `infra plan --out` saved.")
@options.yes_option
@options.json_option
def command(what: str | None, plan_file: Path | None, yes: bool, as_json: bool, **given: Any) -> int:
    """Provision a workload of a project, or any file: plan, deploy what has to change, write the project's config file."""
    if plan_file is not None:
        if what is not None:
            raise InputError("A saved plan says itself what is provisioned: leave the name or the file out.")
        again = {name: given[name] for name in ("target", "subscription_id", "set_values")}
        planned = saved_plan(plan_file, **again)
        with planned.target:
            return _provision(planned, yes=yes, as_json=as_json)
    if what is None:
        raise InputError("Say what to provision: inference, finetuning, a .bicep, .bicepparam or .json file, or --plan FILE.")
    request = PlanRequest(what=what, **given)
    planned = make_plan(request)
    running = planned.plan.running_deployment
    if running is not None:
        # An interrupted run left it: what exists is still being made, so the plan is made again when it has ended.
        with planned.target, ProgressView() as view:
            follow_running(planned.target, scope=str(planned.plan.scope.id), name=running, listener=view)
        planned = make_plan(request)
    with planned.target:
        return _provision(planned, yes=yes, as_json=as_json)


def _provision(planned: Planned, *, yes: bool, as_json: bool) -> int:
    plan = planned.plan
    show_plan(plan)
    if plan.conflicts:
        if as_json:
            result_json(plan.to_dict())
        return EXIT_FAILED
    if not plan.is_empty and not yes and is_interactive() and not planned.target.is_local:
        click.confirm(f"Deploy to {planned.target.name}?", abort=True, err=True)
    workload = planned.workload
    before = dict(workload.config.values) if workload is not None else {}
    with ProgressView() as view:
        deployment = plan.apply(listener=view) if workload is None else workload.apply(plan, listener=view)
    config: dict[str, Any] = {}
    if workload is not None:
        written = workload.config
        config = dict(written.values)
        note(f"{written.path} {'is up to date' if config == before else 'is written'}.")
    if as_json:
        result_json({**plan.to_dict(), "outputs": dict(deployment.outputs), "config": config})
        return 0
    if not deployment.sent:
        note("Nothing has to change; no deployment was sent.")
    else:
        note(f"Deployed to {deployment.target} in {deployment.duration:.1f} s.")
    for name, value in deployment.outputs.items():
        result(f"{name} = {value if isinstance(value, str) else _json(value)}")
    return 0


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
