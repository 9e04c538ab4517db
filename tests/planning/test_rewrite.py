"""The plan as one deployment: what is not written is marked, in templates of both language versions."""

from __future__ import annotations

from typing import Any

import pytest

from infra_lib.planning.rewrite import CannotRewriteError, mark

ACCOUNT = {
    "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2026-04-01", "name": "one", "location": "westeurope",
    "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {"x": 1},
}  # fmt: skip
SHARE = {
    "type": "Microsoft.Storage/storageAccounts/fileServices/shares", "apiVersion": "2026-04-01", "name": "one/default/data",
    "dependsOn": ["[resourceId('Microsoft.Storage/storageAccounts', 'one')]"], "properties": {},
}  # fmt: skip


def template(resources: Any, **more: Any) -> dict[str, Any]:
    return {"$schema": "s", "contentVersion": "1.0.0.0", **more, "resources": resources}


def test_without_marks_the_template_stays_as_it_is() -> None:
    original = template([ACCOUNT, SHARE])
    assert mark(original, {}, {}) == original


def test_an_existing_resource_keeps_what_identifies_it_and_nothing_that_is_sent() -> None:
    original = template({"account": ACCOUNT, "share": {**SHARE, "dependsOn": ["account"]}}, languageVersion="2.0")
    marked = mark(original, {"resources.account": "existing"}, {})
    assert marked["resources"]["account"] == {
        "existing": True, "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2026-04-01", "name": "one",
    }  # fmt: skip
    assert marked["resources"]["share"] == original["resources"]["share"]
    assert original["resources"]["account"] is ACCOUNT


def test_create_only_if_absent_is_the_services_own_option() -> None:
    marked = mark(template({"account": ACCOUNT}, languageVersion="2.0"), {"resources.account": "only if not exists"}, {})
    assert marked["resources"]["account"]["@options"] == {"onlyIfNotExists": []}
    assert marked["resources"]["account"]["properties"] == {"x": 1}


def test_the_older_form_is_lifted_to_symbolic_names_with_its_dependencies() -> None:
    waits = {"resources[1]": ["resources[0]"]}
    marked = mark(template([ACCOUNT, SHARE]), {"resources[0]": "existing"}, waits)
    assert marked["languageVersion"] == "2.0"
    assert list(marked["resources"]) == ["storageAccounts", "shares"]
    assert marked["resources"]["storageAccounts"]["existing"] is True
    assert marked["resources"]["shares"]["dependsOn"] == ["storageAccounts"]


def test_symbols_are_told_apart_when_types_repeat() -> None:
    marked = mark(template([ACCOUNT, {**ACCOUNT, "name": "two"}]), {"resources[1]": "existing"}, {})
    assert list(marked["resources"]) == ["storageAccounts", "storageAccounts_2"]
    assert "existing" not in marked["resources"]["storageAccounts"]


@pytest.mark.parametrize(
    ("parent", "child", "name"),
    [
        ("one", "default", "one/default"),
        ("[parameters('p')]", "default", "[format('{0}/{1}', parameters('p'), 'default')]"),
        ("one", "[variables('v')]", "[format('{0}/{1}', 'one', variables('v'))]"),
    ],
)
def test_a_child_declared_inside_its_parent_comes_out_with_its_full_name(parent: str, child: str, name: str) -> None:
    inside = {"type": "fileServices", "apiVersion": "v", "name": child, "properties": {}}
    original = template([{**ACCOUNT, "name": parent, "condition": "[parameters('on')]", "resources": [inside]}])
    waits = {"resources[0].resources[0]": ["resources[0]"]}
    lifted = mark(original, {"resources[0]": "existing"}, waits)["resources"]["fileServices"]
    assert lifted["type"] == "Microsoft.Storage/storageAccounts/fileServices"
    assert lifted["name"] == name
    assert lifted["condition"] == "[parameters('on')]"
    assert lifted["dependsOn"] == ["storageAccounts"]


def test_resources_of_a_nested_deployment_are_marked_in_its_template() -> None:
    module = {
        "type": "Microsoft.Resources/deployments", "apiVersion": "v", "name": "m",
        "properties": {
            "expressionEvaluationOptions": {"scope": "inner"}, "mode": "Incremental", "template": template([ACCOUNT, SHARE]),
        },
    }  # fmt: skip
    inner = "resources.m.properties.template."
    marked = mark(
        template({"m": module}, languageVersion="2.0"),
        {f"{inner}resources[0]": "existing"},
        {f"{inner}resources[1]": [f"{inner}resources[0]"]},
    )
    nested = marked["resources"]["m"]["properties"]["template"]
    assert nested["resources"]["storageAccounts"]["existing"] is True
    assert nested["resources"]["shares"]["dependsOn"] == ["storageAccounts"]


def test_a_nested_deployment_with_outer_evaluation_cannot_be_lifted() -> None:
    module = {
        "type": "Microsoft.Resources/deployments", "apiVersion": "v", "name": "m",
        "properties": {"mode": "Incremental", "template": template([])},
    }  # fmt: skip
    with pytest.raises(CannotRewriteError, match="outer evaluation"):
        mark(template([ACCOUNT, module]), {"resources[0]": "existing"}, {})
