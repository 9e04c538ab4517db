"""What goes wrong while a template is evaluated: failures that gather their place on the way up, and diagnostics made of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from infra_lib.arm.expressions import ExpressionSyntaxError, Node
from infra_lib.diagnostics import Diagnostic, describe
from infra_lib.errors import TemplateError

EXPRESSION: Final = "ExpressionException"
VALIDATION: Final = "TemplateValidationException"
ARGUMENT_COUNT: Final = "BuiltinFunctionNumberOfParametersException"
COPY_COUNT: Final = "UnevaluableCopyCountException"


class EvaluationError(Exception):
    """An expression or a part of a template cannot be evaluated.

    ``kind`` is the name of the exception that Azure's engine gives. ``node`` is the failing part of the expression ``text``,
    both None for a finding about the template's structure. ``path`` is filled from the inside out, by :meth:`at`.
    """

    def __init__(self, message: str, *, kind: str = EXPRESSION, node: Node | None = None, code: str = "InvalidTemplate") -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.node = node
        self.code = code
        self.span: tuple[int, int] | None = None
        self.text: str | None = None
        self.path = ""
        self.rooted = False
        """The path begins at the template already: what the failure passes through on the way up is no part of it."""
        self.whole = False
        """The path begins at the outermost template already."""
        self.siblings: tuple[EvaluationError, ...] = ()
        """Other failures of the same part of the template, which do not depend on this one."""
        self.final = False
        """Neither overlooked in what is not deployed, nor taken for something that a resource will have once it exists."""

    def at(self, path: str) -> EvaluationError:
        """The same failure below ``path`` (``properties``, ``[3]``)."""
        for sibling in self.siblings:
            sibling.at(path)
        return self if self.rooted else self._below(path)

    def under(self, path: str) -> EvaluationError:
        """The same failure of a template that stands at ``path`` in the outermost one, which is itself at an empty path."""
        for failure in self.together():
            if not failure.whole:
                if path:
                    failure._below(path)
                failure.rooted = failure.whole = True
        return self

    def at_root(self, path: str) -> EvaluationError:
        """The same failure below ``path``, which begins at the template."""
        for failure in self.together():
            if not failure.rooted:
                failure._below(path).rooted = True
        return self

    def at_whole(self, path: str) -> EvaluationError:
        """The same failure below ``path``, which begins at the outermost template."""
        for failure in self.together():
            if not failure.rooted:
                failure._below(path)
                failure.rooted = failure.whole = True
        return self

    def with_siblings(self, others: Iterable[EvaluationError]) -> EvaluationError:
        """The same failure, leading ``others``."""
        self.siblings = (*self.siblings, *(each for other in others for each in other.together()))
        for sibling in self.siblings:
            sibling.siblings = ()
        return self

    def together(self) -> tuple[EvaluationError, ...]:
        """This failure and its siblings."""
        return (self, *self.siblings)

    def _below(self, path: str) -> EvaluationError:
        joint = "." if self.path and not self.path.startswith("[") else ""
        self.path = f"{path}{joint}{self.path}" if self.path else path
        return self

    def again(self) -> EvaluationError:
        """The same failure for another reader of what failed."""
        other = EvaluationError(self.message, kind=self.kind, node=self.node, code=self.code)
        other.span, other.text, other.path, other.final = self.span, self.text, self.path, self.final
        other.rooted, other.whole = self.rooted, self.whole
        other.siblings = tuple(sibling.again() for sibling in self.siblings)
        return other

    def as_validation(self) -> EvaluationError:
        """The same failure met while the template is validated, before anything is evaluated for a resource's body or an
        output."""
        for failure in self.together():
            if failure.kind != COPY_COUNT and not failure.final:
                failure.kind = VALIDATION
        return self

    def explanation(self) -> str:
        """The place and the message, with the expression and a caret under the failing part where there is one."""
        message = f"{self.path}: {self.message}" if self.path else self.message
        if self.text is None:
            return message
        return f"{message}\n{excerpt(self.text, self.span or (0, len(self.text)))}"


def too_deep() -> EvaluationError:
    """The failure for a template whose values or expressions exhaust the interpreter's stack."""
    return EvaluationError("The template is nested too deeply to be evaluated.", kind=VALIDATION)


def excerpt(text: str, span: tuple[int, int], width: int = 100) -> str:
    """The part of an expression around ``span`` on one line, and a line with carets under the span."""
    start, end = max(span[0], 0), max(span[1], span[0] + 1)
    first = max(0, start - width // 2)
    shown = text[first : first + width].replace("\n", " ").replace("\r", " ").replace("\t", " ")
    lead, tail = ("…" if first else ""), ("…" if first + width < len(text) else "")
    carets = max(1, min(end, first + len(shown)) - start)
    return f"    {lead}{shown}{tail}\n    {' ' * (len(lead) + start - first)}{'^' * carets}"


def syntax_failure(error: ExpressionSyntaxError, text: str) -> EvaluationError:
    """The failure for an expression that cannot be parsed."""
    failure = EvaluationError(f"The expression cannot be read: {error.message}.")
    failure.text = text
    failure.span = (error.offset, error.end)
    return failure


def diagnostic(failure: EvaluationError, file: str | None = None) -> Diagnostic:
    """The failure as a value for the user."""
    code = failure.code
    level, message, fix = describe(code, text=failure.explanation())
    return Diagnostic(code=code, level=level, message=message, file=file, pointer=failure.path or None, fix=fix)


def distinct(failures: Iterable[EvaluationError]) -> list[EvaluationError]:
    """The failures and their siblings, each place with each message once."""
    found: dict[tuple[str, str], EvaluationError] = {}
    for failure in failures:
        for each in failure.together():
            found.setdefault((each.path, each.message), each)
    return list(found.values())


class EngineError(TemplateError):
    """A template that cannot be evaluated. ``kinds`` are the names of the exceptions of Azure's engine, one for each
    diagnostic; of failures that are told of more than one part of the template, the first counts."""

    def __init__(self, failures: Iterable[EvaluationError]) -> None:
        collected = distinct(failures)
        self.kinds: tuple[str, ...] = tuple(failure.kind for failure in collected)
        super().__init__(diagnostic(failure) for failure in collected)
