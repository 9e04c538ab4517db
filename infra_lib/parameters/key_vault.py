"""Key Vault references read here, where somebody asks for it; otherwise Resource Manager reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from infra_lib.errors import InputError
from infra_lib.parameters.entry import KeyVaultReference, from_arm_entry
from infra_lib.parameters.secret import Secret

SecretReader = Callable[[KeyVaultReference], str]
"""Gives the value of the secret that a reference names; raises InputError saying why it cannot."""

PUBLIC_SUFFIX = ".vault.azure.net"
"""What follows a vault's name in its address, in the public cloud."""


def read_references(parameters: Mapping[str, Mapping[str, Any]], read: SecretReader) -> dict[str, Any]:
    """The values of parameters in Resource Manager's form, by name; those of key vaults read, as :class:`Secret`."""
    values: dict[str, Any] = {}
    for name, entry in parameters.items():
        _, value = from_arm_entry(entry)
        values[name] = Secret(read(value)) if isinstance(value, KeyVaultReference) else value
    return values


def key_vault_reader(credential: Any, *, suffix: str = PUBLIC_SUFFIX) -> SecretReader:
    """A reader through azure-keyvault-secrets, with one client a vault. ``credential`` is azure-identity's.

    Raises InputError where that package is not installed, and, when it reads, for a secret that cannot be had.
    """
    try:
        module = import_module("azure.keyvault.secrets")
    except ImportError as error:
        raise InputError(
            "Reading key vaults needs azure-keyvault-secrets, which is not installed. Run: pip install infra-lib[keyvault]"
        ) from error
    from azure.core.exceptions import AzureError

    clients: dict[str, Any] = {}

    def read(reference: KeyVaultReference) -> str:
        vault = reference.vault()
        if vault is None:
            raise InputError(f"{reference.vault_id} is no key vault's resource id.")
        address = f"https://{vault[2]}{suffix}"
        if address not in clients:
            clients[address] = module.SecretClient(vault_url=address, credential=credential)
        try:
            found = clients[address].get_secret(reference.secret_name, reference.secret_version or None)
        except AzureError as error:
            raise InputError(f"The secret {reference.secret_name} of {address} cannot be read: {error}") from error
        if found.value is None:
            raise InputError(f"The secret {reference.secret_name} of {address} has no value.")
        return str(found.value)

    return read
