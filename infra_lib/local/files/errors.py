"""Refusals of the data plane: a code in a header, and an XML body."""

from __future__ import annotations

from xml.sax.saxutils import escape

from infra_lib.local.protocol import Reply

XML_TYPE = "application/xml"


class StorageError(Exception):
    """A refusal in the words of Azure Files."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    def reply(self) -> Reply:
        """The refusal as an answer."""
        error = f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
        body = f'<?xml version="1.0" encoding="utf-8"?>{error}'
        return Reply(self.status, body.encode(), {"x-ms-error-code": self.code, "Content-Type": XML_TYPE})


def resource_not_found() -> StorageError:
    """There is no such file or directory."""
    return StorageError(404, "ResourceNotFound", "The specified resource does not exist.")


def parent_not_found() -> StorageError:
    """The directory that a file or directory is to be made in does not exist."""
    return StorageError(404, "ParentNotFound", "The specified parent path does not exist.")


def share_not_found() -> StorageError:
    """There is no such share."""
    return StorageError(404, "ShareNotFound", "The specified share does not exist.")


def already_exists() -> StorageError:
    """Something of this name is there."""
    return StorageError(409, "ResourceAlreadyExists", "The specified resource already exists.")


def type_mismatch() -> StorageError:
    """A file where a directory is asked for, or the other way round."""
    return StorageError(
        409, "ResourceTypeMismatch", "The specified resource type does not match the type of the existing resource."
    )


def unsupported(what: str) -> StorageError:
    """An operation that the local target does not have."""
    return StorageError(
        400,
        "UnsupportedOperation",
        f"The local target's file service does not support {what}; docs/local-coverage.md lists what it does.",
    )
