"""Many publications through a mock that fails often; DRAWBRIDGE_TEST_PUBLICATIONS: how many."""

from __future__ import annotations

import os

import pytest

from tests.soak import volume

PUBLICATIONS = int(os.environ.get("DRAWBRIDGE_TEST_PUBLICATIONS", "300"))


def test_all_are_published_and_none_is_doubled(capsys: pytest.CaptureFixture[str]) -> None:
    few = PUBLICATIONS < 5_000  # then one request in a hundred is too rare for every fault to be met
    more = ["--batch", "5", "--rate", "0.06"] if few else []
    status = volume.main(["--publications", str(PUBLICATIONS), *more])
    shown = capsys.readouterr().out
    last = f"publications {PUBLICATIONS}, published {PUBLICATIONS}, lost 0, doubled 0, invariants broken 0"
    assert shown.splitlines()[-1] == last, shown
    assert status == 0, shown
    hits = {line.split()[0]: line.split()[2] for line in shown.splitlines() if line.startswith("F")}
    assert set(hits) == set(volume.FAULTS)
    assert all(int(count) > 0 for count in hits.values())


def test_a_fault_that_is_never_met_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert volume.main(["--publications", "10", "--rate", "0"]) == 1
    assert "never met: F01, F02," in capsys.readouterr().out


def test_a_double_is_seen_in_the_mocks_own_record(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever takes one look for a proof of absence sends again what a gateway passes on later."""
    monkeypatch.setattr("delivery.resolve._count_look", lambda run, tx, message: True)
    assert volume.main(["--publications", "300", "--batch", "5", "--rate", "0.06"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    counts = dict(part.rsplit(" ", 1) for part in last.split(", "))
    assert int(counts["doubled"]) > 0
    assert counts["lost"] == "0"
