"""What is queued, what is let through, what is held back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from delivery.queue import Due, apply_approvals, counts, deadline_of, enqueue, withhold
from ledger.approvals import Decision, record_approval
from ledger.audit import head
from schemas.errors import DrawbridgeError
from tests.delivery.conftest import TASK, Desk
from tests.delivery.system import START


def decide(desk: Desk, key: str, decision: Decision, version: int = 1, reason: str | None = None) -> None:
    with desk.ledger.write() as tx:
        record_approval(
            tx,
            TASK,
            "publication",
            key,
            decision,
            by_role="领导小组办公室",
            reason=reason,
            at=START,
            source="cli",
            now=START,
            subject_version=version,
        )
        apply_approvals(tx, "record", TASK, START)


def states(desk: Desk) -> dict[tuple[str, int], str]:
    return {(item.key, item.version): item.state for item in desk.items()}


def test_the_same_again_is_no_news(desk: Desk) -> None:
    assert desk.queue(["A", "B"]) == 2
    with desk.ledger.read() as tx:
        before = head(tx)
    assert desk.queue(["B", "A"]) == 0
    with desk.ledger.read() as tx:
        assert head(tx) == before
        assert counts(tx, "record", TASK) == {"ready": 2}


def test_a_deadline_may_be_computed_anew(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    for deadline in (None, date(2026, 12, 1), date(2026, 12, 2)):
        with desk.ledger.write() as tx:
            enqueue(tx, "record", TASK, [Due("A", 1, "{}", deadline)], START, approved=True)
        assert desk.items()[0].deadline == deadline_of(deadline)


def test_a_date_ends_at_midnight_in_shanghai() -> None:
    assert deadline_of(date(2026, 12, 1)) == datetime(2026, 12, 1, 16, 0, tzinfo=UTC)


def test_content_never_changes_under_one_version(desk: Desk) -> None:
    desk.queue(["A"])
    with pytest.raises(DrawbridgeError) as refusal, desk.ledger.write() as tx:
        enqueue(tx, "record", TASK, [Due("A", 1, '{"other":1}')], START, approved=True)
    assert refusal.value.code == "DB-DELIVERY-001"


def test_a_later_version_makes_an_unsent_one_void(desk: Desk) -> None:
    desk.queue(["A", "B"], approved=False)
    desk.queue(["A"], version=2)
    assert states(desk) == {("A", 1): "void", ("A", 2): "ready", ("B", 1): "held"}
    assert desk.items()[0].reason == "已由第 2 版取代，未报送。"
    assert desk.deliver().accepted == 1
    with pytest.raises(DrawbridgeError) as refusal:
        desk.queue(["B", "A"], version=0)
    assert refusal.value.code == "DB-DELIVERY-004"


def test_nothing_is_sent_before_it_is_approved(desk: Desk) -> None:
    desk.queue(["A", "B", "C"], approved=False)
    assert desk.deliver().due == 0
    decide(desk, "A", "approved")
    decide(desk, "B", "withheld", reason="涉及国家秘密")
    decide(desk, "C", "returned", reason="结果代码有误")
    outcome = desk.deliver()
    assert (outcome.due, outcome.accepted) == (1, 1)
    assert states(desk) == {("A", 1): "accepted", ("B", 1): "withheld", ("C", 1): "held"}
    assert {item.key: item.reason for item in desk.items()}["B"] == "涉及国家秘密"
    assert desk.system.records == {("A", 1): 1}


def test_an_approval_speaks_of_one_version(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.queue(["A"], approved=False)
    decide(desk, "A", "approved", version=2)
    assert states(desk) == {("A", 1): "held"}


def test_a_decision_changed_before_sending_counts(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.queue(["A", "B"], approved=False)
    for key in ("A", "B"):
        decide(desk, key, "approved")
    decide(desk, "A", "returned")
    decide(desk, "B", "withheld", reason="举报待核")
    assert states(desk) == {("A", 1): "held", ("B", 1): "withheld"}
    assert desk.deliver().sent == 0


def test_a_decision_after_sending_changes_nothing_here(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.queue(["A"], approved=False)
    decide(desk, "A", "approved")
    desk.deliver()
    decide(desk, "A", "withheld", reason="迟到的决定")
    assert states(desk) == {("A", 1): "accepted"}
    with pytest.raises(DrawbridgeError) as refusal, desk.ledger.write() as tx:
        withhold(tx, "record", TASK, "A", 1, "迟到的决定", START)
    assert refusal.value.code == "DB-DELIVERY-002"


def test_what_is_withheld_out_of_a_frozen_message_does_not_go_with_it(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.queue(["A", "B", "C"])
    desk.system.plan("not_sent")
    assert desk.deliver(patience_s=0).ready == 3  # frozen together, certainly not sent
    with desk.ledger.write() as tx:
        withhold(tx, "record", TASK, "B", 1, "依法不予公示", START)
        withhold(tx, "record", TASK, "B", 1, "依法不予公示", START)
    assert desk.until_quiet().accepted == 2
    assert desk.system.records == {("A", 1): 1, ("C", 1): 1}
    (body,) = [json.loads(body) for _, body in desk.system.sends]
    assert [key for key, _, _ in body["rows"]] == ["A", "C"]
    desk.check()


def test_what_is_not_queued_cannot_be_withheld(sqlite_desk: Desk) -> None:
    with pytest.raises(DrawbridgeError) as refusal, sqlite_desk.ledger.write() as tx:
        withhold(tx, "record", TASK, "A", 1, "x", START)
    assert refusal.value.code == "DB-DELIVERY-003"
