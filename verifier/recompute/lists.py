"""The frozen files (§2): read in blocks, every line looked at, nothing converted.

Raises Unfit for what docs/verification.md does not allow under **files**, and DrawbridgeError DB-VERIFY-003
for a file that cannot be read.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, NamedTuple

from schemas.errors import DrawbridgeError
from verifier.recompute.document import Document
from verifier.recompute.form import ID_BYTES
from verifier.recompute.merkle import BlockTree
from verifier.recompute.table import Unfit

Source = Path | bytes
"""A file, or the bytes that would stand in it."""

ELIGIBLE = "eligible.tsv"
OBJECTS = "objects.txt"
FORBIDDEN = "forbidden.tsv"

_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 20  # of a file whose texts have no limit


class EligibleList(NamedTuple):
    """eligible.tsv: number of lines, SHA-256 and Merkle root (64 hex digits), objects by stratum."""

    lines: int
    sha256: str
    root: str
    sizes: dict[str, int]


class VisitFiles(NamedTuple):
    """The files of stage `inspectors`: objects; inspectors by department; who may not visit an object."""

    objects: list[str]
    rosters: dict[str, list[str]]
    forbidden: dict[str, set[str]]


def roster_name(code: str) -> str:
    """File name of a department's roster."""
    return f"roster-{code}.txt"


# --- lines ------------------------------------------------------------------------------------------------


def _open(source: Source) -> AbstractContextManager[IO[bytes]]:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def blocks(source: Source, name: str, hasher: hashlib._Hash) -> Iterator[list[bytes]]:
    """The lines without LF, many at a time; all bytes go through `hasher`.

    Raises Unfit for a line without LF, CR, an empty line, bytes that are not UTF-8, a line of more than a
    mebibyte.
    """
    number, rest = 0, b""
    try:
        with _open(source) as file:
            while piece := file.read(_BLOCK):
                hasher.update(piece)
                end = piece.rfind(b"\n") + 1
                if end == 0:
                    rest += piece
                    if len(rest) > _LONGEST_LINE:
                        raise Unfit(
                            f"{name}: lines of at most {_LONGEST_LINE} bytes", f"a longer line {number + 1}"
                        )
                    continue
                block, rest = rest + piece[:end], piece[end:]
                lines = _lines(block, name, number)
                number += len(lines)
                yield lines
    except OSError as error:
        raise DrawbridgeError("DB-VERIFY-003", path=name, problem=error.strerror) from None
    if rest:
        raise Unfit(f"{name}: a line feed at the end of every line", f"none at the end of line {number + 1}")


def _lines(block: bytes, name: str, before: int) -> list[bytes]:
    lines = block.split(b"\n")
    lines.pop()
    if b"\r" in block or block.startswith(b"\n") or b"\n\n" in block:
        wrong = next(n for n, line in enumerate(lines, before + 1) if not line or b"\r" in line)
        raise Unfit(f"{name}: lines that end in LF, none empty", f"line {wrong}")
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = before + block.count(b"\n", 0, error.start) + 1
        raise Unfit(f"{name}: UTF-8", f"line {line}") from None
    return lines


def _check_id(value: bytes | str, place: str) -> None:
    size = len(value.encode() if isinstance(value, str) else value)
    if not 0 < size <= ID_BYTES:
        raise Unfit(f"{place}: an id of 1 to {ID_BYTES} bytes", f"{size} bytes")


# --- eligible.tsv -----------------------------------------------------------------------------------------


def scan_eligible(
    source: Source, strata: Collection[str], progress: Callable[[int], object] = lambda lines: None
) -> EligibleList:
    """Reads eligible.tsv once, in flat memory.

    `strata` are the listed names; `progress` hears how many lines have been read.
    """
    hasher, tree, count, previous = hashlib.sha256(), BlockTree(), 0, b""
    sizes = {name.encode(): 0 for name in strata}
    for lines in blocks(source, ELIGIBLE, hasher):
        for number, line in enumerate(lines, count + 1):
            columns = line.split(b"\t")
            if len(columns) != 3 or not columns[1]:
                raise Unfit(f"{ELIGIBLE}:{number}: three columns, none empty", f"{len(columns)} columns")
            object_id, stratum, uscc = columns
            if not 0 < len(object_id) <= ID_BYTES or not 0 < len(uscc) <= ID_BYTES:
                _check_id(object_id, f"{ELIGIBLE}:{number}")
                _check_id(uscc, f"{ELIGIBLE}:{number}")
            if object_id <= previous:
                raise Unfit(f"{ELIGIBLE}:{number}: ids that rise", "one that does not")
            previous = object_id
            if stratum not in sizes:
                raise Unfit(f"{ELIGIBLE}:{number}: a stratum that is listed", stratum.decode())
            sizes[stratum] += 1
        tree.add(lines)
        count += len(lines)
        progress(count)
    return EligibleList(
        count, hasher.hexdigest(), tree.root(), {name.decode(): size for name, size in sizes.items()}
    )


def check_same(name: str, promised: Document, count: int, sha256: str) -> None:
    """Raises Unfit if the file is not the one that was committed to."""
    if count != promised["count"]:
        raise Unfit(f"{name} {promised['count']} lines", f"{count} lines")
    if sha256 != promised["sha256"]:
        raise Unfit(f"{name} {promised['sha256']}", sha256)


# --- objects.txt, rosters, forbidden.tsv ------------------------------------------------------------------


def _read(source: Source, name: str, promised: Document, *, salted: bool) -> list[str]:
    """The lines of a file that is the committed one, without its salt."""
    hasher = hashlib.sha256()
    lines = [line.decode() for block in blocks(source, name, hasher) for line in block]
    if salted and (not lines or not re.fullmatch("salt\t[0-9a-f]{64}", lines.pop(0))):
        raise Unfit(f"{name}: salt and 64 hex digits in the first line", "something else")
    check_same(name, promised, len(lines), hasher.hexdigest())
    return lines


def _check_rising(name: str, keys: Sequence[str] | Sequence[list[str]], first: int) -> None:
    """Code points compare as their UTF-8 bytes do."""
    for number in range(1, len(keys)):
        if keys[number] <= keys[number - 1]:  # type: ignore[operator]
            raise Unfit(f"{name}:{number + first}: ids that rise", "one that does not")


def salt_and_ids(source: Source, code: str, promised: Document) -> tuple[str, list[str]]:
    """Salt (64 hex digits) and inspector ids of a department's roster; `promised`: what was committed to."""
    name = roster_name(code)
    ids = _read(source, name, promised, salted=True)
    for number, one in enumerate(ids, 2):
        if "\t" in one:
            raise Unfit(f"{name}:{number}: one column", "several")
    _check_rising(name, ids, 2)
    with _open(source) as file:
        return file.readline().split()[1].decode(), ids


def read_visit_files(
    commitment: Document, objects: Source, forbidden: Source, rosters: Mapping[str, Source]
) -> VisitFiles:
    """The files of stage `inspectors`, each the committed one, and so that the draw cannot fail."""
    visits = _read(objects, OBJECTS, commitment["objects"], salted=False)
    for number, object_id in enumerate(visits, 1):
        _check_id(object_id, f"{OBJECTS}:{number}")
        if "\t" in object_id:
            raise Unfit(f"{OBJECTS}:{number}: one column", "several")
    _check_rising(OBJECTS, visits, 1)
    inspectors: dict[str, list[str]] = {}
    home: dict[str, str] = {}
    for department in commitment["departments"]:
        code = department["code"]
        _, inspectors[code] = salt_and_ids(rosters[code], code, department["roster"])
        for one in inspectors[code]:
            if home.setdefault(one, code) != code:
                raise Unfit(
                    f"{roster_name(code)}: inspectors of no other roster", f"one of {roster_name(home[one])}"
                )
    barred = _forbidden_pairs(commitment, forbidden, set(visits), home)
    _check_enough(commitment, inspectors, barred, home)
    return VisitFiles(visits, inspectors, barred)


def _forbidden_pairs(
    commitment: Document, source: Source, visits: Collection[str], home: Mapping[str, str]
) -> dict[str, set[str]]:
    lines = _read(source, FORBIDDEN, commitment["forbidden"], salted=True)
    rows = [line.split("\t") for line in lines]
    barred: dict[str, set[str]] = {}
    for number, row in enumerate(rows, 2):
        if len(row) != 3 or not all(row):
            raise Unfit(f"{FORBIDDEN}:{number}: three columns, none empty", f"{len(row)} columns")
        object_id, inspector, _ = row
        if object_id not in visits:
            raise Unfit(f"{FORBIDDEN}:{number}: an object of {OBJECTS}", object_id)
        if inspector not in home:
            raise Unfit(f"{FORBIDDEN}:{number}: an inspector of a roster", "another")
        barred.setdefault(object_id, set()).add(inspector)
    _check_rising(FORBIDDEN, [row[:2] for row in rows], 2)
    return barred


def _check_enough(
    commitment: Document,
    inspectors: Mapping[str, Sequence[str]],
    barred: Mapping[str, Collection[str]],
    home: Mapping[str, str],
) -> None:
    for department in commitment["departments"]:
        code, team, there = department["code"], department["team"], len(inspectors[department["code"]])
        if there < team * commitment["groups"]:
            raise Unfit(f"{roster_name(code)}: {team * commitment['groups']} inspectors", there)
        for object_id, unwanted in barred.items():
            free = there - sum(home[one] == code for one in unwanted)
            if free < team:
                raise Unfit(f"{object_id}: {team} inspectors of {code} who may visit it", free)
