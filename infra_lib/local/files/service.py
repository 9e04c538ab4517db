"""The door of the data plane: which account and share, the signature, and the operation."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_lib.local.addresses import parse
from infra_lib.local.files import errors, listing, signature
from infra_lib.local.files.content import metadata_of
from infra_lib.local.files.directories import DirectoryOperations
from infra_lib.local.files.errors import StorageError
from infra_lib.local.files.file_operations import FileOperations
from infra_lib.local.files.share import Share
from infra_lib.local.protocol import Call, Reply
from infra_lib.local.providers import storage
from infra_lib.local.store import Record

if TYPE_CHECKING:
    from infra_lib.local.context import Context

_HOST_ENDING = ".file.core.windows.net"
_GIB = 1024**3

Operation = Callable[[Share, list[str], Call], Reply]

DIRECTORY_OPERATIONS: dict[tuple[str, str], str] = {
    ("PUT", ""): "create",
    ("GET", ""): "properties",
    ("HEAD", ""): "properties",
    ("DELETE", ""): "delete",
    ("GET", "list"): "entries",
    ("PUT", "metadata"): "set_metadata",
    ("PUT", "properties"): "set_properties",
    ("PUT", "rename"): "rename",
}
FILE_OPERATIONS: dict[tuple[str, str], str] = {
    ("PUT", ""): "create",
    ("GET", ""): "download",
    ("HEAD", ""): "properties",
    ("DELETE", ""): "delete",
    ("PUT", "range"): "write_range",
    ("GET", "rangelist"): "list_ranges",
    ("PUT", "metadata"): "set_metadata",
    ("PUT", "properties"): "set_properties",
    ("PUT", "rename"): "rename",
    ("PUT", "lease"): "lease",
    ("PUT", "copy"): "abort_copy",
}
SHARE_OPERATIONS: dict[tuple[str, str], str] = {
    ("PUT", ""): "create",
    ("GET", ""): "properties",
    ("HEAD", ""): "properties",
    ("DELETE", ""): "delete",
    ("PUT", "properties"): "set_properties",
    ("PUT", "metadata"): "set_metadata",
    ("GET", "stats"): "statistics",
}
"""By method and ``comp``, the operations on directories, files and shares that are supported."""


class FileService:
    """Answers Azure Files requests for the accounts of the control plane."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._shares: dict[str, Share] = {}
        self._lock = threading.Lock()
        self._directories = DirectoryOperations()
        self._files = FileOperations()

    def is_meant(self, call: Call) -> bool:
        """Whether a request is for the data plane: by its host, or by the version header that only storage clients send."""
        return call.origin.endswith(_HOST_ENDING) or "x-ms-version" in call.headers

    def respond(self, call: Call) -> Reply:
        """Answer a request, errors as their XML bodies."""
        try:
            reply = self._answer(call)
        except StorageError as error:
            reply = error.reply()
        except FileNotFoundError:
            reply = errors.resource_not_found().reply()
        except OSError as error:
            # No server error: those are tried again, and this disk will not do better.
            reply = StorageError(409, "LocalDiskRefused", _describe(error)).reply()
        reply.headers.setdefault("x-ms-request-id", str(uuid.uuid4()))
        reply.headers.setdefault("x-ms-version", call.headers.get("x-ms-version", ""))
        reply.headers.setdefault("Date", formatdate(usegmt=True))
        if "x-ms-client-request-id" in call.headers:
            reply.headers.setdefault("x-ms-client-request-id", call.headers["x-ms-client-request-id"])
        return reply

    def _answer(self, call: Call) -> Reply:
        segments = call.path.strip("/").split("/") if call.path != "/" else []
        host = call.origin.partition("://")[2]
        if host.endswith(_HOST_ENDING):
            account_name = host.removesuffix(_HOST_ENDING)
        elif segments:
            account_name = segments.pop(0)
        else:
            raise errors.resource_not_found()
        account = storage.find_account(self._context, account_name)
        if account is None:
            raise StorageError(404, "ResourceNotFound", f"There is no storage account '{account_name}' on the local target.")
        signature.verify(call, account_name, storage.keys_of(account))
        fault = self._context.take_fault(call.method, call.path)
        if fault is not None:
            raise StorageError(fault.status, fault.code, fault.message)
        comp, kind = call.query.get("comp", ""), call.query.get("restype", "")
        if "sharesnapshot" in call.query or comp == "snapshot":
            raise errors.unsupported("share snapshots")
        if not segments:
            return self._account_operation(account, call, comp)
        name, names = segments[0].lower(), "/".join(segments[1:])
        if kind == "share":
            return self._share_operation(account, name, call, comp)
        share = self._share(account, name)
        path = share.split(names, call)
        if kind == "directory":
            return self._run(self._directories, DIRECTORY_OPERATIONS, share, path, call, comp)
        if not path:
            raise StorageError(400, "InvalidUri", "The request URI is invalid: it names no file.")
        return self._run(self._files, FILE_OPERATIONS, share, path, call, comp)

    def _run(self, target: Any, table: dict[tuple[str, str], str], share: Share, path: list[str], call: Call, comp: str) -> Reply:
        name = table.get((call.method, comp))
        if name is None:
            raise errors.unsupported(
                f"{call.method} with comp={comp or 'nothing'} and restype={call.query.get('restype', 'nothing')}"
            )
        operation: Operation = getattr(target, name)
        return operation(share, path, call)

    # ------------------------------------------------------------------------------------------ accounts and shares

    def _account_operation(self, account: Record, call: Call, comp: str) -> Reply:
        if call.method == "GET" and comp == "list":
            shares = self._context.store.below(account.key, storage.SHARE.key)
            return listing.shares(call, account.body["name"], shares)
        raise errors.unsupported(f"{call.method} with comp={comp or 'nothing'} on an account")

    def _record(self, account: Record, name: str) -> Record | None:
        return self._context.store.get(f"{account.key}/fileservices/default/shares/{name}")

    def _share(self, account: Record, name: str) -> Share:
        record = self._record(account, name)
        if record is None:
            raise errors.share_not_found()
        key = f"{account.body['name'].lower()}/{name}"
        with self._lock:
            share = self._shares.get(key)
            if share is None:
                share = self._shares[key] = Share(self._context.store, account.body["name"].lower(), name)
        share.quota = int(record.properties["shareQuota"]) * _GIB
        return share

    def _share_operation(self, account: Record, name: str, call: Call, comp: str) -> Reply:
        operation = SHARE_OPERATIONS.get((call.method, comp))
        if operation is None:
            raise errors.unsupported(f"{call.method} with comp={comp or 'nothing'} on a share")
        record = self._record(account, name)
        if operation == "create":
            return self._create_share(account, name, call, record)
        if record is None:
            raise errors.share_not_found()
        if operation == "delete":
            with self._context.store.transaction():
                self._context.remove(record.key)
            self._shares.pop(f"{account.body['name'].lower()}/{name}", None)
            return Reply(202)
        if operation == "statistics":
            return listing.statistics(self._share(account, name).used(fresh=True))
        if operation == "set_properties":
            self._change(record, "shareQuota", int(call.headers.get("x-ms-share-quota", record.properties["shareQuota"])))
        elif operation == "set_metadata":
            self._change(record, "metadata", metadata_of(call))
        return Reply(200, None, _share_headers(record))

    def _create_share(self, account: Record, name: str, call: Call, record: Record | None) -> Reply:
        if record is not None:
            raise StorageError(409, "ShareAlreadyExists", "The specified share already exists.")
        if not storage.SHARE_NAME.fullmatch(name):
            raise StorageError(
                400,
                "InvalidResourceName",
                f"The share name '{name}' is not valid: 3 to 63 lower-case letters, digits and single hyphens.",
            )
        quota = call.headers.get("x-ms-share-quota", str(storage.DEFAULT_QUOTA))
        if not quota.isdigit() or not 1 <= int(quota) <= storage.MAX_QUOTA:
            raise StorageError(
                400, "InvalidHeaderValue", f"The share quota '{quota}' is not a number of GiB from 1 to {storage.MAX_QUOTA}."
            )
        address = parse(f"{account.id}/fileServices/default/shares/{name}")
        properties: dict[str, Any] = {"shareQuota": int(quota)}
        metadata = metadata_of(call)
        if metadata:
            properties["metadata"] = metadata
        with self._context.store.transaction():
            made = storage.complete_share(self._context, address, {"properties": properties}, None)
            made.private.update(input={"properties": properties}, created=time.time(), changed=time.time())
            self._context.store.put(made)
            self._context.store.share_folder(account.body["name"].lower(), name)
        return Reply(201, None, _share_headers(made))

    def _change(self, record: Record, name: str, value: Any) -> None:
        record.properties[name] = value
        with self._context.store.transaction():
            self._context.store.put(record)


def _share_headers(record: Record) -> dict[str, str]:
    properties = record.properties
    headers = {
        "ETag": record.body["etag"],
        "Last-Modified": listing.http_date(properties["lastModifiedTime"]),
        "x-ms-share-quota": str(properties["shareQuota"]),
        "x-ms-access-tier": properties["accessTier"],
        "x-ms-enabled-protocols": properties["enabledProtocols"],
        "x-ms-lease-state": "available",
        "x-ms-lease-status": "unlocked",
        "x-ms-has-immutability-policy": "false",
    }
    for name, value in (properties.get("metadata") or {}).items():
        headers[f"x-ms-meta-{name}"] = value
    return headers


def _describe(error: OSError) -> str:
    place = Path(str(error.filename or ""))
    text = (
        f"This machine's disk refuses {place}: {error.strerror}." if error.filename else f"This machine's disk refuses: {error}."
    )
    if not isinstance(error, PermissionError):
        return text
    try:
        held = next(item for item in (place, *place.parents) if item.exists())
        owner = held.owner()
    except (OSError, KeyError, StopIteration, NotImplementedError):
        return text
    return f"{text} {held} belongs to the user {owner}: change its owner, or delete it as that user."
