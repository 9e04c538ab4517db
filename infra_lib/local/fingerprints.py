"""Fingerprints of what was written to a resource and is not shown: enough to tell whether it would change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra_lib.local.store import Record
from infra_lib.local.vault import Vault


def _strings(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _strings(member, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, f"{pointer}/{index}")
    elif isinstance(value, str):
        yield pointer, value


def hidden_fingerprints(vault: Vault, record: Record) -> dict[str, str]:
    """Fingerprints by JSON pointer into the last request's body, of the strings that the shown body does not have there."""
    shown = dict(_strings(record.body, ""))
    written = _strings(record.private.get("input", {}), "")
    return {pointer: vault.sign(f"value {value}".encode()) for pointer, value in written if pointer not in shown}
