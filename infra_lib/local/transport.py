"""An azure-core transport that answers in this process, and the credential that goes with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import HttpTransport
from azure.core.utils import CaseInsensitiveDict

from infra_lib.local import tokens
from infra_lib.local.protocol import Call, Reply

if TYPE_CHECKING:
    from infra_lib.local.operations import Clock
    from infra_lib.local.service import Service
    from infra_lib.local.vault import Vault

_CHUNK = 4 * 1024 * 1024


class InProcessResponse:
    """A response as the SDK's pipelines and deserializers read it; its content is there from the start, but a stream's."""

    def __init__(self, request: Any, reply: Reply) -> None:
        self.request = request
        self.status_code = reply.status
        self.reason = HTTPStatus(reply.status).phrase
        self._stream = reply.stream
        self._content = b"" if request.method == "HEAD" or self._stream is not None else reply.payload()
        self.headers: Any = CaseInsensitiveDict(reply.headers)
        if self._stream is None:
            self.headers.setdefault("Content-Length", str(len(self._content)))
        self.content_type = self.headers.get("Content-Type")
        self.encoding = "utf-8"
        self.is_closed = True
        self.is_stream_consumed = True
        self.block_size = _CHUNK
        self.internal_response = self

    @property
    def content(self) -> bytes:
        """The content; that of a stream is read to its end."""
        if self._stream is not None:
            self._content, self._stream = b"".join(self._stream), None
        return self._content

    def text(self, encoding: str | None = None) -> str:
        """The content as text."""
        return self.content.decode(encoding or self.encoding)

    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.content)

    def body(self) -> bytes:
        """The content."""
        return self.content

    def read(self) -> bytes:
        """The content."""
        return self.content

    def iter_bytes(self) -> Iterator[bytes]:
        """The content in parts; that of a stream as it comes."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            yield from stream
            return
        for start in range(0, len(self.content), _CHUNK):
            yield self.content[start : start + _CHUNK]

    iter_raw = iter_bytes

    def stream_download(self, _pipeline: Any, **_options: Any) -> Iterator[bytes]:
        """The content in parts."""
        return self.iter_bytes()

    def raise_for_status(self) -> None:
        """Raise HttpResponseError for a status of 400 or more."""
        if self.status_code >= 400:
            from azure.core.exceptions import HttpResponseError

            raise HttpResponseError(response=self)

    def close(self) -> None:
        """Nothing to close."""

    def __enter__(self) -> InProcessResponse:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


class InProcessTransport(HttpTransport[Any, Any]):
    """Answers management and file-share clients alike. Waiting between polls or retries passes on the service's clock."""

    def __init__(self, service: Service, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    def send(self, request: Any, **_options: Any) -> Any:
        """The service's answer to the request."""
        parts = urlsplit(request.url)
        call = Call(
            request.method,
            parts.path,
            query=parts.query,
            headers=request.headers,
            body=_content(request),
            origin=f"{parts.scheme}://{parts.netloc}",
        )
        return InProcessResponse(request, self._service.respond(call))

    def sleep(self, duration: float) -> None:
        """Let time pass: at once, unless the manager has a pace in real time."""
        self._clock.sleep(duration)

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close: the manager that the transport leads to stays open."""

    def __enter__(self) -> InProcessTransport:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Nothing to close."""


def _content(request: Any) -> bytes:
    content = getattr(request, "content", None)
    if content is None:
        content = getattr(request, "data", None)
    if content is None:
        return b""
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    if hasattr(content, "read"):
        data = content.read()
        return data.encode() if isinstance(data, str) else data
    return b"".join(part.encode() if isinstance(part, str) else bytes(part) for part in content)


class LocalCredential:
    """A TokenCredential that the embedded Resource Manager accepts."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._token: AccessToken | None = None

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """A token of the service's own, good for a day."""
        if self._token is None:
            self._token = AccessToken(*tokens.issue(self._vault))
        return self._token
