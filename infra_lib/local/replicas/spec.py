"""What a pod is to run, from the records of the store: containers with their commands, environment, secrets and mounts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra_lib.local.addresses import parse
from infra_lib.local.protocol import ServiceError
from infra_lib.local.replicas.engine import Engine
from infra_lib.local.replicas.environment import make_environment, needed_folders
from infra_lib.local.replicas.proxy import upstream
from infra_lib.local.replicas.share_access import open_share
from infra_lib.local.store import Record, Store
from infra_lib.local.vault import configuration_folder

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TEMPORARY = "/tmp/"  # noqa: S108 - where a container has a folder of its own
_GRACE = 30.0
# A shell that is a container's first process does not end when it is asked to: what waits for it would wait in vain.
_GRACE_OF_SHELLS = 5.0
_FILE_HOST = ".file."
_VAULT_SECRET = re.compile(r"https://(?P<vault>[^./]+)\.vault\.[^/]+/secrets/(?P<name>[^/]+)(/[^/]*)?/?", re.IGNORECASE)
_VAULT_TYPE = "microsoft.keyvault/vaults/secrets"
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
    """Makes the specs of the replicas of an app or of an execution.

    ``engine`` is the container engine as a dictionary of :class:`.engine.Engine`'s fields; None runs the commands with this
    machine's programs.
    """

    def __init__(
        self,
        store: Store,
        owner: Record,
        template: Mapping[str, Any],
        folder: Path,
        *,
        paced: bool,
        engine: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store
        self._owner = owner
        self._template = template
        self._folder = folder
        self._paced = paced
        self._engine = engine
        self._given_secrets = {str(item["name"]): item for item in owner.private.get("secrets") or []}
        self._secrets: dict[str, str] = {}

    def replica(self, name: str, *, own: Mapping[str, str], port: int | None, once: bool) -> dict[str, Any]:
        """The spec of one replica; ``own`` are the service's environment variables. Raises ServiceError for what cannot run."""
        base, places = (dict(own), []) if self._engine is not None else self._of_this_machine(own)
        containers = self._template["containers"]
        initial = [self._container(item, base, places) for item in self._template.get("initContainers") or []]
        made = [{**self._container(item, base, places), "ingress": index == 0} for index, item in enumerate(containers)]
        login = (upstream() or "").rpartition("@")[0].rpartition("//")[2]
        return {
            "name": name,
            "folder": str(self._folder / name),
            "port": port,
            "once": once,
            "paced": self._paced,
            "grace": self._template.get("terminationGracePeriodSeconds") or self._grace(),
            "engine": self._engine,
            "registries": self._registries() if self._engine is not None else [],
            "proxyLogin": f"{login}@" if login else "",
            "initContainers": initial,
            "containers": made,
            # Those that a vault holds are known only now.
            "secrets": [
                *{*self._secrets.values(), *(item["value"] for item in self._given_secrets.values() if item.get("value"))}
            ],
        }

    def _grace(self) -> float:
        """How long a replica has to end where its template does not say, in seconds."""
        has_first_process = self._engine is None or Engine(**self._engine).first_process
        return _GRACE if has_first_process else _GRACE_OF_SHELLS

    def _of_this_machine(self, own: Mapping[str, str]) -> tuple[dict[str, str], list[dict[str, Any]]]:
        """The environment variables and the mounts that stand in for an image."""
        environment = environment_of(self._store, self._owner.id)
        programs = make_environment(environment)
        home = environment / "home"
        home.mkdir(exist_ok=True)
        base = {
            "PATH": f"{programs}:{_SYSTEM_PATH}", "HOME": str(home), "LANG": "C.UTF-8", "VIRTUAL_ENV": str(environment),
            **{key: value for key, value in os.environ.items() if _PASSED_ON.match(key)}, **own,
        }  # fmt: skip
        shown = [{"source": path, "target": path, "readOnly": True} for path in needed_folders() if path.startswith(_TEMPORARY)]
        keys = configuration_folder()
        hidden = [{"files": {}, "target": str(keys.resolve())}] if keys.is_dir() else []
        return base, [{"source": str(environment), "target": str(environment)}, *shown, *hidden]

    def _container(self, body: Mapping[str, Any], base: Mapping[str, str], places: list[dict[str, Any]]) -> dict[str, Any]:
        if not body.get("command") and self._engine is None:
            raise refuse(
                "LocalImageNotPulled",
                f"Container '{body['name']}' has no command: it would start what its image '{body['image']}' says, and the local "
                "target does not pull images. Give it a command, or choose `--containers docker` or `--containers podman`.",
            )
        variables = body.get("env") or []
        values = {
            item["name"]: self.secret(item["secretRef"]) if item.get("secretRef") else item.get("value") for item in variables
        }
        return {
            "name": body["name"],
            "image": body["image"],
            "command": [str(word) for word in body.get("command") or []],
            "args": [str(word) for word in body.get("args") or []],
            "env": {**base, **{name: str(value or "") for name, value in values.items()}},
            "secretEnv": [item["name"] for item in variables if item.get("secretRef")],
            "mounts": [*places, *(self._mount(item) for item in body.get("volumeMounts") or [])],
            "probes": body.get("probes") or [],
        }

    # ------------------------------------------------------------------------------------------ secrets

    def secret(self, name: str) -> str:
        """A secret's value, from the app or job, or from the vault that it names. Raises ServiceError where there is none."""
        if name not in self._secrets:
            given = self._given_secrets.get(name) or {}
            value = given.get("value")
            self._secrets[name] = str(value) if value is not None else self._from_vault(name, str(given.get("keyVaultUrl") or ""))
        return self._secrets[name]

    def _from_vault(self, name: str, url: str) -> str:
        """What a template of this store has put into a vault; the vaults of Azure are not read."""
        found = _VAULT_SECRET.fullmatch(url)
        if found is not None:
            end = f"/vaults/{found['vault']}/secrets/{found['name']}".lower()
            record = next((item for item in self._store.of_type(_VAULT_TYPE) if item.key.endswith(end)), None)
            written = (record.private.get("input") or {}).get("properties") or {} if record is not None else {}
            if written.get("value") is not None:
                return str(written["value"])
        raise refuse(
            "LocalSecretUnsupported",
            f"The secret '{name}' lies in a key vault, at '{url}', and this local target holds no such secret: deploy "
            "Microsoft.KeyVault/vaults/secrets with it, or give it a value.",
        )

    def _registries(self) -> list[dict[str, str]]:
        """The registries that are signed in to with a password; to others the engine signs in as this machine's user does."""
        given = self._owner.properties["configuration"].get("registries") or []
        return [
            {"server": str(item["server"]), "username": str(item["username"]), "password": self.secret(item["passwordSecretRef"])}
            for item in given
            if item.get("passwordSecretRef")
        ]

    # ------------------------------------------------------------------------------------------ mounts

    def _mount(self, mount: Mapping[str, Any]) -> dict[str, Any]:
        volume = next(item for item in self._template.get("volumes") or [] if item["name"] == mount["volumeName"])
        kind = str(volume.get("storageType") or "EmptyDir").lower()
        target, below = str(mount.get("mountPath")), str(mount.get("subPath") or "").strip("/")
        if not target.startswith("/") or target == "/":
            text = f"The mount path '{target}' of volume '{volume['name']}' is not a folder below /."
            raise refuse("LocalMountPathInvalid", text)
        _check_inside(below, f"The subPath of volume '{volume['name']}'")
        if kind == "secret":
            return {"name": volume["name"], "files": self._secret_files(volume), "target": target}
        if kind != "emptydir":
            return self._share(volume, kind, target, below)
        if below and self._engine is not None:
            text = f"Volume '{volume['name']}' is empty at first, so that Docker and Podman have no subPath '{below}' to mount."
            raise refuse("LocalSubPathNotFound", text)
        return {"volume": volume["name"], "below": below, "target": target}

    def _secret_files(self, volume: Mapping[str, Any]) -> dict[str, str]:
        """The files of a volume of secrets: those that it names, else one for every secret, by its name."""
        chosen = volume.get("secrets") or [{"secretRef": name} for name in self._given_secrets]
        for item in chosen:
            _check_inside(str(item.get("path") or ""), f"The path of secret '{item['secretRef']}' in volume '{volume['name']}'")
        return {str(item.get("path") or item["secretRef"]): self.secret(item["secretRef"]) for item in chosen}

    def _share(self, volume: Mapping[str, Any], kind: str, target: str, below: str) -> dict[str, Any]:
        environment = parse(str(self._owner.properties["environmentId"]))
        storage = self._store.get(f"{environment.key}/storages/{str(volume['storageName']).lower()}")
        if storage is None:
            text = f"The environment '{environment.name}' has no storage '{volume['storageName']}'."
            raise refuse("ManagedEnvironmentStorageNotFound", text)
        described = storage.properties.get("nfsAzureFile" if kind == "nfsazurefile" else "azureFile")
        if described is None:
            raise refuse(
                "LocalVolumeUnsupported",
                f"Volume '{volume['name']}' is of type {volume['storageType']}, the storage '{volume['storageName']}' is not.",
            )
        if kind == "nfsazurefile":
            # A server such as ACCOUNT.file.core.windows.net, a share such as /ACCOUNT/SHARE.
            account, name = (
                str(described.get("server")).partition(_FILE_HOST)[0],
                str(described.get("shareName")).rpartition("/")[2],
            )
        else:
            account, name = str(described["accountName"]), str(described["shareName"])
        share = self._store.share_folder(account, name).resolve()
        if self._engine is not None:
            open_share(share)
        folder = share / below
        if not folder.is_dir():
            raise refuse("LocalSubPathNotFound", f"The share '{name}' has no folder '{below}'.")
        read_only = str(described.get("accessMode", "")).lower() == "readonly"
        return {"source": str(folder), "target": target, "readOnly": read_only}


def _check_inside(path: str, what: str) -> None:
    if path.startswith("/") or ".." in path.split("/"):
        raise refuse("LocalMountPathInvalid", f"{what}, '{path}', leads out of the volume: write one below it.")
