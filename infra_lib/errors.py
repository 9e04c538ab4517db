"""The exception tree. Exceptions are for what cannot go on; findings about inputs travel as diagnostics inside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra_lib.diagnostics import Diagnostic


class InfraError(Exception):
    """The base of every failure that this library raises on purpose."""


class InputError(InfraError):
    """What was asked for does not fit together: a missing file, an unknown name, a contradiction. The text says what to do."""


class _DiagnosedError(InfraError):
    """An input is wrong; ``diagnostics`` has every finding, the text has those that are errors, a line each."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        shown = [diagnostic for diagnostic in self.diagnostics if diagnostic.is_error] or self.diagnostics
        super().__init__("\n".join(str(diagnostic) for diagnostic in shown))


class BicepError(_DiagnosedError):
    """A .bicep or .bicepparam file does not compile."""


class TemplateError(_DiagnosedError):
    """An ARM template is not valid or cannot be evaluated."""


class ParameterError(_DiagnosedError):
    """A parameter file or a parameter's value is wrong."""


class PlanError(InfraError):
    """A plan cannot be made, or can no longer be applied as it was reviewed."""


class DeploymentError(InfraError):
    """A deployment failed. ``causes`` holds one line of text for each resource or operation that failed, innermost first."""

    def __init__(self, message: str, causes: Sequence[str] = ()) -> None:
        self.causes: tuple[str, ...] = tuple(causes)
        super().__init__("\n".join([message, *self.causes]))


class SyncError(DeploymentError):
    """Files could not be transferred, or not all of them. ``causes`` holds a line for each; what was transferred stays."""
