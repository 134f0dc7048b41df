"""`drawbridge reconcile`, `report statistics`, `audit verify`: what the books say, and whether it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from flows.audit_check import AUDIT_REASONS
from flows.command_line.command import (
    DONE,
    FOUND,
    WAITING,
    Command,
    Group,
    home_option,
    json_option,
    print_json,
)
from flows.commands import papers, report_table
from flows.commands.resume import outside_of
from flows.commands.summary import publication_line
from flows.site import open_books, open_site, resolve_campaign
from flows.telling.terminal import TerminalReporter, console
from ledger.audit import AuditHead, verify_audit
from ledger.failures import translated
from schemas.errors import DrawbridgeError


@click.command("reconcile", cls=Command, help="逐户逐项核对公示，列出建议。只读。")
@click.argument("name", metavar="任务")
@home_option
@json_option
def reconcile(name: str, as_json: bool) -> int:
    """Compares with the exchange and the public page; exit 1 for findings, 3 while something is awaited."""
    from flows.reconcile import STAGE
    from flows.stage import perform
    from flows.telling.reporting import listening

    out = console(to_stderr=as_json)
    with outside_of(name), open_site() as site:
        campaign = resolve_campaign(site.ledger, name, site.now())
        with TerminalReporter(out) as listener, listening(listener):
            outcome = perform(site, campaign, replace(STAGE, after=None))  # at any time, not only in its turn
    if as_json:
        print_json({**outcome.facts, "waiting_for": outcome.waiting_for})
    else:
        if "due" in outcome.facts:
            out.print(publication_line(outcome.facts))
            _print_proposals(outcome.facts["proposals"])
        if outcome.waiting_for:
            out.print(f"[yellow]等待：{outcome.waiting_for}[/yellow]")
    if outcome.waiting_for:
        return WAITING
    return FOUND if outcome.facts["findings"] or outcome.facts["doubled"] else DONE


def _print_proposals(proposals: Any) -> None:
    """What was found, by kind: what is so, which records, and what people are asked to do."""
    out = console(to_stderr=False)
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for one in proposals:
        by_kind.setdefault(one["title"], []).append(one)
    for title, found in by_kind.items():
        out.print(f"[red]· {title} {len(found)} 条[/red]")
        for one in found:
            facts = json.dumps(one["facts"], ensure_ascii=False, sort_keys=True) if one["facts"] else ""
            out.print(f"    {one['record']}  {facts}", markup=False)
        out.print(f"  建议：{found[0]['act']}")


@click.group("report", cls=Group, help="由台账生成统计表、总结和各种文书。")
def report() -> None:
    """The group."""


for _command in (report_table.statistics, report_table.explain, *papers.COMMANDS):
    report.add_command(_command)


@click.group("audit", cls=Group, help="台账的审计链。")
def audit() -> None:
    """The group."""


@audit.command("verify", cls=Command, help="逐条重算审计链；给出别处保存的链头时一并比对。")
@click.option("--head", "heads", multiple=True, metavar="序号:摘要", help="别处保存的链头，可重复。")
@home_option
@json_option
def verify(heads: tuple[str, ...], as_json: bool) -> int:
    """Recomputes the chain; exit 1 if it is broken. Raises DrawbridgeError DB-RUN-027 for a head misspelt."""
    with open_books() as books, translated(books.ledger.place):
        verdict = verify_audit(books.ledger.engine, [_head(text) for text in heads])
    whole = verdict.broken_at is None
    facts = {
        "ok": whole,
        "events": verdict.count,
        "head": f"{verdict.head.seq}:{verdict.head.digest}",
        "broken_at": verdict.broken_at,
        "reason": verdict.reason,
    }
    if as_json:
        print_json(facts)
    else:
        out = console(to_stderr=False)
        if whole:
            out.print(f"审计链完好：{verdict.count} 条。请把链头另行保存，以便日后比对：")
            out.print(str(facts["head"]))
        else:
            out.print(
                f"[red]审计链在第 {verdict.broken_at} 条断开（{AUDIT_REASONS[str(verdict.reason)]}）。[/red]"
            )
            out.print("请停止运行，保留现场，与备份和别处保存的链头比对。")
    return DONE if whole else FOUND


def _head(text: str) -> AuditHead:
    number, _, digest = text.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise DrawbridgeError("DB-RUN-027", text=text)
    return AuditHead(int(number), digest)
