"""What the two workloads have in common: provisioning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from infra_lib import pipeline
from infra_lib.deploy.execute import Deployment
from infra_lib.deploy.progress import Listener, ignore
from infra_lib.planning.policy import ReusePolicy
from infra_lib.workloads.config import WorkloadConfig
from infra_lib.workloads.ledger import Created, Ledger
from infra_lib.workloads.teardown import RESOURCE_GROUP_TYPE

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.project import Project


class Workload:
    """One of a project's workloads; see :class:`~infra_lib.workloads.inference.Inference` and its sibling."""

    name: ClassVar[str]

    def __init__(self, project: Project) -> None:
        self.project = project

    @property
    def config(self) -> WorkloadConfig:
        """The config file as it is now."""
        return self.project.config(self.name)

    def plan(
        self,
        target: Target,
        *,
        resource_group: str,
        location: str | None = None,
        parameters: pipeline.ParametersLike = None,
        overrides: Mapping[str, Any] | None = None,
        set_values: Iterable[str] = (),
        policy: ReusePolicy | None = None,
    ) -> pipeline.Plan:
        """Decide every resource of the workload's template; nothing is written.

        ``parameters`` replaces the project's parameter file, ``overrides`` single values of it, ``set_values`` are
        ``NAME=VALUE`` texts. ``location`` is where the resource group is made if it is missing.
        """
        return pipeline.plan(
            self.project.template_path(self.name),
            parameters=self.project.parameters_path(self.name) if parameters is None else parameters,
            target=target,
            resource_group=resource_group,
            location=location,
            overrides=overrides,
            set_values=set_values,
            inherit=self.inherited(),
            owner=Ledger(self.project.store).owner,
            policy=policy,
        )

    def inherited(self) -> list[Any]:
        """Where values come from that the parameter file leaves null, before the template's defaults; nowhere here."""
        return []

    def configured_resource_group(self) -> str | None:
        """The resource group that the config file names, or None."""
        value = self.config.get("RESOURCE_GROUP_NAME")
        return value if isinstance(value, str) and value else None

    def apply(self, plan: pipeline.Plan, *, listener: Listener = ignore) -> Deployment:
        """Carry out a plan of this workload: deploy, record what is created, write the outputs into the config file.

        What is created is recorded before the deployment, so that `infra down` finds what a failed one left.
        """
        created = [
            Created(id=change.resource.id, type=change.resource.type, api_version=change.resource.api_version)
            for change in plan.changes
            if change.action == "create" and change.resource.is_known
        ]
        if plan.creates_resource_group:
            created.insert(0, Created(id=str(plan.scope.id), type=RESOURCE_GROUP_TYPE, api_version=""))
        if created and not plan.conflicts:
            Ledger(self.project.store).add(plan.target.name, created, owner=plan.owner)
        deployment = plan.apply(listener=listener)
        config = self.config
        config.write(config.merged(deployment.outputs))
        return deployment

    def provision(
        self,
        target: Target,
        *,
        resource_group: str,
        location: str | None = None,
        parameters: pipeline.ParametersLike = None,
        overrides: Mapping[str, Any] | None = None,
        policy: ReusePolicy | None = None,
        listener: Listener = ignore,
    ) -> Deployment:
        """Plan, deploy what has to change, and write the config file. Raises PlanError for a plan with conflicts."""
        plan = self.plan(
            target, resource_group=resource_group, location=location, parameters=parameters, overrides=overrides, policy=policy
        )
        return self.apply(plan, listener=listener)
