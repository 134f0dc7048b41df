"""The exchange's XML: messages written and checked before they are frozen, receipts read with care.

`Header/digest` is the SHA-256 of the Body element in Canonical XML 2.0 (W3C, default parameters) as a
document of its own.  What comes from outside may hold no DOCTYPE and no entity, and loads nothing.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from lxml import etree

from connectors.faults import Fault
from connectors.http import Answer
from connectors.profile_clock import Clock
from connectors.profile_rules import Meaning
from connectors.replies import decode_text, raise_for_code, refuse_page, safe_text
from schemas.errors import DrawbridgeError
from schemas.publication import PublicationRecord, Receipt

log = logging.getLogger(__name__)

_DECLARATION = re.compile(r"<\?xml[^>]*\?>")
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding=[\"']([A-Za-z0-9._-]{1,40})[\"']")
CONTENT_TYPE = "application/xml; charset=utf-8"
_PROLOGUE = "<?xml version='1.0' encoding='UTF-8'?>\n"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}
_MARKUP = re.compile("[&<>\r]")
# What no XML 1.0 document can hold (section 2.2, production Char).
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Element of a receipt's row -> the field it becomes; `version` is not asked for.
_ROW_FIELDS = {"recordId": "key", "state": "state", "code": "code", "text": "text", "receiptNo": "receipt_no"}


@lru_cache(maxsize=1)
def exchange_schema() -> etree.XMLSchema:
    """exchange.xsd, from the package's own data."""
    path = Path(str(files("schemas") / "contracts" / "exchange.xsd"))
    return etree.XMLSchema(etree.parse(path, _parser()))


def message(
    sender: str,
    receiver: str,
    batch_no: str,
    created_at: datetime,
    records: Sequence[PublicationRecord],
    clock: Clock,
) -> bytes:
    """An ExchangeMessage with its digest, valid by exchange.xsd. `created_at` is aware.

    Raises DB-PUBLICITY-030 (an enterprise without 主体身份代码), -031 (the message does not fit the XSD).
    """
    body = f"<Body>{''.join(_record_text(record) for record in records)}</Body>"
    local = created_at.astimezone(clock.zone_info).replace(microsecond=0).isoformat()
    header = _elements(
        (
            ("sender", sender),
            ("receiver", receiver),
            ("batchNo", batch_no),
            ("createdAt", local),
            ("count", str(len(records))),
            ("digest", hashlib.sha256(body.encode("utf-8")).hexdigest()),
        )
    )
    text = f"{_PROLOGUE}<ExchangeMessage><Header>{header}</Header>{body}</ExchangeMessage>"
    data = text.encode("utf-8")
    check_message(data)
    return data


def record_digest(record: PublicationRecord) -> str:
    """What the exchange shows as the digest of this record (`HeldRecord`). Raises DB-PUBLICITY-030, -031."""
    return hashlib.sha256(_record_text(record).encode("utf-8")).hexdigest()


def _record_text(record: PublicationRecord) -> str:
    """One Record in canonical form, so that the digest is that of the very text which is sent.

    Raises DB-PUBLICITY-030, -031.
    """
    if record.prip_id is None:
        raise DrawbridgeError("DB-PUBLICITY-030", record_id=record.record_id)
    lines = (
        "<detail>"
        + _elements(
            (
                ("seqno", str(line.seq_no)),
                ("raninsItemName", line.item_name),
                ("raninsCheckResName", line.result_name),
            )
        )
        + "</detail>"
        for line in record.details
    )
    fields = _elements(
        (
            ("recordId", record.record_id),
            ("version", str(record.version)),
            ("operation", record.operation),
            ("pripId", record.prip_id),
            ("uniscid", record.uscc),
            ("entName", record.ent_name),
            ("raninsPlanId", record.plan_id),
            ("raninsPlaneName", record.plan_name),  # sic: the national spelling
            ("raninsTaskId", record.task_id),
            ("raninsTaskName", record.task_name),
            ("raninsTypeName", record.task_type),
            ("insAuth", record.authority),
            ("insDate", record.completed_on.isoformat()),
        )
    )
    text = f"<Record>{fields}<details>{''.join(lines)}</details></Record>"
    if _NO_XML.search(text):
        raise DrawbridgeError("DB-PUBLICITY-031", where=record.record_id, detail="control character")
    return text


def _elements(pairs: Iterable[tuple[str, str]]) -> str:
    """Elements without attributes as Canonical XML 2.0 section 2.4 writes them and their text."""
    return "".join(
        [
            f"<{tag}>{_MARKUP.sub(_escaped, text) if _MARKUP.search(text) else text}</{tag}>"
            for tag, text in pairs
        ]
    )


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPES[found[0]]


def check_message(data: bytes) -> None:
    """A message of ours against exchange.xsd. Raises DB-PUBLICITY-031 with the first misfit."""
    schema = exchange_schema()
    if not schema.validate(etree.fromstring(data, _parser())):
        first = schema.error_log[0]
        raise DrawbridgeError("DB-PUBLICITY-031", where=f"line {first.line}", detail=first.type_name)


def message_keys(data: bytes) -> set[str]:
    """The record ids of a frozen message of ours."""
    root = etree.fromstring(data, _parser())
    return {element.text or "" for element in root.iterfind("Body/Record/recordId")}


def parse(answer: Answer) -> etree._Element:
    """The root element of an answer. Raises Fault `unreadable`, `maintenance` or `status`.

    The bytes decide on the character set, not what the label or the declaration says of them: UTF-8, or else
    GB18030, which holds GBK and GB2312.  An empty line before the declaration is passed over.
    """
    declared = _ENCODING.search(answer.body[:200])
    label = f"charset={declared.group(1).decode('ascii')}" if declared else answer.content_type
    text, notes = decode_text(answer.body, label)
    for note in notes:
        log.warning("exchange: %s", note)
    text = text.lstrip()
    if not text.startswith(("<?xml", "<Receipt", "<HeldRecord")):
        refuse_page(text, answer.status)
        raise Fault("unreadable", detail="XML")
    return parse_bytes(_DECLARATION.sub("", text, count=1).encode("utf-8"))


def parse_bytes(data: bytes) -> etree._Element:
    """A document from outside. Raises Fault `unreadable` for a DOCTYPE, an entity, a broken document."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"<\x00!\x00" in data or b"\x00<\x00!" in data:
        raise Fault("unreadable", detail="DOCTYPE")
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError):
        raise Fault("unreadable", detail="XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Fault("unreadable", detail="DOCTYPE")
    return root


def receipt(answer: Answer, codes: dict[str, Meaning], clock: Clock) -> Receipt:
    """The receipt in an answer whose code means `ok`. Raises Fault for every other one."""
    root = _valid(answer, "Receipt")
    raise_for_code(root.findtext("code") or "", root.findtext("message"), codes)
    digest, received_at = root.findtext("digest"), root.findtext("receivedAt")
    if digest is None:
        raise Fault("drift", where="digest")
    return Receipt.model_validate(
        {
            "batch_no": root.findtext("batchNo") or "",
            "digest": digest,
            "received_at": None if received_at is None else _utc(received_at),
            "rows": tuple(_row(row) for row in root.iterfind("records/record")),
        }
    )


def _row(element: etree._Element) -> dict[str, str | None]:
    row = {_ROW_FIELDS[one.tag]: one.text for one in element if one.tag in _ROW_FIELDS}
    if "text" in row:
        row["text"] = safe_text(row["text"]) or None
    return row


def held_record(answer: Answer, codes: dict[str, Meaning]) -> tuple[str, int, str, str]:
    """`(record id, version, digest, state)`. Raises Fault, `not_found` included."""
    root = _valid(answer, "HeldRecord", "Receipt")
    if root.tag == "Receipt":
        raise_for_code(root.findtext("code") or "", root.findtext("message"), codes)
        raise Fault("drift", where="HeldRecord")
    return (
        root.findtext("recordId") or "",
        int(root.findtext("version") or "0"),
        root.findtext("digest") or "",
        root.findtext("state") or "",
    )


def _valid(answer: Answer, *tags: str) -> etree._Element:
    root = parse(answer)
    if root.tag not in tags or not exchange_schema().validate(root):
        raise (
            Fault("status", status=answer.status)
            if answer.status >= 400
            else Fault("drift", where=str(root.tag)[:40])
        )
    return root


def _utc(text: str) -> datetime:
    """A moment as XML Schema writes it. Raises Fault `drift` for 24:00:00 and year 0."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Fault("drift", where="receivedAt") from None


def _parser() -> etree.XMLParser:
    """A new one each time: lxml's parsers belong to one thread. What it loads is what it is given."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_pis=True,
        remove_comments=True,
    )
