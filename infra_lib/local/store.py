"""The state of the embedded Resource Manager, in SQLite: in memory, or in a folder that a project keeps.

Thread-safe: one connection under one re-entrant lock. Several processes may share a folder: a change is one transaction that
waits for the others. Documents are sealed by the vault, so that no secret lies in the file in clear.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from infra_lib.errors import InfraError, InputError
from infra_lib.local.vault import KeyVault, MemoryVault, Vault, default_key_file

SCHEMA_VERSION = 1
_DATABASE = "local.db"
_SHARES = "shares"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (key TEXT PRIMARY KEY, type TEXT NOT NULL, document BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS resources_by_type ON resources (type, key);
CREATE TABLE IF NOT EXISTS deployment_operations (
  deployment TEXT NOT NULL, operation TEXT NOT NULL, number INTEGER NOT NULL, document BLOB NOT NULL,
  PRIMARY KEY (deployment, operation)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operations (id TEXT PRIMARY KEY, due REAL NOT NULL, document BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, due REAL NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_due ON events (due);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, document BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
  share TEXT NOT NULL, path TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (share, path)) WITHOUT ROWID;
"""
_TABLES = ("resources", "deployment_operations", "operations", "events", "settings", "files")


class Record:
    """A resource as it is kept: ``body`` is what a GET is made of, ``private`` what is never shown (keys, secrets)."""

    __slots__ = ("body", "key", "private", "type")

    def __init__(self, key: str, type: str, body: dict[str, Any], private: dict[str, Any] | None = None) -> None:
        self.key = key
        self.type = type
        self.body = body
        self.private = private if private is not None else {}

    @property
    def id(self) -> str:
        """The resource's id."""
        return str(self.body["id"])

    @property
    def properties(self) -> dict[str, Any]:
        """The body's ``properties``; made when there are none."""
        properties: dict[str, Any] = self.body.setdefault("properties", {})
        return properties


class _Closed:
    """In place of the connection once the store is closed: whatever is asked of it says so."""

    def __getattr__(self, name: str) -> Any:
        raise InputError("This local target is closed: make another one with Target.local().")


class Store:
    """Resources, deployments' operations, long-running operations, events to come, settings and files' metadata."""

    def __init__(self, folder: Path | None, *, key_file: Path | None = None) -> None:
        self.folder = folder
        self.vault: Vault
        self._lock = threading.RLock()
        self._depth = 0
        self._temporary: Path | None = None
        if folder is None:
            self.vault = MemoryVault()
            database = ":memory:"
        else:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(
                    f"The folder {folder} cannot be made: {error.strerror}. The local target keeps its state there."
                ) from error
            self.vault = KeyVault(key_file or default_key_file())
            database = str(folder / _DATABASE)
        self._connection = sqlite3.connect(database, timeout=30.0, isolation_level=None, check_same_thread=False)
        self._prepare()

    def _prepare(self) -> None:
        connection = self._connection
        try:
            if self.folder is not None:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.OperationalError as error:
            raise InputError(f"{self.folder}/{_DATABASE} cannot be used: {error}. It is as it was.") from error
        except sqlite3.DatabaseError as error:
            raise InfraError(
                f"{self.folder}/{_DATABASE} is not a store of the local target ({error}); delete it to begin anew."
            ) from error
        if version not in (0, SCHEMA_VERSION):
            raise InputError(
                f"The local store in {self.folder} was written by another version of this library (format {version}, "
                f"this one reads {SCHEMA_VERSION}); delete it to begin anew."
            )
        if version == 0:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    # ------------------------------------------------------------------------------------------ transactions

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes within are kept together or, when an exception leaves it, not at all. May be nested."""
        with self._lock:
            mark = f"level{self._depth}"
            self._connection.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {mark}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                else:
                    self._connection.execute(f"ROLLBACK TO {mark}")
                    self._connection.execute(f"RELEASE {mark}")
                raise
            self._depth -= 1
            self._connection.execute("COMMIT" if self._depth == 0 else f"RELEASE {mark}")

    def _rows(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, parameters).fetchall()

    def _change(self, statement: str, parameters: tuple[Any, ...] = ()) -> int:
        with self._lock:
            return self._connection.execute(statement, parameters).rowcount

    def _pack(self, document: Any) -> bytes:
        return self.vault.seal(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())

    def _unpack(self, blob: bytes) -> Any:
        try:
            return json.loads(self.vault.open(blob))
        except ValueError as error:
            raise InfraError(f"The local store in {self.folder} cannot be read: {error}. Delete it to begin anew.") from error

    # ------------------------------------------------------------------------------------------ resources

    def _record(self, row: tuple[str, str, bytes]) -> Record:
        document = self._unpack(row[2])
        return Record(row[0], row[1], document["body"], document["private"])

    def get(self, key: str) -> Record | None:
        """The resource of this key (its id, lower-cased), or None."""
        rows = self._rows("SELECT key, type, document FROM resources WHERE key = ?", (key,))
        return self._record(rows[0]) if rows else None

    def exists(self, key: str) -> bool:
        """Whether there is a resource of this key."""
        return bool(self._rows("SELECT 1 FROM resources WHERE key = ?", (key,)))

    def put(self, record: Record) -> None:
        """Keep the resource, in place of one that has its key."""
        document = self._pack({"body": record.body, "private": record.private})
        self._change("INSERT OR REPLACE INTO resources VALUES (?, ?, ?)", (record.key, record.type, document))

    def delete(self, key: str) -> bool:
        """Drop one resource; whether there was one."""
        return self._change("DELETE FROM resources WHERE key = ?", (key,)) > 0

    def below(self, key: str, type: str | None = None) -> list[Record]:
        """The resources whose key begins with ``key/``, of one (lower-cased) type or of all, by key."""
        # "0" follows "/" in the order of characters, so the two bounds enclose exactly the keys below this one.
        bounds = (f"{key}/", f"{key}0")
        if type is None:
            rows = self._rows("SELECT key, type, document FROM resources WHERE key > ? AND key < ? ORDER BY key", bounds)
        else:
            rows = self._rows(
                "SELECT key, type, document FROM resources WHERE type = ? AND key > ? AND key < ? ORDER BY key", (type, *bounds)
            )
        return [self._record(row) for row in rows]

    def count_below(self, key: str, type: str) -> int:
        """How many resources of a (lower-cased) type have a key that begins with ``key/``."""
        bounds = (type, f"{key}/", f"{key}0")
        return int(self._rows("SELECT COUNT(*) FROM resources WHERE type = ? AND key > ? AND key < ?", bounds)[0][0])

    def below_but(self, key: str, type: str) -> list[Record]:
        """The resources whose key begins with ``key/``, without those of one (lower-cased) type, by key."""
        bounds = (f"{key}/", f"{key}0", type)
        rows = self._rows(
            "SELECT key, type, document FROM resources WHERE key > ? AND key < ? AND type != ? ORDER BY key", bounds
        )
        return [self._record(row) for row in rows]

    def of_type(self, type: str) -> list[Record]:
        """All resources of a (lower-cased) type, wherever they are."""
        return [
            self._record(row)
            for row in self._rows("SELECT key, type, document FROM resources WHERE type = ? ORDER BY key", (type,))
        ]

    def any_of_type(self, type: str) -> Record | None:
        """One resource of a (lower-cased) type, or None."""
        rows = self._rows("SELECT key, type, document FROM resources WHERE type = ? LIMIT 1", (type,))
        return self._record(rows[0]) if rows else None

    def counts(self) -> dict[str, int]:
        """How many resources there are of each (lower-cased) type."""
        return dict(self._rows("SELECT type, COUNT(*) FROM resources GROUP BY type ORDER BY type"))

    # ------------------------------------------------------------------------------------------ deployments' operations

    def put_operation(self, deployment: str, operation: str, document: dict[str, Any]) -> None:
        """Keep an operation of a deployment; a new one goes to the end of the list."""
        self._change(
            "INSERT INTO deployment_operations VALUES (?, ?, (SELECT COALESCE(MAX(number), 0) + 1 FROM deployment_operations "
            "WHERE deployment = ?), ?) ON CONFLICT DO UPDATE SET document = excluded.document",
            (deployment, operation, deployment, self._pack(document)),
        )

    def operations_of(self, deployment: str) -> list[dict[str, Any]]:
        """The operations of a deployment, in the order in which they began."""
        rows = self._rows("SELECT document FROM deployment_operations WHERE deployment = ? ORDER BY number", (deployment,))
        return [self._unpack(row[0]) for row in rows]

    def delete_operations(self, deployment: str) -> None:
        """Forget a deployment's operations."""
        self._change("DELETE FROM deployment_operations WHERE deployment = ?", (deployment,))

    # ------------------------------------------------------------------------------------------ operations and events

    def put_status(self, operation: str, due: float, document: dict[str, Any]) -> None:
        """Keep the state of a long-running operation that ends at ``due`` (seconds since the epoch)."""
        self._change("INSERT OR REPLACE INTO operations VALUES (?, ?, ?)", (operation, due, self._pack(document)))

    def forget_statuses(self, before: float) -> None:
        """Forget the long-running operations that ended before a time."""
        self._change("DELETE FROM operations WHERE due < ?", (before,))

    def get_status(self, operation: str) -> dict[str, Any] | None:
        """The state of a long-running operation, or None."""
        rows = self._rows("SELECT document FROM operations WHERE id = ?", (operation,))
        return self._unpack(rows[0][0]) if rows else None

    def add_event(self, due: float, action: str, subject: str) -> None:
        """Something to do at ``due`` (seconds since the epoch)."""
        self._change("INSERT INTO events (due, action, subject) VALUES (?, ?, ?)", (due, action, subject))

    def take_event(self, now: float) -> tuple[float, str, str] | None:
        """The earliest event that is due, removed from the list; None when nothing is. Call it within a transaction."""
        rows = self._rows("SELECT number, due, action, subject FROM events WHERE due <= ? ORDER BY due, number LIMIT 1", (now,))
        if not rows:
            return None
        self._change("DELETE FROM events WHERE number = ?", (rows[0][0],))
        return rows[0][1], rows[0][2], rows[0][3]

    def has_event(self, now: float) -> bool:
        """Whether an event is due."""
        return bool(self._rows("SELECT 1 FROM events WHERE due <= ? LIMIT 1", (now,)))

    # ------------------------------------------------------------------------------------------ settings

    def get_setting(self, name: str, default: Any = None) -> Any:
        """A setting's value."""
        rows = self._rows("SELECT document FROM settings WHERE name = ?", (name,))
        return self._unpack(rows[0][0]) if rows else default

    def settings(self, prefix: str) -> list[Any]:
        """The values of the settings whose name begins with ``prefix``, by name."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        rows = self._rows("SELECT document FROM settings WHERE name >= ? AND name < ? ORDER BY name", (prefix, end))
        return [self._unpack(row[0]) for row in rows]

    def put_setting(self, name: str, value: Any) -> None:
        """Keep a setting."""
        self._change("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, self._pack(value)))

    # ------------------------------------------------------------------------------------------ files

    def get_file(self, share: str, path: str) -> dict[str, Any] | None:
        """The metadata of a file or folder (``share`` is account/share, ``path`` lower-cased), or None."""
        rows = self._rows("SELECT document FROM files WHERE share = ? AND path = ?", (share, path))
        return json.loads(rows[0][0]) if rows else None

    def put_file(self, share: str, path: str, document: dict[str, Any]) -> None:
        """Keep the metadata of a file or folder."""
        self._change("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (share, path, json.dumps(document, ensure_ascii=False)))

    def files_below(self, share: str, path: str) -> list[tuple[str, dict[str, Any]]]:
        """Path and metadata of a file or folder and of all below it."""
        rows = self._rows("SELECT path, document FROM files WHERE share = ? AND (path = ? OR (path > ? AND path < ?))",
                          (share, path, f"{path}/", f"{path}0"))  # fmt: skip
        return [(row[0], json.loads(row[1])) for row in rows]

    def delete_files(self, share: str, path: str | None = None) -> None:
        """Forget the metadata of a file or folder and of all below it, or of a whole share."""
        if path is None:
            self._change("DELETE FROM files WHERE share = ?", (share,))
        else:
            self._change("DELETE FROM files WHERE share = ? AND (path = ? OR (path > ? AND path < ?))",
                         (share, path, f"{path}/", f"{path}0"))  # fmt: skip

    def share_folder(self, account: str, share: str) -> Path:
        """The folder on disk that holds a share's content; made when it is missing."""
        with self._lock:
            root = self.folder
            if root is None:
                if self._temporary is None:
                    self._temporary = Path(tempfile.mkdtemp(prefix="infra-local-"))
                    # A store that nobody closes takes its folder with it as well.
                    weakref.finalize(self, shutil.rmtree, self._temporary, True)
                root = self._temporary
        folder = root / _SHARES / account / share
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def drop_share_folder(self, account: str, share: str) -> None:
        """Delete a share's content."""
        shutil.rmtree(self.share_folder(account, share), ignore_errors=True)

    # ------------------------------------------------------------------------------------------ the whole

    def reset(self) -> None:
        """Forget everything, the content of the shares included. Raises InfraError for files that it may not delete."""
        with self.transaction():
            for table in _TABLES:
                self._change(f"DELETE FROM {table}")  # noqa: S608 - names from the table above
        root = self.folder or self._temporary
        if root is not None:
            try:
                shutil.rmtree(root / _SHARES)
            except FileNotFoundError:
                return
            except OSError as error:
                text = f"Everything is forgotten, but {root / _SHARES} cannot be deleted: {error}. Delete it by hand."
                raise InfraError(text) from error

    def close(self) -> None:
        """Close the database; what was in memory is gone."""
        with self._lock:
            if not isinstance(self._connection, _Closed):
                self._connection.close()
                self._connection = cast(sqlite3.Connection, _Closed())
            if self._temporary is not None:
                shutil.rmtree(self._temporary, ignore_errors=True)
                self._temporary = None
