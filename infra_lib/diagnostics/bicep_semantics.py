"""Mistakes of names and of structure in Bicep files, modules and imports."""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {}
