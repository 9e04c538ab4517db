"""What a synchronisation works with: files here, entries there, the plan, and the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Links = Literal["follow", "skip", "refuse"]
LINK_CHOICES: tuple[Links, ...] = ("follow", "skip", "refuse")

Stage = Literal["scanning", "comparing", "transferring", "verifying", "done"]
Reason = Literal["new", "size", "content", "changed on the share", "casing"]


def fold(path: str) -> str:
    """A path in the form that is the same for all casings; Azure Files ignores casing."""
    return path.lower()


def parent_of(path: str) -> str:
    """The folder of a path, empty for the root."""
    return path.rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file of the workspace: ``path`` relative with ``/``, ``source`` where it is read, sizes in bytes, times in ns."""

    path: str
    source: str
    size: int
    modified: int
    changed: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteEntry:
    """What a share's listing says: ``written`` is the last-write time in microseconds since 1970, 0 where it is unknown."""

    path: str
    is_directory: bool
    size: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to be sent, and why: new, another size, other content, or changed on the share since it was sent."""

    file: LocalFile
    reason: Reason

    @property
    def path(self) -> str:
        """Where it is put on the share."""
        return self.file.path

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self.file.size

    def to_dict(self) -> dict[str, Any]:
        """As JSON results show it."""
        return {"path": self.path, "size": self.size, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What of the workspace is not synchronised, or what of the share is left, with the reason; ``size`` None for a folder."""

    path: str
    reason: str
    size: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON results show it."""
        return {"path": self.path, "size": self.size, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPlan:
    """What a synchronisation would do. ``unchanged_bytes`` is the size of all files that are already there.

    ``renames`` are pairs of path there and here that differ in casing; ``adopted`` says that the record beside the data has
    to be written again. ``left`` is what of the share is left though it is not what is here, ``newer`` those of it that changed
    there since they were sent and not here.
    """

    share: str
    uploads: tuple[Upload, ...] = ()
    folders: tuple[str, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()
    deletions: tuple[RemoteEntry, ...] = ()
    empty_folders: tuple[str, ...] = ()
    unchanged: int = 0
    unchanged_bytes: int = 0
    skipped: tuple[Skipped, ...] = ()
    ignored: tuple[Skipped, ...] = ()
    left: tuple[Skipped, ...] = ()
    newer: tuple[Skipped, ...] = ()
    adopted: bool = False

    @property
    def upload_bytes(self) -> int:
        """How many bytes have to be sent."""
        return sum(item.size for item in self.uploads)

    @property
    def changes_nothing(self) -> bool:
        """True when the share has everything already."""
        return not (self.uploads or self.folders or self.renames or self.deletions or self.empty_folders)

    def largest_folders(self, count: int = 5) -> list[tuple[str, int, int]]:
        """The top-level folders with most files to send: path, number of files, bytes."""
        return largest_folders(self.uploads, count)


def largest_folders(uploads: Iterable[Upload], count: int) -> list[tuple[str, int, int]]:
    """The top-level folders by number of files, then bytes: path with ``/``, number of files, bytes."""
    files: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for item in uploads:
        top, slash, _ = item.path.partition("/")
        name = top + "/" if slash else "."
        files[name] += 1
        sizes[name] += item.size
    found = sorted(files, key=lambda name: (-files[name], -sizes[name], name))[:count]
    return [(name, files[name], sizes[name]) for name in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """What a synchronisation did, or, when ``dry_run``, would do. ``verified``: the share's listing agreed at the end."""

    target: str
    plan: SyncPlan
    dry_run: bool
    uploaded: tuple[Upload, ...] = ()
    deleted: tuple[RemoteEntry, ...] = ()
    failed: tuple[Skipped, ...] = ()
    vanished: tuple[Skipped, ...] = ()
    sent_bytes: int = 0
    seconds: float = 0.0
    verified: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; paths with their sizes in bytes."""
        plan = self.plan
        planned = self.dry_run
        return {
            "target": self.target,
            "share": plan.share,
            "dry_run": planned,
            "would_upload": [item.to_dict() for item in plan.uploads] if planned else [],
            "uploaded": [item.to_dict() for item in self.uploaded],
            "would_delete": [_deletion(item) for item in plan.deletions] if planned else [],
            "deleted": [_deletion(item) for item in self.deleted],
            "folders": list(plan.folders),
            "renamed": [{"from": before, "to": after} for before, after in plan.renames],
            "unchanged": {"files": plan.unchanged, "bytes": plan.unchanged_bytes},
            "skipped": [item.to_dict() for item in (*plan.skipped, *self.vanished)],
            "ignored": [item.to_dict() for item in plan.ignored],
            "left": [item.to_dict() for item in plan.left],
            "failed": [item.to_dict() for item in self.failed],
            "sent_bytes": self.sent_bytes,
            "would_send_bytes": plan.upload_bytes if planned else 0,
            "seconds": round(self.seconds, 3),
            "verified": self.verified,
        }


def _deletion(item: RemoteEntry) -> dict[str, Any]:
    return {"path": item.path, "size": None if item.is_directory else item.size}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEvent:
    """How far a transfer is. ``path`` is the file that this is about, empty for all; sizes in bytes, ``seconds`` since it began.

    ``message`` is for people: what is waited for, or what is tried again.
    """

    stage: Stage
    path: str = ""
    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    seconds: float = 0.0
    message: str = ""

    @property
    def rate(self) -> float:
        """Bytes a second so far."""
        return self.bytes_done / self.seconds if self.seconds > 0 else 0.0


SyncListener = Callable[[SyncEvent], None]
Confirm = Callable[[SyncPlan], bool]


@dataclass(slots=True, kw_only=True)
class Workspace:
    """What a scan found: files and folders by path, and what it left out."""

    files: dict[str, LocalFile] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    ignored: list[Skipped] = field(default_factory=list)


def files_text(count: int) -> str:
    """A number of files for people: ``1 file``, ``2 files``."""
    return "1 file" if count == 1 else f"{count} files"


def size_text(size: float) -> str:
    """A size for people: ``512 B``, ``1.5 MiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
