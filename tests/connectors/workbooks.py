"""Workbooks as offices have them, and as nobody should: made part by part."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl

Rows = Sequence[Sequence[object]]


def save_xlsx(path: Path, *sheets: Rows, merged: Sequence[str] = ()) -> Path:
    """A plain workbook; `merged` are ranges of the first sheet."""
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        assert isinstance(sheet, openpyxl.worksheet.worksheet.Worksheet)
        for row in rows:
            sheet.append(list(row))
        if number == 0:
            for area in merged:
                sheet.merge_cells(area)
    book.save(path)
    return path


_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def parts(sheet_data: str, sheet_part: str = "worksheets/sheet1.xml") -> dict[str, bytes]:
    """The parts of the smallest workbook that opens, with what stands inside `sheetData`."""
    return {
        name: text.encode()
        for name, text in {
            "[Content_Types].xml": (
                f'<Types xmlns="{_PACKAGE}/content-types">'
                '<Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
                f'<Override PartName="/xl/{sheet_part}" ContentType="{_TYPES}.worksheet+xml"/></Types>'
            ),
            "_rels/.rels": (
                f'<Relationships xmlns="{_PACKAGE}/relationships">'
                f'<Relationship Id="r1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/>'
                "</Relationships>"
            ),
            "xl/workbook.xml": (
                f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}">'
                '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
            ),
            "xl/_rels/workbook.xml.rels": (
                f'<Relationships xmlns="{_PACKAGE}/relationships">'
                f'<Relationship Id="r1" Type="{_REL}/worksheet" Target="{sheet_part}"/></Relationships>'
            ),
            f"xl/{sheet_part}": f'<worksheet xmlns="{_MAIN}"><sheetData>{sheet_data}</sheetData></worksheet>',
        }.items()
    }


def archive(content: Mapping[str, bytes]) -> bytes:
    """A zip of these parts."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, part in content.items():
            zipped.writestr(name, part)
    return data.getvalue()


def cell(text: str, place: str = "") -> str:
    """A cell of text; without a place it stands behind the one before it."""
    return f'<c{f" r={place!r}" if place else ""} t="str"><v>{text}</v></c>'


def xls(rows: Rows) -> bytes:
    """An old .xls: BIFF8 (records LABEL and NUMBER) in a compound file of one stream."""

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def begin(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 1996, 0, 6))

    end = record(0x000A, b"")
    cells = b""
    for row_no, row in enumerate(rows):
        for column, value in enumerate(row):
            place = struct.pack("<HHH", row_no, column, 0)
            if isinstance(value, (int, float)):
                cells += record(0x0203, place + struct.pack("<d", value))
            elif value is not None:
                text = str(value)
                cells += record(0x0204, place + struct.pack("<HB", len(text), 1) + text.encode("utf-16-le"))
    width = max(len(row) for row in rows)
    sheet = begin(0x10) + record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0)) + cells + end
    name = struct.pack("<BB", 6, 0) + b"Sheet1"
    codepage = record(0x0042, struct.pack("<H", 1200))
    before = len(begin(5)) + len(codepage) + 4 + 6 + len(name) + len(end)
    bound = record(0x0085, struct.pack("<IH", before, 0) + name)
    return compound(begin(5) + codepage + bound + end + sheet)


def compound(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file (MS-CFB, version 3) that holds one stream outside the small-stream area."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    if sectors + 2 > 128:
        raise ValueError("one sector of the allocation table is not enough")
    free, last, table = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    chain = [table, last, *range(3, sectors + 2), last]
    fat = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))

    def entry(text: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = text.encode("utf-16-le") + b"\0\0"
        return (
            raw.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(raw), kind, 1, free, free, child)
            + bytes(36)
            + struct.pack("<IQ", start, size)
        )

    root, only = entry("Root Entry", 5, 1, last, 0), entry(name, 2, free, 2, len(stream))
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, last, 0, last, 0)
        + struct.pack("<109I", 0, *[free] * 108)
    )
    return header + fat + (root + only).ljust(512, b"\0") + stream
