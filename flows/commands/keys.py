"""`drawbridge keys`: personal data in the ledger is sealed, all of it, by the first key of the file."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from flows.command_line.command import DONE, Command, Group, home_option, json_option, print_json
from flows.site import OfflineBooks, open_books
from ledger.retention import settle
from ledger.sealing import outdated, reseal
from ledger.types import keys_of
from schemas.errors import DrawbridgeError


@click.group("keys", cls=Group, help="台账的密钥：查看还有多少内容待加密，全部改用第一个密钥。")
def keys() -> None:
    """The group."""


@keys.command("status", cls=Command, help="列出还没有用第一个密钥加密的内容有多少项。只读。")
@home_option
@json_option
def status(as_json: bool) -> int:
    """Counts what another key is still needed for, or none."""
    with open_books() as books:
        first = _first_key(books)
        with books.ledger.read() as tx:
            counts = outdated(tx)
    _tell(first, counts, as_json, f"未用密钥 {first} 加密的")
    return DONE


@keys.command("apply", cls=Command, help="把台账中的个人信息全部改用密钥文件里的第一个密钥加密，记入审计链。")
@home_option
@json_option
def apply(as_json: bool) -> int:
    """Seals what is not sealed, or by an older key, which can be removed afterwards."""
    with open_books() as books:
        first = _first_key(books)
        counts = reseal(books.ledger, datetime.now(UTC))
        settle(books.ledger)
    _tell(first, counts, as_json, f"已改用密钥 {first} 加密")
    if not as_json:
        click.echo("已记入审计链。密钥文件里的其他密钥可以从这份台账的密钥文件中删去；旧备份仍需要它们。")
    return DONE


def _first_key(books: OfflineBooks) -> str:
    """The name of the key that seals. Raises DrawbridgeError DB-LEDGER-013 if there is none."""
    name = next(iter(keys_of(books.ledger.engine.dialect).by_name), None)
    if name is None:
        raise DrawbridgeError("DB-LEDGER-013")
    return name


def _tell(first: str, counts: dict[str, int], as_json: bool, words: str) -> None:
    if as_json:
        print_json({"key": first, "values": counts, "total": sum(counts.values())})
        return
    listed = "，".join(f"{place} {count}" for place, count in counts.items())
    click.echo(f"{words} {sum(counts.values())} 项" + (f"：{listed}。" if listed else "。"))
