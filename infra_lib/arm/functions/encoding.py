"""Base64 and data URIs."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import unquote_to_bytes

from infra_lib.arm.functions.arguments import text_argument
from infra_lib.arm.functions.json_text import JsonError, read_json
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.functions.strings import text_value

_blank = str.maketrans("", "", " \t\r\n")
_base64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")
_data_uri = re.compile(r"data:(?P<parameters>[^,]*),(?P<data>.*)\Z", re.DOTALL | re.IGNORECASE)
_CHARSETS = ("utf-8", "utf8")


def _encode(text: str) -> str:
    return b64encode(text.encode("utf-8", "replace")).decode("ascii")


def _decode(function: str, text: str) -> str:
    compact = text.translate(_blank)
    if not _base64.match(compact):
        raise FunctionError(f"{function}() takes base64 text with its padding; this is not: {text[:40]!r}.", argument=0)
    return b64decode(compact).decode("utf-8", "replace")


def _to_base64(args: list[Any]) -> str:
    return _encode(text_argument("base64", args, 0))


def _base64_to_string(args: list[Any]) -> str:
    return _decode("base64ToString", text_argument("base64ToString", args, 0))


def _base64_to_json(args: list[Any]) -> Any:
    text = _decode("base64ToJson", text_argument("base64ToJson", args, 0))
    try:
        return read_json(text)
    except JsonError as error:
        raise FunctionError(f"base64ToJson() cannot read the decoded text: {error}.", argument=0) from None


def _to_data_uri(args: list[Any]) -> str:
    media_type = "text/plain" if type(args[0]) is str else "application/json"
    return f"data:{media_type};charset=utf-8;base64,{_encode(text_value('dataUri', args[0]))}"


def _data_uri_to_string(args: list[Any]) -> str:
    text = text_argument("dataUriToString", args, 0)
    found = _data_uri.match(text)
    if not found:
        raise FunctionError(f"dataUriToString() takes a text like 'data:text/plain;base64,…', not {text[:40]!r}.", argument=0)
    _, *parameters = found["parameters"].split(";")
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset" and value.strip().lower() not in _CHARSETS:
            raise FunctionError(f"dataUriToString() knows the charset utf-8 alone, not {value!r}.", argument=0)
    if parameters and parameters[-1].strip().lower() == "base64":
        return _decode("dataUriToString", found["data"])
    return unquote_to_bytes(found["data"].replace("+", " ")).decode("utf-8", "replace")


CALLS = {
    "base64": _to_base64,
    "base64ToJson": _base64_to_json,
    "base64ToString": _base64_to_string,
    "dataUri": _to_data_uri,
    "dataUriToString": _data_uri_to_string,
}
