"""The exchange's XML: messages written and checked before they are frozen, receipts read with care.

`Header/digest` is the SHA-256 of the Body element in Canonical XML 2.0 (W3C, default parameters) as a
document of its own.  What comes from outside may hold no DOCTYPE and no entity, and loads nothing.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from lxml import etree

from connectors.faults import Fault
from connectors.http import Answer
from connectors.profile import Clock, Meaning
from connectors.replies import decode_text, raise_for_code, refuse_page, safe_text
from schemas.errors import DrawbridgeError
from schemas.publication import PublicationRecord, Receipt, ReplyState, RowReply

log = logging.getLogger(__name__)

_DECLARATION = re.compile(r"<\?xml[^>]*\?>")
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding=[\"']([A-Za-z0-9._-]{1,40})[\"']")
CONTENT_TYPE = "application/xml; charset=utf-8"


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
    root = etree.Element("ExchangeMessage")
    header = etree.SubElement(root, "Header")
    body = etree.SubElement(root, "Body")
    for record in records:
        body.append(record_element(record))
    local = created_at.astimezone(clock.zone_info).replace(microsecond=0).isoformat()
    for tag, text in (
        ("sender", sender),
        ("receiver", receiver),
        ("batchNo", batch_no),
        ("createdAt", local),
        ("count", str(len(records))),
        ("digest", element_digest(body)),
    ):
        etree.SubElement(header, tag).text = text
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    check_message(data)
    return data


def record_element(record: PublicationRecord) -> etree._Element:
    """One Record. Raises DB-PUBLICITY-030, -031."""
    if record.prip_id is None:
        raise DrawbridgeError("DB-PUBLICITY-030", record_id=record.record_id)
    element = etree.Element("Record")
    try:
        for tag, text in (
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
        ):
            etree.SubElement(element, tag).text = text
        details = etree.SubElement(element, "details")
        for line in record.details:
            detail = etree.SubElement(details, "detail")
            etree.SubElement(detail, "seqno").text = str(line.seq_no)
            etree.SubElement(detail, "raninsItemName").text = line.item_name
            etree.SubElement(detail, "raninsCheckResName").text = line.result_name
    except ValueError:  # a control character that XML cannot hold
        raise DrawbridgeError(
            "DB-PUBLICITY-031", where=record.record_id, detail="control character"
        ) from None
    return element


def element_digest(element: etree._Element) -> str:
    """Lower-case hex SHA-256 of an element in Canonical XML 2.0, as a document of its own."""
    text = etree.canonicalize(etree.tostring(element, encoding="unicode", with_tail=False))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def check_message(data: bytes) -> None:
    """A message of ours against exchange.xsd. Raises DB-PUBLICITY-031 with the first misfit."""
    schema = exchange_schema()
    if not schema.validate(etree.fromstring(data, _parser())):
        first = schema.error_log[0]
        raise DrawbridgeError("DB-PUBLICITY-031", where=f"line {first.line}", detail=first.type_name)


def message_keys(data: bytes) -> set[str]:
    """The record ids of a frozen message of ours."""
    root = etree.fromstring(data, _parser())
    return {element.findtext("recordId") or "" for element in root.iterfind("Body/Record")}


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
    return Receipt(
        batch_no=root.findtext("batchNo") or "",
        digest=digest,
        received_at=None if received_at is None else _utc(received_at),
        rows=tuple(
            RowReply(
                key=row.findtext("recordId") or "",
                state=ReplyState(row.findtext("state") or ""),
                code=row.findtext("code"),
                text=safe_text(row.findtext("text")) or None,
                receipt_no=row.findtext("receiptNo"),
            )
            for row in root.iterfind("records/record")
        ),
    )


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
