"""What a project created: the record in ``.infra/created.json``, so that ``infra down`` deletes that and nothing else."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra_lib.errors import InputError
from infra_lib.parameters.atomic import write_atomic


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A resource that the project created, or a resource group (then ``type`` says so)."""

    id: str
    type: str
    api_version: str


class Ledger:
    """The record of one project. ``owner`` is the project's id, which the tag of its resources has as its value.

    Raises InputError for a record that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "created.json"
        content = _read(self._path)
        self.owner = str(content.get("project") or uuid.uuid4())
        self._created: dict[str, list[Created]] = {
            target: [Created(**item) for item in items] for target, items in (content.get("created") or {}).items()
        }

    def created(self, target: str) -> tuple[Created, ...]:
        """What was created in a target, in that order."""
        return tuple(self._created.get(target, ()))

    def add(self, target: str, items: Iterable[Created], *, owner: str | None = None) -> None:
        """Record what is created; ``owner`` is the tag's value that it gets, where a plan was made before the first record."""
        self.owner = owner or self.owner
        known = {item.id.lower() for item in self.created(target)}
        self._created.setdefault(target, []).extend(item for item in items if item.id.lower() not in known)
        self._write()

    def remove(self, target: str, ids: Iterable[str]) -> None:
        """Forget what was deleted."""
        gone = {item.lower() for item in ids}
        self._created[target] = [item for item in self.created(target) if item.id.lower() not in gone]
        self._write()

    def _write(self) -> None:
        content = {
            "project": self.owner,
            "created": {target: [asdict(item) for item in items] for target, items in self._created.items() if items},
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self._path, (json.dumps(content, indent=2) + "\n").encode())


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}): it is the record of what this project created.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is not the record of what this project created.")
    return content
