"""Deciding: the workspace against the share's listing and the record of what was sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeVar

from infra_lib.workloads.sync.content import ChangedError
from infra_lib.workloads.sync.downloads import Downloads
from infra_lib.workloads.sync.hashes import Hashes
from infra_lib.workloads.sync.ignore import STATE_FOLDER
from infra_lib.workloads.sync.manifest import Manifest, Sent, read_manifest, recognise
from infra_lib.workloads.sync.model import (
    LocalFile,
    Reason,
    RemoteEntry,
    Skipped,
    SyncPlan,
    Upload,
    Workspace,
    fold,
    parent_of,
)
from infra_lib.workloads.sync.names import shown_path
from infra_lib.workloads.sync.remote import Remote, Tree
from infra_lib.workloads.sync.scan import refuse
from infra_lib.workloads.sync.workers import Workers

A = TypeVar("A")
B = TypeVar("B")

_NEWER = "it changed there, and not here, since it was sent or fetched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A plan, the record that it was made from and that agrees with the share, and what has to go before anything is sent."""

    plan: SyncPlan
    manifest: Manifest
    clears: tuple[RemoteEntry, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Findings:
    uploads: list[Upload] = field(default_factory=list)
    renames: list[tuple[str, str]] = field(default_factory=list)
    unchanged: list[LocalFile] = field(default_factory=list)
    adopted: list[Sent] = field(default_factory=list)
    left: list[Skipped] = field(default_factory=list)
    forgotten: bool = False


def decide(
    workspace: Workspace, remote: Remote, hashes: Hashes, downloads: Downloads, workers: Workers, *, delete: bool,
    overwrite: bool = False,
) -> Decided:  # fmt: skip
    """What has to be done. Reads the share's listing of the folders that matter, and hashes where size says nothing.

    A file that changed on the share while it stayed the same here, since it was sent or fetched, is newer there (a job's result,
    as a rule): it is left, unless ``overwrite``.

    Raises InputError for files that cannot be read, and for a file there that is a folder here (or the other way round)
    unless ``delete`` allows to remove it.
    """
    executor = workers.files
    manifest = read_manifest(remote)
    wanted = {fold(path) for path in workspace.folders}
    if delete:
        sent = [*manifest.files, *(fold(path) for path in manifest.folders)]
        wanted |= {parent for path in sent for parent in _parents(path)} | set(sent)
    everything = delete and not manifest.found
    tree = remote.tree(lambda path: everything or fold(path) in wanted, executor)
    listing = tree.entries
    clears = _clear(workspace, listing, manifest, delete=delete)
    findings = _compare(workspace, remote, listing, manifest, hashes, downloads, workers, overwrite=overwrite)
    refuse(_unreadable(findings.uploads))
    known = _agreeing(manifest, tree, findings)
    here = {fold(path) for path in (*workspace.files, *workspace.folders)}
    cleared = {fold(entry.path) for entry in clears}
    deletions, left = _deletions(listing, here | cleared, manifest, remote, executor) if delete else ((), ())
    plan = SyncPlan(
        share=remote.location.share,
        uploads=tuple(findings.uploads),
        folders=tuple(path for path in workspace.folders if not _is_folder(listing.get(fold(path)))),
        renames=tuple(findings.renames),
        deletions=(*clears, *deletions),
        empty_folders=_empty_folders(listing, here, manifest) if delete else (),
        unchanged=len(findings.unchanged),
        unchanged_bytes=sum(file.size for file in findings.unchanged),
        skipped=tuple(workspace.skipped),
        ignored=tuple(workspace.ignored),
        left=(*findings.left, *left),
        newer=tuple(findings.left),
        adopted=bool(findings.adopted) or findings.forgotten or (not manifest.found and bool(findings.unchanged)),
    )
    return Decided(plan=plan, manifest=known, clears=tuple(clears))


def _is_folder(entry: RemoteEntry | None) -> bool:
    return entry is not None and entry.is_directory


def _parents(path: str) -> Iterable[str]:
    while path := parent_of(path):
        yield path


# ---------------------------------------------------------------------------------------------- comparing


def _compare(
    workspace: Workspace, remote: Remote, listing: dict[str, RemoteEntry], manifest: Manifest, hashes: Hashes,
    downloads: Downloads, workers: Workers, *, overwrite: bool,
) -> _Findings:  # fmt: skip
    findings = _Findings()
    doubtful: list[tuple[LocalFile, RemoteEntry]] = []

    def common(file: LocalFile) -> list[Sent]:
        """How a file was when it was the same here and there: when it was sent, and when it was fetched."""
        return [known for known in (manifest.of(file), downloads.of(file)) if known is not None]

    for file in workspace.files.values():
        entry = listing.get(fold(file.path))
        if entry is None or entry.is_directory:
            findings.uploads.append(Upload(file=file, reason="new"))
        elif entry.size != file.size and (overwrite or all(known.size != file.size for known in common(file))):
            findings.uploads.append(Upload(file=file, reason="size"))
        else:
            doubtful.append((file, entry))

    def look(pair: tuple[LocalFile, RemoteEntry]) -> tuple[Sent | None, str | None]:
        file, entry = pair
        known = common(file)
        sent = next((one for one in known if one.agrees(entry)), None) or recognise(remote, entry)
        if sent is None and not known:
            return None, None
        try:
            return sent, hashes.of(file, workers.ranges)
        except (OSError, ChangedError):
            return sent, None

    for (file, entry), (sent, digest) in zip(doubtful, _mapped(workers.files, look, doubtful), strict=True):
        before = common(file)
        if sent is None and any(known.digest == digest for known in before) and not overwrite:
            findings.left.append(Skipped(path=file.path, size=entry.size, reason=_NEWER))
            continue
        if sent is None or sent.digest != digest:
            reason: Reason = "content" if sent is not None or not before else "changed on the share"
            findings.uploads.append(Upload(file=file, reason="size" if entry.size != file.size else reason))
            continue
        findings.unchanged.append(file)
        if entry.path.rpartition("/")[2] != file.path.rpartition("/")[2]:
            findings.renames.append((entry.path, file.path))
        if sent not in before:
            findings.adopted.append(sent)
    order = {path: number for number, path in enumerate(workspace.files)}
    findings.uploads.sort(key=lambda item: order[item.path])
    return findings


def _mapped(executor: Executor, look: Callable[[A], B], items: list[A]) -> Iterable[B]:
    """Look at all, in chunks: a task of its own for each of many thousand files would cost more than the look."""
    chunk = max(1, min(64, len(items) // 64))

    def run(part: list[A]) -> list[B]:
        return [look(item) for item in part]

    for answers in executor.map(run, [items[start : start + chunk] for start in range(0, len(items), chunk)]):
        yield from answers


def _unreadable(uploads: list[Upload]) -> list[str]:
    problems = []
    for item in uploads:
        try:
            os.close(os.open(item.file.source, os.O_RDONLY))
        except FileNotFoundError:
            continue
        except OSError as error:
            advice = f" (chmod u+r '{shown_path(item.path)}')" if isinstance(error, PermissionError) else ""
            problems.append(f"{shown_path(item.path)} cannot be read: {error.strerror}{advice}")
    return problems


def _agreeing(manifest: Manifest, tree: Tree, findings: _Findings) -> Manifest:
    """The record without what is not so any more, and with what was recognised."""
    uploads = {fold(item.path) for item in findings.uploads}
    left = {fold(item.path) for item in findings.left}
    kept: dict[str, Sent] = {}
    for path, sent in manifest.files.items():
        entry = tree.entries.get(path)
        if path not in left and parent_of(path) in tree.listed and (entry is None or not sent.agrees(entry)):
            findings.forgotten = findings.forgotten or path not in uploads
            continue
        kept[path] = sent
    agreed = Manifest(files=kept, folders=set(manifest.folders), found=manifest.found, etag=manifest.etag)
    for sent in findings.adopted:
        agreed.sent(sent)
    return agreed


# ---------------------------------------------------------------------------------------------- deleting


def _owned(entry: RemoteEntry, manifest: Manifest, remote: Remote | None = None) -> bool:
    sent = manifest.files.get(fold(entry.path))
    if sent is not None:
        return sent.agrees(entry)
    return not manifest.found and remote is not None and recognise(remote, entry) is not None


def _deletions(
    listing: dict[str, RemoteEntry], here: set[str], manifest: Manifest, remote: Remote, executor: Executor
) -> tuple[tuple[RemoteEntry, ...], tuple[Skipped, ...]]:
    """Files that came from the workspace and are not in it any more; what somebody else wrote is left."""
    gone = [
        entry for path, entry in listing.items()
        if not entry.is_directory and path not in here and not path.startswith(STATE_FOLDER)
    ]  # fmt: skip
    owned = list(executor.map(lambda entry: _owned(entry, manifest, remote), gone))
    deletions = tuple(entry for entry, ours in zip(gone, owned, strict=True) if ours)
    left = tuple(
        Skipped(
            path=entry.path, size=entry.size,
            reason="changed on the share" if fold(entry.path) in manifest.files else "not from this workspace",
        )
        for entry, ours in zip(gone, owned, strict=True) if not ours
    )  # fmt: skip
    return deletions, left


def _empty_folders(listing: dict[str, RemoteEntry], here: set[str], manifest: Manifest) -> tuple[str, ...]:
    """Folders that synchronising made and that are not in the workspace any more, deepest first."""
    gone = [path for path in manifest.folders if fold(path) not in here and _is_folder(listing.get(fold(path)))]
    return tuple(sorted(gone, key=lambda path: (-path.count("/"), path)))


def _clear(workspace: Workspace, listing: dict[str, RemoteEntry], manifest: Manifest, *, delete: bool) -> list[RemoteEntry]:
    """Files there that are folders here, which have to go first; problems where that was not asked for or they are not ours."""
    clears: list[RemoteEntry] = []
    problems: list[str] = []
    for path in workspace.folders:
        entry = listing.get(fold(path))
        if entry is None or entry.is_directory:
            continue
        if delete and _owned(entry, manifest):
            clears.append(entry)
        else:
            what = "--delete removes the file" if _owned(entry, manifest) else "move the file away on the share"
            problems.append(f"{shown_path(path)} is a folder here and a file on the share: {what}")
    problems.extend(
        f"{shown_path(path)} is a file here and a folder on the share: move the folder away on the share"
        for path in workspace.files
        if _is_folder(listing.get(fold(path)))
    )
    refuse(problems)
    return clears
