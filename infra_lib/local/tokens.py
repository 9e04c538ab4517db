"""Bearer tokens: issued by the service itself, and checked on every request to the control plane."""

from __future__ import annotations

import hmac
import time

from infra_lib.local.protocol import Call, ServiceError
from infra_lib.local.vault import Vault

LIFETIME = 24 * 3600
_PREFIX = "local"


def issue(vault: Vault, *, lifetime: int = LIFETIME) -> tuple[str, int]:
    """A token, and when it ends (seconds since the epoch)."""
    ends = int(time.time()) + lifetime
    return f"{_PREFIX}.{ends}.{_signature(vault, ends)}", ends


def _signature(vault: Vault, ends: int) -> str:
    return vault.sign(f"bearer {ends}".encode())


def verify(vault: Vault, call: Call) -> None:
    """Raise ServiceError unless the request carries a token that this service issued and that has not ended."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _refusal("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    prefix, _, rest = token.partition(".")
    ends, _, signature = rest.partition(".")
    if prefix != _PREFIX or not ends.isdigit() or not hmac.compare_digest(signature, _signature(vault, int(ends))):
        raise _refusal("InvalidAuthenticationToken", "The access token is invalid: it was not issued by this local target.")
    if int(ends) < time.time():
        raise _refusal("ExpiredAuthenticationToken", "The access token expiry time has passed.")


def _refusal(code: str, message: str) -> ServiceError:
    challenge = f'Bearer error="invalid_token", error_description="{message}"'
    return ServiceError(401, code, message, headers={"WWW-Authenticate": challenge})
