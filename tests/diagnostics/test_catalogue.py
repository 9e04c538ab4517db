"""The catalogue of codes: one meaning a code, and texts that can be filled."""

from __future__ import annotations

from collections import Counter
from string import Formatter

from infra_lib.diagnostics import CATALOGUE, Diagnostic, LineIndex
from infra_lib.diagnostics.catalogue import AREAS


def test_no_code_is_in_two_tables() -> None:
    counts = Counter(code for area in AREAS for code in area.CODES)
    assert [code for code, count in counts.items() if count > 1] == []


def test_every_entry_has_a_sentence() -> None:
    assert [code for code, entry in CATALOGUE.items() if not entry.message.rstrip().endswith((".", "?", "}"))] == []


def test_a_diagnostic_prints_in_the_official_one_line_form() -> None:
    diagnostic = Diagnostic(code="BCP018", level="error", message="A brace is missing.", file="main.bicep", line=2, column=5)
    assert str(diagnostic) == "main.bicep(2,5) : Error BCP018: A brace is missing."


def test_columns_count_utf_16_units_and_lines_end_in_three_ways() -> None:
    lines = LineIndex("a\r\nb\n😀c\rd")
    assert lines.place(0) == (1, 1)
    assert lines.place(3) == (2, 1)
    assert lines.place(6) == (3, 3)
    assert lines.place(8) == (4, 1)


def test_place_holders_are_names() -> None:
    for code, entry in CATALOGUE.items():
        for text in (entry.message, entry.fix or ""):
            holes = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
            assert all(name.isidentifier() for name in holes), code
