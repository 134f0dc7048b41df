"""The rows of a page are read when somebody looks at them, once; a reader is known by what makes it up."""

from __future__ import annotations

from typing import Any

from connectors.paging import PageGuard
from connectors.profile import Profile, load_profile
from connectors.protocols import Page, RefusedRow
from connectors.received_page import ReceivedPage, reader_of


def test_rows_are_read_once_and_not_before_somebody_looks() -> None:
    readings: list[int] = []

    def read() -> Page[str]:
        readings.append(1)
        return Page(
            1, 3, "S1", ["a", "b"], [RefusedRow(3, "DB-INPUT-011", "没有名称", {})], 1, "0" * 64, ("注",)
        )

    page = ReceivedPage(1, 3, "S1", "0" * 64, 3, read)
    PageGuard("PLATFORM", 10).check(page)
    assert (page.read, page.digest, page.total, page.page_no) == (3, "0" * 64, 3, 1)
    assert readings == [], "to judge a page nobody needs its rows"
    assert (page.rows, page.refused[0].row_no, page.normalised, page.notes) == (["a", "b"], 3, 1, ("注",))
    assert readings == [1]


def changed(profile: Profile, **codes: str) -> Profile:
    document: dict[str, Any] = profile.model_dump()
    document["codes"]["reg_state"] |= codes
    return Profile.model_validate(document)


def test_another_code_table_is_another_reader() -> None:
    profile = load_profile("hebei")
    assert reader_of(profile) == reader_of(load_profile("hebei"))
    assert reader_of(changed(profile, 新写法="1")) != reader_of(profile)
