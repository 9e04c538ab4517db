"""A file share as synchronising sees it: entries, parts that become files, and refusals in words."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from infra_lib.deploy.failures import failure
from infra_lib.errors import InputError, SyncError
from infra_lib.workloads.sync.failures import code_of, ending
from infra_lib.workloads.sync.ignore import STATE_FOLDER
from infra_lib.workloads.sync.model import RemoteEntry, fold

if TYPE_CHECKING:
    from azure.storage.fileshare import FileProperties, ShareClient

    from infra_lib.deploy.target import Target

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799_000_000
TIME_TOLERANCE = 1000
"""Last-write times that differ by less than this many microseconds are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLocation:
    """The share that a config file names."""

    resource_group: str
    account: str
    share: str


@dataclass(slots=True, kw_only=True)
class Tree:
    """Entries of a share by folded path, and the folded paths of the folders that were listed (the root is empty)."""

    entries: dict[str, RemoteEntry] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)


def write_time(modified_ns: int) -> int:
    """A local file's time as the share keeps it: microseconds since 1970, within what the service takes."""
    return min(max(modified_ns // 1000, 0), _LATEST)


def time_text(microseconds: int) -> str:
    """A last-write time as the service takes it."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:06d}0Z"


def microseconds(value: Any) -> int:
    """A last-write time as the SDK gives it, in microseconds since 1970; 0 for none."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value[:26].rstrip("Z") + "+00:00")
    if not isinstance(value, datetime):
        return 0
    delta = (value if value.tzinfo is not None else value.replace(tzinfo=UTC)) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


class _Body:
    """A request's content, to be read from its start as often as it is sent. It is let go when it is closed.

    The SDK's requests and responses refer to each other, so that they stay until the garbage collector comes by; with plain
    bytes their content would, too.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._position = 0

    def __len__(self) -> int:
        return len(self._data)

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: len(self._data)}[whence]
        self._position = base + position
        return self._position

    def read(self, size: int | None = -1) -> memoryview:
        """The next bytes."""
        begin = self._position
        end = len(self._data) if size is None or size < 0 else min(begin + size, len(self._data))
        self._position = end
        return self._data[begin:end]

    def close(self) -> None:
        """Let the content go."""
        self._data = memoryview(b"")


class Remote:
    """One share of one target. Thread-safe. A key that was rotated meanwhile is read anew.

    Raises DeploymentError where the account or its keys cannot be read, SyncError for refusals that end a transfer; other
    refusals come through as the SDK raises them.
    """

    def __init__(self, target: Target, location: ShareLocation, *, retried: Callable[[float], None] | None = None) -> None:
        self.target = target
        self.location = location
        self._retried = retried
        self._lock = threading.Lock()
        self._endpoint = self._read_endpoint()
        self._key = self._read_key()
        self._share = self._connect()

    # ------------------------------------------------------------------------------------------ connecting

    def _read_endpoint(self) -> str:
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

        place = self.location
        try:
            found = self.target.storage.storage_accounts.get_properties(place.resource_group, place.account)
        except ResourceNotFoundError as error:
            raise InputError(
                f"There is no storage account '{place.account}' in resource group '{place.resource_group}' of {self.target.name} "
                "(any more). Run `infra provision`, or mend STORAGE_ACCOUNT_NAME and RESOURCE_GROUP_NAME in the config file."
            ) from error
        except HttpResponseError as error:
            raise failure(error, f"reading storage account '{place.account}' in {self.target.name}") from error
        endpoints = found.primary_endpoints
        if endpoints is None or not endpoints.file:
            raise SyncError(f"The storage account '{place.account}' has no file service: its kind does not offer file shares.")
        return str(endpoints.file)

    def _read_key(self) -> str:
        from azure.core.exceptions import HttpResponseError

        place = self.location
        try:
            keys = self.target.storage.storage_accounts.list_keys(place.resource_group, place.account).keys_property or []
        except HttpResponseError as error:
            raise failure(error, f"reading the keys of storage account '{place.account}'") from error
        if not keys or not keys[0].value:
            raise SyncError(f"The storage account '{place.account}' gives no keys.")
        return str(keys[0].value)

    def _connect(self) -> ShareClient:
        return self.target.share(self._endpoint, self.location.share, self._key, retried=self._retried)

    def _renew(self, used: ShareClient) -> bool:
        """After a key was refused: whether there is another one by now."""
        with self._lock:
            if self._share is not used:
                return True
            key = self._read_key()
            if key == self._key:
                return False
            self._key = key
            self._share = self._connect()
            return True

    def close(self) -> None:
        """End the connections."""
        self._share.close()

    def call(self, operation: Callable[[ShareClient], T]) -> T:
        """Run a request, once more with a new key when the key was refused."""
        from azure.core.exceptions import AzureError

        share = self._share
        try:
            try:
                return operation(share)
            except AzureError as error:
                if code_of(error) != "AuthenticationFailed" or not self._renew(share):
                    raise
                return operation(self._share)
        except AzureError as error:
            end = ending(error, account=self.location.account, share=self.location.share)
            if end is not None:
                raise end from error
            raise

    # ------------------------------------------------------------------------------------------ reading

    def entries(self, folder: str) -> list[RemoteEntry] | None:
        """What is in a folder (empty for the root); None when there is no such folder."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        def read(share: ShareClient) -> list[RemoteEntry]:
            found = []
            prefix = f"{folder}/" if folder else ""
            for item in share.get_directory_client(folder or None).list_directories_and_files(include=["timestamps"]):
                entry = RemoteEntry(
                    path=prefix + item.name,
                    is_directory=bool(item.is_directory),
                    size=0 if item.is_directory else int(item["size"] or 0),
                    written=microseconds(item.last_write_time),
                )
                found.append(entry)
            return found

        try:
            return self.call(read)
        except (ResourceNotFoundError, ResourceExistsError):
            return None

    def tree(self, wanted: Callable[[str], bool], executor: Executor) -> Tree:
        """The entries of the root and of every folder for whose path ``wanted`` is true."""
        found = Tree()
        level = [""]
        while level:
            below: list[str] = []
            for folder, entries in zip(level, executor.map(self.entries, level), strict=True):
                found.listed.add(fold(folder))
                for entry in entries or ():
                    found.entries[fold(entry.path)] = entry
                    if entry.is_directory and entry.path != STATE_FOLDER and wanted(entry.path):
                        below.append(entry.path)
            level = below
        return found

    def properties(self, path: str) -> FileProperties | None:
        """A file's properties; None when there is no such file."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        try:
            return self.call(lambda share: share.get_file_client(path).get_file_properties())
        except (ResourceNotFoundError, ResourceExistsError):
            return None

    def read(self, path: str) -> tuple[bytes, str] | None:
        """A small file's content and ETag; None when there is no such file."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        def download(share: ShareClient) -> tuple[bytes, str]:
            stream = share.get_file_client(path).download_file()
            return stream.readall(), str(stream.properties.etag)

        try:
            return self.call(download)
        except (ResourceNotFoundError, ResourceExistsError):
            return None

    # ------------------------------------------------------------------------------------------ writing

    def make_folder(self, path: str) -> None:
        """Make a folder, unless it is there. Its parent has to be."""
        from azure.core.exceptions import ResourceExistsError

        try:
            self.call(lambda share: share.get_directory_client(path).create_directory())
        except ResourceExistsError as error:
            if code_of(error) == "ResourceTypeMismatch":
                raise

    def create(self, path: str, size: int, *, data: bytes | None = None, written: int | None = None,
               metadata: dict[str, str] | None = None) -> None:  # fmt: skip
        """Make a file of a size, replacing one that is there; with ``data`` its content, up to 4 MiB."""
        options: dict[str, Any] = {} if written is None else {"file_last_write_time": time_text(written)}

        def send(share: ShareClient) -> None:
            with closing(_Body(data or b"")) as body:
                content: dict[str, Any] = {"data": body} if data else {}
                share.get_file_client(path).create_file(size, metadata=metadata, **content, **options)

        self.call(send)

    def put_range(self, path: str, data: bytes | memoryview, offset: int) -> None:
        """Write a part of a file, up to 4 MiB."""

        def send(share: ShareClient) -> None:
            with closing(_Body(data)) as body:
                share.get_file_client(path).upload_range(body, offset, len(data))  # type: ignore[arg-type]

        self.call(send)

    def set_metadata(self, path: str, metadata: dict[str, str]) -> None:
        """Replace a file's metadata."""
        self.call(lambda share: share.get_file_client(path).set_file_metadata(metadata))

    def rename(self, path: str, new_path: str, *, written: int | None = None, metadata: dict[str, str] | None = None) -> None:
        """Move a file in one step over what is there. After a lost answer the second try finds it done."""
        from azure.core.exceptions import ResourceNotFoundError

        options: dict[str, Any] = {"metadata": metadata} if metadata else {}
        if written is not None:
            options["file_last_write_time"] = time_text(written)
        try:
            self.call(lambda share: share.get_file_client(path).rename_file(new_path, overwrite=True, **options))
        except ResourceNotFoundError:
            there = self.properties(new_path)
            if there is None or (written is not None and abs(microseconds(there.last_write_time) - written) > TIME_TOLERANCE):
                raise

    def delete_file(self, path: str) -> None:
        """Delete a file, if it is there."""
        from azure.core.exceptions import ResourceNotFoundError

        with contextlib.suppress(ResourceNotFoundError):
            self.call(lambda share: share.get_file_client(path).delete_file())

    def delete_folder(self, path: str) -> bool:
        """Delete an empty folder; False when something is in it."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        try:
            self.call(lambda share: share.get_directory_client(path).delete_directory())
        except ResourceNotFoundError:
            pass
        except ResourceExistsError:
            return False
        return True


def by_depth(paths: Iterable[str]) -> list[list[str]]:
    """Folders by how deep they are, parents first."""
    levels: dict[int, list[str]] = {}
    for path in paths:
        levels.setdefault(path.count("/"), []).append(path)
    return [levels[depth] for depth in sorted(levels)]
