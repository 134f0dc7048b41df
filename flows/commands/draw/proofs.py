"""`drawbridge draw prove | check-proof`: that an object is, or is not, in the committed list."""

from __future__ import annotations

from pathlib import Path

import click

from documents.whole_file import write_whole
from draw.canonical import read_source
from draw.certificate import parse_certificate, standing_objects
from draw.commitment import Document
from draw.proof import check_proof, parse_proof
from draw.proof import prove as proof_of
from flows.command_line.command import DONE, FOUND, Command, json_option, print_json
from flows.telling.terminal import console

_FILE = click.Path(path_type=Path)
_CHECKS = {
    "certificate": "与证书一致（承诺书摘要、种子、树根、户数）",
    "path": "默克尔路径通到树根",
    "ticket": "票号",
    "place": "名单中的位置",
}
_STATES = {"ok": "相符", "failed": "不符", "not checked": "未核：没有给出 --certificate"}


@click.command("prove", cls=Command, help="证明一个对象在或不在名单中；证明可以不用名单核对。")
@click.argument("object_id", metavar="对象")
@click.option("--certificate", type=_FILE, required=True, help="对象阶段的证书。")
@click.option("--eligible", type=_FILE, required=True, help="冻结的对象名单 eligible.tsv。")
@click.option("-o", "--output", type=_FILE, default=None, help="证明写到这个文件。")
@json_option
def prove(object_id: str, certificate: Path, eligible: Path, output: Path | None, as_json: bool) -> int:
    """The line with its path and ticket, or both neighbours of the place where it would be."""
    document = _certificate(certificate)
    data = proof_of(document, eligible, object_id)
    proof = parse_proof(data)
    if output is not None:
        write_whole(output, data)
    if as_json:
        print_json(proof)
        return DONE
    out = console(to_stderr=False)
    present = proof["proof"] == "presence"
    out.print(f"{object_id} {'在' if present else '不在'}名单中（名单共 {proof['count']} 个对象）")
    for entry in proof["entries"]:
        title = "名单第" if present else "相邻第"
        out.print(
            f"{title} {entry['index'] + 1} 行  {entry['line'].split(chr(9))[0]}  票号 {entry['ticket']}"
        )
    if present:
        drawn = {found for found, _ in standing_objects(document)}
        out.print(f"结果  {'抽中' if object_id in drawn else '未抽中'}")
        for step in proof["entries"][0]["path"]:
            out.print(f"  {step}")
    out.print(f"树根  {proof['root']}")
    if output is not None:
        out.print(f"证明  {output}")
    return DONE


@click.command("check-proof", cls=Command, help="不用名单，核对一份在或不在名单中的证明。")
@click.argument("proof", type=_FILE)
@click.option("--certificate", type=_FILE, default=None, help="证书；不给出则只核对证明自身。")
@json_option
def check(proof: Path, certificate: Path | None, as_json: bool) -> int:
    """Exit status 1 if a check failed."""
    held = parse_proof(read_source(proof, proof.name), proof.name)
    document = None
    if certificate is not None:
        document = _certificate(certificate)
    rows = check_proof(held, document)
    failed = any(state == "failed" for _, state in rows)
    if as_json:
        checks = [{"check": name, "state": state} for name, state in rows]
        print_json(
            {"object_id": held["object_id"], "proof": held["proof"], "failed": failed, "checks": checks}
        )
    else:
        out = console(to_stderr=False)
        where = "在" if held["proof"] == "presence" else "不在"
        out.print(f"这份证明说：{held['object_id']} {where}名单中")
        for name, state in rows:
            out.print(f"{_CHECKS[name]}  {_STATES[state]}")
    return FOUND if failed else DONE


def _certificate(path: Path) -> Document:
    return parse_certificate(read_source(path, path.name), "objects", path.name)
