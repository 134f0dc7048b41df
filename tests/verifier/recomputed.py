"""A case of the corpus, or a draw vector, put to `verifier.recompute`."""

from __future__ import annotations

from typing import Any

from schemas.errors import DrawbridgeError
from tests.draw.vectors import files_of, inspector_files
from tests.verifier.corpus import Case
from verifier.recompute import Evidence, verify_certificate


def evidence_of(case: Case) -> Evidence:
    """Everything that the case has."""
    files = case.files
    return Evidence(
        eligible=files.get("eligible"),
        objects=files.get("objects"),
        forbidden=files.get("forbidden"),
        rosters={
            key.removeprefix("roster-"): data for key, data in files.items() if key.startswith("roster-")
        },
        before=case.before,
        commitment_digest=case.kept.get("commitment"),
        closing_digest=case.kept.get("closing"),
        certificate_digest=case.kept.get("certificate"),
    )


def held_of(vector: dict[str, Any], **more: Any) -> Evidence:
    """The files of a vector of stage `inspectors`."""
    files = inspector_files(files_of(vector))
    return Evidence(objects=files.objects, forbidden=files.forbidden, rosters=files.rosters, **more)


def states(certificate: bytes, evidence: Evidence) -> dict[str, str]:
    """The state of each row."""
    return {row.check: row.state for row in verify_certificate(certificate, evidence)}


def failures(certificate: bytes, evidence: Evidence) -> set[str]:
    """The rows that failed."""
    return {check for check, state in states(certificate, evidence).items() if state == "failed"}


def outcome(case: Case) -> set[str]:
    """The rows of the case that failed, or the code of the refusal."""
    try:
        return failures(case.certificate, evidence_of(case))
    except DrawbridgeError as refusal:
        return {refusal.code}
