"""The files that a container sees: this machine's, read-only, with the template's volumes and a few places to write to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from infra_lib.local.replicas.system import MS_BIND, MS_RDONLY, MS_REC, MS_REMOUNT, make_read_only, mount

TEMPORARY = Path("/tmp")  # noqa: S108 - the container's own, not this machine's
_OWN = ("proc", "tmp")


def build_root(place: Path, mounts: Iterable[dict[str, Any]]) -> None:
    """Put together a root at ``place``, a folder, within a mount namespace of our own.

    ``mounts`` are ``{"source", "target", "readOnly"}``, or ``{"files", "target"}`` for a folder in memory with files of these
    names and texts. They shadow what this machine has at their targets.
    """
    ordered = sorted(mounts, key=lambda item: len(Path(item["target"]).parts))
    targets = [Path(item["target"]) for item in ordered]
    mount("tmpfs", place, "tmpfs")
    for name in _OWN:
        (place / name).mkdir()
    missing = [target for target in targets if TEMPORARY not in (target, *target.parents) and not target.is_dir()]
    _graft(place, Path("/"), missing)
    make_read_only(place)
    mount("tmpfs", place / "tmp", "tmpfs")
    (place / "tmp").chmod(0o1777)
    _mount_proc(place / "proc")
    if (place / "dev/shm").is_dir():
        mount("tmpfs", place / "dev/shm", "tmpfs")
    for item, target in zip(ordered, targets, strict=True):
        at = place / target.relative_to("/")
        at.mkdir(parents=True, exist_ok=True)
        if "files" in item:
            mount("tmpfs", at, "tmpfs")
            write_files(at, item["files"])
        else:
            mount(item["source"], at, None, MS_BIND | MS_REC)
        if item.get("readOnly"):
            _bind_read_only(at)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write what a volume of secrets holds: texts by path below ``folder``."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o444)


def _graft(place: Path, folder: Path, targets: list[Path]) -> None:
    """Bind what a folder of this machine has; folders that hold a mount point are made anew, so that there is one."""
    with os.scandir(folder) as entries:
        found = {entry.name: entry for entry in entries}
    wanted = {target.relative_to(folder).parts[0] for target in targets if folder in target.parents}
    for name in sorted(found.keys() | wanted):
        path = folder / name
        new = place / path.relative_to("/")
        if folder == Path("/") and name in _OWN:
            continue
        entry = found.get(name)
        if entry is not None and entry.is_symlink():
            new.symlink_to(os.readlink(path))
        elif name in wanted and (entry is None or entry.is_dir()):
            new.mkdir()
            below = [target for target in targets if path in target.parents]
            if entry is not None and below:
                _graft(place, path, below)
            else:
                for target in below:
                    (place / target.relative_to("/")).mkdir(parents=True, exist_ok=True)
        elif entry is not None and entry.is_dir():
            new.mkdir()
            mount(str(path), new, None, MS_BIND | MS_REC)
        elif entry is not None and entry.is_file():
            new.touch()
            mount(str(path), new, None, MS_BIND)


def _mount_proc(at: Path) -> None:
    try:
        mount("proc", at, "proc")
    except OSError:
        # Where this machine is a container itself, a new proc may be refused; its own one shows more processes than needed.
        mount("/proc", at, None, MS_BIND | MS_REC)


def _bind_read_only(at: Path) -> None:
    if not make_read_only(at):
        mount("none", at, None, MS_BIND | MS_REMOUNT | MS_RDONLY)
