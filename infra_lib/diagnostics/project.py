"""Mistakes in project folders, config files and the use of the library (INF2##)."""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {}
