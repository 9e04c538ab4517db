"""A workload's app or job as it is on a target now: found through the config file, with what is missing said in words."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra_lib.errors import DeploymentError, InputError

if TYPE_CHECKING:
    from infra_lib.deploy.log_stream import LogLine
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.workload import Workload

_FIRST_WAIT, _LONGEST_WAIT = 0.05, 5.0
LAST_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a workload's app or job is."""

    resource_group: str
    name: str


def locate(workload: Workload, target: Target, key: str) -> Place:
    """The place that the config file names; ``key`` is that of the app's or job's name. Raises InputError."""
    config = workload.config
    subscription = config.require("SUBSCRIPTION_ID")
    if subscription.lower() != target.subscription_id.lower():
        raise InputError(
            f"{config.path} is about subscription {subscription}, the target is {target.name}. Run "
            f"`infra provision {workload.name}` on this target, or choose the other one with --target."
        )
    manager = target.manager
    if manager is not None and not manager.runs_containers:
        raise InputError(
            "This local target keeps its state in memory and runs nothing: give it a folder, Target.local(project.store), to run "
            "apps and jobs."
        )
    return Place(resource_group=config.require("RESOURCE_GROUP_NAME"), name=config.require(key))


@contextmanager
def service_errors(workload: Workload, place: Place, doing: str) -> Iterator[None]:
    """Failures of the service as this library's: what is gone with the next step, anything else as it says."""
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    from infra_lib.deploy.failures import failure

    try:
        yield
    except ResourceNotFoundError as error:
        raise InputError(
            f"{workload.config.path} names '{place.name}' in resource group '{place.resource_group}', which is not there (any "
            f"more). Run `infra provision {workload.name}` to make it, or mend the file."
        ) from error
    except HttpResponseError as error:
        raise failure(error, doing) from error


def pauses(timeout: float | None) -> Iterator[float]:
    """Wait between looks, a tenth of the time passed so far each; gives the seconds passed, and ends at ``timeout``.

    In real time on every target: what is waited for is a program that starts.
    """
    began = time.monotonic()
    while timeout is None or time.monotonic() - began < timeout:
        passed = time.monotonic() - began
        yield passed
        time.sleep(min(max(_FIRST_WAIT, passed / 10), _LONGEST_WAIT))


def joined(commands: Sequence[str]) -> str:
    """Commands as one, in the form that the templates put them into a container."""
    return "; ".join(commands)


def checked_commands(value: Any, source: str) -> list[str] | None:
    """Commands of a config or parameter file; None for null. Raises InputError that names the source."""
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item.strip() for item in value):
        raise InputError(f'{source} has to be a list of commands, texts that are not empty: ["cd /mount", "python3 app.py"].')
    return value


def default_commands(workload: Workload) -> list[str] | None:
    """The parameter file's ``defaultCommands``, None where there is no file or no such value."""
    from infra_lib.parameters import ParameterFile

    path = workload.project.find_parameters(workload.name)
    if path is None:
        return None
    file = ParameterFile.load(path)
    return checked_commands(file["defaultCommands"], f"{path}: defaultCommands") if "defaultCommands" in file else None


def with_command(containers: Iterable[Any], commands: Sequence[str]) -> list[dict[str, Any]]:
    """Containers as plain data, the first one running ``commands``, keeping its shell."""
    changed = [dict(container.as_dict()) for container in containers]
    shell = list(changed[0].get("command") or ["/bin/bash", "-c", ""])
    changed[0] |= {"command": [*shell[:-1], joined(commands)], "args": None}
    return changed


def command_of(container: Any) -> str:
    """What a container's shell is told to run."""
    return str((container.command or [""])[-1])


def failed(message: str, details: Sequence[str], lines: Iterable[LogLine]) -> DeploymentError:
    """A failure with what is known about it and the last lines of the log."""
    last = [f"  {line.text}" for line in lines][-LAST_LINES:]
    log = ["The last lines of its log:", *last] if last else []
    return DeploymentError(message, [*(item for item in details if item), *log])


def environment_with(container: Mapping[str, Any], variable: str, secret: str) -> list[dict[str, Any]]:
    """A container's environment with one more variable, which a secret gives its value."""
    held = [dict(item) for item in container.get("env") or [] if item.get("name") != variable]
    return [*held, {"name": variable, "secretRef": secret}]
