"""Where parameter values come from, and which one counts.

In this order: ``--set NAME=VALUE``, the environment (``INFRA_PARAM_`` and the name, in any letter case), the parameter file. A
null in the file takes the value of the first source that has one among those to inherit from (for an inference project: the
fine-tuning parameter file, then finetuning.config.json), and stands for the template's default otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra_lib.diagnostics import Diagnostic, has_errors
from infra_lib.errors import ParameterError
from infra_lib.parameters import words
from infra_lib.parameters.entry import Expression, KeyVaultReference, arm_entry, from_arm_entry
from infra_lib.parameters.file import ParameterFile
from infra_lib.parameters.json_text import pointer, read_json
from infra_lib.parameters.literals import plain
from infra_lib.parameters.schema import is_nullable, is_secure, type_of
from infra_lib.parameters.secret import HIDDEN
from infra_lib.parameters.validate import (
    Location,
    Locator,
    Path,
    check_expressions,
    check_structure,
    check_values,
    file_locator,
    in_order,
    plain_locator,
    problem,
    unreadable,
)

ENVIRONMENT_PREFIX = "INFRA_PARAM_"

CONFIG_PARAMETERS = {
    "STORAGE_ACCOUNT_NAME": "storageAccountName",
    "FILE_SHARE_NAME": "fileShareName",
    "ACA_APP_NAME": "acaAppName",
    "ACA_JOB_NAME": "acaJobName",
}
"""Which parameter a key of an AI Toolkit project's config file gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a parameter's value comes from.

    ``kind`` is ``set``, ``environment``, ``file``, ``inherited``, ``given`` (by the caller) or ``default``; ``text`` says it in
    words (``infra/provision/inference.parameters.json, line 12``).
    """

    kind: str
    text: str
    file: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedParameters:
    """The parameters of a deployment.

    ``parameters`` is what Resource Manager takes (``{"NAME": {"value": ...} or {"reference": ...}}``; those left to their
    defaults are not in it). ``origins`` has every parameter of the template that has a value or a default; ``diagnostics``
    everything there is to say about them; ``secure`` the names whose values are not to be shown.
    """

    parameters: dict[str, dict[str, Any]] = field(repr=False)
    origins: dict[str, Origin]
    diagnostics: tuple[Diagnostic, ...]
    secure: frozenset[str]

    @property
    def is_valid(self) -> bool:
        """True when nothing that was found is an error."""
        return not has_errors(self.diagnostics)

    def check(self) -> ResolvedParameters:
        """Return self, or raise ParameterError with all diagnostics when there is an error among them."""
        if not self.is_valid:
            raise ParameterError(self.diagnostics)
        return self

    def shown(self) -> dict[str, str]:
        """Every parameter's value as text for people; secure ones as ``***``."""
        texts = {}
        for name, entry in self.parameters.items():
            right, value = from_arm_entry(entry)
            hidden = name in self.secure and not isinstance(value, KeyVaultReference)
            texts[name] = HIDDEN if hidden else words.shown(value) if right else ""
        return texts


@dataclass(frozen=True, slots=True)
class _Given:
    """A value with where it came from."""

    value: Any
    origin: Origin
    locate: Locator
    is_json: bool = False


def resolve(
    template: Mapping[str, Any],
    parameters: ParameterFile | Mapping[str, Any] | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    settings: Sequence[str] | Mapping[str, str] = (),
    environment: Mapping[str, str] | None = None,
    inherit: Iterable[ParameterFile | ConfigValues] = (),
) -> ResolvedParameters:
    """Bring the values for a template's parameters together, check them all, and say where each comes from.

    ``parameters`` is the file, or values by name: plain, or all of them as ``{"value": ...}``. ``overrides`` are
    values in the same forms that take the place of single ones. ``settings`` are ``NAME=VALUE`` texts (or a mapping of names to
    texts), ``environment`` is usually ``os.environ``; both are read by the declared types.
    ``inherit`` are the sources for what is null, in their order. A .bicepparam file is compiled, which raises BicepError when it
    does not compile. Never raises for wrong values: they are in ``diagnostics``; ``.check()`` raises.
    """
    resolver = _Resolver(template)
    if isinstance(parameters, ParameterFile):
        resolver.read_file(parameters)
    elif parameters is not None:
        resolver.read_values(parameters)
    resolver.read_environment(environment or {})
    resolver.read_values(overrides or {})
    resolver.read_settings(settings)
    resolver.inherit(list(inherit))
    return resolver.result()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigValues:
    """Parameter values that a project's config file gives; ``path`` is the file to show."""

    path: str
    values: Mapping[str, Any]

    @classmethod
    def from_config(cls, path: str, config: Mapping[str, Any]) -> ConfigValues:
        """The parameters that the keys of a config file (``STORAGE_ACCOUNT_NAME``, ...) give."""
        values = {parameter: config[key] for key, parameter in CONFIG_PARAMETERS.items() if config.get(key) is not None}
        return cls(path=path, values=values)


class _Resolver:
    """Collects values for one template."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self.template = template
        self.declared: Mapping[str, Any] = template.get("parameters") or {}
        self.spelling = {name.casefold(): name for name in self.declared}
        self.given: dict[str, _Given] = {}
        self.problems: list[Diagnostic] = []
        self.broken: set[str] = set()
        self.unreadable: set[str] = set()
        self.main: Locator = plain_locator

    def name(self, name: str) -> str:
        """A parameter's name as the template spells it."""
        return str(self.spelling.get(name.casefold(), name))

    def read_file(self, file: ParameterFile) -> None:
        """The parameter file."""
        self.problems += [*file.diagnostics, *check_structure(file)]
        self.broken |= unreadable(file)
        self.main = file_locator(file)
        for name, entry in file.arm_parameters().items():
            _, value = from_arm_entry(entry)
            self.given[self.name(name)] = _Given(value, _file_origin(file, name, "file"), self.main, file.format == "json")

    def read_values(self, values: Mapping[str, Any]) -> None:
        """Values that the caller gives: plain ones, or all of them in Resource Manager's form."""
        origin = Origin(kind="given", text="given by the caller")
        entries = {name: from_arm_entry(value) for name, value in values.items()}
        as_entries = all(right for right, _ in entries.values())
        for name, value in values.items():
            content = entries[name][1] if as_entries else value
            as_is = isinstance(content, KeyVaultReference | Expression)
            self.given[self.name(name)] = _Given(content if as_is else plain(content, name), origin, plain_locator)

    def read_environment(self, environment: Mapping[str, str]) -> None:
        """``INFRA_PARAM_NAME`` variables."""
        for variable in sorted(environment):
            if not variable.upper().startswith(ENVIRONMENT_PREFIX):
                continue
            name = self.spelling.get(variable[len(ENVIRONMENT_PREFIX) :].casefold())
            if name is None:
                near = words.nearest(variable[len(ENVIRONMENT_PREFIX) :], self.declared)
                fix = f"Did you mean {ENVIRONMENT_PREFIX}{near}?" if near else None
                self.problems.append(problem("INF162", Location(), name=variable, fix=fix))
                continue
            self.read_text(name, environment[variable], Origin(kind="environment", text=variable), variable)

    def read_settings(self, settings: Sequence[str] | Mapping[str, str]) -> None:
        """``--set NAME=VALUE`` arguments."""
        if isinstance(settings, Mapping):
            settings = [f"{name}={value}" for name, value in settings.items()]
        for setting in settings:
            name, equals, text = setting.partition("=")
            known = self.spelling.get(name.strip().casefold())
            if not equals or not name.strip():
                self.problems.append(problem("INF160", Location(), text=setting))
            elif known is None:
                fix = words.did_you_mean(name.strip(), self.declared)
                self.problems.append(problem("INF130", Location(pointer=f"--set {name.strip()}"), name=name.strip(), fix=fix))
            else:
                self.read_text(known, text, Origin(kind="set", text=f"--set {known}"), f"--set {known}")

    def read_text(self, name: str, text: str, origin: Origin, place: str) -> None:
        """A value given as text."""
        declaration = self.declared[name]
        secure = is_secure(self.template, declaration)
        kind = type_of(self.template, declaration)
        right, value = parse_value(text, kind, nullable="defaultValue" in declaration or is_nullable(self.template, declaration))
        if not right:
            shown = HIDDEN if secure else words.quoted(text)
            fix = _TEXT_EXAMPLES.get(kind)
            expected = words.ARM_TYPE_WORDS.get(kind, "a value")
            self.problems.append(
                problem("INF161", Location(pointer=place), subject=place, expected=expected, found=shown, fix=fix)
            )
            self.unreadable.add(name.casefold())
            return
        self.given[name] = _Given(value, origin, _text_locator(place))

    def inherit(self, sources: Sequence[ParameterFile | ConfigValues]) -> None:
        """Values for what the file leaves null, and for names that it leaves out."""
        for name, declaration in self.declared.items():
            given = self.given.get(name)
            if given is not None and (given.value is not None or given.origin.kind not in ("file", "given")):
                continue
            left_out = given is None and "defaultValue" in declaration and type_of(self.template, declaration) == "string"
            if given is None and not left_out:
                continue
            found = next((found for source in sources if (found := _value_of(source, name)) is not None), None)
            if found is not None:
                self.given[name] = found

    def result(self) -> ResolvedParameters:
        """Check what was collected and give it its final form."""
        values = {name: given.value for name, given in self.given.items()}

        def locate(name: str, path: Path = (), *, key: bool = False) -> Location:
            given = self.given.get(name)
            return (given.locate if given else self.main)(name, path, key=key)

        broken = self.broken | self.unreadable
        self.problems += check_values(values, self.template, locate, broken=broken)
        written = {name: given.value for name, given in self.given.items() if given.is_json and name in self.declared}
        self.problems += check_expressions(written, locate, self.problems)
        parameters: dict[str, dict[str, Any]] = {}
        origins: dict[str, Origin] = {}
        for name, declaration in self.declared.items():
            given = self.given.get(name)
            if given is None or (given.value is None and "defaultValue" in declaration):
                if "defaultValue" in declaration:
                    origins[name] = Origin(kind="default", text="the template's default")
                continue
            parameters[name] = arm_entry(given.value)
            origins[name] = given.origin
        secure = frozenset(name for name, declaration in self.declared.items() if is_secure(self.template, declaration))
        return ResolvedParameters(
            parameters=parameters, origins=origins, diagnostics=tuple(in_order(self.problems)), secure=secure
        )


_TEXT_EXAMPLES = {
    "int": "Write a whole number, such as 3.",
    "bool": "Write true or false.",
    "array": """Write a JSON list, such as '["a", "b"]'.""",
    "object": """Write a JSON object, such as '{"name": "value"}'.""",
    "secureobject": """Write a JSON object, such as '{"name": "value"}'.""",
}


def parse_value(text: str, kind: str, *, nullable: bool = False) -> tuple[bool, Any]:
    """Read a text as a value of a declared type (in lower case, ``""`` for any): whether it reads as one, and the value.

    Strings are taken as they are; ``null`` is null where the parameter takes null; the rest is JSON.
    """
    if nullable and text == "null":
        return True, None
    if kind in ("string", "securestring"):
        return True, text
    stripped = text.strip()
    if kind == "int":
        digits = stripped[1:] if stripped[:1] in ("-", "+") else stripped
        return (True, int(stripped)) if digits.isascii() and digits.isdigit() and len(digits) < 40 else (False, None)
    if kind == "bool":
        folded = stripped.lower()
        return folded in ("true", "false"), folded == "true"
    read = read_json(stripped)
    if read.root is None or read.findings:
        return (True, text) if kind == "" else (False, None)
    value = read.root.value
    wanted = {"array": list, "object": dict, "secureobject": dict}.get(kind)
    return wanted is None or isinstance(value, wanted), value


def _text_locator(place: str) -> Locator:
    def locate(name: str, path: Path = (), *, key: bool = False) -> Location:
        del name, key
        return Location(pointer=place + pointer(path))

    return locate


def _file_origin(file: ParameterFile, name: str, kind: str) -> Origin:
    _, place = file.locate(name)
    path = str(file.path) if file.path else "the parameter file"
    return Origin(kind=kind, text=f"{path}, line {place.line}", file=path, line=place.line, column=place.column)


def _value_of(source: ParameterFile | ConfigValues, name: str) -> _Given | None:
    """A value to inherit, None where the source has none."""
    if isinstance(source, ParameterFile):
        value = source.get(name)
        if value is None:
            return None
        return _Given(value, _file_origin(source, name, "inherited"), file_locator(source), source.format == "json")
    value = source.values.get(name)
    if value is None:
        return None

    def locate(name: str, path: Path = (), *, key: bool = False) -> Location:
        del name, path, key
        return Location(file=source.path)

    return _Given(value, Origin(kind="inherited", text=source.path, file=source.path), locate)
