"""The draw as it was held: frozen files, commitment, values as they came in, closing, certificates.

A round is committed once, closed once and drawn once: whoever comes second finds what is
recorded.  The keys of the tables see to that; the look before each insert only spares the error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from draw.canonical import parse_document
from draw.certificate import parse_certificate, standing_objects
from ledger.audit import append
from ledger.campaigns import campaigns
from ledger.engine import Transaction
from ledger.forms import forms
from ledger.tables import (
    draw_abandonment,
    draw_certificate,
    draw_closing,
    draw_file,
    draw_round,
    draw_value,
)
from ledger.texts import digest_of
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class RecordedRound:
    """One round of one stage as far as it came.

    `values`: contributor -> value, sealed and public; `sources`: public contributor -> where it was read;
    `closing` is the closing, or the abandonment where parts were withheld; `abandonment` the document that
    ended the round, if one did, before or after its closing; `certificates`: the draw and its
    corrections, in order.
    """

    task_id: str
    stage: str
    round_no: int
    files: Mapping[str, bytes]
    commitment: bytes
    commitment_digest: str
    values: Mapping[str, str]
    sources: Mapping[str, str]
    closing: bytes | None
    abandonment: bytes | None
    certificates: tuple[bytes, ...]

    @property
    def certificate(self) -> bytes | None:
        """The certificate in force: the last correction, else the draw."""
        return self.certificates[-1] if self.certificates else None

    @property
    def abandoned(self) -> bool:
        """Whether the round ended without a draw."""
        return self.abandonment is not None

    @property
    def ended_by(self) -> bytes | None:
        """The document that the next round must name: the certificate in force, or the abandonment."""
        return self.certificate or self.abandonment

    @property
    def is_over(self) -> bool:
        """Whether another round may follow: this one is drawn or abandoned."""
        return self.ended_by is not None

    @property
    def subject(self) -> str:
        """How the audit chain calls this round."""
        return f"{self.task_id}/{self.stage}/{self.round_no}"


def record_commitment(
    tx: Transaction,
    task_id: str,
    stage: str,
    round_no: int,
    files: Mapping[str, bytes],
    commitment: bytes,
    now: datetime,
) -> RecordedRound:
    """Records the frozen files and the commitment to them, or returns the round that is recorded.

    Raises DrawbridgeError DB-LEDGER-030 if the round does not follow from the one before (draw-spec.md §2).
    """
    recorded = _round(tx, task_id, stage, round_no)
    if recorded is not None:
        return recorded
    _check_follows(tx, task_id, stage, round_no, commitment)
    row = {"task_id": task_id, "stage": stage, "round_no": round_no}
    digest = digest_of(commitment)
    try:
        with tx.begin_nested():
            tx.execute(
                draw_round.insert(),
                row | {"commitment": commitment, "commitment_digest": digest, "committed_at": now},
            )
            for name, content in files.items():
                tx.execute(
                    draw_file.insert(),
                    row | {"file_name": name, "content": content, "digest": digest_of(content)},
                )
    except sa.exc.IntegrityError:
        return _must(_round(tx, task_id, stage, round_no))
    facts = {"commitment": digest, "files": {name: digest_of(content) for name, content in files.items()}}
    append(tx, "draw-committed", f"{task_id}/{stage}/{round_no}", facts, now)
    return _must(_round(tx, task_id, stage, round_no))


def record_reveal(tx: Transaction, round_: RecordedRound, contributor: str, value: str, at: datetime) -> None:
    """Records an opened value; the same again is no news.

    Raises DrawbridgeError DB-LEDGER-032 for another value, -034 once the round is closed.
    """
    if _is_known(tx, round_, contributor, value):
        return
    if _must(_round(tx, round_.task_id, round_.stage, round_.round_no)).closing is not None:
        raise DrawbridgeError("DB-LEDGER-034", stage=round_.stage, round=round_.round_no)
    _write_value(tx, round_, contributor, 0, value, at, None)
    facts = {"contributor": contributor, "value": digest_of(value)}
    append(tx, "draw-revealed", round_.subject, facts, at)


def record_public_value(
    tx: Transaction, round_: RecordedRound, number_id: str, value: str, source: str | None, now: datetime
) -> None:
    """Records the public number with where it was read; the same again is no news.

    Raises DrawbridgeError DB-LEDGER-032 for another value: that is what `correct_public_value` is for.
    """
    if _is_known(tx, round_, number_id, value):
        return
    _write_value(tx, round_, number_id, 0, value, now, source or "")
    facts = {"number": number_id, "value": value, "source": source or ""}
    append(tx, "public-number", round_.subject, facts, now)


def correct_public_value(
    tx: Transaction, round_: RecordedRound, number_id: str, value: str, source: str | None, now: datetime
) -> None:
    """Puts right a public number that was copied wrongly; the wrong one stays on record."""
    last = _last_value(tx, round_, number_id)
    if last is not None and last[1] == value:
        return
    _write_value(tx, round_, number_id, 0 if last is None else last[0] + 1, value, now, source or "")
    facts = {"number": number_id, "value": value, "source": source or ""}
    append(tx, "public-number-corrected", round_.subject, facts, now)


def record_closing(
    tx: Transaction, round_: RecordedRound, document: bytes, *, abandoned: bool, now: datetime
) -> RecordedRound:
    """Records the closing or the abandonment, unless one is recorded; returns the round as it stands."""
    row = {"task_id": round_.task_id, "stage": round_.stage, "round_no": round_.round_no}
    if _must(_round(tx, round_.task_id, round_.stage, round_.round_no)).closing is None:
        try:
            with tx.begin_nested():
                tx.execute(
                    draw_closing.insert(),
                    row
                    | {
                        "document": document,
                        "digest": digest_of(document),
                        "abandoned": abandoned,
                        "closed_at": now,
                    },
                )
        except sa.exc.IntegrityError:
            pass
        else:
            kind = "draw-abandoned" if abandoned else "draw-closed"
            append(tx, kind, round_.subject, {"document": digest_of(document)}, now)
    return _must(_round(tx, round_.task_id, round_.stage, round_.round_no))


def record_abandonment(
    tx: Transaction, round_: RecordedRound, document: bytes, now: datetime
) -> RecordedRound:
    """Ends a closed round whose public number never came; ended already is no news.

    Raises DrawbridgeError DB-LEDGER-035 if the round is drawn, or not closed.
    """
    standing = _must(_round(tx, round_.task_id, round_.stage, round_.round_no))
    if standing.abandoned:
        return standing
    if standing.closing is None or standing.certificates:
        raise DrawbridgeError("DB-LEDGER-035", stage=round_.stage, round=round_.round_no)
    row = {"task_id": round_.task_id, "stage": round_.stage, "round_no": round_.round_no}
    tx.execute(
        draw_abandonment.insert(),
        row | {"document": document, "digest": digest_of(document), "abandoned_at": now},
    )
    append(tx, "draw-abandoned", round_.subject, {"document": digest_of(document)}, now)
    return _must(_round(tx, round_.task_id, round_.stage, round_.round_no))


def record_certificate(tx: Transaction, round_: RecordedRound, certificate: bytes, now: datetime) -> bytes:
    """Records the draw, or returns the one that is recorded: a round is drawn once.

    Raises DrawbridgeError DB-LEDGER-035 if the round was abandoned.
    """
    recorded = _certificates(tx, round_.task_id, round_.stage, round_.round_no)
    if recorded:
        return recorded[0]
    if _must(_round(tx, round_.task_id, round_.stage, round_.round_no)).abandoned:
        raise DrawbridgeError("DB-LEDGER-035", stage=round_.stage, round=round_.round_no)
    try:
        with tx.begin_nested():
            _write_certificate(tx, round_, 0, certificate, now)
    except sa.exc.IntegrityError:
        return _certificates(tx, round_.task_id, round_.stage, round_.round_no)[0]
    append(tx, "drawn", round_.subject, {"certificate": digest_of(certificate)}, now)
    return certificate


def record_correction(tx: Transaction, round_: RecordedRound, certificate: bytes, now: datetime) -> bytes:
    """Records a certificate that corrects the last one; the same again is no news. Returns the one in force.

    Raises DrawbridgeError DB-LEDGER-033 if its `corrects` is not the last one's digest.
    """
    recorded = _certificates(tx, round_.task_id, round_.stage, round_.round_no)
    if certificate in recorded:
        return recorded[-1]
    corrects = parse_document(certificate, "certificate")["corrects"]
    if not recorded or corrects != digest_of(recorded[-1]):
        raise DrawbridgeError("DB-LEDGER-033")
    _write_certificate(tx, round_, len(recorded), certificate, now)
    facts = {"certificate": digest_of(certificate), "corrects": corrects}
    append(tx, "draw-corrected", round_.subject, facts, now)
    return certificate


def round_in_force(tx: Transaction, task_id: str, stage: str) -> RecordedRound | None:
    """The newest round of a stage; it may be abandoned."""
    newest = tx.scalar(
        sa.select(sa.func.max(draw_round.c.round_no)).where(
            draw_round.c.task_id == task_id, draw_round.c.stage == stage
        )
    )
    return None if newest is None else _round(tx, task_id, stage, newest)


def rounds(tx: Transaction, task_id: str, stage: str) -> list[RecordedRound]:
    """All rounds of a stage, in order: none is ever removed."""
    numbers = tx.scalars(
        sa.select(draw_round.c.round_no)
        .where(draw_round.c.task_id == task_id, draw_round.c.stage == stage)
        .order_by(draw_round.c.round_no)
    ).all()
    return [_must(_round(tx, task_id, stage, number)) for number in numbers]


def drawn_in_other_campaigns(tx: Transaction, plan: Campaign) -> dict[str, int]:
    """In how many other campaigns of the same year an object or enterprise was drawn: id or USCC -> number.

    Drawn: standing in the certificate in force (replaced ones are not), or on a form, which is what is
    known of a platform's draw.  A project counts under its own id and under its owner's USCC.  The year is
    that of the campaign's first day.
    """
    times: Counter[str] = Counter()
    for other in campaigns(tx):
        if other.task_id == plan.task_id or other.starts_on.year != plan.starts_on.year:
            continue
        round_ = round_in_force(tx, other.task_id, "objects")
        drawn: set[str] = set()
        if round_ is not None and round_.certificate is not None:
            drawn.update(*standing_objects(parse_certificate(round_.certificate, "objects")))
        for form in forms(tx, other.task_id):
            drawn |= {form.uscc} | {covered.object_id for covered in form.objects}
        times.update(drawn)
    return dict(times)


def _check_follows(tx: Transaction, task_id: str, stage: str, round_no: int, commitment: bytes) -> None:
    before = round_in_force(tx, task_id, stage)
    previous = parse_document(commitment, "commitment")["previous"]
    if before is None:
        follows = round_no == 1 and previous is None
    else:
        ended_by = before.ended_by
        follows = round_no == before.round_no + 1 and ended_by is not None and previous == digest_of(ended_by)
    if not follows:
        raise DrawbridgeError("DB-LEDGER-030", stage=stage, round=round_no)


def _round(tx: Transaction, task_id: str, stage: str, round_no: int) -> RecordedRound | None:
    row = tx.execute(sa.select(draw_round).where(_of(draw_round, task_id, stage, round_no))).one_or_none()
    if row is None:
        return None
    files = tx.execute(sa.select(draw_file).where(_of(draw_file, task_id, stage, round_no)))
    given = tx.execute(
        sa.select(draw_value)
        .where(_of(draw_value, task_id, stage, round_no))
        .order_by(draw_value.c.seq_no, draw_value.c.given_at, draw_value.c.contributor)
    ).all()
    closing = tx.execute(sa.select(draw_closing).where(_of(draw_closing, task_id, stage, round_no)))
    closed = closing.one_or_none()
    abandoned = tx.execute(
        sa.select(draw_abandonment.c.document).where(_of(draw_abandonment, task_id, stage, round_no))
    ).one_or_none()
    document = None if closed is None else bytes(closed.document)
    ended = document if closed is not None and closed.abandoned else None
    return RecordedRound(
        task_id,
        stage,
        round_no,
        {file.file_name: bytes(file.content) for file in files},
        bytes(row.commitment),
        row.commitment_digest,
        {value.contributor: value.draw_value for value in given},
        {value.contributor: value.public_source for value in given if value.public_source is not None},
        document,
        ended if abandoned is None else bytes(abandoned.document),
        tuple(_certificates(tx, task_id, stage, round_no)),
    )


def _certificates(tx: Transaction, task_id: str, stage: str, round_no: int) -> list[bytes]:
    query = sa.select(draw_certificate.c.document).where(_of(draw_certificate, task_id, stage, round_no))
    return [bytes(document) for document in tx.scalars(query.order_by(draw_certificate.c.seq_no))]


def _write_certificate(
    tx: Transaction, round_: RecordedRound, seq_no: int, certificate: bytes, now: datetime
) -> None:
    tx.execute(
        draw_certificate.insert(),
        {
            "task_id": round_.task_id,
            "stage": round_.stage,
            "round_no": round_.round_no,
            "seq_no": seq_no,
            "document": certificate,
            "digest": digest_of(certificate),
            "drawn_at": now,
        },
    )


def _last_value(tx: Transaction, round_: RecordedRound, contributor: str) -> tuple[int, str] | None:
    column = draw_value.c
    row = tx.execute(
        sa.select(column.seq_no, column.draw_value)
        .where(
            _of(draw_value, round_.task_id, round_.stage, round_.round_no), column.contributor == contributor
        )
        .order_by(column.seq_no.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.seq_no, row.draw_value)


def _is_known(tx: Transaction, round_: RecordedRound, contributor: str, value: str) -> bool:
    last = _last_value(tx, round_, contributor)
    if last is None:
        return False
    if last[1] != value:
        raise DrawbridgeError("DB-LEDGER-032", contributor=contributor)
    return True


def _write_value(
    tx: Transaction,
    round_: RecordedRound,
    contributor: str,
    seq_no: int,
    value: str,
    at: datetime,
    source: str | None,
) -> None:
    tx.execute(
        draw_value.insert(),
        {
            "task_id": round_.task_id,
            "stage": round_.stage,
            "round_no": round_.round_no,
            "contributor": contributor,
            "seq_no": seq_no,
            "draw_value": value,
            "given_at": at,
            "public_source": source,
        },
    )


def _of(table: sa.Table, task_id: str, stage: str, round_no: int) -> sa.ColumnElement[bool]:
    column: Any = table.c
    return sa.and_(column.task_id == task_id, column.stage == stage, column.round_no == round_no)


def _must(round_: RecordedRound | None) -> RecordedRound:
    if round_ is None:
        raise LookupError("no such round")
    return round_
