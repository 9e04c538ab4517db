"""The functions and decorators of the ``sys`` and ``az`` name spaces, as data: names, argument counts and where each may
stand."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from infra_lib.bicep import syntax as s

Kind = Literal["bicep", "params"]

# Flags of a function.
INLINE = 1
"""Its value exists only while a deployment runs: variables that use it are written out where they are used."""
DEFAULTS_ONLY = 2
"""May stand only in the default value of a parameter."""
VARIABLE = 4
"""Evaluated by the compiler; its value becomes a variable ``$fxv#N``."""
INDIRECT_VARIABLE = 8
"""Evaluated by the compiler; its value becomes a variable ``$fxv#N`` unless it is a variable's whole value."""
NAME_ONLY = 16
"""Looks at the name of its argument, not at the value."""
EXTERNAL = 32
"""Resolved by the deployment tool."""


class FunctionInfo(NamedTuple):
    """A function: the least and greatest number of arguments (None: any number) and its flags."""

    name: str
    minimum: int
    maximum: int | None
    flags: int = 0


class DecoratorInfo(NamedTuple):
    """A decorator: its argument counts and the kinds of declaration that may carry it (words of :data:`DECORATOR_PLACES`)."""

    name: str
    minimum: int
    maximum: int
    places: frozenset[str]


def _functions(*rows: tuple[str, int, int | None] | tuple[str, int, int | None, int]) -> dict[str, FunctionInfo]:
    return {row[0]: FunctionInfo(*row) for row in rows}


SYS: dict[str, FunctionInfo] = _functions(
    ("any", 1, 1), ("array", 1, 1), ("base64", 1, 1), ("base64ToJson", 1, 1), ("base64ToString", 1, 1), ("bool", 1, 1),
    ("buildUri", 1, 1), ("cidrHost", 2, 2), ("cidrSubnet", 3, 3), ("concat", 1, None), ("contains", 2, 2), ("dataUri", 1, 1),
    ("dataUriToString", 1, 1), ("dateTimeAdd", 2, 3), ("dateTimeFromEpoch", 1, 1), ("dateTimeToEpoch", 1, 1), ("distinct", 1, 1),
    ("empty", 1, 1), ("endsWith", 2, 2), ("fail", 1, 1), ("filter", 2, 2), ("first", 1, 1), ("flatten", 1, 1), ("format", 1,
    None),
    ("groupBy", 2, 3), ("guid", 1, None), ("indexOf", 2, 2), ("int", 1, 1), ("intersection", 2, None), ("items", 1, 1),
    ("join", 2, 2), ("json", 1, 1), ("last", 1, 1), ("lastIndexOf", 2, 2), ("length", 1, 1), ("like", 2, 2), ("map", 2, 2),
    ("mapValues", 2, 2), ("max", 1, None), ("min", 1, None), ("nameof", 1, 1, NAME_ONLY), ("newGuid", 0, 0, DEFAULTS_ONLY),
    ("objectKeys", 1, 1), ("padLeft", 2, 3), ("parseCidr", 1, 1), ("parseUri", 1, 1), ("range", 2, 2), ("reduce", 3, 3),
    ("replace", 3, 3), ("shallowMerge", 1, 1), ("skip", 2, 2), ("sort", 2, 2), ("split", 2, 2), ("startsWith", 2, 2),
    ("string", 1, 1), ("substring", 2, 3), ("take", 2, 2), ("toLower", 1, 1), ("toObject", 2, 3), ("toUpper", 1, 1),
    ("trim", 1, 1), ("union", 2, None), ("uniqueString", 1, None), ("uri", 2, 2), ("uriComponent", 1, 1),
    ("uriComponentToString", 1, 1), ("utcNow", 0, 1, DEFAULTS_ONLY),
    ("loadDirectoryFileInfo", 1, 2, VARIABLE), ("loadFileAsBase64", 1, 1, INDIRECT_VARIABLE),
    ("loadJsonContent", 1, 3, VARIABLE), ("loadTextContent", 1, 2, INDIRECT_VARIABLE), ("loadYamlContent", 1, 3, VARIABLE),
)  # fmt: skip
"""Functions of ``sys`` in every file."""

SYS_PARAMS: dict[str, FunctionInfo] = _functions(
    ("externalInput", 1, 2, EXTERNAL), ("readEnvironmentVariable", 1, 2, VARIABLE),
)  # fmt: skip
"""Functions of ``sys`` in parameter files alone."""

AZ: dict[str, FunctionInfo] = _functions(
    ("deployer", 0, 0), ("deployment", 0, 0), ("environment", 0, 0), ("extensionResourceId", 3, None),
    ("managementGroup", 0, 1), ("managementGroupResourceId", 2, None), ("pickZones", 3, 5), ("providers", 1, 2),
    ("reference", 1, 3, INLINE), ("resourceGroup", 0, 2), ("resourceId", 2, None), ("roleDefinitions", 1, 1),
    ("subscription", 0, 1), ("subscriptionResourceId", 2, None), ("tenant", 0, 0), ("tenantResourceId", 2, None),
    ("toLogicalZone", 3, 3, INLINE), ("toLogicalZones", 3, 3, INLINE), ("toPhysicalZone", 3, 3, INLINE),
    ("toPhysicalZones", 3, 3, INLINE),
)  # fmt: skip
"""Functions of ``az`` in Bicep files."""

AZ_PARAMS: dict[str, FunctionInfo] = _functions(("getSecret", 4, 5))
"""Functions of ``az`` in parameter files."""

_SCOPED_COUNTS: dict[str, dict[str, tuple[int, int]]] = {
    "managementGroup": {"managementGroup": (0, 1), "*": (1, 1)},
    "subscription": {"resourceGroup": (0, 1), "subscription": (0, 1), "*": (1, 1)},
    "resourceGroup": {"resourceGroup": (0, 2), "subscription": (1, 2), "*": (2, 2)},
}
"""The scope functions whose overloads depend on the target scope of the file."""

BANNED: dict[str, tuple[str, str]] = {
    "variables": ("BCP060", "the variable's name"),
    "parameters": ("BCP061", "the parameter's name"),
    "if": ("BCP100", "condition ? value : other"),
    "createArray": ("BCP101", "[a, b]"),
    "createObject": ("BCP102", "{ name: value }"),
    **{
        name: ("BCP069", operator)
        for name, operator in (
            ("add", "+"),
            ("sub", "-"),
            ("mul", "*"),
            ("div", "/"),
            ("mod", "%"),
            ("less", "<"),
            ("lessOrEquals", "<="),
            ("greater", ">"),
            ("greaterOrEquals", ">="),
            ("equals", "=="),
            ("not", "!"),
            ("and", "&&"),
            ("or", "||"),
            ("coalesce", "??"),
        )
    },
}
"""Functions of the template language that Bicep has syntax for: the code of the mistake and what to write instead."""

_LIST = re.compile(r"list[a-zA-Z]*\Z")

_DECLARATION_PLACES = frozenset(
    ("parameter", "variable", "resource", "module", "output", "type", "function", "metadata", "import", "extension")
)
_TYPED = frozenset(("parameter", "output", "type"))

PLACE_OF: dict[type, str] = {
    s.ParameterDeclaration: "parameter",
    s.VariableDeclaration: "variable",
    s.ResourceDeclaration: "resource",
    s.ModuleDeclaration: "module",
    s.OutputDeclaration: "output",
    s.MetadataDeclaration: "metadata",
    s.TypeDeclaration: "type",
    s.ObjectTypeProperty: "type",
    s.ObjectTypeAdditionalProperties: "type",
    s.TupleTypeItem: "type",
}
"""The word of :data:`DECORATOR_PLACES` for a node."""

DECORATOR_PLACES = _DECLARATION_PLACES
"""The kinds of declaration; ``type`` includes members of object and tuple types."""

DECORATORS: dict[str, DecoratorInfo] = {
    row[0]: DecoratorInfo(*row)
    for row in (
        ("allowed", 1, 1, frozenset(("parameter",))),
        ("batchSize", 1, 1, frozenset(("resource", "module"))),
        ("description", 1, 1, _DECLARATION_PLACES),
        ("discriminator", 1, 1, _TYPED),
        ("export", 0, 0, frozenset(("type", "variable", "function"))),
        ("maxLength", 1, 1, _TYPED),
        ("maxValue", 1, 1, _TYPED),
        ("metadata", 1, 1, _TYPED),
        ("minLength", 1, 1, _TYPED),
        ("minValue", 1, 1, _TYPED),
        ("nullIfNotFound", 0, 0, frozenset(("resource",))),
        ("onlyIfNotExists", 0, 0, frozenset(("resource",))),
        ("retryOn", 1, 2, frozenset(("resource",))),
        ("sealed", 0, 0, _TYPED),
        ("secure", 0, 0, _TYPED),
    )
}

PRIMITIVE_TYPES = frozenset(("any", "array", "bool", "int", "object", "string"))
"""Types that every file knows by name."""

PARAMETERIZED_TYPES = frozenset(("resourceInput", "resourceOutput"))


def functions_of(namespace: str, kind: Kind) -> dict[str, FunctionInfo]:
    """The functions of ``sys`` or ``az`` in a Bicep file or a parameter file (``list*`` apart)."""
    if namespace == "sys":
        return SYS if kind == "bicep" else {**SYS, **SYS_PARAMS}
    return AZ if kind == "bicep" else AZ_PARAMS


def find_function(name: str, kind: Kind, scope: str) -> tuple[FunctionInfo, str] | None:
    """The function of that name with its name space, the counts being those of the target scope; None where there is none."""
    for namespace in ("sys", "az"):
        info = find_in(namespace, name, kind, scope)
        if info is not None:
            return info, namespace
    return None


def find_in(namespace: str, name: str, kind: Kind, scope: str) -> FunctionInfo | None:
    """The function of that name in one name space, or None."""
    info = functions_of(namespace, kind).get(name)
    if info is not None:
        counts = _SCOPED_COUNTS.get(name)
        if counts is not None and namespace == "az":
            minimum, maximum = counts.get(scope) or counts["*"]
            return FunctionInfo(name, minimum, maximum, info.flags)
        return info
    if namespace == "az" and kind == "bicep" and _LIST.match(name):
        return FunctionInfo(name, 2, 3, INLINE)
    return None
