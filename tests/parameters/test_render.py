"""Rendering: whatever a value holds, it stays in its place."""

from __future__ import annotations

import ast
import json
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_lib.bicep.parsing.parser import parse_parameters
from infra_lib.errors import InputError
from infra_lib.parameters import InferenceParameters, KeyVaultReference, ParameterFile
from infra_lib.parameters.render import render, render_bicepparam, render_parameters_json

NASTY = [
    "'", "''", "'''", "a'''b'''c", '"', '"""', "\\", "\\\\", "\\'", "\\n", "${x}", "\\${x}", "$'{x}", "$$", "{{ 1 }}", "{% if %}",
    "\n", "\r\n", "\t", "\x00", "\x1b[0m", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "é漢😀", "*/ //", "`id`", "$(id)",
    "; rm -rf /",
    "a'\nparam b = 1\n//", "[concat('a')]", "", " ", "</script>", "#disable-next-line",
]  # fmt: skip

texts = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("text", NASTY)
def test_a_text_survives_each_language(text):
    bicep = f"param a = {render('{{ v | bicep }}', v=text)}\nparam b = 1\n"
    parsed = parse_parameters(bicep)
    assert parsed.findings == []
    assert ParameterFile.parse(bicep, bicep=True).values == {"a": text, "b": 1}
    assert json.loads(render("{{ v | json }}", v=text)) == text
    assert ast.literal_eval(render("{{ v | python }}", v=text)) == text
    for line in (render("{{ v | comment }}", v=text), render("{{ v | markdown }}", v=text)):
        assert len(line.splitlines()) <= 1
    if "\x00" not in text:
        assert shlex.split(render("{{ v | shell }}", v=text)) == [text]


@settings(max_examples=60, deadline=None)
@given(texts)
def test_any_text_survives(text):
    assert ParameterFile.parse(f"param a = {render('{{ v | bicep }}', v=text)}\n", bicep=True).values == {"a": text}
    assert ast.literal_eval(render("{{ v | python }}", v=text)) == text
    assert json.loads(render("{{ v | json }}", v=[text, {text: text}])) == [text, {text: text}]


def test_nasty_values_in_whole_files():
    file = ParameterFile.new()
    file.update({f"p{number}": text for number, text in enumerate(NASTY)})
    file.update({"bag": {text: text for text in NASTY}, "list": NASTY})
    file["secret"] = KeyVaultReference(
        vault_id="/subscriptions/s'/resourceGroups/g${x}/providers/Microsoft.KeyVault/vaults/v\\",
        secret_name="n\n",
        secret_version="1",
    )
    bicep = render_bicepparam(file, using="it's ${odd}\n.bicep")
    assert parse_parameters(bicep).findings == []
    assert ParameterFile.parse(bicep, bicep=True).values == file.values
    assert ParameterFile.parse(render_parameters_json(file)).values == file.values


def test_typed_objects_are_rendered():
    params = InferenceParameters(default_commands=["echo '${x}'"], storage_account_name="abc")
    text = render_bicepparam(params, using="inference.bicep")
    assert text.startswith("using 'inference.bicep'\n\nparam defaultCommands = [\n  'echo \\'\\${x}\\''\n]\n")
    assert "param storageAccountName = 'abc'\n" in text
    assert ParameterFile.parse(render_parameters_json(params)).values == params.values


def test_a_name_that_is_none_is_refused():
    file = ParameterFile.new()
    file["a = 1\nparam b"] = 2
    with pytest.raises(InputError, match="no name in Bicep"):
        render_bicepparam(file)
    with pytest.raises(InputError):
        file.to_bicepparam()


@pytest.mark.parametrize(
    "source",
    [
        "{{ v }}",
        "{{ v ~ '' }}",
        "{{ v | upper }}",
        "{{ (v | json) ~ v }}",
        "{{ missing | json }}",
        "{{ v | unknown }}",
        "{% if %}",
    ],
)
def test_values_without_a_filter_and_mistakes_are_refused(source):
    with pytest.raises(InputError, match="template cannot be rendered"):
        render(source, v="x")


@pytest.mark.parametrize(
    ("source", "value"), [("{{ v | bicep }}", "\ud800"), ("{{ v | shell }}", "a\0b"), ("{{ v | json }}", {1: 2})]
)
def test_what_a_language_cannot_hold_is_refused(source, value):
    with pytest.raises(InputError):
        render(source, v=value)


def test_the_text_around_stays_as_it_is():
    assert render("a\n{% for x in v %}\n- {{ x | comment }}\n{% endfor %}\nb\n", v=["1", "2"]) == "a\n- 1\n- 2\nb\n"
    assert render("no final line end") == "no final line end"
