"""Console log streams of Container Apps: lines over HTTP, read with a token of the app or job, beside Resource Manager."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target

_CONNECT_SECONDS = 30.0
# Log streams are silent while a program is; after this long it is asked anew.
_READ_SECONDS = 240.0
_MOST_LINES = 300
_RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
_TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of a console log. ``time`` is the service's time stamp, empty where it gives none."""

    time: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSource:
    """A log to read: its address, and how to get a token for it (again, when one has expired)."""

    url: str
    token: Callable[[], str]


def read_log(target: Target, source: LogSource, *, lines: int) -> Iterator[LogLine]:
    """The last lines of a log, at most 300. Raises azure-core's HttpResponseError and ServiceRequestError."""
    yield from _once(target, source.url, source.token(), lines=lines, follow=False)


def follow_log(
    target: Target, source: LogSource, *, lines: int, is_over: Callable[[], bool], pause: Callable[[float], None]
) -> Iterator[LogLine]:
    """The last lines of a log and what is added, until ``is_over``; reconnects by itself, and gives no line twice.

    ``pause`` waits between tries. Raises the last failure when the stream cannot be had eight times in a row.
    """
    from azure.core.exceptions import AzureError, HttpResponseError

    latest, at_latest, failures = "", set[str](), 0
    token = source.token()
    while True:
        over = is_over()
        try:
            for line in _once(target, source.url, token, lines=_MOST_LINES if latest else lines, follow=not over):
                failures = 0
                if line.time and (line.time < latest or (line.time == latest and line.text in at_latest)):
                    continue
                if line.time > latest:
                    latest, at_latest = line.time, set()
                at_latest.add(line.text)
                yield line
        except HttpResponseError as error:
            if error.status_code not in (401, 403, 404, 408, 429) and (error.status_code or 0) < 500:
                raise
            failures += 1
            if failures >= _TRIES:
                raise
            token = source.token() if error.status_code in (401, 403) else token
        except AzureError:
            failures += 1
            if failures >= _TRIES:
                raise
        if over:
            return
        pause(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])


def _once(target: Target, url: str, token: str, *, lines: int, follow: bool) -> Iterator[LogLine]:
    from azure.core.exceptions import HttpResponseError
    from azure.core.rest import HttpRequest

    request = HttpRequest(
        "GET",
        url,
        params={"follow": "true" if follow else "false", "output": "json", "tailLines": str(min(lines, _MOST_LINES))},
        headers={"Authorization": f"Bearer {token}"},
    )
    with closing(_transport(target)) as transport:
        response: Any = transport.send(
            request, stream=True, connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS
        )
        with response:
            if response.status_code >= 400:
                raise HttpResponseError(f"The log answers with HTTP status {response.status_code}.", response=response)
            for line in _split(response.iter_bytes()):
                yield _parse(line)


def _transport(target: Target) -> Any:
    if target.manager is not None:
        return target.manager.transport()
    from azure.core.pipeline.transport import RequestsTransport

    transport = RequestsTransport()
    transport.open()
    return transport


def _split(parts: Iterator[bytes]) -> Iterator[str]:
    pending = b""
    for part in parts:
        *whole, pending = (pending + part).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if pending:
        yield pending.decode("utf-8", "replace")


def _parse(line: str) -> LogLine:
    """A line of the stream: an object of TimeStamp and Log, or text that the service puts in between."""
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if isinstance(entry, Mapping) and "Log" in entry:
        return LogLine(time=str(entry.get("TimeStamp") or ""), text=str(entry["Log"]).rstrip("\r\n"))
    return LogLine(time="", text=line.rstrip("\r\n"))
