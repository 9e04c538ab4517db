"""How keepers and pods are started: this Python, without site packages, so that it begins at once."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[3])


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs ``main()`` of a module of this package."""
    code = f"import sys; sys.path.insert(0, {_ROOT!r}); from {module} import main; main()"
    return [sys.executable, "-I", "-S", "-c", code, *arguments]
