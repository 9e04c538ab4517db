"""Reading the recorded results: the cases with their sources, and the hash files over public repositories."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_CASES = Path(__file__).resolve().parent.parent / "goldens"

CONTEXT: dict[str, str | None] = {
    "tenantId": "00000000-0000-0000-0000-00000000000a",
    "subscriptionId": "00000000-0000-0000-0000-000000000001",
    "resourceGroup": "rg-goldens",
    "location": "westeurope",
    "deploymentName": "main",
}


def read_json(path: Path) -> Any:
    """The JSON value of a file (UTF-8, with or without a byte order mark)."""
    return json.loads(path.read_text(encoding="utf-8-sig"))


@dataclass(frozen=True, slots=True)
class Case:
    """One folder of the recorded cases."""

    name: str
    folder: Path

    @property
    def source(self) -> Path | None:
        """The Bicep file, where the case has one."""
        return self._existing("main.bicep")

    @property
    def template(self) -> Path | None:
        """The recorded or given JSON template."""
        return self._existing("main.json") or self._existing("template.json")

    @property
    def parameters(self) -> Path | None:
        """The parameter file that the recorded parameters and snapshot belong to."""
        return self._existing("main.bicepparam") or self._existing("params.bicepparam")

    def recorded(self, file_name: str) -> Any:
        """A recorded result, or None where the case has no such file."""
        path = self._existing(file_name)
        return None if path is None else read_json(path)

    def context(self) -> dict[str, str | None]:
        """The snapshot's context, with the case's own changes."""
        return {**CONTEXT, **(self.recorded("scope.json") or {})}

    def _existing(self, file_name: str) -> Path | None:
        path = self.folder / file_name
        return path if path.is_file() else None


def cases(goldens: Path, name_filter: str | None) -> list[Case]:
    """All cases under ``goldens`` (the folder that has ``cases/``, or ``cases/`` itself) whose name holds the filter."""
    root = goldens / "cases" if (goldens / "cases").is_dir() else goldens
    found = [Case(f"{folder.parent.name}/{folder.name}", folder) for folder in sorted(root.glob("*/*/"))]
    return [case for case in found if not name_filter or name_filter in case.name]


@dataclass(frozen=True, slots=True)
class HashedFile:
    """One file of a hash file: its path in the repository and what is recorded of it."""

    name: str
    path: Path
    recorded: dict[str, Any] = field(hash=False)

    @property
    def errors(self) -> list[list[Any]]:
        """The recorded errors: [file name, line, column, "E", code]."""
        return [row for row in self.recorded.get("diagnostics") or [] if row[3] == "E"]

    def context(self) -> dict[str, str | None]:
        """The snapshot's context for the recorded scope."""
        context = dict(CONTEXT)
        scope = self.recorded.get("scope", "resourceGroup")
        if scope != "resourceGroup":
            context["resourceGroup"] = None
        if scope not in ("resourceGroup", "subscription"):
            context["subscriptionId"] = None
        return context


def hashed_files(hashes: Path, checkout: Path, name_filter: str | None) -> list[HashedFile]:
    """The files of a hash file, in its order, that the checkout has and whose path holds the filter."""
    files: dict[str, dict[str, Any]] = read_json(hashes)["files"]
    return [
        HashedFile(name, checkout / name, recorded)
        for name, recorded in files.items()
        if (not name_filter or name_filter in name) and (checkout / name).is_file()
    ]
