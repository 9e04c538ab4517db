"""Plans through the SDK against the embedded Resource Manager: no noise, conflicts before the first write, saved plans."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import infra_lib as infra
from infra_lib.cli.main import run
from infra_lib.errors import InputError, PlanError
from infra_lib.local.context import Fault
from infra_lib.planning.policy import ReusePolicy

NOISE = sorted((Path(__file__).parent / "zero_noise").glob("*.bicep"))
ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "templates" / "inference.bicep"
COMMANDS = {"defaultCommands": ["python3 chat.py"]}

ACCOUNT = """
param tls string = 'TLS1_2'
param place string = 'westeurope'
resource account 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: 'stplantest'
  location: place
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: { minimumTlsVersion: tls }
}
resource share 'Microsoft.Storage/storageAccounts/fileServices/shares@2023-01-01' = {
  name: '${account.name}/default/data'
  properties: { shareQuota: 10 }
}
output endpoint string = account.properties.primaryEndpoints.file
"""


@pytest.fixture
def target() -> Iterator[infra.Target]:
    with infra.Target.local() as made:
        yield made


@pytest.fixture
def account(tmp_path: Path) -> Path:
    path = tmp_path / "account.bicep"
    path.write_text(ACCOUNT)
    return path


def plan(path: Path, target: infra.Target, parameters: dict[str, Any] | None = None, **options: Any) -> infra.Plan:
    return infra.plan(path, target=target, resource_group="rg", location="westeurope", parameters=parameters, **options)


def actions(made: infra.Plan) -> list[str]:
    return [change.action for change in made.changes]


@pytest.mark.parametrize("path", NOISE, ids=lambda path: path.stem)
def test_a_second_plan_after_a_deployment_is_empty(path: Path, target: infra.Target) -> None:
    parameters = {"token": "a-secret"} if path.stem == "app" else None
    first = plan(path, target, parameters)
    assert set(actions(first)) == {"create"}
    outputs = first.apply().outputs
    second = plan(path, target, parameters)
    assert {change.resource.name: change.reason for change in second.changes if change.action != "unchanged"} == {}
    again = second.apply()
    assert again.sent is False
    assert again.outputs == outputs


def test_there_are_ten_templates_of_common_services() -> None:
    assert len(NOISE) == 10


def test_a_difference_is_written_and_what_waits_for_it_is_left(account: Path, target: infra.Target) -> None:
    plan(account, target).apply()
    changed = plan(account, target, {"tls": "TLS1_0"})
    assert actions(changed) == ["update", "unchanged"]
    sent = changed.deployed_template()
    assert [raw.get("existing", False) for raw in sent["resources"].values()] == [False, True]
    changed.apply()
    assert actions(plan(account, target, {"tls": "TLS1_0"})) == ["unchanged", "unchanged"]


def test_what_cannot_change_is_a_conflict_and_nothing_is_written(account: Path, target: infra.Target) -> None:
    plan(account, target).apply()
    moved = plan(account, target, {"place": "northeurope"})
    assert actions(moved) == ["conflict", "unchanged"]
    assert "location" in moved.conflicts[0].reason
    with pytest.raises(PlanError, match="nothing was written"):
        moved.apply()


def test_a_name_that_somebody_else_has_is_a_conflict(account: Path, target: infra.Target) -> None:
    infra.plan(account, target=target, resource_group="other", location="westeurope").apply()
    target.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    taken = plan(account, target)
    assert taken.conflicts[0].resource.name == "stplantest"
    assert "already taken" in taken.conflicts[0].reason


def test_a_profile_that_the_location_does_not_offer_is_a_conflict(target: infra.Target) -> None:
    made = infra.plan(SAMPLE, target=target, resource_group="rg", location="koreasouth", parameters=COMMANDS)
    assert [change.resource.type for change in made.conflicts] == ["Microsoft.App/managedEnvironments"]
    assert "koreasouth does not offer" in made.conflicts[0].reason


def test_a_quota_that_is_short_is_a_conflict(target: infra.Target) -> None:
    assert target.manager is not None
    target.manager.set_quota("SubscriptionDedicatedNCA100Gpus", 1)
    made = plan(SAMPLE, target, COMMANDS)
    assert "may scale to 2 GPUs" in made.conflicts[0].reason


def test_a_resource_that_may_not_be_read_is_a_finding_and_not_a_crash(account: Path, target: infra.Target) -> None:
    plan(account, target).apply()
    assert target.manager is not None
    refusal = Fault(
        method="GET", path="*/storageAccounts/stplantest", code="AuthorizationFailed", message="No.", status=403, times=9
    )
    target.manager.inject(refusal)
    made = plan(account, target)
    assert actions(made) == ["conflict", "unchanged"]
    assert "cannot be read: AuthorizationFailed" in made.conflicts[0].reason


def test_a_busy_resource_is_tried_again_and_the_listener_is_told(account: Path, target: infra.Target) -> None:
    assert target.manager is not None
    busy = Fault(
        method="PUT", path="*/storageAccounts/stplantest", code="AnotherOperationInProgress", message="Busy.", status=409, times=2
    )
    target.manager.inject(busy)
    events: list[infra.Event] = []
    deployment = plan(account, target).apply(listener=events.append)
    assert deployment.sent
    assert [event.state for event in events].count("retrying") == 2


def test_a_failed_deployment_says_what_failed_where(account: Path, target: infra.Target) -> None:
    assert target.manager is not None
    fault = Fault(method="PUT", path="*/shares/data", code="ShareBroken", message="It broke.", status=400, times=9)
    target.manager.inject(fault)
    with pytest.raises(infra.DeploymentError, match="ShareBroken") as caught:
        plan(account, target).apply()
    assert any("It broke." in cause for cause in caught.value.causes)


def test_keep_writes_nothing_to_what_exists(account: Path, target: infra.Target) -> None:
    plan(account, target).apply()
    kept = plan(account, target, {"tls": "TLS1_0"}, policy=ReusePolicy.parse(["stplantest=keep"]))
    assert actions(kept) == ["keep", "unchanged"]
    assert kept.apply().sent is False


def test_a_saved_plan_is_applied_as_it_was_reviewed(account: Path, target: infra.Target, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    plan(account, target).save(file)
    loaded = infra.load_plan(file, target)
    assert actions(loaded) == ["create", "create"]
    loaded.apply()
    with pytest.raises(PlanError, match="changed since"):
        infra.load_plan(file, target)


def test_a_saved_plan_that_was_edited_or_is_of_another_template_is_refused(
    account: Path, target: infra.Target, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    plan(account, target).save(file)
    edited = tmp_path / "edited.json"
    edited.write_text(file.read_text().replace('"create"', '"keep"', 1))
    with pytest.raises(InputError, match="was edited"):
        infra.load_plan(edited, target)
    account.write_text(ACCOUNT.replace("shareQuota: 10", "shareQuota: 20"))
    with pytest.raises(PlanError, match="has changed since"):
        infra.load_plan(file, target)
    with pytest.raises(InputError, match="no plan file"):
        infra.load_plan(account, target)


def test_a_saved_plan_holds_no_secret(target: infra.Target, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    app = next(path for path in NOISE if path.stem == "app")
    plan(app, target, {"token": "do-not-write-me"}).save(file)
    assert "do-not-write-me" not in file.read_text()
    with pytest.raises(InputError, match="give token again"):
        infra.load_plan(file, target)
    assert actions(infra.load_plan(file, target, secure={"token": "do-not-write-me"})) == ["create", "create"]


def test_a_secret_shows_nowhere(target: infra.Target) -> None:
    app = next(path for path in NOISE if path.stem == "app")
    made = plan(app, target, {"token": "do-not-show-me"})
    made.apply()
    for text in (str(made), made.to_html(), repr(made.to_dict()), repr(made), made._repr_html_()):
        assert "do-not-show-me" not in text


def test_the_page_has_the_table_the_picture_and_where_values_come_from(target: infra.Target) -> None:
    page = plan(SAMPLE, target, COMMANDS).to_html()
    assert page.count("<rect ") == 7
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "the template&#x27;s default" in page


def test_the_terminal_says_where_values_come_from_and_what_is_registered(
    account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INFRA_TARGET", raising=False)
    assert run(["plan", str(account), "-g", "rg", "-l", "westeurope", "--set", "tls=TLS1_0"]) == 0
    shown = " ".join(capsys.readouterr().err.split())
    assert "tls \"TLS1_0\"" in shown.replace("'", '"')
    assert 'place "westeurope" the template\'s default' in shown
    assert "Resource group rg is created in westeurope." in shown


def test_drift_has_an_exit_status_of_its_own(account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INFRA_TARGET", raising=False)
    command = ["plan", str(account), "-g", "rg", "-l", "westeurope", "--detect-drift"]
    assert run(command) == 3
    assert run(["provision", str(account), "-g", "rg", "-l", "westeurope"]) == 0
    assert run(command) == 0
    assert run([*command, "--set", "tls=TLS1_0"]) == 3
    assert run([*command, "--set", "place=northeurope"]) == 1
    assert run([*command, "--set", "tls"]) == 2


def test_a_plan_with_a_conflict_prints_its_json_all_the_same(
    account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INFRA_TARGET", raising=False)
    assert run(["provision", str(account), "-g", "rg", "-l", "westeurope"]) == 0
    capsys.readouterr()
    assert run(["plan", str(account), "-g", "rg", "--set", "place=northeurope", "--json"]) == 1
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert [change["action"] for change in changes] == ["conflict", "unchanged"]
    assert changes[0]["differences"] == [{"path": "location", "before": "westeurope", "after": "northeurope"}]
