"""The annex table of the pipeline against a count made here from the mock's own records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess

Row = dict[str, Any]


def counted_from(records: Row, departments: Iterable[str]) -> dict[str, dict[str, int]]:
    """The annex's columns by department code, and over all under `all`, from the mock's lists alone."""
    table = {code: _columns(records, {code}) for code in departments}
    return {**table, "all": _columns(records, set(departments))}


def _columns(records: Row, departments: set[str]) -> dict[str, int]:
    """One line: enterprises are counted once however many departments or items are concerned."""
    results = [row for row in records["results"] if row["deptCode"] in departments]
    problems = [row for row in results if row["resultCode"] in {"2", "3", "4", "5", "6", "8"}]
    forms = [form for form in records["forms"] if any(i["deptCode"] in departments for i in form["items"])]
    people = {
        inspector["inspectorId"]
        for form in records["forms"]
        for inspector in form["inspectors"]
        if inspector["deptCode"] in departments
    }
    return {
        "ent_drawn": len({form["uniscid"] for form in forms}),
        "inspectors_drawn": len(people),
        "problem_items": len(problems),
        "problem_ents": len({row["uniscid"] for row in problems}),
        "guided_ents": len({row["uniscid"] for row in results if row["guided"] or row["disposal"] == "1"}),
        "to_abnormal_list_ents": len({row["uniscid"] for row in results if _is_to_be_listed(row)}),
        "to_case_ents": len({row["uniscid"] for row in results if row["disposal"] == "3"}),
        "qa_ents": len({row["uniscid"] for row in results if row["qaAnswered"]}),
    }


def _is_to_be_listed(row: Row) -> bool:
    """False information, not to be found, or a lapsed order to publicise; market entities only."""
    ground = row["resultCode"] in {"3", "4"} or (row["resultCode"] == "2" and row["orderLapsed"])
    return ground and row["uniscid"].startswith("9")


def test_the_statistics_are_those_of_the_mocks_own_records(
    mocks: Callable[..., MockProcess], installation: Installation
) -> None:
    mock = mocks(PLAN, "--objects", 120)
    installation.environment.update(mock.settings(TASK))
    ran = installation.call("run", PLAN, "--no-prefect", "--json")
    assert ran.code == 0, ran.err
    rows = ran.document["statistics"]["rows"]
    expected = counted_from(mock.get("records"), ["SW", "SC"])
    shown = dict(zip(["SW", "SC", "all"], rows, strict=True))
    for line, columns in expected.items():
        assert {key: shown[line][key] for key in columns} == columns, line
    assert ran.document["statistics"]["cross_foot"] == []
