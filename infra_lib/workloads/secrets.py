"""Secrets of an app or job: kept by Container Apps, set as environment variables in all containers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from infra_lib.errors import InputError
from infra_lib.planning.added_secrets import marked, unmarked
from infra_lib.workloads.live import environment_with

_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST = 253
_SECRET_KEYS = ("name", "value", "keyVaultUrl", "identity")
_KINDS = ("containers", "initContainers")
_LABELS = ("name", "server")

# Environment variables that no secret may take the place of; a name that ends with an underscore stands for all that begin so.
# Those of the service: learn.microsoft.com/azure/container-apps/environment-variables#built-in-environment-variables.
_RESERVED = {
    "PATH": "a container finds its programs by it",
    "HOME": "a container's programs find their files and caches by it",
    "CONTAINER_APP_": "Container Apps itself sets the variables that begin with CONTAINER_APP_",
}


def secret_name(name: str) -> str:
    """The secret's name: ``HF_TOKEN`` and ``hf-token`` both give ``hf-token``. Raises InputError for one that is forbidden."""
    secret = name.lower().replace("_", "-")
    if not _NAME.fullmatch(secret) or len(secret) > _MOST:
        raise InputError(
            f"'{name}' cannot be a secret's name: Container Apps takes lower-case letters, digits, '-' and '.', beginning and "
            f"ending with a letter or digit, at most {_MOST} of them. Write it as HF_TOKEN or hf-token."
        )
    return secret


def secret_names(name: str) -> tuple[str, str]:
    """The secret's name and the environment variable's: ``HF_TOKEN`` and ``hf-token`` both give ``hf-token`` and ``HF_TOKEN``.

    Raises InputError for a name that Container Apps forbids.
    """
    secret = secret_name(name)
    variable = name if _VARIABLE.fullmatch(name) else re.sub(r"[-.]", "_", secret).upper()
    if not _VARIABLE.fullmatch(variable):
        raise InputError(f"'{name}' cannot be an environment variable: let it begin with a letter, as in TOKEN_1.")
    return secret, variable


def secret_to_set(name: str) -> tuple[str, str]:
    """The same, for a secret that is to be set.

    Raises InputError, too, for a variable that the container needs or the service sets.
    """
    secret, variable = secret_names(name)
    for reserved, reason in _RESERVED.items():
        if variable == reserved or (reserved.endswith("_") and variable.startswith(reserved)):
            raise InputError(f"'{name}' cannot be a secret, because it would replace the variable {variable}: {reason}.")
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
    secret, variable = secret_to_set(name)
    _check_value(name, value)
    return {
        "tags": {**(current.get("tags") or {}), **marked(current.get("tags"), secret)},
        "properties": {
            "configuration": {"secrets": [*_others(held, secret), {"name": secret, "value": value}]},
            "template": _containers(current, lambda one: environment_with(one, variable, secret)),
        },
    }


def patch_without_secret(current: dict[str, Any], held: list[Any], name: str, others: Iterable[Any] = ()) -> dict[str, Any]:
    """The PATCH that takes a secret and its environment variable away. ``others`` are resources that may name the secret, too.

    Raises InputError for a secret that is not there, and for one that something else uses.
    """
    secret = secret_name(name)
    there = sorted(str(one.name) for one in held)
    if secret not in there:
        raise InputError(f"'{current['name']}' has no secret '{secret}'; it has {', '.join(there) or 'none'}.")
    users = [*_users(current["properties"], secret, ""), *(user for other in others for user in _users(other, secret, ""))]
    if users:
        raise InputError(
            f"The secret '{secret}' cannot be removed, because something else uses it: {', '.join(users)}. Take it out there "
            "first, in the template, and provision."
        )
    return {
        "tags": unmarked(current.get("tags"), secret),
        "properties": {
            "configuration": {"secrets": _others(held, secret)},
            "template": _containers(current, lambda one: [item for item in one.get("env") or [] if not _is_own(item, secret)]),
        },
    }


def variables_of(current: dict[str, Any], name: str) -> list[str]:
    """The environment variables that :func:`patch_without_secret` takes out."""
    secret = secret_name(name)
    template = current["properties"]["template"]
    environments = (one.get("env") or [] for kind in _KINDS for one in template.get(kind) or [])
    return sorted({str(item["name"]) for environment in environments for item in environment if _is_own(item, secret)})


def _is_own(variable: Mapping[str, Any], secret: str) -> bool:
    """Whether an environment variable is the one that setting the secret makes, in any casing."""
    return variable.get("secretRef") == secret and str(variable.get("name") or "").lower() == re.sub(r"[-.]", "_", secret)


def _others(held: Iterable[Any], secret: str) -> list[dict[str, Any]]:
    return [
        {key: item for key, item in one.as_dict().items() if item is not None and key in _SECRET_KEYS}
        for one in held
        if one.name != secret
    ]


def _containers(current: dict[str, Any], environment: Callable[[dict[str, Any]], list[Any]]) -> dict[str, Any]:
    """The containers of an app or job, each with another environment."""
    template = current["properties"]["template"]
    return {kind: [{**one, "env": environment(one)} for one in template[kind]] for kind in _KINDS if template.get(kind)}


def _users(body: Any, secret: str, place: str) -> Iterator[str]:
    """Where a body names the secret, but for its own variable: registries, volumes, scale rules, sign-in, other variables.

    The property that names one ends with ``secretRef`` in an app or job, with ``SettingName`` in its sign-in configuration.
    """
    if isinstance(body, Mapping):
        if _is_own(body, secret):
            return
        for key, value in body.items():
            inner = f"{place}.{key}" if place else str(key)
            if value == secret and key.lower().endswith(("secretref", "settingname")):
                yield inner
            else:
                yield from _users(value, secret, inner)
    elif isinstance(body, list):
        for index, item in enumerate(body):
            label = next((str(item[key]) for key in _LABELS if item.get(key)), None) if isinstance(item, Mapping) else None
            yield from _users(item, secret, f"{place}['{label}']" if label else f"{place}[{index}]")
