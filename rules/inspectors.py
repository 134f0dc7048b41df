"""Which inspectors can be drawn, and whom they must not inspect.

Only certified officers on duty count towards the two (行政处罚法 §42; 国办发〔2024〕54号); who must
stay away is said in the roster (§43), never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from schemas.campaign import Campaign, Department
from schemas.codes import InspectorRole, InspectorStatus
from schemas.inspector import Inspector


@dataclass(frozen=True)
class Chosen:
    """A department's people: those who can be drawn, by id, and the others with the reason."""

    eligible: tuple[Inspector, ...]
    excluded: tuple[tuple[Inspector, str], ...]


class Forbidden(NamedTuple):
    """Somebody who must not inspect an enterprise: a line of forbidden.tsv (draw-spec.md §2)."""

    uscc: str
    inspector_id: str
    reason: str


Rule = Callable[[Inspector, Campaign, date], bool]


def eligible_inspectors(
    everybody: Sequence[Inspector], department: Department, campaign: Campaign, today: date
) -> Chosen:
    """The people of one department; a certificate must be valid from `today` to the end of the window."""
    eligible: list[Inspector] = []
    excluded: list[tuple[Inspector, str]] = []
    for person in sorted(everybody, key=lambda one: one.inspector_id):
        if person.dept_code != department.code:
            continue
        reason = next((text for text, fails in RULES if fails(person, campaign, today)), None)
        if reason is None:
            eligible.append(person)
        else:
            excluded.append((person, reason))
    return Chosen(tuple(eligible), tuple(excluded))


def forbidden_pairs(inspectors: Iterable[Inspector], enterprises: Collection[str]) -> list[Forbidden]:
    """Who must not inspect whom, among these enterprises (USCC), by enterprise and inspector."""
    wanted = set(enterprises)
    pairs = {
        (uscc, person.inspector_id): Forbidden(uscc, person.inspector_id, reason)
        for person in inspectors
        for uscc, reason in person.recusals
        if uscc in wanted
    }
    return [pairs[key] for key in sorted(pairs)]


def _no_certificate(person: Inspector, campaign: Campaign, today: date) -> bool:
    return not person.cert_no or person.cert_valid_from is None or person.cert_valid_to is None


def _out_of_term(person: Inspector, campaign: Campaign, today: date) -> bool:
    if person.cert_valid_from is None or person.cert_valid_to is None:
        return True
    return not (person.cert_valid_from <= today and campaign.ends_on <= person.cert_valid_to)


def _on_leave(person: Inspector, campaign: Campaign, today: date) -> bool:
    """On leave for some of the time that is left for the visits."""
    if person.leave_from is None and person.leave_to is None:
        return person.status is InspectorStatus.ON_LEAVE
    begins, ends = person.leave_from or date.min, person.leave_to or date.max
    return begins <= campaign.ends_on and max(today, campaign.starts_on) <= ends


RULES: tuple[tuple[str, Rule], ...] = (
    ("不是执法人员", lambda person, _campaign, _today: person.role is not InspectorRole.OFFICER),
    (
        "不在岗",
        lambda person, _campaign, _today: (
            person.status not in (InspectorStatus.ON_DUTY, InspectorStatus.ON_LEAVE)
        ),
    ),
    ("没有执法证件", _no_certificate),
    ("执法证件有效期不覆盖检查时限", _out_of_term),
    ("检查时限内请假", _on_leave),
)
