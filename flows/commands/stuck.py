"""What `publish` and `push` have in common: what is open, the evidence of what is unclear, a stage now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delivery.park import Parked
from flows.command_line.command import DONE, FOUND, WAITING, print_json
from flows.commands.resume import outside_of
from flows.decisions.evidence import evidence_lines, evidence_of
from flows.decisions.operating import ACTS, OF_FORMS
from flows.site import Site, open_site, resolve_campaign
from flows.stage import Stage
from flows.telling.terminal import TerminalReporter, console, folding_table, print_table
from ledger.acts import Act
from schemas.campaign import Campaign


@dataclass(frozen=True)
class Status:
    """How the messages of one kind stand.

    `states`: how people call each state; `open`: rows with `uscc`, `ent_name`, `state`, `reason`;
    `unclear`: by the enterprise's code; `nothing`: what to say while there is none; `ask`: the command that
    settles one, and whom to ask before; `words`: how what is sent is called, and sending it.
    """

    task_id: str
    counts: Counter[str]
    states: Mapping[str, str]
    open: Sequence[Mapping[str, Any]]
    unclear: Mapping[str, Parked]
    waiting: Sequence[Act]
    nothing: str
    ask: tuple[str, str]
    words: tuple[str, str] = ("记录", "报送")


def show_status(status: Status, as_json: bool) -> int:
    """Prints it; 1 while something waits for an operator."""
    if as_json:
        print_json(
            {
                "task_id": status.task_id,
                "counts": dict(status.counts),
                "open": list(status.open),
                "unclear": {uscc: evidence_of(one) for uscc, one in status.unclear.items()},
                "acts": [act_facts(act) for act in status.waiting],
            }
        )
        return FOUND if status.unclear or status.waiting else DONE
    out = console(to_stderr=False)
    counted = (f"{label} {status.counts[key]}" for key, label in status.states.items() if status.counts[key])
    out.print("  ".join(counted) or status.nothing)
    if status.open:
        shown = folding_table("企业", "代码", "情况", "原因")
        for row in status.open:
            shown.add_row(row["ent_name"], row["uscc"], status.states[row["state"]], row["reason"] or "")
        print_table(out, shown)
    group, whom = status.ask
    for uscc, one in status.unclear.items():
        show_evidence(uscc, one, status.words)
        out.print(f"  下一步：向{whom}核实，然后 drawbridge {group} resolve … --enterprise {uscc}")
    for act in status.waiting:
        out.print(
            f"等待审批  编号 {act.act_no}  {ACTS[act.kind]}  {act.key}  申请：{act.asked_role}  {act.reason}"
        )
    return FOUND if status.unclear or status.waiting else DONE


def show_evidence(uscc: str, one: Parked, words: tuple[str, str] = ("记录", "报送")) -> None:
    """What was sent when, and everything that came back."""
    out = console(to_stderr=False)
    out.print(f"结果不明  {uscc}")
    for line in evidence_lines(one, words):
        out.print(f"  {line}")


def stage_now(
    name: str,
    stage: Stage,
    done_before: Callable[[Site, Campaign], int],
    say: Callable[[int, int], str],
    as_json: bool,
) -> int:
    """Does a stage at once. `say(writes, skipped)`: the sentence about it."""
    from flows.command_line.ending import ended_in_order
    from flows.exchange import writes
    from flows.stage import perform
    from flows.telling.reporting import listening

    out = console(to_stderr=as_json)
    writes.reset()
    with outside_of(name) as end, open_site() as site:
        campaign = resolve_campaign(site.ledger, name, site.now())
        skipped = done_before(site, campaign)
        with TerminalReporter(out) as listener, listening(listener):
            outcome = ended_in_order(lambda: perform(site, campaign, stage), end)
    if as_json:
        facts = {**outcome.facts, "skipped": skipped, "writes": writes.count()}
        print_json({**facts, "waiting_for": outcome.waiting_for})
    else:
        out.print(say(writes.count(), skipped))
        if outcome.waiting_for:
            out.print(f"[yellow]等待：{outcome.waiting_for}[/yellow]")
    return WAITING if outcome.waiting_for else DONE


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
