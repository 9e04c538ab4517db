"""What a command line names to plan or provision: a workload of a project, or any file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.cli.targets import choose_resource_group, choose_target
from infra_lib.errors import InputError
from infra_lib.workloads.project import WORKLOADS, Project

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target
    from infra_lib.pipeline import Plan
    from infra_lib.workloads.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """The options that ``plan`` and ``provision`` share, as the command line has them."""

    what: str
    project: Path | None
    resource_group: str | None
    location: str | None
    parameters: Path | None
    set_values: Sequence[str]
    reuse: Sequence[str]
    use: Sequence[str]
    target: str | None
    subscription_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, its target, and the workload when it is one."""

    plan: Plan
    target: Target
    workload: Workload | None

    @property
    def context(self) -> dict[str, Any]:
        """What a saved plan has to know to write the workload's config file."""
        if self.workload is None:
            return {}
        return {"project": str(self.workload.project.folder.resolve()), "workload": self.workload.name}


def make_plan(request: PlanRequest) -> Planned:
    """Choose the target and the resource group, then plan."""
    from infra_lib import pipeline
    from infra_lib.planning.policy import ReusePolicy

    policy = ReusePolicy.parse(request.reuse, request.use)
    if request.what in WORKLOADS:
        project = Project.open(request.project or ".")
        workload = project.workload(request.what)
        project.template_path(request.what)
        project.parameters_path(request.what)
        target = choose_target(request.target, project=project, subscription_id=request.subscription_id)
        configured = workload.configured_resource_group()
        plan = workload.plan(
            target,
            resource_group=choose_resource_group(target, request.resource_group, configured),
            location=request.location,
            parameters=request.parameters,
            set_values=request.set_values,
            policy=policy,
        )
        return Planned(plan=plan, target=target, workload=workload)
    file = _file(request.what)
    project_or_none = Project.open(request.project) if request.project is not None else None
    target = choose_target(request.target, project=project_or_none, subscription_id=request.subscription_id)
    source = pipeline.load(file, parameters=request.parameters)
    plan = pipeline.plan(
        source,
        target=target,
        resource_group=choose_resource_group(target, request.resource_group, None) if source.needs_resource_group else None,
        location=request.location,
        set_values=request.set_values,
        policy=policy,
    )
    return Planned(plan=plan, target=target, workload=None)


def saved_plan(path: Path, *, target: str | None, subscription_id: str | None, set_values: Sequence[str]) -> Planned:
    """The plan of a file that ``infra plan --out`` wrote, held against what exists now; ``set_values`` give its secrets again."""
    from infra_lib.pipeline.plan_file import load_plan, read_plan

    context = read_plan(path)["context"]
    project = Project.open(context["project"]) if context else None
    chosen = choose_target(target, project=project, subscription_id=subscription_id)
    secure = dict(text.partition("=")[::2] for text in set_values)
    plan = load_plan(path, chosen, secure=secure)
    return Planned(plan=plan, target=chosen, workload=project.workload(context["workload"]) if project is not None else None)


def _file(what: str) -> Path:
    path = Path(what)
    if path.suffix in (".bicep", ".bicepparam", ".json"):
        return path
    raise InputError(f"'{what}' is neither a workload (inference, finetuning) nor a .bicep, .bicepparam or .json file.")
