from __future__ import annotations

from typing import Any

import pytest

from .calling import Case, call, check, check_refusal


def _range(network: str, netmask: str, broadcast: str | None, first: str, last: str, prefix: int) -> dict[str, Any]:
    shown = {} if broadcast is None else {"broadcast": broadcast}
    return {"network": network, "netmask": netmask, **shown, "firstUsable": first, "lastUsable": last, "cidr": prefix}


_CLASS_A = _range("10.0.0.0", "255.0.0.0", "10.255.255.255", "10.0.0.1", "10.255.255.254", 8)
_SIXTEEN = _range("10.0.0.0", "255.255.0.0", "10.0.255.255", "10.0.0.1", "10.0.255.254", 16)

CASES: list[Case] = [
    ("parseCidr", ["10.144.3.7/20"], _range("10.144.0.0", "255.255.240.0", "10.144.15.255", "10.144.0.1", "10.144.15.254", 20)),
    ("parseCidr", ["10.0.0.4/31"], _range("10.0.0.4", "255.255.255.254", "10.0.0.5", "10.0.0.4", "10.0.0.4", 31)),
    ("parseCidr", ["10.0.0.4/32"], _range("10.0.0.4", "255.255.255.255", "10.0.0.4", "10.0.0.4", "10.0.0.4", 32)),
    ("parseCidr", ["0.0.0.0/0"], _range("0.0.0.0", "0.0.0.0", "255.255.255.255", "0.0.0.1", "255.255.255.254", 0)),
    ("parseCidr", ["10.0.0.0"], _CLASS_A),
    ("parseCidr", ["172.16.5.4"], _range("172.16.0.0", "255.255.0.0", "172.16.255.255", "172.16.0.1", "172.16.255.254", 16)),
    ("parseCidr", ["192.168.1.1"], _range("192.168.1.0", "255.255.255.0", "192.168.1.255", "192.168.1.1", "192.168.1.254", 24)),
    ("parseCidr", ["224.0.0.1"], _range("224.0.0.0", "255.255.255.0", "224.0.0.255", "224.0.0.1", "224.0.0.254", 24)),
    ("parseCidr", ["10.0.0.0/255.255.0.0"], _SIXTEEN),
    ("parseCidr", ["10.1/16"], _SIXTEEN),
    ("parseCidr", [" 0xA.0.0.0/8"], _CLASS_A),
    ("parseCidr", ["010.0.0.0/8"], _range("8.0.0.0", "255.0.0.0", "8.255.255.255", "8.0.0.1", "8.255.255.254", 8)),
    (
        "parseCidr",
        ["fdad:3236:5555::1/48"],
        _range("fdad:3236:5555::", "ffff:ffff:ffff::", None, "fdad:3236:5555::", "fdad:3236:5555:ffff:ffff:ffff:ffff:ffff", 48),
    ),
    ("cidrSubnet", ["10.144.0.0/20", 24, 3], "10.144.3.0/24"),
    ("cidrSubnet", ["10.0.0.0/24", 24, 0], "10.0.0.0/24"),
    ("cidrSubnet", ["10.0.0.0/24", 32, 255], "10.0.0.255/32"),
    ("cidrSubnet", ["fdad:3236:5555::/48", 64, 255], "fdad:3236:5555:ff::/64"),
    ("cidrHost", ["10.144.3.0/24", 0], "10.144.3.1"),
    ("cidrHost", ["10.144.3.0/24", 253], "10.144.3.254"),
    ("cidrHost", ["10.144.3.0/24", -1], "10.144.3.0"),
    ("cidrHost", ["10.144.3.0/24", -2], "10.144.2.255"),
    ("cidrHost", ["::/126", 1], "::2"),
]

REFUSALS: list[Case] = [
    ("parseCidr", ["10.0.0.0/33"], "ArgumentValue"),
    ("parseCidr", ["10.0.0.256/8"], "ArgumentValue"),
    ("parseCidr", ["10.0.0.0/255.0.255.0"], "ArgumentValue"),
    ("parseCidr", ["09.0.0.0/8"], "ArgumentValue"),
    ("parseCidr", ["::/129"], "ArgumentValue"),
    ("parseCidr", [""], "ArgumentValue"),
    ("parseCidr", ["x"], "ArgumentValue"),
    ("parseCidr", [1], "ArgumentType"),
    ("cidrSubnet", ["10.0.0.0/24", 26, 4], "ArgumentValue"),
    ("cidrSubnet", ["10.0.0.0/24", 26, -1], "ArgumentValue"),
    ("cidrSubnet", ["10.0.0.0/24", 23, 0], "ArgumentValue"),
    ("cidrSubnet", ["10.0.0.0/24", 33, 0], "ArgumentValue"),
    ("cidrSubnet", ["fd00::/48", 128, 0], "ArgumentValue"),
    ("cidrSubnet", ["10.0.0.0/24", "26", 0], "ArgumentType"),
    ("cidrHost", ["10.144.3.0/24", 254], "ArgumentValue"),
    ("cidrHost", ["10.0.0.0/31", 0], "ArgumentValue"),
    ("cidrHost", ["10.0.0.0/32", -1], "ArgumentValue"),
    ("cidrHost", ["::/126", 2], "ArgumentValue"),
    ("cidrHost", ["0.0.0.0/8", -2], "ArgumentValue"),
    ("cidrHost", ["10.0.0.0/8"], "ArgumentCount"),
]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("2001:db8:0:0:1:0:0:1/128", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1/128", "2001:db8:0:1:1:1:1:1"),
        ("::1/128", "::1"),
        ("::ffff:102:304/128", "::ffff:1.2.3.4"),
        ("::/0", "::"),
        ("FE80::A/128", "fe80::a"),
    ],
)
def test_text_of_ipv6(text: str, network: str) -> None:
    assert call("parseCidr", text)["network"] == network
