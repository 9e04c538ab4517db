"""Finding the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def suggest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate nearest to ``name``, or None when none is near enough.

    Letter case does not count; one change for every three characters is allowed, and lengths may differ by two at most.
    Candidates are looked at in order of their upper-cased text, so that the answer is always the same.
    """
    allowance = int(len(name) * 0.34)
    length_difference = min(allowance, 2)
    limit = allowance + 1
    wanted = name.upper()
    best: str | None = None
    for candidate in sorted(set(candidates), key=lambda text: (text.upper(), text)):
        if not candidate or abs(len(name) - len(candidate)) > length_difference:
            continue
        upper = candidate.upper()
        if upper == wanted:
            return candidate
        if (limit < 2 and best is not None) or len(candidate) < 3:
            continue
        distance = _distance(wanted, upper)
        if distance < limit:
            best, limit = candidate, max(distance, 1)
    return best


def _distance(first: str, second: str) -> int:
    """The Levenshtein distance."""
    previous = list(range(len(second) + 1))
    for row, left in enumerate(first, 1):
        current = [row]
        for column, right in enumerate(second, 1):
            if left == right:
                current.append(previous[column - 1])
            else:
                current.append(1 + min(previous[column], current[-1], previous[column - 1]))
        previous = current
    return previous[-1]
