"""The audit chain finds whatever is done to it, even by somebody who gets round the database's refusal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import rfc8785
import sqlalchemy as sa

from ledger.audit import ORIGIN, AuditHead, append, events, head, verify_audit
from ledger.engine import Ledger, Transaction
from tests.ledger.samples import NOW


@pytest.fixture
def chain(ledger: Ledger) -> Ledger:
    """Ten events."""
    for number in range(1, 11):
        with ledger.write() as tx:
            append(tx, "counted", f"s{number % 2}", {"n": number, "text": "抽查"}, NOW)
    return ledger


@contextmanager
def unguarded(ledger: Ledger) -> Iterator[Transaction]:
    """As somebody who may change the tables themselves."""
    names = ["audit_event_update", "audit_event_delete", "audit_event_insert"]
    with ledger.write() as tx:
        if tx.dialect.name == "sqlite":
            for name in names:
                tx.execute(sa.text(f"DROP TRIGGER {name}"))
        else:
            tx.execute(sa.text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
        yield tx


def test_an_untouched_chain_is_whole(chain: Ledger) -> None:
    verdict = verify_audit(chain.engine)
    assert (verdict.count, verdict.broken_at, verdict.reason) == (10, None, None)
    with chain.read() as tx:
        assert head(tx) == verdict.head
        assert [event.facts["n"] for event in events(tx, subject="s0")] == [2, 4, 6, 8, 10]
        assert len(events(tx, kind="other")) == 0


def test_an_empty_chain_is_whole(ledger: Ledger) -> None:
    verdict = verify_audit(ledger.engine)
    assert (verdict.count, verdict.head, verdict.broken_at) == (0, AuditHead(0, ORIGIN), None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET kind = 'other' WHERE seq_no = 4",
        "DELETE FROM audit_event WHERE seq_no = 4",
        "INSERT INTO audit_event SELECT * FROM audit_event WHERE seq_no = 4",
    ],
)
def test_the_database_itself_refuses_changes(chain: Ledger, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError), chain.write() as tx:
        tx.execute(sa.text(statement))
    assert verify_audit(chain.engine).broken_at is None


@pytest.mark.parametrize(
    ("statements", "broken_at", "reason"),
    [
        (["UPDATE audit_event SET kind = 'other' WHERE seq_no = 4"], 4, "edited"),
        (["UPDATE audit_event SET subject = 'x' WHERE seq_no = 10"], 10, "edited"),
        (["""UPDATE audit_event SET facts = '{"n"\\:44}' WHERE seq_no = 4"""], 4, "edited"),
        (["""UPDATE audit_event SET facts = '{"n": 4, "text": "抽查"}' WHERE seq_no = 4"""], 4, "edited"),
        (["UPDATE audit_event SET facts = 'nothing' WHERE seq_no = 4"], 4, "edited"),
        (["UPDATE audit_event SET event_at = '2020-01-01T00:00:00.000000Z' WHERE seq_no = 1"], 1, "edited"),
        (["DELETE FROM audit_event WHERE seq_no = 1"], 1, "missing"),
        (["DELETE FROM audit_event WHERE seq_no = 4"], 4, "missing"),
        (["DELETE FROM audit_event WHERE seq_no >= 8"], 8, "missing"),
        (["DELETE FROM audit_event"], 1, "missing"),
        (
            [
                "UPDATE audit_event SET seq_no = 99 WHERE seq_no = 4",
                "UPDATE audit_event SET seq_no = 4 WHERE seq_no = 5",
                "UPDATE audit_event SET seq_no = 5 WHERE seq_no = 99",
            ],
            4,
            "edited",
        ),
        (["UPDATE audit_event SET seq_no = seq_no - 1"], 0, "inserted"),
        (["UPDATE audit_head SET seq_no = 12"], 11, "missing"),
        (["UPDATE audit_head SET seq_no = 9"], 9, "head"),
    ],
    ids=[
        "kind",
        "subject of the last",
        "facts",
        "facts written differently",
        "facts no JSON",
        "time of the first",
        "first deleted",
        "one deleted",
        "end cut off",
        "all deleted",
        "two exchanged",
        "renumbered",
        "head ahead",
        "head behind",
    ],
)
def test_tampering_is_found_where_it_is(
    chain: Ledger, statements: list[str], broken_at: int, reason: str
) -> None:
    with unguarded(chain) as tx:
        for statement in statements:
            tx.execute(sa.text(statement))
    verdict = verify_audit(chain.engine)
    assert (verdict.broken_at, verdict.reason) == (broken_at, reason)


def test_who_cuts_the_end_and_moves_the_head_is_found_by_a_head_kept_elsewhere(chain: Ledger) -> None:
    with chain.read() as tx:
        kept = head(tx)
        seventh = events(tx)[6]
    with unguarded(chain) as tx:
        tx.execute(sa.text("DELETE FROM audit_event WHERE seq_no > 7"))
        tx.execute(sa.text("UPDATE audit_head SET seq_no = 7, digest = :digest"), {"digest": seventh.digest})
    assert verify_audit(chain.engine).broken_at is None
    verdict = verify_audit(chain.engine, [kept])
    assert (verdict.broken_at, verdict.reason) == (8, "missing")


def test_who_writes_the_chain_anew_is_found_by_a_head_kept_elsewhere(chain: Ledger) -> None:
    with chain.read() as tx:
        kept = head(tx)
    with unguarded(chain) as tx:
        tx.execute(sa.text("DELETE FROM audit_event"))
        tx.execute(sa.text("UPDATE audit_head SET seq_no = 0, digest = :origin"), {"origin": ORIGIN})
        for number in range(1, 11):
            append(tx, "counted", f"s{number % 2}", {"n": number, "text": "改过"}, NOW)
    assert verify_audit(chain.engine).broken_at is None
    verdict = verify_audit(chain.engine, [kept])
    assert (verdict.broken_at, verdict.reason) == (10, "elsewhere")


def test_facts_that_are_no_json_are_refused(ledger: Ledger) -> None:
    with pytest.raises(rfc8785.CanonicalizationError), ledger.write() as tx:
        append(tx, "counted", "s", {"n": float("nan")}, NOW)
    assert verify_audit(ledger.engine).count == 0
