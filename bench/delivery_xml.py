"""The exchange's XML: a message written and checked before it is frozen, a receipt read with care.

    python -m bench.delivery_xml [small|full]

Writing: `ours` takes records as the outbox keeps them (JSON text), checks them against their model, writes
the message with its digest (Canonical XML 2.0) and checks the finished bytes against exchange.xsd.  The peer
builds the same tree with lxml, checks it against the same schema and serialises it, from dictionaries that
are there already; it computes no digest.  Beside it the same without the schema.

Reading: `ours` takes the bytes of a receipt, refuses what could do harm, checks them against exchange.xsd and
gives models; the peer parses, checks and gives dictionaries.  Beside it parsing alone.  Rows per second of
processor time, one core.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from lxml import etree

from bench.figure import Line, Timing, figure
from connectors import exchange_xml
from connectors.http import Answer
from connectors.profile import Profile, load_profile
from schemas.publication import PublicationDetail, PublicationRecord, Receipt

SIZES = {"small": 500, "full": 500}
ROUNDS = {"small": 25, "full": 101}
WRITTEN, READ = 0.75, 0.6
BATCH_NO = "130534202405281001-" + "ab" * 20
AT = datetime(2024, 5, 28, 1, 0, tzinfo=UTC)
_HEADER = ("sender", "receiver", "batchNo", "createdAt", "count", "digest")
_TAGS = (
    "recordId", "version", "operation", "pripId", "uniscid", "entName", "raninsPlanId", "raninsPlaneName",
    "raninsTaskId", "raninsTaskName", "raninsTypeName", "insAuth", "insDate",
)  # fmt: skip


def record(number: int) -> PublicationRecord:
    """One enterprise's record with four results."""
    return PublicationRecord(
        record_id=f"130534202405281001-9113053400{number:07d}X",
        prip_id=f"1305340000{number:08d}",
        uscc=f"9113053400{number:07d}X",
        ent_name=f"清河县测试羊绒制品有限公司{number}",
        plan_id="13053420241001",
        plan_name="2024年度清河县部门联合双随机抽查计划",
        task_id="130534202405281001",
        task_name="2024年清河县生产建设项目“双随机、一公开”部门联合抽查",
        task_type="不定向",
        authority="清河县水务局、清河县市场监督管理局",
        completed_on=date(2024, 5, 28),
        details=tuple(
            PublicationDetail(seq_no=seq, item_name=f"登记事项检查{seq}", result_name="未发现问题")
            for seq in range(1, 5)
        ),
    )


def ours(payloads: Sequence[str], profile: Profile) -> bytes:
    """The message as the channel encodes it."""
    return exchange_xml.message(
        "130534-SSJ",
        "130000-GSXT",
        BATCH_NO,
        AT,
        [PublicationRecord.model_validate_json(payload) for payload in payloads],
        profile.clock,
    )


def by_lxml(rows: Sequence[dict[str, Any]], schema: etree.XMLSchema | None) -> bytes:
    """The same tree and no digest."""
    root = etree.Element("ExchangeMessage")
    header, body = etree.SubElement(root, "Header"), etree.SubElement(root, "Body")
    texts = ("130534-SSJ", "130000-GSXT", BATCH_NO, "2024-05-28T09:00:00+08:00", str(len(rows)), "0" * 64)
    for tag, text in zip(_HEADER, texts, strict=True):
        etree.SubElement(header, tag).text = text
    for row in rows:
        element = etree.SubElement(body, "Record")
        for tag in _TAGS:
            etree.SubElement(element, tag).text = row[tag]
        details = etree.SubElement(element, "details")
        for line in row["details"]:
            detail = etree.SubElement(details, "detail")
            for tag, text in line.items():
                etree.SubElement(detail, tag).text = text
    if schema is not None and not schema.validate(root):
        raise ValueError(schema.error_log)
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return data


def rows_of(data: bytes) -> list[dict[str, Any]]:
    """What the peer builds from: the records of a message as dictionaries."""
    found = []
    for element in etree.fromstring(data).iterfind("Body/Record"):
        row: dict[str, Any] = {tag: element.findtext(tag) for tag in _TAGS}
        row["details"] = [{one.tag: one.text for one in line} for line in element.iterfind("details/detail")]
        found.append(row)
    return found


def receipt_of(payloads: Sequence[str]) -> bytes:
    """A receipt for all of them, as the exchange writes it."""
    rows = "".join(
        f"<record><recordId>{one.record_id}</recordId><version>1</version><state>accepted</state>"
        f"<receiptNo>130534-20240528-{number:06d}</receiptNo></record>"
        for number, one in enumerate(map(PublicationRecord.model_validate_json, payloads), 1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Receipt><batchNo>{BATCH_NO}</batchNo><code>00</code>'
        f"<message>成功</message><digest>{'ab' * 32}</digest>"
        f"<receivedAt>2024-05-28T09:00:00+08:00</receivedAt><replayed>false</replayed><records>{rows}</records></Receipt>"
    ).encode()


def read_ours(data: bytes, profile: Profile) -> Receipt:
    """The receipt as the channel reads it."""
    answer = Answer(200, "application/xml;charset=UTF-8", data)
    return exchange_xml.receipt(answer, profile.publicity.codes, profile.clock)


def read_by_lxml(data: bytes, schema: etree.XMLSchema) -> list[dict[str, str | None]]:
    """Parsed, checked, as dictionaries."""
    root = etree.fromstring(data)
    if not schema.validate(root):
        raise ValueError(schema.error_log)
    return [{str(one.tag): one.text for one in row} for row in root.iterfind("records/record")]


def run(scale: str) -> Iterator[Line]:
    """Writing, then reading."""
    count, profile, schema = SIZES[scale], load_profile("hebei"), exchange_xml.exchange_schema()
    payloads = [record(number).model_dump_json() for number in range(1, count + 1)]
    message = ours(payloads, profile)
    rows = rows_of(message)
    if len(by_lxml(rows, schema)) != len(message):
        raise ValueError("the peer writes another message")
    writing = Timing(
        {
            "ours": lambda: ours(payloads, profile),
            "lxml": lambda: by_lxml(rows, schema),
            "lxml without schema": lambda: by_lxml(rows, None),
        },
        ROUNDS[scale],
        cpu=True,
    )
    receipt = receipt_of(payloads)
    reading = Timing(
        {
            "ours": lambda: read_ours(receipt, profile),
            "lxml to dictionaries": lambda: read_by_lxml(receipt, schema),
            "parsing alone": lambda: etree.fromstring(receipt),
        },
        ROUNDS[scale],
        cpu=True,
    )
    for name, timing, peer, target in (
        ("delivery.xml message, written and checked", writing, "lxml", WRITTEN),
        ("delivery.xml receipt, checked and read", reading, "lxml to dictionaries", READ),
    ):
        per_s = {one: count / timing.median(one) for one in timing.seconds}
        mine = per_s.pop("ours")
        yield figure(name, count, mine, mine / per_s[peer], target, peers=per_s, timing=timing)


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
