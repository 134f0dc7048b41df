"""Who decides: an approver's number and one-time code, turned into a role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from ledger.approvers import WRONG_CODES, try_code
from ledger.engine import Ledger
from schemas.errors import DrawbridgeError

_REFUSALS = {
    "unknown": "DB-APPROVER-002",
    "wrong": "DB-APPROVER-003",
    "used": "DB-APPROVER-004",
    "resting": "DB-APPROVER-005",
}


def approver_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--by` and `--code`: who decides. The code is asked for where it is not given."""
    code = click.option(
        "--code", prompt="动态码", hide_input=False, help="动态码设备上的六位数字；不给出则提示输入。"
    )
    by = click.option("--by", "approver_id", required=True, metavar="编号", help="审批人编号（不写姓名）。")
    return by(code(function))


def wall() -> datetime:
    """The time by which codes are judged: campaign time would be no protection."""
    return datetime.now(UTC)


def role_of(ledger: Ledger, approver_id: str, code: str) -> str:
    """The approver's role, if the code is good; it is used up.

    Raises DrawbridgeError DB-APPROVER-002 (unknown), -003 (wrong), -004 (used), -005 (too many wrong ones),
    -021 (the secret does not open).
    """
    with ledger.write() as tx:
        verdict, role = try_code(tx, approver_id, code, wall())
    if verdict != "good":
        raise DrawbridgeError(_REFUSALS[verdict], approver=approver_id, count=WRONG_CODES)
    return role
