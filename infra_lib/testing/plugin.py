"""The pytest plugin: ``local_arm`` is a fresh embedded Resource Manager for one test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from infra_lib.testing.local_arm import LocalArm


@pytest.fixture
def local_arm() -> Iterator[LocalArm]:
    """An embedded Resource Manager in memory, empty at first and gone after the test.

    ``local_arm.deploy("main.bicep", parameters={...})`` deploys for real, through the Azure SDK, and returns what came out.
    """
    from infra_lib.testing.local_arm import LocalArm

    with LocalArm() as arm:
        yield arm
