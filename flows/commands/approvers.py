"""`drawbridge approver`: who may decide together with a second person, each with a one-time-code device."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

import click

from flows.command_line.command import DONE, Command, Group, home_option, json_option, print_json
from flows.decisions.approving import role_of
from flows.site import open_books
from flows.telling.terminal import console
from ledger.approvers import SECRET_BYTES, approvers, dismiss, enrol
from schemas.errors import DrawbridgeError

_NUMBER = r"[\w.-]{1,40}"


@click.group("approver", cls=Group, help="审批人和动态码：登记、列出、停用。")
def approver() -> None:
    """The group."""


@approver.command("add", cls=Command, help="登记一名审批人，显示动态码设备要扫描的地址（只显示这一次）。")
@click.argument("approver_id", metavar="编号")
@click.option("--role", required=True, help="岗位，如“领导小组办公室主任”（不写姓名）。")
@click.option("--by", default=None, metavar="编号", help="批准登记的审批人；登记头两名时不需要。")
@click.option("--code", default=None, help="批准人的动态码。")
@home_option
@json_option
def add(approver_id: str, role: str, by: str | None, code: str | None, as_json: bool) -> int:
    """Enrols; the first two by whoever sets the installation up, later ones by leave of one of them."""
    if not re.fullmatch(_NUMBER, approver_id):
        raise click.UsageError(f"编号“{approver_id[:20]}”不行：写 1 至 40 个字母、数字、汉字，如 A01")
    with open_books() as books:
        with books.ledger.read() as tx:
            known = [one for one in approvers(tx) if one.left_at is None]
        if len(known) >= 2:
            if by is None or code is None:
                raise DrawbridgeError("DB-APPROVER-006")
            role_of(books.ledger, by, code)
        secret = secrets.token_bytes(SECRET_BYTES)
        with books.ledger.write() as tx:
            address = enrol(tx, approver_id, role, secret, datetime.now(UTC))
    if as_json:
        print_json({"approver": approver_id, "role": role, "device": address})
        return DONE
    click.echo(f"已登记审批人 {approver_id}（{role}）。")
    click.echo("请本人现在把下面的地址录入动态码设备（支持 RFC 6238 的手机应用都可以），此后不再显示：")
    click.echo(address)
    return DONE


@approver.command("list", cls=Command, help="列出审批人。")
@home_option
@json_option
def list_(as_json: bool) -> int:
    """Everybody who was ever enrolled."""
    with open_books() as books, books.ledger.read() as tx:
        known = approvers(tx)
    if as_json:
        print_json(
            {
                "approvers": [
                    {
                        "approver": one.approver_id,
                        "role": one.role,
                        "enrolled_at": one.enrolled_at,
                        "left_at": one.left_at,
                    }
                    for one in known
                ]
            }
        )
        return DONE
    out = console(to_stderr=False)
    for one in known:
        out.print(f"{one.approver_id}  {one.role}  {'在用' if one.left_at is None else '已停用'}")
    if not known:
        out.print("还没有审批人；登记用 drawbridge approver add。")
    return DONE


@approver.command("remove", cls=Command, help="停用一名审批人。")
@click.argument("approver_id", metavar="编号")
@home_option
def remove(approver_id: str) -> int:
    """The number is never given to somebody else."""
    with open_books() as books, books.ledger.write() as tx:
        dismiss(tx, approver_id, datetime.now(UTC))
    click.echo(f"已停用审批人 {approver_id}。")
    return DONE
