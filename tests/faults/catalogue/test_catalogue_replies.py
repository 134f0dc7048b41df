"""F34 to F37: what an answer says of the rows that were sent, and when."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.messages import set_message
from tests.faults.catalogue.conftest import OBJECTS, Desk

Desks = Callable[..., Desk]
KINDS = ["record", "confirmation"]


@pytest.mark.parametrize("kind", KINDS)
def test_f34_some_rows_are_refused_and_the_answers_are_shuffled(desks: Desks, kind: str) -> None:
    desk = desks(kind)
    desk.fault("partial_acceptance", args={"rejects": [4, 9]})
    desk.until_quiet()
    rejected = [item for item in desk.items() if item.state == "rejected"]
    expected = sorted(item.key for item in desk.items())
    order = [due.key for due in desk.due()]
    sent = order if kind == "record" else expected
    assert sorted(item.key for item in rejected) == sorted({sent[3], sent[8]})
    assert {item.code for item in rejected} == {"96"}
    desk.judge(accepted=OBJECTS - 2)


@pytest.mark.parametrize("kind", KINDS)
def test_f34_only_what_was_refused_is_offered_for_correction(desks: Desks, kind: str) -> None:
    desk = desks(kind)
    desk.fault("partial_acceptance", count=1, args={"rejects": [4, 9]})
    desk.until_quiet()
    before = desk.accepted()
    desk.well()
    desk.until_quiet()
    assert desk.accepted() == before, "what was refused is not sent again by itself"


@pytest.mark.parametrize(("dedupes", "can_query"), [(True, True), (False, True)])
@pytest.mark.parametrize("kind", KINDS)
def test_f35_rows_that_an_answer_does_not_mention_stay_unknown(
    desks: Desks, kind: str, dedupes: bool, can_query: bool
) -> None:
    desk = desks(kind, dedupes=dedupes, can_query=can_query)
    desk.fault("partial_reply_missing_items", count=1, args={"rows": 2})
    first = desk.deliver(patience_s=0)
    assert first.unknown == 2
    assert first.accepted + first.pending == OBJECTS - 2
    desk.until_quiet()
    desk.judge()
    assert len(desk.batches()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_f35_rows_that_are_never_mentioned_go_to_the_operator(desks: Desks, kind: str) -> None:
    desk = desks(kind)
    for endpoint in (desk.endpoint, desk.query):
        desk.fault("partial_reply_missing_items", endpoint, args={"rows": 2})
    desk.until_quiet()
    assert desk.states() == {"accepted": OBJECTS - 2, "parked": 2}
    desk.judge(accepted=OBJECTS - 2)


@pytest.mark.parametrize("what", ["batch", "digest", "both"])
@pytest.mark.parametrize("kind", KINDS)
def test_f36_a_receipt_for_another_batch_or_other_bytes_is_refused(
    desks: Desks, kind: str, what: str
) -> None:
    desk = desks(kind)
    desk.fault("receipt_for_other_batch", count=1, args={"what": what})
    outcome = desk.deliver(patience_s=0)
    assert (outcome.accepted, outcome.pending, outcome.unknown) == (0, 0, OBJECTS)
    desk.until_quiet()
    desk.judge()


@pytest.mark.parametrize("kind", KINDS)
def test_f36_when_it_goes_on_an_operator_has_to_look(desks: Desks, kind: str) -> None:
    desk = desks(kind)
    for endpoint in (desk.endpoint, desk.query):
        desk.fault("receipt_for_other_batch", endpoint, args={"what": "digest"})
    desk.until_quiet()
    assert desk.states() == {"parked": OBJECTS}
    assert {item.code for item in desk.items()} == {"DB-DELIVERY-021"}
    desk.judge(accepted=0)


@pytest.mark.parametrize("kind", KINDS)
def test_f37_a_row_that_stands_twice_in_a_receipt(desks: Desks, kind: str) -> None:
    desk = desks(kind)
    desk.fault("receipt_duplicate", count=1)
    assert desk.deliver(patience_s=0).accepted == 0
    desk.until_quiet()
    desk.judge()


def test_f37_a_receipt_that_comes_late_twice_and_out_of_order(desks: Desks) -> None:
    desk = desks()
    late = desk.fault("receipt_late", desk.query, count=3)
    assert desk.deliver(patience_s=0).pending == OBJECTS
    for _ in range(3):
        assert desk.poll().pending == OBJECTS
        desk.clock.advance(86_400)
    assert late.fired == 3
    assert desk.poll().accepted == OBJECTS
    before = desk.items()
    desk.fault("receipt_late", desk.query)
    with desk.ledger.write() as tx:  # as an inbox would deliver it: after the decision, and once more
        set_message(tx, before[0].batch_no or "", state="pending")
    for _ in range(2):
        desk.poll()
    assert desk.items() == before, "an answer from before the decision changes nothing"
    desk.well()
    desk.until_quiet()
    desk.judge()
