"""`drawbridge draw compute`: a draw on files alone, without a database.

Facts go to standard output (with `--json` exactly one JSON document), everything
else to standard error.  Refusals are `DrawbridgeError`s, which the outer command
prints.  Exit status: 0 done, 2 refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from documents.whole_file import write_whole
from draw.canonical import digest, read_source
from draw.compute import InspectorFiles, compute_inspectors
from draw.reveal import parse_contributions
from flows.command_line.command import Command
from flows.commands.draw.shards import (
    large_list_options,
    objects_certificate,
    show_shard,
    write_shard_file,
)
from flows.drawing.list_reader import Engine
from flows.telling.terminal import console, spinning
from schemas.errors import DrawbridgeError

_FILE = click.Path(path_type=Path)


def rosters_given(values: tuple[str, ...]) -> dict[str, Path]:
    """Department -> file, from `部门=文件`. Raises DrawbridgeError DB-DRAW-049."""
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


@click.command("compute", cls=Command)
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
@large_list_options
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
    engine: Engine,
    shard: str | None,
    keep: int,
    as_json: bool,
) -> None:
    """由承诺书、各方的值和冻结文件计算证书。

    同样的文件在任何机器上得到同样的字节；分片计算再合并也一样。
    """
    for_inspectors: dict[str, object] = {"--objects": objects, "--forbidden": forbidden, "--roster": roster}
    rosters = rosters_given(roster)
    promised = read_source(commitment, commitment.name)
    values = parse_contributions(read_source(contributions, contributions.name), contributions.name)
    if stage == "objects":
        _only_for(stage, {"--eligible": eligible}, for_inspectors)
        if shard is not None:
            facts = write_shard_file(promised, values, eligible or Path(), shard, output, engine, keep)
            show_shard(facts, as_json)
            return
        certificate = objects_certificate(promised, values, eligible or Path(), engine)
    else:
        _only_for(stage, for_inspectors, {"--eligible": eligible, "--shard": shard})
        files = InspectorFiles(objects or Path(), forbidden or Path(), rosters)
        with spinning(console(to_stderr=True), "正在抽取和匹配执法检查人员…"):
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
