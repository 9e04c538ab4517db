"""The list of what the embedded Resource Manager supports, made from the tables that it works by."""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEAD = """# What the embedded Resource Manager supports

This file is made from the route table (`python -m infra_lib.local.coverage > docs/local-coverage.md`); a test holds it to that.
Paths match in any casing. An operation that is not listed is refused with an error that names what is supported near it.

Limits: one subscription, `00000000-0000-0000-0000-000000000000`; no linked templates (nothing is downloaded); no role-based
access control; the commands of container apps and jobs run only where a runtime for them is set up.
"""
_PLACEHOLDER = re.compile(r"<(?:path:)?(\w+)>")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def _shown(rule: str) -> str:
    text = _PLACEHOLDER.sub(r"{\1}", rule)
    return (
        "`"
        + text.replace("/subscriptions/{subscription}/resourceGroups/{group}", "~rg").replace(
            "/subscriptions/{subscription}", "~"
        )
        + "`"
    )


def coverage_text() -> str:
    """The text of docs/local-coverage.md."""
    from infra_lib.local.files.service import DIRECTORY_OPERATIONS, FILE_OPERATIONS, SHARE_OPERATIONS
    from infra_lib.local.providers import TYPES
    from infra_lib.local.providers.well_known import KNOWN, KNOWN_ACTIONS
    from infra_lib.local.service import all_routes

    modelled = {kind.name: kind for kind in TYPES}
    lines = [_HEAD, "## Resource types with rules of their own", ""]
    rows = []
    for kind in TYPES:
        methods = [name for name in ("GET", "PUT", "PATCH", "DELETE") if name in kind.methods] + (["list"] if kind.lists else [])
        parts = [*(f"POST {name}" for name in kind.actions), *(f"GET {name}" for name in kind.reads)]
        rows.append((f"`{kind.name}`", ", ".join(methods), ", ".join(parts) or "-", kind.put if "PUT" in kind.methods else "-"))
    lines += _table(("type", "operations", "actions and parts", "PUT answers"), rows)
    lines += [
        "`async`: with Azure-AsyncOperation; `location`: with 202 and Location. So a PUT that creates; that of an app, a job or "
        "an environment that exists answers alike (an environment's that changes nothing at once), other ones at once.",
        "",
        "Every other type of a known namespace can be written, read, listed and deleted; it is kept as it is written. "
        "Of these, the following get properties that templates read off them: "
        f"{', '.join(f'`{name}`' for name in sorted(KNOWN))}; "
        "and these have actions: "
        f"{', '.join(f'`{name}` {action}' for name, action in sorted(KNOWN_ACTIONS))}.",
        "",
        "## Operations of the service itself",
        "",
        "`~` is `/subscriptions/{subscription}`, `~rg` is `~/resourceGroups/{group}`.",
        "",
    ]
    own = [route for route in all_routes() if route.summary.partition(":")[0] not in modelled]
    lines += _table(("operation", "method", "path"), [(route.summary, route.method, _shown(route.rule)) for route in own])
    lines += ["## Azure Files", "", "SharedKey only. List Shares, and:", ""]
    tables = (("share", SHARE_OPERATIONS), ("directory", DIRECTORY_OPERATIONS), ("file", FILE_OPERATIONS))
    lines += _table(
        ("on a", "operation", "method", "comp"),
        [(what, name.replace("_", " "), method, comp or "-") for what, table in tables for (method, comp), name in table.items()],
    )
    lines += [
        "Copy File works within a share; leases are the infinite ones of files. Not supported: snapshots, "
        "links, handles, permissions, ACLs.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(coverage_text())
