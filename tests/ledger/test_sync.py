"""A directory is taken over page by page: a killed pass goes on where it stood, no row is lost in silence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connectors.paging import PageGuard, PageMark
from ledger.audit import events
from ledger.directory import (
    SnapshotState,
    inspectors,
    items,
    latest_snapshot,
    objects,
    open_snapshot,
    quarantined,
    sources,
)
from ledger.engine import Ledger
from ledger.sync import abandon_sync, begin_sync, commit_page, complete_sync
from schemas.errors import DrawbridgeError
from tests.ledger.samples import NOW, SOURCE, DirectoryPage, entity, inspector, item, later, page


def take(ledger: Ledger, pages: Sequence[DirectoryPage], kind: str = "object") -> SnapshotState:
    """One whole pass, each page in a transaction of its own, begun anew before each as after a kill."""
    for one in pages:
        with ledger.write() as tx:
            sync = begin_sync(tx, SOURCE, kind, NOW)
        with ledger.write() as tx:
            commit_page(tx, sync, one, NOW)
    with ledger.write() as tx:
        return complete_sync(tx, begin_sync(tx, SOURCE, kind, NOW), later(1))


def names(ledger: Ledger) -> list[str]:
    with ledger.read() as tx:
        return sorted(row.ent_name for row in objects(tx, SOURCE))


def test_read_is_accepted_plus_quarantined(ledger: Ledger) -> None:
    state = take(ledger, [page(1, 5, [entity(1), entity(2)], [3]), page(2, 5, [entity(4)], [2])])
    assert (state.state, state.read, state.accepted, state.quarantined) == ("complete", 5, 3, 2)
    assert (state.added, state.changed, state.gone, state.pages) == (3, 0, 0, 2)
    with ledger.read() as tx:
        assert [(row.page_no, row.row_no) for row in quarantined(tx, SOURCE, "object")] == [(1, 3), (2, 2)]
        assert quarantined(tx, SOURCE, "object")[0].raw == {"企业名称": "看不懂", "行": 3}
        assert latest_snapshot(tx, SOURCE, "object") == state
        assert sources(tx) == [SOURCE]
        assert len(objects(tx, SOURCE)) == 3


def test_all_three_directories(ledger: Ledger) -> None:
    take(ledger, [page(1, 2, [inspector(1), inspector(2)])], "inspector")
    take(ledger, [page(1, 1, [item(1)])], "item")
    with ledger.read() as tx:
        assert inspectors(tx, SOURCE) == [inspector(1), inspector(2)]
        assert items(tx, SOURCE) == [item(1)]
        assert latest_snapshot(tx, SOURCE, "object") is None


def test_a_killed_pass_goes_on_with_what_a_guard_needs(ledger: Ledger) -> None:
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW)
        assert (sync.next_page, sync.marks) == (1, [])
        commit_page(tx, sync, page(1, 4, [entity(1), entity(2)], digest="a" * 64), NOW)
        assert sync.marks == [(1, "a" * 64, 2, 4, "S1")]
    with ledger.write() as tx:
        resumed = begin_sync(tx, SOURCE, "object", later(5))
    assert (resumed.next_page, resumed.read, resumed.remote_snapshot) == (2, 2, "S1")
    assert (resumed.snapshot_no, resumed.marks, resumed.seen) == (sync.snapshot_no, sync.marks, sync.seen)
    guard = PageGuard("PLATFORM", 10, [PageMark(*mark) for mark in resumed.marks])
    assert (guard.next_page, guard.read, guard.snapshot) == (2, 2, "S1")
    with ledger.read() as tx:
        assert open_snapshot(tx, SOURCE, "object") is not None


def test_a_page_committed_twice_changes_nothing(ledger: Ledger) -> None:
    one = page(1, 2, [entity(1), entity(2)])
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW)
        assert commit_page(tx, sync, one, NOW).added == 2
    with ledger.write() as tx:
        assert commit_page(tx, sync, one, NOW).added == 0
        assert complete_sync(tx, sync, NOW).read == 2
        assert complete_sync(tx, sync, NOW).state == "complete"
        assert len(events(tx, kind="page-committed")) == 1


def test_an_unchanged_directory_is_not_written_again(ledger: Ledger) -> None:
    rows = [entity(1), entity(2)]
    first = take(ledger, [page(1, 2, rows)])
    second = take(ledger, [page(1, 2, rows)])
    assert (second.snapshot_no, second.added, second.changed, second.gone) == (2, 0, 0, 0)
    assert second.digest == first.digest


def test_added_changed_gone_and_back(ledger: Ledger) -> None:
    take(ledger, [page(1, 3, [entity(1), entity(2), entity(3)])])
    state = take(ledger, [page(1, 3, [entity(1), entity(2, "改名公司"), entity(4)])])
    assert (state.added, state.changed, state.gone) == (1, 1, 1)
    assert "改名公司" in names(ledger)
    assert len(names(ledger)) == 3
    back = take(ledger, [page(1, 1, [entity(3)])])
    assert (back.added, back.gone) == (1, 3)
    assert names(ledger) == [entity(3).ent_name]


def test_the_digest_does_not_depend_on_the_pages(ledger: Ledger) -> None:
    one = take(ledger, [page(1, 3, [entity(1), entity(2), entity(3)])])
    other = take(ledger, [page(1, 3, [entity(3)]), page(2, 3, [entity(2), entity(1)])])
    assert one.digest == other.digest


@pytest.mark.parametrize("split", [False, True], ids=["one page", "two pages"])
def test_an_exact_double_quarantines_the_second(ledger: Ledger, split: bool) -> None:
    rows = [entity(1), entity(2), entity(1)]
    pages = [page(1, 3, rows[:2]), page(2, 3, rows[2:])] if split else [page(1, 3, rows)]
    state = take(ledger, pages)
    assert (state.read, state.accepted, state.quarantined) == (3, 2, 1)
    with ledger.read() as tx:
        assert [row.code for row in quarantined(tx, SOURCE, "object")] == ["DB-LEDGER-023"]


@pytest.mark.parametrize("split", [False, True], ids=["one page", "two pages"])
def test_one_code_under_two_names_quarantines_both(ledger: Ledger, split: bool) -> None:
    rows = [entity(1, "甲名公司"), entity(2), entity(1, "乙名公司")]
    pages = [page(1, 3, rows[:2]), page(2, 3, rows[2:])] if split else [page(1, 3, rows)]
    state = take(ledger, pages)
    assert (state.read, state.accepted, state.quarantined) == (3, 1, 2)
    assert names(ledger) == [entity(2).ent_name]
    with ledger.read() as tx:
        rows_out = quarantined(tx, SOURCE, "object")
    assert {row.code for row in rows_out} == {"DB-LEDGER-024"}
    assert {row.raw["ent_name"] for row in rows_out} == {"甲名公司", "乙名公司"}


def test_a_third_row_under_a_disputed_code_is_quarantined_too(ledger: Ledger) -> None:
    rows = [entity(1, "甲"), entity(1, "乙"), entity(1, "丙"), entity(2)]
    for pages in ([page(1, 4, rows)], [page(n, 4, [row]) for n, row in enumerate(rows, 1)]):
        state = take(ledger, pages)
        assert (state.read, state.accepted, state.quarantined) == (4, 1, 3)
        assert names(ledger) == [entity(2).ent_name]


def test_a_total_that_lies_closes_nothing(ledger: Ledger) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        take(ledger, [page(1, 9, [entity(1)])])
    assert refusal.value.code == "DB-LEDGER-021"
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW)
        abandon_sync(tx, sync, "DB-LEDGER-021", NOW)
        abandon_sync(tx, sync, "DB-LEDGER-021", NOW)
        assert open_snapshot(tx, SOURCE, "object") is None
        assert latest_snapshot(tx, SOURCE, "object") is None
        assert begin_sync(tx, SOURCE, "object", NOW).next_page == 1


def test_a_page_that_changed_since_it_was_committed_is_refused(ledger: Ledger) -> None:
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW)
        commit_page(tx, sync, page(1, 2, [entity(1)], digest="a" * 64), NOW)
    with pytest.raises(DrawbridgeError) as refusal, ledger.write() as tx:
        commit_page(tx, sync, page(1, 2, [entity(2)], digest="b" * 64), NOW)
    assert refusal.value.code == "DB-LEDGER-020"


@pytest.mark.parametrize("ending", ["closed", "page left out"])
def test_a_pass_is_written_in_order_and_only_while_it_is_open(ledger: Ledger, ending: str) -> None:
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW)
        commit_page(tx, sync, page(1, 3, [entity(1)]), NOW)
        if ending == "closed":
            abandon_sync(tx, sync, "moved", NOW)
    with pytest.raises(DrawbridgeError) as refusal, ledger.write() as tx:
        commit_page(tx, sync, page(2 if ending == "closed" else 3, 3, [entity(2)]), NOW)
    assert refusal.value.code == "DB-LEDGER-022"


def test_two_runners_of_one_pass_do_not_disturb_each_other(ledger: Ledger) -> None:
    with ledger.write() as tx:
        one = begin_sync(tx, SOURCE, "object", NOW)
    with ledger.write() as tx:
        two = begin_sync(tx, SOURCE, "object", NOW)
    first, second = page(1, 2, [entity(1)]), page(2, 2, [entity(2)])
    for sync, taken in ((one, first), (two, first), (two, second), (one, second)):
        with ledger.write() as tx:
            commit_page(tx, sync, taken, NOW)
    assert one.marks == two.marks
    with ledger.write() as tx:
        assert complete_sync(tx, one, NOW).accepted == 2
    with ledger.write() as tx:
        assert complete_sync(tx, two, NOW).accepted == 2
