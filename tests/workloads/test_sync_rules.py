"""What of a workspace is synchronised: .infraignore, links, and names that Azure Files takes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from infra_lib.errors import InputError
from infra_lib.workloads.sync.ignore import IgnoreRules
from infra_lib.workloads.sync.model import Links, Workspace
from infra_lib.workloads.sync.names import name_problem, same_but_casing
from infra_lib.workloads.sync.scan import scan
from tests.workloads.sync_support import write

IGNORE = """\
# models stay here
model-cache/
*.pyc
!keep.pyc
/top.txt
logs/**/*.log
secret?.key
\\#literal
"""


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("model-cache/", True), ("a/model-cache/", True), ("model-cache", False), ("x.pyc", True), ("a/b/x.pyc", True),
        ("keep.pyc", False), ("top.txt", True), ("a/top.txt", False), ("logs/a/b/x.log", True), ("logs/x.log", True),
        ("x.log", False), ("secret1.key", True), ("secret12.key", False), ("#literal", True),
        (".git/", True), ("a/.git/", True), ("a/.git", True), (".infra/", True), (".infra-sync/", True), (".gitignore", False),
    ],
)  # fmt: skip
def test_patterns(tmp_path: Path, path: str, ignored: bool) -> None:
    (tmp_path / ".infraignore").write_text(IGNORE)
    rules = IgnoreRules.load(tmp_path)
    assert rules.ignores(path.rstrip("/"), is_folder=path.endswith("/")) is ignored


def test_git_and_infra_are_left_out_whatever_the_file_says(tmp_path: Path) -> None:
    write(tmp_path, {".infraignore": "!.git/\n!.infra/\n", ".git/config": "", ".infra/local.db": "", "sub/.git": "", "a": ""})
    assert set(scan(tmp_path).files) == {".infraignore", "a"}


def test_gitignore_is_not_consulted(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "models/\n", "models/m.bin": "1"})
    assert "models/m.bin" in scan(tmp_path).files


def test_what_is_ignored_is_said_and_not_read(tmp_path: Path) -> None:
    write(tmp_path, {".infraignore": "cache/\n*.log\n", "cache/a:b": "", "x.log": "123"})
    found = scan(tmp_path)
    assert [(item.path, item.size) for item in found.ignored] == [("cache", None), ("x.log", 3)]


@pytest.mark.parametrize(("text", "place"), [(b"ok\n[z-a]\n", r"\.infraignore\(2,1\)"), (b"\xff\xfe\x00", "UTF-8")])
def test_a_broken_ignore_file_is_said_with_its_line(tmp_path: Path, text: bytes, place: str) -> None:
    (tmp_path / ".infraignore").write_bytes(text)
    with pytest.raises(InputError, match=place):
        scan(tmp_path)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("a:b", "forbids the character :"), ("d/q?", "forbids"), ("tab\there", r"U\+0009"), ("nul", "reserves the name nul"),
        ("COM1", "reserves"), ("com10", None), ("nul.txt", None), ("x" * 256, "256 characters"), ("x" * 255, None),
        ("/".join(["x" * 200] * 11), "path has"), ("/".join(["d"] * 251), "251 folders deep"), ("trailing.", None),
        ("\udcff", "not valid UTF-8"), ("ünï 日本 (1)+%&#'.txt", None),
    ],
)  # fmt: skip
def test_names(path: str, problem: str | None) -> None:
    import re

    found = name_problem(path)
    assert found is None if problem is None else found is not None and re.search(problem, found)


def test_casing_is_compared_within_a_folder() -> None:
    assert list(same_but_casing(["a/X", "a/x", "b/x"])) == [("a/X", "a/x")]
    assert list(same_but_casing(["D", "D/f", "d", "d/f"])) == [("D", "d")]


def test_all_problems_are_said_together_before_anything_is_sent(tmp_path: Path) -> None:
    write(tmp_path, {"a:b": "", "Read.me": "", "read.me": "", "x\ny": ""})
    with pytest.raises(InputError) as caught:
        scan(tmp_path)
    text = str(caught.value)
    assert "3 paths of the workspace cannot be synchronised" in text
    assert "a:b: Azure Files forbids the character :" in text
    assert "x\\x0ay: Azure Files forbids the character U+000A" in text
    assert "Read.me and read.me differ in casing alone" in text
    assert ".infraignore" in text


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    write(folder, {"real/f": "1"})
    write(tmp_path, {"outside/g": "22"})
    (folder / "file").symlink_to("real/f")
    (folder / "folder").symlink_to("../outside")
    return folder


@pytest.mark.parametrize(("links", "paths"), [("follow", {"real/f", "file", "folder/g"}), ("skip", {"real/f"})])
def test_links(linked: Path, links: Links, paths: set[str]) -> None:
    found: Workspace = scan(linked, links=links)
    assert set(found.files) == paths
    assert {item.path for item in found.skipped} == ({"file", "folder"} if links == "skip" else set())


def test_links_refused(linked: Path) -> None:
    with pytest.raises(InputError, match="file is a symbolic link"):
        scan(linked, links="refuse")


def test_links_that_lead_nowhere_or_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, {"d/f": "1"})
    (tmp_path / "gone").symlink_to("nothing")
    (tmp_path / "d/up").symlink_to("..")
    with pytest.raises(InputError) as caught:
        scan(tmp_path)
    assert "gone is a link that leads nowhere" in str(caught.value)
    assert "d/up is a link to a folder that it is in" in str(caught.value)
    assert set(scan(tmp_path, links="skip").files) == {"d/f"}
    (tmp_path / ".infraignore").write_text("gone\nup\n")
    assert set(scan(tmp_path).files) == {".infraignore", "d/f"}


def test_what_is_neither_file_nor_folder_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert [(item.path, item.reason) for item in scan(tmp_path).skipped] == [("pipe", "neither a file nor a folder")]


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs POSIX permissions")
def test_a_folder_without_permission_is_said() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, {"closed/f": "1"})
        folder.chmod(0o755)
        (folder / "closed").chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            with pytest.raises(InputError, match="closed cannot be read: Permission denied"):
                scan(folder)
        finally:
            if user == 0:
                os.seteuid(0)
            (folder / "closed").chmod(0o755)
