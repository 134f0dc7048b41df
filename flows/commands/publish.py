"""`drawbridge publish`: how publications stand, and what operators do about those that are stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import click

from flows.command_line.command import DONE, Command, Group, home_option, json_option, print_json
from flows.commands.deciders import decided_by
from flows.commands.resume import outside_of, settings_for
from flows.commands.stuck import Status, act_facts, asked, show_evidence, show_status, stage_now
from flows.decisions.approving import approver_options, role_of
from flows.decisions.deciding import campaign_called
from flows.decisions.evidence import says_now
from flows.decisions.operating import (
    ACTS,
    OF_FORMS,
    allow,
    ask_correct,
    ask_resolve,
    ask_take_over,
    ask_withdraw,
    parked_by_enterprise,
    parked_of,
)
from flows.exchange.publishing import OPEN_STATES, RECORD, STATES, standing_of
from flows.site import Site, open_books, open_site
from flows.telling.terminal import console
from ledger.acts import Act, acts
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

_enterprise = click.option("--enterprise", "uscc", required=True, metavar="代码", help="统一社会信用代码。")
_reason = click.option("--reason", required=True, help="理由，写入审计链。")


@click.group("publish", cls=Group, help="公示：查看、继续报送、核定结果不明的、撤回、更正。")
def publish() -> None:
    """The group."""


@publish.command("status", cls=Command, help="各户公示到哪一步；结果不明的列出依据，等待审批的列出编号。")
@click.argument("name", metavar="任务")
@home_option
@json_option
def status(name: str, as_json: bool) -> int:
    """Exit status 1 while something waits for an operator."""
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
        standing = standing_of(books, campaign)
        with books.ledger.read() as tx:
            waiting = [act for act in acts(tx, campaign.task_id) if act.allowed_by is None]
        parked = parked_by_enterprise(books, campaign, RECORD)
    unclear = {one.uscc: parked[one.uscc] for one in standing if one.state == "parked"}
    rows = [
        {"uscc": one.uscc, "ent_name": one.ent_name, "state": one.state, "reason": one.reason}
        for one in standing
        if one.state in OPEN_STATES
    ]
    counts = Counter(one.state for one in standing)
    return show_status(
        Status(
            campaign.task_id, counts, STATES, rows, unclear, waiting, "还没有表单", ("publish", "公示系统")
        ),
        as_json,
    )


@publish.command("retry", cls=Command, help="现在就继续报送：只报送尚未受理的，已受理的不再报送。")
@click.argument("name", metavar="任务")
@home_option
@json_option
def retry(name: str, as_json: bool) -> int:
    """The publication stage, now; says what it skipped."""
    from flows.publish import STAGE

    def published(site: Site, campaign: Campaign) -> int:
        return sum(one.state == "published" for one in standing_of(site, campaign))

    def say(sent: int, skipped: int) -> str:
        return f"本次报送 {sent} 条；已公示 {skipped} 户，不再报送。"

    return stage_now(name, STAGE, published, say, as_json)


@publish.command(
    "resolve", cls=Command, help="核定一条结果不明的记录：已公示（写回执编号）或未公示；须两人。"
)
@click.argument("name", metavar="任务")
@_enterprise
@click.option(
    "--found", type=click.Choice(["已公示", "未公示"]), required=True, help="向公示系统核实的结果。"
)
@click.option("--receipt", default=None, metavar="编号", help="已公示时：公示系统给出的回执编号。")
@_reason
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
    """Shows the evidence and what a query says now, and asks; `allow` by another person decides."""
    if (found == "已公示") != (receipt is not None):
        raise DrawbridgeError("DB-ACT-008")
    with outside_of(name), open_site() as site:
        campaign = campaign_called(site, name)
        one = parked_of(site, campaign, RECORD, uscc)
        if not as_json:
            show_evidence(uscc, one)
            console(to_stderr=False).print(f"  {says_now(site, one.item.key)}")
        role = role_of(site.ledger, approver_id, code)
        act = ask_resolve(site, campaign, RECORD, uscc, receipt, reason, approver_id, role)
    return asked(act, as_json)


Ask = Callable[..., Act]


def _ask(ask: Ask, name: str, uscc: str, reason: str, approver_id: str, code: str, as_json: bool) -> int:
    with decided_by(name, approver_id, code) as (books, campaign, role):
        act = ask(books, campaign, uscc, reason, approver_id, role)
    return asked(act, as_json)


@publish.command("withdraw", cls=Command, help="申请撤回已公示的记录；归集之后不能撤回，只能更正。须两人。")
@click.argument("name", metavar="任务")
@_enterprise
@_reason
@approver_options
@home_option
@json_option
def withdraw(name: str, uscc: str, reason: str, approver_id: str, code: str, as_json: bool) -> int:
    """A version that takes the record back, when another person has allowed it."""
    return _ask(ask_withdraw, name, uscc, reason, approver_id, code, as_json)


@publish.command(
    "correct", cls=Command, help="申请按现在的检查结果更正已公示的记录；更正是新的一版。须两人。"
)
@click.argument("name", metavar="任务")
@_enterprise
@_reason
@approver_options
@home_option
@json_option
def correct(name: str, uscc: str, reason: str, approver_id: str, code: str, as_json: bool) -> int:
    """Collects what the platform says now; that goes out as the next version when another has allowed it."""
    from flows.collect import STAGE
    from flows.stage import perform

    with outside_of(name), open_site() as site:
        perform(site, campaign_called(site, name), STAGE)
    return _ask(ask_correct, name, uscc, reason, approver_id, code, as_json)


@publish.command("take-over", cls=Command, help="申请接管：公示系统已有、而恢复后的台账没有的记录。须两人。")
@click.argument("name", metavar="任务")
@_enterprise
@click.option("--receipt", required=True, metavar="编号", help="公示系统给出的回执编号。")
@_reason
@approver_options
@home_option
@json_option
def take_over(
    name: str, uscc: str, receipt: str, reason: str, approver_id: str, code: str, as_json: bool
) -> int:
    """After a ledger was restored: what is published already is taken over, not sent again."""
    with decided_by(name, approver_id, code) as (books, campaign, role):
        act = ask_take_over(books, campaign, uscc, receipt, reason, approver_id, role)
    return asked(act, as_json)


@publish.command("allow", cls=Command, help="批准编号为 N 的申请；不能与申请人为同一人。")
@click.argument("name", metavar="任务")
@click.argument("act_no", metavar="编号", type=int)
@approver_options
@home_option
@json_option
def allow_(name: str, act_no: int, approver_id: str, code: str, as_json: bool) -> int:
    """The second person; what follows is sent by the next publication, or with the next forms."""
    with decided_by(name, approver_id, code) as (books, campaign, role):
        act = allow(books, campaign, act_no, approver_id, role)
    if as_json:
        print_json(act_facts(act))
    else:
        again = "push" if act.kind in OF_FORMS else "publish"
        console(to_stderr=False).print(
            f"已批准编号 {act.act_no}：{ACTS[act.kind]} {act.key}。继续：drawbridge {again} retry 任务。"
        )
    return DONE
