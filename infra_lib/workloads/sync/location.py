"""Which share a project means: what its config files say, held against the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.errors import InputError
from infra_lib.workloads.sync.remote import ShareLocation

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.project import Project

_WORKLOADS = ("inference", "finetuning")


def share_location(project: Project, target: Target, workload: str | None = None) -> ShareLocation:
    """The share of a workload; without one, of the config file that names a share.

    Raises InputError where none does, where the two name different shares, or where they belong to another subscription.
    """
    found: dict[ShareLocation, str] = {}
    for name in (workload,) if workload is not None else _WORKLOADS:
        config = project.config(name)
        if workload is None and not config.get("FILE_SHARE_NAME"):
            continue
        subscription = config.get("SUBSCRIPTION_ID")
        if isinstance(subscription, str) and subscription and subscription.lower() != target.subscription_id.lower():
            raise InputError(
                f"{config.path} is about subscription {subscription}, the target is {target.name}. Run `infra provision {name}` "
                "on this target, or choose the other one with --target."
            )
        location = ShareLocation(
            resource_group=config.require("RESOURCE_GROUP_NAME"),
            account=config.require("STORAGE_ACCOUNT_NAME"),
            share=config.require("FILE_SHARE_NAME"),
        )
        found.setdefault(location, name)
    if not found:
        paths = " nor ".join(str(project.config_path(name)) for name in _WORKLOADS)
        raise InputError(f"No file share is known: neither {paths} names one. Run `infra provision inference`, which writes it.")
    if len(found) > 1:
        shares = " and ".join(
            f"{place.account}/{place.share} in resource group {place.resource_group} ({name})" for place, name in found.items()
        )
        raise InputError(
            f"The config files name different shares: {shares}. Mend them, or name the workload, as in `infra sync inference` or "
            "`infra download PATH --workload inference`."
        )
    return next(iter(found))
