"""The official Bicep CLI, where it is installed: one process that answers over JSON-RPC.

Starting it takes most of a second and 250 MB, so one process serves all requests; close it, or use it in a ``with``.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import IO, Any, Self, cast

from infra_lib.diagnostics import Diagnostic, Level
from infra_lib.errors import InfraError, InputError

DEFAULT_TIMEOUT = 120.0
"""Seconds that one request may take; the first one includes the start of the process."""

_CLOSING_SECONDS = 5.0
_KEPT_ERROR_LINES = 20
_LEVELS: dict[str, Level] = {"error": "error", "warning": "warning", "info": "info"}


class OfficialBicepError(InfraError):
    """The official CLI failed, or cannot be understood; the text has its reason. ``type`` is its exception's name, if known."""

    def __init__(self, message: str, *, type: str | None = None) -> None:
        self.type = type
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialCompilation:
    """What the official CLI makes of a source: ``template`` is None where ``success`` is False.

    Of a parameter file ``parameters`` is the document of ``bicep build-params``, and ``template_spec_id`` the id of the
    template spec that it uses instead of a template.
    """

    success: bool
    diagnostics: tuple[Diagnostic, ...]
    template: dict[str, Any] | None
    parameters: dict[str, Any] | None = None
    template_spec_id: str | None = None


def find_bicep(environment: Mapping[str, str] | None = None) -> str | None:
    """The path of an installed Bicep CLI, None if there is none: on PATH, where the Azure CLI puts it, or in ``~/.bicep/bin``."""
    environment = os.environ if environment is None else environment
    found = shutil.which("bicep", path=environment.get("PATH", ""))
    if found is not None:
        return found
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or os.path.expanduser("~"))
    azure = Path(environment.get("AZURE_CONFIG_DIR") or home / ".azure")
    for folder in (azure / "bin", home / ".bicep" / "bin"):
        found = shutil.which("bicep", path=str(folder))
        if found is not None:
            return found
    return None


class _Connection:
    """A process with messages in and out. A thread reads what it writes, so that waiting can end."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        try:
            self.process = subprocess.Popen(  # noqa: S603 - the path is the user's own installation
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise OfficialBicepError(f"The Bicep CLI {self.command[0]} cannot be started: {error.strerror or error}.") from None
        self.stdin = cast(IO[bytes], self.process.stdin)
        self.stdout = cast(IO[bytes], self.process.stdout)
        self.stderr = cast(IO[bytes], self.process.stderr)
        self.messages: queue.Queue[dict[str, Any] | OfficialBicepError] = queue.Queue()
        self.error_lines: deque[str] = deque(maxlen=_KEPT_ERROR_LINES)
        self.threads = [
            threading.Thread(target=self._read_messages, args=(self.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self.stderr,), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message, separators=(",", ":")).encode("utf-8")
        try:
            self.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self.stdin.flush()
        except (OSError, ValueError):
            raise self.ended() from None

    def receive(self, timeout: float) -> dict[str, Any] | None:
        """The next message; None when ``timeout`` seconds have passed without one."""
        try:
            message = self.messages.get(timeout=max(timeout, 0.0))
        except queue.Empty:
            return None
        if isinstance(message, OfficialBicepError):
            self.messages.put(message)
            raise message
        return message

    def ended(self) -> OfficialBicepError:
        """The error of a process that is no longer there."""
        try:
            status: int | None = self.process.wait(_CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            status = None
        self.threads[1].join(_CLOSING_SECONDS)
        said = " ".join(line.strip() for line in self.error_lines if line.strip())
        how = "closed its output" if status is None else f"ended with status {status}"
        return OfficialBicepError(f"The Bicep CLI {self.command[0]} {how}{': ' + said if said else '.'}")

    def _read_messages(self, stream: IO[bytes]) -> None:
        try:
            while (message := _read_message(stream)) is not None:
                self.messages.put(message)
        except (OSError, ValueError) as error:
            self.messages.put(OfficialBicepError(f"The Bicep CLI {self.command[0]} sent what is no message: {error}."))
            return
        self.messages.put(self.ended())

    def _read_errors(self, stream: IO[bytes]) -> None:
        try:
            for line in stream:
                self.error_lines.append(line.decode("utf-8", "replace"))
        except (OSError, ValueError):
            return

    def close(self) -> None:
        """End the process: first by closing its input, then by force."""
        with suppress(OSError):
            self.stdin.close()
        try:
            self.process.wait(_CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for thread in self.threads:
            thread.join(_CLOSING_SECONDS)
        self.stdout.close()
        self.stderr.close()


def _read_message(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message of a stream, None at its end; ValueError for anything that is none."""
    length: int | None = None
    while line := stream.readline():
        text = line.decode("ascii", "replace").strip()
        if not text:
            break
        name, colon, value = text.partition(":")
        if not colon:
            raise ValueError(f"{text[:80]!r} is no header")
        if name.lower() == "content-length":
            length = int(value)
    else:
        return None
    if length is None:
        raise ValueError("a header has no Content-Length")
    body = stream.read(length)
    if len(body) < length:
        return None
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("a message is no object")
    return message


class OfficialBicep:
    """A running official CLI. It starts with the first request and is safe to use from several threads, one request at a time."""

    def __init__(self, executable: str | os.PathLike[str] | None = None, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        """``executable`` is the CLI's path, :func:`find_bicep`'s if left out; ``timeout`` in seconds holds for each request.

        Raises InputError where no CLI is installed.
        """
        found = os.fspath(executable) if executable is not None else find_bicep()
        if found is None:
            raise InputError(
                "No Bicep CLI is installed: there is none on PATH, in ~/.azure/bin or in ~/.bicep/bin. "
                "Install it with `az bicep install`."
            )
        self.executable = found
        self.timeout = timeout
        self._connection: _Connection | None = None
        self._lock = threading.Lock()
        self._last_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process, if one was started. A later request starts another."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def request(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """The result of one method, or OfficialBicepError with the CLI's reason; a process that fails itself is ended."""
        with self._lock:
            try:
                return self._request(method, parameters)
            except _RefusedError as refused:
                raise OfficialBicepError(refused.message, type=refused.type) from None
            except BaseException:
                self._drop()
                raise

    def _request(self, method: str, parameters: Mapping[str, Any]) -> Any:
        if self._connection is None:
            self._connection = _Connection([self.executable, "jsonrpc", "--stdio"])
        self._last_id += 1
        self._connection.send({"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": dict(parameters)})
        deadline = monotonic() + self.timeout
        while (message := self._connection.receive(deadline - monotonic())) is not None:
            if message.get("id") != self._last_id:
                continue
            error = message.get("error")
            if isinstance(error, dict):
                raise _RefusedError(method, error)
            return message.get("result")
        raise OfficialBicepError(f"The Bicep CLI {self.executable} did not answer {method} within {self.timeout:g} seconds.")

    # ---------------------------------------------------------------------------------------- methods

    def version(self) -> str:
        """The CLI's version, as ``0.49.2``."""
        return str(_member(self.request("bicep/version", {}), "version"))

    def compile(self, path: str | os.PathLike[str]) -> OfficialCompilation:
        """Compile a .bicep file."""
        result = self.request("bicep/compile", {"path": os.path.abspath(path)})
        return OfficialCompilation(
            success=bool(_member(result, "success")),
            diagnostics=_diagnostics(_member(result, "diagnostics")),
            template=_document(_member(result, "contents"), "template"),
        )

    def compile_parameters(self, path: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None) -> OfficialCompilation:
        """Compile a .bicepparam file and the template that it uses; ``overrides`` are values that replace the file's, by name."""
        result = self.request("bicep/compileParams", {"path": os.path.abspath(path), "parameterOverrides": dict(overrides or {})})
        spec = _member(result, "templateSpecId")
        return OfficialCompilation(
            success=bool(_member(result, "success")),
            diagnostics=_diagnostics(_member(result, "diagnostics")),
            template=_document(_member(result, "template"), "template"),
            parameters=_document(_member(result, "parameters"), "parameters document"),
            template_spec_id=spec if isinstance(spec, str) else None,
        )

    def snapshot(
        self,
        path: str | os.PathLike[str],
        *,
        tenant_id: str | None = None,
        management_group_id: str | None = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        deployment_name: str | None = None,
        external_inputs: Iterable[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """The snapshot of a .bicepparam file's deployment; what is left out of the context stays unknown.

        ``external_inputs`` are ``{"kind": ..., "config": ..., "value": ...}``.
        """
        metadata = {
            "tenantId": tenant_id,
            "managementGroupId": management_group_id,
            "subscriptionId": subscription_id,
            "resourceGroup": resource_group,
            "location": location,
            "deploymentName": deployment_name,
        }
        result = self.request(
            "bicep/getSnapshot",
            {
                "path": os.path.abspath(path),
                "metadata": {name: value for name, value in metadata.items() if value is not None},
                "externalInputs": [dict(entry) for entry in external_inputs],
            },
        )
        snapshot = _document(_member(result, "snapshot"), "snapshot")
        if snapshot is None:
            raise OfficialBicepError("The Bicep CLI gave no snapshot.")
        return snapshot


class _RefusedError(Exception):
    """The CLI answered a request with an error; the process goes on."""

    def __init__(self, method: str, error: Mapping[str, Any]) -> None:
        data = error.get("data")
        kind = data.get("type") if isinstance(data, dict) else None
        self.type = kind if isinstance(kind, str) else None
        reason = str(error.get("message") or "without a reason").strip()
        self.message = f"The Bicep CLI refused {method}: {reason}{'' if reason.endswith('.') else '.'}"
        super().__init__(self.message)


def _member(result: Any, name: str) -> Any:
    if not isinstance(result, dict):
        raise OfficialBicepError("The Bicep CLI answered with something that is no object.")
    return result.get(name)


def _document(text: Any, what: str) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        document = json.loads(text)
    except (TypeError, ValueError):
        document = None
    if not isinstance(document, dict):
        raise OfficialBicepError(f"The Bicep CLI gave a {what} that is no JSON object.")
    return document


def _diagnostics(entries: Any) -> tuple[Diagnostic, ...]:
    """The CLI's diagnostics, whose places count from 0, as ours."""
    if not isinstance(entries, list):
        return ()
    found = []
    for entry in entries:
        try:
            start, end = entry["range"]["start"], entry["range"]["end"]
            found.append(
                Diagnostic(
                    code=str(entry["code"]),
                    level=_LEVELS.get(str(entry["level"]).lower(), "info"),
                    message=str(entry["message"]),
                    file=str(entry["source"]),
                    line=start["line"] + 1,
                    column=start["char"] + 1,
                    end_line=end["line"] + 1,
                    end_column=end["char"] + 1,
                )
            )
        except (KeyError, TypeError):
            raise OfficialBicepError(f"The Bicep CLI gave a diagnostic that is none: {json.dumps(entry)[:200]}") from None
    return tuple(found)
