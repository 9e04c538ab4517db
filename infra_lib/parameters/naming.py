"""Azure's naming rules per resource type, and which parameters of a template become names.

The rules are those of "Naming rules and restrictions for Azure resources" in Azure's documentation, for the length of a logic
app's name that of its limits there, and for environment storages those that the container apps service answers with. Types
that are not in the table have no rule here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingRule:
    """What a name of one resource type has to be.

    ``characters`` are the allowed ones as a regular expression class, ``allows`` the same in words. ``starts`` and ``ends``
    are classes for the first and last character with their words, empty for no rule of their own. ``doubled`` lists characters
    that may not follow themselves. ``reserved`` (lower case) may not be the name; ``endpoint`` says that a resource of this type
    has a public endpoint, whose name may not have the words that Azure keeps for itself.
    """

    kind: str
    minimum: int
    maximum: int
    characters: str
    allows: str
    starts: str = ""
    ends: str = ""
    doubled: str = ""
    reserved: tuple[str, ...] = ()
    endpoint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingProblem:
    """Why a text cannot be a name, and what to write instead."""

    kind: str
    problem: str
    fix: str


_LOWER = "a-z0-9"
_ALNUM = "A-Za-z0-9"
_LETTER = "A-Za-z"
_WORDS = {
    "a-z": "a lower-case letter",
    _LETTER: "a letter",
    _LOWER: "a lower-case letter or a digit",
    _ALNUM: "a letter or a digit",
    _ALNUM + "_": "a letter, a digit or an underscore",
    "0-9": "a digit",
}
_LOWER_DIGITS = "lower-case letters and digits"
_LOWER_HYPHEN = "lower-case letters, digits and hyphens"
_ALNUM_HYPHEN = "letters, digits and hyphens"
_ALNUM_ANY = "letters, digits, underscores, periods and hyphens"

# "Resolve errors for reserved resource names" in Azure's documentation.
_RESERVED_WORDS = frozenset([
    "access", "app_code", "app_themes", "app_data", "app_globalresources", "app_localresources", "app_webreferences",
    "app_browsers", "azure", "bing", "bizspark", "biztalk", "cortana", "directx", "dotnet", "dynamics", "excel", "exchange",
    "forefront", "groove", "hololens", "hyperv", "kinect", "lync", "msdn", "o365", "office", "office365", "onedrive",
    "onenote", "outlook", "powerpoint", "sharepoint", "skype", "visio", "visualstudio", "web.config", "xbox",
])  # fmt: skip
_RESERVED_ANYWHERE = ("microsoft", "windows")
_RESERVED_AT_START = "login"


def _rule(kind: str, minimum: int, maximum: int, characters: str, allows: str, **more: Any) -> NamingRule:
    return NamingRule(kind=kind, minimum=minimum, maximum=maximum, characters=characters, allows=allows, **more)


def _lower_hyphen(kind: str, minimum: int, maximum: int, starts: str = _LOWER, **more: Any) -> NamingRule:
    return _rule(kind, minimum, maximum, _LOWER + "-", _LOWER_HYPHEN, starts=starts, ends=_LOWER, doubled="-", **more)


def _alnum_hyphen(kind: str, minimum: int, maximum: int, starts: str = _ALNUM, ends: str = _ALNUM, **more: Any) -> NamingRule:
    return _rule(kind, minimum, maximum, _ALNUM + "-", _ALNUM_HYPHEN, starts=starts, ends=ends, **more)


def _network(kind: str, minimum: int = 1, maximum: int = 80) -> NamingRule:
    return _rule(kind, minimum, maximum, _ALNUM + "_.-", _ALNUM_ANY, starts=_ALNUM, ends=_ALNUM + "_")


RESOURCE_GROUP = _rule(
    "a resource group", 1, 90, r"\w.()\-", "letters, digits, underscores, hyphens, periods and parentheses", ends=r"\w()\-"
)

RULES: dict[str, NamingRule] = {
    "microsoft.resources/resourcegroups": RESOURCE_GROUP,
    "microsoft.resources/deployments": _rule("a deployment", 1, 64, _ALNUM + "_.()-", "letters, digits, _, -, ., ( and )"),
    "microsoft.storage/storageaccounts": _rule("a storage account", 3, 24, _LOWER, _LOWER_DIGITS, endpoint=True),
    "microsoft.storage/storageaccounts/fileservices/shares": _lower_hyphen("a file share", 3, 63),
    "microsoft.storage/storageaccounts/queueservices/queues": _lower_hyphen("a queue", 3, 63),
    "microsoft.storage/storageaccounts/tableservices/tables": _rule(
        "a storage table", 3, 63, _ALNUM, "letters and digits", starts=_LETTER, reserved=("tables",)
    ),
    "microsoft.app/containerapps": _lower_hyphen("a container app", 2, 32, "a-z", endpoint=True),
    "microsoft.app/jobs": _lower_hyphen("a container app job", 2, 32, "a-z"),
    "microsoft.app/managedenvironments": _rule("a container apps environment", 2, 60, _LOWER + "-", _LOWER_HYPHEN),
    "microsoft.app/managedenvironments/storages": _lower_hyphen("an environment storage", 2, 32, "a-z"),
    "microsoft.app/managedenvironments/daprcomponents": _lower_hyphen("a Dapr component", 1, 60, "a-z"),
    "microsoft.operationalinsights/workspaces": _alnum_hyphen("a Log Analytics workspace", 4, 63),
    "microsoft.operationalinsights/clusters": _alnum_hyphen("a Log Analytics cluster", 4, 63),
    "microsoft.insights/components": _rule(
        "an Application Insights component", 1, 260, r"^%&\\?/#", "anything but %, &, \\, ?, / and #", ends=r"^. %&\\?/#"
    ),
    "microsoft.keyvault/vaults": _alnum_hyphen("a key vault", 3, 24, _LETTER, doubled="-", endpoint=True),
    "microsoft.keyvault/vaults/secrets": _rule("a key vault secret", 1, 127, _ALNUM + "-", _ALNUM_HYPHEN),
    "microsoft.keyvault/vaults/keys": _rule("a key vault key", 1, 127, _ALNUM + "-", _ALNUM_HYPHEN),
    "microsoft.keyvault/managedhsms": _alnum_hyphen("a managed HSM", 3, 24, _LETTER, doubled="-", endpoint=True),
    "microsoft.containerregistry/registries": _rule("a container registry", 5, 50, _ALNUM, "letters and digits", endpoint=True),
    "microsoft.containerinstance/containergroups": _lower_hyphen("a container group", 1, 63),
    "microsoft.containerservice/managedclusters": _rule(
        "a Kubernetes cluster", 1, 63, _ALNUM + "_-", "letters, digits, underscores and hyphens", starts=_ALNUM, ends=_ALNUM
    ),
    "microsoft.managedidentity/userassignedidentities": _rule(
        "a managed identity", 3, 128, _ALNUM + "_-", "letters, digits, underscores and hyphens", starts=_ALNUM
    ),
    "microsoft.network/virtualnetworks": _network("a virtual network", 2, 64),
    "microsoft.network/virtualnetworks/subnets": _network("a subnet"),
    "microsoft.network/networksecuritygroups": _network("a network security group"),
    "microsoft.network/networkinterfaces": _network("a network interface"),
    "microsoft.network/publicipaddresses": _network("a public IP address"),
    "microsoft.network/privateendpoints": _network("a private endpoint", 2, 64),
    "microsoft.network/routetables": _network("a route table"),
    "microsoft.network/loadbalancers": _network("a load balancer"),
    "microsoft.network/applicationgateways": _network("an application gateway"),
    "microsoft.network/natgateways": _network("a NAT gateway"),
    "microsoft.network/azurefirewalls": _network("a firewall", 1, 56),
    "microsoft.network/bastionhosts": _network("a bastion host"),
    "microsoft.network/virtualnetworkgateways": _network("a virtual network gateway"),
    "microsoft.web/sites": _alnum_hyphen("a web app", 2, 60, endpoint=True),
    "microsoft.web/serverfarms": _rule("an App Service plan", 1, 60, r"\w-", "letters, digits, underscores and hyphens"),
    "microsoft.web/staticsites": _alnum_hyphen("a static web app", 1, 60, endpoint=True),
    "microsoft.documentdb/databaseaccounts": _rule(
        "a Cosmos DB account", 3, 44, _LOWER + "-", _LOWER_HYPHEN, starts=_LOWER, ends=_LOWER,
        endpoint=True,
    ),
    "microsoft.sql/servers": _rule("a SQL server", 1, 63, _LOWER + "-", _LOWER_HYPHEN, starts=_LOWER, ends=_LOWER, endpoint=True),
    "microsoft.sql/servers/databases": _rule(
        "a SQL database", 1, 128, r"^<>*%&:\\/?", "anything but < > * % & : \\ / ?", ends=r"^. <>*%&:\\/?",
        reserved=("master", "model", "tempdb"),
    ),
    "microsoft.dbforpostgresql/flexibleservers": _rule(
        "a PostgreSQL server", 3, 63, _LOWER + "-", _LOWER_HYPHEN, starts=_LOWER, ends=_LOWER,
        endpoint=True,
    ),
    "microsoft.dbformysql/flexibleservers": _rule(
        "a MySQL server", 3, 63, _LOWER + "-", _LOWER_HYPHEN, starts=_LOWER, ends=_LOWER,
        endpoint=True,
    ),
    "microsoft.cache/redis": _alnum_hyphen("a Redis cache", 1, 63, doubled="-", endpoint=True),
    "microsoft.servicebus/namespaces": _alnum_hyphen("a Service Bus namespace", 6, 50, _LETTER, endpoint=True),
    "microsoft.eventhub/namespaces": _alnum_hyphen("an Event Hubs namespace", 6, 50, _LETTER, endpoint=True),
    "microsoft.eventgrid/topics": _rule("an Event Grid topic", 3, 50, _ALNUM + "-", _ALNUM_HYPHEN, endpoint=True),
    "microsoft.cognitiveservices/accounts": _alnum_hyphen("an AI services account", 2, 64, endpoint=True),
    "microsoft.machinelearningservices/workspaces": _rule(
        "a Machine Learning workspace", 3, 33, _ALNUM + "_-", "letters, digits, underscores and hyphens", starts=_ALNUM
    ),
    "microsoft.search/searchservices": _lower_hyphen("a search service", 2, 60, endpoint=True),
    "microsoft.apimanagement/service": _alnum_hyphen("an API Management service", 1, 50, _LETTER, endpoint=True),
    "microsoft.appconfiguration/configurationstores": _alnum_hyphen(
        "an App Configuration store", 5, 50, doubled="-", endpoint=True
    ),
    "microsoft.compute/virtualmachines": _rule(
        "a virtual machine", 1, 64, _ALNUM + "._-", _ALNUM_ANY, starts=_ALNUM, ends=_ALNUM + "_"
    ),
    "microsoft.compute/disks": _rule("a disk", 1, 80, _ALNUM + "_-", "letters, digits, underscores and hyphens"),
    "microsoft.batch/batchaccounts": _rule("a Batch account", 3, 24, _LOWER, _LOWER_DIGITS, endpoint=True),
    "microsoft.automation/automationaccounts": _alnum_hyphen("an Automation account", 6, 50, _LETTER),
    "microsoft.datafactory/factories": _alnum_hyphen("a data factory", 3, 63),
    "microsoft.databricks/workspaces": _rule(
        "a Databricks workspace", 3, 64, _ALNUM + "_-", "letters, digits, underscores and hyphens"
    ),
    "microsoft.kusto/clusters": _rule("a Data Explorer cluster", 4, 22, _LOWER, _LOWER_DIGITS, starts="a-z", endpoint=True),
    "microsoft.logic/workflows": _rule("a logic app", 1, 80, _ALNUM + "_.()-", "letters, digits, _, -, ., ( and )"),
}  # fmt: skip
"""The rules, by resource type in lower case."""

_CONTAINERS = _lower_hyphen("a blob container", 3, 63)
_CONTAINER_TYPE = "microsoft.storage/storageaccounts/blobservices/containers"
_SPECIAL_CONTAINERS = frozenset({"$root", "$web", "$logs"})


def rule_for(resource_type: str) -> NamingRule | None:
    """The rule of a resource type, in any letter case; None where none is known."""
    folded = resource_type.lower()
    return _CONTAINERS if folded == _CONTAINER_TYPE else RULES.get(folded)


def check_name(resource_type: str, name: str) -> NamingProblem | None:
    """Say why ``name`` (the last segment alone, for a child resource) cannot be the name of such a resource; None if it can."""
    rule = rule_for(resource_type)
    if rule is None or (resource_type.lower() == _CONTAINER_TYPE and name in _SPECIAL_CONTAINERS):
        return None
    problem = _problem(rule, name)
    if problem is None:
        return None
    return NamingProblem(kind=rule.kind, problem=problem, fix=_advice(rule, name))


def _problem(rule: NamingRule, name: str) -> str | None:
    length = len(name)
    if length < rule.minimum:
        return f"it has {_count(length)}, fewer than {rule.minimum}" if name else "it is empty"
    if length > rule.maximum:
        return f"it has {_count(length)}, more than {rule.maximum}"
    wrong = re.findall(f"[^{rule.characters}]" if rule.characters[0] != "^" else f"[{rule.characters[1:]}]", name)
    if wrong:
        return f"it has {_listed(wrong, 'A-Z' in rule.characters)}"
    for which, at, character in (("starts", rule.starts, name[0]), ("ends", rule.ends, name[-1])):
        if at and not re.match(f"[{at}]", character):
            return f"it {which} with {_quoted(character)}" + (f" instead of {_WORDS[at]}" if at in _WORDS else "")
    for character in rule.doubled:
        if character * 2 in name:
            return f"it has {_quoted(character * 2)}"
    return _reserved(rule, name.lower())


def _reserved(rule: NamingRule, name: str) -> str | None:
    """What in a name (in lower case) is kept for somebody else."""
    if name in rule.reserved or (rule.endpoint and name in _RESERVED_WORDS):
        return "this name is reserved"
    if rule.endpoint and name.startswith(_RESERVED_AT_START):
        return f'the word "{_RESERVED_AT_START}" is reserved at the start of a name'
    word = next((word for word in _RESERVED_ANYWHERE if word in name), None) if rule.endpoint else None
    return f'the word "{word}" is reserved' if word else None


def _advice(rule: NamingRule, name: str) -> str:
    """What the rule asks for, and a name like the one given that keeps it, where there is one."""
    asks = f"Write {rule.minimum} to {rule.maximum} characters: {rule.allows}"
    if rule.starts in _WORDS and rule.starts == rule.ends and rule.starts:
        asks += f", first and last {_WORDS[rule.starts]}"
    else:
        asks += f", first {_WORDS[rule.starts]}" if rule.starts in _WORDS else ""
        asks += f", last {_WORDS[rule.ends]}" if rule.ends in _WORDS else ""
    if rule.doubled:
        asks += f", no {_quoted(rule.doubled * 2)}"
    repaired = _repaired(rule, name)
    return f'{asks}; for example "{repaired}".' if repaired else f"{asks}."


def _repaired(rule: NamingRule, name: str) -> str | None:
    """The name with what breaks the rule taken out, if that is a name by the rule."""
    if rule.characters.startswith("^"):
        return None
    text = name if "A-Z" in rule.characters or "\\w" in rule.characters else name.lower()
    text = re.sub(rf"(?![{rule.characters}])[\s_.]", "-", text) if "-" in rule.characters else text
    text = re.sub(f"[^{rule.characters}]", "", text)
    for character in rule.doubled:
        text = re.sub(f"{re.escape(character)}+", character, text)
    text = re.sub(f"^[^{rule.starts}]+", "", text) if rule.starts else text
    text = text[: rule.maximum]
    text = re.sub(f"[^{rule.ends}]+$", "", text) if rule.ends and rule.ends[0] != "^" else text
    return text if text != name and text and _problem(rule, text) is None else None


def _count(length: int) -> str:
    return "1 character" if length == 1 else f"{length} characters"


def _quoted(text: str) -> str:
    return f'"{text}"' if text.isprintable() else f"U+{ord(text[0]):04X}"


def _listed(characters: list[str], upper_case_too: bool) -> str:
    """Characters that do not belong into a name, in words; upper case is said once."""
    upper = [character for character in characters if character.isascii() and character.isupper() and not upper_case_too]
    others = list(dict.fromkeys(character for character in characters if character not in upper))[:5]
    texts = ["upper-case letters"] if upper else []
    texts += ["a space" if character == " " else _quoted(character) for character in others]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


# ---------------------------------------------------------------------------------------------- parameters that become names

_ARGUMENT = re.compile(r"\s*(?:(parameters|variables)\('([^']+)'\)|'((?:[^']|'')*)')\s*(,|\Z)", re.IGNORECASE)
_FORMAT = re.compile(r"\[format\((.*)\)\]\Z", re.IGNORECASE | re.DOTALL)
_MODULE = "microsoft.resources/deployments"


@dataclass(frozen=True, slots=True)
class _Argument:
    """An argument of ``format`` that is understood: a parameter's name, or a text."""

    parameter: str | None
    text: str


def named_resources(template: Mapping[str, Any]) -> dict[str, list[str]]:
    """The parameters of a template whose values are resource names as they are, each with the types of those resources.

    Nested deployments are looked into. A parameter that only goes into a name with other text is not among them.
    """
    found: dict[str, list[str]] = {}
    for parameter, resource_type in _walk(template, {}):
        types = found.setdefault(parameter, [])
        if resource_type not in types:
            types.append(resource_type)
    return found


def _walk(template: Mapping[str, Any], outer: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(parameter, resource type) of a template; ``outer`` maps parameters of a nested one to those of the file's template."""
    resources = template.get("resources")
    listed = resources.values() if isinstance(resources, Mapping) else resources if isinstance(resources, list) else ()
    declared = template.get("parameters")
    variables = template.get("variables")
    top = not outer and isinstance(declared, Mapping)
    names = {name.casefold(): name for name in declared} if top and isinstance(declared, Mapping) else outer
    for resource in listed:
        if not isinstance(resource, Mapping) or not isinstance(resource.get("type"), str):
            continue
        resource_type = resource["type"]
        segments = _segments(resource.get("name"), variables if isinstance(variables, Mapping) else {})
        parts = resource_type.split("/")
        if len(segments) == len(parts) - 1:
            for index, argument in enumerate(segments):
                parameter = names.get(argument.casefold()) if argument else None
                if parameter:
                    yield parameter, "/".join(parts[: index + 2])
        if resource_type.lower() == _MODULE:
            yield from _walk_module(resource, names)


def _walk_module(resource: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    properties = resource.get("properties")
    inner = properties.get("template") if isinstance(properties, Mapping) else None
    if not isinstance(properties, Mapping) or not isinstance(inner, Mapping):
        return
    given = properties.get("parameters")
    passed: dict[str, str] = {}
    for name, entry in given.items() if isinstance(given, Mapping) else ():
        value = entry.get("value") if isinstance(entry, Mapping) else None
        argument = _single(value, {})
        if argument and argument.parameter and (parameter := names.get(argument.parameter.casefold())):
            passed[name.casefold()] = parameter
    if passed:
        yield from _walk(inner, passed)


def _segments(name: Any, variables: Mapping[str, Any]) -> list[str | None]:
    """For each segment of a resource's name the parameter that it consists of, None for anything else."""
    single = _single(name, variables)
    if single is not None:
        return [single.parameter] if single.parameter else [None] * (single.text.count("/") + 1)
    match = _FORMAT.match(name) if isinstance(name, str) else None
    if match is None:
        return []
    arguments: list[_Argument] = []
    position = 0
    for argument in _ARGUMENT.finditer(match[1]):
        if argument.start() != position:
            return []
        position = argument.end()
        arguments.append(_resolved(argument, variables))
    if position != len(match[1]) or not arguments or arguments[0].parameter:
        return []
    segments: list[str | None] = []
    for part in arguments[0].text.split("/"):
        hole = re.fullmatch(r"\{(\d+)\}", part)
        index = int(hole[1]) + 1 if hole else 0
        segments.append(arguments[index].parameter if hole and index < len(arguments) else None)
    return segments


def _single(value: Any, variables: Mapping[str, Any]) -> _Argument | None:
    """A value that is one text, or one parameter."""
    if not isinstance(value, str):
        return None
    if not (value.startswith("[") and value.endswith("]")):
        return _Argument(None, value)
    match = _ARGUMENT.fullmatch(value[1:-1])
    return _resolved(match, variables) if match else None


def _resolved(match: re.Match[str], variables: Mapping[str, Any]) -> _Argument:
    kind, name, text = match[1], match[2], match[3]
    if kind is None:
        return _Argument(None, (text or "").replace("''", "'"))
    if kind.lower() == "parameters":
        return _Argument(name, "")
    value = next((item for key, item in variables.items() if key.casefold() == name.casefold()), None)
    return _single(value, {}) or _Argument(None, "")
