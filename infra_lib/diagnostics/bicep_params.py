"""Mistakes in Bicep parameter files (.bicepparam)."""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {}
