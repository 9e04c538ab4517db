"""Functions of URIs, which normalise and escape as .NET's Uri does."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus

from infra_lib.arm.functions.arguments import object_argument, text_argument, wrong_type
from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.values import MISSING, get_member, to_lower, type_name

_DEFAULT_PORTS = {
    "ftp": 21, "gopher": 70, "http": 80, "https": 443, "ldap": 389, "net.tcp": 808, "nntp": 119, "telnet": 23, "ws": 80,
    "wss": 443,
}  # fmt: skip
_FILE = "file"
_HIERARCHICAL = frozenset(_DEFAULT_PORTS) | {_FILE}
_MAXIMUM_PORT = 65535
_UNRESERVED = "-_.~"
_RESERVED = ":/?#[]@!$&'()*+,;="

_URI = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?P<rest>.*)\Z", re.DOTALL)
_AUTHORITY = re.compile(r"(?:(?P<user>[^@]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]@]*)(?::(?P<port>[0-9]*))?\Z")
_HOST = re.compile(r"[^\x00-\x20\x7f\"<>\\^`{|}%/?#]*\Z")
_PARTS = re.compile(r"(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>\#.*)?\Z", re.DOTALL)
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPED_RUN = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


class _Uri(NamedTuple):
    """An absolute URI, normalised and escaped. ``authority``: it has ``//``. ``port`` is None for the scheme's own."""

    scheme: str
    authority: bool
    user: str
    host: str
    port: int | None
    path: str
    query: str
    fragment: str

    def text(self) -> str:
        user = f"{self.user}@" if self.user else ""
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}:{'//' if self.authority else ''}{user}{self.host}{port}{self.path}{self.query}{self.fragment}"


def _escape(text: str) -> str:
    """``text`` with all but reserved and unreserved characters escaped; escapes stay, those of unreserved characters go."""

    def known(found: re.Match[str]) -> str:
        character = chr(int(found[0][1:], 16))
        return character if character.isascii() and (character.isalnum() or character in _UNRESERVED) else found[0]

    kept = _ESCAPED.sub(known, re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text))
    return quote(kept, safe=_UNRESERVED + _RESERVED + "%", errors="replace")


def _readable(text: str) -> str:
    """``text`` with escapes undone, except those of reserved and control characters and of the percent sign."""

    def undo(found: re.Match[str]) -> str:
        decoded = bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "surrogateescape")
        return "".join([_kept_escape(character) for character in decoded])

    return _ESCAPED_RUN.sub(undo, text)


def _kept_escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"%{code - 0xDC00:02X}"
    if character in _RESERVED or character in "%\\" or code <= 0x1F or 0x7F <= code <= 0x9F:
        return "".join(f"%{byte:02X}" for byte in character.encode())
    return character


def _without_dots(path: str) -> str:
    """A path without ``.`` and ``..`` segments."""
    result: list[str] = []
    segments = path.split("/")
    for position, segment in enumerate(segments):
        if segment in (".", ".."):
            if segment == ".." and len(result) > 1:
                result.pop()
            if position == len(segments) - 1:
                result.append("")
        else:
            result.append(segment)
    return "/".join(result)


def _normal_host(host: str) -> str | None:
    """A host in lower case, an IPv6 address in its shortest form; None if it is not a host."""
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            return None
    return to_lower(host) if _HOST.match(host) else None


def _parse(text: str) -> _Uri | None:
    """An absolute URI; None if the text is none. A path from the root is one of the scheme ``file``."""
    text = text.strip(" \t\r\n")
    if text.startswith("/") and not text.startswith("//"):
        text = f"file://{text}"
    found = _URI.match(text)
    if not found:
        return None
    scheme, rest = found["scheme"].lower(), found["rest"]
    known = scheme in _HIERARCHICAL
    if known:
        head, mark, tail = _divide(rest)
        rest = head.replace("\\", "/") + mark + tail
    if not rest.startswith("//"):
        return None if known else _opaque(scheme, rest)
    authority, path = re.match(r"([^/?#]*)(.*)\Z", rest[2:], re.DOTALL).groups()  # type: ignore[union-attr]
    parts = _AUTHORITY.match(authority)
    host = _normal_host(parts["host"]) if parts else None
    if parts is None or host is None or (not host and known and scheme != _FILE):
        return None
    port = int(parts["port"]) if parts["port"] and len(parts["port"]) < 8 else None
    if (parts["port"] and port is None) or (port or 0) > _MAXIMUM_PORT:
        return None
    uri = _opaque(scheme, path)._replace(authority=True, user=_escape(parts["user"] or ""), host=host)
    uri = uri._replace(path=_without_dots(uri.path or ("/" if known else "")))
    return uri._replace(port=None if port == _DEFAULT_PORTS.get(scheme) else port)


def _divide(text: str) -> tuple[str, str, str]:
    """A text before its query or fragment, the mark that begins these, and the rest."""
    found = re.search(r"[?#]", text)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")


def _opaque(scheme: str, text: str) -> _Uri:
    """A URI of path, query and fragment."""
    path, query, fragment = (_escape(part or "") for part in _PARTS.match(text).groups())  # type: ignore[union-attr]
    return _Uri(scheme, False, "", "", None, path, query, fragment)


def _absolute(function: str, text: str, argument: int = 0) -> _Uri:
    uri = _parse(text)
    if uri is None:
        raise FunctionError(
            f"{function}() takes an absolute URI such as 'https://contoso.com/path', not {text!r}.", argument=argument
        )
    return uri


def _uri(args: list[Any]) -> str:
    base = _absolute("uri", text_argument("uri", args, 0))
    relative = text_argument("uri", args, 1).strip(" \t\r\n")
    if relative.startswith("//"):
        return _absolute("uri", f"{base.scheme}:{relative}", 1).text()
    other = _parse(relative) if _URI.match(relative) else None
    if other is not None:
        return other.text()
    path, query, fragment = (part or "" for part in _PARTS.match(relative).groups())  # type: ignore[union-attr]
    path = path.replace("\\", "/") if base.scheme in _HIERARCHICAL else path
    if not path:
        joined, query = base.path, _escape(query) or base.query
    elif path.startswith("/"):
        joined, query = _without_dots(_escape(path)), _escape(query)
    else:
        folder = base.path[: base.path.rfind("/") + 1] or "/"
        joined, query = _without_dots(folder + _escape(path)), _escape(query)
    return base._replace(path=joined, query=query, fragment=_escape(fragment)).text()


def _parse_uri(args: list[Any]) -> dict[str, Any]:
    uri = _absolute("parseUri", text_argument("parseUri", args, 0))
    result: dict[str, Any] = {"scheme": uri.scheme, "host": uri.host, "port": uri.port}
    if uri.path not in ("", "/"):
        result["path"] = uri.path
    if uri.query:
        result["query"] = uri.query
    return result


def _component(components: dict[str, Any], name: str) -> str:
    value = get_member(components, name)
    if value is MISSING or value is None:
        return ""
    if type(value) is not str:
        raise FunctionError(
            f"buildUri() takes a string as {name}, not a value of type {type_name(value)}.", "ArgumentType", argument=0
        )
    return value


def _build_uri(args: list[Any]) -> str:
    components = object_argument("buildUri", args, 0)
    scheme, host, path, query = (_component(components, name) for name in ("scheme", "host", "path", "query"))
    port = get_member(components, "port")
    if type(port) is bool or (type(port) is int and not -1 <= port <= _MAXIMUM_PORT):
        raise FunctionError(f"buildUri() takes a port from -1 (the scheme's own) to {_MAXIMUM_PORT}, not {port}.", argument=0)
    if port is not MISSING and port is not None and type(port) is not int:
        raise wrong_type("buildUri", 0, port, "an integer as port")
    shown_port = f":{port}" if type(port) is int and port >= 0 else ""
    path = path.replace("\\", "/").replace("?", "%3F").replace("#", "%23")
    query = query if query.startswith("?") or not query else f"?{query}"
    text = f"{scheme}://{host}{shown_port}{'' if path.startswith('/') else '/'}{path}{query}"
    return _readable(_absolute("buildUri", text).text())


def _uri_component(args: list[Any]) -> str:
    return quote(text_argument("uriComponent", args, 0), safe=_UNRESERVED, errors="replace")


def _uri_component_to_string(args: list[Any]) -> str:
    return unquote_plus(text_argument("uriComponentToString", args, 0))


CALLS = {
    "buildUri": _build_uri,
    "parseUri": _parse_uri,
    "uri": _uri,
    "uriComponent": _uri_component,
    "uriComponentToString": _uri_component_to_string,
}
