"""How a plan and a running deployment look in a terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from infra_lib.cli.console import note, rich_console
from infra_lib.deploy.progress import Event
from infra_lib.planning.model import Action, Difference
from infra_lib.planning.report import counts, short

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console
    from rich.table import Table

    from infra_lib.deploy.target import Target
    from infra_lib.pipeline import Plan

_STYLES: dict[Action, str] = {
    "create": "green",
    "update": "yellow",
    "keep": "cyan",
    "unchanged": "dim",
    "conflict": "bold red",
}
_SIGNS: dict[Action, str] = {"create": "+", "update": "~", "keep": "=", "unchanged": " ", "conflict": "!"}
_STATE_STYLES = {"succeeded": "green", "failed": "bold red", "canceled": "red", "retrying": "yellow"}


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def show_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a result as a table, to standard output."""
    from rich.markup import escape

    table = _table(*headings)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    rich_console().print(table)


def show_plan(plan: Plan) -> None:
    """Print the plan's table, the differences of what is updated, and a line of counts, to standard error."""
    console = rich_console(stderr=True)
    console.print(_plan_table(plan))
    for change in plan.changes:
        if change.action in ("update", "conflict"):
            for difference in change.differences:
                console.print(f"  {change.resource.name}: {_difference_text(difference)}", markup=False)
    _show_values(console, plan)
    if plan.registers:
        console.print(f"Registered first when this is applied: {', '.join(plan.registers)}.", markup=False)
    if plan.creates_resource_group:
        console.print(f"Resource group {plan.resource_group} is created in {plan.location}.", markup=False)
    console.print(summary(plan), markup=False)


def _show_values(console: Console, plan: Plan) -> None:
    from rich.markup import escape

    values = plan.values()
    if not values:
        return
    table = _table("parameter", "value", "from")
    for name, value, origin in values:
        table.add_row(escape(name), escape(value if len(value) <= 60 else value[:59] + "…"), escape(origin))
    console.print(table)


def summary(plan: Plan) -> str:
    """``Plan for rg in local: 1 to create, 6 unchanged.``"""
    return f"{plan.title}: {counts(plan.change_set)}."


def _plan_table(plan: Plan) -> Table:
    from rich.markup import escape

    table = _table("", "action", "resource", "type", "reason")
    for change in plan.changes:
        style = _STYLES[change.action]
        kind = change.resource.type.rpartition("/")[2]
        cells = (_SIGNS[change.action], change.action, change.resource.name, kind, change.reason)
        table.add_row(*(escape(cell) for cell in cells), style=style)
    return table


def _difference_text(difference: Difference) -> str:
    values = difference.to_dict()
    return f"{difference.path}: {short(values['before'])} -> {short(values['after'])}"


class ProgressView:
    """A listener that prints one line for each change of state; with a terminal, the running ones stay at the bottom.

    ``instead_of`` takes away whatever is shown live before the first event comes.
    """

    def __init__(self, *, instead_of: Callable[[], None] | None = None) -> None:
        self._begun = False
        self._instead_of = instead_of
        self._console: Console = rich_console(stderr=True)
        self._running: dict[str, str] = {}
        self._status: Any = None
        self._lock = threading.Lock()

    def __enter__(self) -> ProgressView:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        with self._lock:
            if not self._begun:
                self._begin()
            self._show(event)

    def _begin(self) -> None:
        """Take over the terminal, with the first event and not before: what was shown until then is taken away."""
        self._begun = True
        if self._instead_of is not None:
            self._instead_of()
        if self._console.is_terminal:
            self._status = self._console.status("deploying")
            self._status.start()

    def _show(self, event: Event) -> None:
        what = f"{event.resource_type} {event.name}" if event.resource_id else f"deployment {event.name}"
        if event.state in ("started", "running"):
            self._running[event.resource_id] = what
        else:
            self._running.pop(event.resource_id, None)
        if event.state != "running" or self._status is None:
            line = f"{event.seconds:7.1f}s  {event.state:<9}  {what} {event.message}".rstrip()
            self._console.print(line, style=_STATE_STYLES.get(event.state, ""), markup=False)
        if self._status is not None:
            self._status.update(", ".join(self._running.values()) or "deploying")


def note_what_runs(target: Target) -> None:
    """Say once for a local store, and for each choice, what runs the containers."""
    manager = target.manager
    if manager is None or not manager.take_first(f"containers {manager.containers}"):
        return
    if manager.containers != "process":
        note(f"On the local target, {manager.containers} runs the containers, and pulls those of their images that are missing.")
        return
    note(
        "On the local target, containers' images are not pulled: their commands run with this machine's programs, in "
        "namespaces of their own, and what they install goes into .infra/environments."
    )
