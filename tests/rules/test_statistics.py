"""The annex table: counted once by hand, against a plain count, and by its cross-foot."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.statistics import COLUMNS, AnnexTable, annex_table, cross_foot
from schemas.codes import Disposal, ResultCode
from schemas.form import InspectionForm
from schemas.result import ItemResult
from tests.rules.visit_rows import ITEMS, MARKET, WATER, campaign, complete, form, result

FORMS = [form(number) for number in range(1, 9)]
LEAD_ONLY = form(9, items=("SW-01",))


def example() -> AnnexTable:
    """Nine enterprises in two groups, one of them seen by the lead alone, six findings at five of them."""
    found = {
        (0, "SW-01"): result(FORMS[0], "SW-01", ResultCode.ORDERED_TO_CORRECT, guided=True),
        (0, "SC-02"): result(FORMS[0], "SC-02", ResultCode.NOT_PUBLICISED),
        (1, "SC-01"): result(FORMS[1], "SC-01", ResultCode.NOT_REACHABLE, disposal=Disposal.ABNORMAL_LIST),
        (2, "SC-02"): result(
            FORMS[2], "SC-02", ResultCode.NOT_PUBLICISED, order_lapsed=True, disposal=Disposal.ABNORMAL_LIST
        ),
        (3, "SW-01"): result(FORMS[3], "SW-01", ResultCode.PENDING, disposal=Disposal.CASE),
        (4, "SW-01"): result(FORMS[4], "SW-01", ResultCode.PENDING, disposal=Disposal.POLICE),
    }
    rows = [
        found.get((place, item)) or result(one, item, questions_answered=place == 5 and item != "SW-01")
        for place, one in enumerate(FORMS)
        for item in ITEMS
    ]
    drawn = {"SC": ["SC2", "SC77"]}
    return annex_table(campaign(), [*FORMS, LEAD_ONLY], [*rows, *complete(LEAD_ONLY)], drawn)


def test_the_annex_of_a_small_campaign() -> None:
    table = example()
    columns = list(COLUMNS)
    assert [[row[key] for key in columns] for row in table.rows] == [
        [WATER, 9, 4, 3, 3, 1, 0, 1, 0],
        [MARKET, 8, 5, 3, 3, 0, 2, 0, 1],
        ["清河县合计（去重）", 9, 9, 6, 5, 1, 2, 1, 1],
    ]
    assert cross_foot(table) == []


def test_the_rows_have_the_keys_of_the_annex_and_no_others() -> None:
    keys = (
        "report_unit ent_drawn inspectors_drawn problem_items problem_ents guided_ents to_abnormal_list_ents"
        " to_case_ents qa_ents"
    )
    assert all(list(row) == keys.split() for row in example().rows)
    assert list(COLUMNS) == keys.split()


def test_experts_are_not_counted_and_a_newer_row_on_the_same_item_counts_once() -> None:
    one = FORMS[0]
    rows = [
        result(one, "SW-01", ResultCode.PENDING),
        result(one, "SW-01", ResultCode.PENDING, result_id="entered twice"),
    ]
    table = annex_table(campaign(), [one], rows)
    assert (table.county.problem_items, table.county.problem_ents, table.county.inspectors_drawn) == (1, 1, 4)


def test_nothing_recorded_is_a_table_of_noughts_that_adds_up() -> None:
    table = annex_table(campaign(adm_name=None), [], [])
    assert [set(row.values()) - {0} for row in table.rows] == [{WATER}, {MARKET}, {"合计（去重）"}]
    assert cross_foot(table) == []


# --- against a plain count ------------------------------------------------------------------


@st.composite
def records(draw: st.DrawFn) -> tuple[list[InspectionForm], list[ItemResult]]:
    """Forms of some enterprises and results of some of their items, with any finding the law allows."""
    forms = draw(st.lists(st.sampled_from([*FORMS, LEAD_ONLY]), unique_by=lambda one: one.uscc))
    rows = []
    for one in forms:
        for item in one.items:
            code = draw(st.sampled_from([None, *ResultCode]))
            if code is None:
                continue
            problem = code not in (ResultCode.NO_PROBLEM, ResultCode.NO_SUCH_ACTIVITY)
            rows.append(
                result(
                    one,
                    item.item_code,
                    code,
                    disposal=draw(st.sampled_from(list(Disposal))) if problem else Disposal.NONE,
                    guided=problem and draw(st.booleans()),
                    order_lapsed=draw(st.booleans()),
                    questions_answered=draw(st.booleans()),
                )
            )
    return forms, rows


@settings(deadline=None)
@given(records())
def test_what_was_recorded_always_adds_up(recorded: tuple[list[InspectionForm], list[ItemResult]]) -> None:
    assert cross_foot(annex_table(campaign(), *recorded)) == []


@settings(deadline=None)
@given(records(), st.sampled_from(["SW", "SC", None]))
def test_each_row_is_what_a_plain_count_gives(
    recorded: tuple[list[InspectionForm], list[ItemResult]], department: str | None
) -> None:
    forms, rows = recorded
    table = annex_table(campaign(), forms, rows)
    counted = {"SW": table.departments[0], "SC": table.departments[1], None: table.county}[department]
    mine = [row for row in rows if department in (None, row.item_code[:2])]
    listed = [row for row in mine if row.code in "34" or (row.code == "2" and row.order_lapsed)]
    assert list(asdict(counted).values())[1:] == [
        len({o.uscc for o in forms for item in o.items if department in (None, item.dept_code)}),
        len({p.inspector_id for o in forms for p in o.inspectors if department in (None, p.dept_code)}),
        len({(row.uscc, row.item_code) for row in mine if row.code in "234568"}),
        len({row.uscc for row in mine if row.code in "234568"}),
        len({row.uscc for row in mine if row.guided or row.disposal == "1"}),
        len({row.uscc for row in listed}),
        len({row.uscc for row in mine if row.disposal == "3"}),
        len({row.uscc for row in mine if row.questions_answered}),
    ]


# --- the cross-foot finds what does not add up -------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"problem_ents": 10, "problem_items": 10}, "发现问题企业 10 个，大于随机抽查企业 9 户"),
        ({"problem_items": 2}, "发现问题企业 3 个，大于发现问题事项 2 项"),
        ({"problem_ents": 0, "guided_ents": 0, "to_case_ents": 0}, "却没有发现问题企业"),
        ({"guided_ents": 4}, "行政指导 4 户，大于发现问题企业 3 个"),
        ({"to_abnormal_list_ents": 4}, "应列异常名录 4 户，大于发现问题企业 3 个"),
        ({"to_case_ents": 4}, "涉嫌违法应立案调查 4 户，大于发现问题企业 3 个"),
        ({"qa_ents": 10}, "现场解答疑难问题 10 户，大于随机抽查企业 9 户"),
        ({"to_case_ents": -1}, "涉嫌违法应立案调查 -1 户是负数"),
    ],
)
def test_a_row_that_does_not_add_up_is_named(change: dict[str, int], told: str) -> None:
    table = example()
    spoilt = replace(table, departments=(replace(table.departments[0], **change), table.departments[1]))
    found = [sentence for sentence in cross_foot(spoilt) if sentence.startswith(WATER)]
    assert len(found) == 1
    assert told in found[0]


@pytest.mark.parametrize("key", [key for key in COLUMNS if key != "report_unit"])
def test_the_county_has_at_most_the_departments_sum_and_at_least_the_largest(key: str) -> None:
    table = example()
    parts = [asdict(row)[key] for row in table.departments]
    for count in (sum(parts) + 1, max(parts) - 1):
        spoilt = replace(table, county=replace(table.county, **{key: count}))
        assert any(
            "按各部门应为" in sentence and COLUMNS[key].partition("(")[0] in sentence
            for sentence in cross_foot(spoilt)
        )


def test_findings_add_up_exactly() -> None:
    table = example()
    spoilt = replace(table, county=replace(table.county, problem_items=5))
    assert cross_foot(spoilt) == ["清河县合计（去重）：发现问题事项 5 项，按各部门应为 6"]


def test_guidance_without_a_finding_is_told() -> None:
    one = FORMS[0]
    table = annex_table(campaign(), [one], [result(one, "SC-01", guided=True)])
    assert cross_foot(table) == [
        f"{unit}：行政指导 1 户，大于发现问题企业 0 个" for unit in (MARKET, "清河县合计（去重）")
    ]
