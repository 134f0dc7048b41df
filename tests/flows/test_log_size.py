"""A log that grows without end is emptied under its writer, which goes on writing."""

from __future__ import annotations

from pathlib import Path

from flows.service.log_size import keep_small


def test_a_log_is_emptied_when_it_is_too_large_and_what_it_held_is_kept_once(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with log.open("ab", buffering=0) as writer:  # as `start_noted` opens it
        writer.write(b"first\n")
        assert not keep_small(log, largest_bytes=10)
        writer.write(b"second\n")
        assert keep_small(log, largest_bytes=10)
        writer.write(b"third\n")
    assert log.read_bytes() == b"third\n"
    assert (tmp_path / "server.1.log").read_bytes() == b"first\nsecond\n"
    assert not keep_small(tmp_path / "no.log")


def test_where_nothing_can_be_kept_the_log_is_emptied_all_the_same(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(b"much\n" * 10)
    (tmp_path / "server.1.log").mkdir()  # as a full disk: no copy can be made
    assert keep_small(log, largest_bytes=10)
    assert log.read_bytes() == b""
