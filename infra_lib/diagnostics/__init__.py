"""What is wrong with an input, as a value: a code, a place, what it means and what to write instead.

Every stage reports through :class:`Diagnostic`; the texts live in one catalogue (:mod:`infra_lib.diagnostics.catalogue`),
so that a code has one meaning and one wording. This package imports nothing else of infra_lib.
"""

from infra_lib.diagnostics.catalogue import CATALOGUE
from infra_lib.diagnostics.diagnostic import Diagnostic, describe, has_errors
from infra_lib.diagnostics.entry import Entry, Level
from infra_lib.diagnostics.positions import LineIndex

__all__ = ["CATALOGUE", "Diagnostic", "Entry", "Level", "LineIndex", "describe", "has_errors"]
