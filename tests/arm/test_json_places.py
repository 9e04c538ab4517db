"""Template paths to places in the JSON text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra_lib.arm.json_places import JsonPlaces

TEXT = """{ // first
  "resources": [
    {"name": "r0", "properties": {
      "copy": [{"name": "items", "count": 2, "input": {"v": "loop value"}}, {"name": "texts", "count": 1, "input": "loop text"}],
      "plain": {"a.b": {"c": "dotted"}, "a": {"b": "undotted"}}
    }, "resources": [{"name": "child"}]},
    {"copy": {"name": "l", "count": 2}, "name": "looped", "Properties": {"X": [true, "in a loop"]}}
  ],
  "variables": {"copy": [{"name": "v", "count": 1, "input": ["variable"]}], "w": {"x": "\\u00e9 \\"quoted\\""}},
  "outputs": {
    "plain": {"type": "string", "value": "plain output"},
    "object": {"type": "object", "value": {"k": ["deep output"]}},
    "many": {"type": "array", "copy": {"count": 2, "input": {"k": "copied output"}}}
  }
}"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("resources[0].name", "r0"),
        ("resources[0].properties.copy.items[1].v", "loop value"),
        ("resources[0].properties.items[1].v", "loop value"),
        ("resources[0].properties.copy.texts[0]", "loop text"),
        ("resources[0].properties.plain.a.b.c", "dotted"),
        ("resources[0].properties.plain.a.b", {"c": "dotted"}),
        ("resources[0].resources[0].name", "child"),
        ("resources[1][1].name", "looped"),
        ("resources[1][1].properties.x[1]", "in a loop"),
        ("variables.v[0][0]", "variable"),
        ("VARIABLES.w.x", 'é "quoted"'),
        ("outputs.plain", "plain output"),
        ("outputs.object.k[0]", "deep output"),
        ("outputs.many.k", "copied output"),
    ],
)
def test_places(path: str, found: Any) -> None:
    place = JsonPlaces(TEXT).find(path)
    assert place is not None
    line = TEXT.splitlines()[place.line - 1]
    value, length = json.JSONDecoder().raw_decode(line[place.column - 1 :])
    assert value == found
    assert place.end_column - place.column == (1 if isinstance(found, dict) else length)


@pytest.mark.parametrize(
    ("path", "around"),
    [
        ("resources[0].properties.missing.deeper", "resources[0].properties"),
        ("resources[9].name", "resources"),
        ("nothing", ""),
        ("resources[0].name.further[3]", "resources[0].name"),
    ],
)
def test_what_is_missing_is_at_what_is_around_it(path: str, around: str) -> None:
    places = JsonPlaces(TEXT)
    assert places.find(path) == places.find(around) is not None


@pytest.mark.parametrize("text", ["", "{", '{"a" 1}', '{"a": [1', '{"a": ', "[" * 100_000])
def test_what_is_no_json_has_no_places(text: str) -> None:
    assert JsonPlaces(text).find("a[3].b") is None
