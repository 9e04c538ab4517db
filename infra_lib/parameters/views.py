"""Parameters as a table, for a notebook and for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from infra_lib.diagnostics import Diagnostic

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS = ("name", "value", "from", "problem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A parameter: its name, its value as text (a secret is ``***``), where it comes from, what is wrong with it."""

    name: str
    value: str
    origin: str
    problems: tuple[Diagnostic, ...] = ()

    @property
    def problem(self) -> str:
        """All that is wrong, with what to write instead."""
        return "\n".join(f"{item.message} {item.fix}" if item.fix else item.message for item in self.problems)


def html_table(title: str, rows: Iterable[Row]) -> str:
    """The rows as HTML; every text in it is escaped."""
    head = "".join(f"<th>{column}</th>" for column in _COLUMNS)
    lines = [f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>"]
    for row in rows:
        style = ' style="color:#b00020"' if row.problems else ""
        cells = (row.name, row.value, row.origin, row.problem)
        lines.append(f"<tr{style}>" + "".join(f"<td>{escape(cell).replace(chr(10), '<br>')}</td>" for cell in cells) + "</tr>")
    lines.append("</tbody></table>")
    return "\n".join(lines)


def rich_table(title: str, rows: Iterable[Row]) -> Table:
    """The rows as a rich table; no text is read as markup."""
    from rich.table import Table
    from rich.text import Text

    listed = list(rows)
    with_problems = any(row.problems for row in listed)
    table = Table(title=title)
    for column in _COLUMNS if with_problems else _COLUMNS[:3]:
        table.add_column(column, overflow="fold")
    for row in listed:
        cells = (row.name, row.value, row.origin, row.problem) if with_problems else (row.name, row.value, row.origin)
        table.add_row(*(Text(cell) for cell in cells), style="red" if row.problems else "")
    return table
