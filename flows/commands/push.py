"""`drawbridge push`: how the forms stand with the platform, and what operators do about what is stuck."""

from __future__ import annotations

from collections import Counter

import click

from delivery.park import Parked
from delivery.queue import items
from flows.command_line.command import Command, Group, home_option, json_option
from flows.commands.publish import allow_
from flows.commands.resume import outside_of, settings_for
from flows.commands.stuck import Status, asked, show_evidence, show_status, stage_now
from flows.decisions.approving import approver_options, role_of
from flows.decisions.deciding import campaign_called
from flows.decisions.operating import FORM, OF_FORMS, ask_resolve, parked_by_enterprise, parked_of
from flows.site import Books, Site, open_books, open_site
from flows.telling.terminal import console
from ledger.acts import acts
from ledger.outbox import OutboxItem
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm

STATES = {
    "ready": "待派发",
    "sending": "已派发，结果不明",
    "pending": "平台处理中",
    "accepted": "已受理",
    "rejected": "被平台退回",
    "parked": "结果不明，待人工核定",
}
"""State of a form in the outbox, and how people call it."""
_SETTLED = ("accepted",)
WORDS = ("表", "派发")


@click.group("push", cls=Group, help="一企一表派发：查看、继续派发、核定结果不明的。")
def push() -> None:
    """The group."""


@push.command(
    "status", cls=Command, help="各户一企一表派发到哪一步；结果不明的列出依据，等待审批的列出编号。"
)
@click.argument("name", metavar="任务")
@home_option
@json_option
def status(name: str, as_json: bool) -> int:
    """Exit status 1 while something waits for an operator."""
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
        newest = _newest(books, campaign)
        unclear = parked_by_enterprise(books, campaign, FORM)
        with books.ledger.read() as tx:
            known = acts(tx, campaign.task_id)
    waiting = [act for act in known if act.allowed_by is None and act.kind in OF_FORMS]
    counts = Counter(item.state for item in newest)
    rows = [
        {"uscc": form.uscc, "ent_name": form.ent_name, "state": item.state, "reason": item.reason}
        for item, form in ((item, InspectionForm.model_validate_json(item.payload)) for item in newest)
        if item.state not in _SETTLED
    ]
    return show_status(
        Status(
            campaign.task_id, counts, STATES, rows, unclear, waiting, "还没有派发", ("push", "平台"), WORDS
        ),
        as_json,
    )


@push.command("retry", cls=Command, help="现在就继续派发：只派发平台尚未受理的，已受理的不再派发。")
@click.argument("name", metavar="任务")
@home_option
@json_option
def retry(name: str, as_json: bool) -> int:
    """The stage of the forms, now; says what it skipped."""
    from flows.push import STAGE

    def accepted(site: Site, campaign: Campaign) -> int:
        return sum(item.state == "accepted" for item in _newest(site, campaign))

    def say(sent: int, skipped: int) -> str:
        return f"本次派发 {sent} 张；已受理 {skipped} 张，不再派发。"

    return stage_now(name, STAGE, accepted, say, as_json)


@push.command(
    "resolve", cls=Command, help="核定一张结果不明的一企一表：已收到（写回执编号）或未收到；须两人。"
)
@click.argument("name", metavar="任务")
@click.option("--enterprise", "uscc", required=True, metavar="代码", help="统一社会信用代码。")
@click.option("--found", type=click.Choice(["已收到", "未收到"]), required=True, help="向平台核实的结果。")
@click.option("--receipt", default=None, metavar="编号", help="已收到时：平台给出的回执编号。")
@click.option("--reason", required=True, help="理由，写入审计链。")
@approver_options
@home_option
@json_option
def resolve(
    name: str,
    uscc: str,
    found: str,
    receipt: str | None,
    reason: str,
    approver_id: str,
    code: str,
    as_json: bool,
) -> int:
    """Shows the evidence and what the platform says now, and asks; `allow` by another person decides."""
    if (found == "已收到") != (receipt is not None):
        raise DrawbridgeError("DB-ACT-010")
    with outside_of(name), open_site() as site:
        campaign = campaign_called(site, name)
        one = parked_of(site, campaign, FORM, uscc)
        if not as_json:
            show_evidence(uscc, one, WORDS)
            console(to_stderr=False).print(f"  {_says_now(site, campaign, one)}")
        role = role_of(site.ledger, approver_id, code)
        act = ask_resolve(site, campaign, FORM, uscc, receipt, reason, approver_id, role)
    return asked(act, as_json)


push.add_command(allow_)  # an act's number is known in one place only


def _newest(books: Books, campaign: Campaign) -> list[OutboxItem]:
    """Of every form the version that counts."""
    with books.ledger.read() as tx:
        known = items(tx, FORM, campaign.task_id)
    return list({item.key: item for item in known if item.state in STATES}.values())


def _says_now(site: Site, campaign: Campaign, one: Parked) -> str:
    """What the platform holds of the form now; not to be asked is an answer too."""
    try:
        held = [f for f in site.connections.platform.forms(campaign.task_id) if f.form_no == one.item.key]
    except DrawbridgeError as error:
        return f"平台现在：无法查询（{error.code}）"
    if not held:
        return "平台现在：查不到这张表"
    return f"平台现在：存有第 {'、'.join(str(form.version) for form in held)} 版"
