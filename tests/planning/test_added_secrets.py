"""Secrets that were added aside stay with a resource whose declaration has expressions for its lists; else it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from infra_lib.planning.added_secrets import KEPT_PARAMETER, keep_added, marked
from infra_lib.planning.rewrite import CannotRewriteError

ADDED = {"id": "/x/app", "key": "k", "names": ["hf"], "variables": [{"name": "HF", "secretRef": "hf"}]}


def kept(properties: Any) -> dict[str, Any]:
    template = {"$schema": "s", "resources": [{"type": "Microsoft.App/containerApps", "name": "app", "properties": properties}]}
    return keep_added(template, {"resources[0]": ADDED})


def test_declared_lists_get_one_more_item() -> None:
    changed = kept({"configuration": {"secrets": [{"name": "own"}]}, "template": {"containers": [{"name": "web"}]}})
    (app,) = changed["resources"]
    assert app["tags"] == {"infra-lib-secrets": "hf"}
    assert app["properties"]["configuration"]["secrets"] == [{"name": "own"}, f"[parameters('{KEPT_PARAMETER}')['k'][0]]"]
    assert app["properties"]["template"]["containers"] == [{"name": "web", "env": [{"name": "HF", "secretRef": "hf"}]}]
    assert changed["parameters"] == {KEPT_PARAMETER: {"type": "secureObject"}}


def test_expressions_for_lists_are_joined() -> None:
    properties = kept({"configuration": {"secrets": "[parameters('s')]"}, "template": {"containers": "[parameters('c')]"}})[
        "resources"
    ][0]["properties"]
    assert properties["configuration"]["secrets"].startswith("[concat(coalesce(parameters('s'), createArray()), ")
    assert properties["template"]["containers"].startswith("[map(parameters('c'), lambda('item', union(")


@pytest.mark.parametrize("properties", ["[parameters('p')]", {"configuration": "[parameters('p')]"}, None])
def test_where_they_would_be_lost_it_is_refused(properties: Any) -> None:
    with pytest.raises(CannotRewriteError, match="'app' was given secrets"):
        kept(properties)


def test_the_mark_grows_with_each_secret() -> None:
    assert marked(None, "b") == {"infra-lib-secrets": "b"}
    assert marked({"infra-lib-secrets": "b"}, "a") == {"infra-lib-secrets": "a b"}
