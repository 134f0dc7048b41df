"""一企一表 as made by us, or as the platform made them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Transaction
from ledger.many_records import no_cycles
from ledger.tables import form
from ledger.texts import digest_of, text_of
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm


def record_forms(
    tx: Transaction,
    task_id: str,
    made: Sequence[InspectionForm],
    now: datetime,
    origin: Literal["ours", "platform"] = "ours",
) -> list[InspectionForm]:
    """Records forms, whole or none; the same again is no news. Returns the newest of every enterprise.

    Raises DrawbridgeError DB-LEDGER-031 if a version is on record with other content: one enterprise,
    one form, and a changed form is a new version.
    """
    column = form.c
    query = sa.select(column.uscc, column.form_version, column.digest).where(column.task_id == task_id)
    known = {(row.uscc, row.form_version): row.digest for row in tx.execute(query)}
    news: list[list[object]] = []
    rows: list[dict[str, object]] = []
    for entry in made:
        body = text_of(entry)
        digest = digest_of(body)
        recorded = known.get((entry.uscc, entry.version))
        if recorded == digest:
            continue
        if recorded is not None:
            raise DrawbridgeError("DB-LEDGER-031", what="表单", key=entry.form_no)
        rows.append(
            {
                "task_id": task_id,
                "uscc": entry.uscc,
                "form_version": entry.version,
                "form_no": entry.form_no,
                "origin": origin,
                "body": body,
                "digest": digest,
                "recorded_at": now,
            }
        )
        known[entry.uscc, entry.version] = digest
        news.append([entry.form_no, entry.version, digest])
    if news:
        tx.execute(form.insert(), rows)
        append(tx, "forms-recorded", task_id, {"origin": origin, "forms": news}, now)
    return forms(tx, task_id)


def forms_digest(tx: Transaction, task_id: str) -> str:
    """One digest over all recorded forms: the same as long as none was added."""
    column = form.c
    query = sa.select(column.uscc, column.form_version, column.digest).where(column.task_id == task_id)
    return digest_of(
        "".join(f"{uscc}/{no}/{digest}\n" for uscc, no, digest in sorted(tx.execute(query).tuples()))
    )


def forms(tx: Transaction, task_id: str) -> list[InspectionForm]:
    """The newest form of every enterprise, by its code."""
    query = sa.select(form).where(form.c.task_id == task_id).order_by(form.c.form_version)
    newest = {row.uscc: row.body for row in tx.execute(query)}
    with no_cycles():
        return [InspectionForm.model_validate_json(newest[uscc]) for uscc in sorted(newest)]
