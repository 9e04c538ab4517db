"""What Resource Manager refuses in a template although its preview shows it: names of nothing and circles in dependsOn, two
resources of one id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from infra_lib.diagnostics import Diagnostic, describe
from infra_lib.errors import TemplateError

if TYPE_CHECKING:
    from infra_lib.arm.snapshot import PredictedResource, Snapshot

# The place of one item of a loop is that of the loop with an index after it.
_ITEM = re.compile(r"((?:.*\.)?resources(?:\[\d+\]|\.[^.\[\]]+))\[\d+\]")

_Key = tuple[tuple[str, ...], str]


def declaration(path: str) -> str:
    """The place of the declaration that a resource comes from: that of its loop, for an item of one."""
    match = _ITEM.fullmatch(path)
    return match.group(1) if match else path


def everything(evaluated: Snapshot) -> tuple[PredictedResource, ...]:
    """All that a template declares: resources, those that are only read, and nested deployments."""
    return (*evaluated.resources, *evaluated.existing, *evaluated.deployments)


def template_prefixes(evaluated: Snapshot) -> dict[tuple[str, ...], str]:
    """The place of every nested template in the outermost one, by the ids of the deployments that lead to it; ends with a dot."""
    prefixes: dict[tuple[str, ...], str] = {(): ""}
    for item in sorted(evaluated.deployments, key=lambda item: len(item.template)):
        prefixes.setdefault((*item.template, item.id), f"{prefixes[item.template]}{declaration(item.path)}.properties.template.")
    return prefixes


def check_soundness(evaluated: Snapshot) -> None:
    """Raise TemplateError for what :func:`unsound` finds."""
    problems = unsound(evaluated)
    if problems:
        raise TemplateError(problems)


def unsound(evaluated: Snapshot) -> list[Diagnostic]:
    """Each name in a dependsOn that nothing has, each second resource of one id in one template, and each circle of resources
    that wait for one another.

    Names that are not known yet, and resources whose condition is not, are taken to be apart.
    """
    prefixes = template_prefixes(evaluated)
    found = [replace(item, fix="Name a resource of the same template, or drop it from dependsOn.") for item in evaluated.unmet]
    first: dict[_Key, PredictedResource] = {}
    for item in (*evaluated.resources, *evaluated.deployments):
        if item.condition is not True or item.name.startswith("["):
            continue
        other = first.setdefault((item.template, item.id.lower()), item)
        if other is not item:
            earlier, later = sorted((other, item), key=lambda each: _natural(each.path))
            text = f"{item.id!r} is declared twice: as {earlier.path!r} and as {later.path!r}."
            found.append(_problem(prefixes[item.template] + later.path, text, "Give one another name, or drop it."))
    if found:
        return found
    by_id: dict[_Key, PredictedResource] = {(item.template, item.id.lower()): item for item in everything(evaluated)}
    for circle in _circles(by_id):
        chain = " -> ".join(repr(item.path) for item in [*circle, circle[0]])
        text = f"The resources depend on one another in a circle: {chain}."
        found.append(_problem(prefixes[circle[0].template] + circle[0].path, text, "Drop one of these dependencies."))
    return found


def _natural(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in path.replace("[", ".").replace("]", "").split(".")]


def _problem(pointer: str, text: str, fix: str) -> Diagnostic:
    level, message, advice = describe("InvalidTemplate", text=f"{pointer}: {text}", fix=fix)
    return Diagnostic(code="InvalidTemplate", level=level, message=message, pointer=pointer, fix=advice)


def _circles(by_id: Mapping[_Key, PredictedResource]) -> Iterator[list[PredictedResource]]:
    """The circles that a walk over the dependencies meets, each resource in at most one of them."""
    open_, closed = 1, 2
    state: dict[_Key, int] = {}
    for start in by_id:
        if start in state:
            continue
        state[start] = open_
        stack = [(start, iter(by_id[start].depends_on))]
        while stack:
            key, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                state[key] = closed
                stack.pop()
                continue
            following = (key[0], target.lower())
            if following not in by_id:
                continue
            if following not in state:
                state[following] = open_
                stack.append((following, iter(by_id[following].depends_on)))
            elif state[following] == open_:
                chain = [waiting for waiting, _ in stack]
                circle = chain[chain.index(following) :]
                yield [by_id[each] for each in circle]
                for each in circle:
                    state[each] = closed
                del stack[-len(circle) :]
