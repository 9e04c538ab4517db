"""No noise on live states as the services answer: the properties that they add, their defaults, their order and casing.

The states are written from the public REST API descriptions of each type.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra_lib.pipeline.catalogs import planning_catalog
from infra_lib.planning.compare import compare
from infra_lib.planning.knowledge import CatalogKnowledge

STATES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "live_states.json").read_text())


@pytest.mark.parametrize("case", STATES, ids=lambda case: case["name"])
def test_what_the_service_adds_is_no_difference(case: dict[str, Any]) -> None:
    found = compare(
        case["wanted"], case["live"],
        resource_type=case["type"], api_version=case["apiVersion"], knowledge=CatalogKnowledge(planning_catalog()),
    )  # fmt: skip
    assert [difference.to_dict() for difference in found.differences] == []


@pytest.mark.parametrize("case", [case for case in STATES if "change" in case], ids=lambda case: case["name"])
def test_a_real_change_among_it_is_found(case: dict[str, Any]) -> None:
    wanted = json.loads(json.dumps(case["wanted"]))
    place = wanted
    *way, last = case["change"]["at"]
    for step in way:
        place = place[step]
    place[last] = case["change"]["to"]
    found = compare(
        wanted, case["live"],
        resource_type=case["type"], api_version=case["apiVersion"], knowledge=CatalogKnowledge(planning_catalog()),
    )  # fmt: skip
    assert [difference.path for difference in found.differences] == [case["change"]["path"]]
