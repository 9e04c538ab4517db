"""Mistakes in ARM templates: Resource Manager's own codes."""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {}
