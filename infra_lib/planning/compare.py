"""Desired against live, property by property, quiet about what is not a difference.

The template says what is wanted; whatever else the service keeps or fills in is its own business. So only what the
template declares is compared, and these are no differences: null and absent; an empty or false value and absent; the
spelling of locations and of resource ids; the order of lists whose items have names; properties that cannot be read back;
values that only a deployment can know; numbers as tags and their texts; a child in a list of its parent that the template
declares as a resource of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from infra_lib.arm.partial import Residual
from infra_lib.planning.model import HIDDEN, Difference

# The members that identify an item of a list, tried in this order; probes of a container have no name but a type.
_KEYS = ("name", "key", "id", "type")

# What Resource Manager itself keeps fixed, whatever the type.
_FIXED = frozenset(("location", "kind", "type", "name"))

# What is not part of a resource's state: it identifies the resource or steers the deployment.
_SKIPPED = frozenset(("id", "name", "type", "apiversion", "dependson", "scope", "condition", "copy", "comments", "metadata"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyFacts:
    """What is known of a property: all False where nothing is known. ``enumeration`` values compare ignoring letter case."""

    read_only: bool = False
    write_only: bool = False
    immutable: bool = False
    secret: bool = False
    enumeration: bool = False


class Knowledge(Protocol):
    """Where facts about properties come from; ``path`` holds the property names from the resource down, without list keys."""

    def facts(self, resource_type: str, api_version: str, path: tuple[str, ...]) -> PropertyFacts:
        """The facts of one property; for a type that is not known, all False."""
        ...


class NoKnowledge:
    """Knows nothing: everything declared can be read back and changed."""

    def facts(self, resource_type: str, api_version: str, path: tuple[str, ...]) -> PropertyFacts:
        """All False."""
        return _NOTHING


class Secrets(Protocol):
    """What is known of values that a service does not give back."""

    def value(self, wanted: Residual) -> str | None:
        """The value of a residual that is a secure parameter of the plan; None for any other."""
        ...

    def same(self, pointer: str, wanted: str) -> bool | None:
        """Whether the resource holds that text at a JSON pointer into its body; None where that cannot be known."""
        ...


class NoSecrets:
    """Knows no values: every secret is unknown."""

    def value(self, wanted: Residual) -> str | None:
        """None."""
        return None

    def same(self, pointer: str, wanted: str) -> bool | None:
        """None."""
        return None


_NOTHING = PropertyFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The outcome: what differs, and the paths of secrets that were wanted but cannot be read back to be compared.

    ``left_out`` are the lower-case ids of children that the live resource lists and the wanted one does not, because the
    template declares them as resources of their own: a write of this one takes them away.
    """

    differences: tuple[Difference, ...]
    uncompared: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def immutable(self) -> tuple[Difference, ...]:
        """The differences that the service does not let anybody make."""
        return tuple(difference for difference in self.differences if difference.immutable)


def compare(
    desired: Mapping[str, Any],
    live: Mapping[str, Any],
    *,
    resource_type: str,
    api_version: str,
    knowledge: Knowledge | None = None,
    changing: frozenset[str] = frozenset(),
    secrets: Secrets | None = None,
    declared: frozenset[str] = frozenset(),
) -> Comparison:
    """Compare a resource's wanted body with its live one.

    ``changing`` holds the lower-case ids of resources that this deployment writes: a value that is read from one of them is a
    difference, since it may change; any other unknown value is taken to be as it was. ``secrets`` tells about values that cannot
    be read back; what it does not know is in the result's ``uncompared``. ``declared`` holds the lower-case ids of all resources
    of the plan.
    """
    walker = _Walker(resource_type, api_version, knowledge or NoKnowledge(), changing, secrets or NoSecrets(), declared)
    differences = tuple(walker.members(desired, live, (), ""))
    return Comparison(differences=differences, uncompared=tuple(walker.uncompared), left_out=tuple(walker.left_out))


class _Walker:
    def __init__(
        self,
        resource_type: str,
        api_version: str,
        knowledge: Knowledge,
        changing: frozenset[str],
        secrets: Secrets,
        declared: frozenset[str],
    ) -> None:
        self._type = resource_type
        self._version = api_version
        self._knowledge = knowledge
        self._changing = changing
        self._secrets = secrets
        self._declared = declared
        self._pointer: list[str] = []
        self.uncompared: list[str] = []
        self.left_out: list[str] = []

    def members(
        self, desired: Mapping[str, Any], live: Mapping[str, Any], names: tuple[str, ...], path: str
    ) -> Iterator[Difference]:
        found = {key.lower(): value for key, value in live.items()}
        for key, wanted in desired.items():
            if not names and key.lower() in _SKIPPED:
                continue
            below = (*names, key)
            with self._at(key):
                yield from self.value(wanted, found.get(key.lower()), below, f"{path}.{key}" if path else key)

    @contextmanager
    def _at(self, step: str | int) -> Iterator[None]:
        """Keep the pointer into the wanted body while what is at ``step`` is walked."""
        self._pointer.append(str(step).replace("~", "~0").replace("/", "~1"))
        yield
        self._pointer.pop()

    def value(self, wanted: Any, live: Any, names: tuple[str, ...], path: str) -> Iterator[Difference]:
        if wanted is None:
            return
        facts = self._knowledge.facts(self._type, self._version, names)
        if facts.read_only:
            return
        text = self._secrets.value(wanted) if isinstance(wanted, Residual) else None
        if text is not None and isinstance(live, str) and live:
            if text != live:
                yield Difference(path=path, before=HIDDEN, after=HIDDEN)
        elif text is not None or facts.write_only or (facts.secret and live is None):
            yield from self._hidden(text if text is not None else wanted, path)
        elif isinstance(wanted, Residual):
            if any(resource_id in str(wanted).lower() for resource_id in self._changing) and live is not None:
                yield Difference(path=path, before=HIDDEN if facts.secret else live, after=HIDDEN if facts.secret else wanted)
        elif isinstance(wanted, Mapping):
            yield from self._object(wanted, live, names, path, facts)
        elif isinstance(wanted, list | tuple):
            yield from self._list(wanted, live, names, path, facts)
        elif live is None and isinstance(wanted, str) and (same := self._held(wanted)) is not None:
            # The target keeps the text and does not show it, although the type does not say that it is a secret.
            if not same:
                yield Difference(path=path, before=HIDDEN, after=HIDDEN)
        elif not _same(wanted, live, names, facts):
            yield self._difference(path, live, wanted, names, facts)

    def _held(self, wanted: str) -> bool | None:
        """Whether the resource holds the text here; None where that cannot be known."""
        return self._secrets.same("".join(f"/{step}" for step in self._pointer), wanted)

    def _hidden(self, wanted: Any, path: str) -> Iterator[Difference]:
        """A value that cannot be read back; one that only the deployment knows is taken to be as it was."""
        if isinstance(wanted, Residual):
            return
        same = self._held(wanted) if isinstance(wanted, str) else None
        if same is None:
            self.uncompared.append(path)
        elif not same:
            yield Difference(path=path, before=HIDDEN, after=HIDDEN)

    def _object(
        self, wanted: Mapping[str, Any], live: Any, names: tuple[str, ...], path: str, facts: PropertyFacts
    ) -> Iterator[Difference]:
        if isinstance(live, Mapping):
            yield from self.members(wanted, live, names, path)
        elif live is None and not _says_something(wanted):
            return
        elif live is None:
            # Walk into it, so that secrets inside are told apart from values that are really missing.
            yield from self.members(wanted, {}, names, path)
        else:
            yield self._difference(path, live, wanted, names, facts)

    def _list(
        self, wanted: Sequence[Any], live: Any, names: tuple[str, ...], path: str, facts: PropertyFacts
    ) -> Iterator[Difference]:
        if live is None and not wanted:
            return
        if not isinstance(live, list | tuple):
            yield self._difference(path, live, list(wanted), names, facts)
            return
        key = _item_key(wanted, live)
        if key is None:
            if len(wanted) != len(live):
                yield self._difference(path, list(live), list(wanted), names, facts)
                return
            for index, (one, other) in enumerate(zip(wanted, live, strict=True)):
                with self._at(index):
                    yield from self.value(one, other, names, f"{path}[{index}]")
            return
        there = {str(_get(item, key)).lower(): item for item in live}
        for index, item in enumerate(wanted):
            label = _get(item, key)
            match = there.pop(str(label).lower(), None)
            if match is None:
                yield self._difference(f"{path}[{label}]", None, item, names, facts)
            else:
                rest = {name: value for name, value in item.items() if name.lower() != key}
                with self._at(index):
                    yield from self.members(rest, match, names, f"{path}[{label}]")
        for item in there.values():
            identity = str(_get(item, "id")).lower()
            if identity in self._declared:
                self.left_out.append(identity)
                continue
            yield self._difference(f"{path}[{_get(item, key)}]", item, None, names, facts)

    def _difference(self, path: str, before: Any, after: Any, names: tuple[str, ...], facts: PropertyFacts) -> Difference:
        immutable = facts.immutable or (len(names) == 1 and names[0].lower() in _FIXED)
        if facts.secret:
            before, after = (HIDDEN if before is not None else None), (HIDDEN if after is not None else None)
        return Difference(path=path, before=before, after=after, immutable=immutable)


def _same(wanted: Any, live: Any, names: tuple[str, ...], facts: PropertyFacts) -> bool:
    if names[0].lower() == "tags" and isinstance(live, str) and isinstance(wanted, bool | int | float):
        return str(wanted).lower() == live.lower()
    if isinstance(wanted, bool) or isinstance(live, bool):
        return wanted is live or (wanted is False and live is None)
    if live is None:
        return wanted in (0, "")
    if isinstance(wanted, str) and isinstance(live, str):
        if wanted == live:
            return True
        if names[-1].lower() == "location":
            return normalize_location(wanted) == normalize_location(live)
        if facts.enumeration or wanted.startswith("/"):
            return wanted.rstrip("/").lower() == live.rstrip("/").lower()
        return False
    if isinstance(wanted, int | float) and isinstance(live, int | float):
        return wanted == live
    return False


def normalize_location(location: str) -> str:
    """``West Europe`` and ``westeurope`` are one location: Resource Manager compares ignoring letter case and spaces."""
    return location.replace(" ", "").lower()


def _says_something(value: Any) -> bool:
    """False for what is as good as absent: null, false, zero, empty text, and what holds nothing else."""
    if isinstance(value, Residual):
        return True
    if isinstance(value, Mapping):
        return any(_says_something(item) for item in value.values())
    return value not in (None, False, 0, "") and value != []


def _item_key(wanted: Sequence[Any], live: Sequence[Any]) -> str | None:
    """The member that names every item of both lists, each once; None where there is none."""
    items = [*wanted, *live]
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    for key in _KEYS:
        if all(isinstance(_get(item, key), str) for item in items) and _distinct(wanted, key) and _distinct(live, key):
            return key
    return None


def _distinct(items: Sequence[Any], key: str) -> bool:
    values = [_get(item, key).lower() for item in items]
    return len(set(values)) == len(values)


def _get(item: Mapping[str, Any], key: str) -> Any:
    if key in item:
        return item[key]
    return next((value for name, value in item.items() if name.lower() == key), None)
