"""How share clients try again: waiting on the target's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azure.storage.fileshare import ExponentialRetry

RANGE = 4 * 1024 * 1024
"""How much a request for a file's content asks for or writes: what the service takes at most in one write."""
_RETRIES = 6


class TargetRetry(ExponentialRetry):
    """Tries again after 1, 3, 5, 9, 17 and 33 seconds of the target's clock.

    The wait is not left to the transport: clients derived from a share client wrap it and would wait in real time. ``retried``
    is told the seconds before each wait.
    """

    def __init__(self, sleep: Callable[[float], None], retried: Callable[[float], None] | None = None) -> None:
        super().__init__(
            initial_backoff=1, increment_base=2, random_jitter_range=0, retry_total=_RETRIES, retry_connect=_RETRIES,
            retry_read=_RETRIES, retry_status=_RETRIES,
        )  # fmt: skip
        self._sleep = sleep
        self._retried = retried

    def sleep(self, settings: dict[str, Any], transport: Any) -> None:
        """Wait before the next try."""
        seconds = self.get_backoff_time(settings)
        if self._retried is not None:
            self._retried(seconds)
        self._sleep(seconds)
