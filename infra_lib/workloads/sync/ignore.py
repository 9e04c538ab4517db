"""``.infraignore``: what of a workspace is not synchronised, in gitignore's syntax."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infra_lib.errors import InputError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".infraignore"
STATE_FOLDER = ".infra-sync"
"""On the share: the record of what is there, the lock, and what is not complete yet."""

_NEVER = frozenset((".git", ".infra"))


class IgnoreRules:
    """Decides by path. ``.git`` and ``.infra`` are left out wherever they are, whatever the file says."""

    def __init__(self, spec: GitIgnoreSpec | None) -> None:
        self._spec = spec

    @classmethod
    def load(cls, folder: Path) -> IgnoreRules:
        """The rules of a workspace; none where it has no ``.infraignore``. Raises InputError for a file that is none."""
        from pathspec import GitIgnoreSpec

        path = folder / IGNORE_FILE
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except FileNotFoundError:
            return cls(None)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read as UTF-8 text: {error}.") from error
        for number, line in enumerate(lines, 1):
            try:
                GitIgnoreSpec.from_lines([line])
            except Exception as error:
                raise InputError(f"{path}({number},1): the pattern '{line}' is not one that gitignore takes: {error}") from error
        return cls(GitIgnoreSpec.from_lines(lines))

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path (relative, with ``/``) is left out. A folder that is left out takes all below it along."""
        name = path.rpartition("/")[2]
        if name in _NEVER or path == STATE_FOLDER:
            return True
        return self._spec is not None and self._spec.match_file(path + "/" if is_folder else path)
