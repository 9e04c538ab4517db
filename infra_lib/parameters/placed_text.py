"""The text of a parameter file, and the places in it."""

from __future__ import annotations

from infra_lib.diagnostics import LineIndex
from infra_lib.parameters.entry import Place


class PlacedText:
    """A text whose spans are told as lines and columns; its lines are found when the first place is asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines: LineIndex | None = None

    @property
    def lines(self) -> LineIndex:
        """Offsets to lines and columns."""
        if self._lines is None:
            self._lines = LineIndex(self.text)
        return self._lines

    def place(self, start: int, end: int) -> Place:
        """Where a span stands."""
        line, column = self.lines.place(start)
        end_line, end_column = self.lines.place(end)
        return Place(line=line, column=column, end_line=end_line, end_column=end_column)
