"""A project whose config file names a share of an embedded Resource Manager."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azure.storage.fileshare import ShareClient

from infra_lib.deploy.target import Target
from infra_lib.workloads.project import Project

GROUP, ACCOUNT, SHARE = "rg-sync", "syncaccount", "workspace"
MIB = 1024 * 1024
CONFIG = "infra/inference.config.json"


def make_share(target: Target, *, quota: int = 5) -> None:
    """The account and the share that :func:`make_project` names."""
    target.resources.resource_groups.create_or_update(GROUP, {"location": "westus"})
    body: Any = {"location": "westus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    target.storage.storage_accounts.begin_create(GROUP, ACCOUNT, body).result()
    shared: Any = {"properties": {"shareQuota": quota}}
    target.storage.file_shares.create(GROUP, ACCOUNT, SHARE, shared)


def make_project(folder: Path, files: Mapping[str, bytes | str] | None = None) -> Project:
    """A project folder with a config file and these files."""
    write(folder, files or {})
    values = {
        "SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000000", "RESOURCE_GROUP_NAME": GROUP, "STORAGE_ACCOUNT_NAME": ACCOUNT,
        "FILE_SHARE_NAME": SHARE,
    }  # fmt: skip
    write(folder, {CONFIG: json.dumps(values)})
    return Project.open(folder)


def write(folder: Path, files: Mapping[str, bytes | str], *, old: bool = True) -> None:
    """Write files; ``old`` ones have not been changed for an hour."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if old:
            hour_ago = time.time() - 3600
            os.utime(path, (hour_ago, hour_ago))


def share_of(target: Target) -> ShareClient:
    """A client of the share, as another program has one."""
    keys: Any = target.storage.storage_accounts.list_keys(GROUP, ACCOUNT)
    account = target.storage.storage_accounts.get_properties(GROUP, ACCOUNT)
    assert account.primary_endpoints is not None
    return target.share(str(account.primary_endpoints.file), SHARE, str(keys.keys_property[0].value))


def content(target: Target, folder: str = "") -> dict[str, bytes]:
    """All files of the share by path, but for the synchronisation's own."""
    share, found = share_of(target), {}
    for item in share.get_directory_client(folder or None).list_directories_and_files():
        path = f"{folder}/{item.name}" if folder else str(item.name)
        if path == ".infra-sync":
            continue
        if item.is_directory:
            found.update(content(target, path))
        else:
            found[path] = share.get_file_client(path).download_file().readall()
    return found


def put(target: Target, path: str, data: bytes) -> None:
    """Write a file on the share, as a job does."""
    share_of(target).get_file_client(path).upload_file(data)


class Requests:
    """Counts what the file service of a target is asked, by method and ``comp``."""

    def __init__(self, target: Target) -> None:
        assert target.manager is not None
        self.seen: list[tuple[str, str, str]] = []
        service = target.manager.service.files
        answer = service.respond

        def respond(call: Any) -> Any:
            self.seen.append((call.method, call.query.get("comp", ""), call.path))
            return answer(call)

        service.respond = respond  # type: ignore[method-assign]

    def count(self, method: str | None = None, comp: str | None = None) -> int:
        """How many requests of a kind there were."""
        return sum((method is None or method == seen[0]) and (comp is None or comp == seen[1]) for seen in self.seen)
