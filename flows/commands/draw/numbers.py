"""`drawbridge draw public-number`: the public number as a person reads it at its publisher."""

from __future__ import annotations

import click

from draw.commitment import parse_commitment
from draw.reveal import check_published, check_value
from flows.command_line.command import DONE, Command, home_option, json_option, print_json
from flows.commands.draw.rounds import stage_option
from flows.commands.resume import settings_for
from flows.decisions.approving import role_of
from flows.decisions.deciding import campaign_called
from flows.drawing.correcting import corrected_by_number
from flows.drawing.redraw import reopen
from flows.site import open_books
from flows.telling.terminal import console
from ledger.draws import (
    RecordedRound,
    correct_public_value,
    record_correction,
    record_public_value,
    round_in_force,
)
from schemas.errors import DrawbridgeError


@click.command("public-number", cls=Command, help="登记公共随机数：照公布的样子写，并写明在哪里看到。")
@click.argument("name", metavar="任务")
@stage_option
@click.option("--value", required=True, help="公布的号码，写法照承诺书，如“02 07 11 17 25 33 09”。")
@click.option("--source", required=True, help="公布方和期号，如“中国福利彩票网 双色球2024061期”。")
@click.option("--number", default=None, help="公共随机数的编号；只有一个时不必写。")
@click.option("--correct", is_flag=True, help="更正抄错的号码，须由审批人用动态码确认。")
@click.option("--by", default=None, metavar="编号", help="更正时：审批人编号。")
@click.option("--code", default=None, help="更正时：动态码。")
@home_option
@json_option
def public_number(
    name: str,
    stage: str,
    value: str,
    source: str,
    number: str | None,
    correct: bool,
    by: str | None,
    code: str | None,
    as_json: bool,
) -> int:
    """Recorded once; a wrong one is put right by a correcting certificate, and stays on record."""
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
        if correct:
            if by is None or code is None:
                raise DrawbridgeError("DB-APPROVER-007")
            role_of(books.ledger, by, code)
        with books.ledger.write() as tx:
            round_ = round_in_force(tx, campaign.task_id, stage)
            if round_ is None:
                raise DrawbridgeError("DB-CEREMONY-014", stage=stage)
            if round_.closing is None or round_.abandoned:
                raise DrawbridgeError("DB-CEREMONY-017")
            chosen = _number(round_, number)
            commitment = parse_commitment(round_.commitment)
            check_published(commitment, chosen, books.now())
            check_value(commitment, chosen, value)
            if correct:
                correct_public_value(tx, round_, chosen, value, source, books.now())
                if round_.certificate is not None:
                    certificate = corrected_by_number(tx, campaign, round_, {chosen: value})
                    record_correction(tx, round_, certificate, books.now())
                    reopen(tx, campaign, stage, f"按更正的公共随机数 {chosen} 重新办理", books.now())
            else:
                record_public_value(tx, round_, chosen, value, source, books.now())
    facts = {"task_id": campaign.task_id, "stage": stage, "number": chosen, "value": value, "source": source}
    if as_json:
        print_json(facts)
    else:
        console(to_stderr=False).print(f"已登记公共随机数 {chosen} = {value}（{source}）。")
    return DONE


def _number(round_: RecordedRound, given: str | None) -> str:
    known = [
        one["id"] for one in parse_commitment(round_.commitment)["contributors"] if one["kind"] == "public"
    ]
    if given is None and len(known) == 1:
        return str(known[0])
    if given not in known:
        raise DrawbridgeError("DB-CEREMONY-018", number=given or "-", known="、".join(known))
    return str(given)
