"""Offsets of a text to lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right

_LINE_END = re.compile(r"\r\n|\n|\r")


class LineIndex:
    """Maps offsets (code points, from 0) of ``text`` to line and column, both from 1.

    Columns count UTF-16 units, as the official Bicep tools and editors do. A line ends with LF, CR LF or CR.
    """

    __slots__ = ("_plain", "_starts", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self._plain = text.isascii() or max(text, default="") <= "\uffff"

    def place(self, offset: int) -> tuple[int, int]:
        """Return (line, column) of an offset; one past the end is the end of the last line."""
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        if self._plain:
            return line, offset - start + 1
        return line, len(self._text[start:offset].encode("utf-16-le", "surrogatepass")) // 2 + 1
