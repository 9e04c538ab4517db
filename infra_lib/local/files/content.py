"""What a file or directory is: its content on disk, and the properties that the disk does not hold."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from infra_lib.local.files.errors import StorageError
from infra_lib.local.protocol import Call

_SETTABLE = {
    "x-ms-content-type": "Content-Type",
    "x-ms-content-encoding": "Content-Encoding",
    "x-ms-content-language": "Content-Language",
    "x-ms-cache-control": "Cache-Control",
    "x-ms-content-md5": "Content-MD5",
    "x-ms-content-disposition": "Content-Disposition",
}
_DEFAULT_TYPE = "application/octet-stream"
_PERMISSION_KEY = "14228873624061226383*4010187179898695473"
_UNSET = ("now", "preserve", "source")
MAX_RANGE = 4 * 1024 * 1024


def file_time(seconds: float) -> str:
    """A time as Azure Files writes it, in tenths of a microsecond."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def parse_time(text: str) -> float | None:
    """A time in a header; None for the words that stand for the current or the former one."""
    if not text or text.lower() in _UNSET:
        return None
    try:
        head, _, fraction = text.rstrip("Z").partition(".")
        return datetime.strptime(head, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp() + float(f"0.{fraction or 0}")
    except ValueError as error:
        raise StorageError(
            400, "InvalidHeaderValue", f"The time '{text}' is not in the form 2026-01-31T09:30:00.0000000Z."
        ) from error


def metadata_of(call: Call) -> dict[str, str]:
    """The metadata that a request gives, by name."""
    prefix = "x-ms-meta-"
    return {name[len(prefix) :]: value for name, value in call.headers.items() if name.startswith(prefix)}


def given_headers(call: Call) -> dict[str, str]:
    """The content headers that a request sets."""
    return {shown: call.headers[name] for name, shown in _SETTABLE.items() if call.headers.get(name)}


def new_document(call: Call, held: dict[str, Any] | None = None) -> dict[str, Any]:
    """The kept properties of a file or directory that a request makes or changes."""
    document = dict(held or {})
    document["changed"] = time.time_ns()
    created = parse_time(call.headers.get("x-ms-file-creation-time", ""))
    document["created"] = created if created is not None else document.get("created", time.time())
    attributes = call.headers.get("x-ms-file-attributes")
    if attributes and attributes.lower() not in ("preserve", "source"):
        document["attributes"] = attributes
    return document


def apply_write_time(call: Call, path: str, before: float | None = None) -> None:
    """Give what is on disk the last-write time that the request asks for; ``before`` is the one to preserve."""
    text = call.headers.get("x-ms-file-last-write-time", "")
    seconds = before if text.lower() == "preserve" else parse_time(text)
    if seconds is not None:
        os.utime(path, (seconds, seconds))


def etag(status: os.stat_result, document: dict[str, Any]) -> str:
    """Another value after each change of content or properties."""
    mark = f"{status.st_mtime_ns}.{status.st_size}.{document.get('changed', 0)}"
    return f'"0x{hashlib.blake2b(mark.encode(), digest_size=8).hexdigest().upper()}"'


def last_modified(status: os.stat_result, document: dict[str, Any]) -> float:
    """When content or properties changed last."""
    changed = float(document.get("changed", 0)) / 1e9
    return max(status.st_mtime, changed)


def identifier(status: os.stat_result) -> str:
    """A number that stays with the file."""
    return str(status.st_ino)


def headers_of(path: str, document: dict[str, Any]) -> dict[str, str]:
    """The response headers that describe what is at a path."""
    status = os.stat(path)
    folder = stat.S_ISDIR(status.st_mode)
    headers = {
        "ETag": etag(status, document),
        "Last-Modified": formatdate(last_modified(status, document), usegmt=True),
        "x-ms-server-encrypted": "true",
        "x-ms-file-attributes": document.get("attributes") or ("Directory" if folder else "Archive"),
        "x-ms-file-creation-time": file_time(document.get("created", status.st_ctime)),
        "x-ms-file-last-write-time": file_time(status.st_mtime),
        "x-ms-file-change-time": file_time(last_modified(status, document)),
        "x-ms-file-permission-key": _PERMISSION_KEY,
        "x-ms-file-id": identifier(status),
        "x-ms-file-parent-id": identifier(os.stat(os.path.dirname(path))),
    }
    for name, value in document.get("metadata", {}).items():
        headers[f"x-ms-meta-{name}"] = value
    if not folder:
        headers |= {
            "x-ms-type": "File",
            "Content-Length": str(status.st_size),
            "Accept-Ranges": "bytes",
            "Content-Type": _DEFAULT_TYPE,
            "x-ms-lease-state": "leased" if document.get("lease") else "available",
            "x-ms-lease-status": "locked" if document.get("lease") else "unlocked",
            **document.get("headers", {}),
            **document.get("copy", {}),
        }
        if document.get("lease"):
            headers["x-ms-lease-duration"] = "infinite"
    return headers


def parse_range(call: Call) -> tuple[int, int | None] | None:
    """First and last byte of the range that a request names; None when it names none."""
    text = call.headers.get("x-ms-range") or call.headers.get("range")
    if not text:
        return None
    first, dash, last = text.removeprefix("bytes=").partition("-")
    if not text.startswith("bytes=") or not dash or not first.isdigit() or not (last.isdigit() or not last):
        raise StorageError(400, "InvalidHeaderValue", f"The range '{text}' is not in the form bytes=0-511.")
    return int(first), int(last) if last else None


def require_range(call: Call) -> tuple[int, int]:
    """The range that a write must name."""
    span = parse_range(call)
    if span is None or span[1] is None:
        raise StorageError(400, "MissingRequiredHeader", "A write needs x-ms-range with its first and last byte.")
    return span[0], span[1]


def invalid_range(size: int) -> StorageError:
    """The range lies outside the file."""
    return StorageError(
        416, "InvalidRange", f"The range specified is invalid for the current size of the resource, {size} bytes."
    )
