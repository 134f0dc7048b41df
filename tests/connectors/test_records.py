"""One value as somebody once typed it, and one row: a record or a reason, never an exception."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import cells, records
from connectors.cells import Findings
from connectors.profile import Profile, load_profile
from connectors.protocols import RefusedRow
from connectors.records import Accepted, Keyed, find_doubles, take_row
from schemas.codes import ObjectKind
from schemas.errors import DrawbridgeError, catalogue
from tests.connectors.rows import code


def code_of(read: object, *arguments: object) -> str:
    with pytest.raises(DrawbridgeError) as caught:
        read(*arguments)  # type: ignore[operator]
    return caught.value.code


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-05-28", date(2024, 5, 28)),
        ("2024/5/28", date(2024, 5, 28)),
        ("2024.05.28", date(2024, 5, 28)),
        ("2024年5月28日", date(2024, 5, 28)),
        ("２０２４－０５－２８", date(2024, 5, 28)),
        ("20240528", date(2024, 5, 28)),
        ("2024-05-28 09:30:00", date(2024, 5, 28)),
        (datetime(2024, 5, 28, 9, 30), date(2024, 5, 28)),  # noqa: DTZ001 - as a workbook holds it
        ("长期", date.max),
        ("", None),
        ("N/A", None),
        (None, None),
    ],
)
def test_dates_as_people_write_them(written: object, day: date | None) -> None:
    assert cells.day(written, "est_date", Findings()) == day


@pytest.mark.parametrize("written", ["2024-02-30", "去年", "2024", "28/5/2024", 45440, True, [1]])
def test_what_is_no_date_is_refused(written: object) -> None:
    assert code_of(cells.day, written, "est_date", Findings()) in ("DB-INPUT-024", "DB-INPUT-020")


@pytest.mark.parametrize(
    ("written", "month"),
    [("2024-05", "2024-05"), ("2024年5月", "2024-05"), ("202405", "2024-05"), (date(2024, 5, 1), "2024-05")],
)
def test_months(written: object, month: str) -> None:
    assert cells.month(written, "risk_month", Findings()) == month
    assert code_of(cells.month, "2024-13", "risk_month", Findings()) == "DB-INPUT-024"


def test_counts() -> None:
    assert [cells.count(v, "checks_this_year", Findings()) for v in ("２次", 2, 2.0, "0", None)] == [
        2,
        2,
        2,
        0,
        None,
    ]
    for wrong in ("-1", "1.5", 1.5, True, "九", 10**10):
        assert code_of(cells.count, wrong, "checks_this_year", Findings()) in ("DB-INPUT-025", "DB-INPUT-020")


def test_lists_are_parted_by_what_people_part_with() -> None:
    assert cells.several("甲、乙，丙;丁|戊、甲", "tags", Findings()) == ("甲", "乙", "丙", "丁", "戊")
    assert cells.several(["甲", "乙"], "tags", Findings()) == ("甲", "乙")


def test_ids_are_made_narrow_and_bounded() -> None:
    found = Findings()
    assert cells.identifier(" Ａ－１ ", "object_id", found) == "A-1"
    assert found.repairs == ["首尾空白", "全角字符"]
    assert code_of(cells.identifier, "甲" * 22, "object_id", Findings()) == "DB-INPUT-023"
    assert code_of(cells.identifier, "a\ue863", "object_id", Findings()) == "DB-INPUT-023"
    assert code_of(cells.identifier, "a\u200bb", "object_id", Findings()) == "DB-INPUT-022"


def test_descriptive_text_is_mended_and_counted() -> None:
    found = Findings()
    assert cells.plain("甲\x07乙\u200b丙", "scope", found) == "甲 乙 丙"
    assert found.repairs == ["控制字符"]


def test_codes_that_came_as_numbers() -> None:
    for number in (float("inf"), float("nan")):
        assert code_of(cells.plain, number, "scope", Findings()) == "DB-INPUT-020"
    for value, expected in (
        (911305340000000000, "DB-CODE-003"),
        (9.1469e17, "DB-CODE-003"),
        (float("nan"), "DB-CODE-003"),
        (float("inf"), "DB-CODE-003"),
        (130534000012345.0, "DB-CODE-002"),
        (1.5, "DB-CODE-003"),
        (True, "DB-CODE-001"),
        (["x"], "DB-INPUT-020"),
    ):
        assert code_of(cells.code, value, Findings()) == expected


_anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.dates(),
    st.lists(
        st.one_of(st.text(max_size=5), st.integers(), st.dictionaries(st.text(max_size=3), st.text())),
        max_size=3,
    ),
    st.sampled_from([code(1), code(2).lower(), "1", "2024-05-28", "长期", "甲厂"]),
)


VALID: dict[str, dict[str, object]] = {
    "entity": {"uscc": code(1), "ent_name": "甲厂"},
    "project": {"uscc": code(1), "ent_name": "甲厂", "object_id": "P-1", "project_name": "工程"},
    "inspector": {"inspector_id": "1", "name": "某人", "dept_code": "SW"},
    "item": {"item_code": "1", "item_name": "事项", "dept_code": "SW", "legal_basis": "第一条", "kind": "1"},
}


@pytest.mark.parametrize("kind", VALID)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_a_row_holds_it_is_a_record_or_a_reason_of_the_catalogue(
    kind: str, data: st.DataObject
) -> None:
    profile = load_profile("hebei")
    fields = data.draw(
        st.fixed_dictionaries({}, optional=dict.fromkeys(profile.platform.fields[kind], _anything))
    )
    if data.draw(st.booleans()):  # the other members are looked at only if these are right
        fields |= VALID[kind]

    def read(found: Findings) -> object:
        if kind == "inspector":
            return records.read_inspector(fields, profile, found)
        if kind == "item":
            return records.read_item(fields, profile, found)
        which = ObjectKind.PROJECT if kind == "project" else ObjectKind.ENTERPRISE
        return records.read_object(fields, profile, which, found)

    outcome = take_row(7, fields, read)
    assert outcome.row_no == 7
    if isinstance(outcome, RefusedRow):
        assert outcome.code in catalogue()
        assert outcome.reason.endswith("。")
    else:
        assert isinstance(outcome, Accepted)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["甲厂", "甲 厂", "乙厂"])), max_size=8))
def test_of_each_key_at_most_one_row_stays_and_none_is_lost(pairs: list[tuple[str, str]]) -> None:
    rows = [Keyed(number, key, name, {}) for number, (key, name) in enumerate(pairs, 1)]
    refused = find_doubles(rows)
    out = {row.row_no for row in refused}
    kept = [row for row in rows if row.row_no not in out]
    assert len(out) == len(refused)
    assert len(kept) + len(refused) == len(rows)
    assert len({row.key for row in kept}) == len(kept)
    for key in {row.key for row in rows}:
        names = {cells.name_key(row.name) for row in rows if row.key == key}
        assert sum(row.key == key for row in kept) == (1 if len(names) == 1 else 0)


def test_a_field_that_decides_nothing_is_unknown_with_a_note(hebei: Profile) -> None:
    fields = {
        "uscc": code(1),
        "ent_name": "甲厂",
        "risk_grade": "优秀",
        "reg_state": "睡眠",
        "est_date": "去年",
    }
    found = Findings()
    record = records.read_object(fields, hebei, ObjectKind.ENTERPRISE, found)
    assert (record.risk_grade.label, record.reg_state.label, record.est_date) == ("未评级", "未知", None)
    assert len(found.notes) == 3


def test_a_field_that_decides_is_refused_where_it_is_not_understood(hebei: Profile) -> None:
    base = {"inspector_id": "1", "name": "某人", "dept_code": "SW"}
    for change in ({"status": "未明"}, {"role": "临时"}):
        code_ = code_of(records.read_inspector, base | change, hebei, Findings())
        assert code_ == "DB-INPUT-026"
