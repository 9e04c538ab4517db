"""One request and its answer, as every handler sees them, however they came: in-process or over a socket."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

_STRING = r'"(?:[^"\\]|\\.)*"'
_COMMENT = re.compile(rf"{_STRING}|//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_BARE_NAME = re.compile(rf"{_STRING}|([{{,]\s*)([A-Za-z_$][\w$]*)(?=\s*:)", re.DOTALL)

JSON_TYPE = "application/json; charset=utf-8"


class Call:
    """A request.

    ``raw_path`` is the path as sent, percent-encoded (signatures are made over it); ``path`` is decoded, with empty segments
    dropped. ``query`` has lower-cased names, ``headers`` too. ``origin`` is scheme and host as the client wrote them.
    """

    __slots__ = ("body", "headers", "method", "origin", "path", "query", "raw_path", "raw_query")

    def __init__(
        self,
        method: str,
        raw_path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        origin: str = "",
    ) -> None:
        self.method = method.upper()
        self.raw_path = raw_path
        self.path = "/" + "/".join(segment for segment in raw_path.split("/") if segment)
        if "%" in self.path:
            self.path = unquote(self.path)
        self.raw_query = query
        self.query = {name.lower(): value for name, value in parse_qsl(query, keep_blank_values=True)} if query else {}
        self.headers = {name.lower(): value for name, value in headers.items()} if headers else {}
        self.body = body
        self.origin = origin

    def json(self) -> Any:
        """The body as JSON; None when there is none. Raises ServiceError InvalidRequestContent for anything else."""
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body)
        except ValueError as strict:
            try:
                return _read_leniently(self.body)
            except ValueError:
                raise ServiceError(
                    400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{strict}'."
                ) from strict

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; empty when there is none. Raises ServiceError InvalidRequestContent for anything else."""
        content = self.json()
        if content is None:
            return {}
        if not isinstance(content, dict):
            raise ServiceError(400, "InvalidRequestContent", "The request content must be a JSON object.")
        return content

    def link(self, path: str, **query: str) -> str:
        """An absolute URL of this service, with the request's api-version where ``query`` gives none."""
        parameters = {
            "api-version": self.query.get("api-version", ""),
            **{name.replace("_", "-"): v for name, v in query.items()},
        }
        return f"{self.origin}{path}?" + "&".join(f"{name}={value}" for name, value in parameters.items())


def _read_leniently(body: bytes) -> Any:
    """JSON as the service reads it beyond the standard: with comments, names without quotation marks, and lines in strings.

    The Azure CLI sends templates so (recorded traffic: Azure/azure-cli, resource/tests/latest/recordings). Raises ValueError.
    """
    text = _COMMENT.sub(lambda found: found[0] if found[0].startswith('"') else " ", body.decode("utf-8-sig"))
    text = _BARE_NAME.sub(lambda found: f'{found[1]}"{found[2]}"' if found[2] else found[0], text)
    return json.loads(text, strict=False)


class Reply:
    """An answer. ``body`` is JSON data, bytes as they are, an iterator of bytes to be streamed, or None for no content."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.body = body
        self.headers = headers if headers is not None else {}

    @property
    def stream(self) -> Iterator[bytes] | None:
        """The body where it is streamed: it may take as long as it likes, and is made while it is read."""
        return self.body if isinstance(self.body, Iterator) else None

    def payload(self) -> bytes:
        """The body's bytes; sets Content-Type for JSON."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, Iterator):
            return b"".join(self.body)
        self.headers.setdefault("Content-Type", JSON_TYPE)
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


class ServiceError(Exception):
    """A refusal, in the words of the service: becomes the response's status and ``error`` body.

    ``by_gateway``: the service's gateway says so in a header of those that it makes itself, in place of a provider.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        target: str | None = None,
        details: list[dict[str, Any]] | None = None,
        additional_info: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
        by_gateway: bool = True,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = details
        self.additional_info = additional_info
        self.headers = {**({"x-ms-failure-cause": "gateway"} if by_gateway else {}), **(headers or {})}

    def to_dict(self) -> dict[str, Any]:
        """The ``error`` object: code, message and, where there are any, target, details and additionalInfo."""
        return error_body(self.code, self.message, self.target, self.details, self.additional_info)

    def reply(self) -> Reply:
        """The refusal as an answer."""
        return Reply(self.status, {"error": self.to_dict()}, dict(self.headers))


def error_body(
    code: str,
    message: str,
    target: str | None = None,
    details: list[dict[str, Any]] | None = None,
    additional_info: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """An error object of the wire: ``code`` and ``message`` always, the rest where given."""
    error: dict[str, Any] = {"code": code, "message": message}
    if target is not None:
        error["target"] = target
    if details:
        error["details"] = details
    if additional_info:
        error["additionalInfo"] = additional_info
    return error
