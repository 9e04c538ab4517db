"""Targets that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from infra_lib import InputError, Target


@pytest.mark.parametrize("pace", [-1, -0.001, float("nan"), float("inf"), "5", None, True])
def test_a_pace_that_is_no_time_is_refused(pace: Any) -> None:
    with pytest.raises(InputError, match=r"The pace is how many seconds .* 0 or more, not"):
        Target.local(pace=pace)


@pytest.mark.parametrize("pace", [0, 0.0, 1, 2.5])
def test_a_pace_in_seconds_is_taken(pace: float) -> None:
    with Target.local(pace=pace) as target:
        assert target.is_local
