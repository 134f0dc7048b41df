"""`drawbridge draw seal | reveal | take`: the departments' sealed parts.

`seal` and `reveal` run on a department's own machine, without a ledger; the value never leaves it before
the department has seen the commitment.  `take` records at the office what the departments hand in.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import click

from documents.whole_file import PRIVATE, write_whole
from draw.canonical import digest, read_source
from draw.commitment import Document, parse_commitment
from draw.part import kind_of_part, new_part, open_part, parse_opening, parse_seal, seal_in, seal_of
from draw.reveal import check_value
from flows.command_line.command import DONE, Command, home_option, json_option, print_json
from flows.commands.resume import settings_for
from flows.decisions.deciding import campaign_called
from flows.site import Books, open_books
from flows.telling.terminal import console
from ledger.draws import record_reveal, round_in_force
from ledger.leaves import leave_for
from ledger.seals import record_seal
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

_STAGE = click.option(
    "--stage",
    type=click.Choice(["objects", "inspectors"]),
    required=True,
    help="objects：抽取对象；inspectors：抽取人员。",
)


@click.command("seal", cls=Command, help="封存：产生一个只有本部门知道的随机数，写出可以交出的封存文书。")
@click.option("--campaign", "task_id", required=True, metavar="任务编号", help="任务编号。")
@_STAGE
@click.option("--round", "round_", type=click.IntRange(min=1), default=1, help="第几轮，一般为 1。")
@click.option("--as", "contributor", required=True, metavar="部门全称", help="与计划中一致的部门全称。")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=".", help="文件写到哪里。"
)
@json_option
def seal(task_id: str, stage: str, round_: int, contributor: str, folder: Path, as_json: bool) -> int:
    """32 bytes of this machine's randomness; a part that was sealed is never overwritten."""
    if not re.fullmatch("[0-9]{18}", task_id):
        raise click.UsageError("选项 --campaign 应为 18 位数字的任务编号，见计划")
    part = new_part(task_id, stage, round_, contributor, secrets.token_hex(32))
    kept, handed_in = (folder / _name(title, part) for title in ("随机数", "封存"))
    for path in (kept, handed_in):
        if path.exists():
            raise DrawbridgeError("DB-CEREMONY-005", path=path)
    write_whole(kept, part, mode=PRIVATE)
    write_whole(handed_in, seal_of(part))
    commitment = seal_in(part).commitment
    if as_json:
        print_json({"kept": str(kept), "seal": str(handed_in), "commitment": commitment})
        return DONE
    click.echo(f"封存 {commitment}")
    click.echo(f"交出 {handed_in}")
    click.echo(f"自存 {kept}（只留在本部门，揭示时再用）")
    return DONE


@click.command("reveal", cls=Command, help="揭示：核对承诺书，确认后写出揭示文书。")
@click.argument("part", type=click.Path(path_type=Path), metavar="随机数文件")
@click.option("--commitment", "promised", type=click.Path(path_type=Path), required=True, help="承诺书。")
@click.option("--digest", "told", default=None, help="牵头部门另行告知的承诺书摘要，给出则核对。")
@click.option("--yes", is_flag=True, help="已经看过承诺书，不再询问。")
@json_option
def reveal(part: Path, promised: Path, told: str | None, yes: bool, as_json: bool) -> int:
    """Opens a part for the one commitment that it shows, and keeps that beside the part."""
    secret, commitment = read_source(part, part.name), read_source(promised, promised.name)
    document = parse_commitment(commitment, name=promised.name)
    found = digest(commitment)
    if told is not None and told != found:
        raise DrawbridgeError("DB-CEREMONY-006", kept=told, given=found)
    opening = open_part(secret, commitment)
    kept = part.with_name(_name("承诺书", secret))
    if kept.exists() and kept.read_bytes() != commitment:
        raise DrawbridgeError("DB-CEREMONY-006", kept=digest(kept.read_bytes()), given=found)
    for name, value in _facts(document, found).items():
        click.echo(f"{name}  {value}", err=True)
    if not yes and not click.confirm("以上与各方公布的一致，揭示本部门的随机数？", err=True):
        raise DrawbridgeError("DB-CEREMONY-007")
    write_whole(kept, commitment)
    path = part.with_name(_name("揭示", secret))
    write_whole(path, opening)
    if as_json:
        print_json({"opening": str(path), "kept": str(kept), "commitment_digest": found})
        return DONE
    click.echo(f"交出 {path}")
    click.echo(f"自存 {kept}；请保留其摘要 {found}")
    return DONE


def _facts(document: Document, found: str) -> dict[str, object]:
    """What a department should look at before it opens its part."""
    stage = document["stage"]
    facts: dict[str, object] = {"任务编号": document["campaign"], "轮次": f"第 {document['round']} 轮"}
    if document["reason"] is not None:
        facts["另抽理由"] = f"{document['reason']}（批准：{document['approved_by']}）"
    if stage == "objects":
        facts["阶段"] = "抽取对象"
        facts["名单"] = f"{document['eligible']['count']} 个对象，SHA-256 {document['eligible']['sha256']}"
        facts["比例"] = f"总体 {document['ratio']}；" + "、".join(
            f"{one['name']} {one['ratio']}" for one in document["strata"]
        )
    else:
        facts["阶段"] = "抽取和匹配人员"
        facts["对象"] = f"{document['objects']['count']} 户，{document['groups']} 组"
        facts["名录"] = "、".join(
            f"{one['code']} {one['roster']['count']} 人" for one in document["departments"]
        )
    facts["冻结时间"] = document["frozen_at"]
    facts["揭示截止"] = document["reveal_by"]
    for one in document["contributors"]:
        if one["kind"] == "public":
            facts["公共随机数"] = f"{one['id']}，{one['not_before']} 公布（{one['format']}）"
    facts["封存部门"] = "、".join(one["id"] for one in document["contributors"] if one["kind"] == "sealed")
    return {**facts, "承诺书摘要": found}


def _name(title: str, part: bytes) -> str:
    """A file name that says what for; `/` and the like are no part of one."""
    whose = seal_in(part)
    contributor = re.sub(r"[^\w\-]", "_", whose.contributor)
    return f"{title}-{whose.campaign}-{whose.stage}-{whose.round}-{contributor}.json"


@click.command("take", cls=Command, help="登记各部门交来的封存文书、揭示文书（平台上已有的不必再登记）。")
@click.argument("name", metavar="任务")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="文件…")
@home_option
@json_option
def take(name: str, files: tuple[Path, ...], as_json: bool) -> int:
    """Records one after the other up to the first that is refused; what is recorded already is no news."""
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
        given = [(read_source(path, path.name), path.name) for path in files]
        recorded = sum(_take_one(books, campaign, data, title) for data, title in given)
    if as_json:
        print_json({"task_id": campaign.task_id, "files": len(files), "recorded": recorded})
    else:
        console(to_stderr=False).print(f"已登记 {recorded} 份，原已登记 {len(files) - recorded} 份。")
    return DONE


def _take_one(books: Books, campaign: Campaign, data: bytes, name: str) -> int:
    kind = kind_of_part(data, name)
    if kind == "part":
        raise DrawbridgeError("DB-CEREMONY-004", name=name)
    return (
        _take_seal(books, campaign, data, name)
        if kind == "seal"
        else _take_opening(books, campaign, data, name)
    )


def _take_seal(books: Books, campaign: Campaign, data: bytes, name: str) -> int:
    given = parse_seal(data, name)
    names = [department.name for department in campaign.departments]
    if given.campaign != campaign.task_id:
        raise DrawbridgeError("DB-CEREMONY-011", found=given.campaign, expected=campaign.task_id)
    if given.contributor not in names:
        raise DrawbridgeError("DB-CEREMONY-013", contributor=given.contributor, known="、".join(names))
    with books.ledger.write() as tx:
        before = round_in_force(tx, campaign.task_id, given.stage)
        expected = 1 if before is None else before.round_no
        if before is not None and leave_for(tx, campaign.task_id, given.stage, before.round_no + 1):
            expected = before.round_no + 1
        if given.round != expected:
            raise DrawbridgeError("DB-CEREMONY-012", stage=given.stage, expected=expected, found=given.round)
        if before is not None and before.round_no == given.round:
            raise DrawbridgeError("DB-CEREMONY-015", stage=given.stage, round=given.round)
        return record_seal(
            tx, campaign.task_id, given.stage, given.round, given.contributor, given.commitment, books.now()
        )


def _take_opening(books: Books, campaign: Campaign, data: bytes, name: str) -> int:
    given = parse_opening(data, name)
    with books.ledger.write() as tx:
        rounds = [
            found
            for stage in ("objects", "inspectors")
            if (found := round_in_force(tx, campaign.task_id, stage)) is not None
        ]
        if not rounds:
            raise DrawbridgeError("DB-CEREMONY-014", stage="objects")
        for round_ in rounds:
            if round_.commitment_digest == given.commitment_digest:
                check_value(parse_commitment(round_.commitment), given.contributor, given.value)
                if round_.values.get(given.contributor) == given.value:
                    return 0
                record_reveal(tx, round_, given.contributor, given.value, books.now())
                return 1
    raise DrawbridgeError(
        "DB-CEREMONY-016", found=given.commitment_digest, expected=rounds[-1].commitment_digest
    )
