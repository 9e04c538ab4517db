"""Options that several commands share, each defined once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def combine(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order given."""

    def apply(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return apply


json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
project_option = click.option(
    "--project", type=click.Path(path_type=Path), default=None, help="The project folder (default: the current one)."
)
parameters_option = click.option(
    "--parameters", "-p", type=click.Path(path_type=Path), default=None, help="A .parameters.json or .bicepparam file."
)
set_option = click.option("--set", "set_values", multiple=True, metavar="NAME=VALUE", help="One parameter's value. Repeatable.")
target_options = combine(
    click.option(
        "--target",
        default=None,
        metavar="local|azure|URL",
        help="Where to deploy to (default: INFRA_TARGET, else the project's subscription, else local).",
    ),
    click.option("--subscription-id", default=None, help="The Azure subscription."),
)
containers_option = click.option(
    "--containers", default=None, metavar="process|docker|podman",
    help="What runs the containers of the local target from now on (default: process, this machine's programs).",
)  # fmt: skip
resource_group_options = combine(
    click.option("--resource-group", "-g", default=None, help="The resource group."),
    click.option("--location", "-l", default=None, help="Where to create the resource group if it is missing."),
)
reuse_options = combine(
    click.option(
        "--reuse",
        multiple=True,
        metavar="[NAME=]POLICY",
        help="What to do about what exists: auto, keep, update or create; for all, or for one resource. Repeatable.",
    ),
    click.option(
        "--use", multiple=True, metavar="NAME=ID", help="Use an existing resource in place of the template's. Repeatable."
    ),
)
# What inputs.PlanRequest is made of, but for what is planned.
plan_options = combine(
    project_option, resource_group_options, parameters_option, set_option, reuse_options, target_options
)  # fmt: skip
