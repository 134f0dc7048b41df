"""One sender at a time, and a number that tells the one before from the one after."""

from __future__ import annotations

import pytest

from ledger.engine import Ledger
from ledger.leases import acquire, lease_of, release, renew
from schemas.errors import DrawbridgeError
from tests.ledger.samples import NOW, later


def test_a_lease_is_one_owners_until_it_runs_out(ledger: Ledger) -> None:
    with ledger.write() as tx:
        first = acquire(tx, "record/1", "a", NOW, 60)
        assert first is not None
        assert (first.fence, first.expires_at) == (1, later(1))
    with ledger.write() as tx:
        assert acquire(tx, "record/1", "b", later(0.5), 60) is None
        assert acquire(tx, "form/1", "b", NOW, 60) is not None
        second = acquire(tx, "record/1", "b", later(1), 60)
        assert second is not None
        assert second.fence == 2


def test_who_lost_it_writes_nothing_any_more(ledger: Ledger) -> None:
    with ledger.write() as tx:
        first = acquire(tx, "record/1", "a", NOW, 60)
        assert first is not None
        assert acquire(tx, "record/1", "b", later(2), 60) is not None
    with pytest.raises(DrawbridgeError) as refusal, ledger.write() as tx:
        renew(tx, first, later(2), 60)
    assert refusal.value.code == "DB-LEDGER-040"
    with ledger.write() as tx:
        release(tx, first, later(2))  # takes nothing away from the other
        held = lease_of(tx, "record/1")
        assert held is not None
        assert (held.owner, held.expires_at) == ("b", later(3))


def test_an_expired_lease_that_nobody_took_goes_on(ledger: Ledger) -> None:
    with ledger.write() as tx:
        first = acquire(tx, "record/1", "a", NOW, 60)
        assert first is not None
        assert renew(tx, first, later(30), 60).expires_at == later(31)


def test_a_lease_given_back_is_free_at_once_with_a_new_number(ledger: Ledger) -> None:
    with ledger.write() as tx:
        first = acquire(tx, "record/1", "a", NOW, 60)
        assert first is not None
        release(tx, first, NOW)
        second = acquire(tx, "record/1", "b", NOW, 60)
        assert second is not None
        assert second.fence == 2


def test_a_dead_owners_lease_is_taken_over(ledger: Ledger) -> None:
    with ledger.write() as tx:
        acquire(tx, "record/1", "dead", NOW, 60)
        assert acquire(tx, "record/1", "b", NOW, 60, lambda owner: owner == "living") is None
        taken = acquire(tx, "record/1", "b", NOW, 60, lambda owner: owner == "dead")
        assert taken is not None
        assert taken.fence == 2
