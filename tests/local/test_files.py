from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.fileshare import ContentSettings, ShareClient, ShareFileClient, ShareServiceClient

from infra_lib.local import LocalResourceManager
from infra_lib.local.context import Fault
from infra_lib.local.files.tree import split_path
from tests.local.conftest import GROUP, Clients

MIB = 1024 * 1024
URL = "https://account1.file.core.windows.net"


@pytest.fixture
def share(clients: Clients) -> ShareClient:
    clients.account()
    clients.storage.file_shares.create(GROUP, "account1", "share1", {"properties": {"shareQuota": 1}})
    return ShareClient(URL, "share1", credential=clients.account_key(), transport=clients.manager.transport(), retry_total=0)


def names(share: ShareClient, folder: str = "") -> list[str]:
    return [item.name for item in share.list_directories_and_files(folder)]


def test_content_of_several_ranges_comes_back(share: ShareClient) -> None:
    data = os.urandom(9 * MIB + 17)
    file = share.get_file_client("big.bin")
    file.upload_file(data, max_concurrency=3)
    assert file.get_file_properties().size == len(data)
    assert file.download_file().readall() == data
    assert file.download_file(offset=5 * MIB, length=100).readall() == data[5 * MIB : 5 * MIB + 100]


def test_an_empty_file(share: ShareClient) -> None:
    file = share.get_file_client("empty")
    file.upload_file(b"")
    assert file.exists()
    assert file.download_file().readall() == b""


def test_names_ignore_casing_keep_it_and_may_be_any_text(share: ShareClient) -> None:
    share.create_directory("Ordner")
    share.create_directory("Ordner/Ünïcode & 日本")
    share.get_file_client("Ordner/Ünïcode & 日本/Datei (1)+%.txt").upload_file(b"x")
    assert share.get_file_client("ordner/ünïcode & 日本/DATEI (1)+%.TXT").download_file().readall() == b"x"
    assert names(share, "ORDNER") == ["Ünïcode & 日本"]
    with pytest.raises(ResourceExistsError):
        share.create_directory("ORDNER")
    share.get_file_client("ordner/ünïcode & 日本/datei (1)+%.txt").upload_file(b"yy")
    assert names(share, "Ordner/Ünïcode & 日本") == ["Datei (1)+%.txt"]


@pytest.mark.parametrize("path", ["a:b", "a|b", 'a"b', "a<b", "x" * 256, "..", "a\tb"])
def test_names_that_azure_files_forbids_are_refused(path: str) -> None:
    with pytest.raises(Exception, match="InvalidResourceName"):
        split_path(path, keep_dots=False)


def test_a_file_needs_its_directory(share: ShareClient) -> None:
    with pytest.raises(ResourceNotFoundError) as caught:
        share.get_file_client("none/file").upload_file(b"x")
    assert caught.value.error_code == "ParentNotFound"
    with pytest.raises(ResourceNotFoundError) as caught:
        share.get_file_client("file").download_file()
    assert caught.value.error_code == "ResourceNotFound"
    assert not share.get_file_client("file").exists()


def test_metadata_headers_and_times_are_kept(share: ShareClient) -> None:
    file = share.get_file_client("f")
    settings = ContentSettings(content_type="text/plain", content_md5=bytearray(16))
    file.upload_file(
        b"x",
        metadata={"sha_256": "ab", "sha256": "cd"},
        content_settings=settings,
        file_last_write_time="2024-02-03T04:05:06.0000000Z",
    )
    held = file.get_file_properties()
    assert held.metadata == {"sha_256": "ab", "sha256": "cd"}
    assert held.content_settings.content_type == "text/plain"
    assert held.content_settings.content_md5 == bytearray(16)
    file.set_file_metadata({"other": "1"})
    changed = file.get_file_properties()
    assert changed.metadata == {"other": "1"}
    assert changed.etag != held.etag
    assert file.download_file().readall() == b"x"


def test_a_file_that_changes_while_it_is_read_is_noticed(share: ShareClient) -> None:
    file = share.get_file_client("f")
    file.upload_file(b"a" * 40 * MIB)
    stream = file.download_file()
    file.upload_file(b"b" * 40 * MIB)
    with pytest.raises(ResourceModifiedError):
        stream.readall()


def test_listing_in_pages_with_sizes_and_times(share: ShareClient) -> None:
    for name in ("b", "a", "c"):
        share.get_file_client(name).upload_file(b"123")
    share.create_directory("d")
    pages = list(share.list_directories_and_files(results_per_page=3).by_page())
    assert [[item.name for item in page] for page in pages] == [["a", "b", "c"], ["d"]]
    detailed = {item.name: item for item in share.list_directories_and_files(include=["timestamps", "etag", "attributes"])}
    assert [detailed[name].size for name in "abc"] == [3, 3, 3]
    assert detailed["d"].is_directory
    assert detailed["a"].last_write_time is not None
    assert detailed["a"].etag == share.get_file_client("a").get_file_properties().etag
    assert [item.name for item in share.list_directories_and_files(name_starts_with="B")] == ["b"]


def test_a_rename_replaces_in_one_step_only_when_asked(share: ShareClient) -> None:
    share.get_file_client("final").upload_file(b"old")
    share.get_file_client("draft").upload_file(b"new", metadata={"hash": "1"})
    with pytest.raises(ResourceExistsError):
        share.get_file_client("draft").rename_file("final")
    share.get_file_client("draft").rename_file("final", overwrite=True)
    assert names(share) == ["final"]
    assert share.get_file_client("final").download_file().readall() == b"new"
    assert share.get_file_client("final").get_file_properties().metadata == {"hash": "1"}


def test_a_directory_is_renamed_with_what_is_in_it(share: ShareClient) -> None:
    share.create_directory("a").upload_file("f", b"x", metadata={"k": "v"})
    share.get_directory_client("a").rename_directory("b")
    assert share.get_file_client("b/f").get_file_properties().metadata == {"k": "v"}
    assert names(share) == ["b"]


def test_only_an_empty_directory_is_deleted(share: ShareClient) -> None:
    folder = share.create_directory("a")
    folder.upload_file("f", b"x")
    with pytest.raises(ResourceExistsError) as caught:
        folder.delete_directory()
    assert caught.value.error_code == "DirectoryNotEmpty"
    folder.delete_file("f")
    folder.delete_directory()
    assert names(share) == []


def test_a_file_that_is_leased_while_another_creates_it_keeps_its_lease(
    share: ShareClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two first synchronisations at once: only one of them may get the place."""
    from infra_lib.local.files import content

    begin = content.new_document
    leases: list[object] = []

    def other_one_is_faster(*arguments: Any) -> dict[str, Any]:
        monkeypatch.setattr(content, "new_document", begin)
        share.get_file_client("lock").create_file(0)
        leases.append(share.get_file_client("lock").acquire_lease())
        return begin(*arguments)

    monkeypatch.setattr(content, "new_document", other_one_is_faster)
    with pytest.raises(HttpResponseError, match="There is currently a lease"):
        share.get_file_client("lock").create_file(0)
    assert leases
    with pytest.raises(HttpResponseError, match="already a lease"):
        share.get_file_client("lock").acquire_lease()


def test_copies_ranges_and_leases(share: ShareClient) -> None:
    file = share.get_file_client("f")
    file.create_file(8 * MIB)
    assert [(part.start, part.end) for part in file.list_ranges()] == []
    file.upload_range(b"x" * MIB, offset=4 * MIB, length=MIB)
    assert [(part.start, part.end) for part in file.list_ranges()] == [(4 * MIB, 5 * MIB - 1)]
    file.clear_range(4 * MIB, MIB)
    assert file.download_file(4 * MIB, 4).readall() == b"\0" * 4
    with pytest.raises(HttpResponseError) as caught:
        file.upload_range(b"x" * 10, offset=8 * MIB, length=10)
    assert caught.value.error_code == "InvalidRange"
    copy = share.get_file_client("copy")
    assert copy.start_copy_from_url(file.url)["copy_status"] == "success"
    lease = copy.acquire_lease()
    with pytest.raises(HttpResponseError) as caught:
        copy.delete_file()
    assert caught.value.error_code == "LeaseIdMissing"
    lease.release()
    copy.delete_file()


def test_a_wrong_or_former_key_is_refused(clients: Clients, share: ShareClient) -> None:
    share.get_share_properties()
    clients.storage.storage_accounts.regenerate_key(GROUP, "account1", {"keyName": "key1"})
    with pytest.raises(ClientAuthenticationError) as caught:
        share.get_share_properties()
    assert caught.value.status_code == 403
    assert caught.value.error_code == "AuthenticationFailed"
    fresh = ShareClient(URL, "share1", credential=clients.account_key(), transport=clients.manager.transport())
    assert fresh.get_share_properties().quota == 1


def test_a_full_share_takes_nothing_more(share: ShareClient) -> None:
    share.get_file_client("a").create_file(600 * MIB)
    with pytest.raises(HttpResponseError) as caught:
        share.get_file_client("b").create_file(600 * MIB)
    assert caught.value.error_code == "ShareSizeLimitReached"
    share.get_file_client("a").delete_file()
    share.get_file_client("b").create_file(600 * MIB)
    assert share.get_share_stats() == 600 * MIB


def test_shares_made_on_the_data_plane_are_resources(clients: Clients) -> None:
    clients.account()
    service = ShareServiceClient(URL, credential=clients.account_key(), transport=clients.manager.transport())
    service.create_share("made-here", quota=5, metadata={"a": "b"})
    assert [share.name for share in service.list_shares(include_metadata=True)] == ["made-here"]
    assert clients.storage.file_shares.get(GROUP, "account1", "made-here").as_dict()["properties"]["shareQuota"] == 5
    with pytest.raises(ResourceExistsError):
        service.create_share("made-here")
    service.delete_share("made-here")
    assert list(clients.storage.file_shares.list(GROUP, "account1")) == []


def test_a_missing_share_and_a_missing_account(clients: Clients) -> None:
    clients.account()
    transport = clients.manager.transport()
    missing = ShareClient(URL, "nothing", credential=clients.account_key(), transport=transport, retry_total=0)
    with pytest.raises(ResourceNotFoundError) as caught:
        missing.get_file_client("f").upload_file(b"x")
    assert caught.value.error_code == "ShareNotFound"
    nobody = ShareClient("https://nobody.file.core.windows.net", "s", credential="AAAA", transport=transport, retry_total=0)
    with pytest.raises(ResourceNotFoundError, match="nobody"):
        nobody.get_share_properties()


def test_files_lie_in_the_store_as_they_are_and_are_seen_when_put_there(stored: object, tmp_path: Path) -> None:
    clients: Clients = stored()  # type: ignore[operator]
    clients.group()
    clients.account()
    clients.storage.file_shares.create(GROUP, "account1", "share1", {})
    share = ShareClient(URL, "share1", credential=clients.account_key(), transport=clients.manager.transport())
    share.get_file_client("here.txt").upload_file(b"hello")
    folder = tmp_path / ".infra" / "shares" / "account1" / "share1"
    assert (folder / "here.txt").read_bytes() == b"hello"
    (folder / "made by a process").write_bytes(b"result")
    assert share.get_file_client("made by a process").download_file().readall() == b"result"
    clients.storage.storage_accounts.delete(GROUP, "account1")
    assert not (folder / "here.txt").exists()


def test_many_files_at_once(share: ShareClient) -> None:
    def one(number: int) -> None:
        share.get_file_client(f"f{number}").upload_file(str(number).encode())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(200)))
    assert len(names(share)) == 200
    assert share.get_file_client("F77").download_file().readall() == b"77"


def test_waiting_before_a_retry_takes_no_time(clients: Clients) -> None:
    clients.account()
    share = ShareClient(URL, "share1", credential=clients.account_key(), transport=clients.manager.transport())
    share.create_share()
    fault = Fault(method="PUT", path="*/share1/f", code="ServerBusy", message="Later.", status=503, times=2)
    clients.manager.inject(fault)
    direct = ShareFileClient(URL, "share1", "f", credential=clients.account_key(), transport=clients.manager.transport())
    direct.upload_file(b"x")
    assert fault.times == 0


def test_the_folder_of_a_store_in_memory_goes_with_it() -> None:
    manager = LocalResourceManager()
    folder = manager._store.share_folder("account1", "share1")
    assert folder.exists()
    manager.close()
    assert not folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="needs a limit of the size of files")
def test_what_this_disk_refuses_is_no_failure_of_the_server(share: ShareClient) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, before[1]))
    try:
        with pytest.raises(HttpResponseError, match=r"This machine's disk refuses.*File too large") as caught:
            share.get_file_client("a").upload_file(bytes(range(256)) * 8192)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (caught.value.status_code, caught.value.error_code) == (409, "LocalDiskRefused")


def test_a_file_that_goes_while_the_share_is_measured_does_not_matter(
    share: ShareClient, manager: LocalResourceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        share.get_file_client(name).upload_file(b"x")
    on_disk = manager._store.share_folder("account1", "share1")
    walk = os.walk

    def walk_and_lose(top: Any, *rest: Any, **more: Any) -> Any:
        found = [*walk(top, *rest, **more)]
        (on_disk / "a").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(os, "walk", walk_and_lose)
    with pytest.raises(HttpResponseError) as caught:
        share.get_file_client("huge").create_file(2 * 1024 * MIB)
    assert caught.value.error_code == "ShareSizeLimitReached"
