"""``$filter`` of the generic lists: the comparisons that the service documents, joined by ``and``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from infra_lib.local import locations
from infra_lib.local.addresses import parse
from infra_lib.local.protocol import ServiceError

Keep = Callable[[dict[str, Any]], bool]

_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_COMPARISON = re.compile(r"(\w+)\s+(eq|ne)\s+'((?:[^']|'')*)'", re.IGNORECASE)
_SUBSTRING = re.compile(r"substringof\(\s*'((?:[^']|'')*)'\s*,\s*(\w+)\s*\)", re.IGNORECASE)

_FIELDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "resourcetype": lambda body: str(body["type"]),
    "name": lambda body: str(body["name"]),
    "location": lambda body: locations.normalize(str(body.get("location", ""))),
    "resourcegroup": lambda body: parse(body["id"]).resource_group,
    "kind": lambda body: str(body.get("kind", "")),
}


def compile_filter(text: str) -> Keep:
    """What the filter keeps; everything when it is empty. Raises ServiceError for one that is not understood."""
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
            if field in _FIELDS:
                tests.append(_compares(field, value, equal=operator == "eq"))
                continue
        elif substring and substring[2].lower() in _FIELDS:
            tests.append(_contains(substring[2].lower(), substring[1].replace("''", "'")))
            continue
        raise ServiceError(
            400,
            "InvalidFilterInQueryString",
            f"Invalid $filter '{text}' specified in the query string: '{part}' is not supported. Supported: "
            "eq and ne on resourceType, name, location, resourceGroup, kind; tagName eq with tagValue eq; substringof; joined by and.",
        )
    return lambda body: all(test(body) for test in tests)


def _has_tag(name: str) -> Keep:
    return lambda body: any(tag.lower() == name.lower() for tag in body.get("tags") or {})


def _tag_equals(name: str, value: str) -> Keep:
    return lambda body: any(tag.lower() == name.lower() and held == value for tag, held in (body.get("tags") or {}).items())


def _compares(field: str, value: str, *, equal: bool) -> Keep:
    wanted = locations.normalize(value) if field == "location" else value.lower()
    return lambda body: (_FIELDS[field](body).lower() == wanted) is equal


def _contains(field: str, value: str) -> Keep:
    return lambda body: value.lower() in _FIELDS[field](body).lower()
