"""Operations on files."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import uuid
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote, urlsplit

from infra_lib.local.files import content, errors, listing
from infra_lib.local.files.directories import rename_source
from infra_lib.local.files.errors import StorageError
from infra_lib.local.files.share import Share
from infra_lib.local.protocol import Call, Reply

MAX_FILE = 4 * 1024**4


def _check_lease(call: Call, document: dict[str, Any], header: str = "x-ms-lease-id") -> None:
    held, given = document.get("lease"), call.headers.get(header)
    if held and not given:
        raise StorageError(
            412, "LeaseIdMissing", "There is currently a lease on the file and no lease ID was specified in the request."
        )
    if given and given != held:
        code = "LeaseIdMismatchWithFileOperation" if held else "LeaseNotPresentWithFileOperation"
        raise StorageError(412, code, "The lease ID specified did not match the lease ID for the file.")


def _check_md5(call: Call) -> None:
    given = call.headers.get("content-md5")
    if given and given != base64.b64encode(hashlib.md5(call.body).digest()).decode():
        raise StorageError(
            400, "Md5Mismatch", "The MD5 value specified in the request did not match the MD5 value calculated by the server."
        )


class FileOperations:
    """Each answers one request on a file."""

    def _existing(self, share: Share, names: list[str]) -> str:
        found = share.tree.find(names)
        if found is None:
            raise errors.resource_not_found() if share.tree.find(names[:-1]) is not None else errors.parent_not_found()
        if os.path.isdir(found):
            raise errors.type_mismatch()
        return found

    # ------------------------------------------------------------------------------------------ content

    def create(self, share: Share, names: list[str], call: Call) -> Reply:
        """Create File (of a length, filled with zeros), or Copy File."""
        path = share.tree.place(names)
        if os.path.isdir(path):
            raise errors.type_mismatch()
        exists = os.path.lexists(path)
        held = share.document(path) if exists else {}
        _check_lease(call, held)
        if "x-ms-copy-source" in call.headers:
            return self._copy(share, path, call)
        text = call.headers.get("x-ms-content-length", "")
        if not text.isdigit() or int(text) > MAX_FILE:
            raise StorageError(
                400, "InvalidHeaderValue", f"The length x-ms-content-length '{text}' is not a number of bytes up to {MAX_FILE}."
            )
        if len(call.body) > int(text):
            raise content.invalid_range(int(text))
        _check_md5(call)
        share.take(int(text) - (os.stat(path).st_size if exists else 0))
        with open(path, "wb") as file:
            file.write(call.body)
            file.truncate(int(text))
        if not exists:
            share.tree.added(path)
        document = content.new_document(call)
        headers, metadata = content.given_headers(call), content.metadata_of(call)
        document |= {name: value for name, value in (("headers", headers), ("metadata", metadata)) if value}
        with share.store.transaction():
            lease = share.document(path).get("lease")
            if lease != held.get("lease"):  # somebody else created and leased it meanwhile
                _check_lease(call, {"lease": lease})
            share.keep(path, document | ({"lease": lease} if lease else {}))
        content.apply_write_time(call, path)
        return Reply(201, None, _without_content(content.headers_of(path, document)))

    def write_range(self, share: Share, names: list[str], call: Call) -> Reply:
        """Put Range: write or clear a part."""
        if "x-ms-structured-body" in call.headers:
            raise errors.unsupported("structured message bodies")
        path = self._existing(share, names)
        document = share.document(path)
        _check_lease(call, document)
        first, last = content.require_range(call)
        before = os.stat(path)
        if last >= before.st_size or last < first:
            raise content.invalid_range(before.st_size)
        clear = call.headers.get("x-ms-write", "").lower() == "clear"
        if not clear and len(call.body) != last - first + 1:
            raise StorageError(
                400, "InvalidHeaderValue", f"The range has {last - first + 1} bytes, the request's content {len(call.body)}."
            )
        if not clear and len(call.body) > content.MAX_RANGE:
            raise StorageError(413, "RequestBodyTooLarge", f"A range may have {content.MAX_RANGE} bytes.")
        _check_md5(call)
        self._write(path, first, last, None if clear else call.body)
        content.apply_write_time(call, path, before.st_mtime)
        if call.headers.get("x-ms-file-last-write-time", "").lower() == "preserve":
            share.keep(path, content.new_document(call, document))
        headers = _without_content(content.headers_of(path, share.document(path)))
        if "content-md5" in call.headers:
            headers["Content-MD5"] = call.headers["content-md5"]
        return Reply(201, None, headers)

    def _write(self, path: str, first: int, last: int, data: bytes | None) -> None:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            position = first
            while position <= last:
                part = (
                    memoryview(data)[position - first :]
                    if data is not None
                    else bytes(min(last - position + 1, content.MAX_RANGE))
                )
                position += os.pwrite(descriptor, part, position)
        finally:
            os.close(descriptor)

    def download(self, share: Share, names: list[str], call: Call) -> Reply:
        """Get File: all of it, or a range."""
        path = self._existing(share, names)
        headers = content.headers_of(path, share.document(path))
        size = os.stat(path).st_size
        span = content.parse_range(call)
        first, last = (0, size - 1) if span is None else (span[0], min(size - 1 if span[1] is None else span[1], size - 1))
        if span is not None and first >= size:
            raise content.invalid_range(size)
        with open(path, "rb") as file:
            file.seek(first)
            data = file.read(last - first + 1)
        headers["Content-Length"] = str(len(data))
        if span is None:
            return Reply(200, data, headers)
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        if "Content-MD5" in headers:
            headers["x-ms-content-md5"] = headers.pop("Content-MD5")
        if call.headers.get("x-ms-range-get-content-md5", "").lower() == "true":
            headers["Content-MD5"] = base64.b64encode(hashlib.md5(data).digest()).decode()
        return Reply(206, data, headers)

    def list_ranges(self, share: Share, names: list[str], _call: Call) -> Reply:
        """List Ranges: what of the file is not a hole."""
        path = self._existing(share, names)
        reply = listing.ranges(path)
        status = os.stat(path)
        reply.headers |= {"ETag": content.etag(status, share.document(path)), "x-ms-content-length": str(status.st_size),
                          "Last-Modified": formatdate(status.st_mtime, usegmt=True)}  # fmt: skip
        return reply

    # ------------------------------------------------------------------------------------------ properties

    def properties(self, share: Share, names: list[str], _call: Call) -> Reply:
        """Get File Properties."""
        path = self._existing(share, names)
        return Reply(200, None, content.headers_of(path, share.document(path)))

    def set_metadata(self, share: Share, names: list[str], call: Call) -> Reply:
        """Set File Metadata."""
        path = self._existing(share, names)
        with share.store.transaction():
            held = share.document(path)
            _check_lease(call, held)
            document = content.new_document(call, held) | {"metadata": content.metadata_of(call)}
            share.keep(path, document)
        return Reply(200, None, _without_content(content.headers_of(path, document)))

    def set_properties(self, share: Share, names: list[str], call: Call) -> Reply:
        """Set File Properties: content headers, times, and the length."""
        path = self._existing(share, names)
        held = share.document(path)
        _check_lease(call, held)
        before = os.stat(path)
        length = call.headers.get("x-ms-content-length")
        if length is not None:
            share.take(int(length) - before.st_size)
            os.truncate(path, int(length))
        document = content.new_document(call, held) | {"headers": content.given_headers(call)}
        share.keep(path, document)
        content.apply_write_time(call, path, before.st_mtime)
        return Reply(200, None, _without_content(content.headers_of(path, document)))

    def delete(self, share: Share, names: list[str], call: Call) -> Reply:
        """Delete File."""
        path = self._existing(share, names)
        _check_lease(call, share.document(path))
        share.take(-os.lstat(path).st_size)
        os.unlink(path)
        share.forget(path)
        return Reply(202)

    def rename(self, share: Share, names: list[str], call: Call) -> Reply:
        """Rename File, in one step; over an existing one when that is asked for."""
        source = rename_source(share, call)
        if os.path.isdir(source):
            raise errors.type_mismatch()
        _check_lease(call, share.document(source), "x-ms-source-lease-id")
        target = share.tree.place(names)
        if os.path.isdir(target):
            raise errors.type_mismatch()
        if os.path.lexists(target) and not os.path.samefile(source, target):
            if call.headers.get("x-ms-file-rename-replace-if-exists", "").lower() != "true":
                raise errors.already_exists()
            _check_lease(call, share.document(target), "x-ms-destination-lease-id")
            share.take(-os.lstat(target).st_size)
        # A rename that changes the casing alone keeps the directory entry that was found; the new name is the one asked for.
        wanted = f"{target.rpartition('/')[0]}/{names[-1]}"
        if wanted != target and os.path.lexists(target) and not os.path.samefile(source, target):
            os.unlink(target)
        os.replace(source, wanted)
        share.move(source, wanted)
        share.tree.added(wanted)
        content.apply_write_time(call, wanted)
        document = share.document(wanted)
        metadata, headers = content.metadata_of(call), content.given_headers(call)
        if metadata or headers:
            document = content.new_document(call, document)
            document |= {"metadata": metadata} if metadata else {}
            document |= {"headers": {**document.get("headers", {}), **headers}} if headers else {}
            share.keep(wanted, document)
        return Reply(200, None, _without_content(content.headers_of(wanted, document)))

    # ------------------------------------------------------------------------------------------ copies and leases

    def _copy(self, share: Share, target: str, call: Call) -> Reply:
        parts = unquote(urlsplit(call.headers["x-ms-copy-source"]).path).strip("/").split("/")
        own = call.path.strip("/").split("/")
        depth = 1 if call.origin.endswith(".file.core.windows.net") else 2
        if [part.lower() for part in parts[:depth]] != [part.lower() for part in own[:depth]]:
            raise errors.unsupported("a copy from another share or account")
        source = share.tree.find(share.split("/".join(parts[depth:]), call))
        if source is None or os.path.isdir(source):
            raise errors.resource_not_found()
        share.take(os.stat(source).st_size)
        shutil.copyfile(source, target)
        share.tree.added(target)
        size = os.stat(target).st_size
        held = share.document(source)
        document = content.new_document(call) | {name: held[name] for name in ("headers", "metadata") if name in held}
        if content.metadata_of(call):
            document["metadata"] = content.metadata_of(call)
        document["copy"] = {
            "x-ms-copy-id": str(uuid.uuid4()),
            "x-ms-copy-status": "success",
            "x-ms-copy-source": call.headers["x-ms-copy-source"].partition("?")[0],
            "x-ms-copy-progress": f"{size}/{size}",
            "x-ms-copy-completion-time": formatdate(usegmt=True),
        }
        share.keep(target, document)
        return Reply(202, None, _without_content(content.headers_of(target, document)))

    def abort_copy(self, share: Share, names: list[str], _call: Call) -> Reply:
        """Abort Copy File: copies are complete when they are answered."""
        self._existing(share, names)
        raise StorageError(409, "NoPendingCopyOperation", "There is currently no pending copy operation.")

    def lease(self, share: Share, names: list[str], call: Call) -> Reply:
        """Lease File: acquire, change, release, break."""
        path = self._existing(share, names)
        with share.store.transaction():
            return self._lease(share, path, call)

    def _lease(self, share: Share, path: str, call: Call) -> Reply:
        document = share.document(path)
        action, given = call.headers.get("x-ms-lease-action", "").lower(), call.headers.get("x-ms-lease-id")
        held = document.get("lease")
        proposed = call.headers.get("x-ms-proposed-lease-id")
        if action == "acquire":
            if held and held != proposed:
                raise StorageError(409, "LeaseAlreadyPresent", "There is already a lease present.")
            document["lease"] = proposed or str(uuid.uuid4())
        elif action in ("change", "release"):
            if not held or (given != held and proposed != held):
                raise StorageError(
                    409, "LeaseIdMismatchWithLeaseOperation", "The lease ID specified did not match the lease ID for the file."
                )
            document["lease"] = proposed if action == "change" else None
        elif action == "break":
            if not held:
                raise StorageError(409, "LeaseNotPresentWithLeaseOperation", "There is currently no lease on the file.")
            document["lease"] = None
        else:
            raise StorageError(
                400, "InvalidHeaderValue", f"The lease action '{action}' is not acquire, change, release or break."
            )
        share.keep(path, document)
        headers = {name: value for name, value in content.headers_of(path, document).items() if name in ("ETag", "Last-Modified")}
        if document["lease"]:
            headers["x-ms-lease-id"] = document["lease"]
        return Reply({"acquire": 201, "break": 202}.get(action, 200), None, headers)


def _without_content(headers: dict[str, str]) -> dict[str, str]:
    """The headers of an answer that has no body of the file."""
    return {
        name: value
        for name, value in headers.items()
        if name not in ("Content-Length", "Content-Type", "Content-MD5", "x-ms-type")
    }
