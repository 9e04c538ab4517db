"""Reading console log streams: over real HTTP, from a server that answers as Container Apps was recorded to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.exceptions import HttpResponseError

from infra_lib.deploy.log_stream import LogSource, follow_log, read_log

# The form of Azure/azure-cli's recording test_containerapp_logstream.yaml: the service's lines come first, with the later time.
GREETING = [
    ("2023-07-14T05:11:12.34696", "Connecting to the container 'app'..."),
    ("2023-07-14T05:11:12.36716", "Successfully Connected to container: 'app' [Revision: 'app--1', Replica: 'app--1-2-3']"),
]
FIRST = ("2023-07-14T05:10:32.3032299+00:00", "05:10:32 Listening on :80...")
SECOND = ("2023-07-14T05:10:32.304+00:00", "a second line")
THIRD = ("2023-07-14T05:10:33+00:00", "a third line")
FOURTH = ("2023-07-14T05:10:33.1+00:00", "a fourth line")
QUIET = ("2023-07-14T05:12:12.1", "No logs since last 60 seconds")
TARGET: Any = SimpleNamespace(manager=None)

Answer = int | list[tuple[str, str]]


class Streams:
    """Answers each connection with the next of ``answers``, the last one again and again."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[dict[str, str]] = []
        self.tokens: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})
                outer.tokens.append(self.headers["Authorization"])
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                self.send_response(answer if isinstance(answer, int) else 200)
                self.end_headers()
                for time, text in [] if isinstance(answer, int) else answer:
                    self.wfile.write(json.dumps({"TimeStamp": time, "Log": text}).encode() + b"\n")

            def log_message(self, format: str, *args: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/logstream"

    def source(self) -> LogSource:
        tokens = iter(f"token{number}" for number in range(100))
        return LogSource(url=self.url, token=lambda: next(tokens))


@pytest.fixture
def streams() -> Iterator[Streams]:
    made = Streams()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def over_after(connections: int) -> Callable[[], bool]:
    asked = iter(range(1_000))
    return lambda: next(asked) >= connections


def follow(streams: Streams, is_over: Callable[[], bool], **more: Any) -> list[str]:
    lines = follow_log(TARGET, streams.source(), lines=20, is_over=is_over, pause=lambda _: None, **more)
    return [line.text for line in lines]


def test_the_last_lines_are_the_containers_alone(streams: Streams) -> None:
    streams.answers = [[*GREETING, FIRST, SECOND]]
    lines = list(read_log(TARGET, streams.source(), lines=20))
    assert [(line.time, line.text) for line in lines] == [FIRST, SECOND]
    assert streams.asked == [{"follow": "false", "output": "json", "tailLines": "20"}]
    assert streams.tokens == ["Bearer token0"]


def test_following_gives_each_line_once_across_connections(streams: Streams) -> None:
    streams.answers = [
        [*GREETING, FIRST, SECOND, QUIET, QUIET],
        [*GREETING, FIRST, SECOND, THIRD, QUIET],
        [*GREETING, SECOND, THIRD, FOURTH],
    ]
    assert follow(streams, over_after(2)) == [FIRST[1], SECOND[1], THIRD[1], FOURTH[1]]
    assert [item["follow"] for item in streams.asked] == ["true", "true", "false"]
    assert [item["tailLines"] for item in streams.asked] == ["20", "300", "300"]


def test_what_else_the_service_says_is_shown_once(streams: Streams) -> None:
    said = ("2023-07-14T05:11:13.1", "Failed to connect to the container: it is not running")
    streams.answers = [[GREETING[0], said], [GREETING[0], said], [*GREETING, FIRST]]
    assert follow(streams, over_after(2)) == [said[1], FIRST[1]]


def test_a_refused_token_is_replaced(streams: Streams) -> None:
    streams.answers = [401, [*GREETING, FIRST]]
    assert follow(streams, over_after(1)) == [FIRST[1]]
    assert streams.tokens == ["Bearer token0", "Bearer token1"]


def test_a_replica_that_is_removed_after_it_was_read_ends_the_log(streams: Streams) -> None:
    streams.answers = [[*GREETING, FIRST], 404]
    assert follow(streams, lambda: False) == [FIRST[1]]


def test_a_log_that_never_answers_is_a_failure(streams: Streams) -> None:
    streams.answers = [404]
    with pytest.raises(HttpResponseError, match="404"):
        follow(streams, lambda: False)


def test_a_container_that_runs_once_is_over_when_its_stream_only_repeats_itself(streams: Streams) -> None:
    streams.answers = [[*GREETING, FIRST], [*GREETING, FIRST]]
    assert follow(streams, lambda: False, once=True) == [FIRST[1]]


def test_equal_lines_of_the_same_moment_are_several_and_given_once_each(streams: Streams) -> None:
    streams.answers = [[FIRST, THIRD, THIRD, THIRD], [THIRD, THIRD, THIRD, THIRD, FOURTH]]
    assert follow(streams, over_after(1)) == [FIRST[1], *[THIRD[1]] * 4, FOURTH[1]]
