"""Certificate and evidence in, table out; what each row compares says docs/verification.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.errors import DrawbridgeError
from verifier.recompute.document import Document, digest
from verifier.recompute.drawn import rows_of_objects
from verifier.recompute.form import read_certificate
from verifier.recompute.former import read_all, rows_of_former
from verifier.recompute.lists import Source
from verifier.recompute.masks import row_of_public_form
from verifier.recompute.reveal import closing_digest, computed, public_numbers, rows_of_reveal
from verifier.recompute.table import NAMES, Row, Unfit, compare, failed, not_checked, ok
from verifier.recompute.visits import rows_of_inspectors


@dataclass(frozen=True)
class Evidence:
    """What the verifier holds besides the certificate; what is missing leaves its checks open.

    Files are paths or bytes, rosters by department code.  `before` are whole documents in any order: of the
    stage before, of the round before (an abandonment too), the one that this corrects, for a public form
    the whole certificate.  The digests (64 hex digits) are what somebody else kept.  `progress` hears how
    many lines of a long list have been read so far.
    """

    eligible: Source | None = None
    objects: Source | None = None
    forbidden: Source | None = None
    rosters: Mapping[str, Source] = field(default_factory=dict)
    before: Sequence[bytes] = ()
    commitment_digest: str | None = None
    closing_digest: str | None = None
    certificate_digest: str | None = None
    progress: Callable[[int], object] = field(default=lambda lines: None, repr=False)


def verify_certificate(certificate: bytes, evidence: Evidence | None = None) -> list[Row]:
    """The table of a certificate, whole or in public form, in the order of `NAMES`.

    Raises nothing for a bad certificate.  Refuses evidence that belongs to no certificate of this kind: a
    file of the other stage or of an unknown department (DB-VERIFY-001), a document before that is none
    (002), a file that cannot be read (003).
    """
    held = evidence or Evidence()
    rows: dict[str, Row] = {}
    own_digest = digest(certificate)
    try:
        document = read_certificate(certificate)
    except Unfit as unfit:
        rows["form"] = failed("form", unfit.expected, unfit.found)
    else:
        rows["form"] = ok("form")
        rows.update(_rows(certificate, document, held))
        own_digest = document.get("full", own_digest)
    rows["kept_certificate"] = _kept(
        "kept_certificate", held.certificate_digest, own_digest, "--certificate-digest"
    )
    return [rows[check] for check in NAMES if check in rows]


def publishers_to_ask(certificate: bytes) -> list[dict[str, str]]:
    """The public numbers to compare with their publishers: `{id, format, not_before, value}`.

    No computation tells whether people copied a number rightly.  Empty if the certificate cannot be read.
    """
    try:
        return public_numbers(read_certificate(certificate))
    except Unfit:
        return []


def _rows(data: bytes, document: Document, held: Evidence) -> dict[str, Row]:
    _refuse_foreign_files(document, held)
    stage = document["commitment"]["stage"]
    formers = read_all(held.before, stage)
    reveal = computed(document)
    rows = rows_of_reveal(document, reveal)
    if "full" in document:
        rows["public_form"] = row_of_public_form(data, document, formers, held.rosters)
    elif stage == "objects":
        rows.update(rows_of_objects(document, reveal, held.eligible, held.progress))
    else:
        rows.update(rows_of_inspectors(document, reveal, held.objects, held.forbidden, held.rosters))
    rows.update(rows_of_former(document, formers))
    rows["kept_commitment"] = _kept(
        "kept_commitment", held.commitment_digest, reveal.commitment_digest, "--commitment-digest"
    )
    rows["kept_closing"] = _kept(
        "kept_closing", held.closing_digest, closing_digest(document, reveal), "--closing-digest"
    )
    return rows


def _refuse_foreign_files(document: Document, held: Evidence) -> None:
    stage = document["commitment"]["stage"]
    given: dict[str, Mapping[str, object]] = {
        "inspectors": {"--eligible": held.eligible},
        "objects": {
            "--objects": held.objects,
            "--forbidden": held.forbidden,
            "--roster": held.rosters or None,
        },
    }
    foreign = [option for option, source in given[stage].items() if source is not None]
    if foreign:
        raise DrawbridgeError("DB-VERIFY-001", option=foreign[0], kind=stage)


def _kept(check: str, kept: str | None, found: str, option: str) -> Row:
    return not_checked(check, option) if kept is None else compare(check, kept, found)
