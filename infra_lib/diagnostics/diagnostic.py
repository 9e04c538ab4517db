"""The Diagnostic value and how one is made from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from infra_lib.diagnostics.catalogue import CATALOGUE
from infra_lib.diagnostics.entry import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding about an input file.

    ``line`` and ``column`` count from 1, columns in UTF-16 units as the official tools count; ``end_line`` and
    ``end_column`` are exclusive. ``pointer`` is a JSON pointer (``/parameters/count/value``) or a template path
    (``resources[3].properties.x``) where the input is JSON. ``fix`` says what to write instead.
    """

    code: str
    level: Level
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    pointer: str | None = None
    fix: str | None = None

    @property
    def is_error(self) -> bool:
        """True for the findings that stop the stage that made them."""
        return self.level == "error"

    def __str__(self) -> str:
        """The official one-line form: ``FILE(LINE,COLUMN) : Error CODE: MESSAGE``."""
        place = self.file or ""
        if self.line is not None:
            place += f"({self.line},{self.column or 1})"
        text = f"{self.level.capitalize()} {self.code}: {self.message}"
        if self.fix:
            text += f" {self.fix}"
        return f"{place} : {text}" if place else text

    def to_dict(self) -> dict[str, Any]:
        """The members that are known, in the order of the class; for ``--json``."""
        names = ("code", "level", "message", "file", "line", "column", "end_line", "end_column", "pointer", "fix")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def describe(code: str, *, level: Level | None = None, fix: str | None = None, **names: Any) -> tuple[Level, str, str | None]:
    """Return (level, message, fix) of a catalogue entry with its place holders filled from ``names``.

    ``level`` and ``fix`` replace the entry's own. Raises KeyError for a code that the catalogue does not have.
    """
    entry = CATALOGUE[code]
    text = entry.message.format_map(names) if "{" in entry.message else entry.message
    advice = fix if fix is not None else entry.fix
    if fix is None and advice is not None and "{" in advice:
        advice = advice.format_map(names)
    return level or entry.level, text, advice


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """True when at least one of the diagnostics is an error."""
    return any(diagnostic.level == "error" for diagnostic in diagnostics)
