"""The fine-tuning workload: a job."""

from __future__ import annotations

from infra_lib.workloads.workload import Workload


class Finetuning(Workload):
    """The Container Apps job that fine-tunes a model."""

    name = "finetuning"
