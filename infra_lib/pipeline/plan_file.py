"""A plan on disk: what was reviewed, so that exactly that is applied later, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.errors import InputError, PlanError
from infra_lib.planning.policy import ReusePolicy

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target
    from infra_lib.pipeline.planning import Plan

FORMAT = 2
MAXIMUM_AGE = timedelta(days=7)


def save_plan(plan: Plan, path: str | Path, *, context: Mapping[str, Any] | None = None) -> None:
    """Write a plan. Values of secure parameters are not in it: whoever applies it gives them again.

    ``context`` is kept for the caller (JSON data). Raises InputError where the file cannot be written.
    """
    from infra_lib.parameters.atomic import write_atomic

    secure = plan.parameters.secure
    document = {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "file": str(plan.source.path.resolve()),
        "target": plan.target.name,
        "resourceGroup": plan.resource_group,
        "location": plan.location,
        "owner": plan.owner,
        "template": _digest(plan.source.template),
        "parameters": {name: value for name, value in plan.parameters.parameters.items() if name not in secure},
        "secure": sorted(name for name in plan.parameters.parameters if name in secure),
        "policy": {
            "default": plan.policy.default, "by_name": dict(plan.policy.by_name), "bindings": dict(plan.policy.bindings),
        },
        "live": {key: _digest([state.status, state.body]) for key, state in sorted(plan.live.items())},
        **plan.to_dict(),
        "context": dict(context or {}),
    }  # fmt: skip
    document["digest"] = _digest(document)
    write_atomic(path, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())


def read_plan(path: str | Path) -> dict[str, Any]:
    """The document of a plan file. Raises InputError for a file that is none, was edited, or is too old."""
    file = Path(path)
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"{file} is no plan file: write one with `infra plan ... --out {file}`.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f"{file} is no plan file of this version: write one with `infra plan ... --out {file}`.")
    if document.get("digest") != _digest({key: value for key, value in document.items() if key != "digest"}):
        raise InputError(f"{file} was edited after it was written: plan again and review that.")
    age = datetime.now(UTC) - datetime.fromisoformat(document["created"])
    if age > MAXIMUM_AGE:
        raise InputError(f"{file} is {age.days} days old; a plan is good for {MAXIMUM_AGE.days}: plan again and review that.")
    return document


def load_plan(path: str | Path, target: Target, *, secure: Mapping[str, Any] | None = None) -> Plan:
    """Make a saved plan anew and hold it against what was reviewed.

    ``secure`` are the values of its secure parameters by name. Raises InputError for a file that cannot be used and PlanError,
    with the reason, when the template, the target or the live state has changed since.
    """
    from infra_lib.pipeline.planning import plan as make_plan

    document = read_plan(path)
    given = dict(secure or {})
    missing = [name for name in document["secure"] if name not in given]
    if missing:
        raise InputError(f"{path} does not hold secret values: give {', '.join(missing)} again (--set {missing[0]}=...).")
    if document["target"] != target.name:
        raise PlanError(f"{path} is a plan for {document['target']}, not for {target.name}.")
    values = {**document["parameters"], **{name: {"value": given[name]} for name in document["secure"]}}
    plan = make_plan(
        document["file"],
        parameters=values,
        target=target,
        resource_group=document["resourceGroup"],
        location=document["location"],
        owner=document["owner"],
        policy=ReusePolicy(**document["policy"]),
        environment={},
    )
    if _digest(plan.source.template) != document["template"]:
        raise PlanError(f"{document['file']} has changed since {path} was written: plan again and review that.")
    moved = [key for key, state in plan.live.items() if document["live"].get(key) != _digest([state.status, state.body])]
    if moved or set(document["live"]) != set(plan.live) or plan.to_dict()["changes"] != document["changes"]:
        what = f" ({', '.join(key.rpartition('/providers/')[2] for key in moved[:3])})" if moved else ""
        raise PlanError(f"What exists has changed since {path} was written{what}: plan again and review that.")
    return plan


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
