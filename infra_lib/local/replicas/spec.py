"""What a pod is to run, from the records of the store: containers with their commands, environment, secrets and mounts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra_lib.local.addresses import parse
from infra_lib.local.protocol import ServiceError
from infra_lib.local.replicas.environment import make_environment, needed_folders
from infra_lib.local.replicas.proxy import upstream
from infra_lib.local.store import Record, Store
from infra_lib.local.vault import configuration_folder

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TEMPORARY = "/tmp/"  # noqa: S108 - where a container has a folder of its own
_UNSUPPORTED_VOLUMES = ("nfsazurefile", "smb", "secret")
# What this machine needs to reach package indexes, whose proxies and certificates an image could not know.
_PASSED_ON = re.compile(r"(PIP_|UV_|SSL_CERT_|HF_ENDPOINT$|REQUESTS_CA_BUNDLE$|CURL_CA_BUNDLE$|TZ$)", re.IGNORECASE)


def folder_of(store: Store, resource_id: str) -> Path:
    """Where the keeper of an app or of an execution has its socket and its logs."""
    if store.folder is None:
        raise ValueError("a store in memory runs nothing")
    address = parse(resource_id)
    segments = [segment for segment in address.key.split("/") if segment]
    return store.folder.resolve() / "replicas" / segments[3] / "/".join(segments[6:])


def environment_of(store: Store, resource_id: str) -> Path:
    """Where the Python environment of an app or job is."""
    if store.folder is None:
        raise ValueError("a store in memory runs nothing")
    address = parse(resource_id)
    kind = address.type.rpartition("/")[2].lower()
    return store.folder.resolve() / "environments" / address.resource_group.lower() / kind / address.name.lower()


def refuse(code: str, message: str) -> ServiceError:
    """What cannot be run here, in words."""
    return ServiceError(409, code, message)


class Builder:
    """Makes the specs of the replicas of an app or of an execution."""

    def __init__(self, store: Store, owner: Record, template: Mapping[str, Any], folder: Path, *, paced: bool) -> None:
        self._store = store
        self._owner = owner
        self._template = template
        self._folder = folder
        self._paced = paced
        self._secrets = {item["name"]: item.get("value") for item in owner.private.get("secrets") or []}

    def replica(self, name: str, *, own: Mapping[str, str], port: int | None, once: bool) -> dict[str, Any]:
        """The spec of one replica; ``own`` are the service's environment variables. Raises ServiceError for what cannot run."""
        environment = environment_of(self._store, self._owner.id)
        programs = make_environment(environment)
        home = environment / "home"
        home.mkdir(exist_ok=True)
        base = {
            "PATH": f"{programs}:{_SYSTEM_PATH}", "HOME": str(home), "LANG": "C.UTF-8", "VIRTUAL_ENV": str(environment),
            **{key: value for key, value in os.environ.items() if _PASSED_ON.match(key)}, **own,
        }  # fmt: skip
        places = [{"source": str(environment), "target": str(environment)}, *self._places()]
        containers = self._template["containers"]
        login = (upstream() or "").rpartition("@")[0].rpartition("//")[2]
        return {
            "name": name,
            "folder": str(self._folder / name),
            "port": port,
            "once": once,
            "paced": self._paced,
            "grace": self._template.get("terminationGracePeriodSeconds"),
            "secrets": [value for value in self._secrets.values() if value],
            "proxyLogin": f"{login}@" if login else "",
            "initContainers": [self._container(item, base, places) for item in self._template.get("initContainers") or []],
            "containers": [
                {**self._container(item, base, places), "ingress": index == 0} for index, item in enumerate(containers)
            ],
        }

    def _container(self, body: Mapping[str, Any], base: Mapping[str, str], places: list[dict[str, Any]]) -> dict[str, Any]:
        argv = [*(body.get("command") or []), *(body.get("args") or [])]
        if not body.get("command"):
            raise refuse(
                "LocalImageNotPulled",
                f"Container '{body['name']}' has no command: it would start what its image '{body['image']}' says, and the local "
                "target does not pull images. Give it a command.",
            )
        environment = dict(base)
        for variable in body.get("env") or []:
            reference = variable.get("secretRef")
            value = self._secret(reference) if reference else variable.get("value")
            environment[variable["name"]] = str(value or "")
        mounts = [*places, *(self._mount(item) for item in body.get("volumeMounts") or [])]
        return {
            "name": body["name"], "argv": argv, "env": environment, "mounts": mounts, "probes": body.get("probes") or [],
            "workingDir": None,
        }  # fmt: skip

    def _secret(self, name: str) -> str:
        value = self._secrets.get(name)
        if value is None:
            raise refuse(
                "LocalSecretUnsupported",
                f"The secret '{name}' lies in a key vault, which the local target does not read: give it a value.",
            )
        return str(value)

    # ------------------------------------------------------------------------------------------ mounts

    def _places(self) -> list[dict[str, Any]]:
        """Where this library's Python lies, where that would be hidden; and the user's key, which is."""
        shown = [{"source": path, "target": path, "readOnly": True} for path in needed_folders() if path.startswith(_TEMPORARY)]
        keys = configuration_folder()
        return [*shown, *([{"source": None, "target": str(keys.resolve())}] if keys.is_dir() else [])]

    def _mount(self, mount: Mapping[str, Any]) -> dict[str, Any]:
        volume = next(item for item in self._template.get("volumes") or [] if item["name"] == mount["volumeName"])
        kind = str(volume.get("storageType") or "EmptyDir").lower()
        target = str(mount.get("mountPath"))
        if not target.startswith("/") or target == "/":
            text = f"The mount path '{target}' of volume '{volume['name']}' is not a folder below /."
            raise refuse("LocalMountPathInvalid", text)
        if kind == "emptydir":
            return {"source": None, "target": target}
        if kind in _UNSUPPORTED_VOLUMES:
            raise refuse(
                "LocalVolumeUnsupported",
                f"Volume '{volume['name']}' is of type {volume['storageType']}, which the local target does not mount.",
            )
        return self._share(volume, target, str(mount.get("subPath") or ""))

    def _share(self, volume: Mapping[str, Any], target: str, below: str) -> dict[str, Any]:
        environment = parse(str(self._owner.properties["environmentId"]))
        storage = self._store.get(f"{environment.key}/storages/{str(volume['storageName']).lower()}")
        if storage is None:
            text = f"The environment '{environment.name}' has no storage '{volume['storageName']}'."
            raise refuse("ManagedEnvironmentStorageNotFound", text)
        azure_file = storage.properties["azureFile"]
        share = self._store.share_folder(str(azure_file["accountName"]), str(azure_file["shareName"])).resolve()
        folder = share / below.strip("/")
        if not folder.is_dir():
            raise refuse("LocalSubPathNotFound", f"The share '{azure_file['shareName']}' has no folder '{below}'.")
        return {"source": str(folder), "target": target, "readOnly": str(azure_file.get("accessMode", "")).lower() == "readonly"}
