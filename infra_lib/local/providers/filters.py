"""``$filter`` of the generic lists: the comparisons that the service documents, joined by ``and``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from infra_lib.local import locations
from infra_lib.local.addresses import parse
from infra_lib.local.protocol import ServiceError

Keep = Callable[[dict[str, Any]], bool]
Field = Callable[[dict[str, Any]], str]

_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_COMPARISON = re.compile(r"(\w+)\s+(eq|ne)\s+'((?:[^']|'')*)'", re.IGNORECASE)
_SUBSTRING = re.compile(r"substringof\(\s*'((?:[^']|'')*)'\s*,\s*(\w+)\s*\)", re.IGNORECASE)

_FIELDS: dict[str, Field] = {
    "resourcetype": lambda body: str(body["type"]),
    "name": lambda body: str(body["name"]),
    "location": lambda body: locations.normalize(str(body.get("location", ""))),
    "resourcegroup": lambda body: parse(body["id"]).resource_group,
    "kind": lambda body: str(body.get("kind", "")),
}


def compile_filter(text: str, more: dict[str, Field] | None = None) -> Keep:
    """What the filter keeps; everything when it is empty. ``more`` are fields that a list has besides the common ones.

    Raises ServiceError for a filter that is not understood.
    """
    fields = _FIELDS | (more or {})
    if not text.strip():
        return lambda _body: True
    tests: list[Keep] = []
    tag: str | None = None
    for part in _AND.split(text.strip()):
        inside = part.strip().removeprefix("(").removesuffix(")") if not _SUBSTRING.fullmatch(part.strip()) else part.strip()
        comparison = _COMPARISON.fullmatch(inside)
        substring = _SUBSTRING.fullmatch(inside)
        if comparison:
            field, operator, value = comparison[1].lower(), comparison[2].lower(), comparison[3].replace("''", "'")
            if field == "tagname":
                tag = value
                tests.append(_has_tag(value))
                continue
            if field == "tagvalue" and tag is not None:
                tests.append(_tag_equals(tag, value))
                continue
            if field in fields:
                tests.append(_compares(fields[field], field == "location", value, equal=operator == "eq"))
                continue
        elif substring and substring[2].lower() in fields:
            tests.append(_contains(fields[substring[2].lower()], substring[1].replace("''", "'")))
            continue
        raise ServiceError(
            400,
            "InvalidFilterInQueryString",
            f"Invalid $filter '{text}' specified in the query string: '{part}' is not supported. Supported: "
            "eq and ne on resourceType, name, location, resourceGroup, kind; tagName eq with tagValue eq; "
            "substringof; joined by and.",
        )
    return lambda body: all(test(body) for test in tests)


def _has_tag(name: str) -> Keep:
    return lambda body: any(tag.lower() == name.lower() for tag in body.get("tags") or {})


def _tag_equals(name: str, value: str) -> Keep:
    return lambda body: any(tag.lower() == name.lower() and held == value for tag, held in (body.get("tags") or {}).items())


def _compares(field: Field, is_location: bool, value: str, *, equal: bool) -> Keep:
    wanted = locations.normalize(value) if is_location else value.lower()
    return lambda body: (field(body).lower() == wanted) is equal


def _contains(field: Field, value: str) -> Keep:
    return lambda body: value.lower() in field(body).lower()
