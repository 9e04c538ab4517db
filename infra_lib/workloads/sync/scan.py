"""What there is to synchronise: the files and folders of a workspace, without what ``.infraignore`` leaves out."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from infra_lib.errors import InputError
from infra_lib.workloads.sync.ignore import IgnoreRules
from infra_lib.workloads.sync.model import Links, LocalFile, Skipped, Workspace
from infra_lib.workloads.sync.names import name_problem, same_but_casing, shown_path

_SHOWN_PROBLEMS = 20


def scan(folder: Path, *, links: Links = "follow") -> Workspace:
    """Read the workspace. ``links``: symbolic links are followed, skipped, or a problem.

    Raises InputError that lists what cannot be synchronised as it is: names that Azure Files forbids or cannot tell apart,
    folders that cannot be read, links that lead nowhere or in a circle.
    """
    scanner = _Scanner(folder, IgnoreRules.load(folder), links)
    scanner.walk(str(folder), "", ())
    found = scanner.found
    for one, other in same_but_casing([*found.files, *found.folders]):
        scanner.problems.append(f"{shown_path(one)} and {shown_path(other)} differ in casing alone, which Azure Files ignores")
    refuse(scanner.problems)
    return found


def refuse(problems: list[str]) -> None:
    """Raise InputError for what is wrong with a workspace, if anything is."""
    if not problems:
        return
    lines = [f"{problem}." for problem in problems[:_SHOWN_PROBLEMS]]
    if len(problems) > _SHOWN_PROBLEMS:
        lines.append(f"And {len(problems) - _SHOWN_PROBLEMS} more.")
    count = "1 path" if len(problems) == 1 else f"{len(problems)} paths"
    raise InputError(
        f"Nothing was sent: {count} of the workspace cannot be synchronised. Mend or rename them, or leave them out with a line "
        "in .infraignore.\n" + "\n".join(lines)
    )


class _Scanner:
    def __init__(self, root: Path, rules: IgnoreRules, links: Links) -> None:
        self.found = Workspace()
        self.problems: list[str] = []
        self._rules = rules
        self._links = links

    def walk(self, folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> None:
        """Read a folder and those below it; ``above`` identifies the folders that lead here."""
        try:
            identity = os.stat(folder)
            with os.scandir(folder) as entries:
                ordered = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append(f"{shown_path(prefix) or folder} cannot be read: {error.strerror}")
            return
        here = (identity.st_dev, identity.st_ino)
        if here in above:
            self.problems.append(f"{shown_path(prefix)} is a link to a folder that it is in: it never ends")
            return
        for entry in ordered:
            self._entry(entry, f"{prefix}/{entry.name}" if prefix else entry.name, (*above, here))

    def _entry(self, entry: os.DirEntry[str], path: str, above: tuple[tuple[int, int], ...]) -> None:
        link = entry.is_symlink()
        try:
            status = entry.stat(follow_symlinks=True)
        except OSError as error:
            if not self._rules.ignores(path, is_folder=False) and not (link and self._links == "skip"):
                what = "is a link that leads nowhere" if link else f"cannot be read: {error.strerror}"
                self.problems.append(f"{shown_path(path)} {what}")
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        if self._rules.ignores(path, is_folder=is_folder):
            self.found.ignored.append(Skipped(path=path, reason="ignored", size=None if is_folder else status.st_size))
            return
        if link and self._links == "skip":
            self.found.skipped.append(Skipped(path=path, reason="a symbolic link"))
            return
        if link and self._links == "refuse":
            self.problems.append(f"{shown_path(path)} is a symbolic link")
            return
        if not is_folder and not stat.S_ISREG(status.st_mode):
            self.found.skipped.append(Skipped(path=path, reason="neither a file nor a folder"))
            return
        problem = name_problem(path)
        if problem is not None:
            self.problems.append(f"{shown_path(path)}: {problem}")
            return
        if is_folder:
            self.found.folders.append(path)
            self.walk(entry.path, path, above)
        else:
            self.found.files[path] = local_file(path, entry.path, status)


def local_file(path: str, source: str, status: os.stat_result) -> LocalFile:
    """A file as its status describes it."""
    return LocalFile(
        path=path,
        source=source,
        size=status.st_size,
        modified=status.st_mtime_ns,
        changed=status.st_ctime_ns,
        inode=status.st_ino,
    )
