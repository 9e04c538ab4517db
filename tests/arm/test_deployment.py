from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

import infra_lib as infra
from infra_lib.arm.deployment import PreparedDeployment, prepare
from infra_lib.arm.failures import EngineError
from infra_lib.arm.scopes import SubscriptionScope

from .engine import GROUP, GROUP_ID, SCHEMA, SUBSCRIPTION, Running, nested, resource, template

_SITES = f"{GROUP_ID}/providers/Microsoft.Web/sites"


def _ready(source: dict[str, Any], **parameters: Any) -> PreparedDeployment:
    return prepare(source, {name: {"value": value} for name, value in parameters.items()}, GROUP)


def test_parameters_are_bound_with_their_types() -> None:
    source = template(
        parameters={
            "name": {"type": "string"},
            "key": {"type": "secureString"},
            "count": {"type": "int", "defaultValue": 2},
            "at": {"type": "string", "defaultValue": "[utcNow('yyyy-MM-dd')]"},
            "id": {"type": "string", "defaultValue": "[newGuid()]"},
        }
    )
    prepared = prepare(
        source,
        {"name": {"value": "x"}, "key": {"reference": {"keyVault": {"id": "/v"}, "secretName": "s"}}},
        GROUP,
        now=datetime(2026, 3, 4, tzinfo=UTC),
        new_guid=lambda: "a-guid",
        secret=lambda vault, name, version: f"{vault}/{name}/{version}",
    )
    shown = {name: (item.type, item.value, item.secure, item.is_default) for name, item in prepared.parameters.items()}
    assert shown == {
        "name": ("String", "x", False, False),
        "key": ("SecureString", "/v/s/None", True, False),
        "count": ("Int", 2, False, True),
        "at": ("String", "2026-03-04", False, True),
        "id": ("String", "a-guid", False, True),
    }


def test_resources_come_in_order_with_keys_ids_and_options() -> None:
    source = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "languageVersion": "2.0",
        "resources": {
            "user": resource("u", dependsOn=["apps", "off", "old"]),
            "apps": resource("[concat('a', copyIndex())]", copy={"name": "apps", "count": 3, "mode": "serial", "batchSize": 2}),
            "off": resource("o", condition="[equals(1, 2)]"),
            "old": {**resource("e"), "existing": True},
            "lock": resource(
                "l", "Microsoft.Authorization/locks", scope="[resourceId('Microsoft.Web/sites', 'u')]",
                **{"@options": {"onlyIfNotExists": [], "retryOn": [["Conflict"], 3]}},
            ),
        },
    }  # fmt: skip
    found = {item.key: item for item in _ready(source).resources}
    assert list(found)[:3] == ["resources.apps[0]", "resources.apps[1]", "resources.apps[2]"]
    assert found["resources.apps[2]"].depends_on == ("resources.apps[0]", "resources.apps[1]")
    assert found["resources.apps[1]"].depends_on == ()
    assert found["resources.user"].depends_on == (
        "resources.apps[0]",
        "resources.apps[1]",
        "resources.apps[2]",
        "resources.off",
        "resources.old",
    )
    assert (found["resources.off"].condition, found["resources.old"].existing) == (False, True)
    assert (found["resources.apps[1]"].symbol, found["resources.apps[1]"].copy_index, found["resources.apps[1]"].id) == (
        "apps",
        1,
        f"{_SITES}/a1",
    )
    lock = found["resources.lock"]
    assert (lock.scope, lock.options.only_if_not_exists, lock.options.retry_on, lock.options.retry_count) == (
        f"{_SITES}/u",
        True,
        ("Conflict",),
        3,
    )
    assert found["resources.user"].scope == GROUP_ID


def test_a_resource_needs_an_api_version_or_the_template_a_profile() -> None:
    source = template({"type": "Microsoft.Web/sites", "name": "n"})
    with pytest.raises(EngineError, match=r"resources\[0\]\.apiVersion: A resource needs an apiVersion"):
        _ready(source)
    assert _ready({**source, "apiProfile": "2018-03-01-hybrid"}).resources[0].api_version == ""


def test_the_size_of_a_batch_may_be_an_expression() -> None:
    loop = {"name": "apps", "count": 4, "mode": "serial", "batchSize": "[parameters('size')]"}
    source = template(resource("[concat('a', copyIndex())]", copy=loop), parameters={"size": {"type": "int"}})
    waits = {item.name: item.depends_on for item in _ready(source, size=3).resources}
    assert waits == {"a0": (), "a1": (), "a2": (), "a3": ("resources[0][0]", "resources[0][1]", "resources[0][2]")}
    with pytest.raises(EngineError, match="not negative"):
        _ready(source, size=-1)


def test_a_child_may_be_meant_by_the_last_part_of_its_name() -> None:
    """As in many public templates, data-factory-blob-to-sql-copy of azure-quickstart-templates among them."""
    source = template(
        resource(
            "sql",
            "Microsoft.Sql/servers",
            resources=[
                resource("Db", "databases", resources=[resource("current", "encryption", dependsOn=["db"])]),
                resource("sql", "rules", dependsOn=["sql"]),
            ],
        ),
        resource("app", dependsOn=["DB", "servers2/none"]),
        resource("app/db", "Microsoft.Web/sites/config", properties={"of": "[reference('current').x]"}),
    )
    with pytest.raises(EngineError) as caught:
        _ready(source)
    assert [item.pointer for item in caught.value.diagnostics] == ["resources[1].dependsOn[1]"]
    source["resources"][1]["dependsOn"].pop()
    waits = {item.name: item.depends_on for item in _ready(source).resources}
    database, encryption = "resources[0].resources[0]", "resources[0].resources[0].resources[0]"
    assert waits["sql/sql"] == ("resources[0]",)
    assert waits["sql/Db/current"] == (database,)
    assert waits["app"] == ("resources[2]",)
    assert waits["app/db"] == (encryption,)


def test_keys_are_listed_by_name_of_what_the_template_makes() -> None:
    account = resource("acct", "Microsoft.Storage/storageAccounts")
    key = "[listKeys('acct', '2023-01-01').keys[0].value]"
    prepared = _ready(template(resource(properties={"key": key}), account))
    site = next(item for item in prepared.resources if item.name == "n")
    assert site.depends_on == ("resources[1]",)
    running = Running()
    assert site.body(running)["properties"] == {"key": "key of acct"}
    assert running.asked == [("listKeys", f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/acct", "2023-01-01", None)]


def test_a_nested_update_of_a_resource_reads_what_it_was() -> None:
    """A subnet that is updated keeps its prefix: vnet-nsg-for-redis of azure-quickstart-templates."""
    subnet = resource(
        "vnet/inner",
        "Microsoft.Network/virtualNetworks/subnets",
        properties={"addressPrefix": "[reference(variables('id'), '2023-01-01').addressPrefix]"},
    )
    source = template(
        nested("update", template(subnet), scope="outer"),
        variables={"id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'inner')]"},
    )
    identity = f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/inner"
    (update,) = _ready(source).resources
    body = update.body(Running({identity: {"properties": {"addressPrefix": "10.0.0.0/24"}}}))
    assert body["properties"]["template"]["resources"][0]["properties"] == {"addressPrefix": "10.0.0.0/24"}


def test_children_inside_a_loop_wait_for_what_they_name() -> None:
    child = resource("[concat('a', copyIndex(), '/x')]", "Microsoft.Web/sites/slots", dependsOn=["[concat('a', copyIndex())]"])
    loop = {"name": "apps", "count": 2, "mode": "serial"}
    source = template(resource("[concat('a', copyIndex())]", copy=loop, resources=[child]))
    waits = {item.key: item.depends_on for item in _ready(source).resources}
    assert waits == {
        "resources[0][0]": (),
        "resources[0][1]": ("resources[0][0]",),
        "resources[0].resources[0][0]": ("resources[0][0]",),
        "resources[0].resources[0][1]": ("resources[0][1]",),
    }


def test_bodies_and_outputs_ask_the_running_deployment() -> None:
    source = template(
        resource("made", properties={"x": "declared"}),
        resource(
            "user",
            tags={"x": "[reference('made').x]", "full": "[reference('made', '2020-01-01', 'Full').location]"},
            properties={"key": "[listKeys(resourceId('Microsoft.Web/sites', 'made'), '2021-01-01').keys[0].value]"},
        ),
        outputs={
            "x": {"type": "string", "value": "[toUpper(reference('made').x)]"},
            "p": {"type": "securestring", "value": "[parameters('pw')]"},
            "no": {"type": "string", "condition": False, "value": "[fail('never')]"},
            "s": {"type": "object", "value": "[providers('Microsoft.Web', 'sites')]"},
        },
        parameters={"pw": {"type": "securestring"}},
    )
    prepared = _ready(source, pw="hush")
    running = Running({f"{_SITES}/made": {"location": "norwayeast", "properties": {"x": "live"}}})
    made, user = prepared.resources
    assert user.depends_on == (made.key,)
    assert made.body(running) == {"properties": {"x": "declared"}}
    assert user.body(running) == {"tags": {"x": "live", "full": "norwayeast"}, "properties": {"key": "key of made"}}
    assert ("reference", f"{_SITES}/made", "2024-01-01", False) in running.asked
    assert ("reference", f"{_SITES}/made", "2020-01-01", True) in running.asked
    assert prepared.output_types == {"x": "String", "p": "SecureString", "no": "String", "s": "Object"}
    assert prepared.outputs(running) == {
        "x": {"type": "String", "value": "LIVE"},
        "p": {"type": "SecureString", "value": "hush"},
        "s": {"type": "Object", "value": {"namespace": "Microsoft.Web", "resourceType": "sites"}},
    }


def test_bodies_are_fresh_each_time_and_may_be_evaluated_by_several_threads() -> None:
    source = template(
        resource(
            "[concat('a', copyIndex())]", copy={"name": "c", "count": 40}, tags={"i": "[copyIndex()]", "all": "[variables('v')]"}
        ),
        variables={"v": {"shared": [1]}},
    )
    prepared = _ready(source)
    prepared.resources[0].body(Running())["tags"]["all"]["shared"].append(2)
    with ThreadPoolExecutor(4) as pool:
        bodies = list(pool.map(lambda item: item.body(Running()), prepared.resources))
    assert [body["tags"] for body in bodies] == [{"i": index, "all": {"shared": [1]}} for index in range(40)]


def test_inner_evaluation_hands_over_parameters_and_the_template_as_written() -> None:
    inner = template(resource("[parameters('p')]"), parameters={"p": {"type": "string"}})
    source = template(
        nested(
            "in",
            inner,
            parameters={
                "p": {"value": "[reference('made').x]"},
                "s": {"reference": {"keyVault": {"id": "/v"}, "secretName": "n"}},
            },
        ),
        resource("made"),
    )
    deployment = _ready(source).resources[1]
    body = deployment.body(Running({f"{_SITES}/made": {"properties": {"x": "[not evaluated again]"}}}))
    assert body["properties"]["parameters"]["p"] == {"value": "[not evaluated again]"}
    assert body["properties"]["parameters"]["s"] == {"reference": {"keyVault": {"id": "/v"}, "secretName": "n"}}
    assert body["properties"]["template"] == inner
    assert (deployment.type, deployment.scope) == ("Microsoft.Resources/deployments", GROUP_ID)


def test_outer_evaluation_leaves_only_the_state_of_its_own_resources() -> None:
    inner = template(
        resource("own", tags={"v": "[variables('v')]", "live": "[reference('made').x]", "t": "[concat('[', 'x', ']')]"}),
        outputs={"o": {"type": "string", "value": "[reference('own').host]"}},
    )
    source = template(
        nested("out", inner, scope="outer", resourceGroup="other"),
        resource("made"),
        variables={"v": "outer"},
    )
    deployment = next(item for item in _ready(source).resources if item.name == "out")
    other = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other"
    assert deployment.scope == other
    body = deployment.body(Running({f"{_SITES}/made": {"properties": {"x": "live"}}}))
    found = body["properties"]["template"]
    assert found["resources"][0]["tags"] == {"v": "outer", "live": "live", "t": "[[x]"}
    assert found["outputs"]["o"]["value"] == f"[reference('{other}/providers/Microsoft.Web/sites/own', '2024-01-01').host]"
    again = prepare(found, None, GROUP)
    assert again.resources[0].body(Running()) == {"tags": {"v": "outer", "live": "live", "t": "[x]"}}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (template(resource("a", dependsOn=["b"]), resource("b", dependsOn=["a"])), "in a circle"),
        (template(resource("a", tags={"t": "[reference('b').x]"}), resource("b", dependsOn=["a"])), "in a circle"),
        (template(resource("a"), resource("A")), "declared twice"),
        (template(resource("a", dependsOn=["nothing"])), "'nothing'"),
        (template(resource("a", tags={"t": "[reference('a').x]"})), "its own state"),
        (template(resource("[environment().name]")), "must be known before"),
        (template(resource("a", condition="[contains(resourceGroup().tags, 'x')]")), "must be known before"),
        (template(outputs={"o": {"type": "string", "value": "[nope()]"}}), "no function 'nope'"),
        (template(outputs={"o": {"type": "int", "value": "text"}}), "must be of type Int"),
        (template(resource("a", tags={"t": "[toUpper(1)]"})), "toUpper()"),
        (template(resource("a", "Microsoft.Resources/deployments", properties={"template": {}})), "$schema"),
    ],
)
def test_what_azure_refuses_before_it_starts(source: dict[str, Any], said: str) -> None:
    with pytest.raises(EngineError, match="InvalidTemplate") as caught:
        _ready(source)
    assert said in str(caught.value)


def test_all_findings_come_together() -> None:
    source = template(
        resource("a", tags={"t": "[toUpper(1)]"}),
        resource("b", tags={"t": "[div(1, 0)]"}),
        outputs={"o": {"type": "string", "value": "[nope()]"}},
    )
    with pytest.raises(EngineError) as caught:
        _ready(source)
    assert [item.pointer for item in caught.value.diagnostics] == ["resources[0].tags.t", "resources[1].tags.t", "outputs.o"]


def test_values_that_stay_unknown_are_refused_when_they_are_needed() -> None:
    (found,) = _ready(template(resource("a", tags={"t": "[environment().name]"}))).resources
    with pytest.raises(EngineError, match=r"resources\[0\]\.tags\.t: The value is not known"):
        found.body(Running())
    known = prepare(
        template(resource("a", tags={"t": "[environment().name]"})), None, GROUP, context={"environment": {"name": "AzureCloud"}}
    )
    assert known.resources[0].body(Running()) == {"tags": {"t": "AzureCloud"}}


def test_outputs_that_do_not_fit_fail_with_the_services_code() -> None:
    prepared = _ready(template(resource("made"), outputs={"o": {"type": "int", "value": "[reference('made').x]"}}))
    with pytest.raises(EngineError, match="DeploymentOutputEvaluationFailed"):
        prepared.outputs(Running({f"{_SITES}/made": {"properties": {"x": "text"}}}))


def test_the_template_must_be_for_the_scope() -> None:
    with pytest.raises(EngineError, match="scope of a resourceGroup"):
        prepare(template(), None, SubscriptionScope(subscription_id=SUBSCRIPTION))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[utcNow()]", "20260304T050607Z"),
        ("[utcNow('o')]", "2026-03-04T05:06:07.0890000Z"),
        ("[utcNow('')]", "03/04/2026 05:06:07"),
        ("[dateTimeAdd(utcNow('u'), 'P1D', 'o')]", "2026-03-05T05:06:07.0000000+00:00"),
    ],
)
def test_the_clock_is_in_utc(expression: str, value: str) -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)
    source = template(parameters={"at": {"type": "string", "defaultValue": expression}})
    assert prepare(source, {}, GROUP, now=moment).parameters["at"].value == value


@pytest.mark.parametrize("format_", ["'Q'", "1", "null()"])
def test_the_clock_refuses_a_wrong_format(format_: str) -> None:
    source = template(parameters={"at": {"type": "string", "defaultValue": f"[utcNow({format_})]"}})
    with pytest.raises(infra.TemplateError) as caught:
        prepare(source, {}, GROUP)
    shown, carets = str(caught.value).split("\n")[1:]
    assert shown[carets.index("^") : len(carets)] == format_
