"""What the compiler's stages find, by offset; turned into diagnostics once a file is done."""

from __future__ import annotations

from typing import Any

from infra_lib.diagnostics import Diagnostic, Level, LineIndex, describe


class Finding:
    """A code of the catalogue at a span of one source text; ``names`` fill the message's place holders."""

    __slots__ = ("code", "end", "fix", "level", "names", "start")

    def __init__(
        self, code: str, start: int, end: int, *, level: Level | None = None, fix: str | None = None, **names: Any
    ) -> None:
        self.code = code
        self.start = start
        self.end = end
        self.level = level
        self.fix = fix
        self.names = names

    def __repr__(self) -> str:
        return f"Finding({self.code}, {self.start}, {self.end})"

    def to_diagnostic(self, file: str | None, lines: LineIndex) -> Diagnostic:
        """The finding as a value for the user, ``file`` being the path to show."""
        level, message, fix = describe(self.code, level=self.level, fix=self.fix, **self.names)
        line, column = lines.place(self.start)
        end_line, end_column = lines.place(self.end)
        return Diagnostic(
            code=self.code,
            level=level,
            message=message,
            file=file,
            fix=fix,
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
        )
