"""File paths as Bicep sources write them: what is allowed, where they lead, and what is wrong with the file there."""

from __future__ import annotations

import os
import re
from typing import Any

_DRIVE = re.compile(r"[a-zA-Z]:")
_FORBIDDEN = re.compile(r'[\x00-\x1f"*:<>?\\|]')


class Problem:
    """What is wrong with something that has no place of its own yet: a code of the catalogue and the names for its message.

    The caller reports it where the path or the argument stands.
    """

    __slots__ = ("code", "names")

    def __init__(self, code: str, **names: Any) -> None:
        self.code = code
        self.names = names

    def __repr__(self) -> str:
        return f"Problem({self.code}, {self.names})"


def check_relative_path(path: str) -> Problem | None:
    """What is wrong with the text of a path, None if nothing: it is relative, with ``/`` and without reserved characters."""
    if not path:
        return Problem("BCP050")
    if path.startswith("/") or _DRIVE.match(path):
        return Problem("BCP051", path=path)
    forbidden = _FORBIDDEN.search(path)
    if forbidden is not None:
        character = forbidden.group()
        if character == "\\":
            return Problem("BCP098", path=path)
        if character < " ":
            return Problem("BCP111", path=path.encode("unicode_escape").decode())
        return Problem("BCP085", path=path, character=character)
    if path[-1] in " .":
        return Problem("BCP086", path=path)
    return None


def join(directory: str, path: str) -> str:
    """The absolute path that ``path``, seen from ``directory``, leads to; ``/`` between the parts."""
    return os.path.normpath(os.path.join(directory, path)).replace(os.sep, "/")


def directory_of(file: str) -> str:
    """The folder of a file."""
    return file.rpartition("/")[0] or "/"


def extension_of(path: str) -> str:
    """The extension with its dot in lower case: from the last dot of the last part, empty without one."""
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    return name[dot:].lower() if dot >= 0 else ""


def locate(directory: str, path: str) -> str | Problem:
    """Where a relative path leads, if it may be written so and is no folder. The file itself may be missing."""
    problem = check_relative_path(path)
    if problem is not None:
        return problem
    target = join(directory, path)
    if os.path.isdir(target):
        return Problem("BCP275", path=path)
    if path.endswith("/"):
        return Problem("BCP091", path=path, reason="a file's path does not end with a slash")
    return target


def read(file: str, shown: str) -> bytes | Problem:
    """The bytes of a file, or BCP091 with the reason; ``shown`` is the path as the source has it."""
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return Problem("BCP091", path=shown, reason="there is no such file")
    except IsADirectoryError:
        return Problem("BCP275", path=shown)
    except PermissionError:
        return Problem("BCP091", path=shown, reason="permission to read it is denied")
    except (OSError, ValueError) as error:
        return Problem("BCP091", path=shown, reason=getattr(error, "strerror", None) or str(error))
