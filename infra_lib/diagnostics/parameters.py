"""Mistakes in parameter files and parameter values (INF1##)."""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {}
