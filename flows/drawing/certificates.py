"""The documents of a draw as they are handed out: to the platform, and to people in a folder.

Of stage `objects` the drawn list goes out first.  The certificate holds the seed, and with it the
order of the reserves: it follows when the first batch of objections is closed (draw-spec.md §2, §3.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from documents.whole_file import write_whole
from draw.canonical import digest
from draw.certificate import parse_certificate
from draw.compute import InspectorFiles
from draw.drawn_list import drawn_list
from draw.frozen import FORBIDDEN, OBJECTS, rosters_of
from flows.exchange.delivering import deliver_document
from flows.kill_points import reach
from flows.site import Books, Site
from ledger.draws import RecordedRound, round_in_force
from schemas.campaign import Campaign

STAGE_NAMES = {"objects": "对象", "inspectors": "人员"}


def recorded_round(site: Books, campaign: Campaign, stage: str) -> RecordedRound:
    """The newest round of a stage. Raises LookupError before there is one."""
    with site.ledger.read() as tx:
        round_ = round_in_force(tx, campaign.task_id, stage)
    if round_ is None:
        raise LookupError(stage)
    return round_


def certificate_in_force(site: Books, campaign: Campaign, stage: str) -> bytes:
    """The last certificate of the stage's corrections. The stage must have been drawn."""
    certificate = recorded_round(site, campaign, stage).certificate
    if certificate is None:
        raise LookupError(stage)
    return certificate


def files_of_round(files: Mapping[str, bytes]) -> InspectorFiles:
    """The frozen files of a round of stage `inspectors`, from file name to content."""
    return InspectorFiles(files[OBJECTS], files[FORBIDDEN], rosters_of(files))


def show_drawn(site: Site, campaign: Campaign, round_: RecordedRound) -> None:
    """Sends the drawn objects to the departments, by way of the platform, once.

    A public number that was put right makes another list: each seed has one.
    """
    lists: dict[str, bytes] = {}
    for certificate in round_.certificates:
        lists.setdefault(parse_certificate(certificate)["seed"], certificate)
    for version, certificate in enumerate(lists.values(), 1):
        post_document(site, campaign, round_, "list", drawn_list(certificate), version)


def same_seed(one: bytes, other: bytes) -> bool:
    """Whether two certificates rest on the same public number: else one puts the other's right."""
    return bool(parse_certificate(one)["seed"] == parse_certificate(other)["seed"])


def publish_certificates(site: Site, campaign: Campaign, stage: str) -> list[Path]:
    """Hands the draw and its corrections to the platform, each once, and keeps them for people.

    Returns the files, the draw first.
    """
    round_ = recorded_round(site, campaign, stage)
    for number, certificate in enumerate(round_.certificates, 1):
        post_document(site, campaign, round_, "draw", certificate, number)
    return _keep(site, campaign, round_)


def published_certificate(site: Books, campaign: Campaign, round_: RecordedRound | None) -> Path | None:
    """The file of a round's draw, once it is published."""
    if round_ is None or round_.certificate is None:
        return None
    path = site.home.campaign_folder(campaign.task_id) / certificate_name(round_.stage, round_.round_no, 0)
    return path if path.exists() else None


def _keep(site: Books, campaign: Campaign, round_: RecordedRound) -> list[Path]:
    """Writes certificates and frozen files where people find them; the ledger keeps the originals.

    The draw is the first file and stays as it is; each correction is a file of its own.
    """
    folder = site.home.campaign_folder(campaign.task_id)
    if round_.stage == "objects":  # the inspectors' files name people and recusals: they stay in the ledger
        for name, content in round_.files.items():
            _write_if_new(folder / name, content)
    paths = [
        folder / certificate_name(round_.stage, round_.round_no, number)
        for number in range(len(round_.certificates))
    ]
    for path, certificate in zip(paths, round_.certificates, strict=True):
        _write_if_new(path, certificate)
    reach("D5")
    return paths


def certificate_name(stage: str, round_no: int, correction: int) -> str:
    """File name of a stage's certificate (0) or of its corrections (from 1); later rounds are named."""
    later = f"-第{round_no}轮" if round_no > 1 else ""
    return f"抽取证书-{STAGE_NAMES[stage]}{later}{f'-更正{correction}' if correction else ''}.json"


def keep_document(
    site: Books, campaign: Campaign, round_: RecordedRound, title: str, document: bytes
) -> Path:
    """Keeps a document of a round for people: commitment, closing, abandonment, public form."""
    later = f"-第{round_.round_no}轮" if round_.round_no > 1 else ""
    path = site.home.campaign_folder(campaign.task_id) / f"{title}-{STAGE_NAMES[round_.stage]}{later}.json"
    _write_if_new(path, document)
    return path


def post_document(
    site: Site, campaign: Campaign, round_: RecordedRound, what: str, document: bytes, version: int = 1
) -> None:
    """Hands a document of the draw to the platform, once."""
    key = f"{round_.stage}/{round_.round_no}/{what}"
    deliver_document(site, campaign, key, version, document.decode("utf-8"))


def _write_if_new(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_whole(path, content)


def facts_of(certificate: bytes, document: Mapping[str, Any]) -> dict[str, object]:
    """What a stage reports of its certificate; never the seed, which orders the reserves."""
    return {"digest": digest(certificate), "round": document["commitment"]["round"]}
