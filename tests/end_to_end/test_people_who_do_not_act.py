"""Where people leave something undone: the run waits and says for whom; what they decide here counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess

RUN = ("run", PLAN, "--no-prefect", "--json", "--max-wait", "0.5")


@pytest.fixture
def mock() -> Iterator[MockProcess]:
    with Simulator(Setting(PLAN, objects=20, seed=3)) as simulator:
        yield MockProcess(None, simulator.platform_url, simulator.publicity_url, simulator.control_url)


@pytest.fixture
def here(mock: MockProcess, tmp_path: Path) -> Installation:
    setting = Setting(PLAN)
    keys = {"DRAWBRIDGE_APP_KEY": setting.key, "DRAWBRIDGE_APP_SECRET": setting.secret}
    return Installation(tmp_path / "home", mock.settings(TASK) | keys)


def test_silence_never_confirms_and_a_confirmation_given_here_counts(
    mock: MockProcess, here: Installation
) -> None:
    mock.post("people", {"act": "no-objections"})
    mock.post("people", {"act": "never-confirm", "who": "SC"})
    waiting = here.call(*RUN)
    assert waiting.code == 3, waiting.err
    assert "清河县市场监督管理局" in waiting.document["waiting_for"]
    assert waiting.document["stages"]["confirm"] == "waiting"
    assert "assign" not in waiting.document["stages"]

    given = here.call("confirm", TASK, "--department", "SC", "--all", "--json")
    assert given.code == 0, given.err
    assert given.document["recorded"] == waiting.document["draw"]["drawn"]
    done = here.call("run", PLAN, "--no-prefect", "--json")
    assert done.code == 0, done.err
    assert done.document["confirmations"]["confirmed"] == given.document["recorded"]
    assert len(mock.writes("postConfirmations")) == given.document["recorded"]


def test_nothing_is_published_without_an_approval_and_one_given_here_counts(
    mock: MockProcess, here: Installation
) -> None:
    mock.post("people", {"act": "never-review"})
    waiting = here.call(*RUN)
    assert waiting.code == 3, waiting.err
    assert "审核" in waiting.document["waiting_for"]
    assert mock.writes("postSpotchecks") == []

    refused = here.call("approve", TASK, "--all", "--decision", "依法不予公示", "--role", "审核人")
    assert refused.code == 2
    assert "DB-RUN-023" in refused.err
    given = here.call("approve", TASK, "--all", "--role", "县领导小组办公室", "--json")
    assert given.code == 0, given.err
    done = here.call("run", PLAN, "--no-prefect", "--json")
    assert done.code == 0, done.err
    publication = done.document["publication"]
    assert publication["published"] + publication["rejected"] == given.document["recorded"]
    assert len(mock.writes("postSpotchecks")) == given.document["recorded"]


def test_a_department_that_withholds_its_part_ends_the_round(mock: MockProcess, here: Installation) -> None:
    mock.post("people", {"act": "withhold-reveal", "who": "SW"})
    ended = here.call("run", PLAN, "--no-prefect", "--json")
    assert ended.code == 2, ended.out
    assert "DB-RUN-011" in ended.err
    assert "清河县水务局" in ended.err
    assert mock.writes("postDraw") == []
    shown = here.call("campaign", "show", TASK, "--json").document["stages"]
    assert shown["draw"]["failed"] == "DB-RUN-011"
