"""Deploying in a test, and looking at what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from infra_lib import pipeline
from infra_lib.deploy.discover import discover
from infra_lib.deploy.execute import Deployment
from infra_lib.deploy.target import Target
from infra_lib.planning.policy import ReusePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedResource:
    """A resource as Resource Manager has it after the deployment; ``body`` is all of it."""

    id: str
    type: str
    name: str
    body: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its ``properties``; empty where it has none."""
        found = self.body.get("properties")
        return found if isinstance(found, Mapping) else {}

    @property
    def location(self) -> str | None:
        """Its location, None for a resource without one."""
        return self.body.get("location")

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        return self.body.get("tags") or {}

    def __getitem__(self, key: str) -> Any:
        return self.body[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployResult:
    """What a deployment in a test came to: its outputs, the plan that was applied, and every resource of the template."""

    outputs: Mapping[str, Any]
    plan: pipeline.Plan
    deployment: Deployment
    resources: tuple[DeployedResource, ...]

    def resource(self, wanted: str) -> DeployedResource:
        """The one resource of that type or name, in any letter case. Raises LookupError for none and for several."""
        key = wanted.lower()
        found = [item for item in self.resources if key in _keys(item)]
        if len(found) == 1:
            return found[0]
        what = ", ".join(f"{item.type} '{item.name}'" for item in found or self.resources)
        raise LookupError(f"{'several resources are' if found else 'no resource is'} '{wanted}': there is {what or 'nothing'}")

    def all(self, type_name: str) -> tuple[DeployedResource, ...]:
        """Every resource of that type, in any letter case."""
        return tuple(item for item in self.resources if item.type.lower() == type_name.lower())


def _keys(item: DeployedResource) -> tuple[str, str, str]:
    name = item.name.lower()
    return item.type.lower(), name, name.rpartition("/")[2]


class LocalArm:
    """An embedded Resource Manager for a test, with one resource group made as it is needed."""

    def __init__(self, *, resource_group: str = "rg-test", location: str = "westeurope") -> None:
        self.target = Target.local()
        self.resource_group = resource_group
        self.location = location

    def __enter__(self) -> LocalArm:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything."""
        self.target.close()

    def plan(
        self,
        file: str | Path,
        parameters: pipeline.ParametersLike = None,
        *,
        resource_group: str | None = None,
        reuse: Sequence[str] = (),
    ) -> pipeline.Plan:
        """What a deployment of a .bicep, .bicepparam or .json file would change now."""
        return pipeline.plan(
            file,
            parameters=parameters,
            target=self.target,
            resource_group=resource_group or self.resource_group,
            location=self.location,
            policy=ReusePolicy.parse(reuse),
        )

    def deploy(
        self,
        file: str | Path,
        parameters: pipeline.ParametersLike = None,
        *,
        resource_group: str | None = None,
        reuse: Sequence[str] = (),
    ) -> DeployResult:
        """Deploy a .bicep, .bicepparam or .json file; ``parameters`` are values by name, a typed object or a file.

        Raises what a deployment to Azure raises: BicepError, ParameterError, TemplateError, PlanError, DeploymentError.
        """
        plan = self.plan(file, parameters, resource_group=resource_group, reuse=reuse)
        deployment = plan.apply()
        wanted = [change.resource for change in plan.changes]
        live = discover(self.target, [(item.id, item.api_version) for item in wanted])
        resources = tuple(
            DeployedResource(id=item.id, type=item.type, name=item.name, body=live[item.id.lower()].body)
            for item in wanted
            if live[item.id.lower()].status == "present"
        )
        return DeployResult(outputs=deployment.outputs, plan=plan, deployment=deployment, resources=resources)
