"""What loadTextContent and its like give, against the official compiler's variables, and their mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra_lib.arm.values import float_text
from infra_lib.bicep.sources.documents import JsonError, read_document
from infra_lib.bicep.sources.json_path import JsonPathError, select
from infra_lib.bicep.sources.loaders import ENCODINGS, Loaded, LoadProblem, evaluate, load_base64, load_json, load_text
from infra_lib.bicep.sources.yaml_document import YamlDocumentError, read_yaml
from infra_lib.diagnostics import describe

FUNCTIONS = Path(__file__).parents[1] / "goldens" / "cases" / "functions"
_CALL = re.compile(r"(load\w+)\(((?:'(?:[^'\\]|\\.)*'(?:, )?)+)\)")
_ARGUMENT = re.compile(r"'((?:[^'\\]|\\.)*)'")


def emitted(value: Any) -> Any:
    """A loaded value as the compiler writes it into a template."""
    if isinstance(value, dict):
        return {emitted(name): emitted(member) for name, member in value.items()}
    if isinstance(value, list):
        return [emitted(item) for item in value]
    if isinstance(value, float):
        return f"[json('{float_text(value)}')]"
    return f"[{value}" if isinstance(value, str) and value[:1] == "[" and value[-1:] == "]" else value


@pytest.mark.parametrize(
    "name",
    [
        "load-directory-file-info",
        "load-json-with-json-path",
        "load-text-in-several-encodings",
        "load-yaml-scalars",
        "load-yaml-structures-and-paths",
    ],
)
def test_every_call_of_a_golden_case(name: str) -> None:
    source = FUNCTIONS / name / "main.bicep"
    variables = json.loads((FUNCTIONS / name / "main.json").read_text(encoding="utf-8"))["variables"]
    calls = _CALL.findall(source.read_text(encoding="utf-8"))
    assert calls
    for index, (function, arguments) in enumerate(calls):
        texts = [re.sub(r"\\(.)", r"\1", text) for text in _ARGUMENT.findall(arguments)]
        loaded = evaluate(function, source.as_posix(), texts)
        assert isinstance(loaded, Loaded), f"{function}({arguments}): {loaded}"
        value = emitted(loaded.value)
        assert value == variables[f"$fxv#{index}"], f"{function}({arguments})"
        assert json.dumps(value) == json.dumps(variables[f"$fxv#{index}"])


def test_files_as_base64() -> None:
    source = (FUNCTIONS / "load-file-as-base64" / "main.bicep").as_posix()
    loaded = evaluate("loadFileAsBase64", source, ["data/bom.txt"])
    assert isinstance(loaded, Loaded)
    assert loaded.value.startswith("77u/")


def problem(result: Loaded | LoadProblem) -> tuple[str, int]:
    assert isinstance(result, LoadProblem)
    assert describe(result.code, **result.names)[1]
    return result.code, result.argument


def test_mistakes_of_calls(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": [1, 2]}')
    (tmp_path / "bad.json").write_text("{]")
    (tmp_path / "folder").mkdir()
    source = (tmp_path / "main.bicep").as_posix()

    def code(function: str, *arguments: str) -> tuple[str, int]:
        return problem(evaluate(function, source, list(arguments)))

    assert code("loadTextContent", "none.txt") == ("BCP091", 0)
    assert code("loadTextContent", "") == ("BCP050", 0)
    assert code("loadTextContent", "/etc/hosts") == ("BCP051", 0)
    assert code("loadTextContent", "folder") == ("BCP275", 0)
    assert code("loadJsonContent", "bad.json") == ("BCP186", 0)
    assert code("loadJsonContent", "a.json", "$.b") == ("BCP235", 1)
    assert code("loadJsonContent", "a.json", "$.[") == ("BCP235", 1)
    assert code("loadJsonContent", "a.json", "$.a[9]") == ("BCP235", 1)
    assert code("loadYamlContent", "bad.json") == ("BCP340", 0)
    assert code("loadDirectoryFileInfo", "none") == ("BCP428", 0)
    assert code("loadDirectoryFileInfo", "a.json") == ("BCP430", 0)
    assert code("loadDirectoryFileInfo", "folder", "none/*.txt") == ("BCP429", 0)


def test_limits_of_size() -> None:
    assert isinstance(load_text(b"x" * 131_072, "f"), Loaded)
    assert problem(load_text(b"x" * 131_073, "f")) == ("BCP184", 0)
    assert problem(load_text("😀".encode() * 65_537, "f")) == ("BCP184", 0)
    assert isinstance(load_base64(b"x" * 98_304, "f"), Loaded)
    assert problem(load_base64(b"x" * 98_305, "f")) == ("BCP184", 0)
    assert isinstance(load_json(b'"' + b"x" * 1_048_574 + b'"', "f"), Loaded)
    assert problem(load_json(b'"' + b"x" * 1_048_575 + b'"', "f")) == ("BCP184", 0)


@pytest.mark.parametrize(
    ("data", "encoding", "text", "mismatch"),
    [
        ("é".encode(), None, "é", None),
        (b"\xe9", None, "\ufffd", None),
        (b"\xe9", "iso-8859-1", "é", None),
        ("é".encode(), "us-ascii", "??", None),
        (b"\xef\xbb\xbfa", "us-ascii", "a", "utf-8"),
        (b"\xef\xbb\xbfa", "utf-8", "a", None),
        (b"\xff\xfea\0", None, "a", None),
        (b"\xff\xfea\0", "utf-16", "a", None),
        (b"\xfe\xff\0a", "utf-16", "a", "utf-16BE"),
        (b"a\0", "utf-16", "a", None),
        (b"\0a", "utf-16BE", "a", None),
        (b"a\0b", "utf-16", "a\ufffd", None),
    ],
)
def test_encodings(data: bytes, encoding: str | None, text: str, mismatch: str | None) -> None:
    assert load_text(data, "f", encoding) == Loaded(text, mismatch)
    assert encoding is None or encoding in ENCODINGS


def test_search_patterns_of_folders(tmp_path: Path) -> None:
    for name in ("a.txt", "ab.txt", "abc.txt", "noext", "x.y.z", "B.md"):
        (tmp_path / name).touch()
    source = (tmp_path / "sub" / "main.bicep").as_posix()

    def names(pattern: str) -> list[str]:
        loaded = evaluate("loadDirectoryFileInfo", source, ["..", pattern])
        assert isinstance(loaded, LoadProblem)  # a path may not end with a dot
        loaded = evaluate("loadDirectoryFileInfo", source, ["../", pattern])
        assert isinstance(loaded, Loaded)
        assert all(entry["relativePath"] == "../" + entry["baseName"] for entry in loaded.value)
        return [entry["baseName"] for entry in loaded.value]

    assert names("") == names("*") == names("*.*") == ["a.txt", "ab.txt", "abc.txt", "B.md", "noext", "x.y.z"]
    assert names("a??.txt") == ["a.txt", "ab.txt", "abc.txt"]
    assert names("?.txt") == ["a.txt"]
    assert names("noext.*") == ["noext"]
    assert names("*.z") == ["x.y.z"]
    assert names("*.") == ["noext"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: [1, two, 3.0]", {"a": [1, "two", 3.0]}),
        ("{a: , b}", {"a": "", "b": ""}),
        ("a:\nb: ''", {"a": None, "b": ""}),
        ("- !!str 5\n- !!float 1\n- !!int '7'", ["5", 1.0, 7]),
        ("1: a\n~: b\ntrue: c", {"1": "a", "~": "b", "true": "c"}),
        ("- &x {a: 1}\n- *x", [{"a": 1}, {"a": 1}]),
        ("first\n---\nsecond", "first"),
        ("'<<': 1", {"<<": 1}),
        ("a: 0b1\nb: 1:30\nc: 0o8\nd: .\ne: +.5", {"a": "0b1", "b": "1:30", "c": "0o8", "d": ".", "e": 0.5}),
        ("\ufeff# only a mark\na: 1", {"a": 1}),
    ],
)
def test_yaml(text: str, value: Any) -> None:
    assert json.dumps(read_yaml(text)) == json.dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~",
        "# nothing",
        "a: b: c",
        "a: 1\na: 2",
        "<<: {a: 1}",
        "[a]: 1",
        "!mine 5",
        "!mine {a: 1}",
        "*x",
        "&x [*x]",
        "99999999999999999999",
        "[" * 100_000,
        "- " * 100_000 + "a",
        "{a: " * 100_000,
        "a: &a [1,1,1,1,1,1,1,1]\n"
        + "".join(f"{x}: &{x} [{(f'*{y},' * 9).rstrip(',')}]\n" for x, y in zip("bcdefghij", "abcdefghi", strict=True)),
        "a: 1\n---\n[",
        "a\0b",
    ],
)
def test_yaml_that_is_refused(text: str) -> None:
    with pytest.raises(YamlDocumentError):
        read_yaml(text)


DOCUMENT: dict[str, Any] = {
    "dev": {"region": "we", "ports": [80, 443], "n": 1},
    "prod-eu": {"region": "ne"},
    "list": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}, {"id": 2.5, "x": {"id": 9}}],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", [DOCUMENT]),
        ("$", [DOCUMENT]),
        ("dev.region", ["we"]),
        ("$['prod-eu'].region", ["ne"]),
        ("$['dev','prod-eu'].region", ["we", "ne"]),
        ("$..region", ["we", "ne"]),
        ("$.*.region", ["we", "ne"]),
        ("$.dev.ports[-1:]", [443]),
        ("list[::-1].id", [2.5, 2, 1]),
        ("list[0,2].id", [1, 2.5]),
        ("list[*].id", [1, 2, 2.5]),
        ("list[5]", []),
        ("$dev", []),
        ("DEV", []),
        ("list.id", []),
        ("$.list[?(@.id == 2)].name", ["two"]),
        ("$.list[?(@.id >= 2 && @.name)].name", ["two"]),
        ("$.list[?(@.id < 2 || @.x)].id", [1, 2.5]),
        ("$.list[?(@.name != 'one')].id", [2]),
        ("$.list[?(@.name =~ /^T/i)].id", [2]),
        ("$.list[?(@.id > $.dev.n)].id", [2, 2.5]),
        ("$..[?(@.id > 8)].id", [9]),
        ("$.list[?(@.id === 1)].name", ["one"]),
        ("$.list[?(@.id == 1 && @.name == 'x' || @.name == 'one')].id", [1]),
    ],
)
def test_json_paths(path: str, found: list[Any]) -> None:
    assert select(DOCUMENT, path) == found


@pytest.mark.parametrize(
    "path",
    [
        "$.",
        "a..",
        "a[",
        "a[x]",
        "a[]",
        "a['x",
        "a[1 2]",
        "a]",
        "a.b[0]c",
        "dev.ports[::0]",
        "list[?@.x]",
        "list[?(@.x ==)]",
        "list[?(@.x",
        "dev.ports[-1]",
    ],
)
def test_texts_that_are_no_json_paths(path: str) -> None:
    with pytest.raises(JsonPathError):
        select(DOCUMENT, path)


def test_json_documents_with_the_freedoms_of_the_official_reader() -> None:
    assert read_document("// hi\n{'a': 1, b: [1,], /* x */ \"c\": 0x1F}") == {"a": 1, "b": [1], "c": 31}
    assert read_document("[" * 64 + "]" * 64)
    for text in ("[" * 65 + "]" * 65, "[" * 100_000, "", "{]", "9223372036854775808"):
        with pytest.raises(JsonError):
            read_document(text)


def test_a_large_json_file_is_read() -> None:
    text = json.dumps([{"name": f"n{index}", "values": [index, {"deep": [True, None]}]} for index in range(15_000)])
    assert len(read_document(text)) == 15_000
