"""The notice's own way: the platform draws, makes the forms and publishes; we verify, check and reconcile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.directory import objects
from schemas.codes import RegistrationState
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
    ran = installation.call(*RUN)
    assert ran.code == 0, ran.err + ran.out
    facts = ran.document
    assert facts["draw"]["certified"] is (variant == "certified")
    assert facts["findings"] == []
    assert facts["forms"]["accepted"] == facts["forms"]["due"] > 0
    publication = facts["publication"]
    assert publication["due"] == publication["published"] + publication["withheld"] + publication["rejected"]
    assert (publication["missing"], publication["doubled"]) == (0, 0)
    assert facts["writes"] == 0
    assert [row for row in mock.writes() if row["endpoint"] in FOLLOWING] == []


def test_a_draw_that_nobody_can_compute_again_is_judged_against_chance(
    mocks: Callable[..., MockProcess], installation: Installation
) -> None:
    """The first of the list pass every count; only statistics can notice, and they stop nothing."""
    begun(mocks, installation, "head")
    ran = installation.call(*RUN)
    assert ran.code == 1, ran.err + ran.out
    (finding,) = ran.document["findings"]
    assert finding.startswith("统计检验：与随机抽取是否相符")
    assert ran.document["publication"]["missing"] == 0
    folder = installation.home / PLATFORM_TASK
    assert "请平台说明" in (folder / "核验结论-对象.md").read_text("utf-8")
    assert "<svg" in (folder / "抽取审计.html").read_text("utf-8")


UNFAIR = {
    "damaged": "draw",
    "not-eligible": "draw",
    "duplicate": "draw",
    "with-replacement": "draw",
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
    ran = installation.call(*RUN)
    assert ran.code == 2, ran.out
    assert "DB-RUN-009" in ran.err
    shown = installation.call("campaign", "show", PLATFORM_TASK, "--json").document["stages"]
    stopped = UNFAIR[variant]
    assert shown[stopped]["state"] == "failed"
    after = ["draw", "confirm", "assign", "push", "collect", "publish", "reconcile", "report"]
    for stage in after[after.index(stopped) + 1 :]:
        assert stage not in shown or shown[stage]["state"] != "done", stage
    assert [row for row in mock.writes() if row["endpoint"] in FOLLOWING] == []


def test_an_object_that_closes_after_the_draw_makes_no_draw_unfair(
    mocks: Callable[..., MockProcess], installation: Installation
) -> None:
    """The draw is judged by the directory as it was when it was found to hold."""
    mock = begun(mocks, installation, "certified")
    mock.post("people", {"act": "never-confirm", "who": "SC"})
    waiting = installation.call(*RUN, more={"DRAWBRIDGE_MAX_WAIT_S": "0.5"})
    assert waiting.code == 3, waiting.err
    drawn = mock.get("records")["drawn"]["objects"][0]["uniscid"]
    mock.post("people", {"act": "change-state", "who": drawn, "state": "2"})
    again = installation.call(*RUN, "--resync", more={"DRAWBRIDGE_MAX_WAIT_S": "0.5"})
    assert again.code == 3, again.err
    with installation.site() as site, site.ledger.read() as tx:
        states = {row.uscc: row.reg_state for row in objects(tx, site.source)}
    assert states[drawn] is RegistrationState.DEREGISTERED
