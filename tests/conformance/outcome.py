"""What one measured file came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from infra_lib.diagnostics import Diagnostic

EQUAL = "equal"
DIFFERENT = "different"
REFUSED = "refused"
CRASHED = "crashed"
ACCEPTED = "accepted"
"""Compiled or evaluated although the official result is a refusal."""


@dataclass(slots=True)
class Outcome:
    """The result for one file or case. ``detail`` is the first difference, ``refusals`` the errors of a refusal as
    (code, message), ``counts`` figures to be summed over all outcomes, ``notes`` rows for tables of their own."""

    name: str
    status: str
    detail: str = ""
    refusals: list[tuple[str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    notes: dict[str, list[Any]] = field(default_factory=dict)
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The outcome for ``--json``, without what is empty."""
        names = ("name", "status", "detail", "refusals", "counts", "notes", "seconds")
        return {name: value for name in names if (value := getattr(self, name))}


def refused(name: str, diagnostics: Iterable[Diagnostic], **more: Any) -> Outcome:
    """An outcome for a file that the library refuses; the first error is its detail."""
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.is_error]
    first = str(errors[0]) if errors else "no output and no error"
    return Outcome(name, REFUSED if errors else CRASHED, first, [(error.code, error.message) for error in errors], **more)
