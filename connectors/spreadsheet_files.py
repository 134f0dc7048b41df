"""Opening what a county office sends: .csv in three encodings, .xlsx, .xls; rows one after the other.

A workbook is looked at by `spreadsheet_gate` before anything reads it.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import python_calamine

from connectors.spreadsheet_gate import gate_archive, gate_compound
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

MAX_RECORD_LINES = 20  # a quoted field with more lines than this is a lost quotation mark
_CHUNK = 1 << 20

Cells = list[object]


@dataclass(frozen=True)
class Sheet:
    """One table: its rows with their numbers as the spreadsheet program shows them, from 1.

    `rows` starts anew at each call.  `exact_width`: a row is as wide as it was written (a text file), so that
    one that is shorter than the header has lost a column.
    """

    name: str
    rows: Callable[[], Iterator[tuple[int, Cells]]]
    exact_width: bool


@dataclass(frozen=True)
class Opened:
    """A file's tables, and how it was written (`UTF-8`, `UTF-8 BOM`, `GB18030`, `UTF-16`, `xlsx`, `xls`)."""

    sheets: list[Sheet]
    encoding: str


def open_table(path: Path, *, hidden: bool = False) -> Opened:
    """The tables of a file; what it is is seen by its first bytes, not by its name.

    `hidden`: also the sheets that a spreadsheet program does not show.

    Raises DrawbridgeError: DB-INPUT-001 not there, -002 a folder, -003 empty, -004 another type,
    -005 encoding, -007 and -042 to -046 not safe to open, -008 unreadable.
    """
    try:
        if path.is_dir():
            raise DrawbridgeError("DB-INPUT-002", path=path)
        with path.open("rb") as stream:
            first = stream.read(4096)
    except FileNotFoundError:
        raise DrawbridgeError("DB-INPUT-001", path=path) from None
    except OSError as error:
        raise DrawbridgeError("DB-INPUT-008", path=path, detail=problem(error, reading=True)) from None
    if not first.removeprefix(codecs.BOM_UTF8).strip():
        raise DrawbridgeError("DB-INPUT-003", path=path)
    if first.startswith(b"PK\x03\x04"):
        gate_archive(path)
        return _workbook(path, "xlsx", hidden)
    if first.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        gate_compound(path)
        return _workbook(path, "xls", hidden)
    _refuse_other_types(path, first)
    encoding = _encoding_of(path, first)
    return Opened(
        [Sheet(path.name, partial(_text_rows, path, encoding, delimiter), True) for delimiter in ",\t;"],
        {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 BOM", "gb18030": "GB18030", "utf-16": "UTF-16"}[encoding],
    )


_OTHER_TYPES = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\x1f\x8b": "gzip",
    b"{\\rtf": "RTF",
    b"SQLite format": "SQLite",
}


def _refuse_other_types(path: Path, first: bytes) -> None:
    for magic, name in _OTHER_TYPES.items():
        if first.startswith(magic):
            raise DrawbridgeError("DB-INPUT-004", path=path, detail=name)
    start = first.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")):
        raise DrawbridgeError("DB-INPUT-004", path=path, detail="网页或 XML")
    if start.startswith((b"{", b"[")) and path.suffix.lower() == ".json":
        raise DrawbridgeError("DB-INPUT-004", path=path, detail="JSON")
    if b"\x00" in first and not first.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DrawbridgeError("DB-INPUT-004", path=path, detail="二进制文件")


def _workbook(path: Path, kind: str, hidden: bool) -> Opened:
    try:
        # From its bytes: given a path, the library goes by the name's ending.
        book = python_calamine.CalamineWorkbook.from_object(io.BytesIO(path.read_bytes()))
        names = [
            meta.name
            for meta in book.sheets_metadata
            if meta.typ == python_calamine.SheetTypeEnum.WorkSheet
            and (hidden or meta.visible == python_calamine.SheetVisibleEnum.Visible)
        ]
    except python_calamine.PasswordError:
        raise DrawbridgeError("DB-INPUT-046", path=path) from None
    except (python_calamine.CalamineError, OSError) as error:
        raise DrawbridgeError("DB-INPUT-008", path=path, detail=type(error).__name__) from error
    # Unpacked once, though its rows are gone through twice: for the header, then for the data.
    unpacked = [cache(partial(_unpacked, path, book, name)) for name in names]
    return Opened(
        [
            Sheet(name, partial(_sheet_rows, sheet), False)
            for name, sheet in zip(names, unpacked, strict=True)
        ],
        kind,
    )


def _unpacked(path: Path, book: python_calamine.CalamineWorkbook, name: str) -> python_calamine.CalamineSheet:
    try:
        return book.get_sheet_by_name(name)
    except (python_calamine.CalamineError, OSError) as error:
        raise DrawbridgeError("DB-INPUT-008", path=path, detail=type(error).__name__) from error


def _sheet_rows(unpacked: Callable[[], python_calamine.CalamineSheet]) -> Iterator[tuple[int, Cells]]:
    """Rows of one sheet. A merged cell's value stands in every row it covers, as people read it."""
    sheet = unpacked()
    merged: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or []:
        if bottom > top:
            merged.setdefault(top + 1, []).append((bottom + 1, left))
    # Rows come from the first of the sheet on, columns from the first that holds something.
    before = sheet.start[1] if sheet.start else 0
    held: dict[int, tuple[int, object]] = {}
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells: Cells = [None if cell == "" else cell for cell in row]
        if before:
            cells = [None] * before + cells
        if held:
            _put_held(cells, held, number)
        for bottom, left in merged.get(number, ()):
            held[left] = (bottom, cells[left] if left < len(cells) else None)
        yield number, cells


def _put_held(cells: Cells, held: dict[int, tuple[int, object]], number: int) -> None:
    """Puts what is merged from above into its column, and forgets it behind its last row."""
    for column, (bottom, value) in list(held.items()):
        if number > bottom:
            del held[column]
        elif column < len(cells):
            cells[column] = value


def _encoding_of(path: Path, first: bytes) -> str:
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16" if _undecodable_at(path, "utf-16") is None else _no_encoding(path, 0)
    failed_at = _undecodable_at(path, "utf-8")
    if failed_at is None:
        return "utf-8-sig" if first.startswith(codecs.BOM_UTF8) else "utf-8"
    if first.startswith(codecs.BOM_UTF8) or _is_chinese_utf8(path, failed_at):
        return _no_encoding(path, failed_at)
    gb_failed_at = _undecodable_at(path, "gb18030")
    return "gb18030" if gb_failed_at is None else _no_encoding(path, gb_failed_at)


def _undecodable_at(path: Path, encoding: str) -> int | None:
    """About where the file stops being text of that encoding; None: it is to its end."""
    decoder = codecs.getincrementaldecoder(encoding)()
    position = 0
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return position + error.start
            if not chunk:
                return None
            position += len(chunk)


def _is_chinese_utf8(path: Path, end: int) -> bool:
    """Whether what stands before `end` is Chinese in UTF-8: then the file is damaged, not GB18030."""
    with path.open("rb") as stream:
        text = stream.read(min(end, _CHUNK)).decode("utf-8", "ignore")
    return sum("\u4e00" <= character <= "\u9fff" for character in text) >= 20


def _no_encoding(path: Path, at: int) -> str:
    with path.open("rb") as stream:
        line = stream.read(at).count(b"\n") + 1
    raise DrawbridgeError("DB-INPUT-005", path=path, line=line)


def _text_rows(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, Cells]]:
    """Records of a text file (RFC 4180). A quotation mark that nobody closes costs its own line only."""
    with path.open("rb") as raw:
        lines = _Lines(io.TextIOWrapper(raw, encoding=encoding, newline="\n"))
        number = 0
        while (first := lines.take()) is not None:
            number += 1
            record = first
            more: list[str] = []
            while _is_open(record, delimiter) and len(more) < MAX_RECORD_LINES:
                following = lines.take()
                if following is None:
                    break
                more.append(following)
                record += "\n" + following
            if more and _is_open(record, delimiter):
                lines.put_back(more)
                record = first
            yield number, [cell or None for cell in _split(record, delimiter)]


class _Lines:
    """Lines of a text, of which some may be put back."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream, self._waiting = stream, list[str]()

    def take(self) -> str | None:
        if self._waiting:
            return self._waiting.pop(0)
        line = self._stream.readline()
        return line.rstrip("\r\n") if line else None

    def put_back(self, lines: list[str]) -> None:
        self._waiting[:0] = lines


def _is_open(record: str, delimiter: str) -> bool:
    """Whether a quoted field has not been closed at the end of `record`."""
    if '"' not in record:
        return False
    quoted, at_start, position = False, True, 0
    while position < len(record):
        character = record[position]
        if quoted:
            if character == '"':
                if record[position + 1 : position + 2] == '"':
                    position += 1
                else:
                    quoted = False
        elif character == '"' and at_start:
            quoted = True
        at_start = not quoted and character in (delimiter, "\n")
        position += 1
    return quoted


def _split(record: str, delimiter: str) -> list[str]:
    if _is_open(record, delimiter):
        return record.split(delimiter)
    try:
        return next(csv.reader([record], delimiter=delimiter), [])
    except csv.Error:  # a lone carriage return, or a field of more than 128 KB
        return record.split(delimiter)
