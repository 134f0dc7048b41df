"""What a number of the annex counts: the records behind it, over departments, townships and a year."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from rules.annex_count import COLUMNS, Inspected, counted
from rules.disposals import abnormal_list_proposals
from rules.statistics import AnnexTable, annex_by_township, annex_of, annex_table, cross_foot
from rules.townships import NO_TOWNSHIP, OUTSIDE, township_of
from schemas.codes import Disposal, ResultCode
from schemas.form import InspectionForm
from schemas.result import ItemResult
from tests.rules.visit_rows import MARKET, WATER, campaign, complete, form, result

COUNTS = [key for key in COLUMNS if key != "report_unit"]
FORMS = [form(number) for number in range(1, 9)]
SPRING, AUTUMN = campaign(), campaign(task_id="130534202409021001")


def some_results(forms: list[InspectionForm]) -> list[ItemResult]:
    found = [row for one in forms for row in complete(one) if row.uscc != forms[0].uscc]
    return [
        *found,
        result(forms[0], "SW-01", ResultCode.PENDING, disposal=Disposal.CASE, guided=True),
        result(forms[0], "SC-01", ResultCode.NOT_REACHABLE, disposal=Disposal.ABNORMAL_LIST),
        result(forms[0], "SC-02", ResultCode.NOT_PUBLICISED, questions_answered=True),
    ]


def number(table: AnnexTable, unit: int, column: str) -> int:
    return int(asdict((*table.departments, table.county)[unit])[column])


@pytest.mark.parametrize("column", COUNTS)
def test_every_number_is_the_size_of_what_it_counts(column: str) -> None:
    table = annex_table(SPRING, FORMS, some_results(FORMS), {"SC": ["SC77"]})
    for place, selection in enumerate(table.selections):
        found = counted(selection, column)
        assert len(found) == number(table, place, column)
        assert all(records for records in found.values())


def test_the_records_behind_a_number_are_those_that_say_so() -> None:
    table = annex_table(SPRING, FORMS, some_results(FORMS), {"SC": ["SC77"]})
    county = table.selections[-1]
    assert {row.item_code for row in counted(county, "problem_ents")[(FORMS[0].uscc,)]} == {
        "SW-01",
        "SC-01",
        "SC-02",
    }
    assert list(counted(county, "to_case_ents")) == [(FORMS[0].uscc,)]
    (drawn_only,) = counted(county, "inspectors_drawn")[("SC77",)]
    assert (drawn_only.dept_code, drawn_only.form) == ("SC", None)


def test_the_listings_are_those_that_are_proposed() -> None:
    rows = some_results(FORMS)
    table = annex_table(SPRING, FORMS, rows)
    assert {key for (key,) in counted(table.selections[-1], "to_abnormal_list_ents")} == {
        one.uscc for one in abnormal_list_proposals(rows)
    }


def autumn(forms: list[InspectionForm]) -> Inspected:
    rows = [row.model_copy(update={"task_id": AUTUMN.task_id}) for row in some_results(forms)]
    moved = [one.model_copy(update={"task_id": AUTUMN.task_id}) for one in forms]
    return Inspected(AUTUMN, moved, rows)


def test_a_year_counts_what_two_tasks_share_once() -> None:
    spring = Inspected(SPRING, FORMS[:6], some_results(FORMS[:6]))
    table = annex_of([spring, autumn([FORMS[0], FORMS[6], FORMS[7]])])
    assert [row.ent_drawn for row in table.departments] == [8, 8]
    assert table.county.ent_drawn == 8
    assert (table.county.problem_ents, table.county.problem_items) == (1, 3)
    assert cross_foot(table) == []
    # Both visits are behind the one enterprise.
    behind = counted(table.selections[-1], "ent_drawn")[(FORMS[0].uscc,)]
    assert {one.task_id for one in behind} == {SPRING.task_id, AUTUMN.task_id}


def test_a_department_with_another_code_in_another_task_is_one_row() -> None:
    lead, market = AUTUMN.departments
    renamed = AUTUMN.model_copy(
        update={"departments": (lead, market.model_copy(update={"code": "SJ", "items": ("SJ-01",)}))}
    )
    table = annex_of([Inspected(SPRING, FORMS, []), Inspected(renamed, [], [])])
    assert table.units == [WATER, MARKET, "清河县合计（去重）"]


def in_places(*places: str | None) -> list[InspectionForm]:
    return [one.model_copy(update={"address": place}) for one, place in zip(FORMS, places, strict=False)]


def test_townships_hold_each_enterprise_once_and_add_up() -> None:
    forms = in_places(
        "清河县王官庄镇大寨", "河北省邢台市清河县王官庄镇", "清河县连庄镇", "清河县长江街南侧", None
    )
    table = annex_by_township([Inspected(SPRING, forms, some_results(forms), {"SC": ["SC77"]})])
    assert [(row.report_unit, row.ent_drawn) for row in table.departments] == [
        ("王官庄镇", 2),
        ("连庄镇", 1),
        (NO_TOWNSHIP, 2),
    ]
    assert table.county.ent_drawn == 5
    # Who was drawn and visited nobody is in no township, but in the county.
    assert table.county.inspectors_drawn == max(row.inspectors_drawn for row in table.departments) + 1
    assert cross_foot(table) == []


def test_an_enterprise_that_is_missing_from_its_township_is_told() -> None:
    forms = in_places("清河县连庄镇", "清河县油坊镇", "清河县连庄镇")
    table = annex_by_township([Inspected(SPRING, forms, [])])
    smaller = tuple(replace(row, ent_drawn=1) for row in table.departments)
    spoilt = replace(table, departments=smaller)
    assert any("随机抽查企业 3 户，按各乡镇应为 2" in sentence for sentence in cross_foot(spoilt))


@pytest.mark.parametrize(
    ("address", "township"),
    [
        ("清河县王官庄镇大寨村北", "王官庄镇"),
        ("连庄镇东垒桥村", "连庄镇"),
        ("河北省邢台市清河县油坊镇新街村路北", "油坊镇"),
        ("清河县 桥东办事处 东高庄", "桥东办事处"),
        ("清河县葭园街道办事处霁瑭路3号", "葭园街道"),
        ("清河县城关乡城东村", "城关乡"),
        ("清河县三羊西街城关乡政府西侧", NO_TOWNSHIP),
        ("清河县308国道北、贾楼庄村东", NO_TOWNSHIP),
        ("清河县经济开发区闽江大街8号", NO_TOWNSHIP),
        ("燕山路４号", NO_TOWNSHIP),
        ("", NO_TOWNSHIP),
        (None, NO_TOWNSHIP),
        ("浙江省义乌市北苑街道春华路588号", OUTSIDE),
        ("河北省邢台市南宫市段芦头镇唐家庄村", OUTSIDE),
    ],
)
def test_the_township_is_what_the_address_says(address: str | None, township: str) -> None:
    assert township_of(address, "清河县") == township
