"""`drawbridge draw`: compute and verify a draw on files alone, without a database.

Facts go to standard output (with `--json` exactly one JSON document), everything
else to standard error.  Refusals are `DrawbridgeError`s, which the outer command
prints.  Exit status: 0 done, 1 a check failed, 2 refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from documents.whole_file import write_whole
from draw.canonical import digest, read_source
from draw.compute import InspectorFiles, compute_inspectors, compute_objects
from draw.report import Row
from draw.reveal import parse_contributions
from draw.verify import Evidence, publishers_to_ask, verify_certificate
from flows.command_line import Group
from schemas.errors import DrawbridgeError

_FILE = click.Path(path_type=Path)


@click.group("draw", cls=Group)
def draw() -> None:
    """随机抽取：用文件计算或核验，不需要数据库。"""


def _rosters(values: tuple[str, ...]) -> dict[str, Path]:
    rosters: dict[str, Path] = {}
    for value in values:
        code, sign, path = value.partition("=")
        if not (code and sign and path) or code in rosters:
            raise DrawbridgeError("DB-DRAW-049", value=value)
        rosters[code] = Path(path)
    return rosters


def _only_for(stage: str, needed: dict[str, object], foreign: dict[str, object]) -> None:
    for option, value in needed.items():
        if not value:
            raise DrawbridgeError("DB-DRAW-086", stage=stage, option=option)
    for option, value in foreign.items():
        if value:
            raise DrawbridgeError("DB-DRAW-087", stage=stage, option=option)


@draw.command("compute")
@click.option(
    "--stage",
    type=click.Choice(["objects", "inspectors"]),
    required=True,
    help="objects：抽取对象；inspectors：抽取并匹配执法检查人员。",
)
@click.option("--commitment", type=_FILE, required=True, help="承诺书（规范 JSON）。")
@click.option(
    "--contributions",
    type=_FILE,
    required=True,
    help='各方的值，JSON：{"水务局": "…", "双色球2024061": "…"}。',
)
@click.option("--eligible", type=_FILE, help="对象阶段：冻结的对象名单 eligible.tsv。")
@click.option("--objects", type=_FILE, help="人员阶段：待检查的企业 objects.txt。")
@click.option("--forbidden", type=_FILE, help="人员阶段：回避组合 forbidden.tsv。")
@click.option(
    "--roster",
    multiple=True,
    metavar="部门=文件",
    help="人员阶段：部门名录，如 SW=roster-SW.txt；每部门一次。",
)
@click.option("-o", "--output", type=_FILE, required=True, help="证书写到这个文件；或完整写成，或不写。")
@click.option("--json", "as_json", is_flag=True, help="标准输出只有一份 JSON。")
def compute(
    stage: str,
    commitment: Path,
    contributions: Path,
    eligible: Path | None,
    objects: Path | None,
    forbidden: Path | None,
    roster: tuple[str, ...],
    output: Path,
    as_json: bool,
) -> None:
    """由承诺书、各方的值和冻结文件计算证书。

    同样的文件在任何机器上得到同样的字节。
    """
    for_inspectors: dict[str, object] = {"--objects": objects, "--forbidden": forbidden, "--roster": roster}
    rosters = _rosters(roster)
    promised = read_source(commitment, "commitment")
    values = parse_contributions(read_source(contributions, "contributions"))
    if stage == "objects":
        _only_for(stage, {"--eligible": eligible}, for_inspectors)
        certificate = compute_objects(promised, values, eligible or Path())
    else:
        _only_for(stage, for_inspectors, {"--eligible": eligible})
        files = InspectorFiles(objects or Path(), forbidden or Path(), rosters)
        certificate = compute_inspectors(promised, values, files)
    write_whole(output, certificate, code="DB-DRAW-029")
    _show_facts({"certificate": str(output), **facts_of(certificate)}, as_json)


def facts_of(certificate: bytes) -> dict[str, Any]:
    """What a person wants to know first of a certificate: stage, digest, seed, and how many of what."""
    content = json.loads(certificate)
    promised = content["commitment"]
    facts: dict[str, Any] = {
        "stage": promised["stage"],
        "campaign": promised["campaign"],
        "round": promised["round"],
        "digest": digest(certificate),
        "seed": content["seed"],
    }
    if promised["stage"] == "objects":
        return {**facts, "eligible": promised["eligible"]["count"], "drawn": len(content["winners"])}
    return {
        **facts,
        "objects": promised["objects"]["count"],
        "groups": promised["groups"],
        "relax": content["relax"],
    }


_FACT_NAMES = {
    "stage": "阶段",
    "campaign": "任务编号",
    "round": "轮次",
    "certificate": "证书",
    "digest": "证书摘要",
    "seed": "种子",
    "eligible": "抽查对象（个）",
    "drawn": "抽中（个）",
    "objects": "检查企业（户）",
    "groups": "检查组（组）",
    "relax": "户数放宽",
}


def _show_facts(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        click.echo(f"{_FACT_NAMES[name]}\t{value}")


@draw.command("verify")
@click.argument("certificate", type=_FILE)
@click.option("--eligible", type=_FILE, help="冻结的对象名单 eligible.tsv。")
@click.option("--objects", type=_FILE, help="待检查的企业 objects.txt。")
@click.option("--forbidden", type=_FILE, help="回避组合 forbidden.tsv。")
@click.option("--roster", multiple=True, metavar="部门=文件", help="部门名录；每部门一次。")
@click.option(
    "--before",
    type=_FILE,
    multiple=True,
    help="上一阶段的证书、上一轮的证书或作废文书、被更正的证书；可多次给出。",
)
@click.option("--commitment-digest", metavar="摘要", help="揭示之前公布的承诺书摘要。")
@click.option("--closing-digest", metavar="摘要", help="公共随机数公布之前的结束文书摘要。")
@click.option("--certificate-digest", metavar="摘要", help="他人保存的证书摘要。")
@click.option("--json", "as_json", is_flag=True, help="标准输出只有一份 JSON。")
@click.pass_context
def verify(
    context: click.Context,
    certificate: Path,
    eligible: Path | None,
    objects: Path | None,
    forbidden: Path | None,
    roster: tuple[str, ...],
    before: tuple[Path, ...],
    commitment_digest: str | None,
    closing_digest: str | None,
    certificate_digest: str | None,
    as_json: bool,
) -> None:
    """重新计算证书，逐项列出核验结果。

    每项为 ok、FAILED 或 not checked；没有 FAILED 时退出码为 0，否则为 1。
    """
    data = read_source(certificate, "certificate")
    rows = verify_certificate(
        data,
        Evidence(
            eligible=eligible,
            objects=objects,
            forbidden=forbidden,
            rosters=dict(_rosters(roster)),
            before=[read_source(path, "before") for path in before],
            commitment_digest=commitment_digest,
            closing_digest=closing_digest,
            certificate_digest=certificate_digest,
        ),
    )
    failed = any(row.state == "failed" for row in rows)
    if as_json:
        document = {
            "certificate": str(certificate),
            "digest": digest(data),
            "failed": failed,
            "checks": [{"name": row.name, **row._asdict()} for row in rows],
            "compare": publishers_to_ask(data),
        }
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        _show_table(rows, publishers_to_ask(data))
    context.exit(1 if failed else 0)


def _show_table(rows: list[Row], publishers: list[dict[str, str]]) -> None:
    for row in rows:
        click.echo(f"{row.name}\t{row.text}")
    click.echo("")
    unchecked = [row.name for row in rows if row.state == "not checked"]
    click.echo("未核对：" + ("、".join(unchecked) if unchecked else "无"))
    for number in publishers:
        click.echo(f"请向公布方核对公共随机数：{number['id']} = {number['value']}（{number['format']}）")
