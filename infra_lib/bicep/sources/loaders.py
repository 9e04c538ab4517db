"""The functions that read files while compiling: loadTextContent, loadJsonContent, loadYamlContent and their like.

They take bytes (or a folder) and give plain values or a problem; nothing here knows of syntax. :func:`evaluate` does a
whole call.
"""

from __future__ import annotations

import base64
import codecs
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from infra_lib.arm.values import text_length, to_upper
from infra_lib.bicep.sources.documents import JsonError, read_document
from infra_lib.bicep.sources.json_path import JsonPathError, select
from infra_lib.bicep.sources.paths import Problem, check_relative_path, directory_of, join, locate, read

MAX_TEXT_CHARACTERS = 131_072
MAX_DOCUMENT_CHARACTERS = 1_048_576
MAX_BINARY_BYTES = MAX_TEXT_CHARACTERS // 4 * 3

ENCODINGS: dict[str, str] = {
    "iso-8859-1": "iso-8859-1",
    "us-ascii": "ascii",
    "utf-16": "utf-16-le",
    "utf-16BE": "utf-16-be",
    "utf-8": "utf-8",
}
"""The encodings that the functions take, by the names that they have in Bicep, with this interpreter's names."""

_BYTE_ORDER_MARKS: tuple[tuple[bytes, str, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32BE", "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16BE", "utf-16-be"),
)


class Loaded(NamedTuple):
    """What a call gives. ``mismatch`` names the encoding of a byte order mark that overrules the given one (BCP185)."""

    value: Any
    mismatch: str | None = None


class LoadProblem(Problem):
    """A problem of a call: ``argument`` is the index of the argument that it is about."""

    __slots__ = ("argument",)

    def __init__(self, code: str, argument: int = 0, **names: Any) -> None:
        super().__init__(code, **names)
        self.argument = argument


def decode(data: bytes, encoding: str | None) -> tuple[str, str | None]:
    """The text of a file, and the encoding of its byte order mark where that overrules ``encoding`` (a key of ENCODINGS).

    Bytes that are none in the encoding become U+FFFD, in us-ascii a question mark.
    """
    for mark, name, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace"), name if encoding not in (None, name) else None
    if encoding == "us-ascii":
        return "".join(map(chr, data.translate(_ASCII))), None
    return data.decode(ENCODINGS[encoding or "utf-8"], "replace"), None


_ASCII = bytes(code if code < 0x80 else ord("?") for code in range(256))


def _load_text(data: bytes, path: str, encoding: str | None, maximum: int) -> Loaded | LoadProblem:
    text, mismatch = decode(data, encoding)
    if len(text) > maximum // 2 and text_length(text) > maximum:
        return LoadProblem("BCP184", path=path, maximum=maximum, unit="characters")
    return Loaded(text, mismatch)


def load_text(data: bytes, path: str, encoding: str | None = None) -> Loaded | LoadProblem:
    """``loadTextContent``: at most 131,072 characters."""
    return _load_text(data, path, encoding, MAX_TEXT_CHARACTERS)


def load_base64(data: bytes, path: str) -> Loaded | LoadProblem:
    """``loadFileAsBase64``: at most 96 KiB."""
    if len(data) > MAX_BINARY_BYTES:
        return LoadProblem("BCP184", path=path, maximum=MAX_BINARY_BYTES, unit="bytes")
    return Loaded(base64.b64encode(data).decode("ascii"))


def load_json(data: bytes, path: str, json_path: str | None = None, encoding: str | None = None) -> Loaded | LoadProblem:
    """``loadJsonContent``: at most 1,048,576 characters."""

    def parse(text: str) -> Any:
        try:
            return read_document(text)
        except JsonError as error:
            return LoadProblem("BCP186", reason=error.message)

    return _load_document(data, path, json_path, encoding, parse)


def load_yaml(data: bytes, path: str, json_path: str | None = None, encoding: str | None = None) -> Loaded | LoadProblem:
    """``loadYamlContent``: at most 1,048,576 characters; of several documents the first."""

    def parse(text: str) -> Any:
        from infra_lib.bicep.sources.yaml_document import YamlDocumentError, read_yaml

        try:
            return read_yaml(text)
        except YamlDocumentError as error:
            return LoadProblem("BCP340", reason=str(error))

    return _load_document(data, path, json_path, encoding, parse)


def _load_document(
    data: bytes, path: str, json_path: str | None, encoding: str | None, parse: Callable[[str], Any]
) -> Loaded | LoadProblem:
    loaded = _load_text(data, path, encoding, MAX_DOCUMENT_CHARACTERS)
    if isinstance(loaded, LoadProblem):
        return loaded
    value = parse(loaded.value)
    if isinstance(value, LoadProblem) or json_path is None:
        return value if isinstance(value, LoadProblem) else Loaded(value, loaded.mismatch)
    try:
        found = select(value, json_path)
    except (JsonPathError, RecursionError):
        found = []
    if not found:
        return LoadProblem("BCP235", 1, path=json_path)
    return Loaded(found[0] if len(found) == 1 else found, loaded.mismatch)


# ---------------------------------------------------------------------------------------------- folders


def _question_marks(run: int) -> str:
    """``?`` is one character, or none at the end of the name or before its dot."""
    return rf"(?:[^.]{{{run}}}|[^.]{{0,{run - 1}}}(?=\.|\Z))"


def _search_pattern(pattern: str) -> re.Pattern[str]:
    """The file names that a pattern finds: ``*`` and ``?``; a dot before one of them may be missing at the end of a name."""
    parts: list[str] = []
    pattern = "*" if pattern in ("", ".", "*.*") else pattern
    for found in re.finditer(r"\?+|\*\.\Z|\.(?=[?*])|.", pattern, re.DOTALL):
        text = found.group()
        if text[0] == "?":
            parts.append(_question_marks(len(text)))
        elif text == "*.":
            parts.append(r"[^.]*\.?")
        elif text == "*":
            parts.append(".*")
        elif text == "." and found.end() < len(pattern) and pattern[found.end()] in "?*":
            parts.append(r"(?:\.|\Z)")
        else:
            parts.append(re.escape(text))
    flags = re.IGNORECASE if sys.platform in ("win32", "darwin") else 0
    return re.compile("".join(parts) + r"\Z", flags | re.DOTALL)


def load_directory(source: str, path: str, pattern: str = "") -> Loaded | LoadProblem:
    """``loadDirectoryFileInfo``: the files of a folder (not of those in it), sorted, seen from the source file."""
    problem = check_relative_path(path)
    if problem is not None:
        return LoadProblem(problem.code, **problem.names)
    home = directory_of(source)
    folder = join(home, path)
    if not os.path.isdir(folder):
        return LoadProblem("BCP430" if os.path.isfile(folder) else "BCP428", path=path)
    below, _, name = pattern.rpartition("/")
    folder = join(folder, below)
    matches = _search_pattern(name).match
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if not entry.is_dir() and matches(entry.name)]
    except (OSError, ValueError) as error:
        return LoadProblem("BCP429", path=path, reason=getattr(error, "strerror", None) or str(error))
    relative = os.path.relpath(folder, home).replace(os.sep, "/")
    prefix = "" if relative == "." else f"{relative}/"
    files = sorted(names, key=lambda file: to_upper(prefix + file))
    return Loaded([_file_info(prefix, file) for file in files])


def _file_info(prefix: str, name: str) -> dict[str, str]:
    dot = name.rfind(".")
    return {"relativePath": prefix + name, "baseName": name, "extension": name[dot:] if dot >= 0 else ""}


# ---------------------------------------------------------------------------------------------- calls

_FILE_LOADERS: dict[str, Callable[..., Loaded | LoadProblem]] = {
    "loadTextContent": load_text,
    "loadFileAsBase64": load_base64,
    "loadJsonContent": load_json,
    "loadYamlContent": load_yaml,
}

FUNCTIONS = frozenset((*_FILE_LOADERS, "loadDirectoryFileInfo"))
"""The names of the functions that :func:`evaluate` knows."""


def encoding_argument(function: str) -> int | None:
    """The index of the argument that names an encoding, None where the function has none."""
    return {"loadTextContent": 1, "loadJsonContent": 2, "loadYamlContent": 2}.get(function)


def evaluate(
    function: str,
    source: str,
    arguments: Sequence[str],
    reader: Callable[[str, str], bytes | Problem] = read,
) -> Loaded | LoadProblem:
    """The value of a call in the file ``source``; ``arguments`` are the texts in the call, an encoding being one of ENCODINGS.

    ``reader`` gives the bytes of a file from its absolute path and the path as written; a compilation passes one that remembers.
    """
    if function == "loadDirectoryFileInfo":
        return load_directory(source, *arguments)
    path = arguments[0]
    target = locate(directory_of(source), path)
    data = target if isinstance(target, Problem) else reader(target, path)
    if isinstance(data, Problem):
        return LoadProblem(data.code, **data.names)
    return _FILE_LOADERS[function](data, path, *arguments[1:])
