"""What the wire says, where the SDK's models say less: whole bodies, and the texts behind enumerations."""

from __future__ import annotations

from typing import Any


def raw_body(response: Any, _model: Any, _headers: Any) -> Any:
    """The body as the wire has it, for the SDK's ``cls``: models leave out what they don't know."""
    return response.http_response.json()


def text_of(value: Any) -> str:
    """The wire's text of a value that the SDK gives as text or as a member of an enumeration; empty for None."""
    return str(getattr(value, "value", value) or "")
