"""The Python environment of an app or job: a folder in the store, which takes what its commands install."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

_MADE_FOR = "made-for"
_PIP = """#!/bin/sh
python={python}
"$python" -c "import pip" 2>/dev/null || "$python" -m ensurepip --default-pip >/dev/null || exit 1
exec "$python" -m pip "$@"
"""


def make_environment(folder: Path) -> Path:
    """A virtual environment in ``folder``, made when it is missing or was made elsewhere; its folder of programs.

    It sees the packages of the Python that runs this library, in place of those that the image would bring, and never changes
    them.
    """
    programs = folder / "bin"
    # What pip installs has the folder and the version of Python in it: an environment that was moved, or that was not made to
    # its end, is made anew.
    purpose = f"{folder}\nPython {sys.version_info.major}.{sys.version_info.minor}\n"
    made_for = folder / _MADE_FOR
    if not (programs / "python").exists() or not made_for.is_file() or made_for.read_text() != purpose:
        # Imported here: it is slow, and needed once for an app.
        import venv

        venv.EnvBuilder(with_pip=False, symlinks=True, clear=True).create(folder)
        for name in ("pip", "pip3"):
            script = programs / name
            script.write_text(_PIP.format(python=shlex.quote(str(programs / "python"))))
            script.chmod(0o755)
        made_for.write_text(purpose)
    packages = next(folder.glob("lib/python*/site-packages"))
    host = [item for item in sys.path if Path(item).name in ("site-packages", "dist-packages")]
    (packages / "host.pth").write_text("".join(f"{item}\n" for item in host))
    return programs


def needed_folders() -> list[str]:
    """The folders that the environment's Python is in: they have to be visible wherever they lie."""
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.path.realpath(sys.executable))}
    found |= {item for item in sys.path if os.path.isdir(item) and Path(item).name in ("site-packages", "dist-packages")}
    return sorted(found)
