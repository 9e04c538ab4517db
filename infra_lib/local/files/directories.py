"""Operations on directories."""

from __future__ import annotations

import os
import shutil
from urllib.parse import unquote, urlsplit

from infra_lib.local.files import content, errors, listing
from infra_lib.local.files.share import Share
from infra_lib.local.protocol import Call, Reply


def rename_source(share: Share, call: Call) -> str:
    """The path on disk that a rename moves away. Raises StorageError when there is nothing, or it is in another share."""
    parts = unquote(urlsplit(call.headers.get("x-ms-file-rename-source", "")).path).strip("/").split("/")
    own = call.path.strip("/").split("/")
    depth = 1 if own[0].lower() == share.name and call.origin.endswith(".file.core.windows.net") else 2
    if [part.lower() for part in parts[:depth]] != [part.lower() for part in own[:depth]]:
        raise errors.unsupported("a rename from another share")
    found = share.tree.find(share.split("/".join(parts[depth:]), call))
    if found is None:
        raise errors.resource_not_found()
    return found


class DirectoryOperations:
    """Each answers one request on a directory; an empty path is the share's root."""

    def _existing(self, share: Share, names: list[str]) -> str:
        found = share.tree.find(names)
        if found is None:
            raise errors.resource_not_found() if share.tree.find(names[:-1]) is not None else errors.parent_not_found()
        if not os.path.isdir(found):
            raise errors.type_mismatch()
        return found

    def create(self, share: Share, names: list[str], call: Call) -> Reply:
        """Create Directory."""
        if not names:
            raise errors.already_exists()
        path = share.tree.place(names)
        try:
            os.mkdir(path)
        except FileExistsError:
            raise errors.already_exists() from None
        share.tree.added(path)
        document = content.new_document(call)
        metadata = content.metadata_of(call)
        if metadata:
            document["metadata"] = metadata
        share.keep(path, document)
        content.apply_write_time(call, path)
        return Reply(201, None, content.headers_of(path, document))

    def properties(self, share: Share, names: list[str], _call: Call) -> Reply:
        """Get Directory Properties."""
        path = self._existing(share, names)
        return Reply(200, None, content.headers_of(path, share.document(path)))

    def delete(self, share: Share, names: list[str], _call: Call) -> Reply:
        """Delete Directory: an empty one."""
        path = self._existing(share, names)
        if not names or os.listdir(path):
            raise errors.StorageError(409, "DirectoryNotEmpty", "The specified directory is not empty.")
        os.rmdir(path)
        share.forget(path)
        return Reply(202)

    def entries(self, share: Share, names: list[str], call: Call) -> Reply:
        """List Directories and Files."""
        return listing.entries(share, self._existing(share, names), "/".join(names), call)

    def set_metadata(self, share: Share, names: list[str], call: Call) -> Reply:
        """Set Directory Metadata."""
        path = self._existing(share, names)
        document = content.new_document(call, share.document(path)) | {"metadata": content.metadata_of(call)}
        share.keep(path, document)
        return Reply(200, None, content.headers_of(path, document))

    def set_properties(self, share: Share, names: list[str], call: Call) -> Reply:
        """Set Directory Properties: attributes and times."""
        path = self._existing(share, names)
        document = content.new_document(call, share.document(path))
        share.keep(path, document)
        content.apply_write_time(call, path, os.stat(path).st_mtime)
        return Reply(200, None, content.headers_of(path, document))

    def rename(self, share: Share, names: list[str], call: Call) -> Reply:
        """Rename Directory, with all that is in it."""
        source = rename_source(share, call)
        if not os.path.isdir(source):
            raise errors.type_mismatch()
        target = share.tree.place(names)
        if f"{target}/".startswith(f"{source}/") and target != source:
            raise errors.StorageError(409, "InvalidResourceName", "A directory cannot be moved into itself.")
        if os.path.lexists(target) and not os.path.samefile(source, target):
            raise errors.already_exists()
        shutil.move(source, target)
        share.move(source, target)
        share.tree.added(target)
        return Reply(200, None, content.headers_of(target, share.document(target)))
