"""Where values come from: the order of the sources, their texts by declared type, and what is said about each."""

from __future__ import annotations

import pytest

from infra_lib.errors import ParameterError
from infra_lib.parameters import ConfigValues, KeyVaultReference, ParameterFile, Secret, resolve
from infra_lib.parameters.sources import parse_value

TEMPLATE = {
    "parameters": {
        "count": {"type": "int", "defaultValue": 1, "maxValue": 10},
        "name": {"type": "string", "defaultValue": "[uniqueString(resourceGroup().id)]"},
        "on": {"type": "bool", "defaultValue": False},
        "list": {"type": "array", "defaultValue": []},
        "bag": {"type": "object", "defaultValue": {}},
        "password": {"type": "securestring", "nullable": True},
        "needed": {"type": "string"},
    },
    "resources": [],
}


def a_file(path="inference.parameters.json", **values):
    file = ParameterFile.new(path)
    file.update(values)
    return file


def test_the_order_of_the_sources():
    result = resolve(
        TEMPLATE,
        a_file(count=2, name="file", needed="file"),
        settings=["count=5"],
        environment={"infra_param_COUNT": "4", "INFRA_PARAM_NAME": "environment", "PATH": "/bin"},
    ).check()
    assert result.parameters == {"count": {"value": 5}, "name": {"value": "environment"}, "needed": {"value": "file"}}
    origins = {name: (origin.kind, origin.text) for name, origin in result.origins.items()}
    assert origins["count"] == ("set", "--set count")
    assert origins["name"] == ("environment", "INFRA_PARAM_NAME")
    assert origins["needed"] == ("file", "inference.parameters.json, line 12")
    assert origins["on"] == ("default", "the template's default")


def test_null_takes_what_fine_tuning_has_then_its_config_then_the_default():
    finetuning = a_file("finetuning.parameters.json", name="tuned", on=None)
    config = ConfigValues(path="finetuning.config.json", values={"name": "configured", "list": ["c"], "on": None})
    file = a_file(name=None, list=None, on=None, needed="x", count=3)
    result = resolve(TEMPLATE, file, inherit=[finetuning, config]).check()
    assert result.parameters["name"] == {"value": "tuned"}
    assert result.parameters["list"] == {"value": ["c"]}
    assert "on" not in result.parameters
    assert result.origins["name"].text == "finetuning.parameters.json, line 6"
    assert result.origins["list"].text == "finetuning.config.json"
    assert result.origins["on"].kind == "default"


def test_what_is_left_out_is_inherited_only_where_it_is_a_name():
    finetuning = a_file("finetuning.parameters.json", name="tuned", count=9, needed="x")
    result = resolve(TEMPLATE, a_file(), inherit=[finetuning])
    assert result.parameters == {"name": {"value": "tuned"}}
    assert [item.code for item in result.diagnostics] == ["INF131"]


def test_a_value_in_the_file_is_not_replaced():
    finetuning = a_file("finetuning.parameters.json", name="tuned")
    result = resolve(TEMPLATE, a_file(name="own", needed="x"), inherit=[finetuning])
    assert result.parameters["name"] == {"value": "own"}
    result = resolve(TEMPLATE, a_file(name=None, needed="x"), settings=["name=set"], inherit=[finetuning])
    assert result.parameters["name"] == {"value": "set"}


def test_set_null_means_the_default():
    result = resolve(TEMPLATE, a_file(count=5, needed="x"), settings=["count=null"]).check()
    assert "count" not in result.parameters


def test_config_files():
    values = ConfigValues.from_config("c.json", {"STORAGE_ACCOUNT_NAME": "abc", "FILE_SHARE_NAME": None, "COMMANDS": []}).values
    assert values == {"storageAccountName": "abc"}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("a=b", "string", "a=b"),
        ("5", "string", "5"),
        (" 5", "int", 5),
        ("-5", "int", -5),
        ("True", "bool", True),
        ("false", "bool", False),
        ('["a", 1]', "array", ["a", 1]),
        ('{"a": null}', "object", {"a": None}),
        ("x", "securestring", "x"),
        ("5", "", 5),
        ("plain", "", "plain"),
    ],
)
def test_texts_are_read_by_the_declared_type(text, kind, value):
    assert parse_value(text, kind) == (True, value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("x", "int"), ("1.5", "int"), ("٣", "int"), ("", "int"), ("1" * 50, "int"), ("yes", "bool"), ("a,b", "array"),
     ("{}", "array"), ("[1,]", "array"), ("[]", "object"), ("{", "object")],
)  # fmt: skip
def test_texts_of_the_wrong_type(text, kind):
    assert parse_value(text, kind)[0] is False


def test_what_is_wrong_is_said_for_each_source():
    result = resolve(
        TEMPLATE,
        a_file(needed="x", count=1),
        settings=["count=many", "cuont=1", "nothing", "bag=[]", "password"],
        environment={"INFRA_PARAM_NEDED": "x", "INFRA_PARAM_ON": "yes"},
    )
    said = sorted((item.code, item.pointer or "", item.fix or "") for item in result.diagnostics)
    assert said == [
        ("INF130", "--set cuont", 'Did you mean "count"?'),
        ("INF160", "", "Write NAME=VALUE."),
        ("INF160", "", "Write NAME=VALUE."),
        ("INF161", "--set bag", """Write a JSON object, such as '{"name": "value"}'."""),
        ("INF161", "--set count", "Write a whole number, such as 3."),
        ("INF161", "INFRA_PARAM_ON", "Write true or false."),
        ("INF162", "", "Did you mean INFRA_PARAM_needed?"),
    ]
    assert not result.is_valid
    with pytest.raises(ParameterError) as caught:
        result.check()
    assert len(caught.value.diagnostics) == 7


def test_a_set_value_is_checked_like_any_other():
    result = resolve(TEMPLATE, a_file(needed="x"), settings=["count=11"])
    assert [(item.code, item.pointer) for item in result.diagnostics] == [("INF138", "--set count")]


def test_secrets_do_not_show():
    result = resolve(TEMPLATE, {"needed": "x", "password": Secret("hunter2")}).check()
    assert result.parameters["password"] == {"value": "hunter2"}
    assert result.secure == {"password"}
    assert result.shown() == {"password": "***", "needed": '"x"'}
    assert "hunter2" not in str(result)
    wrong = resolve(TEMPLATE, {"needed": "x"}, settings={"password": "hunter2", "count": "hunter2"})
    assert "hunter2" not in str([item for item in wrong.diagnostics if "password" in (item.pointer or "")])


def test_references_are_passed_on():
    reference = KeyVaultReference(vault_id="/v", secret_name="n", secret_version="1")
    result = resolve(TEMPLATE, {"needed": "x", "password": reference}).check()
    assert result.parameters["password"] == {"reference": {"keyVault": {"id": "/v"}, "secretName": "n", "secretVersion": "1"}}


def test_values_in_both_forms():
    assert resolve(TEMPLATE, {"needed": {"value": "x"}}).parameters == {"needed": {"value": "x"}}
    assert resolve(TEMPLATE, {"needed": "x", "bag": {"value": 1}}).parameters["bag"] == {"value": {"value": 1}}


def test_overrides_come_before_the_file_and_after_settings():
    file = a_file(count=2, name="file", needed="file")
    result = resolve(TEMPLATE, file, overrides={"count": 3, "NAME": "mine"}, settings=["count=4"]).check()
    assert result.parameters == {"count": {"value": 4}, "name": {"value": "mine"}, "needed": {"value": "file"}}
    assert result.origins["name"].kind == "given"
    assert result.origins["needed"].kind == "file"


def test_a_bicepparam_file_is_compiled_and_each_value_keeps_its_line(tmp_path):
    (tmp_path / "main.bicep").write_text("param needed string\nparam count int = 1\n")
    (tmp_path / "main.bicepparam").write_text("using 'main.bicep'\nvar x = 'a'\nparam needed = '${x}-b'\nparam count = 20\n")
    file = ParameterFile.load(tmp_path / "main.bicepparam")
    result = resolve(TEMPLATE, file)
    assert result.parameters == {"count": {"value": 20}, "needed": {"value": "a-b"}}
    assert result.origins["needed"].line == 3
    assert [(item.code, item.line, item.column) for item in result.diagnostics] == [("INF138", 4, 15)]
    given = {"needed": {"value": "c"}, "count": {"value": 2}}
    assert resolve(TEMPLATE, ParameterFile.load(tmp_path / "main.bicepparam", compiled=given)).parameters["needed"] == {
        "value": "c"
    }


def test_a_broken_entry_is_not_missing_as_well():
    file = ParameterFile.parse('{"$schema": "s", "contentVersion": "1.0.0.0", "parameters": {"needed": "x"}}')
    assert [item.code for item in resolve(TEMPLATE, file).diagnostics] == ["INF125"]
