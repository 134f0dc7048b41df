"""What follows from a finding: proposals for the abnormal-operations list, transfers, what is still open.

Nothing is listed, filed or transferred here: the registrar and the leading groups decide (notice 五(四)).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rules.deadlines import Deadline, abnormal_list_deadline
from rules.visits import has_listing_ground
from schemas.codes import Coded, Disposal, DisposalState, ResultCode
from schemas.result import ItemResult, TransferDecision
from schemas.uscc import is_market_entity


class ListingGround(Coded):
    """企业经营异常名录管理暂行办法 §4; its first ground, a missed annual report, needs no inspection."""

    ORDER_LAPSED = "2", "未在责令的期限内公示有关企业信息"
    FALSE_INFORMATION = "3", "公示企业信息隐瞒真实情况、弄虚作假"
    NOT_REACHABLE = "4", "通过登记的住所或者经营场所无法联系"


_GROUNDS: dict[ResultCode, ListingGround] = {
    ResultCode.NOT_PUBLICISED: ListingGround.ORDER_LAPSED,
    ResultCode.FALSE_INFORMATION: ListingGround.FALSE_INFORMATION,
    ResultCode.NOT_REACHABLE: ListingGround.NOT_REACHABLE,
}


@dataclass(frozen=True)
class ListingProposal:
    """That the registrar decide on listing an enterprise, on one ground.

    `found_at` (UTC) is when that was established first, `departments` who did, `closed` whether the
    platform says that the matter is settled: then nobody waits for `deadline` any more.
    """

    uscc: str
    ground: ListingGround
    found_at: datetime
    deadline: Deadline
    departments: tuple[str, ...]
    closed: bool

    @property
    def reason(self) -> str:
        """The ground in words."""
        return self.ground.label


class TransferState(Coded):
    """Where a problem lead is on its way (notice 五(四)2-3)."""

    UNDECIDED = "1", "待领导小组研究"
    UNRECEIPTED = "2", "待接收回执"
    RECEIVED = "3", "已接收"


@dataclass(frozen=True)
class Referral:
    """A finding that goes to somebody else: a case-handling body, another department, the police."""

    uscc: str
    item_code: str
    item_name: str
    dept_code: str
    disposal: Disposal
    state: TransferState
    transfer: TransferDecision | None


@dataclass(frozen=True)
class OpenCase:
    """A finding that is not settled. `since` (UTC): completion; `awaits`: what settles it, in Chinese."""

    uscc: str
    item_code: str
    item_name: str
    dept_code: str
    code: ResultCode
    disposal: Disposal
    since: datetime
    awaits: str


REFERRED = frozenset({Disposal.CASE, Disposal.REFERRAL, Disposal.POLICE})

_AWAITED: dict[Disposal, str] = {
    Disposal.NONE: "提出处置意见",
    Disposal.GUIDANCE: "改正情况回访",
    Disposal.CORRECTION: "责令改正期满后复查",
    Disposal.CASE: "立案查处结论",
    Disposal.REFERRAL: "受移送部门反馈",
    Disposal.POLICE: "公安司法机关反馈",
    Disposal.ABNORMAL_LIST: "登记机关作出决定",
    Disposal.DAILY_SUPERVISION: "日常监管部门反馈",
}


def abnormal_list_proposals(results: Iterable[ItemResult]) -> list[ListingProposal]:
    """One proposal per enterprise and ground, earliest deadline first: proposed, never listed.

    A department's own suggestion without a legal ground is none (`visits.findings` tells of it), and
    only market entities are listed.  The ten working days run from the completion at which the
    ground was established; the record does not say when an order lapsed, so that they count from
    there too, which is never too late.  Raises DrawbridgeError DB-DEADLINE-001, -002.
    """
    grouped: dict[tuple[str, ListingGround], list[ItemResult]] = {}
    for row in results:
        if has_listing_ground(row) and is_market_entity(row.uscc):
            grouped.setdefault((row.uscc, _GROUNDS[row.code]), []).append(row)
    proposals = [_proposal(uscc, ground, rows) for (uscc, ground), rows in grouped.items()]
    return sorted(proposals, key=lambda one: (one.deadline.on, one.uscc, one.ground))


def referrals(results: Iterable[ItemResult]) -> list[Referral]:
    """The findings for a case-handling body, another department or the police, in the given order."""
    return [
        Referral(
            row.uscc,
            row.item_code,
            row.item_name,
            row.dept_code,
            row.disposal,
            transfer_state(row.transfer),
            row.transfer,
        )
        for row in results
        if row.disposal in REFERRED
    ]


def transfer_state(transfer: TransferDecision | None) -> TransferState:
    """Where a transfer is: decided on by the leading group, received by whom it goes to."""
    if transfer is None:
        return TransferState.UNDECIDED
    return TransferState.RECEIVED if transfer.receipt else TransferState.UNRECEIPTED


def open_cases(results: Iterable[ItemResult]) -> list[OpenCase]:
    """The findings that must still be closed, oldest first.

    Everything whose disposal is not settled (an order whose time runs, a case, a transfer), and
    every 发现问题待后续处理 of which nobody has said what follows.
    """
    found = [
        OpenCase(
            row.uscc,
            row.item_code,
            row.item_name,
            row.dept_code,
            row.code,
            row.disposal,
            row.completed_at,
            _AWAITED[row.disposal],
        )
        for row in results
        if _is_open(row)
    ]
    return sorted(found, key=lambda case: (case.since, case.uscc, case.item_code))


def _is_open(row: ItemResult) -> bool:
    if row.disposal is Disposal.NONE:
        return row.is_problem and (row.code is ResultCode.PENDING or row.disposal_state is DisposalState.OPEN)
    return row.disposal_state is DisposalState.OPEN


def _proposal(uscc: str, ground: ListingGround, rows: list[ItemResult]) -> ListingProposal:
    found_at = min(row.completed_at for row in rows)
    return ListingProposal(
        uscc=uscc,
        ground=ground,
        found_at=found_at,
        deadline=abnormal_list_deadline(found_at),
        departments=tuple(sorted({row.dept_code for row in rows})),
        # Settled only where the listing itself was the disposal, not some order that was obeyed.
        closed=any(
            row.disposal is Disposal.ABNORMAL_LIST and row.disposal_state is DisposalState.CLOSED
            for row in rows
        ),
    )
