"""The decision table: every policy against every finding, and what compare takes for a difference."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from infra_lib.arm.expressions import parse_expression
from infra_lib.arm.partial import Residual
from infra_lib.errors import InputError
from infra_lib.planning.compare import PropertyFacts, compare
from infra_lib.planning.decide import decide
from infra_lib.planning.model import Change, DesiredResource, LiveState
from infra_lib.planning.policy import ReusePolicy

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/one"
TYPE = "Microsoft.Storage/storageAccounts"

WANTED: dict[str, Any] = {"location": "westeurope", "properties": {"minimumTlsVersion": "TLS1_2"}}
LIVE = {
    "missing": LiveState(status="missing"),
    "equal": LiveState(status="present", body={"location": "West Europe", "properties": {"minimumTlsVersion": "TLS1_2", "x": 1}}),
    "differs": LiveState(status="present", body={"location": "westeurope", "properties": {"minimumTlsVersion": "TLS1_0"}}),
    "immutable": LiveState(status="present", body={"location": "northeurope", "properties": {"minimumTlsVersion": "TLS1_2"}}),
    "unreadable": LiveState(status="unreadable", reason="no permission"),
}

DECISIONS = json.loads((Path(__file__).parent / "decisions.json").read_text())


def desired(**changes: Any) -> DesiredResource:
    values: dict[str, Any] = {
        "path": "resources.account",
        "symbol": "account",
        "id": ID,
        "type": TYPE,
        "name": "one",
        "api_version": "2026-04-01",
        "body": WANTED,
    }
    return DesiredResource(**{**values, **changes})


def decide_one(resource: DesiredResource, state: LiveState, policy: ReusePolicy | None = None) -> Change:
    return decide([resource], {ID.lower(): state}, policy or ReusePolicy()).changes[0]


@pytest.mark.parametrize("row", DECISIONS, ids=lambda row: f"{row['policy']}, {row['where']}, {row['found']}")
def test_every_policy_against_every_finding(row: dict[str, str]) -> None:
    policy = ReusePolicy.parse([row["policy"]])
    change = decide_one(desired(bound=row["where"] == "bound by id"), LIVE[row["found"]], policy)
    assert change.action == row["action"]
    assert change.reason


def test_the_table_has_every_combination() -> None:
    combinations = {(row["policy"], row["where"], row["found"]) for row in DECISIONS}
    assert combinations == set(product(("auto", "keep", "update", "create"), ("in template", "bound by id"), LIVE))


def test_the_reason_names_what_differs() -> None:
    change = decide_one(desired(), LIVE["differs"])
    assert change.reason == "properties.minimumTlsVersion differs"
    assert [(d.path, d.before, d.after) for d in change.differences] == [("properties.minimumTlsVersion", "TLS1_0", "TLS1_2")]


def test_only_if_not_exists_keeps_what_exists() -> None:
    assert decide_one(desired(only_if_not_exists=True), LIVE["differs"]).action == "keep"


@pytest.mark.parametrize("name", ["account", "ONE", "microsoft.storage/STORAGEACCOUNTS"])
def test_a_policy_is_found_by_symbol_name_and_type_in_any_letter_case(name: str) -> None:
    assert decide_one(desired(), LIVE["differs"], ReusePolicy.parse([f"{name}=keep"])).action == "keep"


def test_a_policy_for_a_resource_that_is_not_there_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no resource 'acount' \(did you mean 'account'\?\)"):
        ReusePolicy.parse(["acount=keep"]).check([desired()])


@pytest.mark.parametrize("text", ["kepe", "account=kepe"])
def test_an_unknown_policy_is_refused_with_the_nearest(text: str) -> None:
    with pytest.raises(InputError, match="did you mean 'keep'"):
        ReusePolicy.parse([text])


@pytest.mark.parametrize("wrong", [{"default": "kep"}, {"by_name": {"account": "kep"}}])
def test_a_policy_that_there_is_not_is_refused_in_python_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"'kep' is no reuse policy \(did you mean 'keep'\?\)"):
        ReusePolicy(**wrong)


@pytest.mark.parametrize(
    ("wanted", "live"),
    [
        ({"properties": {"a": None}}, {}),
        ({"properties": {"a": None}}, {"properties": {"a": 3}}),
        ({"properties": {"a": False, "b": 0, "c": "", "d": [], "e": {"f": None}}}, {"properties": {}}),
        ({"properties": {"id": "/subscriptions/S/x"}}, {"properties": {"id": "/subscriptions/s/X"}}),
        (
            {"properties": {"list": [{"name": "a", "v": 1}, {"name": "b"}]}},
            {"properties": {"list": [{"name": "b"}, {"name": "A", "v": 1}]}},
        ),
        ({"properties": {"Mode": "x"}}, {"properties": {"mode": "x"}}),
        ({"properties": {"n": 1}}, {"properties": {"n": 1.0}}),
        ({"dependsOn": ["x"], "tags": {"a": "b"}}, {"tags": {"a": "b", "c": "d"}}),
        ({"tags": {"n": 3, "b": True}}, {"tags": {"n": "3", "b": "true"}}),
    ],
)
def test_what_is_no_difference(wanted: dict[str, Any], live: dict[str, Any]) -> None:
    assert compare(wanted, live, resource_type=TYPE, api_version="v").differences == ()


@pytest.mark.parametrize(
    ("wanted", "live", "paths"),
    [
        ({"properties": {"a": True}}, {"properties": {}}, ["properties.a"]),
        ({"properties": {"a": "X"}}, {"properties": {"a": "x"}}, ["properties.a"]),
        ({"properties": {"a": {"b": 1}}}, {}, ["properties.a.b"]),
        ({"properties": {"a": ["x", "y"]}}, {"properties": {"a": ["y", "x"]}}, ["properties.a[0]", "properties.a[1]"]),
        ({"properties": {"a": [{"name": "p", "n": 2}]}}, {"properties": {"a": [{"name": "p", "n": 1}]}}, ["properties.a[p].n"]),
        ({"properties": {"a": [{"name": "p"}]}}, {"properties": {"a": []}}, ["properties.a[p]"]),
        ({"properties": {"a": [{"name": "p"}]}}, {"properties": {"a": [{"name": "p"}, {"name": "q"}]}}, ["properties.a[q]"]),
        ({"properties": {"a": [1]}}, {"properties": {"a": [1, 2]}}, ["properties.a"]),
        ({"kind": "StorageV2"}, {"kind": "FileStorage"}, ["kind"]),
        ({"properties": {"n": 1}}, {"properties": {"n": True}}, ["properties.n"]),
        ({"properties": {"n": 1}}, {"properties": {"n": "1"}}, ["properties.n"]),
        ({"tags": {"n": 3}}, {"tags": {"n": "4"}}, ["tags.n"]),
    ],
)
def test_what_is_a_difference(wanted: dict[str, Any], live: dict[str, Any], paths: list[str]) -> None:
    found = compare(wanted, live, resource_type=TYPE, api_version="v").differences
    assert [difference.path for difference in found] == paths


def test_what_is_known_of_a_type_silences_what_cannot_be_compared_and_hides_secrets() -> None:
    table: dict[tuple[str, ...], PropertyFacts] = {
        ("properties", "state"): PropertyFacts(read_only=True),
        ("properties", "key"): PropertyFacts(write_only=True, secret=True),
        ("properties", "token"): PropertyFacts(secret=True),
        ("properties", "mode"): PropertyFacts(enumeration=True),
        ("properties", "zone"): PropertyFacts(immutable=True),
    }

    class Table:
        def facts(self, resource_type: str, api_version: str, path: tuple[str, ...]) -> PropertyFacts:
            return table.get(path, PropertyFacts())

    wanted = {"properties": {"state": "x", "key": "new", "token": "new", "mode": "Auto", "zone": "1"}}
    live = {"properties": {"state": "y", "token": "old", "mode": "auto", "zone": "2"}}
    result = compare(wanted, live, resource_type=TYPE, api_version="v", knowledge=Table())
    assert [(d.path, d.before, d.after, d.immutable) for d in result.differences] == [
        ("properties.token", "***", "***", False),
        ("properties.zone", "2", "1", True),
    ]
    assert result.uncompared == ("properties.key",)


def test_an_unknown_value_differs_only_when_what_it_reads_is_written() -> None:
    unknown = Residual(parse_expression(f"reference('{ID}', '2026-04-01').key"))
    wanted = {"properties": {"key": unknown}}
    live = {"properties": {"key": "abc"}}
    assert compare(wanted, live, resource_type="t", api_version="v").differences == ()
    moving = compare(wanted, live, resource_type="t", api_version="v", changing=frozenset([ID.lower()]))
    assert [difference.path for difference in moving.differences] == ["properties.key"]


class Held:
    """A target that holds texts which it does not show."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def value(self, wanted: Residual) -> str | None:
        return None

    def same(self, pointer: str, wanted: str) -> bool | None:
        return self.texts[pointer] == wanted if pointer in self.texts else None


def test_a_text_that_is_held_and_not_shown_is_compared_though_the_type_does_not_call_it_a_secret() -> None:
    wanted = {"properties": {"sharedKey": "a", "other": "b", "gone": "c"}}
    held = Held({"/properties/sharedKey": "a", "/properties/other": "x"})
    found = compare(wanted, {"properties": {}}, resource_type=TYPE, api_version="1", secrets=held).differences
    assert [(item.path, item.before, item.after) for item in found] == [
        ("properties.other", "***", "***"), ("properties.gone", None, "c"),
    ]  # fmt: skip


NETWORK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/net"


@pytest.mark.parametrize(("tag", "actions"), [("same", ["unchanged", "unchanged"]), ("new", ["update", "update"])])
def test_a_child_that_is_declared_by_itself_goes_on_when_its_parent_is_written_without_it(tag: str, actions: list[str]) -> None:
    inline, own = {"name": "inline", "properties": {"addressPrefix": "10.0.0.0/24"}}, f"{NETWORK}/subnets/own"
    network = desired(
        path="resources.net", symbol="net", id=NETWORK, type="Microsoft.Network/virtualNetworks", name="net",
        body={"tags": {"t": tag}, "properties": {"subnets": [inline]}},
    )  # fmt: skip
    subnet = desired(
        path="resources.own", symbol="own", id=own, type="Microsoft.Network/virtualNetworks/subnets", name="net/own",
        body={"properties": {"addressPrefix": "10.0.1.0/24"}},
    )  # fmt: skip
    listed = [
        {**inline, "id": f"{NETWORK}/subnets/inline"},
        {"name": "own", "id": own, "properties": {"addressPrefix": "10.0.1.0/24"}},
    ]
    live = {
        NETWORK.lower(): LiveState(status="present", body={"tags": {"t": "same"}, "properties": {"subnets": listed}}),
        own.lower(): LiveState(status="present", body={"properties": {"addressPrefix": "10.0.1.0/24"}}),
    }
    changes = decide([network, subnet], live, ReusePolicy()).changes
    assert [change.action for change in changes] == actions
