"""Whatever is written in a template, the engine answers it or refuses it with a finding: nothing else gets out."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_lib.arm.deployment import prepare
from infra_lib.arm.expressions import ExpressionSyntaxError, parse_expression, print_node
from infra_lib.arm.failures import EngineError, EvaluationError
from infra_lib.arm.functions.registry import FUNCTIONS
from infra_lib.arm.json_places import JsonPlaces
from infra_lib.arm.scopes import ResourceGroupScope
from infra_lib.arm.snapshot import snapshot
from infra_lib.arm.source import read_template
from infra_lib.errors import TemplateError

from .engine import GROUP, GROUP_ID, Running, nested, resource, template

_TEXTS = (
    "", " ", "a", "A", "é", "😀b", "\ud83d", "x,y;z", "{0}", "{0:X} {1,5}", "{", "true", "-12", "9223372036854775808", "1.5",
    "null", "[x]", "P1D", "PT", "2020-04-07T14:53:14Z", "9999-12-31", "yyyy", "10.0.0.0/16", "fd00::/48", "http://a/b?c",
    "data:,x", "YQ==", '{"a": [1, {}]}', "a/b/c", "Microsoft.Web/sites", "Microsoft.Web/sites/slots", "r", "n[0]", GROUP_ID,
    "x", "0" * 70,
)  # fmt: skip
_NUMBERS = (0, 1, -1, 2, 3, 64, 10_001, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63))
_VALUES = (
    "true()", "false()", "null()", "json('1.5')", "json('1e400')", "json('-0.0')", "createArray()", "createObject()",
    "json('[1, \"a\", null, [2], {\"a\": 1}]')", "json('{\"a\": {\"B\": 1}, \"value\": 2, \"fromEnd\": true, \"port\": 1}')",
    "parameters('given')", "parameters('secret')", "parameters('none')", "variables('partial')", "variables('partialList')",
    "resourceGroup()", "subscription()", "deployment()", "environment()", "tenant()", "reference('r')",
    "reference('r', '2024-01-01', 'full')", "reference('in').outputs.o.value", "reference('in').outputs", "copyIndex()",
    "lambdaVariables('x')", "my.twice('a')", "my.twice(1)", "lambda('x', lambdaVariables('x'))",
    "lambda('x', 'y', less(lambdaVariables('x'), lambdaVariables('y')))", "lambda(1)", "lambda('x', 'k')",
)  # fmt: skip


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_leaves = st.one_of(
    st.sampled_from(_TEXTS).map(_quoted),
    st.sampled_from(_NUMBERS).map(str),
    st.sampled_from(_VALUES),
    st.text(max_size=6).map(_quoted),
    st.integers(-(2**63), 2**63 - 1).map(str),
)
_names = st.sampled_from(
    [*sorted(function.name for function in FUNCTIONS.values()), "listKeys", "listAnything", "nothing", "my.twice", "my.no"]
)


@st.composite
def _calls(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    name = draw(_names)
    function = FUNCTIONS.get(name.lower())
    low = function.minimum if function is not None else 1
    high = low + 3 if function is None or function.maximum is None else function.maximum
    count = draw(st.integers(low, max(low, min(high, low + 3)))) if draw(st.integers(0, 9)) else draw(st.integers(0, 4))
    call = f"{name}({', '.join(draw(inner) for _ in range(count))})"
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        call += draw(
            st.one_of(st.sampled_from((".a", ".B", ".outputs", ".value", "[0]", "[-1]", "['a']")), inner.map("[{}]".format))
        )
    return call


_expressions = st.recursive(_leaves, _calls, max_leaves=12)


def _source(expression: str, other: str, *, version2: bool) -> dict[str, Any]:
    """A template with expressions in the places where they are evaluated in different ways."""
    inner = template(
        resource("s", properties={"v": "[parameters('p')]"}),
        parameters={"p": {"type": "object"}},
        outputs={"o": {"type": "object", "value": "[parameters('p')]"}},
    )
    loop = {"name": "n", "count": 2}
    resources = {
        "r": resource("r", properties={"a": {"B": 1, "list": [1, "[resourceGroup().tags]"]}, "c": f"[{other}]"}),
        "n": resource("[concat('n', copyIndex())]", copy=loop, tags={"x": f"[{expression}]", f"[{other}]": 1}),
        "in": nested("in", inner, parameters={"p": {"value": f"[{other}]"}}, dependsOn=[f"[{other}]"]),
        "named": resource(f"[{expression}]", condition=f"[{other}]"),
    }
    twice = {
        "parameters": [{"name": "n", "type": "string"}],
        "output": {"type": "string", "value": "[concat(parameters('n'), 'x')]"},
    }
    return template(
        parameters={
            "given": {"type": "object"},
            "secret": {"type": "secureString"},
            "none": {"type": "string", "defaultValue": ""},
            "default": {"type": "array", "defaultValue": f"[{expression}]"},
        },
        variables={
            "partial": {"a": "[resourceGroup().tags]", "B": 2},
            "partialList": [1, "[subscription().displayName]"],
            "v": f"[{other}]",
        },
        functions=[{"namespace": "my", "members": {"twice": twice}}],
        outputs={"o": {"type": "string", "value": f"[{expression}]"}, "p": {"type": "object", "value": {"x": f"[{other}]"}}},
    ) | ({"languageVersion": "2.0", "resources": resources} if version2 else {"resources": list(resources.values())})


_GIVEN = {"given": {"value": {"a": [1, {"b": None}], "x": "y"}}, "secret": {"value": "s"}}


class _Unknown(Running):
    """A running deployment that knows no resource but one."""

    def reference(self, resource_id: str, api_version: str | None, full: bool) -> Any:
        if resource_id.lower() != f"{GROUP_ID}/providers/Microsoft.Web/sites/r".lower():
            raise EngineError([EvaluationError(f"There is no {resource_id}.")])
        return {"properties": {"a": {"B": 2}}} if full else {"a": {"B": 2}}


def _preview(source: dict[str, Any], given: Any, scope: ResourceGroupScope) -> None:
    with contextlib.suppress(TemplateError):
        shown = snapshot(source, given, scope)
        json.dumps(shown.to_dict())
        shown._repr_html_()


def _deploy(source: dict[str, Any], given: Any) -> None:
    with contextlib.suppress(TemplateError):
        prepared = prepare(source, given, GROUP)
        for item in prepared.resources:
            with contextlib.suppress(TemplateError):
                json.dumps(item.body(_Unknown()))
        json.dumps(prepared.outputs(_Unknown()))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(_expressions)
def test_one_expression(expression: str) -> None:
    """Alone, so that nothing before it hides what it does."""
    for source in (
        template(outputs={"o": {"type": "string", "value": f"[{expression}]"}}),
        template(resource("r", properties={"a": 1, "x": f"[{expression}]"})),
        template(parameters={"p": {"type": "string", "defaultValue": f"[{expression}]"}}),
    ):
        _preview(source, None, GROUP)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(_expressions, _expressions, st.booleans())
def test_expressions_everywhere(expression: str, other: str, version2: bool) -> None:
    source = _source(expression, other, version2=version2)
    _preview(source, _GIVEN, GROUP)
    _preview(source, _GIVEN, ResourceGroupScope())
    _deploy(source, _GIVEN)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.text(alphabet="ab1'()[].,-+ \n\\\"{}é", max_size=40), _expressions))
def test_texts_are_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(ExpressionSyntaxError):
        printed = print_node(parse_expression(f"[{text}]"))
        assert print_node(parse_expression(f"[{printed}]")) == printed


_json_like = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5), _expressions.map("[{}]".format)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["name", "type", "value", "copy", "count", "input", "a.b", "resources", "properties", "dependsOn"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=15,
)
_sections = st.sampled_from(
    [
        "$schema",
        "contentVersion",
        "languageVersion",
        "definitions",
        "parameters",
        "variables",
        "functions",
        "resources",
        "outputs",
        "metadata",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(_sections, _json_like, max_size=5), st.booleans())
def test_sections_of_any_form(sections: dict[str, Any], whole: bool) -> None:
    source = {**template(), **sections} if whole else sections
    _preview(source, None, GROUP)
    _deploy(source, {})


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60) | st.text(alphabet='{}[]",:/* a1\n\\', max_size=60) | _json_like.map(json.dumps),
    st.text(alphabet="ab.[]01copyvalue", max_size=12),
)
def test_texts_are_read_or_refused(text: str, path: str) -> None:
    with contextlib.suppress(TemplateError):
        read_template(text, "main.json")
    JsonPlaces(text).find(path)
