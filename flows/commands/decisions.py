"""`drawbridge confirm` and `approve`: what people decide here rather than on the platform."""

from __future__ import annotations

from typing import get_args

import click

from delivery.queue import Due
from draw.certificate import parse_certificate, standing_objects
from flows.command_line import DONE, Command, home_option, json_option, print_json
from flows.commands.resume import settings_for
from flows.delivering import queue
from flows.publishing import APPROVAL, Standing, standing_of
from flows.site import Books, OfflineBooks, open_books
from flows.terminal import console
from ledger.approvals import Decision, record_approval
from ledger.campaigns import campaign_of
from ledger.confirmations import confirmations, record_confirmations
from ledger.draws import round_in_force
from schemas.campaign import Campaign, Department
from schemas.codes import ObjectionReason, Verdict
from schemas.confirmation import Confirmation
from schemas.errors import DrawbridgeError

_REASONS = {reason.label: reason for reason in ObjectionReason}
_VERDICTS = {verdict.label: verdict for verdict in Verdict}
_DECISIONS: dict[str, Decision] = dict(
    zip(("同意公示", "依法不予公示", "审核退回"), get_args(Decision), strict=True)
)


@click.command("confirm", cls=Command, help="代部门登记比对和确认意见（平台上已确认的不必再登记）。")
@click.argument("name", metavar="任务")
@click.option("--department", "code", required=True, metavar="代码", help="部门代码，如 SW。")
@click.option("--object", "objects", multiple=True, metavar="对象", help="抽查对象编号，可重复。")
@click.option("--all", "everything", is_flag=True, help="该部门尚未确认的全部对象。")
@click.option("--verdict", type=click.Choice(list(_VERDICTS)), default=Verdict.CONFIRMED.label, help="意见。")
@click.option("--reason", type=click.Choice(list(_REASONS)), default=None, help="异议理由。")
@click.option("--evidence", default=None, help="异议依据（文号或说明）。")
@click.option("--role", default="系统管理员", help="确认人的岗位（不写姓名）。")
@home_option
@json_option
def confirm(
    name: str,
    code: str,
    objects: tuple[str, ...],
    everything: bool,
    verdict: str,
    reason: str | None,
    evidence: str | None,
    role: str,
    as_json: bool,
) -> int:
    """Records answers of one department and queues them for the platform; the next run sends them."""
    if bool(objects) == everything:
        raise DrawbridgeError("DB-RUN-020", options="--object、--all")
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
        department = _department(campaign, code)
        if _VERDICTS[verdict] is not Verdict.CONFIRMED and reason is None:
            raise DrawbridgeError("DB-RUN-021")
        drawn = _drawn(books, campaign)
        chosen = _unanswered(books, campaign, department, drawn) if everything else list(objects)
        for object_id in chosen:
            if object_id not in drawn:
                raise DrawbridgeError("DB-RUN-022", object_id=object_id)
        rows = [
            Confirmation(
                object_id=object_id,
                dept_code=department.code,
                verdict=_VERDICTS[verdict],
                reason=_REASONS[reason] if reason else None,
                evidence=evidence,
                by_role=role,
                at=books.now(),
            )
            for object_id in chosen
        ]
        _keep(books, campaign, rows)
    facts = {"task_id": campaign.task_id, "department": department.name, "recorded": len(rows)}
    if as_json:
        print_json(facts)
    else:
        console(to_stderr=False).print(
            f"已登记 {department.name} 对 {len(rows)} 个对象的意见：{verdict}；下次运行时送平台。"
        )
    return DONE


@click.command("approve", cls=Command, help="登记公示审批意见：同意公示、依法不予公示或审核退回。")
@click.argument("name", metavar="任务")
@click.option("--enterprise", "usccs", multiple=True, metavar="代码", help="统一社会信用代码，可重复。")
@click.option("--all", "everything", is_flag=True, help="全部结果齐全且待审核的企业。")
@click.option("--decision", type=click.Choice(list(_DECISIONS)), default="同意公示", help="审批意见。")
@click.option("--role", required=True, help="审批人的岗位（不写姓名）。")
@click.option("--reason", default=None, help="理由；不予公示和退回必须写明。")
@home_option
@json_option
def approve(
    name: str,
    usccs: tuple[str, ...],
    everything: bool,
    decision: str,
    role: str,
    reason: str | None,
    as_json: bool,
) -> int:
    """Records a decision on the results as they are now; a result that changes later needs another."""
    if bool(usccs) == everything:
        raise DrawbridgeError("DB-RUN-020", options="--enterprise、--all")
    if decision != "同意公示" and not reason:
        raise DrawbridgeError("DB-RUN-023", decision=decision)
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
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
                    _DECISIONS[decision],
                    by_role=role,
                    reason=reason,
                    at=at,
                    source="local",
                    now=at,
                    subject_version=one.record.version,
                )
    facts = {"task_id": campaign.task_id, "decision": decision, "recorded": len(chosen)}
    if as_json:
        print_json(facts)
    else:
        console(to_stderr=False).print(f"已登记 {len(chosen)} 户：{decision}。")
    return DONE


def _to_decide(standing: list[Standing], usccs: tuple[str, ...]) -> list[Standing]:
    """Those named, or all that await a decision. Raises DrawbridgeError DB-RUN-024 for one that cannot be."""
    if not usccs:
        return [one for one in standing if one.state in ("unreviewed", "returned")]
    by_code = {one.uscc: one for one in standing}
    for uscc in usccs:
        if uscc not in by_code:
            raise DrawbridgeError("DB-RUN-024", uscc=uscc)
    return [by_code[uscc] for uscc in usccs]


def campaign_called(books: Books, name: str) -> Campaign:
    """The campaign of the ledger. Raises DrawbridgeError DB-CLI-002 if there is none."""
    with books.ledger.read() as tx:
        found = campaign_of(tx, name)
    if found is None:
        raise DrawbridgeError("DB-CLI-002", name=name)
    return found


def _department(campaign: Campaign, code: str) -> Department:
    for department in campaign.departments:
        if code in (department.code, department.name):
            return department
    codes = "、".join(department.code for department in campaign.departments)
    raise DrawbridgeError("DB-RUN-025", given=code, codes=codes)


def _drawn(books: OfflineBooks, campaign: Campaign) -> list[str]:
    with books.ledger.read() as tx:
        round_ = round_in_force(tx, campaign.task_id, "objects")
    if round_ is None or round_.certificate is None:
        raise DrawbridgeError("DB-RUN-026")
    return [object_id for object_id, _ in standing_objects(parse_certificate(round_.certificate, "objects"))]


def _unanswered(
    books: OfflineBooks, campaign: Campaign, department: Department, drawn: list[str]
) -> list[str]:
    with books.ledger.read() as tx:
        answered = {
            row.confirmation.object_id
            for row in confirmations(tx, campaign.task_id)
            if row.confirmation.dept_code == department.code
        }
    return [object_id for object_id in drawn if object_id not in answered]


def _keep(books: OfflineBooks, campaign: Campaign, rows: list[Confirmation]) -> None:
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
