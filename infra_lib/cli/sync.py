"""``infra sync``: make the file share have what the project folder has."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from infra_lib.cli import options
from infra_lib.cli.console import note, result, result_json
from infra_lib.cli.targets import choose_target
from infra_lib.cli.transfer_view import TransferView, confirm_transfer
from infra_lib.workloads.project import WORKLOADS, Project
from infra_lib.workloads.sync.model import LINK_CHOICES, Links, SyncResult, files_text, size_text


@click.command()
@click.argument("workload", type=click.Choice(WORKLOADS), required=False)
@options.project_option
@options.target_options
@click.option("--dry-run", is_flag=True, help="Say what would be sent and deleted, and do nothing.")
@click.option("--delete", is_flag=True, help="Delete on the share what came from this folder and is not in it any more.")
@click.option("--overwrite", is_flag=True, help="Replace files that changed on the share and not here, too.")
@click.option(
    "--links",
    type=click.Choice(LINK_CHOICES),
    default="follow",
    show_default=True,
    help="Symbolic links: send what they lead to, leave them out, or refuse.",
)
@options.yes_option
@options.json_option
def command(
    workload: str | None,
    project: Path | None,
    target: str | None,
    subscription_id: str | None,
    dry_run: bool,
    delete: bool,
    overwrite: bool,
    links: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Synchronise the project folder to its file share: only what changed, and what .infraignore names not at all."""
    from infra_lib.workloads.sync.failures import IncompleteSyncError

    opened = Project.open(project or ".")
    with (
        choose_target(target, project=opened, subscription_id=subscription_id) as chosen,
        TransferView("sending") as view,
    ):
        try:
            done = opened.sync(
                chosen, workload=workload, delete=delete, dry_run=dry_run, links=cast(Links, links), overwrite=overwrite,
                confirm=lambda plan: confirm_transfer(plan, view, yes=yes), progress=view,
            )  # fmt: skip
        except IncompleteSyncError as error:
            view.pause()
            _show(error.result, as_json=as_json)
            raise
        view.pause()
        _show(done, as_json=as_json)


def _show(done: SyncResult, *, as_json: bool) -> None:
    if as_json:
        result_json(done.to_dict())
        return
    plan = done.plan
    would = "would " if done.dry_run else ""
    for item in plan.uploads if done.dry_run else done.uploaded:
        result(f"{would}send {item.path} ({size_text(item.size)}, {item.reason})")
    for before, after in plan.renames:
        result(f"{would}rename {before} to {after}")
    for folder in plan.folders:
        result(f"{would}make {folder}/")
    for entry in plan.deletions if done.dry_run else done.deleted:
        result(f"{would}delete {entry.path} ({size_text(entry.size)})")
    for skipped in (*plan.skipped, *done.vanished):
        note(f"{skipped.path} is left out: {skipped.reason}.")
    for left in (item for item in plan.left if item not in plan.newer):
        note(f"{left.path} is left on the share: {left.reason}.")
    note(_summary(done))


def _summary(done: SyncResult) -> str:
    plan = done.plan
    same = f"{plan.unchanged} unchanged ({size_text(plan.unchanged_bytes)}), {len(plan.ignored)} ignored"
    place = f"share '{plan.share}' of {done.target}"
    if done.dry_run:
        return f"{files_text(len(plan.uploads))} ({size_text(plan.upload_bytes)}) would be sent to {place}; {same}."
    rate = f" at {size_text(done.sent_bytes / done.seconds)}/s" if done.seconds > 0 and done.sent_bytes else ""
    sent = f"{files_text(len(done.uploaded))} sent ({size_text(done.sent_bytes)}{rate})"
    verified = "the share's listing agrees" if done.verified else "not all files are there"
    return f"{sent}, {len(done.deleted)} deleted, {same}; {verified}: {place}."
