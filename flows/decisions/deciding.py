"""What people decide here rather than on the platform: publication, and a department's answers.

The command line and the forms of the UI both end here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from delivery.queue import Due
from draw.certificate import parse_certificate, standing_objects
from flows.exchange.delivering import queue
from flows.exchange.publishing import APPROVAL, Standing, standing_of
from flows.site import Books, find_plan, read_plan
from ledger.approvals import Decision, record_approval
from ledger.campaigns import campaign_of
from ledger.confirmations import confirmations, record_confirmations
from ledger.draws import round_in_force
from schemas.campaign import Campaign, Department
from schemas.codes import ObjectionReason, Verdict
from schemas.confirmation import Confirmation
from schemas.errors import DrawbridgeError

REASONS = {reason.label: reason for reason in ObjectionReason}
VERDICTS = {verdict.label: verdict for verdict in Verdict}
DECISIONS: dict[str, Decision] = dict(
    zip(("同意公示", "依法不予公示", "审核退回"), get_args(Decision), strict=True)
)
"""What people choose from, as they read it."""


def campaign_called(books: Books, name: str) -> Campaign:
    """The campaign of the ledger, also by its plan file. Raises DrawbridgeError DB-CLI-002 if it has none."""
    with books.ledger.read() as tx:
        found = campaign_of(tx, name)
        if found is None and (path := find_plan(name)) is not None:
            found = campaign_of(tx, read_plan(path).task_id)
    if found is None:
        raise DrawbridgeError("DB-CLI-002", name=name)
    return found


def decide_publication(
    books: Books, campaign: Campaign, usccs: Sequence[str], decision: str, role: str, reason: str | None
) -> int:
    """Records a decision on the results as they are now; returns on how many.

    `usccs` empty: on all that wait for one.  A result that changes later needs another decision.
    Raises DrawbridgeError DB-RUN-023 without a reason where one is needed, -024 for an enterprise that
    cannot be decided on.
    """
    if DECISIONS[decision] != "approved" and not reason:
        raise DrawbridgeError("DB-RUN-023", decision=decision)
    chosen = _to_decide(standing_of(books, campaign), usccs)
    at = books.now()
    with books.ledger.write() as tx:
        for one in chosen:
            if one.record is None:
                raise DrawbridgeError("DB-RUN-024", uscc=one.uscc)
            record_approval(
                tx,
                campaign.task_id,
                APPROVAL,
                one.record.record_id,
                DECISIONS[decision],
                by_role=role,
                reason=reason,
                at=at,
                source="local",
                now=at,
                subject_version=one.record.version,
            )
    return len(chosen)


def answer_for_department(
    books: Books,
    campaign: Campaign,
    code: str,
    objects: Sequence[str],
    verdict: str,
    reason: str | None,
    evidence: str | None,
    role: str,
) -> tuple[Department, int]:
    """Records one department's answers and queues them for the platform; returns it and how many.

    `objects` empty: all that it has not answered on.  Raises DrawbridgeError DB-RUN-021 for an objection
    without reason, -022 for an object that is not drawn, -025 for an unknown department, -026 before a draw.
    """
    department = _department(campaign, code)
    if VERDICTS[verdict] is not Verdict.CONFIRMED and reason is None:
        raise DrawbridgeError("DB-RUN-021")
    drawn = _drawn(books, campaign)
    chosen = list(objects) or _unanswered(books, campaign, department, drawn)
    for object_id in chosen:
        if object_id not in drawn:
            raise DrawbridgeError("DB-RUN-022", object_id=object_id)
    rows = [
        Confirmation(
            object_id=object_id,
            dept_code=department.code,
            verdict=VERDICTS[verdict],
            reason=REASONS[reason] if reason else None,
            evidence=evidence,
            by_role=role,
            at=books.now(),
        )
        for object_id in chosen
    ]
    _keep(books, campaign, rows)
    return department, len(rows)


def _to_decide(standing: list[Standing], usccs: Sequence[str]) -> list[Standing]:
    """Those named, or all that await a decision. Raises DrawbridgeError DB-RUN-024 for one that cannot be."""
    if not usccs:
        return [one for one in standing if one.state in ("unreviewed", "returned")]
    by_code = {one.uscc: one for one in standing}
    for uscc in usccs:
        if uscc not in by_code:
            raise DrawbridgeError("DB-RUN-024", uscc=uscc)
    return [by_code[uscc] for uscc in usccs]


def _department(campaign: Campaign, code: str) -> Department:
    for department in campaign.departments:
        if code in (department.code, department.name):
            return department
    codes = "、".join(department.code for department in campaign.departments)
    raise DrawbridgeError("DB-RUN-025", given=code, codes=codes)


def _drawn(books: Books, campaign: Campaign) -> list[str]:
    with books.ledger.read() as tx:
        round_ = round_in_force(tx, campaign.task_id, "objects")
    if round_ is None or round_.certificate is None:
        raise DrawbridgeError("DB-RUN-026")
    return [object_id for object_id, _ in standing_objects(parse_certificate(round_.certificate, "objects"))]


def _unanswered(books: Books, campaign: Campaign, department: Department, drawn: list[str]) -> list[str]:
    with books.ledger.read() as tx:
        answered = {
            row.confirmation.object_id
            for row in confirmations(tx, campaign.task_id)
            if row.confirmation.dept_code == department.code
        }
    return [object_id for object_id in drawn if object_id not in answered]


def _keep(books: Books, campaign: Campaign, rows: list[Confirmation]) -> None:
    """Records the answers; each is a write of its own to the platform, in the version it has here."""
    with books.ledger.write() as tx:
        record_confirmations(tx, campaign.task_id, rows, "local", books.now())
        versions = {
            (row.confirmation.object_id, row.confirmation.dept_code): row.seq_no + 1
            for row in confirmations(tx, campaign.task_id, "local")
        }
    due = [
        Due(
            f"{row.object_id}/{row.dept_code}",
            versions[row.object_id, row.dept_code],
            row.model_dump_json(),
            None,
        )
        for row in rows
    ]
    queue(books, campaign, "confirmation", due, approved=True)
