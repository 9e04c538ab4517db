"""The parameters of an AI Toolkit project: inference and fine-tuning on Azure Container Apps.

Names that are None are left to the template, which makes them from the resource group's id; both templates make the same names
for what they share, so that inference finds what fine-tuning made.
"""

from __future__ import annotations

from typing import ClassVar

from infra_lib.parameters.typed import Field, TypedParameters

_STRING = {"type": "string", "nullable": True}
_COMMANDS = {"type": "array", "items": {"type": "string"}, "minLength": 1}


class _ToolkitParameters(TypedParameters):
    """What both workloads have."""

    closed: ClassVar[bool] = False

    default_commands = Field[list[str]](
        "defaultCommands",
        _COMMANDS,
        "The commands that the container runs, in order; they are joined with ``; `` and run by ``/bin/bash -c``.",
        default=[],
    )
    maximum_instance_count = Field[int](
        "maximumInstanceCount",
        {"type": "int", "minValue": 1, "defaultValue": 2},
        "The most instances that the GPU workload profile may scale to; the least is zero, so that idle time costs nothing.",
        default=2,
        unit="instances",
    )
    location = Field[str | None](
        "location", _STRING, "The Azure region of every resource, such as ``westeurope``; by default the resource group's."
    )
    storage_account_name = Field[str | None](
        "storageAccountName", _STRING, "The storage account.", resource_type="Microsoft.Storage/storageAccounts"
    )
    file_share_name = Field[str | None](
        "fileShareName",
        _STRING,
        "The file share that the workspace is synchronised to.",
        resource_type="Microsoft.Storage/storageAccounts/fileServices/shares",
    )
    aca_environment_name = Field[str | None](
        "acaEnvironmentName", _STRING, "The Container Apps environment.", resource_type="Microsoft.App/managedEnvironments"
    )
    aca_environment_storage_name = Field[str | None](
        "acaEnvironmentStorageName",
        _STRING,
        "The name under which the environment knows the file share.",
        resource_type="Microsoft.App/managedEnvironments/storages",
    )
    aca_log_analytics_name = Field[str | None](
        "acaLogAnalyticsName",
        _STRING,
        "The Log Analytics workspace that receives the console logs.",
        resource_type="Microsoft.OperationalInsights/workspaces",
    )


class InferenceParameters(_ToolkitParameters):
    """The parameters of ``inference.parameters.json``: a model served by a container app."""

    aca_app_name = Field[str | None](
        "acaAppName", _STRING, "The container app that serves the model.", resource_type="Microsoft.App/containerApps"
    )


class FinetuningParameters(_ToolkitParameters):
    """The parameters of ``finetuning.parameters.json``: a model fine-tuned in a container app job."""

    timeout = Field[int](
        "timeout",
        {"type": "int", "minValue": 1},
        "The time after which a run is stopped, in seconds.",
        default=10800,
        unit="seconds",
    )
    aca_job_name = Field[str | None](
        "acaJobName", _STRING, "The job that fine-tunes the model.", resource_type="Microsoft.App/jobs"
    )
