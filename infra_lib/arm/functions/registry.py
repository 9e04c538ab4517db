"""The table of template functions: every documented one by name, with its argument counts, its status and where it is computed.

A function's code is imported when it is first called, a family (module of this package) at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal

Status = Literal["pure", "lambda", "lazy", "context", "runtime", "unsupported"]
"""How a function is evaluated.

``pure``: ``call(args)`` computes the value from known arguments. ``lambda``: the same, with some arguments of type LambdaValue.
``lazy``: the evaluator decides which arguments are evaluated at all. ``context``: answered from the template and the scope of the
deployment. ``runtime``: known to a running deployment alone. ``unsupported``: refused by name.
"""

FailureCode = Literal["ArgumentCount", "ArgumentType", "ArgumentValue", "Unsupported"]
"""What went wrong in a call: the number of arguments, the kind of one of them, what one of them holds, or the function itself."""

Implementation = Callable[[list[Any]], Any]


class FunctionError(Exception):
    """A call of a template function that cannot be answered. ``code`` is the kind of failure; the text names the function.

    ``argument`` is the position (from 0) of the argument that is wrong, None where it is not one alone.
    """

    def __init__(self, message: str, code: FailureCode = "ArgumentValue", *, argument: int | None = None) -> None:
        self.message = message
        self.code: FailureCode = code
        self.argument = argument
        super().__init__(message)


class Function:
    """One template function. ``maximum`` None means any number of arguments. Treat it as frozen.

    ``call`` takes the list of evaluated arguments, whose count was checked, and returns the value or raises
    :class:`FunctionError`. It is resolved at the first access, after which it is a plain attribute. ``family`` names the module
    that computes it, empty where the evaluator does.
    """

    __slots__ = ("call", "family", "maximum", "minimum", "name", "status")

    call: Implementation

    def __init__(self, name: str, minimum: int, maximum: int | None, status: Status, family: str) -> None:
        self.name = name
        self.minimum = minimum
        self.maximum = maximum
        self.status: Status = status
        self.family = family

    def __getattr__(self, attribute: str) -> Any:
        # Reached for ``call`` alone, while its slot is still empty.
        if attribute != "call" or not self.family:
            raise AttributeError(attribute)
        calls: dict[str, Implementation] = import_module(f"infra_lib.arm.functions.{self.family}").CALLS
        self.call = calls[self.name]
        return self.call

    def __repr__(self) -> str:
        return f"Function({self.name!r}, {self.minimum}, {self.maximum}, {self.status!r}, {self.family!r})"

    def check_count(self, count: int) -> None:
        """Raise FunctionError (ArgumentCount) unless the function takes ``count`` arguments."""
        if count < self.minimum or (self.maximum is not None and count > self.maximum):
            given = f"{count} is given" if count == 1 else f"{count} are given"
            raise FunctionError(f"{self.name}() takes {self._counts()}, but {given}.", "ArgumentCount")

    def _counts(self) -> str:
        if self.maximum is None:
            return f"{self.minimum} or more arguments"
        if self.minimum == self.maximum:
            return "no arguments" if self.minimum == 0 else "1 argument" if self.minimum == 1 else f"{self.minimum} arguments"
        return f"{self.minimum} to {self.maximum} arguments"


# (name, minimum, maximum, family) of the functions that this package computes from known arguments.
_PURE: tuple[tuple[str, int, int | None, str], ...] = (
    ("array", 1, 1, "arrays"),
    ("concat", 1, None, "arrays"),
    ("contains", 2, 2, "arrays"),
    ("createArray", 0, None, "arrays"),
    ("distinct", 1, 1, "arrays"),
    ("empty", 1, 1, "arrays"),
    ("first", 1, 1, "arrays"),
    ("flatten", 1, 1, "arrays"),
    ("indexFromEnd", 2, 2, "arrays"),
    ("indexOf", 2, 2, "arrays"),
    ("intersection", 2, None, "arrays"),
    ("last", 1, 1, "arrays"),
    ("lastIndexOf", 2, 2, "arrays"),
    ("length", 1, 1, "arrays"),
    ("range", 2, 2, "arrays"),
    ("skip", 2, 2, "arrays"),
    ("take", 2, 2, "arrays"),
    ("tryIndexFromEnd", 2, None, "arrays"),
    ("union", 1, None, "arrays"),
    ("createObject", 0, None, "objects"),
    ("items", 1, 1, "objects"),
    ("null", 0, 0, "objects"),
    ("objectKeys", 1, 1, "objects"),
    ("shallowMerge", 1, 1, "objects"),
    ("tryGet", 2, None, "objects"),
    ("add", 2, 2, "numbers"),
    ("div", 2, 2, "numbers"),
    ("float", 1, 1, "numbers"),
    ("int", 1, 1, "numbers"),
    ("max", 1, None, "numbers"),
    ("min", 1, None, "numbers"),
    ("mod", 2, 2, "numbers"),
    ("mul", 2, 2, "numbers"),
    ("sub", 2, 2, "numbers"),
    ("bool", 1, 1, "comparison"),
    ("equals", 2, 2, "comparison"),
    ("false", 0, 0, "comparison"),
    ("greater", 2, 2, "comparison"),
    ("greaterOrEquals", 2, 2, "comparison"),
    ("less", 2, 2, "comparison"),
    ("lessOrEquals", 2, 2, "comparison"),
    ("not", 1, 1, "comparison"),
    ("true", 0, 0, "comparison"),
    ("base64", 1, 1, "encoding"),
    ("base64ToJson", 1, 1, "encoding"),
    ("base64ToString", 1, 1, "encoding"),
    ("dataUri", 1, 1, "encoding"),
    ("dataUriToString", 1, 1, "encoding"),
    ("endsWith", 2, 2, "strings"),
    ("fail", 1, 1, "strings"),
    ("join", 2, 2, "strings"),
    ("like", 2, 2, "strings"),
    ("padLeft", 2, 3, "strings"),
    ("replace", 3, 3, "strings"),
    ("split", 2, 2, "strings"),
    ("startsWith", 2, 2, "strings"),
    ("string", 1, 1, "strings"),
    ("substring", 1, 3, "strings"),
    ("toLower", 1, 1, "strings"),
    ("toUpper", 1, 1, "strings"),
    ("trim", 1, 1, "strings"),
    ("format", 1, None, "formatting"),
    ("json", 1, 1, "json_text"),
    ("guid", 1, None, "hashing"),
    ("uniqueString", 1, None, "hashing"),
    ("buildUri", 1, 1, "uris"),
    ("parseUri", 1, 1, "uris"),
    ("uri", 2, 2, "uris"),
    ("uriComponent", 1, 1, "uris"),
    ("uriComponentToString", 1, 1, "uris"),
    ("dateTimeAdd", 2, 3, "dates"),
    ("dateTimeFromEpoch", 1, 1, "dates"),
    ("dateTimeToEpoch", 1, 1, "dates"),
    ("cidrHost", 2, 2, "cidr"),
    ("cidrSubnet", 3, 3, "cidr"),
    ("parseCidr", 1, 1, "cidr"),
)

_LAMBDA: tuple[tuple[str, int, int | None, str], ...] = (
    ("filter", 2, 2, "lambdas"),
    ("groupBy", 2, 3, "lambdas"),
    ("map", 2, 2, "lambdas"),
    ("mapValues", 2, 2, "lambdas"),
    ("reduce", 3, 3, "lambdas"),
    ("sort", 2, 2, "lambdas"),
    ("toObject", 2, 3, "lambdas"),
)

# (name, minimum, maximum, status) of the functions that the evaluator answers.
_EVALUATOR: tuple[tuple[str, int, int | None, Status], ...] = (
    ("and", 2, None, "lazy"),
    ("coalesce", 1, None, "lazy"),
    ("if", 3, 3, "lazy"),
    ("lambda", 1, None, "lazy"),
    ("or", 2, None, "lazy"),
    ("copyIndex", 0, 2, "context"),
    ("deployer", 0, 0, "context"),
    ("deployment", 0, 0, "context"),
    ("environment", 0, 0, "context"),
    ("extensionResourceId", 3, None, "context"),
    ("externalInputs", 1, 1, "context"),
    ("lambdaVariables", 1, 1, "context"),
    ("managementGroup", 0, 0, "context"),
    ("managementGroupResourceId", 2, None, "context"),
    ("newGuid", 0, 0, "context"),
    ("parameters", 1, 1, "context"),
    ("resourceGroup", 0, 0, "context"),
    ("resourceId", 2, None, "context"),
    ("resourceInfo", 1, 1, "context"),
    ("subscription", 0, 0, "context"),
    ("subscriptionResourceId", 2, None, "context"),
    ("tenant", 0, 0, "context"),
    ("tenantResourceId", 2, None, "context"),
    ("utcNow", 0, 1, "context"),
    ("variables", 1, 1, "context"),
    ("getKeyVaultSecret", 2, 3, "runtime"),
    ("listAccountSas", 2, 3, "runtime"),
    ("listKeys", 2, 3, "runtime"),
    ("listOutputsWithSecureValues", 2, 3, "runtime"),
    ("listSecrets", 2, 3, "runtime"),
    ("pickZones", 3, 5, "runtime"),
    ("providers", 1, 2, "runtime"),
    ("reference", 1, 3, "runtime"),
    ("references", 1, 3, "runtime"),
    ("roleDefinitions", 1, 1, "runtime"),
    ("toLogicalZone", 3, 3, "runtime"),
    ("toLogicalZones", 3, 3, "runtime"),
    ("toPhysicalZone", 3, 3, "runtime"),
    ("toPhysicalZones", 3, 3, "runtime"),
    ("extensions", 1, 1, "unsupported"),
    ("target", 0, 1, "unsupported"),
)


def _table() -> dict[str, Function]:
    table = {name.lower(): Function(name, low, high, "pure", family) for name, low, high, family in _PURE}
    table.update((name.lower(), Function(name, low, high, "lambda", family)) for name, low, high, family in _LAMBDA)
    table.update((name.lower(), Function(name, low, high, status, "")) for name, low, high, status in _EVALUATOR)
    return table


FUNCTIONS: dict[str, Function] = _table()
"""Every function by its name in lower case; :func:`lookup` knows the other ``list*`` functions, too."""


def lookup(name: str) -> Function | None:
    """The function of this name in any letter case, None if there is none. Every name that starts with ``list`` is one."""
    lowered = name.lower()
    found = FUNCTIONS.get(lowered)
    if found is None and lowered.startswith("list"):
        return Function(name, 2, 3, "runtime", "")
    return found
