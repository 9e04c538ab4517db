"""Every resource type and API version, imported from a checkout of the public Azure/bicep-types-az into a local index.

The index is one SQLite file: the types by name and version, and the nodes of their documents in small compressed pieces, so
that it opens at once and reads only what a question needs. It is written beside its place and then moved there, so that a
reader never sees half an index.
"""

from __future__ import annotations

import json
import os
import sys
import time
import zlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from infra_lib.errors import InputError
from infra_lib.resource_types.catalog import Catalog, ResourceFunction, ResourceType, Scopes, TypeReference, version_key
from infra_lib.resource_types.type_documents import TypeDocument, reference_index, scopes_of

if TYPE_CHECKING:
    import sqlite3

ENVIRONMENT_VARIABLE = "INFRA_RESOURCE_TYPES"
"""Names the index file to use instead of the one in the user's data folder."""

_FILE_NAME = "resource-types.db"
_FORMAT = "1"
_PIECE = 64
_DOCUMENTS_KEPT = 64
_FUNCTIONS_OF_A_DOCUMENT = 10_000

_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE types (
    type TEXT NOT NULL, version TEXT NOT NULL, name TEXT NOT NULL, api_version TEXT NOT NULL, document INTEGER NOT NULL,
    body INTEGER NOT NULL, readable INTEGER NOT NULL, writable INTEGER NOT NULL, PRIMARY KEY (type, version)
) WITHOUT ROWID;
CREATE TABLE functions (
    type TEXT NOT NULL, version TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, document INTEGER NOT NULL,
    output INTEGER NOT NULL, input INTEGER, PRIMARY KEY (type, version, position)
) WITHOUT ROWID;
CREATE TABLE pieces (document INTEGER NOT NULL, number INTEGER NOT NULL, nodes BLOB NOT NULL, PRIMARY KEY (document, number));
"""

Progress = Callable[[int, int], None]
"""Called with how many of how many documents are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """What an index holds. ``types``: different types; ``versions``: pairs of type and API version; ``documents``: files read;
    ``commit``: of the checkout, where it is known; ``imported``: when, UTC, ISO 8601, or None where there is no index."""

    path: Path
    types: int = 0
    versions: int = 0
    documents: int = 0
    commit: str | None = None
    imported: str | None = None

    def __str__(self) -> str:
        if self.imported is None:
            return (
                f"no resource types are imported (there is no {self.path}); "
                "run `infra resource-types import DIR` with a checkout of Azure/bicep-types-az"
            )
        origin = f"Azure/bicep-types-az at {self.commit[:12]}" if self.commit else "Azure/bicep-types-az"
        return f"{self.types} resource types ({self.versions} versions) of {origin}, imported {self.imported}; {self.path}"

    def to_dict(self) -> dict[str, Any]:
        """The members for ``--json``; what is not known is null."""
        return {
            "path": str(self.path),
            "types": self.types,
            "versions": self.versions,
            "documents": self.documents,
            "commit": self.commit,
            "imported": self.imported,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did. ``skipped``: files that could not be read as type files, each with the reason."""

    status: IndexStatus
    skipped: tuple[tuple[Path, str], ...]
    seconds: float

    def __str__(self) -> str:
        skipped = "".join(f"\nskipped {path}: {reason}" for path, reason in self.skipped)
        return f"{self.status}\n{self.status.documents} files in {self.seconds:.0f} s{skipped}"

    def to_dict(self) -> dict[str, Any]:
        """The members for ``--json``: those of the status, with ``skipped`` and ``seconds``."""
        skipped = [{"path": str(path), "reason": reason} for path, reason in self.skipped]
        return {**self.status.to_dict(), "skipped": skipped, "seconds": round(self.seconds, 1)}


def default_path() -> Path:
    """The index for when none is named: the file (or the folder for it) that INFRA_RESOURCE_TYPES names, else
    ``infra-lib/resource-types.db`` in the user's data folder."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if not named:
        return _data_folder() / "infra-lib" / _FILE_NAME
    path = Path(named).expanduser()
    return path / _FILE_NAME if path.is_dir() else path


def _data_folder() -> Path:
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")


def open_default() -> BicepTypesCatalog | None:
    """The catalog of the default index, or None where nothing was imported. Raises InputError for a file that is no index."""
    path = default_path()
    return open_index(path) if path.is_file() else None


def open_index(path: Path | str) -> BicepTypesCatalog:
    """The catalog of an index file. Raises InputError where there is none, or one of another format."""
    return BicepTypesCatalog(Path(path))


def status(path: Path | str | None = None) -> IndexStatus:
    """What the index at ``path`` (default: :func:`default_path`) holds; zeros where there is none.

    Raises InputError for a file that is no index.
    """
    place = default_path() if path is None else Path(path)
    if not place.is_file():
        return IndexStatus(path=place)
    catalog = open_index(place)
    try:
        return catalog.status()
    finally:
        catalog.close()


class BicepTypesCatalog(Catalog):
    """Answers from an index file. One object may be used by several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _connect(path)
        self._about = _read_about(self._connection, path)
        self._types: dict[tuple[str, str], ResourceType | None] = {}
        self._documents: OrderedDict[int, TypeDocument] = OrderedDict()
        self._lock = Lock()

    @property
    def source(self) -> str:
        """The public repository, with the commit where it is known."""
        commit = self._about.get("commit")
        return f"Azure/bicep-types-az at {commit[:12]}" if commit else "Azure/bicep-types-az"

    def status(self) -> IndexStatus:
        """What the index holds."""
        about = self._about
        return IndexStatus(
            path=self._path,
            types=int(about["types"]),
            versions=int(about["versions"]),
            documents=int(about["documents"]),
            commit=about.get("commit"),
            imported=about["imported"],
        )

    def close(self) -> None:
        """Let go of the file. What was found before stays usable only as far as it was read."""
        self._connection.close()

    def find(self, type_name: str, api_version: str) -> ResourceType | None:
        """The type at exactly this version, or None."""
        key = (type_name.lower(), api_version.lower())
        if key not in self._types:
            self._types[key] = self._read_type(key)
        return self._types[key]

    def versions(self, type_name: str) -> tuple[str, ...]:
        """The API versions of a type, oldest first."""
        rows = self._connection.execute("SELECT api_version FROM types WHERE type = ?", (type_name.lower(),))
        return tuple(sorted((row[0] for row in rows), key=version_key))

    def type_names(self) -> Iterator[str]:
        """All types, sorted without regard to case."""
        newest: dict[str, tuple[tuple[str, bool, str], str]] = {}
        for key, version, name in self._connection.execute("SELECT type, version, name FROM types"):
            candidate = (version_key(version), name)
            if key not in newest or candidate > newest[key]:
                newest[key] = candidate
        return (newest[key][1] for key in sorted(newest))

    def _read_type(self, key: tuple[str, str]) -> ResourceType | None:
        row = self._connection.execute(
            "SELECT name, api_version, document, body, readable, writable FROM types WHERE type = ? AND version = ?", key
        ).fetchone()
        if row is None:
            return None
        name, api_version, document, body, readable, writable = row
        return ResourceType(
            name,
            api_version,
            self._reference(document, body),
            readable_scopes=Scopes(readable),
            writable_scopes=Scopes(writable),
            functions=partial(self._read_functions, key),
        )

    def _read_functions(self, key: tuple[str, str]) -> Mapping[str, ResourceFunction]:
        rows = self._connection.execute(
            "SELECT name, document, output, input FROM functions WHERE type = ? AND version = ? ORDER BY position", key
        ).fetchall()
        return {
            name: ResourceFunction(
                name, self._reference(document, output), None if body is None else self._reference(document, body)
            )
            for name, document, output, body in rows
        }

    def _reference(self, document: int, index: int) -> TypeReference:
        return partial(self._node, document, index)

    def _node(self, number: int, index: int) -> Any:
        return self._document(number).node(index)

    def _document(self, number: int) -> TypeDocument:
        with self._lock:
            document = self._documents.get(number)
            if document is None:
                document = self._documents[number] = TypeDocument(_Pieces(self._connection, number).node)
                if len(self._documents) > _DOCUMENTS_KEPT:
                    self._documents.popitem(last=False)
            else:
                self._documents.move_to_end(number)
            return document


class _Pieces:
    """The raw nodes of one document, a piece read when a node of it is first asked for."""

    __slots__ = ("_connection", "_document", "_pieces")

    def __init__(self, connection: sqlite3.Connection, document: int) -> None:
        self._connection = connection
        self._document = document
        self._pieces: dict[int, list[dict[str, Any]]] = {}

    def node(self, index: int) -> dict[str, Any]:
        number, place = divmod(index, _PIECE)
        piece = self._pieces.get(number)
        if piece is None:
            row = self._connection.execute(
                "SELECT nodes FROM pieces WHERE document = ? AND number = ?", (self._document, number)
            ).fetchone()
            piece = json.loads(zlib.decompress(row[0]))
            self._pieces[number] = piece
        return piece[place]


def _connect(path: Path) -> sqlite3.Connection:
    import sqlite3

    if not path.is_file():
        raise InputError(f"there is no index of resource types at {path}; run `infra resource-types import DIR` to make one")
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)


def _read_about(connection: sqlite3.Connection, path: Path) -> dict[str, str]:
    import sqlite3

    try:
        about = dict(connection.execute("SELECT name, value FROM about"))
    except sqlite3.DatabaseError as error:
        connection.close()
        raise InputError(f"{path} is not an index of resource types ({error})") from error
    if about.get("format") != _FORMAT:
        connection.close()
        raise InputError(f"{path} was written by another version of infra-lib; run `infra resource-types import DIR` again")
    return about


def import_types(checkout: Path | str, index: Path | str | None = None, *, progress: Progress | None = None) -> ImportReport:
    """Read every ``types.json`` under ``checkout`` into the file ``index`` (default: :func:`default_path`).

    The file is replaced at once, when all is read.

    ``checkout`` is a checkout of Azure/bicep-types-az or a part of one; its index.json is not needed. A type that two files
    declare at one version is taken from the first in the order of their paths. ``progress`` is called after each file.
    Raises InputError where there are no type files, or none that can be read, and where the index cannot be written.
    """
    import sqlite3
    import tempfile

    start = time.monotonic()
    folder, target = Path(checkout), Path(index) if index is not None else default_path()
    files = _type_files(folder)
    if not files:
        raise InputError(f"there is no types.json under {folder}; give a checkout of Azure/bicep-types-az")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(descriptor)
        temporary = Path(name)
        try:
            skipped = _write_index(temporary, folder, files, progress)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise InputError(f"the index of resource types cannot be written to {target}: {error}") from error
    return ImportReport(status=status(target), skipped=tuple(skipped), seconds=time.monotonic() - start)


def _type_files(folder: Path) -> list[Path]:
    found = [Path(root, "types.json") for root, _, names in os.walk(folder) if "types.json" in names]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix().lower())


def _write_index(
    target: Path, folder: Path, files: Sequence[Path], progress: Progress | None
) -> list[tuple[Path, str]]:
    import sqlite3

    skipped: list[tuple[Path, str]] = []
    connection = sqlite3.connect(target, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN")
        for number, path in enumerate(files):
            try:
                nodes = _read_document(path)
            except (OSError, ValueError) as error:
                skipped.append((path, str(error)))
            else:
                _write_document(connection, number, nodes)
            if progress is not None:
                progress(number + 1, len(files))
        if len(skipped) == len(files):
            raise InputError(f"none of the {len(files)} types.json files under {folder} can be read; the first: {skipped[0][1]}")
        _write_about(connection, documents=len(files) - len(skipped), commit=source_commit(folder))
        connection.execute("COMMIT")
    finally:
        connection.close()
    return skipped


def _read_document(path: Path) -> list[dict[str, Any]]:
    nodes = json.loads(path.read_bytes())
    if not isinstance(nodes, list) or not all(isinstance(node, dict) and "$type" in node for node in nodes):
        raise ValueError(f"{path} is not an array of type nodes")
    return nodes


def _write_document(connection: sqlite3.Connection, document: int, nodes: Sequence[dict[str, Any]]) -> None:
    positions: Counter[tuple[str, str]] = Counter()
    used = False
    for node in nodes:
        kind = node["$type"]
        if kind == "ResourceType":
            name, _, version = node["name"].partition("@")
            readable, writable = scopes_of(node)
            row = (name.lower(), version.lower(), name, version, document, reference_index(node["body"]), readable, writable)
            used |= connection.execute("INSERT OR IGNORE INTO types VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row).rowcount > 0
        elif kind == "ResourceFunctionType":
            key = (node["resourceType"].lower(), node["apiVersion"].lower())
            body = node.get("input")
            function = (*key, document * _FUNCTIONS_OF_A_DOCUMENT + positions[key], node["name"], document)
            positions[key] += 1
            connection.execute(
                "INSERT INTO functions VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*function, reference_index(node["output"]), None if body is None else reference_index(body)),
            )
            used = True
    if not used:
        return
    for number, start in enumerate(range(0, len(nodes), _PIECE)):
        text = json.dumps(nodes[start : start + _PIECE], ensure_ascii=False, separators=(",", ":"))
        data = zlib.compress(text.encode("utf-8", "surrogatepass"), 6)
        connection.execute("INSERT INTO pieces VALUES (?, ?, ?)", (document, number, data))


def _write_about(connection: sqlite3.Connection, *, documents: int, commit: str | None) -> None:
    types, versions = connection.execute("SELECT COUNT(DISTINCT type), COUNT(*) FROM types").fetchone()
    about = {
        "format": _FORMAT,
        "types": str(types),
        "versions": str(versions),
        "documents": str(documents),
        "imported": datetime.now(UTC).isoformat(timespec="seconds"),
        **({"commit": commit} if commit else {}),
    }
    connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())


def source_commit(folder: Path) -> str | None:
    """The commit that is checked out in the Git working tree around ``folder``, as its files say; None where they do not."""
    for parent in (folder.resolve(), *folder.resolve().parents):
        git = parent / ".git"
        if git.exists():
            try:
                return _head_commit(git)
            except (OSError, UnicodeDecodeError):
                return None
    return None


def _head_commit(git: Path) -> str | None:
    if git.is_file():  # a linked working tree or a submodule
        git = (git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve()
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref:"):
        return head or None
    ref = head.removeprefix("ref:").strip()
    common = git / "commondir"
    folders = (git, (git / common.read_text(encoding="utf-8").strip()).resolve()) if common.is_file() else (git,)
    for folder in folders:
        if (folder / ref).is_file():
            return (folder / ref).read_text(encoding="utf-8").strip()
        packed = folder / "packed-refs"
        if packed.is_file():
            for line in packed.read_text(encoding="utf-8").splitlines():
                commit, _, name = line.partition(" ")
                if name == ref:
                    return commit
    return None
