"""Mutated golden sources through the whole compiler: a template or diagnostics with an error, never anything else.

The budget is small by default; for a long run: ``INFRA_FUZZ_EXAMPLES=200000 pytest tests/bicep/test_compiler_fuzz.py``.
"""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from infra_lib.bicep.compiler import compile_text
from tests.bicep.test_parser_fuzz import BUDGET, FRAGMENTS, TEXTS


def check(text: str) -> None:
    compiled = compile_text(text)
    if compiled.template is None:
        assert any(diagnostic.is_error for diagnostic in compiled.diagnostics)
    else:
        assert not any(diagnostic.is_error for diagnostic in compiled.diagnostics)
        json.dumps(compiled.template, allow_nan=False)


@BUDGET
@given(st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 20), FRAGMENTS), max_size=2))
def test_edited_sources(text: str, edits: list[tuple[int, int, str]]) -> None:
    for offset, length, insert in edits:
        offset %= len(text) + 1
        text = text[:offset] + insert + text[offset + length :]
    check(text)


@BUDGET
@given(st.sampled_from(TEXTS), st.data())
def test_swapped_words(text: str, data: st.DataObject) -> None:
    words = text.split(" ")
    if len(words) < 2:
        return
    one = data.draw(st.integers(0, len(words) - 1))
    other = data.draw(st.integers(0, len(words) - 1))
    words[one], words[other] = words[other], words[one]
    check(" ".join(words))


@BUDGET
@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.integers(0, 4000))
def test_spliced_sources(text: str, other: str, offset: int) -> None:
    check(text[: offset % (len(text) + 1)] + other)
