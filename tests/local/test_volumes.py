"""What the volumes of apps on the local target hold: empty ones, secrets, shares over SMB and NFS, and what leads out of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from infra_lib.local.replicas.share_access import open_share
from tests.local.conftest import Clients
from tests.local.running import SERVE, World, eventually, needs_namespaces

pytestmark = needs_namespaces
VAULTS = "2023-07-01"


@pytest.fixture
def world(stored: Callable[..., Clients]) -> Iterator[World]:
    clients = stored()
    yield World(clients)
    clients.manager.reset()


def run(world: World, command: str, volume: dict[str, Any], **configuration: Any) -> None:
    """Run a command to its end with a volume at /volume and the share at /mount."""
    mounts = [
        {"volumeName": "v", "mountPath": "/mount"},
        {"volumeName": "other", "mountPath": "/volume", **volume.pop("mount", {})},
    ]
    template = world.template(world.container(command, volumeMounts=mounts))
    template["volumes"].append({"name": "other", **volume})
    body = {
        "location": "westus",
        "properties": {
            "environmentId": world.clients.id("Microsoft.App/managedEnvironments/env1"),
            "configuration": {"triggerType": "Manual", "replicaTimeout": 60, **configuration},
            "template": template,
        },
    }
    world.clients.put(world.clients.id("Microsoft.App/jobs/job1"), body, "2025-07-01")
    assert world.ended(world.run()) == "Succeeded"


def seen(world: World) -> str:
    return (world.share / "seen").read_text()


SECRETS = {"secrets": [{"name": "one", "value": "1"}, {"name": "two", "value": "2"}]}


def test_a_volume_of_secrets_has_a_file_for_each(world: World) -> None:
    run(world, "cd /volume; grep . * > /mount/seen", {"storageType": "Secret"}, **SECRETS)
    assert seen(world) == "one:1\ntwo:2\n"


def test_a_volume_of_secrets_has_those_that_it_names_where_it_says(world: World) -> None:
    chosen = [{"secretRef": "two", "path": "below/second"}]
    run(world, "cd /volume; grep -r . * > /mount/seen", {"storageType": "Secret", "secrets": chosen}, **SECRETS)
    assert seen(world) == "below/second:2\n"


def test_a_secret_can_come_from_a_vault_of_the_same_store(world: World) -> None:
    vault = world.clients.id("Microsoft.KeyVault/vaults/vault1")
    sku = {"family": "A", "name": "standard"}
    tenant = "00000000-0000-0000-0000-00000000000a"
    world.clients.put(vault, {"location": "westus", "properties": {"tenantId": tenant, "sku": sku}}, VAULTS)
    world.clients.put(f"{vault}/secrets/token", {"properties": {"value": "from the vault"}}, VAULTS)
    secret = {"name": "token", "keyVaultUrl": "https://vault1.vault.azure.net/secrets/token", "identity": "system"}
    run(world, "cat /volume/token > /mount/seen", {"storageType": "Secret"}, secrets=[secret])
    assert seen(world) == "from the vault"


def test_a_secret_in_a_vault_that_is_not_there_is_named(world: World) -> None:
    secret = {"name": "token", "keyVaultUrl": "https://vault2.vault.azure.net/secrets/token", "identity": "system"}
    with pytest.raises(HttpResponseError, match=r"lies in a key vault, at 'https://vault2\.vault"):
        run(world, "true", {"storageType": "Secret"}, secrets=[secret])


def test_a_share_over_nfs_is_the_share(world: World) -> None:
    world.clients.storage.file_shares.create("rg-test", "account1", "share2", {})
    nfs = {"server": "account1.file.core.windows.net", "shareName": "/account1/share2", "accessMode": "ReadOnly"}
    world.clients.put(
        world.clients.id("Microsoft.App/managedEnvironments/env1/storages/nfs1"),
        {"properties": {"nfsAzureFile": nfs}},
        "2024-03-01",
    )
    (world.clients.manager._store.share_folder("account1", "share2") / "a").write_text("over NFS")
    run(world, "touch /volume/b; cat /volume/a > /mount/seen", {"storageType": "NfsAzureFile", "storageName": "nfs1"})
    assert seen(world) == "over NFS"
    assert not (world.clients.manager._store.share_folder("account1", "share2") / "b").exists()


def test_containers_of_a_replica_share_an_empty_volume_which_another_replica_does_not_see(world: World) -> None:
    empty = [{"volumeName": "empty", "mountPath": "/empty"}, {"volumeName": "v", "mountPath": "/mount"}]
    init = {**world.container("echo once >> /empty/file", volumeMounts=empty), "name": "init"}
    main = world.container(f"cp /empty/file /mount/seen; {SERVE}", volumeMounts=empty)
    app = world.app_of(world.template(main, initContainers=[init]))
    app.deploy()
    assert seen(world) == "once\n"
    (world.share / "seen").unlink()
    app.deploy()
    assert seen(world) == "once\n"
    app.apps.container_apps.begin_delete("rg-test", "app1").result()
    folder = world.clients.manager.store_path
    assert folder is not None
    eventually(lambda: not [*(folder / "replicas").rglob("file")])


@pytest.mark.parametrize(
    "volume",
    [
        {"storageType": "AzureFile", "storageName": "st1", "mount": {"subPath": "../../keys"}},
        {"storageType": "EmptyDir", "mount": {"subPath": "../other"}},
        {"storageType": "Secret", "secrets": [{"secretRef": "one", "path": "../../one"}]},
        {"storageType": "Secret", "secrets": [{"secretRef": "one", "path": "/etc/one"}]},
    ],
)
def test_what_leads_out_of_a_volume_is_refused(world: World, volume: dict[str, Any]) -> None:
    with pytest.raises(HttpResponseError, match="leads out of the volume"):
        run(world, "true", volume, **SECRETS)


def test_a_volume_of_another_kind_than_its_storage_is_refused(world: World) -> None:
    with pytest.raises(HttpResponseError, match="is of type NfsAzureFile, the storage 'st1' is not"):
        run(world, "true", {"storageType": "NfsAzureFile", "storageName": "st1"})


def test_what_a_container_engine_writes_to_a_share_stays_everybodys(tmp_path: Path) -> None:
    share = tmp_path / "account1" / "share1"
    (share / "below").mkdir(parents=True, mode=0o700)
    (share / "old").touch(0o600)
    open_share(share)
    if "system.posix_acl_default" not in os.listxattr(share):
        pytest.skip("this file system has no access control lists")
    before = os.umask(0o077)
    try:
        (share / "below" / "new").mkdir()
        (share / "below" / "new" / "file").touch()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in share.rglob("*")}
    assert modes == {"below": 0o777, "old": 0o666, "new": 0o777, "file": 0o666}
    assert stat.S_IMODE(share.parent.stat().st_mode) == 0o700
