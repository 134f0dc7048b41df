"""What is open in a campaign: how much, whose turn it is, since when, and what to press."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flows.board.counts import Known, open_departments
from flows.decisions.open_decisions import Todo
from flows.exchange.publishing import STATES
from flows.telling.pressing import Press, press_for, press_to_decide
from flows.telling.stage_names import TITLES
from rules.disposals import TransferState, abnormal_list_proposals, referrals
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class Matter:
    """One thing that is open. `turn`: whom it waits for; `since` is UTC; `code` leads to the runbook.

    `urgent`: somebody has to act here; else the next run goes on by itself, or other bodies decide.
    """

    what: str
    turn: str
    press: Press | None = None
    since: datetime | None = None
    code: str | None = None
    urgent: bool = True


_OFFICE, _CLERK, _NOBODY = "领导小组办公室", "经办人", "下次运行自动继续"


def matters_of(
    known: Known, decisions: Sequence[Todo], since: Mapping[str, datetime], today: date
) -> list[Matter]:
    """Everything open, what stops the campaign first."""
    return [
        *_stopped(known, since),
        *_decisions(known, decisions, since),
        *_waiting(known, decisions, since),
        *_publication(known, since),
        *_visits(known, today),
        *_findings(known),
    ]


def uncounted(campaign: Campaign, error: DrawbridgeError) -> Matter:
    """That the legal dates could not be computed."""
    return Matter("期限算不出来", "管理员", press_for(campaign, "deadlines"), code=error.code)


def _stopped(known: Known, since: Mapping[str, datetime]) -> Iterator[Matter]:
    for key, row in known.rows.items():
        if row.failed is not None and key in TITLES:
            press = press_for(known.campaign, key)
            yield Matter(f"{TITLES[key]}停止", _CLERK, press, since.get(key), row.failed)


def _decisions(known: Known, decisions: Sequence[Todo], since: Mapping[str, datetime]) -> Iterator[Matter]:
    """The decisions that people make in a form; those of one kind and turn together."""
    parked = [one for one in decisions if one.kind == "resolve"]
    if parked:
        press = press_to_decide(known.campaign, "resolve", "", "核定结果不明")
        yield Matter(f"核定结果不明 {len(parked)} 户", "两名审批人", press, code="DB-ALERT-012")
    for one in decisions:
        if one.kind == "confirm":
            yield from _confirmations(known, one, since)
        elif one.kind != "resolve":
            yield Matter(
                one.title,
                "第二名审批人" if one.kind in ("act", "round") else "审批人",
                press_to_decide(known.campaign, one.kind, one.key, one.title),
                since.get("collect") if one.kind == "publication" else None,
            )


def _confirmations(known: Known, todo: Todo, since: Mapping[str, datetime]) -> Iterator[Matter]:
    missing = open_departments(known)
    for department in known.campaign.departments:
        if missing.get(department.code):
            press = press_to_decide(known.campaign, "confirm", department.code, todo.title)
            what = f"确认 {missing[department.code]} 个对象"
            yield Matter(what, department.name, press, since.get("confirm"))


# What collecting waits for is either a decision, which is listed as one, or the inspectors.
_LISTED_AS_DECISIONS = {"collect": "publication", "confirm": "confirm", "publish": "publication"}
# Stages whose wait is that of the records, which are listed by state.
_LISTED_BY_STATE = frozenset({"publish", "reconcile"})


def _waiting(known: Known, decisions: Sequence[Todo], since: Mapping[str, datetime]) -> Iterator[Matter]:
    kinds = {one.kind for one in decisions}
    first = next((key for key in TITLES if key not in known.rows or known.rows[key].state != "done"), None)
    for key, title in TITLES.items():
        row = known.rows.get(key)
        if row is not None and row.state == "done":
            continue
        if row is None or row.waiting_for is None:
            if row is None and key == first:
                yield Matter(f"{title}尚未开始", _NOBODY, press_for(known.campaign, key), urgent=False)
            return
        inspectors = key == "collect" and len(known.visits.complete) < len(known.visits.forms)
        if inspectors:
            open_ = len(known.visits.forms) - len(known.visits.complete)
            yield Matter(
                f"检查和录入 {open_} 户", "执法检查人员", press_for(known.campaign, key), since.get(key)
            )
        elif key == "collect" and "publication" not in kinds and not known.in_state("returned"):
            # Decided since it was tried last: the next run finds that out.
            yield Matter(title, _NOBODY, press_for(known.campaign, key), urgent=False)
        elif key not in _LISTED_BY_STATE and _LISTED_AS_DECISIONS.get(key) not in kinds:
            press = press_for(known.campaign, key, row.waiting_for)
            yield Matter(title, row.waiting_for, press, since.get(key))
        if key != "collect":  # publication goes on while results are awaited
            return


# State of a publication -> whose turn it is, and whether a person must act.
_TURNS = {
    "returned": ("执法检查人员改正后重新审核", True),
    "unlisted": ("管理员补名录后重新同步", True),
    "rejected": (_CLERK, True),
    "ready": (_NOBODY, False),
    "sending": (_NOBODY, False),
    "pending": ("公示系统", False),
    "withdrawing": ("公示系统", False),
}


def _publication(known: Known, since: Mapping[str, datetime]) -> Iterator[Matter]:
    counts = Counter(one.state for one in known.standing)
    for state, (turn, urgent) in _TURNS.items():
        if counts[state]:
            stage = "sync" if state == "unlisted" else "publish"
            press = press_for(known.campaign, stage)
            what = f"{STATES[state]} {counts[state]} 户"
            yield Matter(what, turn, press, since.get("publish"), urgent=urgent)


def _visits(known: Known, today: date) -> Iterator[Matter]:
    late = known.visits.not_visited(today, known.campaign)
    if late:
        what = f"时限已过而未检查完 {len(late)} 户"
        yield Matter(what, "执法检查人员", press_for(known.campaign, "collect"))
    undecided = [one for one in referrals(known.visits.results) if one.state is TransferState.UNDECIDED]
    if undecided:
        yield Matter(f"线索移送待研究 {len(undecided)} 条", _OFFICE, urgent=False)
    proposals = [one for one in abnormal_list_proposals(known.visits.results) if not one.closed]
    if proposals:
        yield Matter(f"建议列入经营异常名录 {len(proposals)} 户", "登记机关", urgent=False)


def _findings(known: Known) -> Iterator[Matter]:
    run = known.reconciled
    if run is not None and known.rows.get("reconcile") is not None:
        serious = {kind for kind in ("doubled", "differs", "unexpected") if run.counts.get(kind)}
        found = sum(run.counts.get(kind, 0) for kind in serious)
        if found:
            press = press_for(known.campaign, "reconcile")
            yield Matter(f"公示核对不符 {found} 处", _CLERK, press, run.at)
    statistics = known.facts("report").get("statistics")
    crossed = statistics.get("cross_foot") if isinstance(statistics, Mapping) else None
    if crossed:
        yield Matter(f"统计表勾稽不符 {len(crossed)} 处", _CLERK, press_for(known.campaign, "report"))
