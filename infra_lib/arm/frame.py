"""What expressions are evaluated against: one frame for each template of a deployment, with its parameters, variables and
place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from infra_lib.arm.compiler import evaluate_text
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.functions.deployments import metadata_residual
from infra_lib.arm.limits import check_size
from infra_lib.arm.template import FunctionDeclaration, Template, member
from infra_lib.arm.types import check_value

if TYPE_CHECKING:
    from infra_lib.arm.expressions import Call, Node
    from infra_lib.arm.scopes import ScopeKind

MAX_CALL_DEPTH: Final = 40
"""User-defined functions that may call one another before the engine assumes that they never end."""

MAX_CALLS: Final = 100_000
"""Calls of user-defined functions while one template is evaluated."""

_COMPUTING: Final = object()

_SCOPES_OF: Final[dict[str, tuple[ScopeKind, ...]]] = {
    "resourceGroup": ("resourceGroup",),
    "subscription": ("resourceGroup", "subscription"),
    "managementGroup": ("managementGroup",),
}
"""The scopes of deployment at which a function has an answer; every scope for a function that is not named."""


class LazyValues(dict[str, Any]):
    """Parameters or variables by name in lower case; a value is computed when it is first read."""

    __slots__ = ("_compute", "_failed", "_noun")

    def __init__(self, noun: str, compute: Callable[[str], Any]) -> None:
        super().__init__()
        self._noun = noun
        self._compute = compute
        self._failed: dict[str, EvaluationError] = {}

    def __missing__(self, key: str) -> Any:
        if key in self._failed:
            raise self._failed[key].again()
        self[key] = _COMPUTING
        try:
            value = self[key] = self._compute(key)
        except BaseException as failure:
            del self[key]
            if isinstance(failure, EvaluationError):
                self._failed[key] = failure.again()
            raise
        return value

    def read(self, key: str) -> Any:
        """The value; EvaluationError for a name that is not declared and for one that depends on itself."""
        value = self[key]
        if value is _COMPUTING:
            raise EvaluationError(f"The {self._noun} {key!r} depends on itself.", kind=VALIDATION)
        return value


class References(Protocol):
    """Answers what is known of resources: the deployment that a frame belongs to. ``runtime`` is None before it runs."""

    runtime: Any

    def reference(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of ``reference(...)``."""
        ...

    def references(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of ``references(...)``."""
        ...

    def list_call(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of ``list*(...)``."""
        ...

    def resolved(self, function: str, symbol: str, arguments: list[Node]) -> list[Node]:
        """The arguments of reference() or list*() with the id, and the API version, of the resource that ``symbol`` names."""
        ...

    def other(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of a function that only a deployment can answer."""
        ...

    def resource_info(self, frame: Frame, symbol: str) -> Any:
        """The value of ``resourceInfo('symbol')``."""
        ...


class Frame:
    """The place where expressions of one template are evaluated.

    ``metadata``: what resourceGroup() and its like return, by function name in lower case. ``copies``: the index of each
    running loop by name in lower case; ``index`` that of the loop which copyIndex() without a name means. ``constants``: values
    of calls that don't vary within the frame. ``references`` is None where the state of resources must not be asked for.
    """

    __slots__ = (
        "clock", "constants", "copies", "depth", "functions", "functions_allowed", "index", "lambdas", "metadata", "parameters",
        "references", "template", "template_scope", "variables", "where", "within",
    )  # fmt: skip

    def __init__(
        self,
        template: Template,
        parameters: LazyValues,
        variables: LazyValues,
        metadata: dict[str, Any],
        references: References | None,
    ) -> None:
        self.template = template
        self.parameters = parameters
        self.variables = variables
        self.functions: dict[str, FunctionDeclaration] = template.functions
        self.metadata = metadata
        self.references = references
        self.copies: dict[str, int] = {}
        self.index: int | None = None
        self.lambdas: dict[str, Any] = {}
        self.constants: dict[Any, Any] = {}
        self.clock: Callable[[str, list[Any]], Any] | None = None
        self.template_scope: ScopeKind = template.scope_kind
        self.within: str | None = None
        self.where = ""
        self.functions_allowed = True
        self.depth = 0

    def context(self, name: str) -> Any:
        """What ``resourceGroup()`` and its like return; the call itself where nothing is known of it.

        Raises EvaluationError for a function that the scope of the deployment does not have.
        """
        known = self.metadata.get(name.lower())
        if known is not None:
            return known
        if self.template_scope not in _SCOPES_OF.get(name, (self.template_scope,)):
            raise EvaluationError(
                f"{name}() has no meaning in a deployment at the scope of a {self.template_scope}.", kind=VALIDATION
            )
        return metadata_residual(name)

    def call_function(self, call: Call, values: list[Any]) -> Any:
        """The value of a user-defined function that is called with ``values``."""
        name = call.name
        function = self.functions.get(call.key)
        if function is None:
            raise EvaluationError(f"There is no function {name!r}.")
        if not self.functions_allowed:
            raise EvaluationError(f"The user-defined function {name!r} cannot be called here.", kind=VALIDATION)
        if len(values) != len(function.parameters):
            raise EvaluationError(f"{name}() takes {len(function.parameters)} arguments, but {len(values)} are given.")
        self.template.calls += 1
        if self.template.calls > MAX_CALLS:
            raise EvaluationError(f"The template calls its functions more than {MAX_CALLS} times.", kind=VALIDATION)
        if self.depth >= MAX_CALL_DEPTH:
            raise EvaluationError(
                f"The call of {name}() leads to more than {MAX_CALL_DEPTH} calls inside one another.", kind=VALIDATION
            )
        parameters = LazyValues("parameter", _undeclared_parameter)
        for declaration, value, argument in zip(function.parameters, values, call.arguments, strict=True):
            parameter = str(member(declaration, "name"))
            try:
                check_value(value, declaration, self.template, f"The argument {parameter!r} of {name}()")
            except EvaluationError as failure:
                failure.node = argument
                raise
            parameters[parameter.lower()] = value
        frame = Frame(self.template, parameters, self.variables, self.metadata, None)
        frame.depth = self.depth + 1
        frame.template_scope = self.template_scope
        value = member(function.output, "value")
        result = check_size(frame.evaluate(value))
        check_value(result, function.output, self.template, f"The result of {name}()")
        return result

    def evaluate(self, value: Any) -> Any:
        """A JSON value of the template with its expressions evaluated."""
        if isinstance(value, str):
            return evaluate_text(value, self)
        if isinstance(value, dict | list):
            from infra_lib.arm.bodies import evaluate_json

            return evaluate_json(value, self)
        return value


def _undeclared_parameter(key: str) -> Any:
    raise EvaluationError(f"There is no parameter {key!r} here.", kind=VALIDATION)
