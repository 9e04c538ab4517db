"""Typed parameters: attributes over a file, defaults, units, problems, and how they show."""

from __future__ import annotations

import json
import shutil

import pytest
from rich.console import Console

from infra_lib.errors import ParameterError
from infra_lib.parameters import FinetuningParameters, InferenceParameters, ParameterFile, Secret, parameters_for
from infra_lib.parameters.render import data_folder

SHIPPED = data_folder() / "parameters"


@pytest.fixture
def finetuning(tmp_path):
    shutil.copy(SHIPPED / "finetuning.parameters.json", tmp_path)
    return tmp_path / "finetuning.parameters.json"


def test_the_shipped_files_load_without_a_problem(finetuning):
    params = FinetuningParameters.load(finetuning)
    assert params.maximum_instance_count == 2
    assert params.timeout == 10800
    assert params.location is None
    assert params.problems == ()
    assert InferenceParameters.load(SHIPPED / "inference.parameters.json").problems == ()


def test_saving_without_a_change_is_the_same_bytes(finetuning):
    before = finetuning.read_bytes()
    params = FinetuningParameters.load(finetuning)
    assert params.default_commands
    params.maximum_instance_count = 5
    params.maximum_instance_count = 2
    params.save()
    assert finetuning.read_bytes() == before


def test_a_change_touches_its_line_alone(finetuning):
    before = finetuning.read_text()
    params = FinetuningParameters.load(finetuning)
    params.maximum_instance_count = 4
    params.storage_account_name = "myaccount"
    params.save()
    expected = before.replace('"value": 2', '"value": 4')
    start = expected.index("null", expected.index('"storageAccountName"'))
    assert finetuning.read_text() == expected[:start] + '"myaccount"' + expected[start + 4 :]
    assert FinetuningParameters.load(finetuning) == params


def test_a_list_may_be_changed_in_place(finetuning):
    params = FinetuningParameters.load(finetuning)
    params.default_commands.append("echo done")
    params.save()
    assert FinetuningParameters.load(finetuning).default_commands[-1] == "echo done"


def test_a_wrong_value_is_a_problem_with_its_place_and_is_not_saved(finetuning):
    before = finetuning.read_bytes()
    params = FinetuningParameters.load(finetuning)
    params.timeout = 0
    params.storage_account_name = "Not_A_Name"
    assert [(item.code, item.pointer) for item in params.problems] == [
        ("INF137", "/parameters/timeout/value"),
        ("INF150", "/parameters/storageAccountName/value"),
    ]
    assert all(item.line for item in params.problems)
    with pytest.raises(ParameterError):
        params.save()
    assert finetuning.read_bytes() == before
    params.timeout, params.storage_account_name = 10, None
    params.save()
    assert json.loads(finetuning.read_text())["parameters"]["timeout"] == {"value": 10}


def test_a_misspelt_attribute_is_refused():
    params = FinetuningParameters()
    with pytest.raises(AttributeError, match="no parameter tiemout; did you mean timeout"):
        params.tiemout = 5
    with pytest.raises(AttributeError, match="has no parameter"):
        InferenceParameters(timeout=5)


def test_a_new_one_is_saved_whole(tmp_path):
    params = InferenceParameters(default_commands=["python3 app.py"], aca_app_name="my-app")
    params.save(tmp_path / "inference.parameters.json")
    file = ParameterFile.load(tmp_path / "inference.parameters.json")
    assert file.values["maximumInstanceCount"] == 2
    assert file.values["acaAppName"] == "my-app"
    assert file.values["location"] is None
    assert InferenceParameters.load(tmp_path / "inference.parameters.json") == params
    params.save(tmp_path / "inference.bicepparam")
    assert InferenceParameters.load(tmp_path / "inference.bicepparam").aca_app_name == "my-app"


def test_what_else_the_file_has_stays_and_is_passed_on(tmp_path):
    path = tmp_path / "inference.parameters.json"
    file = ParameterFile.new(path)
    file.update({"defaultCommands": ["x"], "resourceSuffix": "abc"})
    file.save()
    params = InferenceParameters.load(path)
    assert params.problems == ()
    params.maximum_instance_count = 3
    assert params.to_arm() == {
        "defaultCommands": {"value": ["x"]}, "resourceSuffix": {"value": "abc"}, "maximumInstanceCount": {"value": 3},
    }  # fmt: skip


def test_documentation_and_units():
    assert FinetuningParameters.timeout.unit == "seconds"
    assert "seconds" in (FinetuningParameters.timeout.__doc__ or "")
    assert all(field.__doc__ for field in FinetuningParameters.fields)


TEMPLATE = {
    "parameters": {
        "appName": {"type": "string", "metadata": {"description": "The <b>app</b>."}},
        "HTTPPort": {"type": "int", "defaultValue": 80},
        "class": {"type": "string", "defaultValue": "[resourceGroup().location]"},
        "save": {"type": "bool", "nullable": True},
        "password": {"type": "secureString"},
    },
    "resources": [{"type": "Microsoft.App/containerApps", "name": "[parameters('appName')]"}],
}


def test_a_class_for_any_template(tmp_path):
    made = parameters_for(TEMPLATE, "main.bicep")
    assert made.__name__ == "Main"
    assert [field.attribute for field in made.fields] == ["app_name", "http_port", "class_", "save_", "password"]
    assert made.fields[0].__doc__ == "The <b>app</b>."
    params = made(app_name="my-app", password="hunter2")
    assert params.http_port == 80
    assert params.password == Secret("hunter2")
    params.save(tmp_path / "main.parameters.json")
    loaded = made.load(tmp_path / "main.parameters.json")
    assert loaded.password.reveal() == "hunter2"
    assert loaded.problems == ()
    loaded.app_name = "1-app"
    assert [item.code for item in loaded.problems] == ["INF150"]


def test_an_unknown_parameter_in_the_file_of_any_template(tmp_path):
    path = tmp_path / "main.parameters.json"
    file = ParameterFile.new(path)
    file.update({"appName": "ab", "password": "x", "htpPort": 1})
    file.save()
    assert [item.code for item in parameters_for(TEMPLATE).load(path).problems] == ["INF130"]


def test_the_tables_show_value_origin_and_problem_and_no_secret():
    params = parameters_for(TEMPLATE)(app_name="<script>", password="hunter2", http_port="[red]80[/red]")
    html = params._repr_html_()
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(params)
    text = console.export_text()
    for shown in (html, text, repr(params), str(params)):
        assert "hunter2" not in shown
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "[red]80[/red]" in text
    assert "needs an integer" in text
    assert "changed" in text
    assert "***" in html


def test_a_secret_shows_nothing():
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {secret:>9} {[secret]}"
    assert secret == Secret("hunter2")
    assert secret != Secret("other")
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        __import__("pickle").dumps(secret)
