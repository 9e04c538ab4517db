"""Functions of IP address ranges in CIDR notation, IPv4 and IPv6."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from infra_lib.arm.functions.arguments import integer_argument, text_argument
from infra_lib.arm.functions.registry import FunctionError

_BITS_4, _BITS_6 = 32, 128
_MAXIMUM_SUBNETS = 2**63 - 1
_PREFIX = re.compile(r"\+?[0-9]{1,9}\Z")
_OCTET = re.compile(r"(?:0[xX](?P<hexadecimal>[0-9a-fA-F]+)|0(?P<octal>[0-7]+)|(?P<decimal>0|[1-9][0-9]*))\Z")
# The prefix that the class of an IPv4 address implies, by its first two bits.
_CLASS_PREFIXES = (8, 8, 16, 24)
_DEFAULT_PREFIX_6 = 64


class _Network(NamedTuple):
    """A range: its first address as a number, its prefix length, and the bits of an address of its family."""

    start: int
    prefix: int
    bits: int

    @property
    def size(self) -> int:
        return 1 << (self.bits - self.prefix)

    @property
    def last(self) -> int:
        return self.start + self.size - 1


def _parse_ipv4(text: str) -> int | None:
    """One to four numbers, the last filling what is left of the 32 bits; octal with a leading 0, hexadecimal with 0x."""
    parts = text.split(".")
    if len(parts) > 4:
        return None
    value = 0
    for position, part in enumerate(parts, 1):
        found = _OCTET.match(part)
        if not found or len(part) > 12:
            return None
        base = 16 if found["hexadecimal"] else 8 if found["octal"] else 10
        number = int(found["hexadecimal"] or found["octal"] or found["decimal"], base)
        bits = 8 if position < len(parts) else 8 * (5 - position)
        if number >> bits:
            return None
        value = value << bits | number
    return value


def _parse_address(text: str) -> tuple[int, int] | None:
    """An address as a number, and the bits of its family; None if it is none."""
    if ":" not in text:
        value = _parse_ipv4(text)
        return None if value is None else (value, _BITS_4)
    try:
        address = IPv6Address(text)
    except ValueError:
        return None
    return None if address.scope_id else (int(address), _BITS_6)


def _parse_prefix(text: str, bits: int) -> int | None:
    """A prefix length, written as such or as a netmask; None if it is neither."""
    if _PREFIX.match(text):
        prefix = int(text)
        return prefix if prefix <= bits else None
    mask = _parse_address(text)
    if mask is None or mask[1] != bits:
        return None
    prefix = mask[0].bit_count()
    return prefix if mask[0] == (1 << bits) - (1 << (bits - prefix)) else None


def _network(function: str, args: list[Any]) -> _Network:
    text = text_argument(function, args, 0)
    parts = text.replace("/", " ").split(" ")
    parts = [part for part in parts if part]
    address = _parse_address(parts[0]) if 1 <= len(parts) <= 2 else None
    if address is not None:
        value, bits = address
        if len(parts) == 2:
            prefix = _parse_prefix(parts[1], bits)
        elif bits == _BITS_6:
            prefix = _DEFAULT_PREFIX_6
        else:
            prefix = _CLASS_PREFIXES[value >> 30]
        if prefix is not None:
            return _Network(value >> (bits - prefix) << (bits - prefix), prefix, bits)
    raise FunctionError(f"{function}() takes an address range such as '10.0.0.0/16' or 'fd00::/48', not {text!r}.", argument=0)


def _longest_zeros(groups: list[int]) -> tuple[int, int]:
    """Start and end of the longest run of zeros, the first of equal ones; an empty range if none is longer than one."""
    best = (0, 0)
    start = 0
    for position, group in enumerate([*groups, 1]):
        if group:
            if position - start > max(best[1] - best[0], 1):
                best = (start, position)
            start = position + 1
    return best


def _address_text(value: int, bits: int) -> str:
    if bits == _BITS_4:
        return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))
    groups = [value >> shift & 0xFFFF for shift in range(112, -16, -16)]
    middle = groups[4:6]
    mapped = not any(groups[:4]) and groups[6] and middle in ([0, 0], [0, 0xFFFF], [0xFFFF, 0])
    if mapped or middle == [0, 0x5EFE]:
        # Addresses that carry one of IPv4 show it.
        return _grouped(groups[:6], tail=_address_text(value & 0xFFFFFFFF, _BITS_4))
    return _grouped(groups)


def _grouped(groups: list[int], tail: str = "") -> str:
    start, end = _longest_zeros(groups)
    texts = [f"{group:x}" for group in groups]
    if end == start:
        return ":".join([*texts, tail] if tail else texts)
    after = [*texts[end:], tail] if tail else texts[end:]
    return f"{':'.join(texts[:start])}::{':'.join(after)}"


def _parse_cidr(args: list[Any]) -> dict[str, Any]:
    network = _network("parseCidr", args)
    is_ipv4 = network.bits == _BITS_4
    first = last = network.start
    if not is_ipv4:
        last = network.last
    elif network.size > 2:
        first, last = network.start + 1, network.last - 1
    mask = (1 << network.bits) - network.size

    def text(value: int) -> str:
        return _address_text(value, network.bits)

    result: dict[str, Any] = {"network": text(network.start), "netmask": text(mask)}
    if is_ipv4:
        result["broadcast"] = text(network.last)
    result.update(firstUsable=text(first), lastUsable=text(last), cidr=network.prefix)
    return result


def _cidr_subnet(args: list[Any]) -> str:
    network = _network("cidrSubnet", args)
    prefix = integer_argument("cidrSubnet", args, 1)
    index = integer_argument("cidrSubnet", args, 2)
    if not network.prefix <= prefix <= network.bits:
        raise FunctionError(
            f"cidrSubnet() divides {args[0]!r} into prefixes of {network.prefix} to {network.bits}, not of {prefix}.", argument=1
        )
    count = 1 << (prefix - network.prefix)
    if count > _MAXIMUM_SUBNETS:
        raise FunctionError(
            f"cidrSubnet() cannot divide {args[0]!r} into 2^{prefix - network.prefix} parts: that is beyond 64 bits.", argument=1
        )
    if not 0 <= index < count:
        raise FunctionError(
            f"cidrSubnet() divides {args[0]!r} into {count} ranges of prefix {prefix}; there is none of index {index}.",
            argument=2,
        )
    return f"{_address_text(network.start + (index << (network.bits - prefix)), network.bits)}/{prefix}"


def _cidr_host(args: list[Any]) -> str:
    network = _network("cidrHost", args)
    index = integer_argument("cidrHost", args, 1)
    address = network.start + 1 + index
    if network.size <= 2 or index > network.size - 3 or address < 0:
        raise FunctionError(
            f"cidrHost() finds {max(network.size - 2, 0)} hosts in {args[0]!r}; there is none of index {index}.", argument=1
        )
    return _address_text(address, network.bits)


CALLS = {"cidrHost": _cidr_host, "cidrSubnet": _cidr_subnet, "parseCidr": _parse_cidr}
