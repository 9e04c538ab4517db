"""The directives that hide diagnostics: ``#disable-next-line``, ``#disable-diagnostics`` and ``#restore-diagnostics``."""

from __future__ import annotations

import re
from collections.abc import Iterable

DIRECTIVE = re.compile(
    r"#(?P<keyword>disable-next-line|disable-diagnostics|restore-diagnostics)[ \t]*(?P<codes>(?:[A-Za-z0-9_\-]+[ \t]*)*+)"
)
_LINE_END = re.compile(r"\r\n|\n|\r")


class Directive:
    """One directive: its ``keyword`` (without ``#``), its span and the ``codes`` that follow it."""

    __slots__ = ("codes", "end", "keyword", "start")

    def __init__(self, keyword: str, start: int, end: int, codes: list[str]) -> None:
        self.keyword = keyword
        self.start = start
        self.end = end
        self.codes = codes


class Directives:
    """All directives of one file, asked by :meth:`hides`."""

    __slots__ = ("_spans", "items")

    def __init__(self, items: Iterable[Directive], text: str) -> None:
        self.items = list(items)
        self._spans: dict[str, list[tuple[int, int]]] = {}
        open_since: dict[str, int] = {}
        for item in self.items:
            for code in item.codes:
                if item.keyword == "disable-next-line":
                    self._spans.setdefault(code, []).append((item.start, _end_of_next_line(text, item.end)))
                elif item.keyword == "disable-diagnostics":
                    open_since.setdefault(code, item.start)
                elif code in open_since:
                    self._spans.setdefault(code, []).append((open_since.pop(code), item.end))
        for code, start in open_since.items():
            self._spans.setdefault(code, []).append((start, len(text)))

    def hides(self, code: str, level: str, offset: int) -> bool:
        """True when a diagnostic of that code and level that starts at ``offset`` is switched off there.

        Codes are compared with letter case. An error is never hidden, unless it is a linter rule's (a code without digits
        at its end, such as ``no-unused-params``) whose level the configuration has raised.
        """
        spans = self._spans.get(code)
        if not spans or (level == "error" and code.startswith(("BCP", "INF"))):
            return False
        return any(start <= offset <= end for start, end in spans)


def _end_of_next_line(text: str, offset: int) -> int:
    """The offset of the line end of the line after the one that ``offset`` is on."""
    for _ in range(2):
        found = _LINE_END.search(text, offset)
        if found is None:
            return len(text)
        offset = found.end()
    return offset - 1
