"""A plan as a page: the table, the differences, where values come from, the picture. Self-contained, no script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from infra_lib.planning.graph_picture import COLOURS, svg
from infra_lib.planning.model import ACTIONS, Change, ChangeSet

_STYLE = """
.infra-plan {font: 14px/1.45 system-ui, sans-serif; color: #1f2328; background: #fff; padding: 8px 14px; border-radius: 6px}
.infra-plan table {border-collapse: collapse; margin: 8px 0 16px; font: inherit; color: inherit; background: #fff}
.infra-plan th, .infra-plan td {color: #1f2328; background: #fff; text-align: left; vertical-align: top}
.infra-plan th, .infra-plan td {padding: 4px 14px 4px 0; border-bottom: 1px solid #d1d9e0}
.infra-plan .action {font-weight: 600; white-space: nowrap}
.infra-plan code {font: 12px ui-monospace, monospace; overflow-wrap: anywhere}
.infra-plan .picture {overflow-x: auto}
"""


def html_fragment(change_set: ChangeSet, title: str, values: Sequence[tuple[str, str, str]] = ()) -> str:
    """The plan as HTML for a notebook's cell. ``values`` are (parameter, value, where it comes from)."""
    parts = [f'<div class="infra-plan"><style>{_STYLE}</style><h3>{escape(title)}</h3><p>{escape(counts(change_set))}</p>']
    parts.append(_table(("action", "resource", "type", "reason", "differences"), [_row(change) for change in change_set.changes]))
    parts.append(f'<div class="picture">{svg(change_set.changes)}</div>')
    if values:
        rows = [[escape(name), f"<code>{escape(value)}</code>", escape(origin)] for name, value, origin in values]
        parts.append("<h4>Parameters</h4>" + _table(("parameter", "value", "from"), rows))
    parts.append("</div>")
    return "".join(parts)


def html_page(change_set: ChangeSet, title: str, values: Sequence[tuple[str, str, str]] = ()) -> str:
    """The plan as a whole page."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body>{html_fragment(change_set, title, values)}</body></html>\n"
    )


def counts(change_set: ChangeSet) -> str:
    """``1 to create, 6 unchanged``"""
    words = {"create": "to create", "update": "to update", "keep": "kept", "unchanged": "unchanged", "conflict": "in conflict"}
    found = [f"{change_set.count(action)} {words[action]}" for action in ACTIONS if change_set.count(action)]
    return ", ".join(found) or "no resources"


def short(value: Any, limit: int = 60) -> str:
    """A property's value on one line."""
    text = "(none)" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _row(change: Change) -> list[str]:
    _, line = COLOURS[change.action]
    differences = "<br>".join(
        f"<code>{escape(item['path'])}: {escape(short(item['before']))} → {escape(short(item['after']))}</code>"
        for item in (difference.to_dict() for difference in change.differences)
    )
    return [
        f'<span class="action" style="color:{line}">{change.action}</span>',
        escape(change.resource.name), escape(change.resource.type), escape(change.reason), differences,
    ]  # fmt: skip


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def value_rows(shown: Mapping[str, str], origins: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(parameter, value, where it comes from) for every parameter that has an origin, in the template's order."""
    return [(name, shown.get(name, ""), origin) for name, origin in origins.items()]
