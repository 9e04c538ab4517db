#!/usr/bin/env python3
"""A container engine in name: takes the command lines of Docker and Podman that are used here, and runs plain processes.

It knows the images ``there`` (also after ``pull`` of ``can-be-pulled``), has one network (this machine's) and mounts nothing:
the paths of mounts are replaced in the commands. It keeps its state beside itself.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

WITH_VALUE = {
    "--gpus",
    "--pull",
    "--name",
    "--label",
    "--security-opt",
    "--publish",
    "--network",
    "--mount",
    "--env",
    "--entrypoint",
}
STATE = Path(__file__).resolve().parent / "state"
IMAGES = STATE / "images"


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def fail(text: str, code: int = 125) -> None:
    sys.stderr.write(f"Error: {text}.\n")
    sys.exit(code)


def run(arguments: list[str]) -> None:
    options: dict[str, list[str]] = {}
    while arguments[0].startswith("--"):
        option = arguments.pop(0)
        options.setdefault(option, []).append(arguments.pop(0) if option in WITH_VALUE else "")
    image, *command = arguments
    if not (IMAGES / image).exists():
        fail(f"{image}: image not known")
    command = [*options.get("--entrypoint", []), *command] or ["/bin/true"]
    environment = {"PATH": os.environ["PATH"], "GPUS": "".join(options.get("--gpus", []))}
    for item in options.get("--env", []):
        name, given, value = item.partition("=")
        environment[name] = value if given else os.environ[name]
    for mount in options.get("--mount", []):
        fields = dict(field.partition("=")[::2] for field in next(csv.reader([mount])))
        source = fields["source"] if fields["type"] == "bind" else str(STATE / "volumes" / fields["source"])
        command = [word.replace(fields["target"], source) for word in command]
    name = options["--name"][0]
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    labels = options.get("--label", [])
    ports = [item.rpartition(":")[2] for item in options.get("--publish", [])]
    record = STATE / "containers" / name
    record.write_text(json.dumps({"pid": process.pid, "labels": labels, "ports": ports}))
    code = process.wait()
    record.unlink(missing_ok=True)
    sys.exit(code if code >= 0 else 128 - code)


def end(name: str, seconds: float) -> None:
    record = STATE / "containers" / name
    if not record.exists():
        fail(f"no container {name}", 1)
    group = json.loads(record.read_text())["pid"]
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until and record.exists():
            time.sleep(0.01)


def labelled(folder: str, arguments: list[str]) -> list[Path]:
    wanted = [item.removeprefix("label=") for item in arguments if item.startswith("label=")]
    found = [item for item in (STATE / folder).iterdir() if not item.is_dir()]
    return [item for item in found if set(wanted) <= set(json.loads(item.read_text())["labels"])]


def remove(names: list[str]) -> None:
    for name in names:
        if not name.startswith("--"):
            end(name, 0.1)


def remove_volumes(names: list[str]) -> None:
    for name in names:
        shutil.rmtree(STATE / "volumes" / name, ignore_errors=True)
        (STATE / "volumes" / f"{name}.json").unlink(missing_ok=True)


def create_volume(arguments: list[str]) -> None:
    *labels, name = arguments
    (STATE / "volumes" / name).mkdir(exist_ok=True)
    (STATE / "volumes" / f"{name}.json").write_text(json.dumps({"labels": labels[1::2]}))


def pull(image: str) -> None:
    if image != "can-be-pulled":
        fail(f"{image}: the registry denies it", 1)
    (IMAGES / image).touch()


def show_ports(name: str) -> None:
    record = STATE / "containers" / name
    if not record.exists():
        fail("no such container", 1)
    for port in json.loads(record.read_text())["ports"]:
        say(f"{port}/tcp -> 127.0.0.1:{port}")


def inspect_image(image: str) -> None:
    if not (IMAGES / image).exists():
        fail("no such image", 1)


def inform() -> None:
    cards = {"nvidia": {}} if (STATE / "cards").exists() else {}
    say(json.dumps({"runc": {}, **cards}))


ONE_WORD: dict[str, Callable[[list[str]], None]] = {
    "ps": lambda rest: say(*(item.name for item in labelled("containers", rest))),
    "info": lambda _rest: inform(),
    "pull": lambda rest: pull(rest[-1]),
    "run": run,
    "stop": lambda rest: end(rest[-1], float(rest[1])),
    "rm": remove,
    "port": lambda rest: show_ports(rest[0]),
    "inspect": lambda rest: say("true" if (STATE / "containers" / rest[-1]).exists() else "false"),
    "exec": lambda rest: fail("it has no such program", 127),
}
TWO_WORDS: dict[str, Callable[[list[str]], None]] = {
    "image inspect": lambda rest: inspect_image(rest[-1]),
    "volume create": create_volume,
    "volume ls": lambda rest: say(*(item.stem for item in labelled("volumes", rest))),
    "volume rm": remove_volumes,
}

if __name__ == "__main__":
    first, *others = sys.argv[1:]
    if first in ONE_WORD:
        ONE_WORD[first](others)
    else:
        TWO_WORDS[f"{first} {others[0]}"](others[1:])
