"""``infra secret set`` and ``infra secret remove``: secrets of the job or the app."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from infra_lib.cli import options
from infra_lib.cli.console import is_interactive, note, result_json
from infra_lib.cli.targets import choose_target
from infra_lib.errors import InputError
from infra_lib.workloads.project import WORKLOADS, Project

_workload_option = click.option(
    "--workload", type=click.Choice(WORKLOADS), default="finetuning", show_default=True, help="Whose secret."
)
# When a change of a secret is in effect.
_IN_EFFECT = {"finetuning": "the next run", "inference": "the next deploy, or at once where the app runs"}


@click.group()
def command() -> None:
    """Secrets: kept by Container Apps, set as environment variables in all containers."""


@command.command("set")
@click.argument("name")
@options.project_option
@options.target_options
@options.json_option
@_workload_option
def set_command(
    name: str, project: Path | None, target: str | None, subscription_id: str | None, as_json: bool, workload: str
) -> None:
    """Set a secret; its value is asked for, or read from standard input. It is never printed."""
    from infra_lib.workloads.secrets import secret_to_set

    opened = Project.open(project or ".")
    secret_to_set(name)
    if is_interactive():
        value = str(click.prompt(f"Value of {name}", hide_input=True, err=True))
    else:
        value = _piped()
    with choose_target(target, project=opened, subscription_id=subscription_id) as chosen:
        variable = opened.workload(workload).set_secret(chosen, name, value)
    if as_json:
        result_json({"variable": variable, "workload": workload})
    note(f"{variable} is set for {workload} in {chosen.name}, in effect with {_IN_EFFECT[workload]}.")


@command.command("remove")
@click.argument("name")
@options.project_option
@options.target_options
@options.json_option
@_workload_option
def remove_command(
    name: str, project: Path | None, target: str | None, subscription_id: str | None, as_json: bool, workload: str
) -> None:
    """Remove a secret, and its environment variable from all containers; not one that something else uses."""
    from infra_lib.workloads.secrets import secret_name

    opened = Project.open(project or ".")
    with choose_target(target, project=opened, subscription_id=subscription_id) as chosen:
        variables = opened.workload(workload).remove_secret(chosen, name)
    if as_json:
        result_json({"secret": secret_name(name), "variables": variables, "workload": workload})
    taken = f" with {', '.join(variables)}" if variables else ""
    note(f"'{name}' is removed{taken} from {workload} in {chosen.name}, in effect with {_IN_EFFECT[workload]}.")


def _piped() -> str:
    """The value on standard input, in UTF-8 whatever the locale is."""
    if sys.stdin is None:
        raise InputError("The value is read from standard input, which is closed: pipe it in, or run this in a terminal.")
    try:
        return _without_line_end(sys.stdin.buffer.read().decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError("The value on standard input is not text in UTF-8: encode it, for example with base64.") from None


def _without_line_end(text: str) -> str:
    """One trailing line end is the terminal's or ``echo``'s, more of them are the value's."""
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")
