"""One parameter of a parameter file: its value, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_VAULT_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.KeyVault/vaults/(?P<vault>[^/]+)\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands in a file: lines and columns from 1, columns in UTF-16 units, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVaultReference:
    """A secret that Resource Manager reads from a key vault when it deploys.

    ``vault_id`` is the resource id of the vault, ``secret_version`` None for the current version.
    """

    vault_id: str
    secret_name: str
    secret_version: str | None = None

    @classmethod
    def from_dict(cls, reference: Any) -> KeyVaultReference | None:
        """Read ``{"keyVault": {"id": ...}, "secretName": ...}``; None where it is not of that form."""
        if not isinstance(reference, dict) or not isinstance(vault := reference.get("keyVault"), dict):
            return None
        vault_id, name, version = vault.get("id"), reference.get("secretName"), reference.get("secretVersion")
        if not (isinstance(vault_id, str) and vault_id and isinstance(name, str) and name):
            return None
        if version is not None and not isinstance(version, str):
            return None
        return cls(vault_id=vault_id, secret_name=name, secret_version=version)

    def to_dict(self) -> dict[str, Any]:
        """The form of a parameter file."""
        reference: dict[str, Any] = {"keyVault": {"id": self.vault_id}, "secretName": self.secret_name}
        if self.secret_version is not None:
            reference["secretVersion"] = self.secret_version
        return reference

    def vault(self) -> tuple[str, str, str] | None:
        """(subscription, resource group, vault name) of the vault's id, None where it is no such id."""
        match = _VAULT_ID.match(self.vault_id)
        return (match["subscription"], match["group"], match["vault"]) if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A value that is computed: in a .bicepparam file Bicep as written, in JSON an ``externalInputs`` expression."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterEntry:
    """A parameter as a file gives it.

    ``value`` is plain JSON data, a :class:`KeyVaultReference` or an :class:`Expression`; ``place`` is the value's.
    ``pointer`` leads to the value in a JSON file (``/parameters/NAME/value``), and is ``/parameters/NAME`` elsewhere.
    """

    name: str
    value: Any
    metadata: dict[str, Any] | None = None
    pointer: str
    place: Place


def arm_entry(value: Any) -> dict[str, Any]:
    """A value as Resource Manager takes it: ``{"value": ...}``, ``{"reference": ...}`` or ``{"expression": ...}``."""
    if isinstance(value, KeyVaultReference):
        return {"reference": value.to_dict()}
    if isinstance(value, Expression):
        return {"expression": value.text}
    return {"value": value}


def from_arm_entry(entry: Any) -> tuple[bool, Any]:
    """Whether an entry of a parameters document has the right form, and the value that it holds."""
    if not isinstance(entry, dict):
        return False, None
    given = [name for name in ("value", "reference", "expression") if name in entry]
    if len(given) != 1 or not entry.keys() <= {given[0], "metadata"}:
        return False, None
    content = entry[given[0]]
    if given[0] == "value":
        return True, content
    if given[0] == "expression":
        return isinstance(content, str), Expression(text=str(content))
    reference = KeyVaultReference.from_dict(content)
    return reference is not None, reference
