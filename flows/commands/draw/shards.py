"""`draw compute --engine … --shard i/n` and `draw merge`: large lists, on one machine or on many."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from documents.whole_file import write_whole
from draw.canonical import Source, digest, read_source
from draw.compute import compute_objects
from draw.reveal import parse_contributions
from flows.command_line.command import DONE, Command, json_option, print_json
from flows.drawing.list_reader import Engine, reader_for
from flows.drawing.list_reader import Progress as Hears
from flows.drawing.parquet_list import as_tsv
from flows.drawing.shards import compute_shard, merge_into_certificate, shard_named
from flows.telling.terminal import console

_FILE = click.Path(path_type=Path)
_SHOWN_AFTER_S = 2.0
_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def large_list_options(command: _Decorated) -> _Decorated:
    """`--engine`, `--shard` and `--keep` of `draw compute`."""
    for option in (
        click.option(
            "--keep",
            type=click.IntRange(min=1),
            default=1,
            help="分片：保留几倍于预计所需的票号；合并时提示不足才需要加大。",
        ),
        click.option(
            "--shard", metavar="第几片/共几片", help="对象阶段：只计算名单的一片，写出分片文件，如 1/2。"
        ),
        click.option(
            "--engine",
            type=click.Choice(["auto", "compiled", "pure"]),
            default="auto",
            help="对象阶段怎样读名单，结果相同。auto：名单大时用编译引擎；pure：只用 Python。",
        ),
    ):
        command = option(command)
    return command


def objects_certificate(
    commitment: bytes, values: Mapping[str, str], eligible: Source, engine: Engine = "auto"
) -> bytes:
    """The certificate of stage `objects` from a list of any size, TSV or Parquet, with a bar."""
    with as_tsv(eligible) as listed, reading_bar() as progress:
        return compute_objects(commitment, values, listed, read=reader_for(engine, progress))


def write_shard_file(
    commitment: bytes,
    values: Mapping[str, str],
    eligible: Source,
    shard: str,
    output: Path,
    engine: Engine = "auto",
    keep: int = 1,
) -> dict[str, Any]:
    """Computes the shard named `i/n`, writes its file whole or not at all, and returns what to show of it."""
    index, of = shard_named(shard)
    with as_tsv(eligible) as listed, reading_bar() as progress:
        data = compute_shard(
            commitment, values, listed, index, of, keep=keep, engine=engine, progress=progress
        )
    write_whole(output, data, code="DB-DRAW-029")
    document = json.loads(data)
    return {
        "shard": str(output),
        "index": index,
        "of": of,
        "lines": document["count"],
        "kept": document["kept"].count("\n"),
        "digest": digest(data),
    }


_SHARD_FACTS = {
    "shard": "分片文件",
    "index": "第几片",
    "of": "共几片",
    "lines": "行数",
    "kept": "保留票号（个）",
    "digest": "分片摘要",
}


def show_shard(facts: Mapping[str, Any], as_json: bool) -> None:
    """Prints what `write_shard_file` returned."""
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        click.echo(f"{_SHARD_FACTS[name]}\t{value}")


@click.command("merge", cls=Command, help="把各片合并成证书，与不分片计算的逐字节相同。")
@click.argument("shards", type=_FILE, nargs=-1, required=True, metavar="分片…")
@click.option("--commitment", type=_FILE, required=True, help="承诺书（规范 JSON）。")
@click.option("--contributions", type=_FILE, required=True, help="各方的值，与计算各片时相同。")
@click.option("-o", "--output", type=_FILE, required=True, help="证书写到这个文件；或完整写成，或不写。")
@json_option
def merge(
    shards: tuple[Path, ...], commitment: Path, contributions: Path, output: Path, as_json: bool
) -> int:
    """All shards of a division, in any order; the list itself is not needed."""
    values = parse_contributions(read_source(contributions, "contributions"))
    promised = read_source(commitment, "commitment")
    certificate = merge_into_certificate(
        promised, values, [(path.name, read_source(path, path.name)) for path in shards]
    )
    write_whole(output, certificate, code="DB-DRAW-029")
    content = json.loads(certificate)
    facts = {
        "certificate": str(output),
        "shards": len(shards),
        "digest": digest(certificate),
        "eligible": content["commitment"]["eligible"]["count"],
        "drawn": len(content["winners"]),
    }
    if as_json:
        print_json(facts)
    else:
        click.echo(f"证书\t{output}\n证书摘要\t{facts['digest']}")
        click.echo(f"由 {len(shards)} 片合并：{facts['eligible']} 个对象中抽中 {facts['drawn']} 个")
    return DONE


@contextmanager
def reading_bar(title: str = "读取名单") -> Iterator[Hears]:
    """Hears how far the reading has come, and draws it on standard error once that takes two seconds."""
    out = console(to_stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    task, began = bar.add_task(title, total=None), time.monotonic()

    def hear(done: int, total: int) -> None:
        if time.monotonic() - began >= _SHOWN_AFTER_S:
            bar.start()
            bar.update(task, completed=done, total=total)

    try:
        yield hear
    finally:
        bar.stop()
