"""What a certificate says of the documents before it: stage, round, correction (§6)."""

from __future__ import annotations

from collections.abc import Sequence

from draw.canonical import digest, parse_document
from draw.certificate import check_certificate_form, objects_of_next_stage
from draw.commitment import Document
from draw.report import Row, compare, failed, not_checked, ok
from draw.reveal import parse_abandonment
from schemas.errors import DrawbridgeError

_Former = tuple[str, Document, bool]
"""Digest, document, and whether it is an abandonment."""


def rows_of_former_documents(document: Document, before: Sequence[bytes]) -> dict[str, Row]:
    """The rows `stage_before`, `previous` and `corrects`, as far as the certificate has them.

    `before` are whole certificates or abandonments, in any order.  One that is
    neither, or belongs to none of the three, is refused (DB-DRAW-088).
    """
    promised = document["commitment"]
    stage_before: list[_Former] = []
    same_stage: list[_Former] = []
    for position, data in enumerate(before, 1):
        former = _read(data, position)
        stage = former[1]["commitment"]["stage"]
        if stage == promised["stage"]:
            same_stage.append(former)
        elif stage == "objects":
            stage_before.append(former)
        else:
            raise DrawbridgeError("DB-DRAW-088", position=position)

    rows: dict[str, Row] = {}
    if promised["stage"] == "inspectors":
        rows["stage_before"] = _stage_before(document, stage_before)
    rows["previous"] = _previous(promised, [f for f in same_stage if f[0] != document["corrects"]])
    if document["corrects"] is not None:
        rows["corrects"] = _corrects(document, same_stage)
    return rows


def _read(data: bytes, position: int) -> _Former:
    try:
        document = parse_document(data, "before")
        if isinstance(document, dict) and "abandoned" in document:
            return digest(data), parse_abandonment(data), True
        check_certificate_form(document)
    except DrawbridgeError as error:
        raise DrawbridgeError("DB-DRAW-088", position=position) from error
    return digest(data), document, False


def _stage_before(document: Document, candidates: Sequence[_Former]) -> Row:
    promised = document["commitment"]
    certificates = [former for former in candidates if not former[2]]
    if not certificates:
        return not_checked("stage_before", "--before (stage objects)")
    named = [former for former in certificates if former[0] == promised["objects_certificate"]]
    if not named:
        return failed("stage_before", promised["objects_certificate"], certificates[0][0])
    former = named[0][1]
    visits = objects_of_next_stage(former)
    listed = "".join(one + "\n" for one in visits).encode()
    for row in (
        compare("stage_before", promised["campaign"], former["commitment"]["campaign"]),
        compare("stage_before", {"count": len(visits), "sha256": digest(listed)}, promised["objects"]),
        compare("stage_before", visits, sorted(object_id for object_id, _ in document["assignment"])),
    ):
        if row.state == "failed":
            return row
    return ok("stage_before")


def _previous(promised: Document, candidates: Sequence[_Former]) -> Row:
    if promised["round"] == 1:
        return ok("previous")
    if not candidates:
        return not_checked("previous", f"--before (round {promised['round'] - 1})")
    named = [former for former in candidates if former[0] == promised["previous"]]
    if not named:
        return failed("previous", promised["previous"], candidates[0][0])
    former = named[0][1]["commitment"]
    wanted = {"campaign": promised["campaign"], "round": promised["round"] - 1}
    return compare("previous", wanted, {member: former[member] for member in wanted})


def _corrects(document: Document, candidates: Sequence[_Former]) -> Row:
    """Same commitment, and what was decided before stands at the head of what is decided now."""
    if not candidates:
        return not_checked("corrects", "--before (corrected certificate)")
    named = [former for former in candidates if former[0] == document["corrects"] and not former[2]]
    if not named:
        return failed("corrects", document["corrects"], candidates[0][0])
    former = named[0][1]
    row = compare("corrects", former["commitment"], document["commitment"])
    if row.state == "failed" or former["seed"] != document["seed"]:
        return row  # with another public number everything that was drawn may differ
    member = "replacements" if document["commitment"]["stage"] == "objects" else "seat_replacements"
    return compare("corrects", former[member], document[member][: len(former[member])])
