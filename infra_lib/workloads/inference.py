"""The inference workload: an app that serves the model."""

from __future__ import annotations

from infra_lib import pipeline
from infra_lib.workloads.workload import Workload


class Inference(Workload):
    """The container app that serves a fine-tuned model.

    What its parameter file leaves null is taken from fine-tuning, so that the app is put beside the job: the same environment,
    storage account, share and workspace.
    """

    name = "inference"

    # Outputs of fine-tuning, as its config file has them, by the parameter that they answer.
    _FROM_CONFIG = (("storageAccountName", "STORAGE_ACCOUNT_NAME"), ("fileShareName", "FILE_SHARE_NAME"))

    def fallbacks(self) -> list[pipeline.Fallback]:
        """The fine-tuning parameter file's value of the same name, then what finetuning.config.json has."""
        return pipeline.finetuning_fallbacks(
            parameters_path=self.project.parameters_path_or_none("finetuning"),
            config=self.project.config("finetuning").values,
            config_names=dict(self._FROM_CONFIG),
        )
