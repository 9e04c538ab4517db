"""Random and mutated sources: the lexer and the parser give findings, never anything else.

The budget is small by default; for a long run: ``INFRA_FUZZ_EXAMPLES=200000 pytest tests/bicep/test_parser_fuzz.py``.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_lib.bicep.parsing.parser import parse, parse_parameters
from infra_lib.diagnostics import LineIndex
from tests.bicep.dump import walk
from tests.bicep.test_parser import read, sources

EXAMPLES = int(os.environ.get("INFRA_FUZZ_EXAMPLES", "150"))
BUDGET = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=EXAMPLES <= 1000)

WORDS = r"""
    param var output resource module type func import extension assert metadata targetScope using extends existing if for in as
    from with none true false null string int a b 'x' '${ }' ''' $''' $$''' // /* */ #disable-next-line ( ) [ ] { } < > , . : ;
    ? ! = ?? :: ... => == @ | || && + - * / % ^ 1 0 \ " ' $ & # ~
"""
FRAGMENTS = st.lists(st.sampled_from([*WORDS.split(), "\n", "\r\n", " ", "\t"]), max_size=60).map(" ".join)
TEXTS = [text for path in sources() if len(text := read(path)) < 4000]


def check(text: str) -> None:
    for parser in (parse, parse_parameters):
        parsed = parser(text)
        lines = LineIndex(parsed.text)
        for finding in parsed.findings:
            assert 0 <= finding.start <= finding.end <= len(parsed.text)
            finding.to_diagnostic("main.bicep", lines)
        for _, _, node in walk(parsed.program):
            assert 0 <= node.start <= node.end <= len(parsed.text)


@BUDGET
@given(st.text(max_size=200))
def test_random_text(text: str) -> None:
    check(text)


@BUDGET
@given(FRAGMENTS)
def test_random_words(text: str) -> None:
    check(text)


@BUDGET
@given(st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 40), FRAGMENTS), max_size=4))
def test_mutated_sources(text: str, edits: list[tuple[int, int, str]]) -> None:
    for offset, length, insert in edits:
        offset %= len(text) + 1
        text = text[:offset] + insert + text[offset + length :]
    check(text)


@BUDGET
@given(st.sampled_from(TEXTS), st.integers(0, 4000))
def test_truncated_sources(text: str, length: int) -> None:
    check(text[: length % (len(text) + 1)])
