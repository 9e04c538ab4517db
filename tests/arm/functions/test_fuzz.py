"""No call of a function ends in anything but a value or a FunctionError."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra_lib.arm.functions.json_text import read_json, write_json
from infra_lib.arm.functions.registry import FUNCTIONS, FunctionError
from infra_lib.arm.values import LambdaValue, equal, float_text, text_of

from .calling import call

_ODD = (
    "", " ", "10.0.0.0/16", "::/64", "fe80::1%1", "https://a.b/c?d#e", "//a", "http://[::1", "data:,a", "YQ==", "P1Y", "PT1.5S",
    "2020-04-07T14:53:14Z", "0001-01-01T00:00:00+14:00", "{0:N2}", "{0,5:#.##}{1}", "{", "}", "'[1,2,'", "{a:", "0x", "1e999",
    "*", "yyyy'", "\ud83d", "😀", "%F0%9F", "ﬁ",
)  # fmt: skip
_TEXT = st.one_of(st.text(max_size=12), st.sampled_from(_ODD))
_SCALAR = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 40), st.floats(), _TEXT,
)  # fmt: skip
_VALUE = st.recursive(
    _SCALAR, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXT, inner, max_size=4)), max_leaves=8
)
_LAMBDA = st.sampled_from(
    [
        LambdaValue(1, lambda item: item),
        LambdaValue(1, lambda item: True),
        LambdaValue(1, text_of),
        LambdaValue(2, lambda left, right: text_of(left) < text_of(right)),
        LambdaValue(3, lambda *_: None),
    ]
)
_COMPUTED = [function for function in FUNCTIONS.values() if function.status in ("pure", "lambda")]


def _is_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_value, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_value(item) for key, item in value.items())
    if isinstance(value, int) and not isinstance(value, bool):
        return -(2**63) <= value < 2**63
    return value is None or type(value) in (bool, str, float, LambdaValue)


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(_COMPUTED), st.lists(st.one_of(_VALUE, _LAMBDA), max_size=4))
def test_a_call_gives_a_value_or_a_function_error(function: Any, arguments: list[Any]) -> None:
    try:
        function.check_count(len(arguments))
        value = function.call(list(arguments))
    except FunctionError:
        return
    assert _is_value(value)


@settings(max_examples=800, deadline=None)
@given(st.sampled_from([function for function in _COMPUTED if function.status == "pure"]), st.data())
def test_a_call_with_text_gives_a_value_or_a_function_error(function: Any, data: st.DataObject) -> None:
    count = data.draw(st.integers(function.minimum, min(function.maximum or 4, 4)))
    arguments = data.draw(st.lists(st.one_of(_TEXT, st.integers(-3, 70)), min_size=count, max_size=count))
    with suppress(FunctionError):
        assert _is_value(function.call(arguments))


_JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), st.text()
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


@given(_JSON)
def test_json_that_is_written_reads_back(value: Any) -> None:
    text = write_json(value)
    assert equal(read_json(text), value)
    assert equal(read_json(" /* read leniently */ " + text), value)
    assert json.loads(text) == value


@given(st.text())
def test_encodings_go_both_ways(text: str) -> None:
    assert call("base64ToString", call("base64", text)) == text
    assert call("base64", text) == base64.b64encode(text.encode()).decode()
    assert call("uriComponentToString", call("uriComponent", text)) == text
    assert call("dataUriToString", call("dataUri", text)) == text
    assert call("json", write_json(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_float_reads_back(number: float) -> None:
    assert float(float_text(number)) == number


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1).filter(bool))
def test_division_and_remainder_belong_together(left: int, right: int) -> None:
    if (left, right) == (-(2**63), -1):
        return
    quotient, remainder = call("div", left, right), call("mod", left, right)
    assert quotient * right + remainder == left
    assert abs(remainder) < abs(right)
    assert remainder == 0 or (remainder < 0) == (left < 0)
