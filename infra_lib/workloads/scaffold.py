"""A new project's files, from the templates that come with this library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra_lib.errors import InputError
from infra_lib.parameters.atomic import write_atomic
from infra_lib.workloads.config import KEYS

_DOTTED = {"gitignore": ".gitignore", "infraignore": ".infraignore"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaffold:
    """What :func:`write_project` did: paths relative to the folder."""

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]


def write_project(folder: str | Path) -> Scaffold:
    """Write a complete project into ``folder``; a file that is there stays as it is.

    Raises InputError where the folder cannot be made or written.
    """
    root = Path(folder)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{root} cannot be made a folder: {error.strerror}.") from error
    written: list[str] = []
    kept: list[str] = []
    for name, content in project_files(root.resolve().name):
        path = root / name
        if path.exists() or (name.startswith("infra/provision/") and (root / "infra" / path.name).exists()):
            kept.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content.encode())
        written.append(name)
    return Scaffold(folder=root, written=tuple(written), kept=tuple(kept))


def project_files(name: str) -> Iterator[tuple[str, str]]:
    """The files of a new project called ``name``: path with ``/``, and text."""
    from infra_lib.parameters.render import data_folder, render

    data = data_folder()
    for workload in KEYS:
        yield f"infra/provision/{workload}.bicep", (data / "templates" / f"{workload}.bicep").read_text(encoding="utf-8")
        parameters = data / "parameters" / f"{workload}.parameters.json"
        yield f"infra/provision/{workload}.parameters.json", parameters.read_text(encoding="utf-8")
        yield f"infra/{workload}.config.json", json.dumps(dict.fromkeys(KEYS[workload]), indent=2) + "\n"
    sources = data / "templates" / "project"
    for source in sorted(sources.rglob("*.j2")):
        relative = source.relative_to(sources).with_suffix("")
        target = relative.with_name(_DOTTED.get(relative.name, relative.name))
        yield target.as_posix(), render(source.read_text(encoding="utf-8"), name=name)
