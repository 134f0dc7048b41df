"""What follows from findings: proposals, transfers, open cases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.disposals import (
    ListingGround,
    TransferState,
    abnormal_list_proposals,
    open_cases,
    referrals,
)
from schemas.codes import Disposal, DisposalState, ResultCode
from schemas.result import TransferDecision
from tests.rules.visit_rows import ITEMS, VISITED, complete, form, result

GROUNDS = {ResultCode.FALSE_INFORMATION: "3", ResultCode.NOT_REACHABLE: "4"}


@pytest.mark.parametrize("found", list(ResultCode))
def test_only_findings_with_a_legal_ground_are_proposed(found: ResultCode) -> None:
    # Whatever the department suggests: the ground is the law's.
    row = result(form(), "SC-02", found, disposal=Disposal.ABNORMAL_LIST)
    assert [one.ground.value for one in abnormal_list_proposals([row])] == (
        [GROUNDS[found]] if found in GROUNDS else []
    )


def test_information_not_publicised_is_proposed_once_the_order_has_lapsed() -> None:
    row = result(form(), "SC-02", ResultCode.NOT_PUBLICISED)
    assert abnormal_list_proposals([row]) == []
    (proposal,) = abnormal_list_proposals([row.model_copy(update={"order_lapsed": True})])
    assert proposal.ground is ListingGround.ORDER_LAPSED
    assert proposal.reason == "未在责令的期限内公示有关企业信息"


def test_a_proposal_is_due_ten_working_days_after_the_finding() -> None:
    # 23:30 UTC of 11 September is the 12th in Shanghai; 14 September is worked, 15-17 are not.
    found_at = datetime(2024, 9, 11, 23, 30, tzinfo=UTC)
    (proposal,) = abnormal_list_proposals(
        [result(form(), "SC-01", ResultCode.NOT_REACHABLE, completed_at=found_at)]
    )
    assert proposal.found_at == found_at
    assert proposal.deadline.on == date(2024, 9, 27)
    assert not proposal.deadline.provisional


def test_two_departments_at_one_door_make_one_proposal_from_the_earlier_finding() -> None:
    one = form()
    rows = [
        result(one, "SW-01", ResultCode.NOT_REACHABLE, completed_at=VISITED + timedelta(days=1)),
        result(one, "SC-01", ResultCode.NOT_REACHABLE),
        result(one, "SC-02", ResultCode.FALSE_INFORMATION),
    ]
    proposals = abnormal_list_proposals(rows)
    assert [(one.ground, one.departments) for one in proposals] == [
        (ListingGround.FALSE_INFORMATION, ("SC",)),
        (ListingGround.NOT_REACHABLE, ("SC", "SW")),
    ]
    assert proposals[1].found_at == VISITED


def test_proposals_come_by_their_deadline() -> None:
    late = result(form(1), "SC-01", ResultCode.NOT_REACHABLE, completed_at=VISITED + timedelta(days=9))
    early = result(form(2), "SC-01", ResultCode.NOT_REACHABLE)
    assert [one.uscc for one in abnormal_list_proposals([late, early])] == [early.uscc, late.uscc]


def test_a_proposal_that_the_registrar_settled_is_closed_and_an_obeyed_order_is_not() -> None:
    row = result(form(), "SC-01", ResultCode.NOT_REACHABLE, disposal=Disposal.ABNORMAL_LIST)
    assert not abnormal_list_proposals([row])[0].closed
    settled = row.model_copy(update={"disposal_state": DisposalState.CLOSED})
    assert abnormal_list_proposals([settled])[0].closed
    ordered = settled.model_copy(update={"disposal": Disposal.CORRECTION})
    assert not abnormal_list_proposals([ordered])[0].closed


def test_who_is_no_market_entity_is_not_proposed() -> None:
    school = form(uscc="12130534401234567H")
    assert abnormal_list_proposals([result(school, "SC-01", ResultCode.NOT_REACHABLE)]) == []


def test_cases_and_transfers_are_referred_with_the_leading_groups_decision() -> None:
    decision = TransferDecision(decided_on=date(2024, 6, 14), decision="同意移送", recipient="自然资源局")
    one = form()
    rows = [
        result(one, "SW-01", ResultCode.PENDING, disposal=Disposal.CASE),
        result(one, "SC-01", ResultCode.PENDING, disposal=Disposal.REFERRAL, transfer=decision),
        result(
            one,
            "SC-02",
            ResultCode.PENDING,
            disposal=Disposal.POLICE,
            transfer=decision.model_copy(update={"receipt": "回执1号"}),
        ),
        result(form(2), "SW-01", ResultCode.ORDERED_TO_CORRECT),
    ]
    assert [(one.item_code, one.disposal, one.state) for one in referrals(rows)] == [
        ("SW-01", Disposal.CASE, TransferState.UNDECIDED),
        ("SC-01", Disposal.REFERRAL, TransferState.UNRECEIPTED),
        ("SC-02", Disposal.POLICE, TransferState.RECEIVED),
    ]


@pytest.mark.parametrize(
    ("found", "disposal", "state", "awaits"),
    [
        ("1", Disposal.NONE, DisposalState.CLOSED, None),
        ("1", Disposal.NONE, DisposalState.OPEN, None),
        ("2", Disposal.CORRECTION, DisposalState.OPEN, "责令改正期满后复查"),
        ("2", Disposal.CORRECTION, DisposalState.CLOSED, None),
        ("8", Disposal.CASE, DisposalState.OPEN, "立案查处结论"),
        ("8", Disposal.CASE, DisposalState.CLOSED, None),
        ("8", Disposal.NONE, DisposalState.CLOSED, "提出处置意见"),
        ("5", Disposal.NONE, DisposalState.CLOSED, None),
        ("5", Disposal.NONE, DisposalState.OPEN, "提出处置意见"),
        ("7", Disposal.DAILY_SUPERVISION, DisposalState.OPEN, "日常监管部门反馈"),
    ],
)
def test_a_case_is_open_until_its_disposal_is_settled(
    found: str, disposal: Disposal, state: DisposalState, awaits: str | None
) -> None:
    row = result(form(), "SW-01", ResultCode(found), disposal=disposal, disposal_state=state)
    assert [case.awaits for case in open_cases([row])] == ([awaits] if awaits else [])


def test_every_disposal_has_something_that_settles_it() -> None:
    one = form()
    rows = [result(one, "SW-01", ResultCode.PENDING, disposal=disposal) for disposal in Disposal]
    assert all(case.awaits for case in open_cases(rows))
    assert len(open_cases(rows)) == len(Disposal)


def test_open_cases_come_oldest_first() -> None:
    old, new = form(1), form(2)
    rows = [
        *complete(new, completed_at=VISITED + timedelta(days=2)),
        result(new, "SW-01", ResultCode.PENDING, completed_at=VISITED + timedelta(days=2)),
        *(result(old, item, ResultCode.PENDING) for item in reversed(ITEMS)),
    ]
    found = [(case.uscc, case.item_code) for case in open_cases(rows)]
    assert found == [(old.uscc, "SC-01"), (old.uscc, "SC-02"), (old.uscc, "SW-01"), (new.uscc, "SW-01")]
