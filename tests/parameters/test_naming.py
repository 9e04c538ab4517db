"""Azure's naming rules, and the parameters that become names."""

from __future__ import annotations

import json

import pytest

from infra_lib.parameters import check_name
from infra_lib.parameters.naming import RULES, named_resources
from tests.conftest import CASES

GOOD = [
    ("Microsoft.Storage/storageAccounts", ["abc", "a1b2c3", "a" * 24]),
    ("Microsoft.Storage/storageAccounts/fileServices/shares", ["abc", "a-b", "1-2", "a" * 63]),
    ("Microsoft.Storage/storageAccounts/blobServices/containers", ["abc", "$root", "$web"]),
    ("Microsoft.App/containerApps", ["ab", "a-1", "a" * 32]),
    ("Microsoft.App/jobs", ["ab", "job-1"]),
    ("Microsoft.App/managedEnvironments", ["ab", "1env", "a-b", "a" * 60]),
    ("Microsoft.App/managedEnvironments/storages", ["ab", "s-1"]),
    ("Microsoft.OperationalInsights/workspaces", ["abcd", "Log-1", "a" * 63]),
    ("Microsoft.Resources/resourceGroups", ["r", "Rg_(1).x-", "größe", "a" * 90]),
    ("Microsoft.Unknown/things", ["", "whatever !"]),
    ("Microsoft.App/containerApps", ["azure-app", "my-login"]),
    ("Microsoft.App/jobs", ["microsoft-job", "azure"]),
    ("Microsoft.Logic/workflows", ["a", "Flow_1.(x)-y", "a" * 80]),
]
BAD = [
    ("Microsoft.Storage/storageAccounts", ["", "ab", "a" * 25, "Abc", "a-b", "a_b", "äbc"]),
    ("Microsoft.Storage/storageAccounts/fileServices/shares", ["ab", "a" * 64, "-ab", "ab-", "a--b", "Abc", "a_b"]),
    ("Microsoft.Storage/storageAccounts/tableServices/tables", ["1ab", "a-b", "tables"]),
    ("Microsoft.App/containerApps", ["a", "a" * 33, "1a", "a-", "A-b", "a--b", "a_b"]),
    ("Microsoft.App/jobs", ["a", "a" * 33, "1a", "a--b"]),
    ("Microsoft.App/managedEnvironments", ["a", "a" * 61, "Env", "a_b"]),
    ("Microsoft.App/managedEnvironments/storages", ["a", "a" * 33, "A"]),
    ("Microsoft.OperationalInsights/workspaces", ["abc", "a" * 64, "-abc", "abc-", "a_bc"]),
    ("Microsoft.Resources/resourceGroups", ["", "a" * 91, "rg.", "a b", "a/b", "a#b"]),
    ("microsoft.web/SITES", ["my-microsoft-app", "login-app", "azure", "Xbox"]),
    ("Microsoft.Storage/storageAccounts", ["mywindowsdata", "loginstore", "office365"]),
    ("Microsoft.App/containerApps", ["azure", "microsoft-app"]),
    ("Microsoft.Logic/workflows", ["", "a" * 81, "a b"]),
]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in GOOD for name in names])
def test_good_names(kind, name):
    assert check_name(kind, name) is None


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in BAD for name in names])
def test_bad_names_and_the_advice_keeps_the_rule(kind, name):
    found = check_name(kind, name)
    assert found is not None
    assert found.problem
    assert found.fix.startswith("Write ")
    if "for example" in found.fix:
        assert check_name(kind, found.fix.split('"')[-2]) is None


def test_messages_say_what_is_wrong():
    found = check_name("Microsoft.Storage/storageAccounts", "MYNAME")
    assert found is not None
    assert (found.kind, found.problem) == ("a storage account", "it has upper-case letters")
    assert found.fix == 'Write 3 to 24 characters: lower-case letters and digits; for example "myname".'


def test_every_rule_takes_a_plain_name_of_its_length():
    for kind, rule in RULES.items():
        assert check_name(kind, "a" * rule.minimum) is None, kind
        assert check_name(kind, "a" * rule.maximum) is None, kind
        assert check_name(kind, "a" * (rule.maximum + 1)) is not None, kind


ACCOUNT = "Microsoft.Storage/storageAccounts"


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"type": ACCOUNT, "name": "[parameters('a')]"}, {"a": [ACCOUNT]}),
        ({"type": ACCOUNT, "name": "[ Parameters('A') ]"}, {"a": [ACCOUNT]}),
        ({"type": ACCOUNT, "name": "[variables('v')]"}, {"a": [ACCOUNT]}),
        ({"type": ACCOUNT, "name": "[format('{0}x', parameters('a'))]"}, {}),
        ({"type": ACCOUNT, "name": "[toLower(parameters('a'))]"}, {}),
        ({"type": ACCOUNT, "name": "plain"}, {}),
        (
            {
                "type": ACCOUNT + "/fileServices/shares",
                "name": "[format('{0}/{1}/{2}', parameters('a'), 'default', parameters('b'))]",
            },
            {"a": [ACCOUNT], "b": [ACCOUNT + "/fileServices/shares"]},
        ),
        ({"type": ACCOUNT + "/fileServices", "name": "[format('{0}/{1}', parameters('a'))]"}, {"a": [ACCOUNT]}),
        ({"type": ACCOUNT + "/fileServices", "name": "[format('{0}/{1}', concat('x'), parameters('b'))]"}, {}),
        (
            {
                "type": "Microsoft.Resources/deployments",
                "name": "m",
                "properties": {
                    "parameters": {"inner": {"value": "[parameters('b')]"}, "b": {"value": "other"}},
                    "template": {"resources": [
                        {"type": ACCOUNT, "name": "[parameters('inner')]"},
                        {"type": ACCOUNT, "name": "[parameters('b')]"},
                    ]},
                },
            },
            {"b": [ACCOUNT]},
        ),
    ],
)  # fmt: skip
def test_parameters_that_are_names(resource, expected):
    template = {"parameters": {"a": {}, "b": {}}, "variables": {"v": "[parameters('a')]"}, "resources": [resource]}
    assert named_resources(template) == expected
    assert named_resources({**template, "resources": {"symbolic": resource}}) == expected


def test_any_compiled_template_can_be_looked_through():
    for path in sorted(CASES.glob("*/*/main.json")):
        for name, kinds in named_resources(json.loads(path.read_text(encoding="utf-8"))).items():
            assert name
            assert all("/" in kind for kind in kinds)
