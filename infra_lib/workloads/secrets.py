"""Secrets of an app or job: kept by Container Apps, set as environment variables in all containers."""

from __future__ import annotations

import re
from typing import Any

from infra_lib.errors import InputError
from infra_lib.planning.added_secrets import marked
from infra_lib.workloads.live import environment_with

_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST = 253
_SECRET_KEYS = ("name", "value", "keyVaultUrl", "identity")


def secret_names(name: str) -> tuple[str, str]:
    """The secret's name and the environment variable's: ``HF_TOKEN`` and ``hf-token`` both give ``hf-token`` and ``HF_TOKEN``.

    Raises InputError for a name that Container Apps forbids.
    """
    secret = name.lower().replace("_", "-")
    if not _NAME.fullmatch(secret) or len(secret) > _MOST:
        raise InputError(
            f"'{name}' cannot be a secret's name: Container Apps takes lower-case letters, digits, '-' and '.', beginning and "
            f"ending with a letter or digit, at most {_MOST} of them. Write it as HF_TOKEN or hf-token."
        )
    variable = name if _VARIABLE.fullmatch(name) else re.sub(r"[-.]", "_", secret).upper()
    if not _VARIABLE.fullmatch(variable):
        raise InputError(f"'{name}' cannot be an environment variable: let it begin with a letter, as in TOKEN_1.")
    return secret, variable


def _check_value(name: str, value: object) -> None:
    """Raise InputError for what cannot be an environment variable's value; never with the value itself."""
    if not isinstance(value, str):
        raise InputError(f"The value of '{name}' has to be text, not {type(value).__name__}: nothing was set.")
    if not value:
        raise InputError(f"The value of '{name}' is empty: nothing was set.")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InputError(f"The value of '{name}' has bytes that no environment variable holds: encode it, as base64 does.")


def patch_with_secret(current: dict[str, Any], held: list[Any], name: str, value: str) -> dict[str, Any]:
    """The PATCH that adds a secret to an app or job, or replaces its value. ``held`` are the secrets with their values."""
    secret, variable = secret_names(name)
    _check_value(name, value)
    kept = [
        {key: item for key, item in one.as_dict().items() if item is not None and key in _SECRET_KEYS}
        for one in held
        if one.name != secret
    ]
    template = current["properties"]["template"]
    containers = {
        kind: [{**one, "env": environment_with(one, variable, secret)} for one in template[kind]]
        for kind in ("containers", "initContainers")
        if template.get(kind)
    }
    return {
        "tags": {**(current.get("tags") or {}), **marked(current.get("tags"), secret)},
        "properties": {"configuration": {"secrets": [*kept, {"name": secret, "value": value}]}, "template": containers},
    }
