"""Which target a command means, and asking for what is missing where somebody can be asked."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_lib.cli.console import is_interactive, note
from infra_lib.deploy.target import LOCAL_SUBSCRIPTION_ID, Target
from infra_lib.errors import InputError

if TYPE_CHECKING:
    from infra_lib.workloads.project import Project


def choose_target(
    name: str | None,
    *,
    project: Project | None,
    subscription_id: str | None = None,
    store: Path | None = None,
    containers: str | None = None,
) -> Target:
    """The target: ``name``, then INFRA_TARGET, then the subscription of the project's config files, then local.

    ``subscription_id`` falls back to AZURE_SUBSCRIPTION_ID, then to the config files; on a terminal a missing one is chosen
    from a list. ``store`` is where a local target keeps its state when there is no project (default ``.infra`` in the
    current folder), ``containers`` what runs its containers from now on.
    """
    # What the SDK logs about a sign-in that fails is said once, by the failure itself.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    known = subscription_id or os.environ.get("AZURE_SUBSCRIPTION_ID") or _configured_subscription(project)
    name = name or os.environ.get("INFRA_TARGET")
    if not name:
        name = "azure" if subscription_id or _is_azure(_configured_subscription(project)) else "local"
    if name == "local":
        if subscription_id and _is_azure(subscription_id):
            raise InputError(f"The local target has the subscription {LOCAL_SUBSCRIPTION_ID} alone: leave --subscription-id out.")
        return Target.local(project.store if project is not None else store or Path(".infra"), containers=containers)
    if containers is not None:
        raise InputError(f"--containers says what runs the containers of the local target, and this is {name}: leave it out.")
    if name.startswith(("http://", "https://")):
        return _served_target(name, known)
    if name != "azure":
        raise InputError(f"There is no target '{name}': write local, azure, or the URL of a Resource Manager.")
    if not _is_azure(known):
        known = _ask_for_subscription()
    return Target.azure(known)


def choose_resource_group(target: Target, name: str | None, configured: str | None) -> str:
    """The resource group: the option, else the config file's, else chosen from a list on a terminal. Raises InputError."""
    chosen = name or configured
    if chosen:
        _check_group_name(chosen)
        return chosen
    if not is_interactive():
        raise InputError("No resource group is named: add --resource-group NAME.")
    names = sorted(group.name for group in target.resources.resource_groups.list() if group.name)
    return _choose(f"Resource group in {target.name}", names, "Name of a new resource group")


def _check_group_name(name: str) -> None:
    from infra_lib.parameters import check_name

    wrong = check_name("Microsoft.Resources/resourceGroups", name)
    if wrong is not None:
        raise InputError(f"'{name}' cannot be the name of {wrong.kind}: {wrong.problem}. {wrong.fix}")


def _served_target(url: str, subscription_id: str | None) -> Target:
    """The embedded Resource Manager as `infra local serve` serves it to this user; its tokens are made with the user's key."""
    from infra_lib.local.transport import LocalCredential
    from infra_lib.local.vault import KeyVault, default_key_file

    credential = LocalCredential(KeyVault(default_key_file()))
    return Target.azure(subscription_id or LOCAL_SUBSCRIPTION_ID, credential=credential, endpoint=url.rstrip("/"))


def _configured_subscription(project: Project | None) -> str | None:
    if project is None:
        return None
    for workload in ("inference", "finetuning"):
        value = project.config(workload).get("SUBSCRIPTION_ID")
        if isinstance(value, str) and value:
            return value
    return None


def _is_azure(subscription_id: str | None) -> bool:
    return bool(subscription_id) and subscription_id != LOCAL_SUBSCRIPTION_ID


def _ask_for_subscription() -> str:
    if not is_interactive():
        raise InputError(
            "No Azure subscription is known: add --subscription-id, or set AZURE_SUBSCRIPTION_ID, "
            "or write SUBSCRIPTION_ID into the project's config file."
        )
    from azure.identity import DefaultAzureCredential
    from azure.mgmt.resource.subscriptions import SubscriptionClient

    found = {
        f"{item.display_name} ({item.subscription_id})": str(item.subscription_id)
        for item in SubscriptionClient(DefaultAzureCredential()).subscriptions.list()
    }
    if not found:
        raise InputError("Your account sees no Azure subscription: sign in with `az login`, or name one with --subscription-id.")
    return found[_choose("Subscription", sorted(found), None)]


def _choose(what: str, choices: list[str], new: str | None) -> str:
    note(f"{what}:")
    for number, choice in enumerate(choices, 1):
        note(f"  {number}  {choice}")
    if new is not None:
        note(f"  0  {new}")
    number = click.prompt("Number", type=click.IntRange(0 if new is not None else 1, len(choices)), err=True)
    return choices[number - 1] if number else str(click.prompt(new or what, err=True))
