"""ExchangeMessages as text, built and digested with the standard library alone."""

from __future__ import annotations

import hashlib
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

Row = dict[str, Any]
_ORDER = (
    "recordId", "version", "operation", "pripId", "uniscid", "entName", "raninsPlanId", "raninsPlaneName",
    "raninsTaskId", "raninsTaskName", "raninsTypeName", "insAuth", "insDate",
)  # fmt: skip
_DETAIL = ("seqno", "raninsItemName", "raninsCheckResName")


def record_text(record: Row) -> str:
    """One Record element."""
    details = "".join(f"<detail>{_members(one, _DETAIL)}</detail>" for one in record["details"])
    return f"<Record>{_members(record, _ORDER)}<details>{details}</details></Record>"


def _members(row: Row, names: tuple[str, ...]) -> str:
    return "".join(f"<{name}>{escape(str(row[name]))}</{name}>" for name in names)


def message(batch_no: str, records: list[Row], **header: object) -> bytes:
    """A whole message; `header` replaces members of its header."""
    body = f"<Body>{''.join(map(record_text, records))}</Body>"
    head = {
        "sender": "drawbridge",
        "receiver": "gsxt",
        "batchNo": batch_no,
        "createdAt": "2024-06-20T09:00:00+08:00",
        "count": len(records),
        "digest": canonical_digest(body),
        **header,
    }
    text = f"<ExchangeMessage><Header>{_members(head, tuple(head))}</Header>{body}</ExchangeMessage>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def canonical_digest(element: str) -> str:
    """SHA-256 of an element in Canonical XML 2.0 (W3C), as a document of its own."""
    return hashlib.sha256(ElementTree.canonicalize(element).encode()).hexdigest()
