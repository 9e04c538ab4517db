"""``infra down``: delete what the project created."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_lib.cli import options
from infra_lib.cli.console import confirm, note, result, result_json
from infra_lib.cli.main import EXIT_FAILED
from infra_lib.cli.targets import choose_target
from infra_lib.cli.views import ProgressView
from infra_lib.workloads.project import Project

if TYPE_CHECKING:
    from infra_lib.workloads.teardown import Teardown


@click.command()
@options.project_option
@options.target_options
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@options.yes_option
@options.json_option
def command(
    project: Path | None, target: str | None, subscription_id: str | None, dry_run: bool, yes: bool, as_json: bool
) -> int:
    """Delete what this project created, and only that, in reverse order; what was there before is left.

    Nothing at all is deleted while something that stays uses a part of it: exit status 1, also with --dry-run.
    """
    from infra_lib.workloads.teardown import plan_teardown, refuse_hindrances, tear_down

    opened = Project.open(project or ".")
    with choose_target(target, project=opened, subscription_id=subscription_id) as chosen:
        found = plan_teardown(opened, chosen)
        if not dry_run and found.hindrances:
            _note_what_is_left(found)
            refuse_hindrances(found.hindrances)
        if not dry_run and found.deletes:
            for item in found.deletes:
                note(f"- {item.type} {item.id.rpartition('/')[2]}")
            if not yes:
                what = "this" if len(found.deletes) == 1 else f"these {len(found.deletes)}"
                confirm(f"Delete {what} from {chosen.name}?", "Deleting asks first: add --yes.")
            with ProgressView() as view:
                found = tear_down(opened, chosen, found, listener=view)
        status = EXIT_FAILED if found.hindrances else 0
        if as_json:
            result_json(
                {
                    "deleted": [] if dry_run else [item.id for item in found.deletes],
                    "would_delete": [item.id for item in found.deletes] if dry_run else [],
                    "left": [{"id": item.id, "reason": reason} for item, reason in found.leaves],
                    "in_the_way": [{"id": item.id, "uses": item.used.id} for item in found.hindrances],
                }
            )
            return status
        _note_what_is_left(found)
        for item in found.deletes:
            result(f"{'would delete' if dry_run else 'deleted'} {item.id}")
        for hindrance in found.hindrances:
            note(f"{hindrance}: nothing would be deleted before it is deleted, or put elsewhere.")
        if not found.deletes:
            note(f"This project has created nothing in {chosen.name} that is still there.")
        return status


def _note_what_is_left(found: Teardown) -> None:
    for item, reason in found.leaves:
        note(f"{item.id} is left: it {reason}.")
