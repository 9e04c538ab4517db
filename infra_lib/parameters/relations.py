"""Rules that tie the values of several resources together: workload profiles and counts, scaling, volumes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from infra_lib.diagnostics import Diagnostic, Level
from infra_lib.parameters import words
from infra_lib.parameters.validate import Location, problem

_ENVIRONMENT = "microsoft.app/managedenvironments"
_WORKLOADS = ("microsoft.app/containerapps", "microsoft.app/jobs")


def check_relations(resources: Sequence[Mapping[str, Any]], file: str | None = None) -> Iterator[Diagnostic]:
    """What in evaluated resources does not fit together; what is not known before a deployment is left out."""
    environments: dict[str, list[Mapping[str, Any]]] = {}
    for index, resource in enumerate(resources):
        if _type(resource) == _ENVIRONMENT:
            profiles = [item for item in _list(_properties(resource).get("workloadProfiles")) if isinstance(item, Mapping)]
            environments[str(resource.get("id", "")).lower()] = profiles
            yield from _profiles(profiles, resource, f"resources[{index}].properties.workloadProfiles", file)
    for index, resource in enumerate(resources):
        if _type(resource) in _WORKLOADS:
            path = f"resources[{index}].properties"
            properties = _properties(resource)
            environment = str(properties.get("environmentId") or properties.get("managedEnvironmentId") or "").lower()
            if environments.get(environment):
                yield from _chosen_profile(environments[environment], resource, path, file)
            yield from _scale(resource, path, file)
            yield from _volumes(resource, path, file)


def _profiles(
    profiles: Iterable[Mapping[str, Any]], resource: Mapping[str, Any], path: str, file: str | None
) -> Iterator[Diagnostic]:
    """Workload profiles: names differ, the least count is not above the most, and Consumption counts for itself."""
    seen: set[str] = set()
    for index, profile in enumerate(profiles):
        name, least, most = profile.get("name"), profile.get("minimumCount"), profile.get("maximumCount")
        label = f"The workload profile {words.shown(name)} of {_label(resource)}"
        if isinstance(name, str) and name.lower() in seen:
            yield _wrong(f"{label} is given twice.", "Give each profile a name of its own.", f"{path}[{index}].name", file)
        seen.add(str(name).lower())
        if _number(least) and _number(most) and least > most:
            text = f"{label} has minimumCount {least} above maximumCount {most}."
            yield _wrong(text, f"Write a maximumCount of at least {least}.", f"{path}[{index}].maximumCount", file)
        elif _number(most) and most < 0:
            yield _wrong(
                f"{label} has a maximumCount below zero: {most}.", "Write 1 or more.", f"{path}[{index}].maximumCount", file
            )
        if str(profile.get("workloadProfileType", "")).lower() == "consumption" and (least is not None or most is not None):
            text = f"{label} is of type Consumption, which scales by itself and takes no counts."
            yield _wrong(text, "Remove minimumCount and maximumCount.", f"{path}[{index}]", file, level="warning")


def _chosen_profile(
    profiles: Sequence[Mapping[str, Any]], resource: Mapping[str, Any], path: str, file: str | None
) -> Iterator[Diagnostic]:
    """The workload profile of an app or a job: the environment has it, and it may have an instance."""
    chosen = _properties(resource).get("workloadProfileName")
    names = [profile.get("name") for profile in profiles]
    if not isinstance(chosen, str) or _unknown(chosen) or any(not isinstance(name, str) or _unknown(name) for name in names):
        return
    profile = next((item for item in profiles if str(item.get("name")).lower() == chosen.lower()), None)
    if profile is None:
        text = f"{_label(resource)} runs on the workload profile {words.quoted(chosen)}, which its environment does not have."
        yield _wrong(text, f"Write {words.one_of(names)}.", f"{path}.workloadProfileName", file)
    elif profile.get("maximumCount") == 0 and _number(profile["maximumCount"]):
        text = f"{_label(resource)} runs on the workload profile {words.quoted(chosen)}, which may have no instance."
        yield _wrong(text, "Write a maximumCount of 1 or more.", f"{path}.workloadProfileName", file)


def _scale(resource: Mapping[str, Any], path: str, file: str | None) -> Iterator[Diagnostic]:
    """Replicas and executions: the least is not above the most."""
    properties = _properties(resource)
    places = (
        ("template.scale", _mapping(_mapping(properties.get("template")).get("scale")), "minReplicas", "maxReplicas"),
        (
            "configuration.eventTriggerConfig.scale",
            _mapping(_mapping(_mapping(properties.get("configuration")).get("eventTriggerConfig")).get("scale")),
            "minExecutions",
            "maxExecutions",
        ),
    )
    for place, scale, least, most in places:
        low, high = scale.get(least), scale.get(most)
        if _number(low) and _number(high) and low > high:
            text = f"{_label(resource)} has {least} {low} above {most} {high}."
            yield _wrong(text, f"Write a {most} of at least {low}.", f"{path}.{place}.{most}", file)


def _volumes(resource: Mapping[str, Any], path: str, file: str | None) -> Iterator[Diagnostic]:
    """Every mounted volume is declared."""
    template = _mapping(_properties(resource).get("template"))
    declared = [_mapping(volume).get("name") for volume in _list(template.get("volumes"))]
    if any(not isinstance(name, str) or _unknown(name) for name in declared) or isinstance(template.get("volumes"), str):
        return
    for kind in ("containers", "initContainers"):
        for index, container in enumerate(_list(template.get(kind))):
            for number, mount in enumerate(_list(_mapping(container).get("volumeMounts"))):
                name = _mapping(mount).get("volumeName")
                if isinstance(name, str) and not _unknown(name) and name not in declared:
                    text = f"{_label(resource)} mounts the volume {words.quoted(name)}, which it does not declare."
                    fix = f"Write {words.one_of(declared)}." if declared else "Declare it under volumes."
                    yield _wrong(text, fix, f"{path}.template.{kind}[{index}].volumeMounts[{number}].volumeName", file)


def _wrong(text: str, fix: str, path: str, file: str | None, level: Level = "error") -> Diagnostic:
    return problem("INF175", Location(file=file, pointer=path), level=level, problem=text, fix=fix)


def _type(resource: Mapping[str, Any]) -> str:
    return str(resource.get("type", "")).lower()


def _label(resource: Mapping[str, Any]) -> str:
    return f"{resource.get('type')} {words.shown(resource.get('name'))}"


def _properties(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(resource.get("properties"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unknown(text: str) -> bool:
    return text.startswith("[") and text.endswith("]")
