"""Every fact is recorded once: the same again is no news, another one is refused or stands beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from draw.canonical import digest
from ledger.approvals import approval_of, approvals, record_approval
from ledger.audit import events, verify_audit
from ledger.campaigns import (
    campaign_of,
    campaigns,
    record_input,
    record_stage,
    register_campaign,
    stages,
)
from ledger.confirmations import (
    Replacement,
    confirmations,
    conflicts,
    dispatches,
    record_confirmations,
    record_dispatch,
    record_replacements,
    replacements,
)
from ledger.directory import materials_of, record_materials
from ledger.draws import (
    correct_public_value,
    drawn_in_other_campaigns,
    record_certificate,
    record_closing,
    record_commitment,
    record_correction,
    record_public_value,
    record_reveal,
    round_in_force,
    rounds,
)
from ledger.engine import Ledger, Transaction
from ledger.forms import forms, record_forms
from ledger.platform_draws import platform_draw, record_platform_draw
from ledger.results import (
    record_results,
    refused_results,
    result_cursor_of,
    result_history,
    results,
)
from schemas.codes import ResultCode, Verdict
from schemas.errors import DrawbridgeError
from tests.ledger.samples import (
    NOW,
    OTHER_TASK,
    TASK,
    Refusal,
    answer,
    campaign,
    certificate,
    commitment,
    form,
    later,
    materials,
    result,
    uscc,
)

REPLACED = Replacement(1, "P1", "P9", "注销", "领导小组办公室", NOW)
FILES = {"eligible.tsv": b"a\tA\tb\n"}


def round_(tx: Transaction) -> Any:
    found = round_in_force(tx, TASK, "objects")
    assert found is not None
    return found


RECORDERS: dict[str, Callable[[Transaction], object]] = {
    "campaign": lambda tx: register_campaign(tx, campaign(), NOW),
    "input": lambda tx: record_input(tx, TASK, "entities", "d" * 64, NOW),
    "stage": lambda tx: record_stage(
        tx, TASK, "sync", done=False, facts={"n": 1}, waiting_for="报送", now=NOW
    ),
    "materials": lambda tx: record_materials(tx, TASK, [materials()], NOW),
    "commitment": lambda tx: record_commitment(tx, TASK, "objects", 1, FILES, commitment(), NOW),
    "reveal": lambda tx: record_reveal(tx, round_(tx), "水务局", "v1", NOW),
    "public value": lambda tx: record_public_value(tx, round_(tx), "FC3D", "123", "官网", NOW),
    "closing": lambda tx: record_closing(tx, round_(tx), b"closing", abandoned=False, now=NOW),
    "certificate": lambda tx: record_certificate(tx, round_(tx), certificate(), NOW),
    "correction": lambda tx: record_correction(tx, round_(tx), certificate(digest(certificate())), NOW),
    "platform draw": lambda tx: record_platform_draw(tx, TASK, b"{}", passed=True, report="相符", now=NOW),
    "dispatch": lambda tx: record_dispatch(tx, TASK, 0, NOW, NOW),
    "confirmations": lambda tx: record_confirmations(tx, TASK, [answer(1), answer(2)], "platform", NOW),
    "replacements": lambda tx: record_replacements(tx, TASK, 1, [REPLACED], NOW),
    "forms": lambda tx: record_forms(tx, TASK, [form(1), form(2)], NOW),
    "results": lambda tx: record_results(
        tx, TASK, [result(1), result(2)], [(1, Refusal(3, raw={"a": 1}))], NOW
    ),
    "approval": lambda tx: record_approval(
        tx,
        TASK,
        "publication",
        "R1",
        "approved",
        by_role="领导小组办公室",
        reason=None,
        at=NOW,
        source="cli",
        now=NOW,
    ),
}


def test_the_same_again_is_no_news(ledger: Ledger) -> None:
    """Each fact three times, each time in a transaction of its own: one event, one state."""
    for name, record in RECORDERS.items():
        with ledger.write() as tx:
            record(tx)
        with ledger.read() as tx:
            before = events(tx)
        for _ in range(2):
            with ledger.write() as tx:
                record(tx)
        with ledger.read() as tx:
            assert events(tx) == before, name
    assert len(before) == len(RECORDERS)
    assert verify_audit(ledger.engine).count == len(RECORDERS)


def test_a_campaign_is_found_by_number_and_by_name(ledger: Ledger) -> None:
    changed = campaign().model_copy(update={"name": "另一个名字"})
    with ledger.write() as tx:
        register_campaign(tx, campaign(), NOW)
        assert register_campaign(tx, changed, later(1)) == campaign()  # a plan is never exchanged
        register_campaign(tx, campaign(OTHER_TASK), later(1))
    with ledger.read() as tx:
        assert [one.task_id for one in campaigns(tx)] == [OTHER_TASK, TASK]
        found = [campaign_of(tx, name) for name in (TASK, "测试", "没有")]
    assert [one and one.task_id for one in found] == [TASK, OTHER_TASK, None]


def test_what_a_campaign_was_begun_with_stays(ledger: Ledger) -> None:
    with ledger.write() as tx:
        register_campaign(tx, campaign(), NOW)
        assert record_input(tx, TASK, "entities", "first", NOW) == "first"
        assert record_input(tx, TASK, "entities", "second", NOW) == "first"


def test_a_stage_opens_waits_and_closes(ledger: Ledger) -> None:
    with ledger.write() as tx:
        register_campaign(tx, campaign(), NOW)

        def record(minute: float, done: bool = False, **more: Any) -> None:
            given = {"facts": {"n": minute}, "waiting_for": None, **more}
            record_stage(tx, TASK, "sync", done=done, now=later(minute), **given)

        record(0)
        record(1, waiting_for="报送材料")
        record(2, waiting_for="报送材料")
        record(3, failed="DB-PLATFORM-003")
        record(4, done=True)
        record(5, done=True)
        state = stages(tx, TASK)["sync"]
        assert (state.state, state.opened_at, state.closed_at) == ("done", NOW, later(4))
        assert [event.facts["state"] for event in events(tx, kind="stage")] == [
            "open",
            "waiting",
            "failed",
            "done",
        ]


def test_materials_handed_in_anew_stand_beside_the_old(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert record_materials(tx, TASK, [materials(), materials("SC")], NOW) == 2
        assert record_materials(tx, TASK, [materials(paper="监测季报"), materials("SC")], NOW) == 1
        assert [m.materials for m in materials_of(tx, TASK)] == [("水土保持方案",), ("监测季报",)]


def test_a_round_is_committed_once_whoever_comes_second(ledger: Ledger) -> None:
    with ledger.write() as tx:
        record_commitment(tx, TASK, "objects", 1, FILES, commitment(), NOW)
    with ledger.write() as tx:
        second = record_commitment(tx, TASK, "objects", 1, {"x": b""}, commitment(note="b"), NOW)
    assert (second.commitment, second.files) == (commitment(), FILES)


def test_what_was_revealed_is_not_exchanged(ledger: Ledger) -> None:
    with ledger.write() as tx:
        held = record_commitment(tx, TASK, "objects", 1, FILES, commitment(), NOW)
        record_reveal(tx, held, "水务局", "v1", NOW)
    with pytest.raises(DrawbridgeError) as refusal, ledger.write() as tx:
        record_reveal(tx, held, "水务局", "v2", NOW)
    assert refusal.value.code == "DB-LEDGER-032"
    with ledger.write() as tx:
        record_closing(tx, held, b"closing", abandoned=False, now=NOW)
    with pytest.raises(DrawbridgeError) as refusal, ledger.write() as tx:
        record_reveal(tx, held, "市场监管局", "v3", NOW)
    assert refusal.value.code == "DB-LEDGER-034"
    with ledger.read() as tx:
        assert round_(tx).values == {"水务局": "v1"}


def test_a_public_number_copied_wrongly_is_corrected_and_stays_on_record(ledger: Ledger) -> None:
    with ledger.write() as tx:
        held = record_commitment(tx, TASK, "objects", 1, FILES, commitment(), NOW)
        record_public_value(tx, held, "FC3D", "123", "官网", NOW)
    with pytest.raises(DrawbridgeError) as refusal, ledger.write() as tx:
        record_public_value(tx, held, "FC3D", "321", "官网", NOW)
    assert refusal.value.code == "DB-LEDGER-032"
    with ledger.write() as tx:
        for _ in range(2):
            correct_public_value(tx, held, "FC3D", "321", "公告", NOW)
        found = round_(tx)
        assert (found.values["FC3D"], found.sources["FC3D"]) == ("321", "公告")
        assert len(events(tx, kind="public-number-corrected")) == 1


def test_a_round_is_drawn_once_and_corrected_in_a_chain(ledger: Ledger) -> None:
    with ledger.write() as tx:
        held = record_commitment(tx, TASK, "objects", 1, FILES, commitment(), NOW)
        assert record_certificate(tx, held, certificate(), NOW) == certificate()
        assert record_certificate(tx, held, certificate(note="b"), NOW) == certificate()
    with pytest.raises(DrawbridgeError) as refusal, ledger.write() as tx:
        record_correction(tx, held, certificate("0" * 64), NOW)
    assert refusal.value.code == "DB-LEDGER-033"
    correction = certificate(digest(certificate()))
    with ledger.write() as tx:
        assert record_correction(tx, held, correction, NOW) == correction
        assert round_(tx).certificates == (certificate(), correction)
        assert round_(tx).certificate == correction


def test_another_round_follows_from_the_end_of_the_one_before(ledger: Ledger) -> None:
    def commit(round_no: int, previous: str | None) -> Any:
        with ledger.write() as tx:
            return record_commitment(tx, TASK, "objects", round_no, FILES, commitment(previous), NOW)

    first = commit(1, None)
    for round_no, previous in ((2, None), (2, digest(commitment()))):  # the first is not over
        with pytest.raises(DrawbridgeError) as refusal:
            commit(round_no, previous)
        assert refusal.value.code == "DB-LEDGER-030"
    with ledger.write() as tx:
        record_closing(tx, first, b"abandoned", abandoned=True, now=NOW)
        assert round_(tx).is_over
    with pytest.raises(DrawbridgeError):
        commit(3, digest(b"abandoned"))
    assert commit(2, digest(b"abandoned")).round_no == 2
    with ledger.read() as tx:
        assert [one.round_no for one in rounds(tx, TASK, "objects")] == [1, 2]


def test_what_was_drawn_earlier_this_year_is_known_to_other_campaigns(ledger: Ledger) -> None:
    this, before, last_year = (
        campaign(),
        campaign(OTHER_TASK, date(2026, 4, 1)),
        campaign("130534202504012001", date(2025, 4, 1)),
    )
    with ledger.write() as tx:
        for one in (this, before, last_year):
            register_campaign(tx, one, NOW)
        record_forms(tx, TASK, [form(1)], NOW)
        record_forms(tx, OTHER_TASK, [form(2, OTHER_TASK)], NOW, "platform")
        record_forms(tx, last_year.task_id, [form(3, last_year.task_id)], NOW)
        assert drawn_in_other_campaigns(tx, this) == {uscc(2): 1, "P2": 1}
        assert drawn_in_other_campaigns(tx, before) == {uscc(1): 1, "P1": 1}


def test_answers_that_change_stand_beside_the_old_and_disagreements_are_shown(ledger: Ledger) -> None:
    objection = answer(1, Verdict.OBJECTION)
    with ledger.write() as tx:
        assert record_confirmations(tx, TASK, [answer(1), answer(2)], "platform", NOW) == 2
        assert record_confirmations(tx, TASK, [answer(1), answer(2)], "local", NOW) == 2
        assert conflicts(tx, TASK) == []
        assert record_confirmations(tx, TASK, [objection, answer(2)], "local", NOW) == 1
        assert conflicts(tx, TASK) == [(answer(1), objection)]
        (changed,) = [one for one in confirmations(tx, TASK, "local") if one.confirmation == objection]
        assert changed.seq_no == 1
        assert len(confirmations(tx, TASK)) == 4


def test_a_batch_of_replacements_is_whole_and_final(ledger: Ledger) -> None:
    with ledger.write() as tx:
        record_replacements(tx, TASK, 1, [REPLACED], NOW)
    with pytest.raises(DrawbridgeError) as refusal, ledger.write() as tx:
        record_replacements(tx, TASK, 1, [Replacement(1, "P1", "P8", "注销", "办", NOW)], NOW)
    assert refusal.value.code == "DB-LEDGER-031"
    with ledger.write() as tx:
        record_replacements(tx, TASK, 2, [Replacement(2, "P9", None, "迁出", "办", NOW)], NOW)
        assert [(one.replaced, one.by) for one in replacements(tx, TASK)] == [("P1", "P9"), ("P9", None)]


def test_a_dispatch_is_dated_by_the_first_record(ledger: Ledger) -> None:
    with ledger.write() as tx:
        record_dispatch(tx, TASK, 0, NOW, NOW)
        assert record_dispatch(tx, TASK, 0, later(5), later(5)) == NOW
        assert dispatches(tx, TASK) == {0: NOW}


def test_one_enterprise_has_one_form_per_version(ledger: Ledger) -> None:
    with ledger.write() as tx:
        record_forms(tx, TASK, [form(1), form(2)], NOW)
    with pytest.raises(DrawbridgeError) as refusal, ledger.write() as tx:
        record_forms(tx, TASK, [form(3), form(2, address="别处")], NOW)
    assert refusal.value.code == "DB-LEDGER-031"
    with ledger.read() as tx:
        assert len(forms(tx, TASK)) == 2  # whole or none
    changed = form(2, version=2, address="别处")
    with ledger.write() as tx:
        assert changed in record_forms(tx, TASK, [changed], NOW)


def test_results_keep_every_version_and_move_the_cursor(ledger: Ledger) -> None:
    first, second = result(1, 5), result(1, 9, 2, ResultCode.NOT_PUBLICISED)
    with ledger.write() as tx:
        assert result_cursor_of(tx, TASK) is None
        outcome = record_results(tx, TASK, [first, result(2, 3)], [], NOW)
        assert (outcome.added, outcome.changed, outcome.unchanged) == (2, 0, 0)
        assert result_cursor_of(tx, TASK) == later(5)
        outcome = record_results(tx, TASK, [second, result(2, 3)], [], NOW)
        assert (outcome.added, outcome.changed, outcome.unchanged) == (0, 1, 1)
        assert result_cursor_of(tx, TASK) == later(9)
        record_results(tx, TASK, [result(3, 1)], [], NOW)
        assert result_cursor_of(tx, TASK) == later(9)  # never back
        assert {one.result_id: one.version for one in results(tx, TASK)} == {"R001": 2, "R002": 1, "R003": 1}
        assert result_history(tx, TASK, "R001") == [first, second]


def test_refused_results_are_kept_with_place_and_reason(ledger: Ledger) -> None:
    refused = [
        (1, Refusal(4, "DB-CODE-001", "不对", {"结果": "x"})),
        (2, Refusal(1, "DB-CODE-002", "缺", {})),
    ]
    with ledger.write() as tx:
        assert record_results(tx, TASK, [], refused, NOW).refused == 2
        rows = refused_results(tx, TASK)
    assert [(row.page_no, row.row_no, row.code, row.raw) for row in rows] == [
        (1, 4, "DB-CODE-001", {"结果": "x"}),
        (2, 1, "DB-CODE-002", {}),
    ]


def test_the_newest_decision_on_a_version_is_in_force(ledger: Ledger) -> None:
    def decide(tx: Transaction, decision: Any, minute: float, version: int = 1) -> None:
        record_approval(
            tx,
            TASK,
            "publication",
            "R1",
            decision,
            by_role="领导小组办公室",
            reason="依据",
            at=later(minute),
            source="cli",
            now=later(minute),
            subject_version=version,
        )

    with ledger.write() as tx:
        decide(tx, "returned", 0)
        decide(tx, "approved", 1)
        decide(tx, "withheld", 2, version=2)
        found = approval_of(tx, TASK, "publication", "R1")
        assert found is not None
        assert (found.decision, found.seq_no, found.at) == ("approved", 1, later(1))
        assert [(one.subject_version, one.decision) for one in approvals(tx, TASK)] == [
            (1, "approved"),
            (2, "withheld"),
        ]
        assert approvals(tx, TASK, "other") == []


def test_a_platform_draw_that_changes_stands_beside_the_old(ledger: Ledger) -> None:
    with ledger.write() as tx:
        record_platform_draw(tx, TASK, b"1", passed=True, report="相符", now=NOW)
        second = record_platform_draw(tx, TASK, b"2", passed=False, report="不符", now=NOW)
        assert second.seq_no == 1
        assert platform_draw(tx, TASK) == second


def test_times_need_a_zone_and_come_back_in_utc(ledger: Ledger) -> None:
    with pytest.raises(sa.exc.StatementError, match="zone"), ledger.write() as tx:
        record_dispatch(tx, TASK, 0, NOW.replace(tzinfo=None), NOW)
    with ledger.write() as tx:
        record_dispatch(tx, TASK, 0, NOW.astimezone(ZoneInfo("Asia/Shanghai")), NOW)
        (found,) = dispatches(tx, TASK).values()
    assert (found, found.tzinfo) == (NOW, UTC)
