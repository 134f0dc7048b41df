"""Real processes, really killed (SIGKILL), and the same command again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from delivery.owner import is_gone
from delivery.queue import Due, enqueue
from ledger.audit import verify_audit
from ledger.engine import Ledger
from tests.delivery.conftest import TASK
from tests.delivery.system import START

SCRIPT = Path(__file__).with_name("killed_process.py")
ROOT = Path(__file__).parents[2]


def run(ledger: Ledger, folder: Path, point: str = "-", nth: int = 1) -> subprocess.CompletedProcess[str]:
    url = ledger.engine.url.render_as_string(hide_password=False)
    return subprocess.run(
        [sys.executable, str(SCRIPT), url, str(folder), point, str(nth)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("point", "nth"), [("B2", 1), ("B3", 2), ("B4", 1), ("B5", 2), ("B6", 1), ("B7", 2)])
def test_killed_and_run_again(sqlite_ledger: Ledger, tmp_path: Path, point: str, nth: int) -> None:
    killed_then_whole(sqlite_ledger, tmp_path / "system", point, nth)


def test_killed_and_run_again_on_both_databases(ledger: Ledger, tmp_path: Path) -> None:
    killed_then_whole(ledger, tmp_path / "system", "B4", 2)


def killed_then_whole(ledger: Ledger, folder: Path, point: str, nth: int) -> None:
    folder.mkdir()
    keys = [f"K{number}" for number in range(5)]
    with ledger.write() as tx:
        enqueue(tx, "record", TASK, [Due(key, 1, "{}") for key in keys], START, approved=True)
    assert run(ledger, folder, point, nth).returncode == -signal.SIGKILL
    again = run(ledger, folder)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)[:2] == [5, 5]
    assert sorted((folder / "writes").read_text().split()) == keys
    assert json.loads(run(ledger, folder).stdout) == [5, 5, 0]
    assert verify_audit(ledger.engine).broken_at is None


def test_a_dead_process_is_known_as_such_on_its_own_host_only() -> None:
    here = os.uname().nodename
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert is_gone(f"{here}:{ended.pid}")
    assert not is_gone(f"{here}:{os.getpid()}")
    assert not is_gone(f"elsewhere:{ended.pid}")
    assert not is_gone("somebody")
