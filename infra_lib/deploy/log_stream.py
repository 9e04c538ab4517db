"""Console log streams of Container Apps: lines over HTTP, read with a token of the app or job, beside Resource Manager.

A stream begins with lines of the service itself and has some more while nothing comes, all with the time of now and without an
offset, before or between the container's own, which have one (recorded in Azure/azure-cli, containerapp's
test_containerapp_logstream.yaml). It may end after some minutes without a line (Azure/azure-cli#28267).
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
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
_BRIEF_SECONDS = 2.0
_GONE = 404
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d)")
_OF_CONNECTION = ("Connecting to the container ", "Successfully Connected to container: ", "No logs since last ")


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
    target: Target,
    source: LogSource,
    *,
    lines: int,
    is_over: Callable[[], bool],
    pause: Callable[[float], None],
    once: bool = False,
) -> Iterator[LogLine]:
    """The last lines of a log and what is added, until ``is_over``; reconnects by itself, and gives no line twice.

    ``pause`` waits between tries. ``once``: the container is not started again, so that a stream that ends at once, again and
    again, is over as well. Raises the last failure when the stream cannot be had eight times in a row; a replica that is gone
    after it was read is none.
    """
    from azure.core.exceptions import AzureError, HttpResponseError

    seen = _Seen()
    failures = quiet = 0
    token = source.token()
    while True:
        over = is_over()
        began, quiet = time.monotonic(), quiet + 1
        seen.connect()
        try:
            for line in _once(target, source.url, token, lines=_MOST_LINES if seen.latest else lines, follow=not over):
                failures = 0
                if seen.is_new(line):
                    quiet = 0
                    yield line
        except HttpResponseError as error:
            if error.status_code not in (401, 403, _GONE, 408, 429) and (error.status_code or 0) < 500:
                raise
            failures += 1
            if failures >= _TRIES:
                if error.status_code == _GONE and seen.latest:
                    return
                raise
            token = source.token() if error.status_code in (401, 403) else token
        except AzureError:
            failures += 1
            if failures >= _TRIES:
                raise
        quiet = quiet if time.monotonic() - began < _BRIEF_SECONDS else 0
        if over or (once and seen.latest and not failures and quiet >= _TRIES):
            return
        pause(_RETRY_SECONDS[min(max(failures, quiet), len(_RETRY_SECONDS) - 1)])


class _Seen:
    """What has been given of a log so far. Only another connection repeats lines: within one, equal lines are several."""

    def __init__(self) -> None:
        self.latest = ""
        self._at_latest: Counter[str] = Counter()
        self._until = ""
        self._repeated: Counter[str] = Counter()
        self._said: set[str] = set()

    def connect(self) -> None:
        """Another connection begins, which gives the last lines again."""
        self._until, self._repeated = self.latest, self._at_latest.copy()

    def is_new(self, line: LogLine) -> bool:
        """Whether a line has not been given yet; it is from here on."""
        moment = _moment(line.time)
        if not moment:
            # The service's own: said anew with each connection.
            repeated = bool(line.time) and line.text in self._said
            self._said.add(line.text)
            return not repeated
        if moment < self._until:
            return False
        if moment == self._until and self._repeated[line.text]:
            self._repeated[line.text] -= 1
            return False
        if moment > self.latest:
            self.latest, self._at_latest = moment, Counter()
        if moment == self.latest:
            self._at_latest[line.text] += 1
        return True


def _moment(stamp: str) -> str:
    """A container's time stamp in a form that orders as text; empty for one of the service itself, which has no offset."""
    found = _STAMP.fullmatch(stamp)
    return f"{found[1]}.{found[2] or '':0<9}" if found else ""


def _once(target: Target, url: str, token: str, *, lines: int, follow: bool) -> Iterator[LogLine]:
    from azure.core.exceptions import HttpResponseError
    from azure.core.rest import HttpRequest

    request = HttpRequest(
        "GET",
        url,
        params={"follow": "true" if follow else "false", "output": "json", "tailLines": str(min(lines, _MOST_LINES))},
        headers={"Authorization": f"Bearer {token}"},
    )
    with closing(_transport(target, url)) as transport:
        response: Any = transport.send(request, stream=True, connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS)
        with response:
            if response.status_code >= 400:
                raise HttpResponseError(f"The log answers with HTTP status {response.status_code}.", response=response)
            for text in _split(response.iter_bytes()):
                line = _parse(text)
                if not _is_of_connection(line):
                    yield line


def _transport(target: Target, url: str) -> Any:
    if target.manager is not None:
        return target.manager.transport()
    from infra_lib.deploy.connections import pooled_transport

    transport = pooled_transport(url)
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


def _is_of_connection(line: LogLine) -> bool:
    """Whether the service says with a line how its connection to the container is."""
    return bool(line.time) and not _moment(line.time) and line.text.startswith(_OF_CONNECTION)
