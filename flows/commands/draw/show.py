"""`drawbridge draw show`: where the draw stands, which documents there are, and whose turn it is."""

from __future__ import annotations

from typing import Any

import click

from draw.commitment import parse_commitment
from draw.reveal import withheld
from flows.command_line.command import DONE, Command, home_option, json_option, print_json
from flows.commands.resume import settings_for
from flows.decisions.deciding import campaign_called
from flows.drawing.certificates import STAGE_NAMES
from flows.site import Books, open_books
from flows.telling.terminal import console
from ledger.draws import RecordedRound, rounds
from ledger.leaves import Leave, leave_for
from ledger.seals import seals
from ledger.texts import digest_of
from schemas.campaign import Campaign


@click.command("show", cls=Command, help="查看抽取：各轮停在哪一步，文书摘要，等待谁。")
@click.argument("name", metavar="任务")
@home_option
@json_option
def show(name: str, as_json: bool) -> int:
    """Never a value that is not public yet: sealed parts are shown as given or not."""
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
        listed = {stage: _rounds(books, campaign, stage) for stage in STAGE_NAMES}
    if as_json:
        print_json({"task_id": campaign.task_id, "stages": listed})
        return DONE
    out = console(to_stderr=False)
    for stage, found in listed.items():
        out.print(f"抽取{STAGE_NAMES[stage]}")
        for entry in found:
            out.print(f"  第 {entry['round']} 轮  {entry['state']}")
            for title, digest in entry["documents"].items():
                out.print(f"    {title} {digest}")
            for title in ("sealed", "revealed", "missing"):
                if entry[title]:
                    out.print(f"    {_TITLES[title]} {'、'.join(entry[title])}")
            for number, (value, source) in entry["public"].items():
                out.print(f"    公共随机数 {number} = {value}（{source}）")
    return DONE


_TITLES = {"sealed": "已封存", "revealed": "已揭示", "missing": "未揭示"}


def _rounds(books: Books, campaign: Campaign, stage: str) -> list[dict[str, Any]]:
    with books.ledger.read() as tx:
        known = rounds(tx, campaign.task_id, stage)
        coming = len(known) + 1
        leave = leave_for(tx, campaign.task_id, stage, coming)
        handed_in = sorted(seals(tx, campaign.task_id, stage, coming))
    found = [_facts(round_) for round_ in known]
    if not known or leave is not None:
        found.append(_before_commitment(coming, leave, handed_in))
    return found


def _before_commitment(round_no: int, leave: Leave | None, handed_in: list[str]) -> dict[str, Any]:
    state = "等待各部门封存"
    if leave is not None and leave.allowed_by is None:
        state = f"已申请（{leave.reason}），等待第二人批准"
    return {
        "round": round_no,
        "state": state,
        "documents": {},
        "sealed": handed_in,
        "revealed": [],
        "missing": [],
        "public": {},
    }


def _facts(round_: RecordedRound) -> dict[str, Any]:
    commitment = parse_commitment(round_.commitment)
    missing = withheld(commitment, round_.values)
    sealed = [one["id"] for one in commitment["contributors"] if one["kind"] == "sealed"]
    documents = {
        "承诺书": round_.commitment,
        "结束文书": round_.closing if round_.closing != round_.abandonment else None,
        "作废文书": round_.abandonment,
        **{f"证书{f'（更正{n}）' if n else ''}": one for n, one in enumerate(round_.certificates)},
    }
    return {
        "round": round_.round_no,
        "state": _state(round_, missing, commitment["reveal_by"]),
        "documents": {title: digest_of(one) for title, one in documents.items() if one is not None},
        "sealed": sealed,
        "revealed": [one for one in sealed if one not in missing],
        "missing": missing,
        "public": {
            number: [round_.values[number], source]
            for number, source in round_.sources.items()
            if number in round_.values
        },
    }


def _state(round_: RecordedRound, missing: list[str], reveal_by: str) -> str:
    if round_.certificates:
        return "已抽取"
    if round_.abandoned:
        return "已作废"
    if round_.closing is None:
        return f"等待揭示（{reveal_by[:16].replace('T', ' ')} 前）" if missing else "揭示已齐，等待结束文书"
    return "等待公共随机数"
