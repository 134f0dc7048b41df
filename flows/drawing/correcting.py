"""Corrections of a draw: a public number that was copied wrongly, an inspector who cannot go.

A correction is a certificate of its own that names the one it corrects (draw-spec.md §4.5, §5).  It
can be made only while nothing that follows from the draw is out of our hands.
"""

from __future__ import annotations

from collections.abc import Mapping

from draw.certificate import parse_certificate
from draw.compute import correct_inspectors, correct_objects
from draw.frozen import ELIGIBLE
from draw.substitutes import SeatObjection
from flows.drawing.certificates import files_of_round
from ledger.draws import RecordedRound, round_in_force
from ledger.engine import Transaction
from ledger.outbox import outbox_items
from rules.publication import is_complete
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm
from schemas.result import ItemResult


def refuse_if_in_use(tx: Transaction, campaign: Campaign, stage: str) -> None:
    """Raises DrawbridgeError DB-CEREMONY-024 once a stage's draw is what something else rests on."""
    if stage == "objects" and round_in_force(tx, campaign.task_id, "inspectors") is not None:
        raise DrawbridgeError("DB-CEREMONY-024", stage=stage, next="人员抽取已经承诺")
    if stage == "inspectors" and outbox_items(tx, "form", campaign.task_id):
        raise DrawbridgeError("DB-CEREMONY-024", stage=stage, next="一企一表已经派发")


def corrected_by_number(
    tx: Transaction, campaign: Campaign, round_: RecordedRound, values: Mapping[str, str]
) -> bytes:
    """The certificate with another public number. Raises as `refuse_if_in_use` and `draw.compute` do."""
    refuse_if_in_use(tx, campaign, round_.stage)
    certificate = round_.certificate or b""
    if round_.stage == "objects":
        return correct_objects(certificate, round_.files[ELIGIBLE], values=values)
    return correct_inspectors(certificate, files_of_round(round_.files), values=values)


def corrected_by_seat(round_: RecordedRound, objection: SeatObjection) -> tuple[bytes, str | None]:
    """The certificate with one more seat replacement, and who takes the seat (None: nobody is left).

    Raises DrawbridgeError DB-DRAW-082 to 084 for a seat that is none.
    """
    certificate = correct_inspectors(round_.certificate or b"", files_of_round(round_.files), [objection])
    taken = parse_certificate(certificate, "inspectors")["seat_replacements"][-1]["by"]
    return certificate, None if taken is None else str(taken)


def refuse_if_visited(form: InspectionForm | None, results: list[ItemResult], object_id: str) -> None:
    """Raises DrawbridgeError DB-CEREMONY-032 once the visit is over."""
    if form is not None and is_complete(form, results):
        raise DrawbridgeError("DB-CEREMONY-032", object_id=object_id)
