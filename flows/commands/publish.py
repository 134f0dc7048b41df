"""`drawbridge publish`: how publications stand, and what operators do about those that are stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import click
from rich.table import Table

from delivery.park import Parked
from flows.approving import approver_options, role_of
from flows.command_line import DONE, FOUND, WAITING, Command, Group, home_option, json_option, print_json
from flows.commands.deciders import decided_by
from flows.commands.resume import outside_of, settings_for
from flows.deciding import campaign_called
from flows.operating import (
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
from flows.publishing import OPEN_STATES, STATES, standing_of
from flows.site import open_books, open_site, resolve_campaign
from flows.terminal import TerminalReporter, console
from ledger.acts import Act, acts
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
        parked = parked_by_enterprise(books, campaign)
    unclear = {one.uscc: parked[one.uscc] for one in standing if one.state == "parked"}
    rows = [
        {"uscc": one.uscc, "ent_name": one.ent_name, "state": one.state, "reason": one.reason}
        for one in standing
        if one.state in OPEN_STATES
    ]
    if as_json:
        print_json(
            {
                "task_id": campaign.task_id,
                "counts": dict(Counter(one.state for one in standing)),
                "open": rows,
                "unclear": {uscc: evidence_of(one) for uscc, one in unclear.items()},
                "acts": [act_facts(act) for act in waiting],
            }
        )
        return FOUND if unclear or waiting else DONE
    out = console(to_stderr=False)
    counts = Counter(one.state for one in standing)
    out.print(
        "  ".join(f"{label} {counts[key]}" for key, label in STATES.items() if counts[key]) or "还没有表单"
    )
    if rows:
        shown = Table("企业", "代码", "情况", "原因", box=None, pad_edge=False)
        for row in rows:
            shown.add_row(row["ent_name"], row["uscc"], STATES[str(row["state"])], row["reason"] or "")
        out.print(shown)
    for uscc, one in unclear.items():
        _show_evidence(uscc, one)
    for act in waiting:
        out.print(
            f"等待审批  编号 {act.act_no}  {ACTS[act.kind]}  {act.key}  申请：{act.asked_role}  {act.reason}"
        )
    return FOUND if unclear or waiting else DONE


def evidence_of(one: Parked) -> dict[str, Any]:
    """What was sent when, and everything that came back: what two people decide on."""
    return {
        "record": one.item.key,
        "version": one.item.version,
        "batch_no": one.message.batch_no,
        "digest": one.message.body_digest,
        "sent_at": one.message.sent_at,
        "sends": one.message.sends,
        "answers": [
            {"at": entry.at, "act": entry.act, "outcome": entry.outcome, "code": entry.code}
            for entry in one.evidence
        ],
    }


def _show_evidence(uscc: str, one: Parked) -> None:
    out = console(to_stderr=False)
    facts = evidence_of(one)
    out.print(f"结果不明  {uscc}  记录 {facts['record']} 第 {facts['version']} 版")
    out.print(f"  批次 {facts['batch_no']}，内容摘要 {facts['digest']}")
    out.print(f"  报送 {facts['sends']} 次，首次 {facts['sent_at']:%Y-%m-%d %H:%M:%S} UTC")
    for entry in facts["answers"]:
        said = "  ".join(str(part) for part in (entry["act"], entry["outcome"], entry["code"]) if part)
        out.print(f"  {entry['at']:%Y-%m-%d %H:%M:%S} UTC  {said}")
    out.print(f"  下一步：向公示系统核实，然后 drawbridge publish resolve … --enterprise {uscc}")


@publish.command("retry", cls=Command, help="现在就继续报送：只报送尚未受理的，已受理的不再报送。")
@click.argument("name", metavar="任务")
@home_option
@json_option
def retry(name: str, as_json: bool) -> int:
    """The publication stage, now; says what it skipped."""
    from flows import writes
    from flows.publish import STAGE
    from flows.reporting import listening
    from flows.stage import perform

    out = console(to_stderr=as_json)
    writes.reset()
    with outside_of(name), open_site() as site:
        campaign = resolve_campaign(site.ledger, name, site.now())
        before = Counter(one.state for one in standing_of(site, campaign))
        with TerminalReporter(out) as listener, listening(listener):
            outcome = perform(site, campaign, STAGE)
    facts = {**outcome.facts, "skipped": before["published"], "writes": writes.count()}
    if as_json:
        print_json({**facts, "waiting_for": outcome.waiting_for})
    else:
        out.print(f"本次报送 {facts['writes']} 条；已公示 {facts['skipped']} 户，不再报送。")
        if outcome.waiting_for:
            out.print(f"[yellow]等待：{outcome.waiting_for}[/yellow]")
    return WAITING if outcome.waiting_for else DONE


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
        one = parked_of(site, campaign, uscc)
        held = site.connections.publicity.held(one.item.key)
        if not as_json:
            _show_evidence(uscc, one)
            says = (
                "查不到这条记录" if held is None else f"存有第 {held[0]} 版，摘要 {held[1]}，状态 {held[2]}"
            )
            console(to_stderr=False).print(f"  公示系统现在：{says}")
        role = role_of(site.ledger, approver_id, code)
        act = ask_resolve(site, campaign, uscc, receipt, reason, approver_id, role)
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
@click.argument("act_no", metavar="N", type=int)
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


def asked(act: Act, as_json: bool) -> int:
    """Says what was asked for, and what the second person does."""
    if as_json:
        print_json(act_facts(act))
        return DONE
    out = console(to_stderr=False)
    out.print(f"已申请（编号 {act.act_no}）：{ACTS[act.kind]} {act.key}")
    group = "push" if act.kind in OF_FORMS else "publish"
    out.print(f"请另一位审批人执行：drawbridge {group} allow {act.task_id} {act.act_no} --by 编号")
    return DONE


def act_facts(act: Act) -> dict[str, Any]:
    """An act as `--json` shows it."""
    return {
        "act": act.act_no,
        "kind": act.kind,
        "record": act.key,
        "version": act.version,
        "reason": act.reason,
        "asked_by": act.asked_role,
        "allowed_by": act.allowed_role,
    }
