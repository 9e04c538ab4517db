"""How large a value may become: expressions that double their result, over and over, are stopped before they fill the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.partial import Declared, Residual

if TYPE_CHECKING:
    from infra_lib.arm.template import Template

MAX_TEXT: Final = 4 * 1024 * 1024
"""Characters of one string; Resource Manager accepts no larger template."""

MAX_PARTS: Final = 100_000
"""Members, items and calls of one value, all levels together."""


MAX_LAMBDA_RESULTS: Final = 5_000_000
"""Results that the lambdas and property loops of one template may give; an array or object counts with its items, a string for
each 16 characters."""

_TEXT_UNIT: Final = 16


def count_result(template: Template, value: Any) -> Any:
    """``value``, which a lambda or one round of a property loop gave.

    Raises EvaluationError for one that is too large, or once too many were given.
    """
    kind = type(value)
    if kind is str:
        template.lambda_results += 1 + len(value) // _TEXT_UNIT
    else:
        template.lambda_results += 1 if kind in _SCALARS or not isinstance(value, dict | list) else 1 + len(value)
    if template.lambda_results > MAX_LAMBDA_RESULTS:
        message = f"The lambdas and property loops of the template give more than {MAX_LAMBDA_RESULTS} results, items counted."
        raise EvaluationError(message, kind=VALIDATION)
    return check_size(value)


def check_size(value: Any) -> Any:
    """``value``. Raises EvaluationError for one that is too large."""
    kind = type(value)
    if kind is str:
        if len(value) > MAX_TEXT:
            raise EvaluationError(f"The string has {len(value)} characters; {MAX_TEXT} are allowed.", kind=VALIDATION)
    elif kind not in _SCALARS and parts(value, {}) > MAX_PARTS:
        raise EvaluationError(f"The value has more than {MAX_PARTS} members, items and calls.", kind=VALIDATION)
    return value


_SCALARS: Final = frozenset({int, bool, float, type(None)})


def parts(value: Any, known: dict[int, int]) -> int:
    """How many parts a value has when it is written out; ``known`` has those of containers that were met, which may be shared."""
    kind = type(value)
    if kind is Residual or kind is Declared:
        return int(value.node.size)
    if not isinstance(value, dict | list):
        return 1
    found = known.get(id(value))
    if found is None:
        items = value.values() if isinstance(value, dict) else value
        found = known[id(value)] = 1 + sum([parts(item, known) if type(item) not in _PLAIN else 1 for item in items])
    return found


_PLAIN: Final = frozenset({str, int, bool, float, type(None)})
