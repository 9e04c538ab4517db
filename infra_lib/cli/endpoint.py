"""``infra endpoint``: the URL of the web API."""

from __future__ import annotations

from pathlib import Path

import click

from infra_lib.cli import options
from infra_lib.cli.console import note, result, result_json
from infra_lib.cli.targets import choose_target
from infra_lib.workloads.project import Project


@click.command()
@options.project_option
@options.target_options
@click.option("--open", "in_browser", is_flag=True, help="Wait until it answers, then open it in the browser.")
@options.json_option
def command(
    project: Path | None, target: str | None, subscription_id: str | None, in_browser: bool, as_json: bool
) -> None:
    """Print the URL of the web API, and whether it answers: the config file's, else what the target says."""
    inference = Project.open(project or ".").inference
    if target is None and subscription_id is None and inference.config.get("ACA_APP_ENDPOINT"):
        endpoint = inference.endpoint
    else:
        with choose_target(target, project=inference.project, subscription_id=subscription_id) as chosen:
            endpoint = inference.find_endpoint(chosen)
    if in_browser:
        endpoint.wait()
    ready = endpoint.is_ready()
    if as_json:
        result_json({"url": endpoint.url, "ready": ready})
    else:
        result(endpoint.url)
        if not ready:
            note("It does not answer (yet): `infra deploy inference` starts it, `infra logs inference` says what it does.")
    if in_browser and not endpoint.open():
        note("There is no browser to open it in.")
