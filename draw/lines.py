"""Frozen files line by line (§1): LF ends each line, the last one too; nothing is quoted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from draw.canonical import Source
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

_BLOCK_BYTES = 1 << 20
_LINE_LIMIT_BYTES = 1 << 20  # so that a file without line feeds is refused, and not read into memory


def blocks(source: Source, name: str) -> Iterator[bytes]:
    """The bytes of the source in blocks; refuses a file that cannot be read (DB-DRAW-028)."""
    if isinstance(source, bytes):
        for start in range(0, len(source), _BLOCK_BYTES):
            yield source[start : start + _BLOCK_BYTES]
        return
    try:
        with source.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block
    except OSError as error:
        raise DrawbridgeError(
            "DB-DRAW-028", name=name, path=str(source), problem=problem(error, reading=True)
        ) from None


class Block(NamedTuple):
    """Whole lines of a file: their bytes, the index (from 0) of the first, and how many they are."""

    data: bytes
    start: int
    lines: int


def blocks_of_lines(source: Source, name: str, needed: int | None = None) -> Iterator[Block]:
    """The source in blocks of whole lines; blocks behind the first `needed` lines are not counted.

    Only the last block may end within a line (which counts), if the source does; nothing is read
    behind a line that is too long, which `read_lines` refuses.
    """
    rest, start = b"", 0
    for block in blocks(source, name):
        end = block.rfind(b"\n") + 1
        if end:
            data = rest + block[:end]
            count = data.count(b"\n") if needed is None or start < needed else 0
            yield Block(data, start, count)
            start += count
            rest = block[end:]
        else:
            rest += block
        if len(rest) > _LINE_LIMIT_BYTES:
            break
    if rest:
        yield Block(rest, start, 1)


def sha256_of(source: Source, name: str) -> str:
    """SHA-256 of the whole source, as hex."""
    hasher = hashlib.sha256()
    for block in blocks(source, name):
        hasher.update(block)
    return hasher.hexdigest()


def read_lines(
    source: Source, name: str, hasher: hashlib._Hash | None = None, first_line: int = 1
) -> Iterator[bytes]:
    """The lines without their LF; `hasher`, if given, has seen the whole source at the end.

    `first_line` is the number of the first one, where the source is a part of a file.

    Refuses a carriage return (DB-DRAW-030), a last line without LF (031), an
    empty line (032) and one of more than 1 MiB (027), each with its line number.
    An empty source has no line.
    """
    rest, number = b"", first_line - 1
    for block in blocks(source, name):
        if hasher is not None:
            hasher.update(block)
        parts = (rest + block).split(b"\n")
        if b"\r" in block:
            bad = next(index for index, part in enumerate(parts) if b"\r" in part)
            raise DrawbridgeError("DB-DRAW-030", name=name, line=number + bad + 1)
        rest = parts.pop()
        if b"" in parts:
            raise DrawbridgeError("DB-DRAW-032", name=name, line=number + parts.index(b"") + 1)
        number += len(parts)
        yield from parts
        if len(rest) > _LINE_LIMIT_BYTES:
            raise DrawbridgeError("DB-DRAW-027", name=name, line=number + 1, limit=_LINE_LIMIT_BYTES)
    if rest:
        raise DrawbridgeError("DB-DRAW-031", name=name, line=number + 1)


def decode(line: bytes, name: str, number: int) -> str:
    """The text of one line (numbered from 1); refuses bytes that are not UTF-8 (DB-DRAW-020)."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DrawbridgeError("DB-DRAW-020", name=f"{name}:{number}", position=error.start + 1) from None


def columns(line: bytes, count: int, name: str, number: int) -> list[str]:
    """The `count` columns of one line; refuses another number of them (DB-DRAW-033)."""
    fields = decode(line, name, number).split("\t")
    if len(fields) != count:
        raise DrawbridgeError("DB-DRAW-033", name=name, line=number, expected=count, found=len(fields))
    return fields
