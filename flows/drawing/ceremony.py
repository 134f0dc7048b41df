"""One draw as a ceremony: freeze, commit, reveal, public number, draw (draw-spec.md §2).

Both stages hold it; they differ in what is frozen.  `hold` does what can be done now and
says whom it waits for; called again, after a wait or a kill, it goes on from the ledger.
Nothing is drawn twice: the ledger keeps one draw per round, whoever comes second finds it, and another
round needs the leave of two people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from draw.commitment import FIRST_ROUND, Document, Public, Round, Sealed, parse_commitment
from draw.reveal import (
    build_abandonment,
    build_closing,
    check_published,
    check_value,
    parse_abandonment,
    withheld,
)
from flows.drawing.certificates import keep_document, post_document, publish_certificates, recorded_round
from flows.kill_points import reach
from flows.site import SHANGHAI, Site
from ledger.draws import (
    RecordedRound,
    record_certificate,
    record_closing,
    record_commitment,
    record_public_value,
    record_reveal,
    round_in_force,
)
from ledger.engine import Transaction
from ledger.leaves import Leave, leave_for
from ledger.seals import seals
from ledger.texts import digest_of
from rules.deadlines import first_public_number, reveal_deadline
from schemas.campaign import Campaign, PublicNumber
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class Terms:
    """What is fixed before the freeze: who contributes, until when, which number follows. Times as text."""

    contributors: Sequence[Sealed | Public]
    frozen_at: str
    reveal_by: str
    round_: Round


@dataclass(frozen=True)
class Frozen:
    """The frozen files and the canonical commitment to them."""

    files: Mapping[str, bytes]
    commitment: bytes


@dataclass(frozen=True)
class Held:
    """Where the ceremony stands: the certificate, or whom it waits for."""

    certificate: bytes | None
    waiting_for: str | None = None


Freeze = Callable[[Terms], Frozen]
Compute = Callable[[bytes, Mapping[str, str], Mapping[str, bytes]], bytes]


def hold(site: Site, campaign: Campaign, stage: str, freeze: Freeze, compute: Compute) -> Held:
    """Goes on with the ceremony of `stage` as far as people let it.

    Raises DrawbridgeError DB-RUN-011 when the round was abandoned and no other is allowed, DB-DEADLINE-…
    when no public number is listed that comes late enough.
    """
    round_ = _committed(site, campaign, stage, freeze)
    if isinstance(round_, str):
        return Held(None, round_)
    if round_.certificate is not None:
        return Held(round_.certificate)
    waiting = _closed(site, campaign, round_) or _public_value(site, campaign, stage)
    if waiting:
        return Held(None, waiting)
    return Held(_drawn(site, campaign, stage, compute))


def time_text(at: datetime) -> str:
    """A moment as the draw's documents write it, in Shanghai."""
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


# --- freeze and commit --------------------------------------------------------------------------------


def _committed(site: Site, campaign: Campaign, stage: str, freeze: Freeze) -> RecordedRound | str:
    """The round in force with its commitment on record, or whom the freeze waits for."""
    with site.ledger.read() as tx:
        before = round_in_force(tx, campaign.task_id, stage)
        leave = allowed_leave(tx, before)
    if before is not None and leave is None:
        return before
    round_ = FIRST_ROUND
    if before is not None and leave is not None:
        publish_certificates(site, campaign, stage)  # of the round that gives way: it stays on record
        round_ = Round(leave.round_no, leave.previous, leave.reason, leave.allowed_role)
    sealed = _seals(site, campaign, stage, round_.number)
    missing = [department.name for department in campaign.departments if department.name not in sealed]
    if missing:
        return f"{'、'.join(missing)} 封存随机数"
    now = site.now()
    reveal_by = reveal_deadline(now, campaign.reveal_working_days)
    number = _public_number(campaign, leave, reveal_by)
    contributors: list[Sealed | Public] = [
        Sealed(department.name, sealed[department.name]) for department in campaign.departments
    ]
    contributors.append(Public(number.id, time_text(number.announced_at), number.format, number.pattern))
    frozen = freeze(Terms(contributors, time_text(now), time_text(reveal_by), round_))
    reach("D1")
    with site.ledger.write() as tx:
        recorded = record_commitment(
            tx, campaign.task_id, stage, round_.number, frozen.files, frozen.commitment, now
        )
    reach("D2")
    return recorded


def allowed_leave(tx: Transaction, before: RecordedRound | None) -> Leave | None:
    """The leave, allowed by a second person, for the round after one that is over.

    It was given for the document that ended the round: a correction made since takes it away.
    """
    if before is None or before.ended_by is None:
        return None
    leave = leave_for(tx, before.task_id, before.stage, before.round_no + 1)
    holds = (
        leave is not None and leave.allowed_by is not None and leave.previous == digest_of(before.ended_by)
    )
    return leave if holds else None


def _seals(site: Site, campaign: Campaign, stage: str, round_no: int) -> dict[str, str]:
    """Contributor -> commitment, sealed on the platform or handed in here; both must say the same."""
    with site.ledger.read() as tx:
        found = seals(tx, campaign.task_id, stage, round_no)
    for entry in site.connections.platform.seals(campaign.task_id, stage, round_no):
        if found.setdefault(entry.contributor, entry.commitment) != entry.commitment:
            raise DrawbridgeError(
                "DB-CEREMONY-010", contributor=entry.contributor, stage=stage, round=round_no
            )
    return found


def _public_number(campaign: Campaign, leave: Leave | None, reveal_by: datetime) -> PublicNumber:
    if leave is not None and leave.public_number is not None:
        return first_public_number(
            [*campaign.public_numbers, PublicNumber.model_validate_json(leave.public_number)], reveal_by
        )
    return first_public_number(campaign.public_numbers, reveal_by)


# --- reveal -------------------------------------------------------------------------------------------


def _closed(site: Site, campaign: Campaign, round_: RecordedRound) -> str | None:
    """Posts the commitment, takes the reveals as they come, and closes; or says whom it waits for."""
    _hand_out(site, campaign, round_, "commitment", "承诺书", round_.commitment)
    if round_.closing is None:
        commitment = parse_commitment(round_.commitment)
        values, refused = _opened(site, campaign, round_, commitment)
        missing = withheld(commitment, values)
        if missing and site.now() <= datetime.fromisoformat(commitment["reveal_by"]):
            until = commitment["reveal_by"][:16].replace("T", " ")
            again = f"；{'、'.join(refused)} 交来的随机数打不开封存，须重新提交" if refused else ""
            return f"{'、'.join(missing)} 揭示随机数（{until} 前）{again}"
        round_ = _record_closing(site, campaign, round_, values, missing)
    if round_.closing is not None and round_.closing != round_.abandonment:
        _hand_out(site, campaign, round_, "closing", "结束文书", round_.closing)
    if round_.abandonment is not None:
        version = 1 if round_.closing == round_.abandonment else 2
        _hand_out(site, campaign, round_, "closing", "作废文书", round_.abandonment, version)
        missing = parse_abandonment(round_.abandonment)["withheld"]
        raise DrawbridgeError("DB-RUN-011", withheld="、".join(missing), stage=round_.stage)
    return None


def _opened(
    site: Site, campaign: Campaign, round_: RecordedRound, commitment: Document
) -> tuple[dict[str, str], list[str]]:
    """The values so far, and who gave one that does not open its seal: that counts for nothing."""
    values, refused = dict(round_.values), []
    for reveal in site.connections.platform.reveals(campaign.task_id, round_.stage, round_.round_no):
        if reveal.contributor in values:
            continue
        try:
            check_value(commitment, reveal.contributor, reveal.value)
        except DrawbridgeError:
            refused.append(reveal.contributor)
            continue
        values[reveal.contributor] = reveal.value
        with site.ledger.write() as tx:
            record_reveal(tx, round_, reveal.contributor, reveal.value, reveal.at)
    return values, refused


def _record_closing(
    site: Site, campaign: Campaign, round_: RecordedRound, values: Mapping[str, str], missing: list[str]
) -> RecordedRound:
    now = site.now()
    if missing:
        document = build_abandonment(round_.commitment, values, reason="未在期限内揭示", at=time_text(now))
    else:
        document = build_closing(round_.commitment, values)
    with site.ledger.write() as tx:
        closed = record_closing(tx, round_, document, abandoned=bool(missing), now=now)
    reach("D-closed")
    return closed


def _hand_out(
    site: Site,
    campaign: Campaign,
    round_: RecordedRound,
    what: str,
    title: str,
    document: bytes,
    version: int = 1,
) -> None:
    """To the platform, and to where people find it: digests are worth what others keep of them."""
    keep_document(site, campaign, round_, title, document)
    post_document(site, campaign, round_, what, document, version)


# --- public number and draw ---------------------------------------------------------------------------


def _public_value(site: Site, campaign: Campaign, stage: str) -> str | None:
    """Takes the public number over once it is announced, or says what it waits for."""
    round_ = recorded_round(site, campaign, stage)
    commitment = parse_commitment(round_.commitment)
    for entry in commitment["contributors"]:
        if entry["kind"] != "public" or entry["id"] in round_.values:
            continue
        value = site.connections.numbers.value(entry["id"])
        now = site.now()
        if value is None or now < datetime.fromisoformat(entry["not_before"]):
            return f"公共随机数 {entry['id']} 公布（{entry['not_before'][:16].replace('T', ' ')}）"
        check_published(commitment, entry["id"], now)
        check_value(commitment, entry["id"], value)
        with site.ledger.write() as tx:
            record_public_value(tx, round_, entry["id"], value, site.settings.platform_url, now)
    reach("D-number")
    return None


def _drawn(site: Site, campaign: Campaign, stage: str, compute: Compute) -> bytes:
    round_ = recorded_round(site, campaign, stage)
    certificate = compute(round_.commitment, round_.values, round_.files)
    reach("D3")
    with site.ledger.write() as tx:
        recorded = record_certificate(tx, round_, certificate, site.now())
    reach("D4")
    return recorded
