"""The inference workload: an app that serves the model."""

from __future__ import annotations

from typing import Any

from infra_lib.workloads.workload import Workload


class Inference(Workload):
    """The container app that serves a fine-tuned model.

    What its parameter file leaves null is taken from fine-tuning, so that the app is put beside the job: the same resource
    group, environment, storage account, share and workspace.
    """

    name = "inference"

    def inherited(self) -> list[Any]:
        """The fine-tuning parameter file's value of the same name, then what finetuning.config.json has."""
        from infra_lib.parameters import ParameterFile
        from infra_lib.parameters.sources import ConfigValues

        sources: list[Any] = []
        path = self.project.find_parameters("finetuning")
        if path is not None:
            sources.append(ParameterFile.load(path))
        config = self.project.config("finetuning")
        sources.append(ConfigValues.from_config(str(config.path), config.values))
        return sources

    def configured_resource_group(self) -> str | None:
        """The resource group of its own config file, else that of fine-tuning."""
        return super().configured_resource_group() or self.project.finetuning.configured_resource_group()
