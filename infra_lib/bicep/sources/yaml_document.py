"""YAML as ``loadYamlContent`` reads it: the scalars of YAML 1.2 with a few freedoms, keys as text.

What the official library does with it is known by experiment; what is not known (merge keys, duplicate keys, tags of one's own)
is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from infra_lib.arm.functions.json_text import MAXIMUM_DEPTH
from infra_lib.arm.values import MAX_INTEGER, MIN_INTEGER

MAXIMUM_VALUES = 1_000_000
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL = re.compile(r"[-+]?[0-9][0-9_]*\Z")
_BASED = re.compile(r"0(?:x([0-9a-fA-F]+)|o([0-7]+))\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_STANDARD = "tag:yaml.org,2002:"
_KINDS: dict[str, type] = {"int": int, "float": float, "bool": bool, "null": type(None)}
# The parser in C is ten times as fast where PyYAML has it; only its events are used, because its composer does not limit nesting.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class YamlDocumentError(ValueError):
    """A text that is no YAML, or YAML that cannot be a value here."""


def _place(event: Any) -> str:
    return f"line {event.start_mark.line + 1}"


def _plain_scalar(event: yaml.ScalarEvent) -> Any:
    """The value of a scalar without quotes."""
    text: str = event.value
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    based = _BASED.match(text)
    if based or _DECIMAL.match(text):
        if based:
            number = int(based[1], 16) if based[1] else int(based[2], 8)
        else:
            number = int(text.replace("_", "")) if len(text) < 1000 else MAX_INTEGER + 1
        if MIN_INTEGER <= number <= MAX_INTEGER:
            return number
        raise YamlDocumentError(f"the integer at {_place(event)} has more than 64 bits")
    return float(text) if _FLOAT.match(text) else text


def _scalar(event: yaml.ScalarEvent) -> Any:
    if event.implicit[0]:
        return _plain_scalar(event)
    name = event.tag.removeprefix(_STANDARD) if event.tag else "str"
    if name in ("str", "!"):
        return event.value
    value = _plain_scalar(event)
    if name == "float" and type(value) is int:
        return float(value)
    if name in _KINDS and type(value) is _KINDS[name]:
        return value
    raise YamlDocumentError(f"the tag {event.tag} at {_place(event)} is not supported")


class _Constructor:
    """Events to a value; an alias gives the value of its anchor again."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.left = MAXIMUM_VALUES
        self.anchors: dict[str, tuple[Any, int]] = {}

    def value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        before = self.left
        self.count(1)
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        else:
            kind = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
            if event.tag not in (None, "!", _STANDARD + kind):
                raise YamlDocumentError(f"the tag {event.tag} at {_place(event)} is not supported")
            if depth >= MAXIMUM_DEPTH:
                raise YamlDocumentError(f"it is nested deeper than {MAXIMUM_DEPTH} levels at {_place(event)}")
            value = self.mapping(event, depth + 1) if kind == "map" else self.sequence(depth + 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, before - self.left)
        return value

    def count(self, values: int) -> None:
        self.left -= values
        if self.left < 0:
            raise YamlDocumentError(f"it has more than {MAXIMUM_VALUES} values, aliases counted as often as they are used")

    def alias(self, event: yaml.AliasEvent) -> Any:
        if event.anchor not in self.anchors:
            raise YamlDocumentError(f"the alias *{event.anchor} at {_place(event)} has no anchor before it")
        value, size = self.anchors[event.anchor]
        self.count(size)
        return value

    def sequence(self, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.value(event, depth))
        return items

    def mapping(self, start: yaml.MappingStartEvent, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise YamlDocumentError(f"the key at {_place(event)} is no scalar")
            key: str = event.value
            if key in members:
                raise YamlDocumentError(f"the key {key} at {_place(event)} is there twice")
            if key == "<<" and event.implicit[0]:
                raise YamlDocumentError(f"the merge key at {_place(event)} is not supported")
            following = next(self.events)
            value = self.value(following, depth)
            # A value that is left out is null in a block and empty text between braces.
            left_out = value is None and start.flow_style and isinstance(following, yaml.ScalarEvent) and following.value == ""
            members[key] = "" if left_out else value
        return members


def _first_document(text: str) -> Any:
    events = iter(yaml.parse(text, _Loader))
    value = None
    found = False
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            constructor = _Constructor(events)
            document = constructor.value(next(events), 0)
            value, found = (value, True) if found else (document, True)
    return value


def read_yaml(text: str) -> Any:
    """The value of the first document of a YAML text; YamlDocumentError where it has none, is null or is not understood."""
    try:
        value = _first_document(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise YamlDocumentError(f"{reason} at line {mark.line + 1}" if mark else str(reason)) from None
    if value is None:
        raise YamlDocumentError("there is no value in it")
    return value
