"""`drawbridge reconcile`, `report statistics`, `audit verify`: what the books say, and whether it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from flows.command_line import DONE, FOUND, WAITING, Command, Group, home_option, json_option, print_json
from flows.commands.resume import outside_of, settings_for
from flows.commands.summary import print_statistics, publication_line
from flows.site import open_books, open_site, resolve_campaign
from flows.terminal import TerminalReporter, console
from ledger.audit import AuditHead, verify_audit
from schemas.errors import DrawbridgeError


@click.command("reconcile", cls=Command, help="逐户核对公示：不缺、不重、内容一致。只读，不更正。")
@click.argument("name", metavar="任务")
@home_option
@json_option
def reconcile(name: str, as_json: bool) -> int:
    """Compares with the exchange and the public page; exit 1 for findings, 3 while something is awaited."""
    from flows.reconcile import STAGE
    from flows.reporting import listening
    from flows.stage import perform

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
        if outcome.waiting_for:
            out.print(f"[yellow]等待：{outcome.waiting_for}[/yellow]")
    if outcome.waiting_for:
        return WAITING
    return FOUND if outcome.facts["findings"] or outcome.facts["doubled"] else DONE


@click.group("report", cls=Group, help="由台账生成报表。")
def report() -> None:
    """The group."""


@report.command("statistics", cls=Command, help="生成附件统计表、总结和一企一表。")
@click.argument("name", metavar="任务")
@home_option
@json_option
def statistics(name: str, as_json: bool) -> int:
    """Computes the annex table from the ledger alone; exit 1 if its cross-foot fails."""
    from flows.report import step

    with open_books(settings_for(name)) as books:
        campaign = resolve_campaign(books.ledger, name, books.now())
        outcome = step(books, campaign)
    if as_json:
        print_json(outcome.facts)
    else:
        out = console(to_stderr=False)
        facts: dict[str, Any] = outcome.facts
        print_statistics(out, facts["statistics"])
        for title, path in facts["paths"].items():
            out.print(f"{title}  {path}")
        for finding in facts["findings"]:
            out.print(f"[red]· {finding}[/red]")
    return FOUND if outcome.facts["findings"] else DONE


@click.group("audit", cls=Group, help="台账的审计链。")
def audit() -> None:
    """The group."""


@audit.command("verify", cls=Command, help="逐条重算审计链；给出别处保存的链头时一并比对。")
@click.option("--head", "heads", multiple=True, metavar="序号:摘要", help="别处保存的链头，可重复。")
@home_option
@json_option
def verify(heads: tuple[str, ...], as_json: bool) -> int:
    """Recomputes the chain; exit 1 if it is broken. Raises DrawbridgeError DB-RUN-027 for a head misspelt."""
    with open_books() as books:
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
                f"[red]审计链在第 {verdict.broken_at} 条断开（{_REASONS[str(verdict.reason)]}）。[/red]"
            )
            out.print("请停止运行，保留现场，与备份和别处保存的链头比对。")
    return DONE if whole else FOUND


_REASONS = {
    "edited": "内容被改动",
    "missing": "缺少记录",
    "inserted": "插入了记录",
    "head": "链头与记录不符",
    "elsewhere": "与别处保存的链头不符",
}


def _head(text: str) -> AuditHead:
    number, _, digest = text.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise DrawbridgeError("DB-RUN-027", text=text)
    return AuditHead(int(number), digest)
