"""What happens by itself as time passes: carried out by the next request, in order, each at its own time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.local import deployments, lifecycle
from infra_lib.local.protocol import Call

if TYPE_CHECKING:
    from infra_lib.local.context import Context


def run_due(context: Context, call: Call) -> None:
    """Carry out all events that are due. ``call`` lends its origin to links. Call it within a transaction."""
    now = context.now
    context.replaying = True
    try:
        while (event := context.store.take_event(now)) is not None:
            due, action, subject = event
            context.now = due
            if action == "delete":
                lifecycle.drop(context, subject)
            elif action == "deployment":
                deployments.advance(context, subject, call)
    finally:
        context.replaying = False
        context.now = now
