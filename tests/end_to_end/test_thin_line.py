"""Five objects from the directory to publication, through every room, over real HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess


@pytest.fixture
def campaign(mocks: Callable[..., MockProcess], installation: Installation) -> MockProcess:
    mock = mocks(PLAN, "--objects", 5)
    installation.environment.update(mock.settings(TASK))
    return mock


def test_a_campaign_goes_through_and_a_second_run_writes_nothing(
    campaign: MockProcess, installation: Installation
) -> None:
    first = installation.call("run", PLAN, "--no-prefect", "--json")
    assert first.code == 0, first.err + first.out
    facts = first.document
    writes = campaign.writes()
    assert facts["entities"]["read"] == facts["entities"]["accepted"] + facts["entities"]["quarantined"]
    assert facts["forms"]["due"] == facts["forms"]["accepted"] > 0
    assert facts["publication"]["due"] == facts["forms"]["due"]
    assert facts["writes"] == len(writes)

    second = installation.call("run", PLAN, "--no-prefect", "--json")
    assert second.code == 0, second.err
    assert second.document["writes"] == 0
    assert campaign.writes() == writes
    assert second.document["draw"]["digest"] == facts["draw"]["digest"]


def test_every_form_and_every_record_was_accepted_once(
    campaign: MockProcess, installation: Installation
) -> None:
    ran = installation.call("run", PLAN, "--no-prefect", "--json")
    assert ran.code == 0, ran.err
    for endpoint in ("postForms", "postSpotchecks"):
        keys = Counter((row["key"], row["version"]) for row in campaign.writes(endpoint))
        assert keys
        assert set(keys.values()) == {1}, endpoint
    published = ran.document["publication"]["published"]
    assert len(campaign.writes("postSpotchecks")) == published + ran.document["publication"]["rejected"]
