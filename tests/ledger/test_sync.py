"""A directory is taken over page by page: a killed pass goes on where it stood, no row is lost in silence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import sqlalchemy as sa

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
from ledger.retention import erase
from ledger.sync import abandon_sync, begin_sync, commit_page, complete_sync
from ledger.sync_pages import lines_of
from ledger.tables import dir_page, dir_row
from schemas.errors import DrawbridgeError
from tests.ledger.samples import NOW, SOURCE, DirectoryPage, entity, inspector, item, later, page, uscc


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
    assert (resumed.snapshot_no, resumed.marks) == (sync.snapshot_no, sync.marks)
    assert list(resumed.seen.undisputed()) == list(sync.seen.undisputed()) == sorted([uscc(1), uscc(2)])
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


@dataclass(frozen=True)
class Received(DirectoryPage):
    """A page that counts how often its rows are looked at."""

    looked_at: list[int] = field(default_factory=list)

    def __getattribute__(self, name: str) -> Any:
        if name == "rows":
            object.__getattribute__(self, "looked_at").append(1)
        return object.__getattribute__(self, name)

    @property
    def read(self) -> int:
        return len(object.__getattribute__(self, "rows")) + len(self.refused)


def received(one: DirectoryPage) -> Received:
    """The same page, of which it is known whether anybody looked."""
    return Received(one.page_no, one.total, one.rows, one.refused, digest=one.digest, normalised=1)


def take_by(ledger: Ledger, pages: Sequence[DirectoryPage], reader: str) -> tuple[SnapshotState, list[bool]]:
    """One whole pass by a reader; which pages it looked at."""
    counted = [received(one) for one in pages]
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW, reader)
    for one in counted:
        with ledger.write() as tx:
            commit_page(tx, sync, one, later(1))
    with ledger.write() as tx:
        return complete_sync(tx, sync, later(2)), [bool(one.looked_at) for one in counted]


def facts_of(state: SnapshotState) -> tuple[object, ...]:
    return (state.read, state.accepted, state.normalised, state.quarantined, state.digest, state.pages)


TWO = [page(1, 5, [entity(1), entity(2)], [3]), page(2, 5, [entity(4)], [2])]


def test_a_page_that_came_in_as_before_is_not_read_again(ledger: Ledger) -> None:
    first, looked = take_by(ledger, TWO, "R1")
    assert looked == [True, True]
    with ledger.read() as tx:
        refused = [
            (row.page_no, row.row_no, row.reason, row.raw) for row in quarantined(tx, SOURCE, "object")
        ]
    for number in (2, 3):
        again, looked = take_by(ledger, TWO, "R1")
        assert looked == [False, False]
        assert (again.snapshot_no, again.added, again.changed, again.gone) == (number, 0, 0, 0)
        assert facts_of(again) == facts_of(first)
        with ledger.read() as tx:
            found = quarantined(tx, SOURCE, "object")
            assert [(row.page_no, row.row_no, row.reason, row.raw) for row in found] == refused
            changed = sa.select(sa.func.count()).select_from(dir_row).where(dir_row.c.snapshot_no > 1)
            assert tx.scalar(changed) == 0, "nothing of it is written again"


@pytest.mark.parametrize("reader", ["R2", ""])
def test_another_reader_reads_every_page_anew(ledger: Ledger, reader: str) -> None:
    take_by(ledger, TWO, "R1")
    assert take_by(ledger, TWO, reader)[1] == [True, True]


def test_only_the_page_that_changed_is_read(ledger: Ledger) -> None:
    take_by(ledger, TWO, "R1")
    other = page(2, 5, [entity(4, "改名公司")], [2], digest="f" * 64)
    state, looked = take_by(ledger, [TWO[0], other], "R1")
    assert (looked, state.changed) == ([False, True], 1)
    assert "改名公司" in names(ledger)
    assert take_by(ledger, TWO, "R1")[1] == [False, True]


def test_a_row_that_an_abandoned_pass_changed_is_put_right(ledger: Ledger) -> None:
    take_by(ledger, TWO, "R1")
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW, "R1")
        commit_page(tx, sync, page(1, 5, [entity(1, "改名公司"), entity(2)], [3], digest="f" * 64), NOW)
        abandon_sync(tx, sync, "moved", NOW)
    state, looked = take_by(ledger, TWO, "R1")
    assert (looked, state.changed) == ([True, False], 1)
    assert "改名公司" not in names(ledger)


def test_pages_with_rows_in_dispute_are_read_again(ledger: Ledger) -> None:
    rows = [entity(1, "甲名公司"), entity(2), entity(1, "乙名公司"), entity(3)]
    pages = [page(1, 4, rows[:2]), page(2, 4, rows[2:])]
    first, _ = take_by(ledger, pages, "R1")
    again, looked = take_by(ledger, pages, "R1")
    assert looked == [True, True]
    assert facts_of(again) == facts_of(first)
    assert names(ledger) == sorted([entity(2).ent_name, entity(3).ent_name])


def test_a_row_that_moved_to_an_unchanged_page_of_before_is_noticed(ledger: Ledger) -> None:
    """Page 2 is the same, but page 1 holds one of its rows now: one of the two is a double."""
    take_by(ledger, TWO, "R1")
    moved = page(1, 5, [entity(1), entity(4)], [3], digest="f" * 64)
    state, looked = take_by(ledger, [moved, TWO[1]], "R1")
    assert looked == [True, True]
    assert (state.accepted, state.quarantined) == (2, 3)
    with ledger.read() as tx:
        assert "DB-LEDGER-023" in [row.code for row in quarantined(tx, SOURCE, "object")]


def test_what_was_erased_of_refused_rows_is_read_again(ledger: Ledger) -> None:
    take_by(ledger, TWO, "R1")
    with ledger.write() as tx:
        erase(tx, later(60), later(60))
    assert take_by(ledger, TWO, "R1")[1] == [True, True]
    with ledger.read() as tx:
        assert quarantined(tx, SOURCE, "object")[0].raw == {"企业名称": "看不懂", "行": 3}


def test_a_killed_pass_goes_on_beside_what_it_need_not_read(ledger: Ledger) -> None:
    first, _ = take_by(ledger, TWO, "R1")
    with ledger.write() as tx:
        commit_page(tx, begin_sync(tx, SOURCE, "object", NOW, "R1"), TWO[0], NOW)
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW, "R1")
        assert sync.next_page == 2
        commit_page(tx, sync, TWO[1], NOW)
        assert facts_of(replace(complete_sync(tx, sync, NOW), normalised=2)) == facts_of(first)


def test_contents_of_an_older_ledger_are_understood(ledger: Ledger) -> None:
    """Before it was said who had read a page, its pairs of key and digest stood there alone."""
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW, "R1")
        commit_page(tx, sync, TWO[0], NOW)
        content = tx.scalar(sa.select(dir_page.c.content))
        tx.execute(dir_page.update().values(content=json.dumps(list(lines_of(content)))))
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW, "R1")
        commit_page(tx, sync, TWO[1], NOW)
        complete_sync(tx, sync, NOW)
    assert take_by(ledger, TWO, "R1")[1] == [True, False]


def test_the_same_pages_and_then_no_more_leave_the_rest_gone(ledger: Ledger) -> None:
    """The first page is as it was; of the list there is no second one any more."""
    take_by(ledger, TWO, "R1")
    state, looked = take_by(ledger, [replace(TWO[0], total=3)], "R1")
    assert (looked, state.gone, state.accepted) == ([False], 1, 2)
    assert names(ledger) == sorted([entity(1).ent_name, entity(2).ent_name])
    fresh, _ = take_by(ledger, [replace(TWO[0], total=3)], "")
    assert fresh.digest == state.digest


def test_one_more_page_after_the_same_ones(ledger: Ledger) -> None:
    take_by(ledger, TWO, "R1")
    more = [replace(one, total=7) for one in TWO] + [page(3, 7, [entity(5), entity(1)])]
    state, looked = take_by(ledger, more, "R1")
    assert (looked, state.added, state.gone) == ([False, False, True], 1, 0)
    with ledger.read() as tx:
        assert [r.code for r in quarantined(tx, SOURCE, "object") if r.page_no == 3] == ["DB-LEDGER-023"]


def test_two_runners_that_both_find_everything_unchanged(ledger: Ledger) -> None:
    first, _ = take_by(ledger, TWO, "R1")
    runs = []
    for _ in range(2):
        with ledger.write() as tx:
            runs.append(begin_sync(tx, SOURCE, "object", NOW, "R1"))
    for one in TWO:
        for run in runs:
            with ledger.write() as tx:
                commit_page(tx, run, one, NOW)
    with ledger.write() as tx:
        state = complete_sync(tx, runs[1], NOW)
    assert (state.snapshot_no, state.digest, state.gone) == (2, first.digest, 0)
    with ledger.write() as tx:
        assert complete_sync(tx, runs[0], NOW).accepted == first.accepted


def test_no_room_for_the_keys_is_said_as_of_any_other_disk(ledger: Ledger) -> None:
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "object", NOW)
    sync.seen._db.execute("PRAGMA max_page_count = 2")
    with pytest.raises(DrawbridgeError) as refusal, ledger.write() as tx:
        commit_page(tx, sync, page(1, 400, [entity(number) for number in range(400)]), NOW)
    assert refusal.value.code == "DB-LEDGER-006"
    with ledger.read() as tx:
        assert objects(tx, SOURCE) == [], "the page is not half taken"
