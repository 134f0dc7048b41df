"""An operator's day in the real pages: what runs, what failed and is retried, what waits for a decision."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.end_to_end.approvers import enrol
from tests.end_to_end.installation import TASK, Installation
from tests.flows.served import ENDED, Served, serving, until

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


@dataclass
class Office(Served):
    """The service with a page to look at it."""

    page: Page

    @property
    def address(self) -> str:
        return self.api.removesuffix("/api")

    def started(self, deployment: str) -> Any:
        """Starts a deployment and waits for its run's end, or for its waiting for people."""
        return self.ended(self.start(deployment), (*ENDED, "PAUSED"))

    def again(self, waiting: Any) -> None:
        """Until the run waits once more, after a form that was not accepted."""

        def waits_again() -> bool:
            run = self.run(waiting["id"])
            return bool(run["state_type"] == "PAUSED" and run["state_id"] != waiting["state_id"])

        until(waits_again, "it does not wait again")

    def waiting(self) -> Any:
        """The one run that waits for a person."""
        chosen = {"flow_runs": {"state": {"type": {"any_": ["PAUSED"]}}}}
        (run,) = until(lambda: self.ask("POST", "/flow_runs/filter", chosen), "nothing waits")
        return run

    def picture(self, name: str) -> None:
        """Taken for docs/operator-guide.md where DRAWBRIDGE_PICTURES asks for it."""
        if os.environ.get("DRAWBRIDGE_PICTURES"):
            self.page.wait_for_timeout(1500)
            self.page.screenshot(path=PICTURES / f"operator-{name}.png")


@pytest.fixture
def office(browser: Browser, tmp_path: Path) -> Iterator[Office]:
    here = Installation(tmp_path / "home", {"DRAWBRIDGE_MAX_WAIT_S": "2", "DRAWBRIDGE_POLL_S": "0.05"})
    with serving(here, None, "--objects", 20) as served:
        context = browser.new_context(viewport={"width": 1300, "height": 1000}, locale="zh-CN")
        try:
            yield Office(served.api, here, served.mock, served.process, context.new_page())
        finally:
            context.close()


def test_a_day(office: Office) -> None:
    page = office.page
    device = enrol(office.here, "A01", "领导小组办公室主任")

    # The schedule, in Chinese, each with what it is for.
    page.goto(f"{office.address}/deployments")
    page.get_by_text("公示结果").first.wait_for()
    office.picture("deployments")
    page.get_by_placeholder("Search deployments").fill("整个任务")  # ten are on a page
    page.get_by_text("run-campaign").first.wait_for()

    # The campaign runs until somebody must decide: publication is not approved by itself.
    office.mock.post("people", {"act": "never-review"})
    office.mock.post("people", {"act": "no-objections"})
    assert office.started("整个任务")["state_type"] == "COMPLETED"
    assert office.records() == {}
    assert office.started("待办清单")["state_type"] == "COMPLETED"
    waiting = office.waiting()
    assert waiting["name"].startswith("待办 · 公示审批")
    assert office.started("待办清单")["state_type"] == "COMPLETED"
    assert office.waiting()["id"] == waiting["id"]  # looked at twice, listed once

    # The form, filled in wrongly and then rightly.
    fill_in(office, waiting["id"], code="000000")
    office.again(waiting)
    page.goto(f"{office.address}/runs/flow-run/{waiting['id']}")
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("动态码不对").first.wait_for()
    page.keyboard.press("Escape")
    fill_in(office, waiting["id"], code=device.code(), picture="approve")
    office.ended(waiting["id"])
    with_approval = office.here.run("publish", "status", TASK, "--json").document
    assert with_approval["counts"]["ready"] > 1

    # The publicity system takes one message and then fails: the run is red, and says what to press.
    office.mock.post("faults", {"name": "http_500_before_commit", "endpoint": "postSpotchecks"})
    failed = office.started("公示结果")
    assert failed["state_type"] == "FAILED"
    assert "DB-RUN-030" in failed["state"]["message"]
    page.goto(f"{office.address}/runs/flow-run/{failed['id']}")
    page.get_by_role("button", name="Retry").wait_for()
    office.picture("failed")
    artifacts = office.ask("POST", "/artifacts/filter", {"limit": 200})
    said = next(
        row for row in artifacts if row["flow_run_id"] == failed["id"] and row["key"] == f"publish-{TASK}"
    )
    assert "不再报送" in said["data"]
    page.goto(f"{office.address}/artifacts/artifact/{said['id']}")
    page.get_by_text("不再报送").first.wait_for()
    office.picture("artifact")
    page.goto(f"{office.address}/runs/flow-run/{failed['id']}")

    office.mock.post("faults", {"clear": True})
    before = office.records()
    page.get_by_role("button", name="Retry").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    done = office.ended(failed["id"], ("COMPLETED",))
    assert done["run_count"] == 2
    after = office.records()
    assert sum((after - before).values()) == with_approval["counts"]["ready"]
    assert set(after.values()) == {1}

    # All of it again: nothing is left to do.
    assert office.started("整个任务")["state_type"] == "COMPLETED"
    assert office.records() == after
    boards = office.ask("POST", "/artifacts/filter", {"artifacts": {"key": {"any_": [f"board-{TASK}"]}}})
    board = max(boards, key=lambda row: row["created"])
    page.goto(f"{office.address}/artifacts/artifact/{board['id']}")
    page.get_by_text("环节").first.wait_for()
    office.picture("board")


def fill_in(office: Office, run_id: str, *, code: str, picture: str | None = None) -> None:
    """Resume, the approver's number and code, Submit."""
    page = office.page
    page.goto(f"{office.address}/runs/flow-run/{run_id}")
    page.get_by_role("button", name="Resume").click()
    for label, value in (("审批人编号", "A01"), ("动态码", code)):
        page.locator(".p-label", has_text=label).locator("input, textarea").last.fill(value)
    if picture is not None:
        office.picture(picture)
    waiting = office.run(run_id)["state_id"]
    end = time.monotonic() + 60
    submit = page.get_by_role("button", name="Submit")
    while office.run(run_id)["state_id"] == waiting:
        assert time.monotonic() < end, "the form was not taken"
        if submit.is_visible():  # a busy server may refuse a click, and the form stays
            submit.click()
        page.wait_for_timeout(3000)
