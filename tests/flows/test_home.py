"""The folder of an installation: one run at a time, and what a killed run left is ended by the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from flows.service.home import Home, end_leftovers, note_started
from schemas.errors import DrawbridgeError


def test_a_second_run_is_refused_while_the_first_holds_the_folder(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.in_use(), pytest.raises(DrawbridgeError) as refused, Home(tmp_path).in_use():
        pass
    assert refused.value.code == "DB-RUN-002"
    with home.in_use():
        pass


def test_what_was_left_running_is_ended(tmp_path: Path) -> None:
    home = Home(tmp_path)
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    note_started(home, "left", left.pid)
    with home.in_use():
        left.wait(timeout=20)
        assert not psutil.pid_exists(left.pid)


def test_a_process_that_took_over_the_id_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        note_started(home, "gone", other.pid)
        notes = next(path for path in tmp_path.iterdir() if path.suffix in (".jsonl", ".json"))
        text = notes.read_text("utf-8")
        started = psutil.Process(other.pid).create_time()
        notes.write_text(text.replace(str(started), str(started - 100)), "utf-8")
        assert end_leftovers(home) == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
