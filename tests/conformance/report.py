# ruff: noqa: T201
"""Prints what a measurement came to."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from .outcome import ACCEPTED, CRASHED, DIFFERENT, EQUAL, REFUSED, Outcome


def write_json(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write all outcomes, sorted by name."""
    path.write_text(json.dumps([outcome.to_dict() for outcome in outcomes], indent=1, ensure_ascii=False), encoding="utf-8")


def print_report(title: str, outcomes: Sequence[Outcome], *, show: int, seconds: float) -> None:
    """Counts, the first ``show`` outcomes of each status but equal, and the tables."""
    by_status: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_status[outcome.status].append(outcome)
    for status in (CRASHED, DIFFERENT, ACCEPTED, REFUSED):
        found = by_status[status]
        for outcome in found[:show]:
            print(f"{status}: {outcome.name}\n    {outcome.detail}")
        if len(found) > show > 0:
            print(f"    … and {len(found) - show} more {status}")
    _print_refusals(by_status[REFUSED])
    _print_crashes(by_status[CRASHED])
    _print_notes(outcomes)
    totals: Counter[str] = Counter()
    for outcome in outcomes:
        totals.update(outcome.counts)
    for name in sorted(totals):
        print(f"{totals[name]:7} {name}")
    parts = [f"{len(by_status[status])} {status}" for status in (EQUAL, DIFFERENT, REFUSED, ACCEPTED, CRASHED)]
    print(f"{title}: {len(outcomes)} measured, {', '.join(parts)}; {seconds:.1f} s")


def _print_refusals(found: Sequence[Outcome]) -> None:
    if not found:
        return
    files: Counter[str] = Counter()
    places: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    example: dict[str, tuple[str, str]] = {}
    for outcome in found:
        constructs = [_construct(code, message) for code, message in outcome.refusals]
        kinds = set(constructs)
        files.update(kinds)
        places.update(constructs)
        alone.update(kinds if len(kinds) == 1 else ())
        for construct, (_, message) in zip(constructs, outcome.refusals, strict=True):
            example.setdefault(construct, (message, outcome.name))
    print("\nrefused, by code (files / in these alone / places):")
    for construct, count in files.most_common():
        message, name = example[construct]
        text = construct if ": " in construct else f"{construct}: {message.splitlines()[0][:140]}"
        print(f"{count:6} {alone[construct]:6} {places[construct]:6}  {text}  [{name}]")
    print()


def _construct(code: str, message: str) -> str:
    """What was refused: the code; the library's own codes tell the construct in the message alone."""
    return f"{code}: {message.splitlines()[0][:100]}" if code.startswith("INF") else code


def _print_crashes(found: Sequence[Outcome]) -> None:
    if not found:
        return
    print("\ncrashed, by exception:")
    for text, count in Counter(outcome.detail[:160] for outcome in found).most_common(30):
        print(f"{count:6}  {text}")
    print()


def _print_notes(outcomes: Sequence[Outcome]) -> None:
    """The table of codes that are missing or extra, for the measurement of diagnostics."""
    counts: dict[str, Counter[tuple[str, str]]] = {"missing": Counter(), "extra": Counter()}
    example: dict[tuple[str, str], str] = {}
    for outcome in outcomes:
        for word, counter in counts.items():
            for kind, code in outcome.notes.get(word, ()):
                counter[(kind, code)] += 1
                example.setdefault((kind, code), outcome.name)
    rows = sorted(set(counts["missing"]) | set(counts["extra"]))
    if rows:
        print("\ncodes that are missing / extra:")
    for row in rows:
        print(f"{counts['missing'][row]:6} {counts['extra'][row]:6}  {row[0]}: {row[1]}  [{example[row]}]")
