"""Evaluated resources against the models of the installed Azure packages, and against each other."""

from __future__ import annotations

import json

import pytest

from infra_lib.parameters import check_resources
from infra_lib.resource_types.catalog import EMPTY
from infra_lib.resource_types.sdk_models import SdkModelsCatalog
from tests.conftest import CASES


@pytest.fixture(scope="module")
def catalog():
    return SdkModelsCatalog()


def account(**changes):
    return {
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/abc",
        "type": "Microsoft.Storage/storageAccounts",
        "name": "abc",
        "apiVersion": "2023-01-01",
        "location": "westeurope",
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "properties": {"minimumTlsVersion": "TLS1_2"},
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "code", "pointer", "words"),
    [
        (
            {"properties": {"minimumTlsVerson": "TLS1_2"}},
            "INF170",
            "resources[0].properties.minimumTlsVerson",
            '"minimumTlsVersion"',
        ),
        ({"zonez": ["1"]}, "INF170", "resources[0].zonez", 'Did you mean "zones"?'),
        ({"sku": {}}, "INF171", "resources[0].sku", 'needs "name" at "sku"'),
        ({"kind": None}, "INF171", "resources[0]", 'needs "kind"'),
        ({"kind": "StorageV3"}, "INF172", "resources[0].kind", 'did you mean "StorageV2"?'),
        (
            {"properties": {"allowBlobPublicAccess": "yes"}},
            "INF173",
            "resources[0].properties.allowBlobPublicAccess",
            "true or false",
        ),
        ({"properties": []}, "INF173", "resources[0].properties", "an object"),
        (
            {"properties": {"provisioningState": "Succeeded"}},
            "INF174",
            "resources[0].properties.provisioningState",
            "set by Azure",
        ),
        ({"tags": {"a": 1}}, "INF173", "resources[0].tags.a", "Write a string."),
        ({"name": "ABC"}, "INF150", "resources[0].name", "upper-case"),
    ],
)
def test_each_mistake_is_one_finding(catalog, changes, code, pointer, words):
    found = check_resources([account(**changes)], catalog, file="main.bicep")
    assert [(item.code, item.pointer, item.file) for item in found] == [(code, pointer, "main.bicep")]
    assert words in str(found[0])
    assert found[0].level == (
        "error" if code in ("INF150", "INF171") or pointer.endswith((".properties", "Access")) else "warning"
    )


def test_a_resource_told_by_its_name(catalog):
    from infra_lib.parameters.resource_bodies import check_resources as check
    from infra_lib.resource_types.catalog import Catalog
    from infra_lib.resource_types.nodes import AnyType, DiscriminatedObjectType, ObjectType, Property, ResourceType

    web = ObjectType("web", [Property("properties", AnyType, required=True)])
    node = DiscriminatedObjectType("config", "name", [Property("name", AnyType, required=True)], {"web": lambda: web})

    class One(Catalog):
        source = "one"

        def find(self, type_name, api_version):
            return ResourceType("Microsoft.Web/sites/config", "2022-09-01", lambda: node)

        def versions(self, type_name):
            return ("2022-09-01",)

        def type_names(self):
            return iter(["Microsoft.Web/sites/config"])

    resource = {"type": "Microsoft.Web/sites/config", "name": "app/web", "apiVersion": "2022-09-01", "properties": {}}
    assert check([resource], One()) == []
    assert [item.code for item in check([{**resource, "name": "app/wbe"}], One())] == ["INF172"]
    assert check([{**resource, "name": "[concat('a')]"}], One()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kind": "storagev2"},
        {"properties": {"MinimumTLSVersion": "TLS1_2", "somethingNewer": 1}},
        {"properties": "[createObject('a', reference('x').a)]"},
        {"kind": "[parameters('kind')]", "sku": {"name": "[reference('x').sku]"}},
        {"properties": {"allowBlobPublicAccess": None}},
        {"name": "[parameters('name')]", "tags": {"[parameters('x')]": "y"}},
        {"type": "Microsoft.Nothing/things"},
    ],
)
def test_what_is_right_or_not_known_is_left_alone(catalog, changes):
    assert check_resources([account(**changes)], catalog) == []


def test_without_a_catalog_names_and_relations_are_checked_alone():
    assert [item.code for item in check_resources([account(name="A", kind=3)], EMPTY)] == ["INF150"]


def environment(*profiles):
    return {
        "id": "/ENV", "type": "Microsoft.App/managedEnvironments", "name": "env", "apiVersion": "2024-03-01", "location": "x",
        "properties": {"workloadProfiles": list(profiles)},
    }  # fmt: skip


def app(**properties):
    return {
        "id": "/APP", "type": "Microsoft.App/containerApps", "name": "app", "apiVersion": "2024-03-01", "location": "x",
        "properties": {"environmentId": "/env", **properties},
    }  # fmt: skip


GPU = {"name": "GPU", "workloadProfileType": "NC24-A100", "minimumCount": 0, "maximumCount": 2}


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ([environment({**GPU, "minimumCount": 3})], "minimumCount 3 above maximumCount 2. Write a maximumCount of at least 3."),
        ([environment({**GPU, "maximumCount": -1, "minimumCount": None})], "below zero"),
        ([environment(GPU, GPU)], "given twice"),
        ([environment({"name": "Consumption", "workloadProfileType": "Consumption", "maximumCount": 2})], "takes no counts"),
        ([app(workloadProfileName="CPU"), environment(GPU)], 'does not have. Write "GPU".'),
        ([app(workloadProfileName="gpu"), environment({**GPU, "maximumCount": 0})], "may have no instance"),
        ([app(template={"scale": {"minReplicas": 3, "maxReplicas": 1}})], "minReplicas 3 above maxReplicas 1"),
        (
            [app(template={"containers": [{"volumeMounts": [{"volumeName": "b"}]}], "volumes": [{"name": "a"}]})],
            'mounts the volume "b", which it does not declare. Write "a".',
        ),
    ],
)
def test_values_that_do_not_fit_together(resources, words):
    found = check_resources(resources, EMPTY)
    assert [item.code for item in found] == ["INF175"]
    assert words in str(found[0])
    assert found[0].pointer
    assert found[0].pointer.startswith("resources[0].properties.")


def test_values_that_fit_together():
    resources = [
        environment(GPU, {"name": "Consumption", "workloadProfileType": "Consumption"}),
        app(workloadProfileName="GPU", template={"scale": {"minReplicas": 0, "maxReplicas": 1}}),
        app(workloadProfileName="[parameters('profile')]", environmentId="[parameters('env')]"),
        app(template={"containers": [{"volumeMounts": [{"volumeName": "a"}]}], "volumes": [{"name": "[parameters('v')]"}]}),
    ]
    assert check_resources(resources, EMPTY) == []


def test_the_snapshots_of_the_official_engine_have_hardly_a_finding(catalog):
    """The cases are valid deployments; what is said of them is about names and a few values that Azure would refuse."""
    codes = []
    for path in sorted(CASES.glob("*/*/snapshot.json")):
        resources = json.loads(path.read_text(encoding="utf-8")).get("predictedResources", [])
        codes += [item.code for item in check_resources(resources, catalog)]
    assert codes.count("INF170") == 0
    assert codes.count("INF172") == 0
    assert len(codes) - codes.count("INF150") < 10
