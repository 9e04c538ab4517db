"""Names that Azure Files takes, and paths that it cannot tell from each other.

Rules: "Naming and referencing shares, directories, files, and metadata" of the Azure Storage REST reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from infra_lib.workloads.sync.model import fold

MAX_NAME = 255
MAX_PATH = 2048
MAX_DEPTH = 250

_FORBIDDEN = re.compile('["\\\\/:|<>*?\x00-\x1f\x7f-\x9f]')
_RESERVED = re.compile(r"(LPT[1-9]|COM[1-9]|PRN|AUX|NUL|CON|CLOCK\$)\Z", re.IGNORECASE)


def name_problem(path: str) -> str | None:
    """Why Azure Files does not take the last name of a path, or the path; None when it does."""
    name = path.rpartition("/")[2]
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not valid UTF-8"
    found = _FORBIDDEN.search(name)
    if found is not None:
        shown = found[0] if found[0].isprintable() else f"U+{ord(found[0]):04X}"
        return f"Azure Files forbids the character {shown} in names"
    if _RESERVED.match(name):
        return f"Azure Files reserves the name {name}"
    if len(name) > MAX_NAME:
        return f"its name has {len(name)} characters; Azure Files takes {MAX_NAME}"
    if len(path) > MAX_PATH:
        return f"its path has {len(path)} characters; Azure Files takes {MAX_PATH}"
    depth = path.count("/") + 1
    return f"it is {depth} folders deep; Azure Files takes {MAX_DEPTH}" if depth > MAX_DEPTH else None


def shown_path(path: str) -> str:
    """A path as it can be printed, whatever bytes its name is made of, and not longer than a line."""
    text = path.encode("utf-8", "backslashreplace").decode()
    text = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
    return text if len(text) <= 120 else f"{text[:80]}…{text[-36:]}"


def same_but_casing(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of paths that differ in casing alone. Of two folders, the folders; not also what is in them."""
    seen: dict[str, str] = {}
    for path in sorted(paths, key=lambda path: (path.count("/"), path)):
        other = seen.setdefault(fold(path), path)
        if other != path and other.rpartition("/")[0] == path.rpartition("/")[0]:
            yield other, path
