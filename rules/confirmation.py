"""比对和确认: what the departments' answers amount to (notice 五(三)2; domain reference §6 point 14).

Silence never confirms.  An objection replaces an object only for a reason that the notice knows, with
evidence; a local answer that contradicts the platform's is a conflict for the office.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.codes import ObjectionReason, Verdict
from schemas.confirmation import Confirmation

REPLACING = frozenset(
    {
        ObjectionReason.DEREGISTERED,
        ObjectionReason.REVOKED,
        ObjectionReason.ANNULLED,
        ObjectionReason.MOVED_OUT,
        ObjectionReason.OUT_OF_SCOPE,
    }
)


@dataclass(frozen=True)
class Decision:
    """How the drawn objects stand, in their order.

    `to_replace`: object and reason in words; `open`: object and department that has not answered;
    `conflicts`: the same, answered differently here and there; `refused`: objections that replace
    nothing: the object stays, and the department has answered.
    """

    confirmed: tuple[str, ...]
    to_replace: tuple[tuple[str, str], ...]
    open: tuple[tuple[str, str], ...]
    conflicts: tuple[tuple[str, str], ...]
    refused: tuple[Confirmation, ...]


def decide_confirmations(
    drawn: Sequence[str],
    departments: Sequence[str],
    platform: Sequence[Confirmation],
    local: Sequence[Confirmation],
) -> Decision:
    """Weighs the answers in force on `drawn` (object ids) of `departments` (codes)."""
    there = {(row.object_id, row.dept_code): row for row in platform}
    here = {(row.object_id, row.dept_code): row for row in local}
    confirmed: list[str] = []
    to_replace: list[tuple[str, str]] = []
    open_: list[tuple[str, str]] = []
    conflicts: list[tuple[str, str]] = []
    refused: list[Confirmation] = []
    for object_id in drawn:
        answers = {code: there.get((object_id, code)) or here.get((object_id, code)) for code in departments}
        disputed = [code for code in departments if _contradict(there, here, (object_id, code))]
        conflicts += [(object_id, code) for code in disputed]
        objection = next((row for row in answers.values() if row is not None and is_accepted(row)), None)
        if objection is not None and not disputed:
            to_replace.append((object_id, reason_text(objection)))
            continue
        missing = [code for code, row in answers.items() if row is None]
        refused += [row for row in answers.values() if row is not None and row.verdict is Verdict.OBJECTION]
        open_ += [(object_id, code) for code in missing]
        if not missing and not disputed:
            confirmed.append(object_id)
    return Decision(tuple(confirmed), tuple(to_replace), tuple(open_), tuple(conflicts), tuple(refused))


def is_accepted(row: Confirmation) -> bool:
    """Whether an objection replaces its object: a reason that counts, and evidence for it."""
    return row.verdict is Verdict.OBJECTION and row.reason in REPLACING and bool((row.evidence or "").strip())


def reason_text(row: Confirmation) -> str:
    """The reason as the certificate records it."""
    return row.reason.label if row.reason is not None else ObjectionReason.OTHER.label


def _contradict(
    there: dict[tuple[str, str], Confirmation],
    here: dict[tuple[str, str], Confirmation],
    key: tuple[str, str],
) -> bool:
    if key not in there or key not in here:
        return False
    one, other = there[key], here[key]
    return (one.verdict, one.reason) != (other.verdict, other.reason)
