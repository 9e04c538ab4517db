"""Mistakes of syntax: the codes that the lexer and the parser give."""

from infra_lib.diagnostics.entry import Entry

CODES: dict[str, Entry] = {}
