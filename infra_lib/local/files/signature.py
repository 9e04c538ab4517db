"""SharedKey: the request must be signed with one of the account's keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl

from infra_lib.local.files.errors import StorageError
from infra_lib.local.protocol import Call

_SLOTS = (
    "content-encoding", "content-language", "content-length", "content-md5", "content-type", "date", "if-modified-since",
    "if-match", "if-none-match", "if-unmodified-since", "range",
)  # fmt: skip


def _service_order(name: str) -> list[tuple[int, str]]:
    """The service sorts header names by the characters other than hyphens: symbols, then digits, then letters."""
    return [(2 if character.isalpha() else 1 if character.isdigit() else 0, character) for character in name if character != "-"]


def _texts(call: Call, account: str) -> Iterator[str]:
    """The text that is signed, in the orders of headers that clients use."""
    slots = [call.headers.get(name, "") for name in _SLOTS]
    if slots[2] == "0":
        slots[2] = ""
    names = [name for name in call.headers if name.startswith("x-ms-")]
    queries = sorted((name.lower(), value) for name, value in parse_qsl(call.raw_query, keep_blank_values=True))
    resource = f"/{account}{call.raw_path}" + "".join(f"\n{name}:{value}" for name, value in queries)
    head = "\n".join([call.method, *slots]) + "\n"
    for order in (None, _service_order):
        headers = (f"{name}:{call.headers[name]}\n" for name in sorted(names, key=order))
        yield head + "".join(headers) + resource


def verify(call: Call, account: str, keys: Sequence[str]) -> None:
    """Raise StorageError unless the request is signed with one of the keys."""
    scheme, _, rest = call.headers.get("authorization", "").partition(" ")
    named, _, signature = rest.partition(":")
    if scheme != "SharedKey" or named.lower() != account.lower():
        way = "a shared access signature" if "sig" in call.query else f"'{scheme}'" if scheme else "no Authorization header"
        raise StorageError(
            403,
            "AuthenticationFailed",
            f"Server failed to authenticate the request: it came with {way}; the local target takes SharedKey, "
            "signed with a key of "
            f"account '{account}'.",
        )
    for text in _texts(call, named):
        for key in keys:
            expected = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
            if hmac.compare_digest(expected, signature):
                return
    raise StorageError(
        403,
        "AuthenticationFailed",
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
        "correctly including the "
        "signature: it was not made with a current key of the account.",
    )
