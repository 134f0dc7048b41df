"""The notice's own way: the platform draws, makes the forms and publishes; we verify, check and reconcile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.end_to_end.installation import PLATFORM_PLAN, PLATFORM_TASK, Installation, MockProcess

RUN = ("run", PLATFORM_PLAN, "--no-prefect", "--json")
# Writes that would follow from a draw; none may reach the platform in this variant.
FOLLOWING = ("postForms", "postSpotchecks", "postCommitment", "postClosing", "postDraw")


def begun(mocks: Callable[..., MockProcess], installation: Installation, variant: str) -> MockProcess:
    mock = mocks(PLATFORM_PLAN, "--objects", 80, "--platform-draw", variant)
    installation.environment.update(mock.settings(PLATFORM_TASK))
    return mock


@pytest.mark.parametrize("variant", ["certified", "honest"])
def test_a_fair_draw_is_verified_and_everything_reconciled(
    mocks: Callable[..., MockProcess], installation: Installation, variant: str
) -> None:
    mock = begun(mocks, installation, variant)
    ran = installation.run(*RUN)
    assert ran.code == 0, ran.err + ran.out
    facts = ran.document
    assert facts["draw"]["certified"] is (variant == "certified")
    assert facts["forms"]["accepted"] == facts["forms"]["due"] > 0
    publication = facts["publication"]
    assert publication["due"] == publication["published"] + publication["withheld"] + publication["rejected"]
    assert (publication["missing"], publication["doubled"]) == (0, 0)
    assert facts["writes"] == 0
    assert [row for row in mock.writes() if row["endpoint"] in FOLLOWING] == []


UNFAIR = {
    "damaged": "draw",
    "not-eligible": "draw",
    "duplicate": "draw",
    "too-few": "draw",
    "uncertified-inspector": "assign",
    "one-person-team": "assign",
    "forbidden-pair": "assign",
}


@pytest.mark.parametrize("variant", UNFAIR)
def test_an_unfair_draw_stops_the_campaign_before_anything_follows(
    mocks: Callable[..., MockProcess], installation: Installation, variant: str
) -> None:
    mock = begun(mocks, installation, variant)
    ran = installation.run(*RUN)
    assert ran.code == 2, ran.out
    assert "DB-RUN-009" in ran.err
    shown = installation.run("campaign", "show", PLATFORM_TASK, "--json").document["stages"]
    stopped = UNFAIR[variant]
    assert shown[stopped]["state"] == "failed"
    after = ["draw", "confirm", "assign", "push", "collect", "publish", "reconcile", "report"]
    for stage in after[after.index(stopped) + 1 :]:
        assert stage not in shown or shown[stage]["state"] != "done", stage
    assert [row for row in mock.writes() if row["endpoint"] in FOLLOWING] == []
