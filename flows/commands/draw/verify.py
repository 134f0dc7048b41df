"""`drawbridge draw verify`: a certificate computed again, check by check (docs/verification.md).

Exit status: 0 nothing failed, 1 a check failed, 2 the question could not be put, or the document is no
certificate.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from draw.canonical import digest
from draw.certificate import parse_certificate
from flows.command_line.command import DONE, FOUND, Command
from flows.commands.draw.compute import rosters_given
from schemas.errors import DrawbridgeError
from verifier.recompute import Evidence, Row, in_chinese, publishers_to_ask, read_document, verify_certificate

_FILE = click.Path(path_type=Path)


@click.command("verify", cls=Command)
@click.argument("certificate", type=_FILE)
@click.option("--eligible", type=_FILE, help="冻结的对象名单 eligible.tsv。")
@click.option("--objects", type=_FILE, help="待检查的企业 objects.txt。")
@click.option("--forbidden", type=_FILE, help="回避组合 forbidden.tsv。")
@click.option("--roster", multiple=True, metavar="部门=文件", help="部门名录；每部门一次。")
@click.option(
    "--before",
    type=_FILE,
    multiple=True,
    help="上一阶段的证书、上一轮的证书或作废文书、被更正的证书、公开版的完整证书；可多次给出。",
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

    每项为相符、不符或未核；没有不符时退出码为 0，有则为 1；不是证书的为 2。
    """
    data = read_document(certificate)
    rows = verify_certificate(
        data,
        Evidence(
            eligible=eligible,
            objects=objects,
            forbidden=forbidden,
            rosters=dict(rosters_given(roster)),
            before=[read_document(path) for path in before],
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
    if rows[0].state == "failed":  # the form: then it is no certificate
        parse_certificate(data, name=certificate.name)  # refuses what the draw refuses, by a code of its own
        raise DrawbridgeError("DB-VERIFY-005", path=certificate, problem=rows[0].found)
    context.exit(FOUND if failed else DONE)


def _show_table(rows: list[Row], publishers: list[dict[str, str]]) -> None:
    for row in rows:
        click.echo(f"{row.name}\t{in_chinese(row)}")
    click.echo("")
    unchecked = [row.name for row in rows if row.state == "not checked"]
    click.echo("未核对：" + ("、".join(unchecked) if unchecked else "无"))
    for number in publishers:
        click.echo(f"请向公布方核对公共随机数：{number['id']} = {number['value']}（{number['format']}）")
