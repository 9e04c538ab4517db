"""``bicepconfig.json``: found beside or above a source, read once a run.

What matters to the output and to the diagnostics is read: module aliases, extensions, experimental features, the cache folder and
the levels of the analyzer's rules. ``formatting``, ``cloud`` and what is unknown are passed over.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, Literal

from infra_lib.bicep.sources.paths import Problem, directory_of, join
from infra_lib.diagnostics import Level, LineIndex

FILE_NAME = "bicepconfig.json"
_MAX_CHAIN = 64
_MAX_DEPTH = 64
_COMMENT_OR_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_BUILT_IN: dict[str, Any] = {
    "moduleAliases": {"ts": {}, "br": {"public": {"registry": "mcr.microsoft.com", "modulePath": "bicep"}}},
    "extensions": {"az": "builtin:", "kubernetes": "builtin:"},
    "implicitExtensions": ["az"],
    "analyzers": {"core": {"enabled": True, "rules": {}}},
    "experimentalFeaturesEnabled": {},
}

RuleLevel = Level | Literal["off"]


class _NotValidError(Exception):
    """The text is JSON but not a configuration."""


def _blank(match: re.Match[str]) -> str:
    text = match.group()
    return text if text[0] == '"' else "".join(character if character in "\r\n" else " " for character in text)


def parse_commented_json(text: str) -> Any:
    """The value of strict JSON in which comments may stand; ValueError with the reason, line and column for anything else."""

    def constant(name: str) -> Any:
        raise ValueError(f"{name} is no JSON value")

    try:
        return json.loads(_COMMENT_OR_STRING.sub(_blank, text), parse_constant=constant)
    except json.JSONDecodeError as error:
        line, column = LineIndex(text).place(error.pos)
        raise ValueError(f"{error.msg} at line {line}, column {column}") from None
    except RecursionError:
        raise ValueError(f"it is nested deeper than {_MAX_DEPTH} levels") from None


def _merge(first: Any, second: Any) -> Any:
    if second is None:
        return first
    if isinstance(first, dict) and isinstance(second, dict):
        merged = {name: _merge(value, second.get(name)) for name, value in first.items()}
        merged.update((name, value) for name, value in second.items() if name not in first)
        return merged
    return second


class Configuration:
    """The settings that hold for the sources of a folder.

    ``path`` is the file they come from, None for the built-in ones. ``problems`` are to be reported at the start of every source
    that the settings hold for; with one, the built-in settings apply.
    """

    __slots__ = ("_values", "cache_root", "experimental", "path", "problems")

    def __init__(self, values: Mapping[str, Any], path: str | None = None, problems: tuple[Problem, ...] = ()) -> None:
        self.path = path
        self.problems = problems
        self._values = values
        features = values["experimentalFeaturesEnabled"]
        self.experimental: frozenset[str] = frozenset(name.lower() for name, enabled in features.items() if enabled)
        cache_root: str | None = values.get("cacheRootDirectory")
        self.cache_root = cache_root

    def is_enabled(self, feature: str) -> bool:
        """True when an experimental feature is switched on; names as in the file, letter case ignored."""
        return feature.lower() in self.experimental

    def alias(self, scheme: Literal["br", "ts"], name: str) -> Mapping[str, Any] | None:
        """A module alias (``registry``, ``modulePath`` or ``subscription``, ``resourceGroup``), None if there is none."""
        found = self._values["moduleAliases"].get(scheme, {}).get(name)
        return {key[:1].lower() + key[1:]: value for key, value in found.items()} if isinstance(found, dict) else None

    @property
    def extensions(self) -> Mapping[str, str]:
        """Where each extension comes from: ``builtin:``, a reference or a path relative to the file."""
        extensions: Mapping[str, str] = self._values["extensions"]
        return extensions

    def rule_level(self, rule: str) -> RuleLevel | None:
        """The level that the file sets for a rule of the analyzer, None where it says nothing; "off" with the analyzer off."""
        core = self._values["analyzers"].get("core", {})
        if core.get("enabled") is False:
            return "off"
        setting = core.get("rules", {}).get(rule)
        level = setting.get("level") if isinstance(setting, dict) else None
        lowered = level.lower() if isinstance(level, str) else None
        return lowered if lowered in ("off", "info", "warning", "error") else None  # type: ignore[return-value]


BUILT_IN = Configuration(_BUILT_IN)


def _expect(condition: bool, place: str, kind: str) -> None:
    if not condition:
        raise _NotValidError(f"{place} must be {kind}")


def _check(values: dict[str, Any]) -> None:
    """Raise _NotValidError for members of a wrong kind."""
    for name in ("moduleAliases", "extensions", "analyzers", "experimentalFeaturesEnabled"):
        _expect(isinstance(values[name], dict), name, "an object")
    for scheme, members in (("br", ("registry", "modulePath")), ("ts", ("subscription", "resourceGroup"))):
        aliases = values["moduleAliases"].get(scheme, {})
        _expect(isinstance(aliases, dict), f"moduleAliases.{scheme}", "an object")
        for name, alias in aliases.items():
            _expect(isinstance(alias, dict), f"moduleAliases.{scheme}.{name}", "an object")
            for member in members:
                _expect(isinstance(alias.get(member, ""), str | None), f"moduleAliases.{scheme}.{name}.{member}", "a text")
    for name, source in values["extensions"].items():
        _expect(isinstance(source, str), f"extensions.{name}", "a text")
    for name, enabled in values["experimentalFeaturesEnabled"].items():
        _expect(isinstance(enabled, bool), f"experimentalFeaturesEnabled.{name}", "true or false")
    _expect(isinstance(values.get("cacheRootDirectory", ""), str | None), "cacheRootDirectory", "a text")
    core = values["analyzers"].get("core", {})
    _expect(isinstance(core, dict) and isinstance(core.get("rules", {}), dict), "analyzers.core", "an object with rules")


def _load_layer(path: str) -> dict[str, Any] | Problem:
    try:
        with open(path, encoding="utf-8-sig") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        return Problem("BCP272", path=path, reason=getattr(error, "strerror", None) or "it is not UTF-8")
    try:
        values = parse_commented_json(text)
    except ValueError as error:
        return Problem("BCP271", path=path, reason=str(error))
    return values if isinstance(values, dict) else Problem("BCP273", path=path, reason="the file must hold an object")


def _load_chain(path: str) -> list[dict[str, Any]] | Problem:
    """The file and those that it ``extends``, the nearest first."""
    layers: list[dict[str, Any]] = []
    visited: list[str] = []
    current = path
    while True:
        layer = _load_layer(current)
        if isinstance(layer, Problem):
            return layer
        layers.append(layer)
        visited.append(current)
        base = layer.get("extends")
        if not isinstance(base, str) or not base.strip():
            return layers
        if os.path.isabs(base) or base[0] in "/\\":
            return Problem("BCP453", path=current)
        current = join(directory_of(current), base)
        if current in visited:
            return Problem("BCP454", path=path, cycle=" -> ".join([*visited, current]))
        if len(layers) >= _MAX_CHAIN:
            return Problem("BCP455", path=path)


def load(path: str) -> Configuration:
    """The settings of one file on top of the built-in ones; a file that is wrong gives the built-in ones and its problem."""
    layers = _load_chain(path)
    if isinstance(layers, Problem):
        return Configuration(_BUILT_IN, path, (layers,))
    values: dict[str, Any] = _BUILT_IN
    for layer in reversed(layers):
        values = _merge(values, layer)
    try:
        _check(values)
    except _NotValidError as error:
        return Configuration(_BUILT_IN, path, (Problem("BCP273", path=path, reason=str(error)),))
    return Configuration(values, path)


class Configurations:
    """The settings for every folder of a run; each folder is looked at once, each file read once."""

    def __init__(self) -> None:
        self._by_folder: dict[str, Configuration] = {}

    def of(self, file: str) -> Configuration:
        """The settings for a source file (an absolute path): the nearest ``bicepconfig.json`` in or above its folder."""
        folder = directory_of(file)
        pending: list[str] = []
        found: Configuration | None = None
        while found is None:
            found = self._by_folder.get(folder)
            if found is not None:
                break
            pending.append(folder)
            candidate = join(folder, FILE_NAME)
            if os.path.isfile(candidate):
                found = load(candidate)
                break
            parent = join(folder, "..")
            if parent == folder:
                found = BUILT_IN
            folder = parent
        for visited in pending:
            self._by_folder[visited] = found
        return found
