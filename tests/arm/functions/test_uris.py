from __future__ import annotations

from typing import Any

import pytest

from .calling import Case, call, check, check_refusal


def _parts(scheme: str, host: str, port: int | None = None, **others: str) -> dict[str, Any]:
    return {"scheme": scheme, "host": host, "port": port, **others}


CASES: list[Case] = [
    ("parseUri", ["https://example.com"], _parts("https", "example.com")),
    ("parseUri", ["https://example.com:443/"], _parts("https", "example.com")),
    (
        "parseUri",
        ["https://user:pw@EXAMPLE.com:8443/A%20b/é?x=1&y=a b#f"],
        _parts("https", "example.com", 8443, path="/A%20b/%C3%A9", query="?x=1&y=a%20b"),
    ),
    ("parseUri", ["http://example.com:80/a/../b/"], _parts("http", "example.com", path="/b/")),
    ("parseUri", ["http://[::1]:8080/x"], _parts("http", "[::1]", 8080, path="/x")),
    ("parseUri", ["https://München.de/ä"], _parts("https", "münchen.de", path="/%C3%A4")),
    ("parseUri", ["https://example.com/?"], _parts("https", "example.com", query="?")),
    ("parseUri", ["/x"], _parts("file", "", path="/x")),
    ("parseUri", [" HTTP:\\\\a\\b?c\\d "], _parts("http", "a", path="/b", query="?c%5Cd")),
    ("buildUri", [_parts("https", "b.com", 8443, path="/a b/é", query="?x=1")], "https://b.com:8443/a b/é?x=1"),
    ("buildUri", [_parts("https", "b.com", 443, path="a", query="x=1")], "https://b.com/a?x=1"),
    ("buildUri", [_parts("https", "b.com", -1)], "https://b.com/"),
    ("buildUri", [{"Scheme": "HTTP", "host": "B.com", "port": 80, "path": "", "query": ""}], "http://b.com/"),
    ("uri", ["http://contoso.org/firstpath", "myscript.sh"], "http://contoso.org/myscript.sh"),
    ("uri", ["http://contoso.org/firstpath/", "myscript.sh"], "http://contoso.org/firstpath/myscript.sh"),
    ("uri", ["http://contoso.org/firstpath/azuredeploy.json", "myscript.sh/"], "http://contoso.org/firstpath/myscript.sh/"),
    ("uri", ["HTTPS://Contoso.org:443/a/b/", "../cé d"], "https://contoso.org/a/c%C3%A9%20d"),
    ("uri", ["https://a.b/c?x#y", "?q"], "https://a.b/c?q"),
    ("uri", ["https://a.b/c?x", ""], "https://a.b/c?x"),
    ("uri", ["https://a.b/c/d", "/e/./f?g#h"], "https://a.b/e/f?g#h"),
    ("uri", ["https://a.b/c", "//d.e/f"], "https://d.e/f"),
    ("uri", ["https://a.b/c", "http://d.e"], "http://d.e/"),
    ("uri", ["https://a.b", "c"], "https://a.b/c"),
    ("uriComponent", [":/?#[]@!$&'()*+,;="], "%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D"),
    ("uriComponent", ["AZaz09-_.~"], "AZaz09-_.~"),
    ("uriComponent", ["é😀ß\t%"], "%C3%A9%F0%9F%98%80%C3%9F%09%25"),
    ("uriComponentToString", ["%C3%A9%20a%2Fb"], "é a/b"),
    ("uriComponentToString", ["a+b%2Bc"], "a b+c"),
    ("uriComponentToString", ["%2 %zz %"], "%2 %zz %"),
    ("uriComponentToString", ["%FF"], "\ufffd"),
]

REFUSALS: list[Case] = [
    ("parseUri", ["x/y"], "ArgumentValue"),
    ("parseUri", ["https://"], "ArgumentValue"),
    ("parseUri", ["https://a:99999/"], "ArgumentValue"),
    ("parseUri", ["https://a b/"], "ArgumentValue"),
    ("parseUri", ["http://[::g]/"], "ArgumentValue"),
    ("parseUri", [None], "ArgumentType"),
    ("buildUri", ["https://a"], "ArgumentType"),
    ("buildUri", [{"scheme": "https", "host": 1}], "ArgumentType"),
    ("buildUri", [{"scheme": "https", "host": "a", "port": "80"}], "ArgumentType"),
    ("buildUri", [{"scheme": "https", "host": "a", "port": 65536}], "ArgumentValue"),
    ("buildUri", [{}], "ArgumentValue"),
    ("uri", ["a/b", "c"], "ArgumentValue"),
    ("uri", ["https://a", 1], "ArgumentType"),
    ("uriComponent", [1], "ArgumentType"),
    ("uriComponentToString", [None], "ArgumentType"),
]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)


def test_what_is_parsed_can_be_built_again() -> None:
    parsed = call("parseUri", "https://api.example.com:444/v1/items?top=5&filter=a%20b#x")
    assert call("buildUri", parsed) == "https://api.example.com:444/v1/items?top=5&filter=a b"
