"""A file is there whole or not at all, and what failed is said in Chinese."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from documents.whole_file import PRIVATE, whole_file, write_whole
from schemas.errors import DrawbridgeError


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def room_for_4096_bytes() -> Iterator[None]:
    """The system refuses to let any file grow beyond 4 KB, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "证书.json"
    path.write_bytes(b"before")
    write_whole(path, b"after")
    assert path.read_bytes() == b"after"
    assert [entry.name for entry in tmp_path.iterdir()] == ["证书.json"]


def test_the_umask_does_not_decide_who_reads_a_file(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_whole(tmp_path / "public", b"")
        write_whole(tmp_path / "private", b"", mode=PRIVATE)
    finally:
        os.umask(before)
    assert (mode(tmp_path / "public"), mode(tmp_path / "private")) == (0o644, 0o600)


@pytest.mark.usefixtures("room_for_4096_bytes")
def test_no_room_leaves_the_former_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "名册.xlsx"
    path.write_bytes(b"before")
    with pytest.raises(DrawbridgeError) as caught:
        write_whole(path, b"x" * 100_000)
    assert caught.value.code == "DB-CLI-004"
    assert caught.value.facts["detail"] == "文件超过允许的大小"
    assert path.read_bytes() == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["名册.xlsx"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(DrawbridgeError) as caught, whole_file(tmp_path / "清单.csv"):
        Path("/dev/full").write_bytes(b"x")
    assert caught.value.facts["detail"] == "磁盘空间不足"
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DrawbridgeError) as caught:
        write_whole(tmp_path / "没有" / "证书.json", b"{}")
    assert str(caught.value).startswith(f"写不进 {tmp_path}/没有/证书.json：文件夹不存在。")
    assert str(caught.value).endswith("（DB-CLI-004）")


def test_a_file_where_a_folder_should_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DrawbridgeError) as caught:
        write_whole(tmp_path / "file" / "x.json", b"{}")
    assert caught.value.facts["detail"] == "路径中有一段不是文件夹"


@pytest.mark.parametrize(("place", "said"), [(".", "这是一个文件夹"), ("/dev/null", "不是普通文件")])
def test_a_folder_or_a_device_is_not_replaced(tmp_path: Path, place: str, said: str) -> None:
    path = tmp_path / place
    with pytest.raises(DrawbridgeError) as caught:
        write_whole(path, b"{}")
    assert caught.value.facts["detail"] == said
    assert path.exists()
    assert not path.is_file()


def test_a_symbolic_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "real.json"
    target.write_bytes(b"before")
    link = tmp_path / "link.json"
    link.symlink_to(target)
    write_whole(link, b"after")
    assert link.is_symlink()
    assert target.read_bytes() == b"after"


def test_what_the_caller_raises_passes_and_leaves_nothing(tmp_path: Path) -> None:
    def half_done() -> None:
        with whole_file(tmp_path / "x.csv") as temporary:
            temporary.write_bytes(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        half_done()
    assert not list(tmp_path.iterdir())


def test_a_caller_may_name_the_error(tmp_path: Path) -> None:
    with pytest.raises(DrawbridgeError) as caught:
        write_whole(tmp_path / "no" / "x", b"", code="DB-INPUT-041")
    assert caught.value.code == "DB-INPUT-041"
    assert "文件夹不存在" in str(caught.value)
