"""Which limits are watched: visits, entries that one department owes, what the platform should publish."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from flows.legal_dates import due_dates
from flows.site import SHANGHAI, Site
from ledger.approvals import record_approval
from ledger.campaigns import register_campaign
from ledger.forms import record_forms
from ledger.reconciliations import add_run
from ledger.results import record_results
from ledger.sync import begin_sync, commit_page, complete_sync
from schemas.campaign import Campaign
from schemas.codes import PublicationMode
from schemas.form import FormItem
from tests.flows.alert_receiver import Receiver, receiver
from tests.flows.alert_site import LAST_DAY, Desk, desk
from tests.ledger.samples import TASK, campaign, entity, form, later, page, result, uscc

# The campaign's window ends on Sunday 20 December 2026.
FRIDAY_BEFORE = datetime(2026, 12, 18, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture
def got() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


@pytest.fixture
def opened(tmp_path: Path, got: Receiver) -> Iterator[Desk]:
    with desk(tmp_path / "home", LAST_DAY - timedelta(days=20)) as one:
        one.addresses = [got.robot]
        yield one


def handed_out(site: Site, plan: Campaign, departments: int = 1) -> None:
    """One enterprise, with an item for each department."""
    items = tuple(
        FormItem(item_code=f"I{n}", item_name=f"事项{n}", dept_code=code)
        for n, code in enumerate(("SW", "SC")[:departments], 1)
    )
    with site.ledger.write() as tx:
        register_campaign(tx, plan, later(0))
        record_forms(tx, TASK, [form(1).model_copy(update={"items": items})], later(0))


def open_limits(opened: Desk, plan: Campaign) -> list[tuple[str, str]]:
    return [(due.what, str(due.on)) for due in due_dates(opened.site, plan)]


def told(got: Receiver) -> list[tuple[str, str]]:
    """Heading and sentence of what came, digests left out."""
    lines = [text.splitlines() for text in got.texts]
    return [(head.removeprefix("【双随机】"), body) for head, body, *_ in lines if "摘要" not in head]


def test_a_visit_is_told_of_before_the_window_ends_and_once_more_afterwards(
    opened: Desk, got: Receiver
) -> None:
    handed_out(opened.site, campaign())
    for day in range(-4, 4):
        opened.look(FRIDAY_BEFORE + timedelta(days=day))
    assert told(got) == [
        ("期限告急", "测试：现场检查 1 项未完成，期限 2026年12月20日，剩 2 个工作日。"),
        ("已过期限", "测试：现场检查 1 项已过期限（2026年12月20日）仍未完成。"),
    ]


def test_a_department_that_enters_nothing_does_not_stop_the_clock_of_the_others(
    opened: Desk, got: Receiver
) -> None:
    handed_out(opened.site, campaign(), departments=2)
    with opened.site.ledger.write() as tx:
        record_results(tx, TASK, [result(1)], [], later(1))
    assert open_limits(opened, campaign()) == [("公示", "2026-12-22"), ("结果录入", "2026-12-22")]
    for day in (-4, 0, 1):
        opened.look(LAST_DAY + timedelta(days=day))
    assert [heading for heading, _ in told(got)] == ["期限告急", "期限告急", "已过期限", "已过期限"]


def test_what_the_platform_should_publish_is_watched_until_somebody_has_seen_it(opened: Desk) -> None:
    plan = campaign().model_copy(update={"publication": PublicationMode.RECONCILE})
    handed_out(opened.site, plan)
    key, at = f"{TASK}-{uscc(1)}", later(2)
    listed = entity(1).model_copy(update={"prip_id": "p" * 32})
    with opened.site.ledger.write() as tx:
        sync = begin_sync(tx, opened.site.source, "object", at)
        commit_page(tx, sync, page(1, 1, [listed]), at)
        complete_sync(tx, sync, at)
        record_results(tx, TASK, [result(1)], [], at)
        approve = partial(record_approval, tx, TASK, "publication", key, "approved", by_role="审核人")
        approve(reason=None, at=at, source="platform", now=at)
    assert open_limits(opened, plan) == [("公示", "2026-12-22")]  # nobody has looked yet
    looks: tuple[tuple[int, list[tuple[str, str, str]], bool], ...]
    looks = ((1, [], True), (3, [("missing", key, "{}")], True), (4, [], False))
    for minute, findings, still_open in looks:  # the first was before it was approved
        with opened.site.ledger.write() as tx:
            add_run(tx, TASK, {"missing": len(findings)}, findings, later(minute))
        assert bool(open_limits(opened, plan)) is still_open
