"""The few system calls that Python has no function for. Linux only."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from fcntl import ioctl
from pathlib import Path

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC = 1, 32, 4096, 16384
_SYS_MOUNT_SETATTR = 442
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str | Path, kind: str | None, flags: int = 0) -> None:
    """mount(2). Raises OSError."""
    result = _libc().mount(os.fsencode(source), os.fsencode(target), kind.encode() if kind else None, ctypes.c_ulong(flags), None)
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


def make_read_only(target: str | Path) -> bool:
    """Make a mount and all below it read-only (mount_setattr(2), Linux 5.12); False where the machine does not allow it."""
    attributes = struct.pack("QQQQ", MS_RDONLY, 0, 0, 0)
    result = _libc().syscall(
        ctypes.c_long(_SYS_MOUNT_SETATTR),
        _AT_FDCWD,
        os.fsencode(target),
        _AT_RECURSIVE,
        attributes,
        ctypes.c_size_t(len(attributes)),
    )
    return bool(result == 0)


def bring_loopback_up() -> None:
    """Set the loopback device of a new network namespace up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        name = b"lo".ljust(16, b"\0")
        answer = ioctl(device, _SIOCGIFFLAGS, name + bytes(16))
        flags = struct.unpack("H", answer[16:18])[0] | _IFF_UP
        ioctl(device, _SIOCSIFFLAGS, name + struct.pack("H", flags) + bytes(14))
