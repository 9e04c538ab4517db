"""The record beside the data: what is on the share, by path, with size, hash and last-write time.

It lies in ``.infra-sync/manifest.json.gz`` on the share. One that is missing, damaged or of another format counts as empty;
then files are recognised by what was written into their metadata when they were sent.
"""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass, field

from infra_lib.deploy.data_plane import RANGE
from infra_lib.workloads.sync.ignore import STATE_FOLDER
from infra_lib.workloads.sync.model import LocalFile, RemoteEntry, fold
from infra_lib.workloads.sync.remote import TIME_TOLERANCE, Remote

MANIFEST = f"{STATE_FOLDER}/manifest.json.gz"
PARTS = f"{STATE_FOLDER}/parts"
HASH_KEY = "infrasha256"
WRITTEN_KEY = "infrawritten"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A file as it was sent: ``written`` is its last-write time on the share, in microseconds since 1970."""

    path: str
    size: int
    digest: str
    written: int

    def agrees(self, entry: RemoteEntry) -> bool:
        """Whether the share's entry is still what was sent."""
        return not entry.is_directory and entry.size == self.size and abs(entry.written - self.written) <= TIME_TOLERANCE


@dataclass(slots=True, kw_only=True)
class Manifest:
    """What synchronising put on the share. ``files`` by folded path, ``folders`` those that it made; ``found`` False for none.

    ``etag`` tells one state of the record from another.
    """

    files: dict[str, Sent] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    found: bool = False
    etag: str = ""

    def sent(self, item: Sent) -> None:
        """Note a file that was sent."""
        self.files[fold(item.path)] = item

    def of(self, file: LocalFile) -> Sent | None:
        """How a file was sent."""
        return self.files.get(fold(file.path))


def read_manifest(remote: Remote) -> Manifest:
    """The record of a share."""
    answer = remote.read(MANIFEST)
    if answer is None:
        return Manifest()
    content, etag = answer
    try:
        document = json.loads(gzip.decompress(content))
        if document["format"] != _FORMAT:
            return Manifest(etag=etag)
        files = {
            fold(path): Sent(path=path, size=int(row[0]), digest=str(row[1]), written=int(row[2]))
            for path, row in document["files"].items()
        }
        return Manifest(files=files, folders={str(path) for path in document["folders"]}, found=True, etag=etag)
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError):
        return Manifest(etag=etag)


def write_manifest(remote: Remote, manifest: Manifest) -> None:
    """Replace the record of a share in one step."""
    files = {item.path: [item.size, item.digest, item.written] for item in manifest.files.values()}
    document = {"format": _FORMAT, "files": files, "folders": sorted(manifest.folders)}
    content = gzip.compress(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(), 6, mtime=0)
    draft = f"{PARTS}/manifest-{os.urandom(8).hex()}"
    if len(content) <= RANGE:
        remote.create(draft, len(content), data=content)
    else:
        remote.create(draft, len(content))
        for start in range(0, len(content), RANGE):
            remote.put_range(draft, content[start : start + RANGE], start)
    remote.rename(draft, MANIFEST)


def metadata_for(digest: str, written: int) -> dict[str, str]:
    """What is written beside a file, so that it is recognised without the record."""
    return {HASH_KEY: digest, WRITTEN_KEY: str(written)}


def recognise(remote: Remote, entry: RemoteEntry) -> Sent | None:
    """What a file on the share is, by its metadata; None when it was not sent from a workspace, or changed since."""
    properties = remote.properties(entry.path)
    metadata = {str(name).lower(): value for name, value in (properties.metadata or {}).items()} if properties is not None else {}
    digest, written = metadata.get(HASH_KEY), str(metadata.get(WRITTEN_KEY, ""))
    if not digest or not written.isdigit() or abs(int(written) - entry.written) > TIME_TOLERANCE:
        return None
    return Sent(path=entry.path, size=entry.size, digest=str(digest), written=entry.written)
