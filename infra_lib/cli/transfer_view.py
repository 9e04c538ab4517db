"""How a transfer looks in a terminal: a bar with bytes, files and rate; lines where there is no terminal."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

import click

from infra_lib.cli.console import is_interactive, note, rich_console
from infra_lib.errors import InputError
from infra_lib.workloads.sync.model import SyncEvent, SyncPlan, files_text, size_text

_STAGES = {"scanning": "reading the workspace", "comparing": "comparing with the share", "verifying": "verifying", "done": "done"}
_LINE_SECONDS = 10.0
ASK_FILES = 10_000
ASK_BYTES = 20 * 1024**3
"""More than this is perhaps not meant to be sent: it is asked."""


class TransferView:
    """A listener. A context manager: :meth:`pause` hides the bar while somebody is asked."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._console = rich_console(stderr=True)
        self._bar: Any = None
        self._task: Any = None
        self._said = time.monotonic()

    def __enter__(self) -> TransferView:
        if self._console.is_terminal:
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

            self._bar = Progress(
                TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(binary_units=True),
                TransferSpeedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[files]}", markup=False),
                console=self._console, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task(self._verb, total=None, files="")
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.pause()

    def pause(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def resume(self) -> None:
        """Show the bar again."""
        if self._bar is not None:
            self._bar.start()

    def __call__(self, event: SyncEvent) -> None:
        """Show how far it is."""
        files = f"{event.files_done}/{event.files_total} files"
        if event.message:
            note(f"{_STAGES.get(event.stage, self._verb)}: {event.message}")
        if self._bar is not None:
            self._bar.update(
                self._task, description=_STAGES.get(event.stage, self._verb), completed=event.bytes_done,
                total=event.bytes_total or None, files=files,
            )  # fmt: skip
        elif event.stage == "transferring" and time.monotonic() - self._said > _LINE_SECONDS:
            self._said = time.monotonic()
            done = f"{size_text(event.bytes_done)} of {size_text(event.bytes_total)}"
            note(f"{self._verb}: {done}, {files}, {size_text(event.rate)}/s")


def confirm_transfer(plan: SyncPlan, view: TransferView, *, yes: bool) -> bool:
    """Ask where more is to be sent than is likely meant, and before deleting; True when it may go on.

    Raises InputError, with the folders that have most files, where nobody can be asked.
    """
    large = len(plan.uploads) > ASK_FILES or plan.upload_bytes > ASK_BYTES
    if yes or not (large or (plan.deletions and is_interactive())):
        return True
    view.pause()
    if large:
        note(f"{files_text(len(plan.uploads))}, {size_text(plan.upload_bytes)}, are to be sent. Most are in:")
        for name, files, size in plan.largest_folders():
            note(f"  {name:<30} {files:>8} files {size_text(size):>12}")
        if not is_interactive():
            raise InputError(
                f"Nothing was sent: {files_text(len(plan.uploads))}, {size_text(plan.upload_bytes)}, are perhaps not all meant. "
                f"Add --yes to send them, or a line to .infraignore, such as {plan.largest_folders(1)[0][0]}"
            )
    for entry in plan.deletions[:20]:
        note(f"- {entry.path} {size_text(entry.size)}")
    if len(plan.deletions) > 20:
        note(f"- and {len(plan.deletions) - 20} more")
    click.confirm(
        f"Send {files_text(len(plan.uploads))} ({size_text(plan.upload_bytes)}) and delete {len(plan.deletions)} on the share "
        f"'{plan.share}'?",
        abort=True, err=True,
    )  # fmt: skip
    view.resume()
    return True
