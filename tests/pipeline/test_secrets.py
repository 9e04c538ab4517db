"""Secrets in plans: compared by fingerprint, kept when they were added aside, and shown nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import infra_lib as infra
from infra_lib.workloads.secrets import patch_with_secret

APP = (Path(__file__).parent / "zero_noise" / "app.bicep").read_text()
MODULE = """
@secure()
param token string
module inner 'app.bicep' = { name: 'inner', params: { token: token, replicas: 3 } }
"""


@pytest.fixture
def target() -> Iterator[infra.Target]:
    with infra.Target.local() as made:
        yield made


@pytest.fixture
def app(tmp_path: Path) -> Path:
    path = tmp_path / "app.bicep"
    text = APP.replace("param location", "param replicas int = 3\nparam location")
    path.write_text(text.replace("maxReplicas: 3", "maxReplicas: replicas"))
    return path


def plan(path: Path, target: infra.Target, token: str = "first-value", **parameters: Any) -> infra.Plan:
    return infra.plan(path, target=target, resource_group="rg", location="westeurope", parameters={"token": token, **parameters})


def actions(made: infra.Plan) -> list[str]:
    return [change.action for change in made.changes]


def set_secret(target: infra.Target, name: str, value: str) -> None:
    apps = target.container_apps.container_apps
    current = apps.get("rg", "app-noise").as_dict()
    held = apps.list_secrets("rg", "app-noise").value or []
    patch: Any = patch_with_secret(current, held, name, value)
    apps.begin_update("rg", "app-noise", patch).result()


def held(target: infra.Target) -> dict[str, str]:
    return {item.name: item.value for item in target.container_apps.container_apps.list_secrets("rg", "app-noise").value}  # type: ignore[misc]


def test_another_value_of_a_secret_is_a_difference_that_shows_no_value(app: Path, target: infra.Target) -> None:
    plan(app, target).apply()
    assert actions(plan(app, target)) == ["unchanged", "unchanged"]
    changed = plan(app, target, token="second-value")
    assert actions(changed) == ["unchanged", "update"]
    (difference,) = changed.changes[1].differences
    assert difference.to_dict() == {"path": "properties.configuration.secrets[token].value", "before": "***", "after": "***"}
    assert "second-value" not in str(changed.to_dict()) + changed.to_html() + str(changed)
    changed.apply()
    assert held(target) == {"token": "second-value"}
    assert actions(plan(app, target, token="second-value")) == ["unchanged", "unchanged"]


def test_where_no_fingerprint_is_kept_the_plan_says_what_it_does_not_know(app: Path, target: infra.Target) -> None:
    plan(app, target).apply()
    manager = target.manager
    assert manager is not None
    manager.secret_fingerprints = lambda resource_id: {}  # type: ignore[method-assign]
    made = plan(app, target)
    assert actions(made) == ["unchanged", "unchanged"]
    assert made.changes[1].reason.endswith("cannot be read back: properties.configuration.secrets[token].value")


def test_secrets_that_were_added_are_no_difference_and_are_kept_by_an_update(app: Path, target: infra.Target) -> None:
    plan(app, target).apply()
    set_secret(target, "HF_TOKEN", "added-value")
    assert actions(plan(app, target)) == ["unchanged", "unchanged"]
    changed = plan(app, target, replicas=5)
    assert [item.path for item in changed.changes[1].differences] == ["properties.template.scale.maxReplicas"]
    assert "added-value" not in str(changed.deployed_template())
    changed.apply()
    assert held(target) == {"token": "first-value", "hf-token": "added-value"}
    live = target.container_apps.container_apps.get("rg", "app-noise")
    (container,) = live.template.containers
    assert {item.name: item.secret_ref for item in container.env or []}["HF_TOKEN"] == "hf-token"
    assert actions(plan(app, target, replicas=5)) == ["unchanged", "unchanged"]


def test_they_are_kept_in_a_module_too(app: Path, target: infra.Target) -> None:
    main = app.with_name("main.bicep")
    main.write_text(MODULE)
    plan(main, target).apply()
    set_secret(target, "HF_TOKEN", "added-value")
    assert actions(plan(main, target)) == ["unchanged", "unchanged"]
    main.write_text(MODULE.replace("replicas: 3", "replicas: 6"))
    changed = plan(main, target)
    assert actions(changed) == ["unchanged", "update"]
    changed.apply()
    assert held(target) == {"token": "first-value", "hf-token": "added-value"}


def test_a_secret_that_nobody_marked_is_a_difference(app: Path, target: infra.Target) -> None:
    plan(app, target).apply()
    apps = target.container_apps.container_apps
    secrets = [{"name": "token", "value": "first-value"}, {"name": "stray", "value": "x"}]
    patch: Any = {"properties": {"configuration": {"secrets": secrets}}}
    apps.begin_update("rg", "app-noise", patch).result()
    made = plan(app, target)
    assert [item.path for item in made.changes[1].differences] == ["properties.configuration.secrets[stray]"]


def test_what_a_notebook_or_a_debugger_shows_is_short_and_has_no_secret(app: Path, target: infra.Target) -> None:
    made = plan(app, target, token="first-value")
    assert repr(made) == "<Plan for rg in local: 2 to create>"
    for shown in (made, made.source, made.parameters, *made.changes, infra.compile(app), made.apply()):
        assert "first-value" not in repr(shown)
        assert len(repr(shown)) < 1000
