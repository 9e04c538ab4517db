from __future__ import annotations

import json
from typing import Any

import pytest

from infra_lib.arm.failures import EngineError
from infra_lib.arm.scopes import ManagementGroupScope, ResourceGroupScope, SubscriptionScope
from infra_lib.arm.snapshot import snapshot

from .engine import GROUP, GROUP_ID, SCHEMA, SUBSCRIPTION, SUBSCRIPTION_SCHEMA, nested, output, resource, take, template


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[if(true(), 1, div(1, 0))]", 1),
        ("[and(false(), fail('no'))]", False),
        ("[or(true(), fail('no'))]", True),
        ("[coalesce(null(), 'a', fail('no'))]", "a"),
        ("[createObject('Key', 5).kEY]", 5),
        ("[createArray(1, 2, 3)[add(0, 2)]]", 3),
        (
            "[map(createArray('a', 'b'), lambda('x', 'i', concat(lambdaVariables('x'), string(lambdaVariables('i')))))]",
            ["a0", "b1"],
        ),
        (
            "[map(range(0, 2), lambda('x', map(range(0, 2), lambda('y', add(lambdaVariables('x'), lambdaVariables('y'))))))]",
            [[0, 1], [1, 2]],
        ),
        ("[resourceId('Microsoft.Web/sites/slots', 'a', 'b')]", f"{GROUP_ID}/providers/Microsoft.Web/sites/a/slots/b"),
        (
            "[resourceId('other', 'Microsoft.Web/sites', 'a')]",
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.Web/sites/a",
        ),
        (
            "[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'x')]",
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/x",
        ),
        (
            "[tenantResourceId('Microsoft.Management/managementGroups', 'x')]",
            "/providers/Microsoft.Management/managementGroups/x",
        ),
        ("[extensionResourceId('/a/b', 'X.Y/z', 'n')]", "/a/b/providers/X.Y/z/n"),
        ("[extensionResourceId('/a/b', 'X.Y/z/', 'n')]", "/a/b/providers/X.Y/z/n"),
        ("[deployment().name]", "main"),
        ("plain [x]", "plain [x]"),
        ({"[concat('k', '1')]": ["[add(1, 2)]"]}, {"k1": [3]}),
    ],
)
def test_values(expression: Any, expected: Any) -> None:
    assert output(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[environment().name]", "[environment().name]"),
        ("[add(add(1, 2), length(resourceGroup().tags))]", "[add(3, length(resourceGroup().tags))]"),
        ("[if(contains(resourceGroup().tags, 'a'), add(1, 1), 0)]", "[if(contains(resourceGroup().tags, 'a'), add(1, 1), 0)]"),
        ("[and(true(), empty(resourceGroup().tags), true())]", "[and(true(), empty(resourceGroup().tags), true())]"),
        ("[or(empty(resourceGroup().tags), true())]", "[or(empty(resourceGroup().tags), true())]"),
        ("[or(true(), empty(resourceGroup().tags))]", True),
        ("[createObject('a', resourceGroup().tags, 'b', 2).b]", 2),
        ("[length(createArray(1, resourceGroup().tags))]", 2),
        ("[createArray(1, resourceGroup().tags)]", "[createArray(1, resourceGroup().tags)]"),
        (
            "[union(createObject('a', environment().name), createObject('b', 1))]",
            "[createObject('a', environment().name, 'b', 1)]",
        ),
        (
            "[managementGroupResourceId('g', 'X.Y/z', 'n')]",
            "/providers/Microsoft.Management/managementGroups/g/providers/X.Y/z/n",
        ),
        ("[listKeys('x', '2024-01-01').keys[0].value]", "[listKeys('x', '2024-01-01').keys[0].value]"),
        ("[not(equals(createArray(environment().name), null()))]", True),
    ],
)
def test_what_only_a_deployment_knows_stays_an_expression(expression: str, expected: Any) -> None:
    assert output(expression) == expected


def test_nothing_of_the_scope_needs_to_be_known() -> None:
    source = template(resource(location="[resourceGroup().location]"))
    found = snapshot(source, None, ResourceGroupScope()).resources[0]
    assert found.id == "[resourceId(subscription().subscriptionId, resourceGroup().name, 'Microsoft.Web/sites', 'n')]"
    assert found.body == {"location": "[resourceGroup().location]"}
    assert found.scope is None


def test_parameters_defaults_and_null() -> None:
    source = template(
        parameters={
            "a": {"type": "string", "defaultValue": "[concat(parameters('b'), '!')]"},
            "B": {"type": "string"},
            "n": {"type": "int", "defaultValue": 4},
        },
        outputs={"o": {"value": ["[parameters('A')]", "[parameters('n')]"]}},
    )
    assert take(source, b="x", n=None).outputs["o"] == ["x!", 4]


def test_secure_values_never_show() -> None:
    source = template(
        resource(tags={"p": "[parameters('pw')]", "l": "[concat(parameters('list')[0].key, parameters('list')[0].name)]"}),
        parameters={
            "pw": {"type": "securestring"},
            "list": {
                "type": "array",
                "items": {"type": "object", "properties": {"key": {"type": "securestring"}, "name": {"type": "string"}}},
            },
        },
        languageVersion="2.0",
    )
    found = take(source, pw="hush", list=[{"key": "hush", "name": "n"}])
    assert "hush" not in json.dumps(found.to_dict())
    assert found.resources[0].body["tags"] == {
        "p": "[parameters('pw')]",
        "l": "[concat(parameters('list')[0].key, 'n')]",
    }


def test_variables_with_loops() -> None:
    source = template(
        variables={
            "copy": [{"name": "names", "count": 3, "input": "[concat('n', copyIndex('names', 1))]"}],
            "object": {"copy": [{"name": "ports", "count": 2, "input": "[add(80, copyIndex('ports'))]"}], "x": 1},
        },
        outputs={"o": {"value": ["[variables('names')]", "[variables('object')]"]}},
    )
    assert take(source).outputs["o"] == [["n1", "n2", "n3"], {"ports": [80, 81], "x": 1}]


def test_loops_conditions_and_order() -> None:
    source = template(
        resource("last", dependsOn=["many", "[resourceId('Microsoft.Web/sites', 'off')]"]),
        resource("[concat('m', copyIndex())]", copy={"name": "many", "count": 2}, tags={"i": "[copyIndex(10)]"}),
        resource("off", condition=False, dependsOn=["base"]),
        resource("base"),
        resource("maybe", condition="[contains(resourceGroup().tags, 'x')]"),
    )
    found = take(source).resources
    assert [item.name for item in found] == ["m0", "m1", "base", "last", "maybe"]
    assert found[1].body == {"tags": {"i": 11}}
    assert found[4].condition == "[contains(resourceGroup().tags, 'x')]"
    assert found[3].depends_on == (found[0].id, found[1].id, f"{GROUP_ID}/providers/Microsoft.Web/sites/off")


def test_a_reference_makes_a_dependency() -> None:
    source = template(
        resource("user", tags={"t": "[reference('made').sku]"}),
        resource("made", properties={"sku": "S1"}),
    )
    found = take(source).resources
    assert [(item.name, item.body.get("tags")) for item in found] == [("made", None), ("user", {"t": "S1"})]


def test_references_are_answered_from_declarations_as_far_as_they_go() -> None:
    source = template(
        resource("made", properties={"a": {"b": 1}, "c": "[environment().name]"}),
        outputs={
            "known": {"value": "[reference('made').A.B]"},
            "other": {"value": "[reference('made').a.x]"},
            "open": {"value": "[reference('made').c]"},
            "version": {"value": "[reference('made', '2020-01-01').a.b]"},
        },
    )
    identity = f"{GROUP_ID}/providers/Microsoft.Web/sites/made"
    assert take(source).outputs == {
        "known": 1,
        "other": f"[reference('{identity}', '2024-01-01').a.x]",
        "open": f"[reference('{identity}', '2024-01-01').c]",
        "version": f"[reference('{identity}', '2020-01-01').a.b]",
    }


def test_what_a_declaration_lacks_stays_open() -> None:
    source = template(
        resource("made", properties={"rules": [{"id": None, "name": "r"}]}),
        outputs={
            "first": {"value": "[first(reference('made').rules).address]"},
            "null": {"value": "[reference('made').rules[0].id]"},
            "whole": {"value": "[reference('made').rules]"},
        },
    )
    identity = f"{GROUP_ID}/providers/Microsoft.Web/sites/made"
    assert take(source).outputs == {
        "first": "[first(createArray(createObject('id', null(), 'name', 'r'))).address]",
        "null": f"[reference('{identity}', '2024-01-01').rules[0].id]",
        "whole": [{"id": None, "name": "r"}],
    }


def test_unevaluated_parts_stand_alone() -> None:
    source = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "languageVersion": "2.0",
        "resources": {
            "made": resource("made"),
            "items": resource(
                "[concat('i', copyIndex())]",
                copy={"name": "items", "count": 2},
                tags={"t": "[if(empty(environment().name), copyIndex(5), reference('made').x)]"},
            ),
        },
    }
    made = f"{GROUP_ID}/providers/Microsoft.Web/sites/made"
    assert take(source).resource("i1").body["tags"] == {
        "t": f"[if(empty(environment().name), 6, reference('{made}', '2024-01-01').x)]"
    }


def test_names_that_are_not_known() -> None:
    source = template(
        resource(tags={"[environment().name]": "v"}),
        resource("[concat('c', copyIndex())]", copy={"name": "c", "count": "[length(createObject(environment().name, 1))]"}),
    )
    with pytest.raises(EngineError) as caught:
        take(source)
    assert caught.value.kinds == ("UnevaluableCopyCountException",)
    assert take(template(source["resources"][0])).resources[0].body["tags"] == {"[environment().name]": "v"}


def test_children_inside_their_parent() -> None:
    source = template(
        resource("acct", "Microsoft.Storage/storageAccounts", resources=[resource("default/logs", "blobServices/containers")]),
    )
    child = take(source).resources[1]
    assert (child.type, child.name) == ("Microsoft.Storage/storageAccounts/blobServices/containers", "acct/default/logs")
    assert child.id == f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/acct/blobServices/default/containers/logs"


def test_children_inside_a_loop_are_made_for_each_of_its_items() -> None:
    """Public templates write the extensions of looped machines so, as rds-deployment of azure-quickstart-templates."""
    source = template(
        resource(
            "[concat('vm', copyIndex(1))]",
            "Microsoft.Compute/virtualMachines",
            copy={"name": "machines", "count": 2},
            resources=[
                resource(
                    "[concat('vm', copyIndex(1), '/join')]",
                    "Microsoft.Compute/virtualMachines/extensions",
                    dependsOn=["[concat('vm', copyIndex(1))]"],
                    properties={"settings": {"of": "[copyIndex('machines')]"}},
                    resources=[resource("deep", "parts", tags={"n": "[string(copyIndex())]"})],
                ),
                resource("plain", "extensions"),
            ],
        ),
        resource("after", dependsOn=["machines"]),
    )
    taken = take(source)
    assert [item.name for item in taken.resources] == [
        "vm1", "vm2", "vm1/join", "vm2/join", "vm1/join/deep", "vm2/join/deep", "vm1/plain", "vm2/plain", "after",
    ]  # fmt: skip
    machines = [f"{GROUP_ID}/providers/Microsoft.Compute/virtualMachines/vm{number}" for number in (1, 2)]
    assert [item.depends_on for item in taken.resources[2:4]] == [(machines[0],), (machines[1],)]
    assert [item.body["properties"]["settings"]["of"] for item in taken.resources[2:4]] == [0, 1]
    assert [item.body["tags"]["n"] for item in taken.resources[4:6]] == ["0", "1"]
    assert taken.resource("after").depends_on == tuple(machines)
    assert not taken.unmet


def test_a_loop_without_items_has_no_children() -> None:
    child = resource("[concat('a', copyIndex(), '/x')]", "Microsoft.Web/sites/slots")
    source = template(resource("[concat('a', copyIndex())]", copy={"name": "c", "count": 0}, resources=[child]))
    assert take(source).resources == ()


def test_extension_resources_and_other_scopes() -> None:
    source = template(
        resource("lock", "Microsoft.Authorization/locks", scope="Microsoft.Web/sites/a"),
        resource("def", "Microsoft.Authorization/policyDefinitions", scope="/"),
    )
    lock, definition = take(source).resources
    assert lock.id == f"{GROUP_ID}/providers/Microsoft.Web/sites/a/providers/Microsoft.Authorization/locks/lock"
    assert definition.id == "/providers/Microsoft.Authorization/policyDefinitions/def"


def test_nested_deployments_inner_and_outer() -> None:
    inner = template(
        resource("[concat(parameters('p'), '-', deployment().name)]"),
        parameters={"p": {"type": "string"}},
        outputs={"o": {"type": "string", "value": "[concat(parameters('p'), '!')]"}},
    )
    outer = template(resource("[concat(parameters('p'), '-', deployment().name)]"))
    source = template(
        nested("in", inner, parameters={"p": {"value": "[reference('made').x]"}}, dependsOn=["made"]),
        nested("out", outer, scope="outer"),
        resource("made", properties={"x": "y"}),
        parameters={"p": {"type": "string", "defaultValue": "mine"}},
        outputs={"o": {"value": "[reference('in').outputs.o.value]"}},
    )
    found = take(source)
    assert [item.name for item in found.resources] == ["made", "y-in", "mine-main"]
    assert found.resources[1].template == (f"{GROUP_ID}/providers/Microsoft.Resources/deployments/in",)
    assert found.outputs["o"] == "y!"


def test_a_linked_deployment_is_remarked_upon() -> None:
    link = resource(
        "link", "Microsoft.Resources/deployments", properties={"mode": "Incremental", "templateLink": {"uri": "https://a/b"}}
    )
    found = take(template(link, resource()))
    assert [item.name for item in found.resources] == ["n"]
    assert found.to_dict()["diagnostics"][0].startswith(f"{GROUP_ID}/providers/Microsoft.Resources/deployments/link Warning ")


def test_a_resource_group_made_in_the_same_deployment() -> None:
    inner = template(resource(location="[resourceGroup().location]"))
    source = {
        "$schema": SUBSCRIPTION_SCHEMA,
        "contentVersion": "1.0.0.0",
        "resources": [
            nested("in", inner, resourceGroup="made", dependsOn=["made"]),
            {
                "type": "Microsoft.Resources/resourceGroups",
                "apiVersion": "2022-09-01",
                "name": "made",
                "location": "[deployment().location]",
            },
        ],
    }
    found = snapshot(source, None, SubscriptionScope(subscription_id=SUBSCRIPTION, location="norwayeast")).resources
    assert found[0].id == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/made"
    assert found[1].body == {"location": "norwayeast"}


def test_management_group() -> None:
    source = {
        **template(resource("p", "Microsoft.Authorization/policyDefinitions")),
        "$schema": "x/managementGroupDeploymentTemplate.json#",
    }
    known = snapshot(source, None, ManagementGroupScope(management_group="mg")).resources[0]
    assert known.id == "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/policyDefinitions/p"
    unknown = snapshot(source, None, ManagementGroupScope()).resources[0]
    assert unknown.id == "[managementGroupResourceId(managementGroup().name, 'Microsoft.Authorization/policyDefinitions', 'p')]"


def test_symbolic_names_existing_and_references() -> None:
    source = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "languageVersion": "2.0",
        "resources": {
            "old": {**resource("vault", "Microsoft.KeyVault/vaults"), "existing": True},
            "apps": {**resource("[concat('a', copyIndex())]"), "copy": {"name": "apps", "count": 2}},
            "user": resource("u", tags={"v": "[reference('old').uri]", "n": "[string(length(references('apps')))]"}),
        },
    }
    found = take(source)
    assert [item.symbol for item in found.existing] == ["old"]
    user = found.resource("u")
    assert user.body["tags"] == {
        "v": f"[reference('{GROUP_ID}/providers/Microsoft.KeyVault/vaults/vault', '2024-01-01').uri]",
        "n": "2",
    }
    assert user.path == "resources.user"


def test_user_functions() -> None:
    output_of_twice = {"type": "string", "value": "[concat(parameters('X'), parameters('x'))]"}
    twice = {"parameters": [{"name": "x", "type": "string"}], "output": output_of_twice}
    functions = [{"namespace": "my", "members": {"twice": twice}}]
    assert output("[MY.twice('ab')]", functions=functions) == "abab"
    assert output("[my.twice(environment().name)]", functions=functions) == "[concat(environment().name, environment().name)]"


def test_external_inputs() -> None:
    source = template(parameters={"p": {"type": "string"}}, outputs={"o": {"value": "[concat(parameters('p'), 'x')]"}})
    given = {"p": {"expression": "[externalInputs('k_0')]"}}
    assert snapshot(source, given, GROUP).outputs["o"] == "[concat(externalInputs('k_0'), 'x')]"
    assert snapshot(source, given, GROUP, external_inputs={"k_0": "v"}).outputs["o"] == "vx"


def test_body_members_are_in_order_and_null_ones_left_out() -> None:
    source = template(
        resource(properties={"b": None}, tags={"x": "y"}, zones=None, sku={"name": "s"}, comments="no", location="l")
    )
    assert list(take(source).resources[0].to_dict()) == [
        "id",
        "type",
        "name",
        "apiVersion",
        "location",
        "sku",
        "tags",
        "properties",
    ]


SCRIPT = "Microsoft.Resources/deploymentScripts"


def test_an_output_that_lacks_a_member_stays_its_expression() -> None:
    """The member may be there once the deployment has run; the name of the deployment is no part of the expression."""
    inner = template(
        resource("script", SCRIPT, properties={"kind": "none"}),
        outputs={"o": {"type": "object", "value": "[coalesce(tryGet(reference('script'), 'outputs'), createObject())]"}},
    )
    middle = template(nested("in", inner), outputs={"o": {"type": "object", "value": "[reference('in').outputs.o.value]"}})
    source = template(
        nested("mid", middle),
        resource("a", properties={"key": "[reference('mid').outputs.o.value.key]", "all": "[reference('mid').outputs.o.value]"}),
    )
    assert take(source).resource("a").body["properties"] == {"key": "[coalesce(null(), createObject()).key]", "all": {}}


def test_the_last_resource_of_an_id_is_what_others_see() -> None:
    inner = template(
        resource("a", apiVersion="[parameters('v')]", properties={"x": "[parameters('x')]"}),
        parameters={name: {"type": "string"} for name in ("x", "v")},
        outputs={"id": {"type": "string", "value": "[resourceId('Microsoft.Web/sites', 'a')]"}},
    )
    state = f"reference('{GROUP_ID}/providers/Microsoft.Web/sites/a', '2024-01-01').x"
    reader = template(resource("[parameters('n')]", tags={"x": f"[{state}]"}), parameters={"n": {"type": "string"}})
    names = ("one", "two", "three")
    source = template(
        nested("one", inner, parameters={"x": {"value": "first"}, "v": {"value": "2024-01-01"}}),
        nested("readone", reader, parameters={"n": {"value": "one"}}),
        nested("two", inner, parameters={"x": {"value": "second"}, "v": {"value": "2024-01-01"}}),
        nested("readtwo", reader, parameters={"n": {"value": "two"}}),
        nested("three", inner, parameters={"x": {"value": "third"}, "v": {"value": "2030-01-01"}}),
        nested("readthree", reader, parameters={"n": {"value": "three"}}),
    )
    taken = take(source)
    assert [taken.resource(name).body["tags"]["x"] for name in names] == ["first", "second", f"[{state}]"]


def test_diff_names_every_property() -> None:
    before = take(template(resource("a", tags={"x": "1", "y": "2"}), resource("b")))
    after = take(template(resource("a", tags={"x": "3", "z": [1]}), resource("c")))
    assert [str(change).replace(GROUP_ID, "~") for change in before.diff(after)] == [
        "~ ~/providers/Microsoft.Web/sites/a tags.x: '1' -> '3'",
        "- ~/providers/Microsoft.Web/sites/a tags.y: '2'",
        "+ ~/providers/Microsoft.Web/sites/a tags.z: [1]",
        "- ~/providers/Microsoft.Web/sites/b",
        "+ ~/providers/Microsoft.Web/sites/c",
    ]
    assert before.diff(before) == ()


def test_prints_well() -> None:
    shown = str(take(template(resource("a"), outputs={"o": {"value": 1}})))
    assert shown == "1 resources\n  Microsoft.Web/sites  a\n1 outputs\n  o = 1"
    with pytest.raises(KeyError):
        take(template()).resource("a")


def test_shows_as_tables_in_a_notebook() -> None:
    source = template(
        resource("<a>", tags={"x": "y" * 200}),
        resource("b", condition="[empty(resourceGroup().tags)]", dependsOn=["<i>"]),
        outputs={"o": {"value": "<b>"}},
    )
    shown = take(source)._repr_html_()
    assert "<td>Microsoft.Web/sites</td><td>&lt;a&gt;</td><td></td>" in shown
    assert "<td>b</td><td>[empty(resourceGroup().tags)]</td>" in shown
    assert "<td>o</td><td>&quot;&lt;b&gt;&quot;</td>" in shown
    assert "&lt;i&gt;" in shown
    assert "y" * 100 not in shown
    assert "outputs" not in take(template())._repr_html_()


def test_many_resources_take_time_in_proportion() -> None:
    source = template(resource("[concat('a', copyIndex())]", copy={"name": "c", "count": 5000}, tags={"i": "[copyIndex()]"}))
    assert len(snapshot(source, None, GROUP, max_resources=5000).resources) == 5000
    with pytest.raises(EngineError):
        snapshot(source, None, GROUP)
