"""The soak with fixed seeds, small; `python -m tests.soak` runs as many as one wants."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.soak.material import PROJECT


def soak(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.soak", *map(str, arguments)],
        cwd=PROJECT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip


def test_every_point_once_on_sqlite() -> None:
    ran = soak("--seed", 20261124, "--schedules", 40)
    assert ran.stdout.splitlines()[-1] == "schedules 40, lost 0, doubled 0, invariants broken 0", ran.stderr
    assert ran.returncode == 0
    killed = next(line for line in ran.stdout.splitlines() if line.startswith("killed at:"))
    hits = dict(zip(killed.split()[2::2], killed.split()[3::2], strict=True))
    assert [name for name, count in hits.items() if count == "0"] == []


@pytest.mark.postgres
def test_some_schedules_on_postgresql(postgres_server: object) -> None:
    address = postgres_server.render_as_string(hide_password=False)  # type: ignore[attr-defined]
    ran = soak("--seed", 5, "--schedules", 8, "--database", address)
    assert ran.stdout.splitlines()[-1] == "schedules 8, lost 0, doubled 0, invariants broken 0", ran.stderr
    assert ran.returncode == 0


def test_a_point_that_is_never_met_fails_the_run() -> None:
    ran = soak("--seed", 1, "--schedules", 1, "--all-met")
    assert ran.returncode == 1
    assert "never met: " in ran.stdout
    assert ran.stdout.splitlines()[-1] == "schedules 1, lost 0, doubled 0, invariants broken 0"
