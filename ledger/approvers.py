"""Approvers: people who decide in twos, each proved by a one-time code (RFC 6238).

An approver is known by a number of the office, never by name, and acts in a role.  A code is good
for its half minute and the ones beside it, and once.  What is wrong is counted: after five wrong codes
in a row the approver waits ten minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from ledger.audit import append
from ledger.encrypted import Keys
from ledger.engine import Transaction
from ledger.tables import approver, approver_code
from ledger.types import keys_of
from schemas.errors import DrawbridgeError

STEP_S = 30
SECRET_BYTES = 20
WRONG_CODES = 5
REST = timedelta(minutes=10)

Verdict = Literal["good", "wrong", "used", "resting", "unknown"]


@dataclass(frozen=True)
class Approver:
    """Somebody who may approve. Times are UTC; `left_at`: since when no longer."""

    approver_id: str
    role: str
    enrolled_at: datetime
    left_at: datetime | None


def enrol(tx: Transaction, approver_id: str, role: str, secret: bytes, now: datetime) -> str:
    """Enrols an approver and returns the address that a one-time-code device reads (otpauth://).

    The secret is kept sealed where the ledger was opened with keys.

    Raises DrawbridgeError DB-APPROVER-001 if the number is taken, also by one who left.
    """
    if tx.scalar(sa.select(approver.c.approver_id).where(approver.c.approver_id == approver_id)):
        raise DrawbridgeError("DB-APPROVER-001", approver=approver_id)
    row = {
        "approver_id": approver_id,
        "approver_role": role,
        "code_secret": keys_of(tx.dialect).seal(_place(approver_id), secret),
    }
    tx.execute(approver.insert(), row | {"enrolled_at": now, "wrong_codes": 0})
    append(tx, "approver-enrolled", approver_id, {"role": role}, now)
    return _device(secret).get_provisioning_uri(approver_id, "drawbridge")


def dismiss(tx: Transaction, approver_id: str, now: datetime) -> None:
    """The approver may approve no longer. Raises DrawbridgeError DB-APPROVER-002 for an unknown one."""
    changed = tx.execute(
        approver.update()
        .where(approver.c.approver_id == approver_id, approver.c.left_at.is_(None))
        .values(left_at=now)
    )
    if changed.rowcount == 0:
        raise DrawbridgeError("DB-APPROVER-002", approver=approver_id)
    append(tx, "approver-left", approver_id, {}, now)


def approvers(tx: Transaction) -> list[Approver]:
    """Everybody who was ever enrolled, by number."""
    rows = tx.execute(sa.select(approver).order_by(approver.c.approver_id))
    return [Approver(row.approver_id, row.approver_role, row.enrolled_at, row.left_at) for row in rows]


def try_code(tx: Transaction, approver_id: str, code: str, wall: datetime) -> tuple[Verdict, str]:
    """Judges a code at `wall` and keeps what came of it; the role goes with it.

    Nothing is raised for a code, so that the count of wrong ones is committed.  A good code is used up.
    Raises DrawbridgeError DB-APPROVER-021 if the secret does not open.
    """
    row = tx.execute(
        sa.select(approver).where(approver.c.approver_id == approver_id, approver.c.left_at.is_(None))
    ).one_or_none()
    if row is None:
        return "unknown", ""
    if row.wrong_codes >= WRONG_CODES and wall < row.wrong_at + REST:
        return "resting", row.approver_role
    keys = keys_of(tx.dialect)
    secret = keys.unseal(_place(approver_id), row.code_secret)
    step = _step_of(_device(secret), code, wall)
    used = step is not None and tx.scalar(
        sa.select(approver_code.c.time_step).where(
            approver_code.c.approver_id == approver_id, approver_code.c.time_step == step
        )
    )
    if step is None or used:
        tx.execute(
            approver.update()
            .where(approver.c.approver_id == approver_id)
            .values(wrong_codes=approver.c.wrong_codes + 1, wrong_at=wall)
        )
        append(tx, "code-refused", approver_id, {"why": "used" if used else "wrong"}, wall)
        return ("used" if used else "wrong"), row.approver_role
    tx.execute(approver_code.insert(), {"approver_id": approver_id, "time_step": step})
    kept = row.code_secret if keys.is_current(row.code_secret) else keys.seal(_place(approver_id), secret)
    tx.execute(
        approver.update().where(approver.c.approver_id == approver_id).values(wrong_codes=0, code_secret=kept)
    )
    return "good", row.approver_role


def outdated_secrets(tx: Transaction, keys: Keys) -> dict[str, bytes]:
    """By number the secrets, as they are stored, that are not sealed by the first key.

    Of those who left none: nothing opens them any more, and it may be that their key is lost.
    """
    query = sa.select(approver.c.approver_id, approver.c.code_secret).where(approver.c.left_at.is_(None))
    found = {who: bytes(stored) for who, stored in tx.execute(query).tuples()}
    return {who: stored for who, stored in found.items() if not keys.is_current(stored)}


def reseal_secrets(tx: Transaction, keys: Keys, outdated: Mapping[str, bytes]) -> None:
    """Seals these by the first key. Raises DrawbridgeError DB-APPROVER-021 if one does not open."""
    for who, stored in outdated.items():
        secret = keys.unseal(_place(who), stored)
        sealed = keys.seal(_place(who), secret)
        tx.execute(approver.update().where(approver.c.approver_id == who).values(code_secret=sealed))


def code_at(secret: bytes, wall: datetime) -> str:
    """The code that a device with this secret shows at `wall`."""
    return _device(secret).generate(int(wall.timestamp())).decode()


def _place(approver_id: str) -> str:
    return f"approver.code_secret/{approver_id}"


def _device(secret: bytes) -> TOTP:
    # SHA-1 and six digits: what every device knows (RFC 6238 §1.2; the apps ignore other choices).
    return TOTP(secret, 6, SHA1(), STEP_S)  # noqa: S303  # nosec B303


def _step_of(device: TOTP, code: str, wall: datetime) -> int | None:
    """The time step whose code this is: the present one or one beside it (RFC 6238 §5.2)."""
    present = int(wall.timestamp()) // STEP_S
    shown = code.replace(" ", "")
    for step in (present, present - 1, present + 1):
        if device.generate(step * STEP_S).decode() == shown:
            return step
    return None
