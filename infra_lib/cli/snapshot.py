"""``infra snapshot``: what a template would deploy, evaluated offline."""

from __future__ import annotations

from pathlib import Path

import click

from infra_lib.cli import options
from infra_lib.cli.console import report, result, result_json


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.parameters_option
@options.set_option
@click.option("--subscription-id", default=None, help="What subscription().subscriptionId is; unknown when left out.")
@click.option("--resource-group", "-g", default=None, help="What resourceGroup().name is; unknown when left out.")
@click.option("--location", "-l", default=None, help="The resource group's location; unknown when left out.")
@click.option("--tenant-id", default=None, help="What tenant().tenantId is; unknown when left out.")
@click.option("--management-group", default=None, help="What managementGroup().name is; unknown when left out.")
@click.option("--deployment-name", default=None, help="What deployment().name is; unknown when left out.")
@options.json_option
def command(
    file: Path,
    parameters: Path | None,
    set_values: tuple[str, ...],
    subscription_id: str | None,
    resource_group: str | None,
    location: str | None,
    tenant_id: str | None,
    management_group: str | None,
    deployment_name: str | None,
    as_json: bool,
) -> None:
    """Show the resources and outputs of a .bicep, .bicepparam or .json file, as far as they are known without a deployment."""
    from infra_lib import pipeline

    source = pipeline.load(file, parameters=parameters)
    scope = pipeline.make_scope(
        source.scope_kind,
        subscription_id=subscription_id,
        resource_group=resource_group,
        management_group=management_group,
        location=location,
        tenant_id=tenant_id,
        deployment_name=deployment_name,
    )
    report(source.diagnostics)
    snapshot = pipeline.snapshot(source, scope=scope, set_values=set_values)
    if as_json:
        result_json(snapshot.to_dict())
    else:
        result(str(snapshot))
