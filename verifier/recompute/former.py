"""What a certificate says of the documents before it: stage, round, correction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schemas.errors import DrawbridgeError
from verifier.recompute.document import Document, digest
from verifier.recompute.form import read_former
from verifier.recompute.table import Row, Unfit, compare, failed, not_checked, ok

_RECORDED = {"objects": "replacements", "inspectors": "seat_replacements"}


class Former(NamedTuple):
    """A document before: its digest, and what it says."""

    digest: str
    document: Document

    @property
    def commitment(self) -> Document:
        """Of the draw that it ended."""
        found: Document = self.document["commitment"]
        return found

    @property
    def certified(self) -> bool:
        """Whether it is a certificate, and no abandonment."""
        return "abandoned" not in self.document


def read_all(before: Sequence[bytes], stage: str) -> list[Former]:
    """The documents before a certificate of this stage.

    Refuses one that is neither certificate nor abandonment, and a certificate of the later stage
    (DB-VERIFY-002).
    """
    found = []
    for position, data in enumerate(before, 1):
        try:
            former = Former(digest(data), read_former(data))
        except Unfit as unfit:
            problem = f"expected {unfit.expected}, found {unfit.found}"[:200]
            raise DrawbridgeError("DB-VERIFY-002", position=position, problem=problem) from None
        if stage == "objects" and former.commitment["stage"] == "inspectors" and former.certified:
            raise DrawbridgeError("DB-VERIFY-002", position=position, problem="of the later stage")
        found.append(former)
    return found


def rows_of_former(document: Document, formers: Sequence[Former]) -> dict[str, Row]:
    """The rows `previous`, and of a whole certificate `stage_before` and `corrects` where it has them."""
    promised = document["commitment"]
    same_stage = [one for one in formers if one.commitment["stage"] == promised["stage"]]
    own = {document["corrects"], document.get("full")}
    rows = {"previous": _previous(promised, [one for one in same_stage if one.digest not in own])}
    if "full" in document:
        return rows
    if promised["stage"] == "inspectors":
        certificates = [one for one in formers if one.certified and one.commitment["stage"] == "objects"]
        rows["stage_before"] = _stage_before(document, certificates)
    if document["corrects"] is not None:
        rows["corrects"] = _corrects(document, same_stage)
    return rows


def _previous(promised: Document, candidates: Sequence[Former]) -> Row:
    number, history = promised["round"], ("previous", "reason", "approved_by")
    if number == 1:
        return compare("previous", dict.fromkeys(history), {name: promised[name] for name in history})
    for name in history:
        if promised[name] is None:
            return failed("previous", f"{name} of round {number}", "null")
    if not candidates:
        return not_checked("previous", f"--before (round {number - 1})")
    found = next((one for one in candidates if one.digest == promised["previous"]), None)
    if found is None:
        return failed("previous", promised["previous"], candidates[0].digest)
    wanted = {"campaign": promised["campaign"], "round": number - 1}
    return compare("previous", wanted, {name: found.commitment[name] for name in wanted}, "before")


def _corrects(document: Document, candidates: Sequence[Former]) -> Row:
    if not candidates:
        return not_checked("corrects", "--before (corrected certificate)")
    found = next((one for one in candidates if one.digest == document["corrects"] and one.certified), None)
    if found is None:
        return failed("corrects", document["corrects"], candidates[0].digest)
    row = compare("corrects", found.commitment, document["commitment"], "commitment")
    if row.state == "failed" or found.document["seed"] != document["seed"]:
        return row
    member = _RECORDED[document["commitment"]["stage"]]
    earlier = found.document[member]
    return compare("corrects", earlier, document[member][: len(earlier)])


def _stage_before(document: Document, certificates: Sequence[Former]) -> Row:
    promised = document["commitment"]
    if not certificates:
        return not_checked("stage_before", "--before (stage objects)")
    found = next((one for one in certificates if one.digest == promised["objects_certificate"]), None)
    if found is None:
        return failed("stage_before", promised["objects_certificate"], certificates[0].digest)
    visits = _enterprises(found.document)
    for row in (
        compare("stage_before", found.commitment["campaign"], promised["campaign"], "campaign"),
        compare("stage_before", len(visits), promised["objects"]["count"], "objects.count"),
        compare(
            "stage_before",
            digest("".join(f"{one}\n" for one in visits).encode()),
            promised["objects"]["sha256"],
            "objects.sha256",
        ),
        compare("stage_before", visits, sorted(one for one, _ in document["assignment"]), "objects"),
    ):
        if row.state == "failed":
            return row
    return ok("stage_before")


def _enterprises(certificate: Document) -> list[str]:
    """The distinct enterprises of the objects that stand, sorted."""
    standing = {one["object_id"]: one["uscc"] for one in certificate["winners"]}
    for entry in certificate["replacements"]:
        standing.pop(entry["object_id"], None)
        if entry["by"] is not None:
            standing[entry["by"]] = entry["uscc"]
    return sorted({uscc for uscc in standing.values() if uscc is not None})
