"""What happens during a deployment, as events. Views (terminal, notebook, tests) are listeners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["started", "running", "succeeded", "failed", "canceled", "retrying"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of state.

    ``resource_id`` is empty for the deployment as a whole. ``seconds`` is the time since the deployment began. ``message`` is
    for people, and empty where the state says it all.
    """

    state: State
    resource_id: str = ""
    resource_type: str = ""
    name: str = ""
    seconds: float = 0.0
    message: str = ""


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of those who do not look."""
