from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.rest import HttpRequest

from infra_lib.local import LocalResourceManager
from infra_lib.local.context import Fault
from infra_lib.local.deployments import bodies
from tests.local.conftest import GROUP, LOCATION, Clients, template

VAULT = {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "location": LOCATION, "properties": {}}
ACCOUNT = {
    "type": "Microsoft.Storage/storageAccounts",
    "apiVersion": "2023-01-01",
    "name": "account1",
    "location": "[resourceGroup().location]",
    "kind": "StorageV2",
    "sku": {"name": "Standard_LRS"},
}


def vault(name: str, *after: str, **more: Any) -> dict[str, Any]:
    depends = [f"[resourceId('Microsoft.KeyVault/vaults', '{other}')]" for other in after]
    return {**VAULT, "name": name, "dependsOn": depends, **more}


def names_of(clients: Clients) -> list[str]:
    return sorted(item.name for item in clients.resources.resources.list_by_resource_group(GROUP))


def operations(clients: Clients, name: str = "main") -> dict[str, Any]:
    found = {}
    for operation in clients.deployments.deployment_operations.list(GROUP, name):
        body = operation.as_dict()["properties"]
        found[body.get("targetResource", {}).get("resourceName", "outputs")] = body
    return found


def leaves(error: Any) -> list[tuple[str, str]]:
    if not error.details:
        return [(error.code, error.target or "")]
    return [leaf for detail in error.details for leaf in leaves(detail)]


def failure(action: Callable[[], Any]) -> HttpResponseError:
    with pytest.raises(HttpResponseError) as caught:
        action()
    return caught.value


# ---------------------------------------------------------------------------------------------- the way it goes


def test_who_sent_a_deployment_learns_its_end_although_another_of_the_name_replaced_it(clients: Clients) -> None:
    where: list[str] = []

    def send(name: str) -> None:
        body: Any = {"properties": {"mode": "Incremental", "template": template([vault(name)])}}
        clients.deployments.deployments.begin_create_or_update(
            GROUP, "main", body, polling=False,
            raw_response_hook=lambda answer: where.append(answer.http_response.headers["Azure-AsyncOperation"]),
        )  # fmt: skip

    def ended(address: str) -> Any:
        answer: Any = clients.resources.send_request(HttpRequest("GET", address))
        return answer.json()

    clients.manager.inject(Fault(method="PUT", path="*/vaults/bad", code="Broken", message="It broke."))
    for name in ("vault1", "bad", "vault2"):
        send(name)
    assert [ended(address)["status"] for address in where] == ["Succeeded", "Failed", "Succeeded"]
    assert ended(where[1])["error"]["code"] == "DeploymentFailed"


def test_resources_are_deployed_in_order_with_parameters_and_outputs(clients: Clients) -> None:
    source = template(
        [
            {
                "type": "Microsoft.Storage/storageAccounts/fileServices/shares",
                "apiVersion": "2023-01-01",
                "name": "account1/default/share1",
                "properties": {"shareQuota": "[parameters('quota')]"},
                "dependsOn": ["[resourceId('Microsoft.Storage/storageAccounts', 'account1')]"],
            },
            ACCOUNT,
        ],
        parameters={"quota": {"type": "int"}, "secret": {"type": "securestring", "defaultValue": "hush"}},
        outputs={
            "endpoint": {"type": "string", "value": "[reference('account1').primaryEndpoints.file]"},
            "key": {
                "type": "securestring",
                "value": "[listKeys(resourceId('Microsoft.Storage/storageAccounts', 'account1'), '2023-01-01').keys[0].value]",
            },
            "group": {"type": "string", "value": "[resourceGroup().name]"},
        },
    )
    deployment = clients.deploy(source, {"quota": 7}).as_dict()
    properties = deployment["properties"]
    assert properties["provisioningState"] == "Succeeded"
    assert properties["parameters"] == {"quota": {"type": "Int", "value": 7}, "secret": {"type": "SecureString"}}
    assert properties["outputs"]["endpoint"] == {"type": "String", "value": "https://account1.file.core.windows.net/"}
    assert properties["outputs"]["key"] == {"type": "SecureString"}
    assert properties["outputs"]["group"]["value"] == GROUP
    assert [item["id"].rsplit("/", 1)[1] for item in properties["outputResources"]] == ["account1", "share1"]
    assert clients.storage.file_shares.get(GROUP, "account1", "share1").as_dict()["properties"]["shareQuota"] == 7
    assert operations(clients)["account1"]["statusCode"] == "OK"
    assert "hush" not in json.dumps(clients.manager.export())
    assert clients.account_key() not in json.dumps(clients.manager.export())


def test_conditions_and_loops(clients: Clients) -> None:
    loop = {**VAULT, "name": "[format('v{0}', copyIndex())]", "copy": {"name": "loop", "count": 3}}
    skipped = vault("never", condition="[equals(1, 2)]")
    last = {**vault("last"), "dependsOn": ["loop", "[resourceId('Microsoft.KeyVault/vaults', 'never')]"]}
    clients.deploy(template([last, loop, skipped]))
    assert names_of(clients) == ["last", "v0", "v1", "v2"]


def test_existing_resources_are_read_and_never_written(clients: Clients) -> None:
    account = clients.account(tags={"a": "b"})
    source = template(
        {"account": {"existing": True, "type": ACCOUNT["type"], "apiVersion": "2023-01-01", "name": "account1"}},
        outputs={"id": {"type": "string", "value": "[reference('account').primaryLocation]"}},
    )
    deployment = clients.deploy(source).as_dict()
    assert deployment["properties"]["outputs"]["id"]["value"] == LOCATION
    assert deployment["properties"]["outputResources"] == []
    assert clients.storage.storage_accounts.get_properties(GROUP, "account1").tags == account.tags


def test_only_if_not_exists_leaves_what_is_there_alone(clients: Clients) -> None:
    clients.put(clients.id("Microsoft.KeyVault/vaults/v1"), {"location": LOCATION, "tags": {"a": "b"}, "properties": {}})
    options = {"@options": {"onlyIfNotExists": []}, "tags": {"changed": "yes"}}
    clients.deploy(template({"one": {**VAULT, "name": "v1", **options}, "two": {**VAULT, "name": "v2", **options}}))
    tags = {item.name: item.tags for item in clients.resources.resources.list_by_resource_group(GROUP)}
    assert tags == {"v1": {"a": "b"}, "v2": {"changed": "yes"}}


def test_a_nested_deployment_is_one_of_its_own(clients: Clients) -> None:
    inner = template(
        [{**vault("inner"), "tags": {"from": "[parameters('who')]"}}],
        parameters={"who": {"type": "string"}},
        outputs={"name": {"type": "string", "value": "[parameters('who')]"}, "pin": {"type": "securestring", "value": "1234"}},
    )
    nested = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2025-04-01",
        "name": "child",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "parameters": {"who": {"value": "outer"}},
            "template": inner,
        },
    }
    said = {"said": "[reference('child').outputs.name.value]"}
    after = {**VAULT, "name": "after", "tags": said, "dependsOn": ["[resourceId('Microsoft.Resources/deployments', 'child')]"]}
    deployment = clients.deploy(template([after, nested])).as_dict()
    child = clients.deployments.deployments.get(GROUP, "child").as_dict()
    assert child["properties"]["outputs"]["name"]["value"] == "outer"
    assert child["properties"]["outputs"]["pin"] == {"type": "SecureString"}
    assert child["properties"]["correlationId"] == deployment["properties"]["correlationId"]
    assert [item["id"].rsplit("/", 1)[1] for item in deployment["properties"]["outputResources"]] == ["after", "inner"]
    tags = {item.name: item.tags for item in clients.resources.resources.list_by_resource_group(GROUP)}
    assert tags["after"] == {"said": "outer"}


def test_complete_mode_removes_what_the_template_does_not_have(clients: Clients) -> None:
    clients.deploy(template([vault("a"), vault("b")]))
    clients.deploy(template([vault("b")]), mode="Complete")
    assert names_of(clients) == ["b"]


def test_a_subscription_deployment_makes_a_group_and_fills_it(clients: Clients) -> None:
    schema = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
    nested = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2025-04-01",
        "name": "fill",
        "resourceGroup": "rg-new",
        "dependsOn": ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'rg-new')]"],
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "template": template([vault("v1")]),
        },
    }
    group = {
        "type": "Microsoft.Resources/resourceGroups",
        "apiVersion": "2024-03-01",
        "name": "rg-new",
        "location": "[deployment().location]",
    }
    body = {
        "location": "West Europe",
        "properties": {"mode": "Incremental", "template": {**template([nested, group]), "$schema": schema}},
    }
    at = clients.deployments.deployments
    done = at.begin_create_or_update_at_subscription_scope("sub", body).result().as_dict()
    assert done["location"] == "westeurope"
    assert clients.resources.resource_groups.get("rg-new").location == "westeurope"
    assert at.check_existence_at_subscription_scope("sub")
    assert [item.name for item in at.list_at_subscription_scope()] == ["sub"]
    assert (
        failure(lambda: at.begin_create_or_update_at_subscription_scope("sub", {"properties": body["properties"]})).error.code
        == "InvalidDeployment"
    )
    assert (
        failure(lambda: at.begin_create_or_update_at_subscription_scope("sub", {**body, "location": "eastus"})).error.code
        == "InvalidDeploymentLocation"
    )


def test_a_key_vault_secret_feeds_a_parameter(clients: Clients) -> None:
    clients.put(clients.id("Microsoft.KeyVault/vaults/v1"), {"location": LOCATION, "properties": {}})
    clients.put(clients.id("Microsoft.KeyVault/vaults/v1/secrets/s1"), {"properties": {"value": "hush"}})
    assert "hush" not in str(clients.get(clients.id("Microsoft.KeyVault/vaults/v1/secrets/s1")))
    source = template(
        [], parameters={"p": {"type": "securestring"}}, outputs={"size": {"type": "int", "value": "[length(parameters('p'))]"}}
    )
    reference = {"p": {"reference": {"keyVault": {"id": clients.id("Microsoft.KeyVault/vaults/v1")}, "secretName": "s1"}}}
    properties = {"mode": "Incremental", "template": source, "parameters": reference}
    done = clients.deployments.deployments.begin_create_or_update(GROUP, "main", {"properties": properties}).result()
    assert done.as_dict()["properties"]["outputs"]["size"]["value"] == 4


# ---------------------------------------------------------------------------------------------- the ways it fails


def test_a_refused_resource_fails_the_deployment_with_its_code_and_spares_what_does_not_depend_on_it(clients: Clients) -> None:
    clients.manager.inject(Fault(method="PUT", path="*/vaults/bad", code="VaultAlreadyExists", message="Somebody has it."))
    error = failure(lambda: clients.deploy(template([vault("bad"), vault("after", "bad"), vault("other")]))).error
    assert error.code == "DeploymentFailed"
    assert error.target.endswith("/deployments/main")
    assert leaves(error) == [("VaultAlreadyExists", "")]
    assert names_of(clients) == ["other"]
    assert operations(clients)["bad"]["provisioningState"] == "Failed"
    assert operations(clients)["bad"]["statusMessage"]["error"]["code"] == "VaultAlreadyExists"
    assert clients.deployments.deployments.get(GROUP, "main").properties.provisioning_state == "Failed"


def test_a_late_failure_is_nested_as_a_terminal_state(clients: Clients) -> None:
    clients.manager.inject(Fault(method="PUT", path="*/vaults/bad", code="Broken", message="It broke.", late=True))
    error = failure(lambda: clients.deploy(template([vault("bad")]))).error
    assert [detail.code for detail in error.details] == ["ResourceDeploymentFailure"]
    assert error.details[0].target.endswith("/vaults/bad")
    assert leaves(error) == [("Broken", "")]


def test_a_nested_failure_carries_the_inner_one(clients: Clients) -> None:
    clients.manager.inject(Fault(method="PUT", path="*/vaults/bad", code="Broken", message="It broke."))
    nested = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2025-04-01",
        "name": "child",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "template": template([vault("bad")]),
        },
    }
    error = failure(lambda: clients.deploy(template([nested]))).error
    assert error.details[0].code == "ResourceDeploymentFailure"
    assert error.details[0].target.endswith("/deployments/child")
    assert error.details[0].details[0].code == "DeploymentFailed"
    assert leaves(error) == [("Broken", "")]


def test_retry_on_repeats_a_write(clients: Clients) -> None:
    clients.manager.inject(Fault(method="PUT", path="*/vaults/v1", code="Busy", message="Try again.", times=2))
    clients.deploy(template({"one": {**VAULT, "name": "v1", "@options": {"retryOn": [["Busy"], 2]}}}))
    assert names_of(clients) == ["v1"]


def test_a_template_that_does_not_hold_is_refused_whole(clients: Clients) -> None:
    source = template([vault("v1")], parameters={"needed": {"type": "string"}})
    refused = failure(lambda: clients.deploy(source))
    assert (refused.status_code, refused.error.code) == (400, "InvalidTemplate")
    assert refused.error.additional_info[0].type == "TemplateViolation"
    assert failure(lambda: clients.deploy(template([{**vault("v1"), "name": "[nope()]"}]))).error.code == "InvalidTemplate"
    assert names_of(clients) == []
    assert not clients.deployments.deployments.check_existence(GROUP, "main")


def test_preflight_finds_everything_before_anything_is_made(clients: Clients) -> None:
    bad = [{**ACCOUNT, "name": "Bad_Name"}, {**ACCOUNT, "sku": {"name": "Gold"}}, {**vault("v2"), "location": "atlantis"}]
    error = failure(lambda: clients.deploy(template([vault("v1"), *bad]))).error
    assert error.code == "InvalidTemplateDeployment"
    assert error.details[0].code == "PreflightValidationCheckFailed"
    found = {leaf[0] for leaf in leaves(error)}
    assert found == {"AccountNameInvalid", "InvalidValueForSku", "LocationNotAvailableForResourceType"}
    assert names_of(clients) == []


def test_an_output_that_cannot_be_evaluated_fails_the_deployment(clients: Clients) -> None:
    source = template(
        [vault("v1")],
        outputs={
            "x": {
                "type": "string",
                "value": "[reference(resourceId('Microsoft.KeyVault/vaults', 'none'), '2023-07-01').vaultUri]",
            }
        },
    )
    error = failure(lambda: clients.deploy(source)).error
    assert error.code == "DeploymentOutputEvaluationFailed"
    assert leaves(error)[0][0] == "ResourceNotFound"
    assert names_of(clients) == ["v1"]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"mode": "Sideways", "template": template([])}, "InvalidDeploymentMode"),
        ({"mode": "Incremental"}, "InvalidRequestContent"),
        ({"mode": "Incremental", "templateLink": {"uri": "https://example.org/t.json"}}, "InvalidContentLink"),
    ],
)
def test_a_request_that_is_not_well_formed_is_refused(clients: Clients, properties: dict[str, Any], code: str) -> None:
    at = clients.deployments.deployments
    assert failure(lambda: at.begin_create_or_update(GROUP, "main", {"properties": properties})).error.code == code


# ---------------------------------------------------------------------------------------------- time


def test_independent_resources_run_at_the_same_time(paced: Clients) -> None:
    done = paced.deploy(template([vault("a"), vault("b"), vault("c", "a", "b")])).as_dict()
    # Two rounds of five seconds: a with b, then c.
    assert done["properties"]["duration"].startswith("PT10")
    assert operations(paced)["c"]["duration"] == "PT5S"


def test_progress_can_be_watched(paced: Clients) -> None:
    body = {"properties": {"mode": "Incremental", "template": template([vault("a"), vault("b", "a")])}}
    paced.deployments.deployments.begin_create_or_update(GROUP, "main", body, polling=False)
    assert paced.deployments.deployments.get(GROUP, "main").properties.provisioning_state == "Running"
    assert {name: body["provisioningState"] for name, body in operations(paced).items()} == {"a": "Running"}
    paced.manager.transport().sleep(6)
    assert {name: body["provisioningState"] for name, body in operations(paced).items()} == {"a": "Succeeded", "b": "Running"}
    again = failure(lambda: paced.deploy(template([])))
    assert (again.status_code, again.error.code) == (409, "DeploymentActive")
    paced.manager.transport().sleep(6)
    assert paced.deployments.deployments.get(GROUP, "main").properties.provisioning_state == "Succeeded"


def test_a_running_deployment_is_canceled_and_an_ended_one_is_not(paced: Clients) -> None:
    at = paced.deployments.deployments
    body = {"properties": {"mode": "Incremental", "template": template([vault("a"), vault("b", "a")])}}
    at.begin_create_or_update(GROUP, "main", body, polling=False)
    at.cancel(GROUP, "main")
    assert at.get(GROUP, "main").properties.provisioning_state == "Canceled"
    paced.manager.transport().sleep(20)
    assert names_of(paced) == ["a"]
    assert failure(lambda: at.cancel(GROUP, "main")).error.code == "DeploymentCannotBeCancelled"


def test_a_failure_of_a_paced_nested_deployment_reaches_its_parent(paced: Clients) -> None:
    paced.manager.inject(Fault(method="PUT", path="*/vaults/bad", code="Broken", message="It broke.", late=True))
    nested = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2025-04-01",
        "name": "child",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "template": template([vault("bad")]),
        },
    }
    error = failure(lambda: paced.deploy(template([nested]))).error
    assert leaves(error) == [("Broken", "")]


def test_another_process_goes_on_with_a_running_deployment(stored: Callable[..., Clients]) -> None:
    first = stored(pace=5, virtual_time=True)
    first.group()
    body = {"properties": {"mode": "Incremental", "template": template([vault("a"), vault("b", "a")])}}
    first.deployments.deployments.begin_create_or_update(GROUP, "main", body, polling=False)
    first.manager.close()
    second = stored(pace=5, virtual_time=True)
    assert second.manager.status()["running_deployments"]
    for _ in range(3):
        second.manager.transport().sleep(6)
        second.deployments.deployments.get(GROUP, "main")
    assert second.deployments.deployments.get(GROUP, "main").properties.provisioning_state == "Succeeded"
    assert names_of(second) == ["a", "b"]


# ---------------------------------------------------------------------------------------------- looking


def test_a_deployment_can_be_got_listed_exported_and_deleted(clients: Clients) -> None:
    source = template([vault("v1")])
    clients.deploy(source)
    clients.deploy(source, name="second")
    at = clients.deployments.deployments
    assert sorted(item.name for item in at.list_by_resource_group(GROUP)) == ["main", "second"]
    assert len(list(at.list_by_resource_group(GROUP, top=1))) == 1
    assert list(at.list_by_resource_group(GROUP, filter="provisioningState eq 'Failed'")) == []
    assert at.export_template(GROUP, "main").as_dict()["template"] == source
    operation = next(iter(clients.deployments.deployment_operations.list(GROUP, "main")))
    assert clients.deployments.deployment_operations.get(GROUP, "main", operation.operation_id).id == operation.id
    at.begin_delete(GROUP, "main").result()
    assert not at.check_existence(GROUP, "main")
    with pytest.raises(ResourceNotFoundError) as caught:
        at.get(GROUP, "main")
    assert caught.value.error.code == "DeploymentNotFound"
    assert names_of(clients) == ["v1"]


def test_validate_says_what_would_be_deployed_and_makes_nothing(clients: Clients) -> None:
    at = clients.deployments.deployments
    body = {"properties": {"mode": "Incremental", "template": template([vault("v1")])}}
    validated = at.begin_validate(GROUP, "main", body).result().as_dict()["properties"]
    assert [item["id"].rsplit("/", 1)[1] for item in validated["validatedResources"]] == ["v1"]
    assert not at.check_existence(GROUP, "main")
    bad = {"properties": {"mode": "Incremental", "template": template([{**ACCOUNT, "name": "Bad_Name"}])}}
    assert failure(lambda: at.begin_validate(GROUP, "main", bad).result()).error.code == "InvalidTemplateDeployment"


def test_what_if_tells_new_changed_same_and_others(clients: Clients) -> None:
    clients.deploy(template([vault("same"), vault("changed"), vault("other")]))
    source = template([vault("same"), vault("changed", tags={"a": "b"}), vault("new")])
    body = {"properties": {"mode": "Incremental", "template": source}}
    result = clients.deployments.deployments.begin_what_if(GROUP, "main", body).result().as_dict()
    changes = {item["resourceId"].rsplit("/", 1)[1]: item for item in result["properties"]["changes"]}
    kinds = {name: item["changeType"] for name, item in changes.items()}
    assert kinds == {"same": "NoChange", "changed": "Modify", "new": "Create", "other": "Ignore"}
    assert [delta["path"] for delta in changes["changed"]["delta"]] == ["tags"]


def test_deployments_need_their_group(manager: LocalResourceManager) -> None:
    clients = Clients(manager)
    refused = failure(lambda: clients.deploy(template([])))
    assert refused.error.code == "ResourceGroupNotFound"


def test_many_threads_deploy_at_once(clients: Clients) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def one(number: int) -> str:
        done = clients.deploy(template([vault(f"v{number}")]), name=f"d{number}")
        return str(done.as_dict()["properties"]["provisioningState"])

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(24))) == {"Succeeded"}
    assert len(names_of(clients)) == 24
    assert failure(lambda: clients.group(location="eastus")).__class__ is ResourceExistsError


def test_the_oldest_deployments_leave_the_history_before_it_is_full(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "CLEANED_FROM", 5)
    monkeypatch.setattr(bodies, "CLEANED_TO", 3)
    for number in range(7):
        clients.deploy(template([]), name=f"d{number}")
    assert sorted(item.name for item in clients.deployments.deployments.list_by_resource_group(GROUP)) == [
        "d2",
        "d3",
        "d4",
        "d5",
        "d6",
    ]


def test_deployments_to_a_management_group_and_the_tenant(clients: Clients) -> None:
    definition = {
        "type": "Microsoft.Authorization/policyDefinitions",
        "apiVersion": "2023-04-01",
        "name": "p1",
        "properties": {"policyType": "Custom", "mode": "All"},
    }
    base = "https://schema.management.azure.com/schemas/2019-08-01"
    at = clients.deployments.deployments
    for kind, begin, got in (
        ("managementGroup", at.begin_create_or_update_at_management_group_scope, at.get_at_management_group_scope),
        ("tenant", at.begin_create_or_update_at_tenant_scope, at.get_at_tenant_scope),
    ):
        source = {**template([definition] if kind != "tenant" else []), "$schema": f"{base}/{kind}DeploymentTemplate.json#"}
        where = ("mg1",) if kind == "managementGroup" else ()
        begin(*where, "main", {"location": LOCATION, "properties": {"mode": "Incremental", "template": source}}).result()
        assert got(*where, "main").properties.provisioning_state == "Succeeded"
    group = "/providers/Microsoft.Management/managementGroups/mg1"
    held = clients.get(f"{group}/providers/Microsoft.Authorization/policyDefinitions/p1")
    assert held["properties"]["policyType"] == "Custom"
