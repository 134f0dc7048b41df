"""One draw as a ceremony: freeze, commit, reveal, public number, draw (draw-spec.md §2).

Both stages hold it; they differ in what is frozen.  `hold` does what can be done now and
says whom it waits for; called again, after a wait or a kill, it goes on from the ledger.
Nothing is drawn twice: the ledger keeps one round, and whoever comes second finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from documents.whole_file import write_whole
from draw.canonical import digest
from draw.commitment import Public, Sealed, parse_commitment
from draw.reveal import (
    build_abandonment,
    build_closing,
    check_published,
    check_value,
    parse_abandonment,
    withheld,
)
from flows.delivering import deliver_document
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
from rules.deadlines import first_public_number, reveal_deadline
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class Terms:
    """What is fixed before the freeze: who contributes, until when, which number follows. Times as text."""

    contributors: Sequence[Sealed | Public]
    frozen_at: str
    reveal_by: str


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


_STAGES = {"objects": "对象", "inspectors": "人员"}

Freeze = Callable[[Terms], Frozen]
Compute = Callable[[bytes, Mapping[str, str], Mapping[str, bytes]], bytes]


def hold(site: Site, campaign: Campaign, stage: str, freeze: Freeze, compute: Compute) -> Held:
    """Goes on with the ceremony of `stage` as far as people let it.

    Raises DrawbridgeError DB-RUN-011 when a department withheld its part, DB-DRAW-… when a
    part does not open its seal, DB-DEADLINE-… when no public number is listed that comes late enough.
    """
    round_ = _committed(site, campaign, stage, freeze)
    if isinstance(round_, str):
        return Held(None, round_)
    if round_.certificate is not None:
        post_draw(site, campaign, stage)
        return Held(round_.certificate)
    waiting = _closed(site, campaign, round_) or _public_value(site, campaign, stage)
    if waiting:
        return Held(None, waiting)
    return Held(_drawn(site, campaign, stage, compute))


def time_text(at: datetime) -> str:
    """A moment as the draw's documents write it, in Shanghai."""
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def _committed(site: Site, campaign: Campaign, stage: str, freeze: Freeze) -> RecordedRound | str:
    """The round in force with its commitment on record, or whom the freeze waits for."""
    with site.ledger.read() as tx:
        round_ = round_in_force(tx, campaign.task_id, stage)
    if round_ is not None:
        return round_
    seals = {seal.contributor: seal for seal in site.connections.platform.seals(campaign.task_id, stage, 1)}
    missing = [department.name for department in campaign.departments if department.name not in seals]
    if missing:
        return f"{'、'.join(missing)} 封存随机数"
    now = site.now()
    reveal_by = reveal_deadline(now, campaign.reveal_working_days)
    number = first_public_number(campaign.public_numbers, reveal_by)
    contributors: list[Sealed | Public] = [
        Sealed(department.name, seals[department.name].commitment) for department in campaign.departments
    ]
    contributors.append(Public(number.id, time_text(number.announced_at), number.format, number.pattern))
    frozen = freeze(Terms(contributors, time_text(now), time_text(reveal_by)))
    reach("D1")
    with site.ledger.write() as tx:
        round_ = record_commitment(tx, campaign.task_id, stage, 1, frozen.files, frozen.commitment, now)
    reach("D2")
    return round_


def _closed(site: Site, campaign: Campaign, round_: RecordedRound) -> str | None:
    """Posts the commitment, takes the reveals as they come, and closes; or says whom it waits for."""
    _post(site, campaign, round_, "commitment", round_.commitment)
    if round_.closing is not None:
        _post(site, campaign, round_, "closing", round_.closing)
        if round_.abandoned:
            withheld_by = parse_abandonment(round_.closing)["withheld"]
            raise DrawbridgeError("DB-RUN-011", withheld="、".join(withheld_by))
        return None
    commitment = parse_commitment(round_.commitment)
    values = dict(round_.values)
    for reveal in site.connections.platform.reveals(campaign.task_id, round_.stage, round_.round_no):
        if reveal.contributor not in values:
            check_value(commitment, reveal.contributor, reveal.value)
            values[reveal.contributor] = reveal.value
            with site.ledger.write() as tx:
                record_reveal(tx, round_, reveal.contributor, reveal.value, reveal.at)
    missing = withheld(commitment, values)
    now = site.now()
    if missing and now <= datetime.fromisoformat(commitment["reveal_by"]):
        return f"{'、'.join(missing)} 揭示随机数（{commitment['reveal_by'][:16].replace('T', ' ')} 前）"
    if missing:
        document = build_abandonment(round_.commitment, values, reason="未在期限内揭示", at=time_text(now))
    else:
        document = build_closing(round_.commitment, values)
    with site.ledger.write() as tx:
        closed = record_closing(tx, round_, document, abandoned=bool(missing), now=now)
    reach("D-closed")
    _post(site, campaign, closed, "closing", document)
    if missing:
        raise DrawbridgeError("DB-RUN-011", withheld="、".join(missing))
    return None


def _public_value(site: Site, campaign: Campaign, stage: str) -> str | None:
    """Takes the public number over once it is announced, or says what it waits for."""
    round_ = _recorded(site, campaign, stage)
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
    round_ = _recorded(site, campaign, stage)
    certificate = compute(round_.commitment, round_.values, round_.files)
    reach("D3")
    with site.ledger.write() as tx:
        recorded = record_certificate(tx, round_, certificate, site.now())
    reach("D4")
    post_draw(site, campaign, stage)
    return recorded


def _recorded(site: Site, campaign: Campaign, stage: str) -> RecordedRound:
    with site.ledger.read() as tx:
        round_ = round_in_force(tx, campaign.task_id, stage)
    if round_ is None:
        raise LookupError(stage)
    return round_


def certificate_in_force(site: Site, campaign: Campaign, stage: str) -> bytes:
    """The last certificate of the stage's corrections. The stage must have been drawn."""
    certificate = _recorded(site, campaign, stage).certificate
    if certificate is None:
        raise LookupError(stage)
    return certificate


def keep_certificates(site: Site, campaign: Campaign, stage: str) -> list[Path]:
    """Writes certificates and frozen files where people find them; the ledger keeps the originals.

    The draw is the first file and stays as it is; each correction is a file of its own.
    """
    round_ = _recorded(site, campaign, stage)
    folder = site.home.campaign_folder(campaign.task_id)
    if stage == "objects":  # the inspectors' files name people and recusals: they stay in the ledger
        for name, content in round_.files.items():
            _write_if_new(folder / name, content)
    paths = [folder / certificate_name(stage, number) for number in range(len(round_.certificates))]
    for path, certificate in zip(paths, round_.certificates, strict=True):
        _write_if_new(path, certificate)
    reach("D5")
    return paths


def certificate_name(stage: str, correction: int) -> str:
    """File name of a stage's certificate (0) or of its corrections (from 1)."""
    return f"抽取证书-{_STAGES[stage]}{f'-更正{correction}' if correction else ''}.json"


def post_draw(site: Site, campaign: Campaign, stage: str) -> None:
    """Hands the certificate in force, and every one before it, to the platform, each once."""
    round_ = _recorded(site, campaign, stage)
    for number, certificate in enumerate(round_.certificates, 1):
        _post(site, campaign, round_, "draw", certificate, number)


def _post(
    site: Site, campaign: Campaign, round_: RecordedRound, what: str, document: bytes, version: int = 1
) -> None:
    """Hands a document of the draw to the platform, once."""
    key = f"{round_.stage}/{round_.round_no}/{what}"
    deliver_document(site, campaign, key, version, document.decode("utf-8"))


def _write_if_new(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_whole(path, content)


def facts_of(certificate: bytes, document: Mapping[str, Any]) -> dict[str, object]:
    """What a stage reports of its certificate."""
    return {"digest": digest(certificate), "seed": document["seed"], "round": document["commitment"]["round"]}
