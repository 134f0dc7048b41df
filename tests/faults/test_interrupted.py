"""Ctrl-C while messages are out: it is said at once, waited for, and a second one is safe."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess, start_mock

WITH_PREFECT = os.environ.get("DRAWBRIDGE_SCALE") == "full"  # half a minute more


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[MockProcess]:
    started = start_mock(tmp_path / "mock", PLAN, "--objects", 20)
    yield started
    started.end()


def hold(mock: MockProcess, endpoint: str) -> None:
    """Stores what comes there, and keeps the answer back."""
    mock.post("faults", {"name": "hold_after_commit", "endpoint": endpoint})


def until_held(mock: MockProcess, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 90
    while not any(fault["holding"] for fault in mock.get("faults")["faults"]):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def until_said(process: subprocess.Popen[str], words: str) -> str:
    """Reads standard error up to the line with these words, which has five seconds to come."""
    assert process.stderr is not None
    end, said = time.monotonic() + 5, b""
    while words.encode() not in said:
        ready, _, _ = select.select([process.stderr], [], [], max(0.0, end - time.monotonic()))
        assert ready, said.decode("utf-8", "replace")
        said += os.read(process.stderr.fileno(), 4096)
    return said.decode("utf-8", "replace")


@pytest.mark.parametrize("options", [["--no-prefect"], *([[]] if WITH_PREFECT else [])], ids=" ".join)
def test_what_is_out_is_waited_for_and_a_second_signal_ends_at_once(
    tmp_path: Path, mock: MockProcess, options: list[str]
) -> None:
    here = Installation(tmp_path / "home", mock.settings(TASK))

    hold(mock, "postForms")
    process = here.start("run", PLAN, *options)
    until_held(mock, process)
    process.send_signal(signal.SIGTERM)
    said = until_said(process, "不会重复发出")
    assert "已发出的 1 批还没有答复，最多等 60 秒" in said
    assert process.poll() is None  # it waits
    mock.post("faults", {"clear": True})
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "已中断" in rest
    assert "Traceback" not in said + rest
    states = here.call("push", "status", TASK, "--json").document["counts"]
    assert set(states) == {"accepted"}  # the answer was recorded, nothing is in doubt

    hold(mock, "postSpotchecks")
    process = here.start("run", PLAN, *options)
    until_held(mock, process)
    process.send_signal(signal.SIGINT)
    until_said(process, "再按一次 Ctrl-C 立即结束")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert (process.returncode, "已中断" in rest, "Traceback" in rest) == (130, True, False)
    counts = here.call("publish", "status", TASK, "--json").document["counts"]
    assert counts["sending"] > 0  # what the ended run left in doubt

    mock.post("faults", {"clear": True})
    ran = here.call("run", PLAN, "--no-prefect", "--json")
    assert ran.code == 0, ran.err
    publication = ran.document["publication"]
    assert (publication["missing"], publication["doubled"]) == (0, 0)
    written = Counter((row["endpoint"], row["key"], row["version"]) for row in mock.writes())
    assert set(written.values()) == {1}
