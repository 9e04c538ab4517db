"""Who may write to a share that a container engine mounts: everybody in the container, and this machine's user as well.

Azure mounts a share with the modes 0777 for all that is in it. Here it is a folder of this machine: what root of a container, or
another user of its image, writes there has to stay ours to change and to delete, and the other way round. A default access
control list (acl(5)) gives all new files those modes, whatever a program's umask is; the folder above keeps this machine's
other users out.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

_ATTRIBUTE = "system.posix_acl_default"
_VERSION, _UNDEFINED = 2, 0xFFFFFFFF
_OWNER, _GROUP, _OTHER = 0x01, 0x04, 0x20
_EVERYTHING = 7
_OPEN = struct.pack("<I", _VERSION) + b"".join(
    struct.pack("<HHI", tag, _EVERYTHING, _UNDEFINED) for tag in (_OWNER, _GROUP, _OTHER)
)


def open_share(share: Path) -> None:
    """Let every user of a container read and write what is in a share's folder, now and later."""
    share.parent.chmod(0o700)
    _open_folder(share)
    for folder, names, files in os.walk(share):
        for name in names:
            _open_folder(Path(folder, name))
        for name in files:
            _allow(Path(folder, name), 0o666)


def _open_folder(folder: Path) -> None:
    _allow(folder, 0o777)
    try:
        if os.getxattr(folder, _ATTRIBUTE) == _OPEN:
            return
    except OSError:
        pass
    try:
        os.setxattr(folder, _ATTRIBUTE, _OPEN)
    except OSError:
        # A file system without such lists, or a folder of somebody else: it stays as it is.
        return


def _allow(path: Path, bits: int) -> None:
    try:
        mode = path.lstat().st_mode
        if mode & bits != bits and not path.is_symlink():
            path.chmod(mode & 0o7777 | bits)
    except OSError:
        return
