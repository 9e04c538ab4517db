"""The official CLI over JSON-RPC, against a stand-in that speaks the protocol.

The stand-in is a script of this file, written from the protocol's description; these tests have not met the real CLI.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

import infra_lib as infra
from infra_lib.bicep.official import OfficialBicep, OfficialBicepError, find_bicep
from infra_lib.errors import InfraError, InputError

STAND_IN = r"""
import json, os, sys, time

assert sys.argv[1:] == ["jsonrpc", "--stdio"], sys.argv
log = open(os.environ["STAND_IN_LOG"], "a")
print("started", os.getpid(), file=log, flush=True)

def send(message):
    body = json.dumps(message).encode()
    header = b"Content-Length: %d\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n" % len(body)
    sys.stdout.buffer.write(header + body)
    sys.stdout.buffer.flush()

def result(method, params):
    if method == "bicep/version":
        return {"version": "0.49.2"}
    place = {"start": {"line": 1, "char": 4}, "end": {"line": 1, "char": 9}}
    path = params["path"]
    diagnostic = {"source": path, "range": place, "level": "Error", "code": "BCP018", "message": "A text."}
    if path.endswith("bad.bicep"):
        return {"success": False, "diagnostics": [diagnostic], "contents": None}
    if method == "bicep/compile":
        contents = json.dumps({"resources": [], "é": 1})
        return {"success": True, "diagnostics": [{**diagnostic, "level": "Warning"}], "contents": contents}
    if method == "bicep/compileParams":
        values = {"parameters": {name: {"value": value} for name, value in params["parameterOverrides"].items()}}
        done = {"success": True, "diagnostics": [], "template": json.dumps({}), "templateSpecId": None}
        return {**done, "parameters": json.dumps(values)}
    snapshot = {"predictedResources": [], "metadata": params["metadata"], "inputs": params["externalInputs"]}
    return {"snapshot": json.dumps(snapshot)}

while True:
    length = 0
    while (line := sys.stdin.buffer.readline().strip()):
        name, value = line.split(b":")
        length = int(value)
    if not length:
        print("ended", file=log, flush=True)
        break
    request = json.loads(sys.stdin.buffer.read(length))
    method, params = request["method"], request["params"]
    print(method, file=log, flush=True)
    mode = os.path.basename(params.get("path", ""))
    if mode == "crash.bicep":
        print("Unhandled exception: out of luck", file=sys.stderr, flush=True)
        sys.exit(134)
    if mode == "hang.bicep":
        time.sleep(60)
    if mode == "noise.bicep":
        print("not a header at all", flush=True)
        continue
    if mode == "text.bicep":
        send({"jsonrpc": "2.0", "id": request["id"], "result": {"success": True, "diagnostics": [], "contents": "no json"}})
        continue
    if mode == "missing.bicep":
        error = {"code": -32000, "message": "File not found", "data": {"type": "System.IO.IOException"}}
        send({"jsonrpc": "2.0", "id": request["id"], "error": error})
        continue
    send({"jsonrpc": "2.0", "method": "window/logMessage", "params": {}})
    send({"jsonrpc": "2.0", "id": request["id"], "result": result(method, params)})
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log.txt"
    monkeypatch.setenv("STAND_IN_LOG", str(path))
    return path


@pytest.fixture
def executable(tmp_path: Path, log: Path) -> Path:
    if sys.platform == "win32":
        pytest.skip("the stand-in is a script with a first line that names its interpreter")
    path = tmp_path / "bin" / "bicep"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\n{STAND_IN}")
    path.chmod(0o755)
    return path


def test_it_is_found_on_the_path_then_where_it_is_installed(tmp_path: Path, executable: Path) -> None:
    assert find_bicep({"PATH": str(executable.parent), "HOME": str(tmp_path)}) == str(executable)
    assert find_bicep({"PATH": "", "HOME": str(tmp_path)}) is None
    for folder in (".bicep", ".azure"):
        target = tmp_path / folder / "bin" / "bicep"
        target.parent.mkdir(parents=True)
        target.symlink_to(executable)
        assert find_bicep({"PATH": "", "HOME": str(tmp_path)}) == str(target)
    assert find_bicep({"PATH": "", "HOME": "/none", "AZURE_CONFIG_DIR": str(tmp_path / ".azure")}) == str(
        tmp_path / ".azure" / "bin" / "bicep"
    )


def test_without_one_the_error_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("AZURE_CONFIG_DIR", raising=False)
    with pytest.raises(InputError, match="az bicep install"):
        OfficialBicep()


def test_one_process_answers_all_requests_and_is_ended(executable: Path, log: Path, tmp_path: Path) -> None:
    with OfficialBicep(executable) as bicep:
        assert bicep.version() == "0.49.2"
        compiled = bicep.compile(tmp_path / "main.bicep")
        assert compiled.success
        assert compiled.template == {"resources": [], "é": 1}
        (warning,) = compiled.diagnostics
        assert (warning.level, warning.code, warning.message) == ("warning", "BCP018", "A text.")
        assert (warning.line, warning.column, warning.end_line, warning.end_column) == (2, 5, 2, 10)
        assert warning.file == str(tmp_path / "main.bicep")
        refused = bicep.compile(tmp_path / "bad.bicep")
        assert (refused.success, refused.template, refused.diagnostics[0].level) == (False, None, "error")
    lines = log.read_text().splitlines()
    assert lines[1:] == ["bicep/version", "bicep/compile", "bicep/compile", "ended"]


def test_parameters_and_snapshots(executable: Path, tmp_path: Path) -> None:
    with OfficialBicep(executable) as bicep:
        compiled = bicep.compile_parameters(tmp_path / "main.bicepparam", {"count": 3})
        assert compiled.parameters == {"parameters": {"count": {"value": 3}}}
        assert compiled.template == {}
        assert compiled.template_spec_id is None
        snapshot = bicep.snapshot(
            tmp_path / "main.bicepparam", subscription_id="s", location="westeurope", external_inputs=[{"kind": "k", "value": 1}]
        )
        assert snapshot == {
            "predictedResources": [],
            "metadata": {"subscriptionId": "s", "location": "westeurope"},
            "inputs": [{"kind": "k", "value": 1}],
        }


def test_a_refusal_is_an_error_in_words_and_the_process_goes_on(executable: Path, log: Path, tmp_path: Path) -> None:
    with OfficialBicep(executable) as bicep:
        with pytest.raises(OfficialBicepError, match=r"refused bicep/compile: File not found\.") as caught:
            bicep.compile(tmp_path / "missing.bicep")
        assert caught.value.type == "System.IO.IOException"
        assert isinstance(caught.value, InfraError)
        assert bicep.version() == "0.49.2"
    assert log.read_text().count("started") == 1


def test_a_crash_is_an_error_with_what_the_process_said_and_the_next_request_starts_another(
    executable: Path, log: Path, tmp_path: Path
) -> None:
    with OfficialBicep(executable) as bicep:
        with pytest.raises(OfficialBicepError, match="ended with status 134: Unhandled exception: out of luck"):
            bicep.compile(tmp_path / "crash.bicep")
        assert bicep.version() == "0.49.2"
    assert log.read_text().count("started") == 2


@pytest.mark.parametrize(
    ("name", "words"), [("noise.bicep", "sent what is no message"), ("text.bicep", "gave a template that is no JSON object")]
)
def test_answers_that_cannot_be_understood(executable: Path, tmp_path: Path, name: str, words: str) -> None:
    with OfficialBicep(executable) as bicep, pytest.raises(OfficialBicepError, match=words):
        bicep.compile(tmp_path / name)


def test_a_process_that_hangs_is_ended(executable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra_lib.bicep.official._CLOSING_SECONDS", 0.2)
    bicep = OfficialBicep(executable, timeout=0.5)
    with pytest.raises(OfficialBicepError, match=r"did not answer bicep/compile within 0\.5 seconds"):
        bicep.compile(tmp_path / "hang.bicep")
    assert not [thread for thread in threading.enumerate() if "_read_" in thread.name]
    bicep.close()


def test_what_is_no_program_cannot_be_started(tmp_path: Path) -> None:
    text = tmp_path / "bicep"
    text.write_text(json.dumps("not a program"))
    with OfficialBicep(text) as bicep, pytest.raises(OfficialBicepError, match="cannot be started"):
        bicep.version()


UNSUPPORTED = "extension kubernetes with { namespace: 'x', kubeConfig: 'y' } as k8s\n"


def test_a_file_that_the_built_in_compiler_refuses_for_want_of_support_goes_to_an_installed_cli(
    tmp_path: Path, executable: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(executable.parent))
    (tmp_path / "refused.bicep").write_text(UNSUPPORTED)
    compiled = infra.compile(tmp_path / "refused.bicep")
    assert compiled.to_dict() == {"resources": [], "é": 1}
    assert "compiled by the official Bicep CLI" in compiled.note
    assert "bicep/compile" in log.read_text()


def test_without_one_it_is_refused_and_a_mistake_never_goes_there(
    tmp_path: Path, executable: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "refused.bicep").write_text(UNSUPPORTED)
    (tmp_path / "mistake.bicep").write_text("var x = missing\n")
    monkeypatch.setenv("PATH", str(executable.parent))
    with pytest.raises(infra.BicepError, match="BCP057"):
        infra.compile(tmp_path / "mistake.bicep")
    assert not log.exists()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(infra.BicepError, match="INF310"):
        infra.compile(tmp_path / "refused.bicep")


def test_the_official_compiler_can_be_chosen(tmp_path: Path, executable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(executable.parent))
    (tmp_path / "any.bicep").write_text("var x = missing\n")
    assert infra.compile(tmp_path / "any.bicep", compiler="official").to_dict() == {"resources": [], "é": 1}
    (tmp_path / "bad.bicep").write_text("")
    with pytest.raises(infra.BicepError, match="BCP018"):
        infra.compile(tmp_path / "bad.bicep", compiler="official")
