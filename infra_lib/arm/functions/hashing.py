"""``uniqueString``, ``guid`` and the 64-bit Murmur variant that the template hash of compiled Bicep is made with, too."""

from __future__ import annotations

from array import array
from functools import lru_cache
from sys import byteorder
from typing import Any

from infra_lib.arm.functions.arguments import all_text

_LANE = 0xFFFFFFFF
_C1 = 2869860233
_C2 = 597399067
_BLOCKS_AT_ONCE = 4096


def _rotate_and_multiply(lanes: int, mask: int, first: int, rotation: int, second: int) -> int:
    """``rotl(k * first, rotation) * second`` in every 64-bit cell of ``lanes`` at once, each holding one 32-bit lane."""
    product = (lanes * first) & mask
    return (((product << rotation | product >> (32 - rotation)) & mask) * second) & mask


def _mixed_blocks(data: memoryview) -> array[int]:
    """The lanes of whole 8-byte blocks after their own mixing: k1 and k2 of each block, in order.

    The blocks do not depend on each other here, so one long integer carries many of them through each step.
    """
    count = len(data) // 8
    mask = int.from_bytes(b"\xff\xff\xff\xff\0\0\0\0" * count, "little")
    value = int.from_bytes(data, "little")
    low = _rotate_and_multiply(value & mask, mask, _C2, 15, _C1)
    high = _rotate_and_multiply(value >> 32 & mask, mask, _C1, 17, _C2)
    lanes = array("I", (low | high << 32).to_bytes(count * 8, "little"))
    if byteorder == "big":
        lanes.byteswap()
    return lanes


def _finish(value: int) -> int:
    value = ((value ^ value >> 16) * 2246822507) & _LANE
    value = ((value ^ value >> 13) * 3266489909) & _LANE
    return value ^ value >> 16


def murmur64(data: bytes) -> int:
    """Return the hash of ``data`` as an unsigned 64-bit number, seeds 0.

    Resource Manager's variant works on two 32-bit lanes of 8-byte little-endian blocks; its source is the published behaviour of
    ``uniqueString``.
    """
    h1 = h2 = 0
    whole = len(data) // 8 * 8
    view = memoryview(data)
    for start in range(0, whole, 8 * _BLOCKS_AT_ONCE):
        lanes = iter(_mixed_blocks(view[start : min(start + 8 * _BLOCKS_AT_ONCE, whole)]))
        for k1, k2 in zip(lanes, lanes, strict=True):
            # Bits above 32 are garbage until the mask: sums and products do not carry them down.
            h1 ^= k1
            h1 = ((h1 << 19 | h1 >> 13) + h2) * 5 + 1444728091 & 0xFFFFFFFF
            h2 ^= k2
            h2 = ((h2 << 13 | h2 >> 19) + h1) * 5 + 197830471 & 0xFFFFFFFF
    tail = view[whole:]
    if len(tail):
        h1 ^= _rotate_and_multiply(int.from_bytes(tail[:4], "little"), _LANE, _C2, 15, _C1)
    if len(tail) > 4:
        h2 ^= _rotate_and_multiply(int.from_bytes(tail[4:], "little"), _LANE, _C1, 17, _C2)
    low = (h2 ^ len(data)) & _LANE
    high = ((h1 ^ len(data)) + low) & _LANE
    low = _finish((low + high) & _LANE)
    high = (_finish(high) + low) & _LANE
    return ((low + high) & _LANE) << 32 | high


_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_UNIQUE_LENGTH = 13
_GUID_NAMESPACE = bytes.fromhex("11fb06fb712d4ddd98c7e71bbd588830")


def _joined(function: str, args: list[Any]) -> str:
    return "-".join(all_text(function, args))


@lru_cache(maxsize=1024)
def _unique(text: str) -> str:
    # Thirteen groups of five bits from the top; the last is the lowest four bits and a zero.
    value = murmur64(text.encode("utf-8", "replace")) << 1
    return "".join([_ALPHABET[value >> shift & 31] for shift in range(5 * (_UNIQUE_LENGTH - 1), -1, -5)])


def _unique_string(args: list[Any]) -> str:
    return _unique(_joined("uniqueString", args))


def _guid(args: list[Any]) -> str:
    from hashlib import sha1

    digest = bytearray(
        sha1(_GUID_NAMESPACE + _joined("guid", args).encode("utf-8", "replace"), usedforsecurity=False).digest()[:16]
    )
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


CALLS = {"guid": _guid, "uniqueString": _unique_string}
