"""What a workbook must not be, seen before anything reads it.

A few kilobytes can unpack to gigabytes, name one cell in the last corner of a sheet of seventeen thousand
million, run a macro, or fetch what somebody else put elsewhere.  Each has a code of its own, so that whoever
sent the file is told the one thing to change:

| code | what was found |
|---|---|
| DB-INPUT-007 | parts of an odd type or encoding, a document type, cells in impossible places |
| DB-INPUT-042 | it unpacks to more than a list can be |
| DB-INPUT-043 | macros |
| DB-INPUT-044 | links to other workbooks |
| DB-INPUT-045 | more rows than a list may have |
| DB-INPUT-046 | encrypted, or locked with a password |
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from schemas.errors import DrawbridgeError

MAX_ENTRIES = 1_000
MAX_UNPACKED = 300_000_000
MAX_RATIO = 100
MAX_CELLS = 20_000_000
MAX_ROWS = 1_000_000
_RATIO_FROM = 1_000_000  # small entries of nothing but zeros are no bomb; a plain list shrinks to a twentieth
_CHUNK = 1 << 20
_LONGEST_TEXT = 1 << 20  # without a tag; a cell has 32 767 characters at most

Refuse = Callable[..., DrawbridgeError]


def gate_archive(path: Path) -> None:
    """Looks at every entry of an .xlsx, unpacking it once without keeping it.

    Raises DrawbridgeError DB-INPUT-004 (no workbook), -007, -008 (damaged), -042 to -046.
    """
    refuse = partial(DrawbridgeError, path=path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise refuse("DB-INPUT-042", detail=f"内含 {len(entries)} 个部件")
            names = [entry.filename for entry in entries]
            if "xl/workbook.xml" not in names:
                raise refuse("DB-INPUT-004", detail="压缩包，不是 .xlsx 工作簿")
            if "xl/workbook.bin" in names or "content.xml" in names:
                raise refuse("DB-INPUT-007", detail="部件的类型异常")
            for entry in entries:
                _gate_entry(entry, refuse)
            if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise refuse("DB-INPUT-042", detail="解压后过大")
            for entry in entries:
                _gate_content(archive, entry, refuse)
    except zipfile.BadZipFile as error:
        raise refuse("DB-INPUT-008", detail="工作簿已损坏") from error
    except (OSError, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise refuse("DB-INPUT-008", detail=type(error).__name__) from error


def gate_compound(path: Path) -> None:
    """Looks at an old .xls, or an encrypted .xlsx in the same kind of container.

    Raises DrawbridgeError DB-INPUT-008, -042, -043, -046.
    """
    refuse = partial(DrawbridgeError, path=path)
    try:
        size, data = path.stat().st_size, b""
        if size <= MAX_UNPACKED:
            data = path.read_bytes()
    except OSError as error:
        raise refuse("DB-INPUT-008", detail=type(error).__name__) from error
    if size > MAX_UNPACKED:
        raise refuse("DB-INPUT-042", detail="文件过大")
    for mark, code in (("EncryptedPackage", "DB-INPUT-046"), ("_VBA_PROJECT", "DB-INPUT-043")):
        if mark.encode("utf-16-le") in data:
            raise refuse(code)


def _gate_entry(entry: zipfile.ZipInfo, refuse: Refuse) -> None:
    name = entry.filename.lower()
    if entry.flag_bits & 0x1:
        raise refuse("DB-INPUT-046")
    if "vbaproject" in name or "macrosheets" in name:
        raise refuse("DB-INPUT-043")
    if "externallinks" in name:
        raise refuse("DB-INPUT-044")
    if entry.file_size > _RATIO_FROM and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise refuse("DB-INPUT-042", detail="压缩比异常")


def _gate_content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, refuse: Refuse) -> None:
    """Unpacks one entry; what it names must fit into memory, and it must be what the directory says."""
    name = entry.filename.lower()
    if name == "[content_types].xml" and b"macroenabled" in archive.read(entry).lower():
        raise refuse("DB-INPUT-043")
    if name == "xl/_rels/workbook.xml.rels":
        # A sheet under another name would be read without having been looked at.
        for target in _TARGET.findall(archive.read(entry)):
            if not target.lower().endswith(b".xml"):
                raise refuse("DB-INPUT-007", detail="部件的类型异常")
    extent, tail = _Extent(), b""
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            if not name.endswith(".xml"):
                continue
            if b"\x00" in chunk:
                raise refuse("DB-INPUT-007", detail="部件的编码异常")
            window = tail + chunk
            if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
                raise refuse("DB-INPUT-007", detail="部件带有文档类型声明")
            end = window.rfind(b"<")
            if len(window) - end > _LONGEST_TEXT:
                raise refuse("DB-INPUT-007", detail="有过长的单元格")
            extent.add(window[:end])
            tail = window[end:]
    extent.add(tail)
    if extent.rows * extent.columns > MAX_CELLS:
        raise refuse("DB-INPUT-007", detail="工作表的范围异常")
    if extent.rows > MAX_ROWS + 1:  # and a header
        raise refuse("DB-INPUT-045", cap=MAX_ROWS)


_TARGET = re.compile(rb"\bTarget\s*=\s*[\"']([^\"']*)[\"']")
# Rows and cells, with the place that they name. A cell that names none stands behind the one before it.
_PLACE = re.compile(
    rb"<(?:[\w.-]+:)?(?:(row)|c)(?=[\s/>])(?:[^<]*?\br\s*=\s*[\"']([A-Za-z]{0,3})([0-9]{1,10})[\"'])?"
)
# In the plainest writing: a cell beyond column Z or row 99 999.
_FAR = re.compile(rb'<c r="(?:[A-Z]{2}|[A-Z][0-9]{6})')
_PLAIN_ROWS, _PLAIN_COLUMNS = 99_999, 26


class _Extent:
    """How large a table the rows and cells of a part span: what reading it would allocate."""

    def __init__(self) -> None:
        self.rows = self.columns = 1
        self._row = self._column = 0

    def add(self, text: bytes) -> None:
        if self._is_plain(text):
            return
        for is_row, letters, digits in _PLACE.findall(text):
            if is_row:
                self._row, self._column = int(digits) if digits else self._row + 1, 0
            else:
                self._column = _column_number(letters) if letters else self._column + 1
                self.columns = max(self.columns, self._column)
                if digits:
                    self._row = int(digits)
            self.rows = max(self.rows, self._row)

    def _is_plain(self, text: bytes) -> bool:
        """Whether every cell names a place that is near, in the writing that nearly every program has.

        Counting is a hundred times faster than looking at each of a million cells.  What an unusual
        prefix or order would hide makes the counts differ, and the slow way is gone.
        """
        cells = text.count(b"<c")
        if not cells or cells != text.count(b'<c r="') or b":c" in text or b":row" in text:
            return False
        if text.count(b"<row") != text.count(b'<row r="') or _FAR.search(text):
            return False
        lines = [int(digits) for digits in _ROW.findall(text)]
        if any(number > _PLAIN_ROWS for number in lines):
            return False
        if lines:
            self._row = lines[-1]
            self.rows = max(self.rows, max(lines))
        # Each cell of it names its row, so a row element may be left behind in the part before.
        last = text[text.rfind(b'<c r="') + 6 :]
        match = _CELL.match(last)
        if match is None:
            return False
        self._column = _column_number(match[1])
        self._row = int(match[2])
        self.rows = max(self.rows, self._row)
        self.columns = max(self.columns, _PLAIN_COLUMNS)
        return True


_ROW = re.compile(rb'<row r="([0-9]{1,10})"')
_CELL = re.compile(rb'([A-Z])([0-9]{1,5})"')


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
