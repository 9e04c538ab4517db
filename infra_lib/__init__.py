"""Bicep deployments from Python.

    import infra_lib as infra

    plan = infra.plan("main.bicep", parameters={...}, target=infra.Target.local(), resource_group="rg", location="westeurope")
    deployment = plan.apply()

The names below are imported when they are first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra_lib.arm.scopes import ManagementGroupScope, ResourceGroupScope, SubscriptionScope, TenantScope
    from infra_lib.arm.snapshot import Snapshot
    from infra_lib.deploy.execute import Deployment
    from infra_lib.deploy.progress import Event
    from infra_lib.deploy.target import Target
    from infra_lib.diagnostics import Diagnostic
    from infra_lib.errors import (
        BicepError,
        DeploymentError,
        InfraError,
        InputError,
        ParameterError,
        PlanError,
        SyncError,
        TemplateError,
    )
    from infra_lib.parameters import ParameterFile
    from infra_lib.parameters.toolkit import FinetuningParameters, InferenceParameters
    from infra_lib.pipeline import (
        ParametersDocument,
        Plan,
        Template,
        compile,
        load_plan,
        parameters_for,
        plan,
        snapshot,
        validate,
    )
    from infra_lib.planning.model import Change, Difference
    from infra_lib.planning.policy import ReusePolicy
    from infra_lib.workloads.project import Project
    from infra_lib.workloads.sync.download import DownloadResult
    from infra_lib.workloads.sync.model import SyncEvent, SyncPlan, SyncResult

_MODULES = {
    "BicepError": "errors",
    "Change": "planning.model",
    "Deployment": "deploy.execute",
    "DeploymentError": "errors",
    "Diagnostic": "diagnostics",
    "Difference": "planning.model",
    "DownloadResult": "workloads.sync.download",
    "Event": "deploy.progress",
    "FinetuningParameters": "parameters.toolkit",
    "InferenceParameters": "parameters.toolkit",
    "InfraError": "errors",
    "InputError": "errors",
    "ManagementGroupScope": "arm.scopes",
    "ParameterError": "errors",
    "ParameterFile": "parameters",
    "ParametersDocument": "pipeline",
    "Plan": "pipeline",
    "PlanError": "errors",
    "Project": "workloads.project",
    "ResourceGroupScope": "arm.scopes",
    "ReusePolicy": "planning.policy",
    "Snapshot": "arm.snapshot",
    "SubscriptionScope": "arm.scopes",
    "SyncError": "errors",
    "SyncEvent": "workloads.sync.model",
    "SyncPlan": "workloads.sync.model",
    "SyncResult": "workloads.sync.model",
    "Target": "deploy.target",
    "Template": "pipeline",
    "TemplateError": "errors",
    "TenantScope": "arm.scopes",
    "compile": "pipeline",
    "load_plan": "pipeline",
    "parameters_for": "pipeline",
    "plan": "pipeline",
    "snapshot": "pipeline",
    "validate": "pipeline",
}

__all__ = [
    "BicepError",
    "Change",
    "Deployment",
    "DeploymentError",
    "Diagnostic",
    "Difference",
    "DownloadResult",
    "Event",
    "FinetuningParameters",
    "InferenceParameters",
    "InfraError",
    "InputError",
    "ManagementGroupScope",
    "ParameterError",
    "ParameterFile",
    "ParametersDocument",
    "Plan",
    "PlanError",
    "Project",
    "ResourceGroupScope",
    "ReusePolicy",
    "Snapshot",
    "SubscriptionScope",
    "SyncError",
    "SyncEvent",
    "SyncPlan",
    "SyncResult",
    "Target",
    "Template",
    "TemplateError",
    "TenantScope",
    "compile",
    "load_plan",
    "parameters_for",
    "plan",
    "snapshot",
    "validate",
]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
