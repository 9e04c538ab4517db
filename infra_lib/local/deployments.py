"""placeholder"""
from __future__ import annotations
from infra_lib.local.routes import Route
def routes() -> list[Route]:
    return []
def advance(context, subject, call) -> None: ...
