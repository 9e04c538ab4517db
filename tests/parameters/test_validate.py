"""All problems of a parameter file at once: where, what was expected, what to write."""

from __future__ import annotations

import pytest

from infra_lib.parameters import KeyVaultReference, ParameterFile, Secret, resolve, validate_parameters

TEMPLATE = {
    "languageVersion": "2.0",
    "definitions": {
        "port": {
            "type": "object",
            "properties": {
                "number": {"type": "int", "minValue": 1, "maxValue": 65535},
                "label": {"type": "string", "nullable": True},
            },
        },
        "sealed": {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False},
        "tree": {
            "type": "object",
            "properties": {"left": {"$ref": "#/definitions/tree", "nullable": True}, "size": {"type": "int"}},
        },
        "cat": {"type": "object", "properties": {"kind": {"type": "string", "allowedValues": ["cat"]}, "lives": {"type": "int"}}},
        "maybe": {"type": "string", "nullable": True},
    },
    "parameters": {
        "count": {"type": "int", "minValue": 1, "maxValue": 10, "defaultValue": 2},
        "name": {"type": "string", "minLength": 2, "maxLength": 5},
        "stage": {"type": "string", "allowedValues": ["dev", "test", "prod"], "defaultValue": "dev"},
        "on": {"type": "bool", "defaultValue": True},
        "list": {"type": "array", "minLength": 1, "items": {"type": "string"}, "nullable": True},
        "some": {"type": "array", "allowedValues": ["a", "b"], "nullable": True},
        "port": {"$ref": "#/definitions/port", "nullable": True},
        "sealed": {"$ref": "#/definitions/sealed", "nullable": True},
        "tree": {"$ref": "#/definitions/tree", "nullable": True},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "int"}], "items": False, "nullable": True},
        "pet": {
            "type": "object",
            "discriminator": {
                "propertyName": "kind",
                "mapping": {
                    "cat": {"$ref": "#/definitions/cat"},
                    "dog": {
                        "type": "object",
                        "properties": {"kind": {"type": "string", "allowedValues": ["dog"]}, "good": {"type": "bool"}},
                    },
                },
            },
            "nullable": True,
        },
        "free": {"type": "object", "additionalProperties": {"type": "int"}, "nullable": True},
        "password": {"type": "securestring", "minLength": 8, "nullable": True},
        "storage": {"type": "string", "minLength": 3, "maxLength": 24, "nullable": True},
        "share": {"type": "string", "nullable": True},
        "maybe": {"$ref": "#/definitions/maybe"},
    },
    "resources": {
        "account": {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "[parameters('storage')]"},
        "share": {
            "type": "Microsoft.Storage/storageAccounts/fileServices/shares",
            "apiVersion": "2023-01-01",
            "name": "[format('{0}/{1}/{2}', parameters('storage'), 'default', parameters('share'))]",
        },
    },
}  # fmt: skip


def problems(**values):
    return validate_parameters({"name": "abc", **values}, TEMPLATE)


def test_right_values_have_no_problems():
    assert (
        problems(
            count=10,
            stage="prod",
            on=False,
            list=["a"],
            some=["b", "b", "a"],
            port={"number": 80},
            sealed={"name": "x"},
            tree={"size": 1, "left": {"size": 2, "left": None}},
            pair=["a", 1],
            pet={"kind": "cat", "lives": 9},
            free={"a": 1},
            password=Secret("longer than eight"),
            storage="abc123",
            share="a-share",
            maybe=None,
        )
        == []
    )


@pytest.mark.parametrize(
    ("values", "code", "pointer", "words"),
    [
        ({"count": "3"}, "INF133", "/count", 'is the string "3", but it needs an integer. Write 3, without quotation marks.'),
        ({"count": True}, "INF133", "/count", "is true, but it needs an integer. Write a whole number"),
        ({"count": 2.0}, "INF133", "/count", "Write 2."),
        ({"count": [1]}, "INF133", "/count", "is a list, but it needs an integer."),
        ({"count": 2**63}, "INF145", "/count", "64-bit"),
        ({"count": 0}, "INF137", "/count", "below the minimum 1. Write 1 or more."),
        ({"count": 11}, "INF138", "/count", "above the maximum 10. Write 10 or less."),
        ({"on": "true"}, "INF133", "/on", "Write true, without quotation marks."),
        ({"on": 0}, "INF133", "/on", "Write false."),
        ({"name": 12}, "INF133", "/name", 'Write "12", in quotation marks.'),
        ({"name": "a"}, "INF135", "/name", "it has 1 character, the least is 2 characters"),
        ({"name": "abcdef"}, "INF136", "/name", "it has 6 characters, the most is 5 characters"),
        ({"name": "a\U0001f600\U0001f600\U0001f600"}, "INF136", "/name", "it has 7 characters"),
        ({"name": None}, "INF132", "/name", '"name" is null, but it needs a string.'),
        ({"name": "[resourceGroup().location]"}, "INF136", "/name", ""),
        ({"stage": "Dev"}, "INF134", "/stage", 'Write "dev", "test" or "prod" (did you mean "dev"?)'),
        ({"list": []}, "INF135", "/list", "it has 0 items, the least is 1 item"),
        ({"list": ["a", 2]}, "INF133", "/list/1", '"list[1]" is the number 2'),
        ({"list": "a"}, "INF133", "/list", 'Write ["a"].'),
        ({"some": ["c"]}, "INF134", "/some/0", '"some[0]" is the string "c", which is not allowed. Write "a" or "b".'),
        ({"port": {"number": 0}}, "INF137", "/port/number", '"port.number" is the number 0'),
        ({"port": {}}, "INF139", "/port", '"port" lacks "number". Add "number".'),
        ({"port": {"number": None}}, "INF132", "/port/number", '"port.number" is null'),
        ({"port": {"number": 1, "lable": "x"}}, "INF141", "/port/lable", 'Did you mean "label"?'),
        ({"sealed": {"name": "x", "nmae": 1}}, "INF140", "/sealed/nmae", 'no member "nmae"'),
        ({"tree": {"size": 1, "left": {"size": "2"}}}, "INF133", "/tree/left/size", '"tree.left.size"'),
        ({"pair": ["a"]}, "INF135", "/pair", "the least is 2 items"),
        ({"pair": ["a", 1, 2]}, "INF142", "/pair", "has 3 items, its type has 2"),
        ({"pair": [1, 1]}, "INF133", "/pair/0", '"pair[0]"'),
        ({"pet": {"kind": "bird"}}, "INF134", "/pet/kind", 'Write "cat" or "dog".'),
        ({"pet": {"lives": 9}}, "INF139", "/pet", 'lacks "kind"'),
        ({"pet": {"kind": "cat", "lives": "9"}}, "INF133", "/pet/lives", "Write 9"),
        ({"free": {"a": "1"}}, "INF133", "/free/a", '"free.a"'),
        ({"cuont": 3}, "INF130", "/cuont", 'no parameter "cuont". Did you mean "count"?'),
        ({"storage": "My-Account"}, "INF150", "/storage", 'for example "myaccount"'),
        ({"storage": "ab"}, "INF150", "/storage", "it has 2 characters, fewer than 3"),
        ({"share": "a--b"}, "INF150", "/share", 'cannot be the name of a file share: it has "--"'),
        ({"password": KeyVaultReference(vault_id="/v", secret_name="n"), "stage": 1}, "INF133", "/stage", ""),
        ({"stage": KeyVaultReference(vault_id="/v", secret_name="n")}, "INF146", "/stage", "@secure()"),
    ],
)
def test_each_wrong_value_is_one_problem(values, code, pointer, words):
    found = problems(**values)
    assert [(item.code, item.pointer) for item in found] == [(code, pointer)]
    assert words in str(found[0])
    assert found[0].level == ("warning" if code in ("INF141", "INF146") else "error")


def test_a_missing_parameter_is_named_with_what_was_meant():
    found = validate_parameters({"nmae": "abc"}, TEMPLATE)
    assert {item.code for item in found} == {"INF130", "INF131"}
    assert all('did you mean "name"' in str(item).replace("Did", "did") for item in found)


def test_names_are_matched_in_any_letter_case():
    assert validate_parameters({"NAME": "abc", "Count": 3}, TEMPLATE) == []


def test_null_means_the_default():
    assert problems(count=None, on=None, list=None) == []


def test_a_secret_is_not_in_the_message():
    for value in ("hunter2", Secret("hunter2")):
        found = problems(password=value)
        assert [item.code for item in found] == ["INF135"]
        assert "hunter2" not in str(found)
    found = problems(password=123456789)
    assert "123456789" not in str(found)
    template = {
        "parameters": {"name": {"type": "securestring"}},
        "resources": [{"type": "Microsoft.Storage/storageAccounts", "name": "[parameters('name')]"}],
    }
    assert "HUNTER" not in str(validate_parameters({"name": "HUNTER"}, template))


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("[resourceGroup().location]", True),
        ("[ concat('a', 'b') ]", True),
        ("[parameters('x')[0]]", True),
        ("[a, b]", False),
        ("[ -f x ] && y", False),
        ("[section]", False),
        ("[myOwn(1)]", False),
    ],
)
def test_an_expression_in_a_parameter_file(value, refused):
    template = {"parameters": {"x": {"type": "string"}}, "resources": []}
    file = ParameterFile.new("main.parameters.json")
    file["x"] = value
    expected = ["INF143"] if refused else []
    assert [item.code for item in validate_parameters(file, template)] == expected
    assert [item.code for item in resolve(template, file).diagnostics] == expected


def test_an_expression_inside_a_value_may_be_data():
    template = {"parameters": {"x": {"type": "object"}, "n": {"type": "int"}}, "resources": []}
    file = ParameterFile.new("main.parameters.json")
    file.update({"x": {"a": ["b", "[subscription().id]"]}, "n": "[add(1, 2)]"})
    found = validate_parameters(file, template)
    assert [(item.code, item.level, item.pointer) for item in found] == [
        ("INF143", "warning", "/parameters/x/value/a/1"),
        ("INF133", "error", "/parameters/n/value"),
    ]
    assert '"x.a[1]"' in found[0].message


def test_text_in_brackets_is_text_where_expressions_are_not_expected():
    template = {"parameters": {"x": {"type": "string"}}, "resources": []}
    assert validate_parameters({"x": "[concat('a')]"}, template) == []
    file = ParameterFile.parse("using 'a.bicep'\nparam x = '[concat(1)]'\n", "a.bicepparam")
    assert validate_parameters(file, template) == []
    assert resolve(template, file).diagnostics == ()


# ---------------------------------------------------------------------------------------------- files

HEAD = '{"$schema": "s", "contentVersion": "1.0.0.0", "parameters": '


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ('{"value": 1, "reference": {"keyVault": {"id": "/v"}, "secretName": "n"}}', "INF126", 14),
        ("{}", "INF127", 1),
        ('{"metadata": {}}', "INF127", 1),
        ("3", "INF125", 1),
        ('"x"', "INF125", 1),
        ('{"vlaue": 1}', "INF128", 2),
        ('{"value": 1, "comment": "x"}', "INF128", 14),
        ('{"reference": {"keyVault": {"id": "/v"}}}', "INF129", 15),
        ('{"reference": {"keyVault": {"id": ""}, "secretName": "n"}}', "INF129", 35),
        ('{"reference": {"keyVault": "/v", "secretName": "n"}}', "INF129", 28),
        ('{"value": "1"}', "INF133", 11),
        ('{"value": {"a": 1}}', "INF133", 11),
    ],
)
def test_each_wrong_entry_is_one_problem_at_its_place(text, code, column):
    template = {"parameters": {"x": {"type": "int", "defaultValue": 1}}, "resources": []}
    file = ParameterFile.parse(f'{HEAD}\n{{"x":\n{text}}}}}', "main.parameters.json")
    found = validate_parameters(file, template)
    assert [(item.code, item.line, item.file) for item in found] == [(code, 2 if code == "INF127" else 3, "main.parameters.json")]
    if code != "INF127":
        assert found[0].column == column
    assert found[0].fix


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("[]", {"INF120"}),
        ("3", {"INF120"}),
        ("{}", {"INF121", "INF124"}),
        ('{"$schema": "s", "contentVersion": "1.0.0.0", "paramters": {}}', {"INF121", "INF123"}),
        ('{"$schema": "s", "contentVersion": "1", "parameters": {}}', {"INF133"}),
        ('{"$schema": "s", "contentVersion": "1.0.0.0", "parameters": []}', {"INF133"}),
        ('{"$schema": "s", "contentVersion": "1.0.0.0", "parameters": {}, "resources": []}', {"INF122"}),
        (HEAD + '{"a": {"value": 1}, "A": {"value": 1}}}', {"INF144"}),
    ],
)
def test_the_file_as_a_whole(text, codes):
    template = {"parameters": {"a": {"type": "int", "defaultValue": 1}}, "resources": []}
    assert {item.code for item in validate_parameters(ParameterFile.parse(text), template)} == codes


def test_everything_at_once_in_the_order_of_the_file():
    text = """{
  "$schema": "s", "contentVersion": "1.0.0.0",
  "parameters": {
    "count": {"value": "3"},
    "name": {"value": "toolong"},
    "stage": {"value": "prd"},
    "storage": {"value": "A_B"},
    "extra": {"value": 1},
  }
}"""
    found = validate_parameters(ParameterFile.parse(text, "p.json", tolerant=True), TEMPLATE)
    assert [(item.code, item.line, item.column) for item in found] == [
        ("INF133", 4, 24),
        ("INF136", 5, 23),
        ("INF134", 6, 24),
        ("INF150", 7, 26),
        ("INF130", 8, 5),
        ("INF105", 8, 26),
    ]


def test_a_bicepparam_file_is_checked_too():
    file = ParameterFile.parse(
        "using 'main.bicep'\nparam name = 'toolong'\nparam count = '3'\nparam list = [x]\n", "p.bicepparam"
    )
    found = validate_parameters(file, TEMPLATE)
    assert [(item.code, item.line, item.column) for item in found] == [("INF136", 2, 14), ("INF133", 3, 15)]


def test_missing_ones_are_reported_where_parameters_are_listed():
    file = ParameterFile.parse('{"$schema": "s", "contentVersion": "1.0.0.0",\n "parameters": {}}', "p.json")
    found = validate_parameters(file, TEMPLATE)
    assert [(item.code, item.line, item.column, item.fix) for item in found] == [("INF131", 2, 2, 'Add "name" with a string.')]
