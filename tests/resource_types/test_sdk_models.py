"""Resource types as the installed Azure packages know them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra_lib.resource_types.catalog import (
    EMPTY,
    ArrayType,
    DiscriminatedObjectType,
    LayeredCatalog,
    ObjectType,
    Property,
    Scopes,
    StringLiteralType,
    StringType,
    UnionType,
)
from infra_lib.resource_types.sdk_models import SdkModelsCatalog


@pytest.fixture(scope="module")
def catalog() -> SdkModelsCatalog:
    return SdkModelsCatalog()


def body(catalog: SdkModelsCatalog, type_name: str) -> ObjectType:
    found = catalog.closest(type_name, "2023-01-01")
    assert found is not None
    assert isinstance(found.body, ObjectType)
    return found.body


def below(node: ObjectType, *path: str) -> Property:
    """The property at a path, through lists and objects."""
    for name in path[:-1]:
        inner = node.properties[name].type
        while isinstance(inner, ArrayType):
            inner = inner.item_type
        assert isinstance(inner, ObjectType), name
        node = inner
    return node.properties[path[-1]]


def test_each_type_is_known_at_the_version_of_its_package(catalog: SdkModelsCatalog) -> None:
    (version,) = catalog.versions("microsoft.app/CONTAINERAPPS")
    found = catalog.find("microsoft.app/containerapps", version)
    assert str(found) == f"Microsoft.App/containerApps@{version}"
    assert catalog.find("Microsoft.App/containerApps", "2019-01-01") is None
    assert catalog.unknown("Microsoft.App/containerApps", "2019-01-01") is not None


@pytest.mark.parametrize(
    "type_name",
    [
        "Microsoft.App/containerApps",
        "Microsoft.App/jobs",
        "Microsoft.App/managedEnvironments",
        "Microsoft.App/managedEnvironments/storages",
        "Microsoft.Storage/storageAccounts",
        "Microsoft.Storage/storageAccounts/fileServices",
        "Microsoft.Storage/storageAccounts/fileServices/shares",
        "Microsoft.Resources/resourceGroups",
        "Microsoft.Resources/deployments",
    ],
)
def test_types_that_can_be_deployed(catalog: SdkModelsCatalog, type_name: str) -> None:
    found = catalog.closest(type_name, "2023-01-01")
    assert found is not None
    assert found.name == type_name
    assert not found.is_read_only
    assert found.body.name == type_name


def test_scopes_come_from_the_urls(catalog: SdkModelsCatalog) -> None:
    def writable(type_name: str) -> Scopes:
        found = catalog.closest(type_name, "2023-01-01")
        assert found is not None
        return found.writable_scopes

    assert writable("Microsoft.App/jobs") == Scopes.RESOURCE_GROUP
    assert writable("Microsoft.Resources/resourceGroups") == Scopes.SUBSCRIPTION
    assert Scopes.TENANT | Scopes.SUBSCRIPTION | Scopes.RESOURCE_GROUP in writable("Microsoft.Resources/deployments")


def test_type_that_can_only_be_read(catalog: SdkModelsCatalog) -> None:
    found = catalog.closest("Microsoft.App/containerApps/revisions", "2023-01-01")
    assert found is not None
    assert found.is_read_only


def test_what_only_comes_back_is_read_only(catalog: SdkModelsCatalog) -> None:
    account = body(catalog, "Microsoft.Storage/storageAccounts")
    assert below(account, "properties", "primaryEndpoints").read_only
    assert below(account, "properties", "creationTime").read_only
    assert not below(account, "properties", "minimumTlsVersion").read_only
    assert not account.properties["sku"].read_only
    assert account.properties["sku"].required
    assert account.properties["id"].read_only


def test_what_cannot_be_changed_once_it_exists(catalog: SdkModelsCatalog) -> None:
    app = body(catalog, "Microsoft.App/containerApps")
    assert below(app, "properties", "environmentId").create_only
    assert not below(app, "properties", "workloadProfileName").create_only
    for type_name in ("Microsoft.App/containerApps", "Microsoft.Storage/storageAccounts"):
        assert body(catalog, type_name).properties["location"].create_only
        assert body(catalog, type_name).properties["name"].create_only


@pytest.mark.parametrize(
    ("type_name", "path"),
    [
        ("Microsoft.App/containerApps", ("properties", "configuration", "secrets", "value")),
        ("Microsoft.App/managedEnvironments/storages", ("properties", "azureFile", "accountKey")),
        (
            "Microsoft.App/managedEnvironments",
            ("properties", "appLogsConfiguration", "logAnalyticsConfiguration", "sharedKey"),
        ),
    ],
)
def test_texts_that_are_never_given_back_or_named_so_are_secrets(
    catalog: SdkModelsCatalog, type_name: str, path: tuple[str, ...]
) -> None:
    found = below(body(catalog, type_name), *path).type
    assert isinstance(found, StringType)
    assert found.sensitive


def test_other_texts_are_no_secrets(catalog: SdkModelsCatalog) -> None:
    name = below(body(catalog, "Microsoft.App/containerApps"), "properties", "configuration", "secrets", "name").type
    assert isinstance(name, StringType)
    assert not name.sensitive


def test_enumerations_are_open_and_items_of_lists_are_described(catalog: SdkModelsCatalog) -> None:
    app = body(catalog, "Microsoft.App/containerApps")
    transport = below(app, "properties", "configuration", "ingress", "transport").type
    assert isinstance(transport, UnionType)
    assert "http2" in transport.literals
    assert transport.is_open
    command = below(app, "properties", "template", "containers", "command").type
    assert isinstance(command, ArrayType)
    assert isinstance(command.item_type, StringType)
    assert "command" in (below(app, "properties", "template", "containers", "command").description or "")


def test_names_are_those_of_the_wire(catalog: SdkModelsCatalog) -> None:
    properties = below(body(catalog, "Microsoft.Storage/storageAccounts"), "properties").type
    assert isinstance(properties, ObjectType)
    assert "supportsHttpsTrafficOnly" in properties.properties
    assert "networkAcls" in properties.properties


def test_a_name_that_stands_in_the_url_is_the_only_one(catalog: SdkModelsCatalog) -> None:
    name = body(catalog, "Microsoft.Storage/storageAccounts/fileServices").properties["name"].type
    assert isinstance(name, StringLiteralType)
    assert name.value == "default"


def test_discriminated_models(catalog: SdkModelsCatalog) -> None:
    component = below(body(catalog, "Microsoft.App/managedEnvironments/javaComponents"), "properties").type
    assert isinstance(component, DiscriminatedObjectType)
    assert component.discriminator == "componentType"
    spring = component.member("SpringCloudConfig")
    assert spring is not None
    assert spring.properties["provisioningState"].read_only


def test_actions_have_their_result(catalog: SdkModelsCatalog) -> None:
    found = catalog.closest("Microsoft.Storage/storageAccounts", "2023-01-01")
    assert found is not None
    keys = found.functions["listKeys"].output
    assert isinstance(keys, ObjectType)
    assert "keys" in keys.properties
    regenerate = found.functions["regenerateKey"].input
    assert isinstance(regenerate, ObjectType)
    assert regenerate.properties["keyName"].required


def test_all_types_can_be_read(catalog: SdkModelsCatalog) -> None:
    names = list(catalog.type_names())
    assert names == sorted(names, key=str.lower)
    for name in names:
        found = catalog.closest(name, "")
        assert found is not None
        assert found.body.name == name
        for function in found.functions.values():
            assert function.output is not None


def test_no_package_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys; from infra_lib.resource_types.sdk_models import SdkModelsCatalog; c = SdkModelsCatalog(); "
        "assert c.find('Microsoft.Nothing/x', '1') is None; "
        "print([m for m in sys.modules if m.startswith('azure.mgmt.')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_layers_answer_in_their_order(catalog: SdkModelsCatalog) -> None:
    layered = LayeredCatalog([EMPTY, catalog])
    assert not layered.is_empty
    assert layered.source == catalog.source
    found = layered.closest("Microsoft.App/jobs", "2020-01-01")
    assert found is not None
    assert layered.find("Microsoft.App/jobs", found.api_version) is catalog.find("Microsoft.App/jobs", found.api_version)
    assert layered.canonical_name("microsoft.app/JOBS", found.api_version) == "Microsoft.App/jobs"
    assert layered.versions("Microsoft.App/jobs") == (found.api_version,)
    assert "Microsoft.App/jobs" in layered.type_names()
    assert LayeredCatalog([EMPTY]).is_empty


def test_empty_catalog_names_the_command_that_helps() -> None:
    reason = EMPTY.unknown("Microsoft.App/jobs", "2024-03-01")
    assert reason is not None
    assert reason.reason == "no catalog"
    assert "infra resource-types import" in str(reason)
    assert list(EMPTY.type_names()) == []
