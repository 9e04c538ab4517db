"""Azure's public locations: what the service offers them as, and how a caller may spell them."""

from __future__ import annotations

from typing import Any

_REGIONS = """
eastus|East US|US
eastus2|East US 2|US
centralus|Central US|US
northcentralus|North Central US|US
southcentralus|South Central US|US
westcentralus|West Central US|US
westus|West US|US
westus2|West US 2|US
westus3|West US 3|US
canadacentral|Canada Central|Canada
canadaeast|Canada East|Canada
mexicocentral|Mexico Central|Mexico
brazilsouth|Brazil South|South America
brazilsoutheast|Brazil Southeast|South America
chilecentral|Chile Central|South America
northeurope|North Europe|Europe
westeurope|West Europe|Europe
uksouth|UK South|Europe
ukwest|UK West|Europe
francecentral|France Central|Europe
francesouth|France South|Europe
germanywestcentral|Germany West Central|Europe
germanynorth|Germany North|Europe
austriaeast|Austria East|Europe
belgiumcentral|Belgium Central|Europe
italynorth|Italy North|Europe
norwayeast|Norway East|Europe
norwaywest|Norway West|Europe
polandcentral|Poland Central|Europe
spaincentral|Spain Central|Europe
swedencentral|Sweden Central|Europe
switzerlandnorth|Switzerland North|Europe
switzerlandwest|Switzerland West|Europe
israelcentral|Israel Central|Middle East
qatarcentral|Qatar Central|Middle East
uaenorth|UAE North|Middle East
uaecentral|UAE Central|Middle East
southafricanorth|South Africa North|Africa
southafricawest|South Africa West|Africa
eastasia|East Asia|Asia Pacific
southeastasia|Southeast Asia|Asia Pacific
japaneast|Japan East|Asia Pacific
japanwest|Japan West|Asia Pacific
koreacentral|Korea Central|Asia Pacific
koreasouth|Korea South|Asia Pacific
centralindia|Central India|Asia Pacific
southindia|South India|Asia Pacific
westindia|West India|Asia Pacific
jioindiawest|Jio India West|Asia Pacific
jioindiacentral|Jio India Central|Asia Pacific
indonesiacentral|Indonesia Central|Asia Pacific
malaysiawest|Malaysia West|Asia Pacific
newzealandnorth|New Zealand North|Asia Pacific
australiaeast|Australia East|Asia Pacific
australiasoutheast|Australia Southeast|Asia Pacific
australiacentral|Australia Central|Asia Pacific
australiacentral2|Australia Central 2|Asia Pacific
"""

# What each location is paired with, for copies of what it keeps. Most pair with each other; three with one that does not.
_PAIRS = """
australiacentral australiacentral2|australiaeast australiasoutheast|brazilsoutheast brazilsouth
canadacentral canadaeast|centralindia southindia|centralus eastus2|eastasia southeastasia|eastus westus
francecentral francesouth|germanywestcentral germanynorth|japaneast japanwest|jioindiacentral jioindiawest
koreacentral koreasouth|northcentralus southcentralus|northeurope westeurope|norwayeast norwaywest
southafricanorth southafricawest|switzerlandnorth switzerlandwest|uaenorth uaecentral|uksouth ukwest
westcentralus westus2|brazilsouth southcentralus|westindia southindia|westus3 eastus
"""
_PAIRED: dict[str, str] = {}
for _pair in _PAIRS.strip().replace("\n", "|").split("|"):
    _first, _second = _pair.split()
    _PAIRED[_first] = _second
_PAIRED = {**{second: first for first, second in reversed(_PAIRED.items())}, **_PAIRED}

DISPLAY_NAMES: dict[str, str] = {}
_GEOGRAPHY: dict[str, str] = {}
for _line in _REGIONS.split("\n"):
    if _line:
        _name, _display, _group = _line.split("|")
        DISPLAY_NAMES[_name] = _display
        _GEOGRAPHY[_name] = _group

GLOBAL = "global"


def normalize(location: str) -> str:
    """The location's short name: ``West US`` and ``westus`` are one."""
    return location.replace(" ", "").lower()


def is_known(location: str) -> bool:
    """Whether it is a public location, in any spelling."""
    return normalize(location) in DISPLAY_NAMES


def display_name(location: str) -> str:
    """``West US`` for ``westus``; what is not known stays as it is."""
    return DISPLAY_NAMES.get(normalize(location), location)


def paired_with(location: str) -> str | None:
    """The location that one is paired with; None where there is none."""
    return _PAIRED.get(normalize(location))


def describe(subscription_id: str) -> list[dict[str, Any]]:
    """The entries of a subscription's list of locations."""
    return [
        {
            "id": f"/subscriptions/{subscription_id}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": display,
            "regionalDisplayName": f"({_GEOGRAPHY[name]}) {display}",
            "metadata": {
                "regionType": "Physical",
                "regionCategory": "Recommended",
                "geographyGroup": _GEOGRAPHY[name],
                "pairedRegion": [
                    {"name": other, "id": f"/subscriptions/{subscription_id}/locations/{other}"}
                    for other in (_PAIRED.get(name),)
                    if other
                ],
            },
        }
        for name, display in DISPLAY_NAMES.items()
    ]
