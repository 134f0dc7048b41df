"""An ExchangeMessage as bytes: parsed by itself, checked against the XSD, read into rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from mock_platform.contract import FOLDER
from mock_platform.refusal import Refusal, require

Row = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """A message that is well formed, valid, and as its header says. `records` in their order."""

    batch_no: str
    records: list[Row]


def read_message(raw: bytes) -> Message:
    """Reads a request body. Raises Refusal 96: no XML, a DOCTYPE, not of the XSD, wrong count or digest."""
    require(b"<!DOCTYPE" not in raw and b"<!ENTITY" not in raw, "报文含有 DOCTYPE")
    try:
        root = etree.fromstring(raw, _parser())
    except etree.XMLSyntaxError as error:
        raise Refusal("96", "报文不是合格的 XML") from error
    schema = _schema()
    if not schema.validate(root):
        first = schema.error_log[0]
        raise Refusal("96", f"报文不符合约定（第{first.line}行）：{first.message[:200]}")
    require(root.tag == "ExchangeMessage", "报文不是 ExchangeMessage")
    header, body = root.find("Header"), root.find("Body")
    if header is None or body is None:  # the XSD has said so already
        raise Refusal("96", "报文不全")
    records = body.findall("Record")
    require(_text(header, "count") == str(len(records)), "报文头的记录数不符")
    require(_text(header, "digest") == _digest(body), "报文头的摘要不符")
    return Message(_text(header, "batchNo"), [_record(element) for element in records])


def batch_no_of(raw: bytes) -> str:
    """The batch number of a message that may be wrong in everything else; empty if none is found."""
    start, end = raw.find(b"<batchNo>"), raw.find(b"</batchNo>")
    return raw[start + 9 : end].decode("utf-8", "replace")[:64] if 0 <= start < end else ""


def _record(element: etree._Element) -> Row:
    names = [child.tag for child in element if child.tag != "details"]
    row: Row = {str(name): _text(element, str(name)) for name in names}
    row["version"] = int(row["version"])
    row["details"] = [
        {"seqno": int(_text(one, "seqno"))}
        | {name: _text(one, name) for name in ("raninsItemName", "raninsCheckResName")}
        for one in element.iterfind("details/detail")
    ]
    row["digest"] = _digest(element)
    return row


def _text(element: etree._Element, name: str) -> str:
    return (
        (element.findtext(name) or "").strip()
        if name in ("count", "version")
        else element.findtext(name) or ""
    )


def _digest(element: etree._Element) -> str:
    """SHA-256 of the element in Canonical XML 2.0, as a document of its own."""
    # The stubs know no `with_tail` for this method; libxml2 does.
    canonical: bytes = etree.tostring(element, method="c14n2", with_tail=False)  # type: ignore[call-overload]
    return hashlib.sha256(canonical).hexdigest()


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(FOLDER / "exchange.xsd"), _parser()))
