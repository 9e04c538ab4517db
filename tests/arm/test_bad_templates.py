from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_lib.arm.deployment import prepare
from infra_lib.arm.failures import EngineError
from infra_lib.arm.source import read_template
from infra_lib.errors import InfraError, TemplateError

from .engine import GROUP, SCHEMA, nested, resource, take, template


def _out(expression: Any, **sections: Any) -> dict[str, Any]:
    return template(outputs={"o": {"value": expression}}, **sections)


def _deep(count: int) -> str:
    return "[" + "concat('a', " * count + "'b'" + ")" * count + "]"


def _deep_json(count: int) -> Any:
    value: Any = 1
    for _ in range(count):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        (
            template(
                parameters={
                    "a": {"type": "string", "defaultValue": "[parameters('b')]"},
                    "b": {"type": "string", "defaultValue": "[parameters('a')]"},
                }
            ),
            "TemplateValidationException",
            "depends on itself",
        ),
        (
            template(variables={"a": "[variables('b')]", "b": "[variables('a')]"}),
            "TemplateValidationException",
            "depends on itself",
        ),
        (
            _out("[n.f()]", functions=[{"namespace": "n", "members": {"f": {"output": {"value": "[n.f()]"}}}}]),
            "TemplateValidationException",
            "calls inside one another",
        ),
        (
            template(
                languageVersion="2.0",
                definitions={"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}},
                parameters={"p": {"$ref": "#/definitions/a", "defaultValue": 1}},
            ),
            "TemplateValidationException",
            "without end",
        ),
        (_out("[nope(1)]"), "ExpressionException", "no function 'nope'"),
        (_out("[toUpper()]"), "BuiltinFunctionNumberOfParametersException", "takes 1 argument"),
        (_out("[toUpper(1)]"), "ExpressionException", "string"),
        (_out("[div(1, 0)]"), "ExpressionException", "zero"),
        (_out("[createArray(1)[1]]"), "ExpressionException", "outside of the array"),
        (_out("[createArray(1)[sub(0, 1)]]"), "ExpressionException", "outside of the array"),
        (_out("[createObject('a', 1).b]"), "ExpressionException", "no property 'b'; it has 'a'"),
        (_out("[parameters('x')]"), "TemplateValidationException", "no parameter 'x'"),
        (_out("[variables('x')]"), "TemplateValidationException", "no variable 'x'"),
        (_out("[copyIndex()]"), "TemplateValidationException", "outside of a loop"),
        (_out("[if('true', 1, 2)]"), "ExpressionException", "true or false"),
        (_out("[utcNow()]"), "TemplateValidationException", "default of a parameter only"),
        (_out("[lambda('x', 1)]"), "ExpressionException", "argument of functions that call one"),
        (_out("[createArray(lambda('x', 1))]"), "ExpressionException", "argument of functions that call one"),
        (_out("[resourceId('a/b', 'x', 'y', 'z', 'w')]"), "ExpressionException", "1 names"),
        (_out(_deep(1000)), "ExpressionException", "levels deep"),
        (_out("['" + "x" * 25_000 + "']"), "ExpressionException", "24576"),
        (template(variables=_deep_json(3000)), "TemplateValidationException", "too deeply"),
        (template(resource(copy={"name": "c", "count": -1})), "TemplateValidationException", "negative"),
        (template(resource(copy={"name": "c", "count": 10**15})), "TemplateValidationException", "800"),
        (template(resource(copy={"name": "c", "count": "2"})), "UnevaluableCopyCountException", "integer"),
        (
            template(resource(copy={"name": "c", "count": "[length(resourceGroup().tags)]"})),
            "UnevaluableCopyCountException",
            "not known",
        ),
        (template(resource("[reference('x').y]")), "TemplateValidationException", "must not depend on"),
        (template(*[resource(f"n{index}") for index in range(801)]), "TemplateValidationException", "800"),
        (
            template(parameters={f"p{index}": {"type": "int", "defaultValue": 1} for index in range(257)}),
            "TemplateValidationException",
            "256",
        ),
        (template(variables={f"v{index}": 1 for index in range(513)}), "TemplateValidationException", "512"),
        (template(outputs={f"o{index}": {"value": 1} for index in range(65)}), "TemplateValidationException", "64"),
        ({**template(), "resource": []}, "TemplateValidationException", "no section 'resource'"),
        ({"$schema": SCHEMA, "resources": []}, "TemplateValidationException", "contentVersion"),
        (template(resource("a/b")), "TemplateValidationException", "segments"),
        (template(resource(condition=5)), "TemplateValidationException", "true or false"),
        (
            template(parameters={"p": {"type": "strin", "defaultValue": 1}}),
            "TemplateValidationException",
            "no type of a template",
        ),
        (template(nested("d", template(), subscriptionId="not-a-guid")), "TemplateValidationException", "GUID"),
    ],
)
def test_a_clear_error(source: dict[str, Any], kind: str, said: str) -> None:
    with pytest.raises(EngineError) as caught:
        take(source)
    assert caught.value.kinds[0] == kind
    assert said in str(caught.value)
    assert caught.value.diagnostics[0].code == "InvalidTemplate"


@pytest.mark.parametrize(
    ("declaration", "value", "said"),
    [
        ({"type": "string"}, None, "no value"),
        ({"type": "string"}, 1, "must be of type String, but is of type Integer"),
        ({"type": "int"}, True, "must be of type Int, but is of type Boolean"),
        ({"type": "int", "minValue": 2}, 1, "at least 2"),
        ({"type": "array", "maxLength": 1}, [1, 2], "at most 1"),
        ({"type": "string", "allowedValues": ["a", "b"]}, "A", "one of 'a', 'b'"),
        ({"type": "object", "properties": {"k": {"type": "int"}}}, {}, "lacks the property 'k'"),
        ({"type": "object", "additionalProperties": False}, {"x": 1}, "must not have the property 'x'"),
        ({"type": "object", "additionalProperties": {"type": "int"}}, {"x": "1"}, "'p'.x must be of type Int"),
        ({"type": "array", "prefixItems": [{"type": "int"}], "items": False}, [1, 2], "not have more than 1"),
        (
            {"type": "object", "discriminator": {"propertyName": "kind", "mapping": {"a": {"type": "object"}}}},
            {"kind": "b"},
            "'kind' that is one of 'a'",
        ),
    ],
)
def test_parameters_that_do_not_fit(declaration: dict[str, Any], value: Any, said: str) -> None:
    with pytest.raises(EngineError) as caught:
        take(template(parameters={"p": declaration}, languageVersion="2.0"), p=value)
    assert said in str(caught.value)


def test_a_parameter_that_the_template_does_not_have() -> None:
    with pytest.raises(EngineError, match="has no parameter 'q'; it has 'p'"):
        take(template(parameters={"p": {"type": "int", "defaultValue": 1}}), q=1)


def test_errors_show_path_expression_and_place() -> None:
    with pytest.raises(EngineError) as caught:
        take(template(resource(properties={"list": [1, {"x": "[concat('a', toUpper(2))]"}]})))
    assert str(caught.value) == (
        "Error InvalidTemplate: resources[0].properties.list[1].x: "
        "toUpper() takes a string as its first argument, but the value is of type Integer.\n"
        "    [concat('a', toUpper(2))]\n"
        "                         ^"
    )
    assert caught.value.diagnostics[0].pointer == "resources[0].properties.list[1].x"


@pytest.mark.parametrize(
    ("expression", "marked"),
    [
        ("[substring('abc', 1, 7)]", "7"),
        ("[replace('abc', concat('', ''), 'x')]", "concat('', '')"),
        ("[div(1, sub(2, 2))]", "sub(2, 2)"),
        ("[dateTimeAdd('2020-01-01', 'P1D', 'U')]", "'U'"),
        ("[format('{0:Q}', 1)]", "'{0:Q}'"),
        ("[uri('http://a', '//')]", "'//'"),
        ("[filter(createArray(1), lambda('x', 1))]", "lambda('x', 1)"),
        ("[parameters(1)]", "1"),
        ("[resourceId('Microsoft.Web/sites', 1)]", "1"),
        ("[reference(true())]", "true()"),
        ("[my.twice('a')]", "'a'"),
        ("[max(1, 'a')]", "'a'"),
        ("[max(createArray(1, 'a'))]", "createArray(1, 'a')"),
        ("[concat(createArray(1), fail('no'))]", "fail('no')"),
        ("[toObject(createArray(1, 1), lambda('x', 'k'))]", "toObject(createArray(1, 1), lambda('x', 'k'))"),
        ("[createObject('a', 1, 'a', 2)]", "createObject('a', 1, 'a', 2)"),
    ],
)
def test_the_caret_marks_what_is_wrong(expression: str, marked: str) -> None:
    """The argument where it is known which one is wrong, else the call."""
    twice = {"parameters": [{"name": "n", "type": "int"}], "output": {"type": "int", "value": "[mul(parameters('n'), 2)]"}}
    with pytest.raises(EngineError) as caught:
        take(template(functions=[{"namespace": "my", "members": {"twice": twice}}], outputs={"o": {"value": expression}}))
    _, shown, carets = str(caught.value).split("\n")
    assert shown[carets.index("^") : len(carets)] == marked


def test_errors_in_nested_templates_have_the_whole_path() -> None:
    inner = template(resource(tags={"t": "[div(1, 0)]"}))
    with pytest.raises(EngineError, match=r"resources\[0\]\.properties\.template\.resources\[0\]\.tags\.t"):
        take(template(nested("d", inner)))


def test_independent_errors_come_together() -> None:
    source = template(variables={"a": "[div(1, 0)]", "b": "[nope()]", "c": "[variables('a')]"})
    with pytest.raises(EngineError) as caught:
        take(source)
    assert [item.pointer for item in caught.value.diagnostics] == ["variables.a", "variables.b"]


def _doubling(first: Any, step: str) -> dict[str, Any]:
    """A template whose variables each hold the one before twice."""
    variables = {"v0": first, **{f"v{index}": step.replace("V", f"variables('v{index - 1}')") for index in range(1, 120)}}
    return template(variables=variables, outputs={"o": {"value": "[variables('v119')]"}})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (_doubling("ab", "[concat(V, V)]"), "4194304 are allowed"),
        (_doubling({"a": 1}, "[createObject('a', V, 'b', V)]"), "members, items and calls"),
        (_doubling("[environment().name]", "[concat(V, V)]"), "members, items and calls"),
        (_out("[reduce(range(0, 200), 'ab', lambda('a', 'b', concat(lambdaVariables('a'), lambdaVariables('a'))))]"), "4194304"),
        (_out("[reduce(range(0, 5000), createArray(), lambda('a', 'b', createArray(lambdaVariables('a'))))]"), "too deeply"),
    ],
)
def test_values_that_grow_without_end_are_stopped(source: dict[str, Any], said: str) -> None:
    with pytest.raises(EngineError) as caught:
        take(source)
    assert said in str(caught.value)


def test_three_hundred_calls_inside_one_another_are_fine() -> None:
    assert take(_out(_deep(300))).outputs["o"] == "a" * 300 + "b"


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ('{"a": 1,\n "a": 2}', 2, 2, "twice"),
        ('{"a": NaN}', 1, 7, "NaN"),
        ('{"a": 9223372036854775808}', 1, 7, "64 bits"),
        ("[]", 1, 1, "object"),
        ('{"a": 1,}', 1, 8, "no comma may stand before the end of an object"),
        ('{"a": [1, ]}', 1, 9, "no comma may stand before the end of an array"),
        ('{"a": 1,, "b": 2}', 1, 9, "name in double quotes"),
        ("{\n  a: 1}", 2, 3, "name in double quotes"),
        ('{"a": "x', 1, 7, "no end"),
        ("", 1, 1, "a value is expected"),
        ('{"a":' * 100_000, 1, 1, "too deeply"),
    ],
)
def test_json_that_is_refused_has_a_place(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        read_template(text, "main.json")
    found = caught.value.diagnostics[0]
    assert (found.file, found.line, found.column) == ("main.json", line, column)
    assert said in found.message


def test_json_with_comments_is_read() -> None:
    text = '\ufeff// head\n{"a": "http://x/*y*/", /* c\n */ "b": [1] // tail\n}'
    assert read_template(text) == {"a": "http://x/*y*/", "b": [1]}


_texts = st.sampled_from(
    [
        "x",
        "",
        "[",
        "[x]",
        "[[x]",
        "[concat('a')]",
        "[parameters('p')]",
        "[reference('n').x]",
        "[copyIndex()]",
        "[environment()]",
        "[fail('f')]",
    ]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 900) | _texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "copy", "type", "count", "value", "[x]", "k"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_sections = st.sampled_from(
    ["parameters", "variables", "functions", "outputs", "resources", "definitions", "languageVersion", "metadata"]
)
_members = st.sampled_from(
    [
        "type",
        "name",
        "apiVersion",
        "copy",
        "condition",
        "dependsOn",
        "properties",
        "scope",
        "existing",
        "resourceGroup",
        "subscriptionId",
        "tags",
        "resources",
        "@options",
        "location",
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_sections, _json, max_size=3), st.dictionaries(_members, _json, max_size=4), _texts)
def test_any_json_is_evaluated_or_refused(sections: dict[str, Any], members: dict[str, Any], kind: str) -> None:
    deployment = {**resource("d", "Microsoft.Resources/deployments"), **members}
    source = {**template({**resource(), **members}, deployment), **sections}
    for run in (lambda: take(source), lambda: prepare(source, None, GROUP)):
        with contextlib.suppress(InfraError):
            run()
