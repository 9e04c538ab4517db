"""The resource graph as a picture: one SVG, resources in columns by what they wait for, coloured by what is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from infra_lib.planning.model import Action, Change

COLOURS: dict[Action, tuple[str, str]] = {
    "create": ("#dcf5e0", "#1a7f37"),
    "update": ("#fff3cf", "#9a6700"),
    "keep": ("#ddf0ff", "#0969da"),
    "unchanged": ("#f3f4f6", "#59636e"),
    "conflict": ("#ffe1de", "#cf222e"),
}
"""Fill and line of each action's boxes, readable on white and in print."""

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 226, 46, 46, 18, 12


def svg(changes: Sequence[Change]) -> str:
    """The picture of a plan's resources; an arrow leads from a resource to what waits for it. Empty text for no resources."""
    if not changes:
        return ""
    places = _places(changes)
    width = _MARGIN * 2 + (max(column for column, _ in places.values()) + 1) * (_WIDTH + _GAP_X) - _GAP_X
    height = _MARGIN * 2 + (max(row for _, row in places.values()) + 1) * (_HEIGHT + _GAP_Y) - _GAP_Y
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-label="resources and what they wait for" font-family="system-ui, sans-serif" font-size="12">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#8c959f"/></marker></defs>',
    ]
    for change in changes:
        mine = places[change.resource.id.lower()]
        for needed in dict.fromkeys(item.lower() for item in change.resource.references):
            if needed in places and needed != change.resource.id.lower():
                parts.append(_arrow(places[needed], mine))
    parts.extend(_box(change, places[change.resource.id.lower()]) for change in changes)
    parts.append("</svg>")
    return "".join(parts)


def _places(changes: Sequence[Change]) -> Mapping[str, tuple[int, int]]:
    """Column and row of each resource by lower-case id: the column after the last one of what it waits for."""
    columns: dict[str, int] = {}
    waits = {change.resource.id.lower(): [item.lower() for item in change.resource.references] for change in changes}
    for change in changes:
        key = change.resource.id.lower()
        columns[key] = max((columns[item] + 1 for item in waits[key] if item in columns and item != key), default=0)
    filled: dict[int, int] = {}
    places = {}
    for key, column in columns.items():
        places[key] = (column, filled.get(column, 0))
        filled[column] = places[key][1] + 1
    return places


def _corner(place: tuple[int, int]) -> tuple[int, int]:
    column, row = place
    return _MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y)


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = _corner(start)
    x2, y2 = _corner(end)
    x1, y1, y2 = x1 + _WIDTH, y1 + _HEIGHT // 2, y2 + _HEIGHT // 2
    middle = _GAP_X // 2
    return (
        f'<path d="M{x1} {y1}C{x1 + middle} {y1} {x2 - middle} {y2} {x2} {y2}" fill="none" stroke="#8c959f" '
        'marker-end="url(#arrow)"/>'
    )


def _box(change: Change, place: tuple[int, int]) -> str:
    x, y = _corner(place)
    fill, line = COLOURS[change.action]
    kind = change.resource.type.rpartition("/")[2]
    title = escape(f"{change.action}: {change.resource.type} {change.resource.name} - {change.reason}")
    return (
        f'<g><title>{title}</title>'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{fill}" stroke="{line}"/>'
        f'<text x="{x + 10}" y="{y + 19}" font-weight="600" fill="#1f2328">{escape(_end(change.resource.name))}</text>'
        f'<text x="{x + 10}" y="{y + 36}" fill="{line}">{escape(_cut(f"{change.action} {kind}"))}</text></g>'
    )


def _cut(text: str, limit: int = 30) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _end(name: str, limit: int = 27) -> str:
    """The end of a name that is too long: what tells a child from its siblings."""
    return name if len(name) <= limit else "…" + name[1 - limit :]
