"""Reading JSON with positions: what is taken, and one clear finding for each mistake."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_lib.parameters.json_text import MAXIMUM_DEPTH, JsonObject, decode, node_at, pointer, read_json

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain_values, st.sampled_from([None, 2, "\t"]))
def test_reads_what_json_writes(value, indent):
    read = read_json(json.dumps(value, indent=indent))
    assert read.findings == []
    assert read.root is not None
    assert read.root.value == value


def test_comments_are_white_space():
    read = read_json('// a\n{ /* b\n */ "x" /* c */ : 1 // d\n , "y": [ // e\n 2 ] }\n/* f */')
    assert read.findings == []
    assert read.root is not None
    assert read.root.value == {"x": 1, "y": [2]}


def test_every_value_knows_its_span():
    text = '{"a": [1, {"b": "x"}]}'
    root = read_json(text).root
    assert root is not None
    node = node_at(root, ("a", 1, "b"))
    assert node is not None
    assert text[node.start : node.end] == '"x"'
    assert isinstance(root, JsonObject)
    member = root.member("a")
    assert member is not None
    assert text[member.start : member.end] == '"a"'


def test_pointers_escape_as_the_rfc_says():
    assert pointer(("parameters", "a/b~c", 0)) == "/parameters/a~1b~0c/0"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "INF101", (0, 0)),
        ("  // only a comment\n", "INF101", (0, 0)),
        ('{"a": 1,}', "INF105", (7, 8)),
        ("[1, 2, ]", "INF105", (5, 6)),
        ('{"a": 1 "b": 2}', "INF106", (7, 8)),
        ("[1 2]", "INF106", (2, 3)),
        ('{"a": 1, "a": 2}', "INF107", (9, 12)),
        ('{"a": NaN}', "INF108", (6, 9)),
        ('{"a": -Infinity}', "INF108", (6, 15)),
        ('{"a": 01}', "INF108", (6, 8)),
        ('{"a": .5}', "INF108", (6, 8)),
        ('{"a": +1}', "INF108", (6, 8)),
        ('{"a": 0x1F}', "INF108", (6, 10)),
        ("/* a", "INF109", (0, 2)),
        ("[" * (MAXIMUM_DEPTH + 1), "INF110", (64, 65)),
        ('{"a": 1} x', "INF111", (9, 10)),
        ("{'a': 1}", "INF112", (1, 4)),
        ("{a: 1}", "INF112", (1, 2)),
        ('{"a": True}', "INF100", (6, 10)),
        ('{"a": yes}', "INF100", (6, 9)),
        ('{"a": "x\n"}', "INF103", (6, 8)),
        ('{"a": "x', "INF103", (6, 7)),
        ('{"a": "\\q"}', "INF104", (7, 8)),
        ('{"a": "\t"}', "INF104", (7, 8)),
        ('{"a": 1', "INF116", (0, 1)),
        ('{"a": 1e999}', "INF118", (6, 11)),
        ('{"a": ' + "9" * 500 + "}", "INF118", (6, 506)),
        ('{"a": 1}}', "INF119", (8, 9)),
        ('{"a" 1}', "INF102", (5, 6)),
        ('{"a": ]}', "INF102", (6, 7)),
        ("[1,, 2]", "INF102", (3, 4)),
    ],
)
def test_each_mistake_is_one_finding_at_its_place(text, code, place):
    findings = read_json(text).findings
    assert [(item.code, (item.start, item.end)) for item in findings] == [(code, place)]


def test_several_mistakes_are_found_in_one_reading():
    read = read_json('{\'a\': True, "b": 1,, "c": NaN "d": 2,}')
    assert [item.code for item in read.findings] == ["INF112", "INF100", "INF102", "INF108", "INF106", "INF105"]
    assert read.root is not None
    assert read.root.value["d"] == 2


def test_a_text_that_is_no_json_at_all_is_given_up_soon():
    read = read_json("[" + "x " * 100_000 + "]")
    assert read.root is None
    assert len(read.findings) < 60


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
def test_deep_nesting_does_not_exhaust_the_stack(depth):
    assert [item.code for item in read_json("[" * depth + "]" * depth).findings] == ["INF110"]


@pytest.mark.parametrize(
    ("data", "text", "codes"),
    [
        (b"{}", "{}", []),
        (b"\xef\xbb\xbf{}", "{}", []),
        ("{}".encode("utf-16"), "{}", ["INF114"]),
        (b"\xfe\xff" + "{}".encode("utf-16-be"), "{}", ["INF114"]),
        ("{}".encode("utf-16-le"), "{}", ["INF114"]),
        (b'{"a": "\xff"}', '{"a": "\ufffd"}', ["INF113"]),
    ],
)
def test_encodings(data, text, codes):
    decoded, encoding, findings = decode(data)
    assert decoded == text
    assert [item.code for item in findings] == codes
    if "INF113" not in codes:
        assert encoding.encode(decoded) == data


@given(st.text(alphabet="{}[]\",:\\ \n/*'0123456789eE+-.tfnaulrs"))
def test_any_text_ends_in_a_value_or_in_findings(text):
    read = read_json(text)
    assert read.root is not None or read.findings
    assert all(0 <= item.start <= item.end <= len(text) for item in read.findings)
    try:
        value = json.loads(text)
    except ValueError:
        return
    assert read.findings or (read.root is not None and read.root.value == value)
