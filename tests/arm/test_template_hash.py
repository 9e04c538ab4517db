"""The fingerprint of compiled templates, against the official compiler's own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra_lib.arm.functions.hashing import murmur64
from infra_lib.arm.template_hash import template_hash

CASES = Path(__file__).parents[1] / "goldens" / "cases"

EMPTY: dict[str, Any] = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "metadata": {"_generator": {"name": "bicep", "version": "0.49.2.45890"}},
}


def _hashed(value: Any) -> Iterator[dict[str, Any]]:
    """Every template inside a value, nested ones included, that has a hash."""
    if isinstance(value, dict):
        metadata = value.get("metadata")
        if "$schema" in value and isinstance(metadata, dict) and "templateHash" in metadata.get("_generator", {}):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from _hashed(member)


@pytest.mark.parametrize("area", sorted(path.name for path in CASES.iterdir()))
def test_agrees_with_every_golden_template(area: str) -> None:
    wrong = []
    for path in sorted((CASES / area).glob("*/main.json")):
        for template in _hashed(json.loads(path.read_text(encoding="utf-8"))):
            expected = template["metadata"]["_generator"]["templateHash"]
            if template_hash(template) != expected:
                wrong.append(f"{path.parent.name}: {expected}")
    assert wrong == []


def test_an_empty_file() -> None:
    assert template_hash({**EMPTY, "resources": []}) == "5396157071037984767"
    assert template_hash({**EMPTY, "resources": {}}) == "5396157071037984767"


def test_letters_with_and_without_an_upper_case_of_one_character() -> None:
    parameters = {"a": {"type": "int", "defaultValue": 3, "metadata": {"description": "é ß"}}}
    assert template_hash({**EMPTY, "parameters": parameters, "resources": []}) == "8055317986637068928"


def test_modelled_objects_lose_nulls_and_take_the_fixed_order() -> None:
    template = {
        "$schema": EMPTY["$schema"],
        "languageVersion": "2.0",
        "contentVersion": "1.0.0.0",
        "metadata": EMPTY["metadata"],
        "definitions": {"t": {"type": "string", "nullable": True}},
        "parameters": {"p": {"$ref": "#/definitions/t"}},
        "resources": {},
        "outputs": {"o": {"$ref": "#/definitions/t", "value": None}},
    }
    assert template_hash(template) == "4674448210489900497"


def test_an_existing_hash_does_not_count() -> None:
    done = {**EMPTY, "resources": [], "metadata": {"_generator": {**EMPTY["metadata"]["_generator"], "templateHash": "1"}}}
    assert template_hash(done) == "5396157071037984767"
    assert done["metadata"]["_generator"]["templateHash"] == "1"


def test_the_order_of_a_resource_as_written_does_not_count_but_that_of_its_properties_does() -> None:
    def hashed(**resource: Any) -> str:
        return template_hash({**EMPTY, "resources": [resource]})

    assert hashed(name="a", type="t") == hashed(type="t", name="a")
    assert hashed(properties={"a": 1, "b": 2}) != hashed(properties={"b": 2, "a": 1})


@pytest.mark.parametrize("length", [0, 1, 4, 5, 7, 8, 9, 15, 16, 32767, 32768, 32769, 40000])
def test_murmur_does_not_depend_on_how_the_blocks_are_batched(length: int) -> None:
    """The same numbers as from the plain definition, one block at a time."""

    def rotate(value: int, by: int) -> int:
        return (value << by | value >> (32 - by)) & 0xFFFFFFFF

    data = bytes(index * 131 % 251 for index in range(length))
    c1, c2, h1, h2 = 2869860233, 597399067, 0, 0
    for start in range(0, length - length % 8, 8):
        k1, k2 = (int.from_bytes(data[at : at + 4], "little") for at in (start, start + 4))
        h1 = (rotate(h1 ^ rotate(k1 * c2 & 0xFFFFFFFF, 15) * c1 & 0xFFFFFFFF, 19) + h2) * 5 + 1444728091 & 0xFFFFFFFF
        h2 = (rotate(h2 ^ rotate(k2 * c1 & 0xFFFFFFFF, 17) * c2 & 0xFFFFFFFF, 13) + h1) * 5 + 197830471 & 0xFFFFFFFF
    tail = data[length - length % 8 :]
    h1 ^= rotate(int.from_bytes(tail[:4], "little") * c2 & 0xFFFFFFFF, 15) * c1 & 0xFFFFFFFF
    h2 ^= rotate(int.from_bytes(tail[4:], "little") * c1 & 0xFFFFFFFF, 17) * c2 & 0xFFFFFFFF
    low = (h2 ^ length) & 0xFFFFFFFF
    high = ((h1 ^ length) + low) & 0xFFFFFFFF

    def finish(value: int) -> int:
        value = (value ^ value >> 16) * 2246822507 & 0xFFFFFFFF
        value = (value ^ value >> 13) * 3266489909 & 0xFFFFFFFF
        return value ^ value >> 16

    low = finish((low + high) & 0xFFFFFFFF)
    high = (finish(high) + low) & 0xFFFFFFFF
    assert murmur64(data) == ((low + high) & 0xFFFFFFFF) << 32 | high


def test_a_large_template_is_hashed_in_linear_time() -> None:
    def seconds(count: int) -> float:
        template = {**EMPTY, "resources": [], "variables": {f"v{index}": "x" * 90 for index in range(count)}}
        best = 9.0
        for _ in range(3):
            start = time.perf_counter()
            template_hash(template)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(20_000) < 25 * seconds(2_000)
