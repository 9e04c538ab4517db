"""What went wrong, where, and what to do: Azure's nested error bodies as text that a person can act on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infra_lib.errors import DeploymentError

if TYPE_CHECKING:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

# Codes that only say that something below them failed; the cause is in their details (or, in older services, a JSON message).
_ENVELOPES = frozenset(
    ("DeploymentFailed", "ResourceDeploymentFailure", "InvalidTemplateDeployment", "MultipleErrorsOccurred",
     "PreflightValidationCheckFailed", "Conflict", "BadRequest")
)

# What to do about a code, where the service's own text does not say it.
_ADVICE = {
    "AuthorizationFailed": "Ask for a role such as Contributor on that scope, or sign in as somebody who has it.",
    "AuthenticationFailed": "Sign in again (az login), or check the credential that was passed.",
    "InvalidAuthenticationToken": "Sign in again (az login), or check the credential that was passed.",
    "InvalidAuthenticationTokenTenant": "The credential is from another tenant than the subscription: sign in to that tenant.",
    "LocationNotAvailableForResourceType": "Choose another location.",
    "StorageAccountAlreadyTaken": "Storage account names are unique in all of Azure: choose another storageAccountName.",
    "AccountNameInvalid": "Use 3 to 24 lower-case letters and digits.",
    "DeploymentActive": "Wait until it ends, or cancel it.",
    "InvalidResourceLocation": "Use the location that it has, another name, or delete it first.",
    "ResourceGroupBeingDeleted": "Wait until it is gone, or use another resource group.",
    "MissingSubscriptionRegistration": "Register the resource provider in the subscription.",
    "SubscriptionNotFound": "Check the subscription id and that your account can see it.",
    "ResourceGroupNotFound": "Create it, or check its name and the subscription.",
}


def describe_error(error: Mapping[str, Any] | None) -> list[str]:
    """The causes in an ARM error body, innermost first, one line each: ``CODE (TARGET): MESSAGE ADVICE``.

    Follows ``details`` and messages that are JSON themselves. An empty body gives an empty list.
    """
    causes: list[str] = []
    for cause in _leaves(error, target="") if error else ():
        if cause not in causes:
            causes.append(cause)
    return causes


def failure(error: HttpResponseError, doing: str) -> DeploymentError:
    """An SDK error as this library's: ``doing`` completes "could not be done while ...", as ``creating resource group 'rg'``."""
    from azure.core.exceptions import ClientAuthenticationError

    causes = describe_error(error_body(error))
    if not causes and isinstance(error, ClientAuthenticationError):
        causes = [no_sign_in(error)]
    if not causes:
        text = (error.message or str(error)).strip() or f"HTTP status {error.status_code}"
        causes = [text.splitlines()[0]]
    return DeploymentError(f"Failed while {doing}.", causes)


def no_sign_in(error: ClientAuthenticationError) -> str:
    """What a credential that gives no token means, and what to do."""
    reason = str(error.message).strip().splitlines()[0]
    return f"Azure does not accept the sign-in: {reason} Sign in with `az login`, or set AZURE_CLIENT_ID and its like."


def error_body(error: HttpResponseError) -> dict[str, Any]:
    """The ``error`` object of the response, as the wire had it; empty where there is none."""
    response = getattr(error, "response", None)
    try:
        body = response.json() if response is not None else None
    except (ValueError, AttributeError, RuntimeError):
        body = None
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict) and ("code" in inner or "message" in inner):
            return inner
    if error.error is not None and error.error.code:
        return {"code": error.error.code, "message": error.error.message or ""}
    return {}


def _leaves(error: Mapping[str, Any], target: str) -> Iterator[str]:
    code = str(error.get("code") or "Error")
    message = str(error.get("message") or "").strip()
    target = str(error.get("target") or target)
    details = [detail for detail in error.get("details") or [] if isinstance(detail, Mapping)]
    inner = _inner_error(message)
    if inner is not None:
        details = [*details, inner]
    if details and (code in _ENVELOPES or inner is not None):
        for detail in details:
            yield from _leaves(detail, target)
        return
    place = f" ({_short(target)})" if target else ""
    advice = f" {_ADVICE[code]}" if code in _ADVICE else ""
    yield f"{code}{place}: {message}{advice}"
    for detail in details:
        if detail.get("code") != code:
            yield from _leaves(detail, target)


def _inner_error(message: str) -> Mapping[str, Any] | None:
    """The error that older services put into a message as JSON text."""
    if not message.startswith("{"):
        return None
    try:
        value = json.loads(message)
    except ValueError:
        return None
    inner = value.get("error", value) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) and "code" in inner else None


def _short(target: str) -> str:
    """The type and name of an id, which say more at a glance than the whole."""
    marker = "/providers/"
    position = target.lower().rfind(marker)
    return target[position + len(marker) :] if position >= 0 else target
