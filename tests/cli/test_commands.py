"""Every command as a user runs it: what is printed where, and the exit status."""

from __future__ import annotations

import errno
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from infra_lib.cli import targets
from infra_lib.cli.main import COMMANDS, run

GOOD = "param name string = 'one'\noutput hello string = 'hello ${name}'\n"
BAD = "param name string =\noutput hello string = missing\n"
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("INFRA_TARGET", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "good.bicep").write_text(GOOD)
    (tmp_path / "bad.bicep").write_text(BAD)
    (tmp_path / "good.bicepparam").write_text("using 'good.bicep'\nparam name = 'two'\n")
    return tmp_path


def output(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert "Usage: infra" in capsys.readouterr().out


def test_an_unknown_command_or_option_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deploi"]) == 2
    assert run(["build", "x.bicep", "--wat"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_build_writes_beside_the_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "good.bicep"]) == 0
    outputs = json.loads((folder / "good.json").read_text())["outputs"]
    assert outputs["hello"]["value"] == "[format('hello {0}', parameters('name'))]"
    assert capsys.readouterr().out == ""


def test_build_prints_on_request_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "good.bicepparam", "--stdout"]) == 0
    assert output(capsys)["parameters"] == {"name": {"value": "two"}}
    assert not (folder / "good.json").exists()


def test_build_with_mistakes_prints_them_in_the_official_form_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", "bad.bicep"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("bad.bicep(1,20) : Error BCP009: ")
    assert any(line.startswith("bad.bicep(2,23) : Error BCP057: ") for line in lines)
    assert not (folder / "bad.json").exists()


def test_build_as_json_gives_the_template_and_the_diagnostics(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "bad.bicep", "--json"]) == 2
    found = output(capsys)
    assert found["template"] is None
    assert [item["code"] for item in found["diagnostics"]][:1] == ["BCP009"]
    assert run(["build", "good.bicep", "--json"]) == 0
    assert output(capsys)["template"]["contentVersion"] == "1.0.0.0"


@pytest.mark.parametrize("name", ["missing.bicep", ".", "good.txt"])
def test_build_of_what_is_no_bicep_file_is_bad_input(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (folder / "good.txt").write_text(GOOD)
    assert run(["build", name]) == 2
    assert capsys.readouterr().err.startswith("infra: ")


def test_the_official_compiler_is_asked_for_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", str(folder))
    assert run(["build", "good.bicep", "--compiler", "official"]) == 2
    assert "Bicep CLI" in capsys.readouterr().err


def test_snapshot_has_its_three_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snapshot", "good.bicep", "--set", "name=three", "--json"]) == 0
    assert output(capsys) == {"predictedResources": [], "diagnostics": [], "outputs": {"hello": "hello three"}}
    assert run(["snapshot", "good.bicepparam", "--json"]) == 0
    assert output(capsys)["outputs"] == {"hello": "hello two"}


def test_snapshot_reads_json_templates_with_comments(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "good.bicep"]) == 0
    text = (folder / "good.json").read_text()
    (folder / "good.json").write_text("// made by hand\n" + text)
    capsys.readouterr()
    assert run(["snapshot", "good.json", "--json"]) == 0
    assert output(capsys)["outputs"] == {"hello": "hello one"}


def test_validate_lists_all_problems(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "values.parameters.json").write_text('{"parameters": {"name": {"value": 1}, "nam": {"value": "x"}}}')
    assert run(["validate", "good.bicep", "-p", "values.parameters.json", "--json"]) == 2
    problems = output(capsys)["problems"]
    pointers = {problem.get("pointer") for problem in problems if problem["level"] == "error"}
    assert {"/parameters/name/value", "/parameters/nam"} <= pointers
    assert run(["validate", "good.bicep"]) == 0


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("output o string = 'x'\n", "file.bicep: no problems."),
        ("param count int\noutput o int = count\n", "file.bicep: 1 error, 0 warnings."),
        ("param a int\nparam b int\noutput o int = a + b\n", "file.bicep: 2 errors, 0 warnings."),
    ],
)
def test_validate_counts_in_words(folder: Path, capsys: pytest.CaptureFixture[str], source: str, said: str) -> None:
    (folder / "file.bicep").write_text(source)
    run(["validate", "file.bicep"])
    assert capsys.readouterr().err.splitlines()[-1] == said


def test_validate_warns_of_a_misspelt_property_of_a_resource(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "account.bicep").write_text(
        "resource a 'Microsoft.Storage/storageAccounts@2023-01-01' = {\n  name: 'validname1'\n  location: 'westeurope'\n"
        "  kind: 'StorageV2'\n  sku: { name: 'Standard_LRS' }\n  properties: { minimumTlsVersin: 'TLS1_2' }\n}\n"
    )
    assert run(["validate", "account.bicep", "--json"]) == 0
    problems = output(capsys)["problems"]
    assert any(item["level"] == "warning" and "minimumTlsVersion" in str(item.get("fix")) for item in problems)


def test_types_prints_a_module_that_python_reads(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["types", "good.bicep"]) == 0
    text = capsys.readouterr().out
    compile(text, "params.py", "exec")
    assert "name: str" in text
    assert run(["types", "good.bicep", "--out", "params.py"]) == 0
    assert (folder / "params.py").read_text() == text


def test_doctor_says_what_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"]) == 0
    assert output(capsys)["azure-identity"]


def test_resource_types_status_says_when_there_are_none(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_RESOURCE_TYPES", str(folder / "none.db"))
    assert run(["resource-types", "status"]) == 0
    assert "infra resource-types import" in capsys.readouterr().out


def test_a_subscription_scope_file_asks_for_a_location(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "sub.bicep").write_text(
        "targetScope = 'subscription'\nresource g 'Microsoft.Resources/resourceGroups@2024-03-01' = {\n"
        "  name: 'made'\n  location: 'westeurope'\n}\n"
    )
    assert run(["provision", "sub.bicep"]) == 2
    assert "--location" in capsys.readouterr().err
    assert run(["provision", "sub.bicep", "--location", "westeurope"]) == 0
    assert run(["plan", "sub.bicep", "--location", "westeurope", "--json"]) == 0
    assert [change["action"] for change in output(capsys)["changes"]] == ["unchanged"]


@pytest.mark.parametrize(("target", "message"), [("nowhere", "no target 'nowhere'"), ("azure", "No Azure subscription is known")])
def test_a_target_that_cannot_be_is_bad_input(
    folder: Path, capsys: pytest.CaptureFixture[str], target: str, message: str
) -> None:
    assert run(["plan", "good.bicep", "-g", "rg", "-l", "westeurope", "--target", target]) == 2
    assert message in capsys.readouterr().err


def test_the_subscription_of_the_config_chooses_azure(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["init", "phi"]) == 0
    config = folder / "phi" / "infra" / "inference.config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "SUBSCRIPTION_ID": "not-a-guid"}))
    assert run(["plan", "inference", "--project", "phi", "-g", "rg"]) == 2
    assert "not a GUID" in capsys.readouterr().err


def test_on_a_terminal_a_missing_resource_group_is_chosen_from_a_list(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["provision", "good.bicep", "-g", "rg-one", "-l", "westeurope"]) == 0
    monkeypatch.setattr(targets, "is_interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\n"))
    capsys.readouterr()
    assert run(["plan", "good.bicep"]) == 0
    assert "1  rg-one" in capsys.readouterr().err


def test_a_full_disk_under_standard_output_is_one_message(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("infra_lib.cli.console.result", full)
    monkeypatch.setattr("infra_lib.cli.build.result", full)
    assert run(["build", "good.bicep", "--stdout"]) == 1
    assert "disk is full" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (["-g", "bad name!.", "-l", "westeurope"], "cannot be the name of a resource group"),
        (["-g", "rg", "-l", "nowhere"], "no location"),
    ],
)
def test_a_group_or_a_location_that_cannot_be_is_bad_input(
    folder: Path, capsys: pytest.CaptureFixture[str], where: list[str], message: str
) -> None:
    assert run(["provision", "good.bicep", *where]) == 2
    assert message in capsys.readouterr().err


def test_a_missing_value_without_a_parameter_file_is_said_at_the_declaration(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "required.bicep").write_text("var x = 1\nparam count int\noutput o int = count + x\n")
    assert run(["validate", "required.bicep", "--json"]) == 2
    problem = output(capsys)["problems"][0]
    assert (problem["code"], problem["pointer"]) == ("INF131", "/count")
    assert (problem["file"], problem["line"], problem["column"]) == ("required.bicep", 2, 1)


def signed_out(*_arguments: object, **_options: object) -> object:
    from azure.core.exceptions import ClientAuthenticationError

    raise ClientAuthenticationError(message="NoCredential failed to retrieve a token.\nAttempted credentials:\n\tOne: not there")


def test_a_missing_sign_in_is_said_with_the_next_step(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("azure.identity.DefaultAzureCredential.get_token", signed_out)
    monkeypatch.setattr("azure.identity.DefaultAzureCredential.get_token_info", signed_out)
    assert run(["plan", "good.bicep", "-g", "rg", "--target", "azure", "--subscription-id", SUBSCRIPTION]) == 1
    shown = capsys.readouterr().err
    assert "Azure does not accept the sign-in: NoCredential failed to retrieve a token." in shown
    assert "az login" in shown
    assert "Attempted" not in shown


@pytest.mark.parametrize("arguments", [("local", "reset"), ("secret", "set", "TOKEN")])
def test_a_closed_standard_input_is_bad_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(arguments) == 2
    assert capsys.readouterr().err.startswith("infra: ")


def test_nobody_to_ask_is_bad_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert run(["local", "reset"]) == 2
    assert "add --yes" in capsys.readouterr().err


def test_answering_no_is_no_interruption(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra_lib.cli.console.is_interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert run(["local", "reset"]) == 1
    shown = capsys.readouterr().err
    assert "Nothing was done" in shown
    assert "Interrupted" not in shown


@pytest.mark.parametrize(
    ("arguments", "advice"), [(["local", "status"], "Interrupted.\n"), (["sync"], "goes on from there"), (["down"], "the rest")]
)
def test_an_interruption_says_how_to_go_on(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], advice: str
) -> None:
    def interrupted(*_arguments: object, **_options: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("infra_lib.deploy.target.Target.local", interrupted)
    assert run(arguments) == 130
    assert advice in capsys.readouterr().err


def test_a_secret_that_is_no_text_is_bad_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"abc\xff"), "ascii", "surrogateescape"))
    assert run(["secret", "set", "TOKEN"]) == 2
    shown = capsys.readouterr().err
    assert "UTF-8" in shown
    assert "abc" not in shown


def test_the_next_command_can_be_pasted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "it's mine"]) == 0
    assert "--project 'it'\"'\"'s mine' --resource-group" in capsys.readouterr().out
