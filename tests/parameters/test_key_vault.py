"""Key Vault references are read only where somebody asks for it."""

from __future__ import annotations

import importlib.util

import pytest

from infra_lib.errors import InputError
from infra_lib.parameters import KeyVaultReference, Secret
from infra_lib.parameters.key_vault import key_vault_reader, read_references

VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"


def test_references_become_secrets():
    asked = []

    def read(reference):
        asked.append(reference)
        return "hunter2"

    parameters = {"a": {"value": 1}, "b": {"reference": {"keyVault": {"id": VAULT}, "secretName": "n", "secretVersion": "7"}}}
    values = read_references(parameters, read)
    assert values == {"a": 1, "b": Secret("hunter2")}
    assert "hunter2" not in str(values)
    assert asked == [KeyVaultReference(vault_id=VAULT, secret_name="n", secret_version="7")]
    assert asked[0].vault() == ("s", "g", "v")


@pytest.mark.skipif(importlib.util.find_spec("azure.keyvault") is not None, reason="azure-keyvault-secrets is installed")
def test_without_the_package_it_says_what_to_install():
    with pytest.raises(InputError, match=r"infra-lib\[keyvault\]"):
        key_vault_reader(object())
