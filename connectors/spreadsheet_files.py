"""Opening what a county office sends: .csv in three encodings, .xlsx, .xls; rows one after the other.

A workbook is looked at as the archive it is before anything reads it: a few kilobytes can unpack to
gigabytes, or name one cell in the last corner of a sheet of seventeen thousand million.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import python_calamine

from schemas.errors import DrawbridgeError

MAX_ENTRIES = 1_000
MAX_UNPACKED = 100_000_000
MAX_RATIO = 100
MAX_CELLS = 20_000_000
MAX_RECORD_LINES = 20  # a quoted field with more lines than this is a lost quotation mark
_RATIO_FROM = 100_000  # small entries of nothing but zeros are no bomb
_CHUNK = 1 << 20
_LONGEST_TEXT = 1 << 20  # without a tag; a cell has 32 767 characters at most

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


def open_table(path: Path) -> Opened:
    """The tables of a file; what it is is seen by its first bytes, not by its name.

    Raises DrawbridgeError: DB-INPUT-001 not there, -002 a folder, -003 empty, -004 another type,
    -005 encoding, -007 not safe to open, -008 unreadable.
    """
    try:
        if path.is_dir():
            raise DrawbridgeError("DB-INPUT-002", path=path)
        with path.open("rb") as stream:
            first = stream.read(4096)
    except FileNotFoundError:
        raise DrawbridgeError("DB-INPUT-001", path=path) from None
    except OSError as error:
        raise DrawbridgeError(
            "DB-INPUT-008", path=path, detail=error.strerror or type(error).__name__
        ) from None
    if not first.removeprefix(codecs.BOM_UTF8).strip():
        raise DrawbridgeError("DB-INPUT-003", path=path)
    if first.startswith(b"PK\x03\x04"):
        _gate_archive(path)
        return _workbook(path, "xlsx")
    if first.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        _gate_compound(path)
        return _workbook(path, "xls")
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


def _gate_archive(path: Path) -> None:
    """Looks at every entry of the archive, unpacking it once without keeping it."""

    def refuse(detail: str) -> DrawbridgeError:
        return DrawbridgeError("DB-INPUT-007", path=path, detail=detail)

    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise refuse(f"内含 {len(entries)} 个部件")
            names = [entry.filename for entry in entries]
            if "xl/workbook.xml" not in names:
                raise DrawbridgeError("DB-INPUT-004", path=path, detail="压缩包，不是 .xlsx 工作簿")
            if "xl/workbook.bin" in names or "content.xml" in names:
                raise refuse("部件的类型异常")
            for entry in entries:
                _gate_entry(entry, refuse)
            if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise refuse("解压后过大")
            for entry in entries:
                _gate_content(archive, entry, refuse)
    except zipfile.BadZipFile as error:
        raise DrawbridgeError("DB-INPUT-008", path=path, detail="工作簿已损坏") from error
    except (OSError, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise DrawbridgeError("DB-INPUT-008", path=path, detail=type(error).__name__) from error


def _gate_entry(entry: zipfile.ZipInfo, refuse: Callable[[str], DrawbridgeError]) -> None:
    name = entry.filename.lower()
    if entry.flag_bits & 0x1:
        raise refuse("已加密")
    if "vbaproject" in name or "macrosheets" in name:
        raise refuse("含宏")
    if "externallinks" in name:
        raise refuse("含外部链接")
    if entry.file_size > _RATIO_FROM and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise refuse("压缩比异常")


_TARGET = re.compile(rb"\bTarget\s*=\s*[\"']([^\"']*)[\"']")
# Rows and cells, with the place that they name. A cell that names none stands behind the one before it.
_PLACE = re.compile(
    rb"<(?:[\w.-]+:)?(?:(row)|c)(?=[\s/>])(?:[^<]*?\br\s*=\s*[\"']([A-Za-z]{0,3})([0-9]{1,10})[\"'])?"
)


class _Extent:
    """How large a table the rows and cells of a part span: what reading it would allocate."""

    def __init__(self) -> None:
        self.rows = self.columns = 1
        self._row = self._column = 0

    def add(self, text: bytes) -> None:
        for is_row, letters, digits in _PLACE.findall(text):
            if is_row:
                self._row, self._column = int(digits) if digits else self._row + 1, 0
            else:
                self._column = _column_number(letters) if letters else self._column + 1
                self.columns = max(self.columns, self._column)
                if digits:
                    self._row = int(digits)
            self.rows = max(self.rows, self._row)


def _gate_content(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, refuse: Callable[[str], DrawbridgeError]
) -> None:
    """Unpacks one entry; what it names must fit into memory, and it must be what the directory says."""
    name = entry.filename.lower()
    if name == "xl/_rels/workbook.xml.rels":
        # A sheet under another name would be read without having been looked at.
        for target in _TARGET.findall(archive.read(entry)):
            if not target.lower().endswith(b".xml"):
                raise refuse("部件的类型异常")
    extent, tail = _Extent(), b""
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            if not name.endswith(".xml"):
                continue
            if b"\x00" in chunk:
                raise refuse("部件的编码异常")
            window = tail + chunk
            end = window.rfind(b"<")
            if len(window) - end > _LONGEST_TEXT:
                raise refuse("有过长的单元格")
            extent.add(window[:end])
            tail = window[end:]
    extent.add(tail)
    if extent.rows * extent.columns > MAX_CELLS:
        raise refuse("工作表的范围异常")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _gate_compound(path: Path) -> None:
    """An old .xls, or an encrypted .xlsx in the same kind of container."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DrawbridgeError("DB-INPUT-008", path=path, detail=type(error).__name__) from error
    if len(data) > MAX_UNPACKED:
        raise DrawbridgeError("DB-INPUT-007", path=path, detail="文件过大")
    for mark, detail in (("EncryptedPackage", "已加密"), ("_VBA_PROJECT", "含宏")):
        if mark.encode("utf-16-le") in data:
            raise DrawbridgeError("DB-INPUT-007", path=path, detail=detail)


def _workbook(path: Path, kind: str) -> Opened:
    try:
        # From its bytes: given a path, the library goes by the name's ending.
        book = python_calamine.CalamineWorkbook.from_object(io.BytesIO(path.read_bytes()))
        names = [
            meta.name
            for meta in book.sheets_metadata
            if meta.typ == python_calamine.SheetTypeEnum.WorkSheet
            and meta.visible == python_calamine.SheetVisibleEnum.Visible
        ]
    except python_calamine.PasswordError:
        raise DrawbridgeError("DB-INPUT-007", path=path, detail="已加密") from None
    except (python_calamine.CalamineError, OSError) as error:
        raise DrawbridgeError("DB-INPUT-008", path=path, detail=type(error).__name__) from error
    return Opened([Sheet(name, partial(_sheet_rows, path, book, name), False) for name in names], kind)


def _sheet_rows(path: Path, book: python_calamine.CalamineWorkbook, name: str) -> Iterator[tuple[int, Cells]]:
    """Rows of one sheet. A merged cell's value stands in every row it covers, as people read it."""
    try:
        sheet = book.get_sheet_by_name(name)
        table = sheet.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError) as error:
        raise DrawbridgeError("DB-INPUT-008", path=path, detail=type(error).__name__) from error
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or []:
        for row in range(top + 1, min(bottom + 1, len(table))):
            if left < len(table[row]) and top < len(table):
                table[row][left] = table[top][left]
    for number, cells in enumerate(table, 1):
        yield number, [None if cell == "" else cell for cell in cells]


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
