"""F29 to F33: lists that move, lie, never end, change their columns, or hold rows that are wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.paging import PageGuard, same_list
from connectors.protocols import Page, SystemUnreachable
from documents.quarantine import write_quarantine
from ledger.directory import quarantined
from ledger.sync import begin_sync, commit_page, complete_sync
from schemas.codes import RegistrationState
from tests.faults.catalogue.conftest import OBJECTS, Desk

Desks = Callable[..., Desk]


@pytest.fixture
def desk(desks: Desks) -> Desk:
    """Twelve objects in three pages of four."""
    return desks(queued=False, page_size=4)


def read_all(desk: Desk, most: int = 100) -> tuple[PageGuard, list[Page[Any]]]:
    """One pass over the objects, each page judged."""
    guard, pages = PageGuard("PLATFORM", most), []
    while not guard.finished:
        pages.append(desk.connections.platform.objects(guard.next_page, guard.snapshot))
        guard.check(pages[-1])
    return guard, pages


def ids(pages: Sequence[Page[Any]]) -> list[str]:
    return [row.object_id for page in pages for row in page.rows]


def fails(desk: Desk, *numbers: str, most: int = 100) -> None:
    with pytest.raises(SystemUnreachable) as caught:
        read_all(desk, most)
    assert caught.value.code.rpartition("-")[2] in numbers
    desk.well()
    assert len(set(ids(read_all(desk)[1]))) == OBJECTS, "well again: the whole list, from its first page"


def test_f29_a_page_that_comes_again_is_noticed(desk: Desk) -> None:
    desk.fault("page_repeated", "listObjects", calls=[2])
    fails(desk, "021")


def test_f29_by_its_rows_where_the_system_lies_about_its_number(desk: Desk) -> None:
    desk.fault("page_never_ends", "listObjects", args={"pages": 1})
    fails(desk, "021")


def test_f30_a_row_that_moved_makes_the_list_unstable(desk: Desk) -> None:
    desk.fault("row_moved_between_pages", "listObjects")
    fails(desk, "022")


def test_f30_without_a_promise_two_equal_passes_are_wanted(desk: Desk) -> None:
    desk.fault("row_moved_between_pages", "listObjects", count=3, args={"balanced": True, "snapshot": False})
    first, pages = read_all(desk)
    assert len(ids(pages)) == OBJECTS, "every total is right"
    assert {row["objectId"] for row in desk.world.objects} - set(ids(pages)), "and yet there are rows missing"
    assert not first.stable
    second, third = read_all(desk)[0], read_all(desk)[0]
    with pytest.raises(SystemUnreachable, match="DB-PLATFORM-023"):
        same_list("PLATFORM", first, second)
    same_list("PLATFORM", second, third)


def test_f31_pages_without_end_come_to_one(desk: Desk) -> None:
    desk.fault("page_never_ends", "listObjects", args={"pages": 3})
    desk.fault("endless_total", "listObjects")
    fails(desk, "021")
    desk.fault("endless_total", "listObjects")
    fails(desk, "024", most=2)


@pytest.mark.parametrize("by", [-1, 1, 5, -12])
def test_f31_a_total_that_is_not_the_number_of_rows(desk: Desk, by: int) -> None:
    desk.fault("total_lies", "listObjects", args={"by": by})
    fails(desk, "022")


def test_f32_a_column_more_is_noticed_and_no_harm(desk: Desk) -> None:
    assert [page.notes for page in read_all(desk)[1]] == [()] * 3
    desk.fault("schema_drift", "listObjects", args={"kind": "new_column"})
    _, pages = read_all(desk)
    assert len(ids(pages)) == OBJECTS
    assert pages[0].notes == ("接口配置中没有的列 newColumn，未采用",)


@pytest.mark.parametrize("column", ["regState", "ownerUniscid", "isValid", "objectType"])
def test_f32_a_column_that_decides_and_was_renamed_freezes_the_list(desk: Desk, column: str) -> None:
    desk.fault("schema_drift", "listObjects", args={"kind": "renamed", "column": column})
    with pytest.raises(SystemUnreachable) as caught:
        read_all(desk)
    assert caught.value.code == "DB-PLATFORM-020"
    assert caught.value.facts["where"] == column


def test_f32_a_registration_state_that_nobody_knows_is_unknown_not_in_business(desk: Desk) -> None:
    desk.fault("schema_drift", "listObjects", args={"kind": "enum_unknown", "column": "regState"})
    _, pages = read_all(desk)
    assert {row.reg_state for page in pages for row in page.rows} == {RegistrationState.UNKNOWN}
    assert all(page.notes for page in pages)


@pytest.mark.parametrize(
    ("kind", "column", "code"),
    [("type_changed", "ownerName", "DB-INPUT-020"), ("enum_unknown", "objectType", "DB-INPUT-026")],
)
def test_f32_rows_of_another_kind_are_quarantined_every_one(
    desk: Desk, kind: str, column: str, code: str
) -> None:
    desk.fault("schema_drift", "listObjects", args={"kind": kind, "column": column})
    _, pages = read_all(desk)
    assert ids(pages) == []
    assert {row.code for page in pages for row in page.refused} == {code}


BAD: dict[str, tuple[dict[str, Any], Counter[str]]] = {
    "wrong_digit": ({"column": "ownerUniscid"}, Counter({"DB-CODE-006": 1})),
    "copy": ({}, Counter({"DB-LEDGER-023": 1})),
    "twice": ({"column": "ownerName"}, Counter({"DB-LEDGER-024": 2})),
    "wide_digits": ({"column": "ownerUniscid"}, Counter()),
    "closed": ({}, Counter()),
}


@pytest.mark.parametrize("kind", BAD)
def test_f33_a_bad_row_is_quarantined_with_its_reason_and_the_rest_kept(
    desks: Desks, kind: str, tmp_path: Path
) -> None:
    desk = desks(queued=False)
    args, expected = BAD[kind]
    desk.fault("bad_rows", "listObjects", args={"kind": kind, "row": 3, **args})
    _, pages = read_all(desk)
    with desk.ledger.write() as tx:
        sync = begin_sync(tx, "test", "object", desk.clock.now())
        for page in pages:
            commit_page(tx, sync, page, desk.clock.now())
        state = complete_sync(tx, sync, desk.clock.now())
    with desk.ledger.read() as tx:
        rows = quarantined(tx, "test", "object")
    assert Counter(row.code for row in rows) == expected
    assert state.accepted + state.quarantined == state.read == pages[0].total
    if kind == "wide_digits":
        assert pages[0].normalised == 1
    if kind == "closed":
        assert pages[0].rows[2].reg_state.value != pages[0].rows[1].reg_state.value
    if rows:
        path = tmp_path / "隔离行.xlsx"
        write_quarantine(path, [(row.row_no, row.code, row.reason, row.raw) for row in rows])
        sheet = openpyxl.load_workbook(path).active
        assert sheet.max_row >= 1 + len(rows)


def test_f33_an_inspector_who_is_there_twice(desk: Desk) -> None:
    desk.fault("bad_rows", "listInspectors", count=1, args={"kind": "twice", "row": 2, "column": "name"})
    page = desk.connections.platform.inspectors(1, None)
    with desk.ledger.write() as tx:
        sync = begin_sync(tx, "test", "inspector", desk.clock.now())
        commit_page(tx, sync, page, desk.clock.now())
    with desk.ledger.read() as tx:
        codes = Counter(row.code for row in quarantined(tx, "test", "inspector"))
    assert codes == {"DB-LEDGER-024": 2}, "neither of the two is taken"
