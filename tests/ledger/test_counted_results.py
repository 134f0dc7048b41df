"""What is taken out of the ledger without making a record of each row says the same as the records."""

from __future__ import annotations

import gc
import itertools
from contextlib import suppress
from pathlib import Path

import pytest

from ledger.directory import objects
from ledger.encrypted import KEY_BYTES, NO_KEYS, Keys
from ledger.engine import Ledger, open_ledger
from ledger.many_records import no_cycles
from ledger.registered import Registered, registered
from ledger.results import counted_results, record_results, results
from ledger.sync import begin_sync, commit_page, complete_sync
from rules.annex_count import CountedResult, Finding
from rules.statistics import annex_table
from schemas.codes import Disposal, RegistrationState, ResultCode
from schemas.directory import ProjectObject
from schemas.result import ItemResult
from tests.ledger.samples import SOURCE, TASK, campaign, later, page, result, uscc


def every_kind() -> list[ItemResult]:
    """A result of each code, disposal, lapsed order, guidance and answer; of enterprises and of offices."""
    flags = itertools.product((False, True), repeat=3)
    rows = []
    kinds = itertools.product(ResultCode, Disposal, flags)
    for number, (found, disposal, (lapsed, guided, answered)) in enumerate(kinds):
        one = result(number, found=found).model_copy(
            update={
                "disposal": disposal,
                "order_lapsed": lapsed,
                "guided": guided,
                "questions_answered": answered,
                "dept_code": ("SW", "SC")[number.bit_count() % 2],
                # A fifth of all stand under one enterprise, so that distinct ones are fewer than rows.
                "uscc": uscc(0) if number % 5 == 0 else uscc(number),
            }
        )
        rows.append(ItemResult.model_validate(one.model_dump()))
    offices = [
        row.model_copy(update={"uscc": f"12{row.uscc[2:]}", "result_id": f"{row.result_id}-O"})
        for row in rows
    ]
    return rows + offices


def check(ledger: Ledger) -> None:
    rows = every_kind()
    with ledger.write() as tx:
        record_results(tx, TASK, rows, [], later(1))
    with ledger.read() as tx:
        whole: list[Finding] = list(results(tx, TASK))
        found: list[Finding] = list(counted_results(tx, TASK))
    assert len(whole) == len(rows)
    table = annex_table(campaign(), [], whole)
    assert annex_table(campaign(), [], found).rows == table.rows
    assert all(row["problem_items"] and row["qa_ents"] for row in table.rows)
    kept = {one.item_code + one.uscc for one in found}
    assert kept <= {one.item_code + one.uscc for one in whole}


def test_the_annex_counts_the_same_with_records_and_without(ledger: Ledger) -> None:
    check(ledger)
    with ledger.read() as tx:
        found = counted_results(tx, TASK)
    assert len(found) < len(every_kind()), "everything was read"
    assert {type(one) for one in found} == {CountedResult}
    assert {type(one.code) for one in found} == {ResultCode}


def test_a_sealed_ledger_counts_the_same(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'sealed.db'}", Keys({"2026": b"k" * KEY_BYTES}))
    try:
        check(ledger)
    finally:
        ledger.close()


def test_two_versions_on_one_page_leave_the_second_in_force(ledger: Ledger) -> None:
    rows = [result(1), result(1, minute=5, version=2, found=ResultCode.NOT_REACHABLE), result(2)]
    with ledger.write() as tx:
        outcome = record_results(tx, TASK, rows, [], later(9))
    assert (outcome.added, outcome.changed) == (2, 1)
    with ledger.read() as tx:
        assert sorted(row.version for row in results(tx, TASK)) == [1, 2]
        (problem,) = counted_results(tx, TASK)
    assert (problem.uscc, problem.code) == (uscc(1), ResultCode.NOT_REACHABLE)


def project(number: int, owner: int, **changes: object) -> ProjectObject:
    members = {
        "object_id": f"审水保〔2026〕{number}号",
        "uscc": uscc(owner),
        "ent_name": f"清河县第{owner}商贸有限公司",
        "project_name": "厂房扩建",
    }
    return ProjectObject.model_validate(members | changes)


@pytest.mark.parametrize("passes", [1, 2])
def test_an_enterprise_is_as_the_row_of_its_last_object_says(ledger: Ledger, passes: int) -> None:
    rows = [
        project(1, 1, prip_id="a1", reg_state=RegistrationState.REVOKED),
        project(20, 1, prip_id=None, ent_name="清河县改名商贸有限公司"),
        project(3, 2, prip_id="b3"),
        project(9, 3),
    ]
    for number in range(passes):  # in the second pass the last object is gone
        with ledger.write() as tx:
            sync = begin_sync(tx, SOURCE, "object", later(number))
            left = rows if number == 0 else rows[:-1]
            commit_page(tx, sync, page(1, len(left), left, digest=f"{number + 1:064x}"), later(number))
            complete_sync(tx, sync, later(number))
    with ledger.read() as tx:
        found = registered(tx, SOURCE)
        listed = {
            row.uscc: Registered(row.ent_name, row.prip_id, row.reg_state) for row in objects(tx, SOURCE)
        }
    assert found == listed
    assert (uscc(3) in found) is (passes == 1)
    assert found[uscc(1)].ent_name == "清河县改名商贸有限公司" or found[uscc(1)].prip_id == "a1"


def test_a_sealed_directory_says_the_same(tmp_path: Path) -> None:
    said = []
    for name, keys in (("plain", NO_KEYS), ("sealed", Keys({"2026": b"k" * KEY_BYTES}))):
        ledger = open_ledger(f"sqlite:///{tmp_path / name}.db", keys)
        with ledger.write() as tx:
            sync = begin_sync(tx, SOURCE, "object", later(0))
            commit_page(tx, sync, page(1, 2, [project(1, 1, prip_id="a1"), project(2, 2)]), later(0))
            complete_sync(tx, sync, later(0))
        with ledger.read() as tx:
            said.append(registered(tx, SOURCE))
        ledger.close()
    assert said[0] == said[1]
    assert [one.prip_id for one in said[0].values()] == ["a1", None]


def test_the_collector_is_on_again_whatever_happens() -> None:
    with suppress(LookupError), no_cycles():
        with no_cycles():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise LookupError
    assert gc.isenabled()
    gc.disable()
    try:
        with no_cycles():
            pass
        assert not gc.isenabled(), "who turned it off has it off"
    finally:
        gc.enable()
