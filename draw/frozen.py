"""The lists that are drawn from: written at the freeze, read strictly ever after (§2).

Stage `objects`:    eligible.tsv          object_id TAB stratum TAB uscc, sorted by object_id
Stage `inspectors`: objects.txt           the enterprises to visit (uscc), sorted
                    roster-<code>.txt     salt line, then inspector ids, sorted
                    forbidden.tsv         salt line, then object_id TAB inspector_id TAB reason, sorted

Ids sort by their UTF-8 bytes, which is the order in which Python compares `str`
(by code point), so texts are compared as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from draw.canonical import Source
from draw.lines import columns, decode, read_lines
from draw.merkle import RootHasher
from draw.text import check_department_code, check_hex64, check_object_id, check_text
from schemas.errors import DrawbridgeError

ELIGIBLE = "eligible.tsv"
OBJECTS = "objects.txt"
FORBIDDEN = "forbidden.tsv"


def roster_name(code: str) -> str:
    """File name of a department's roster."""
    return f"roster-{code}.txt"


class EligibleObject(NamedTuple):
    """One line of eligible.tsv."""

    object_id: str
    stratum: str
    uscc: str


class ForbiddenPair(NamedTuple):
    """One line of forbidden.tsv: this inspector may not visit this object."""

    object_id: str
    inspector_id: str
    reason: str


class Department(NamedTuple):
    """A department that visits, with the number of its inspectors in a team."""

    code: str
    team: int


@dataclass(frozen=True)
class EligibleList:
    """eligible.tsv as the commitment names it: count, digest, Merkle root; and how large each stratum is."""

    count: int
    sha256: str
    root: str
    sizes: dict[str, int]


@dataclass(frozen=True)
class Roster:
    """One department's roster as it was read."""

    salt: str
    inspectors: list[str]
    sha256: str


@dataclass(frozen=True)
class Forbidden:
    """forbidden.tsv as it was read."""

    salt: str
    pairs: list[ForbiddenPair]
    sha256: str


@dataclass(frozen=True)
class VisitList:
    """objects.txt as it was read."""

    objects: list[str]
    sha256: str


@dataclass(frozen=True)
class FrozenObjects:
    """What stage `objects` draws from, with the members that the commitment needs."""

    files: dict[str, bytes]
    count: int
    sha256: str
    root: str
    sizes: dict[str, int]


@dataclass(frozen=True)
class FrozenInspectors:
    """What stage `inspectors` draws from, with the members that the commitment needs.

    `objects`, `forbidden` and each of `rosters` are `{"count": …, "sha256": …}`.
    """

    files: dict[str, bytes]
    departments: list[Department]
    groups: int
    objects: dict[str, int | str]
    forbidden: dict[str, int | str]
    rosters: dict[str, dict[str, int | str]]


# --- writing ----------------------------------------------------------------------------------------


def freeze_objects(rows: Iterable[tuple[str, str, str]], strata: Collection[str]) -> FrozenObjects:
    """eligible.tsv of the rows `(object_id, stratum, uscc)`, in any order; `strata` are the listed names.

    Refuses what §2 refuses: malformed ids (DB-DRAW-001 to 005), an object twice
    (035), a stratum that is not listed (041).
    """
    data = b"".join("\t".join(row).encode() + b"\n" for row in _checked_rows(rows))
    found = scan_eligible(data, strata)
    return FrozenObjects({ELIGIBLE: data}, found.count, found.sha256, found.root, found.sizes)


def _checked_rows(rows: Iterable[tuple[str, str, str]]) -> list[EligibleObject]:
    checked = []
    for object_id, stratum, uscc in rows:
        check_object_id(object_id)
        check_text(stratum, "stratum")
        check_object_id(uscc, "uscc")
        checked.append(EligibleObject(object_id, stratum, uscc))
    return sorted(checked)


def freeze_inspectors(
    objects: Iterable[str],
    departments: Sequence[Department],
    groups: int,
    rosters: Mapping[str, Iterable[str]],
    forbidden: Iterable[tuple[str, str, str]],
    *,
    roster_salts: Mapping[str, str],
    forbidden_salt: str,
) -> FrozenInspectors:
    """objects.txt, the rosters and forbidden.tsv of stage `inspectors`; lists may come in any order.

    `objects` are the enterprises to visit (see `certificate.objects_of_next_stage`),
    `rosters` the inspector ids by department code, `forbidden` triples of object,
    inspector and reason, the salts 64 hex digits each, made by the caller's
    random source.  Refuses what §2 refuses: malformed texts, an id twice (DB-DRAW-035),
    a pair twice (037), an inspector in two rosters (044), forbidden pairs that name
    unknown ids (042, 043), a roster smaller than team × groups (045), an object that
    too few may visit (046), departments without roster or roster without department (047, 048).
    """
    codes = [department.code for department in departments]
    _same_departments(codes, rosters)
    lines = {OBJECTS: sorted(check_object_id(object_id) for object_id in objects)}
    salts = {roster_name(code): roster_salts.get(code, "") for code in codes}
    for code in codes:
        lines[roster_name(code)] = sorted(check_text(one, "inspector_id") for one in rosters[code])
    salts[FORBIDDEN] = forbidden_salt
    pairs = sorted(
        (check_object_id(o), check_text(i, "inspector_id"), check_text(r, "reason")) for o, i, r in forbidden
    )
    lines[FORBIDDEN] = ["\t".join(pair) for pair in pairs]
    for name, salt in salts.items():
        lines[name].insert(0, f"salt\t{check_hex64(salt, f'{name}: salt')}")
    files = {name: "".join(line + "\n" for line in content).encode() for name, content in lines.items()}

    visits = read_objects(files[OBJECTS])
    read = {code: read_roster(files[roster_name(code)], code) for code in codes}
    barred = read_forbidden(files[FORBIDDEN])
    ids = {code: roster.inspectors for code, roster in read.items()}
    check_stage(visits.objects, departments, groups, ids, barred.pairs)
    return FrozenInspectors(
        files,
        list(departments),
        groups,
        {"count": len(visits.objects), "sha256": visits.sha256},
        {"count": len(barred.pairs), "sha256": barred.sha256},
        {code: {"count": len(read[code].inspectors), "sha256": read[code].sha256} for code in codes},
    )


# --- reading ----------------------------------------------------------------------------------------

# A line of printable ASCII that needs no closer look; anything else is decoded and checked field by field.
_PLAIN_LINE = re.compile(rb"[!-~](?:[ -~]{0,62}[!-~])?\t[!-~](?:[ -~]*[!-~])?\t[!-~](?:[ -~]{0,62}[!-~])?")


def eligible_lines(source: Source, hasher: hashlib._Hash | None = None) -> Iterator[bytes]:
    """The lines of eligible.tsv as bytes without LF, each one checked.

    Refuses what `lines.read_lines` refuses, a wrong number of columns (DB-DRAW-033),
    malformed texts, an object twice (035) and a wrong order (034).
    """
    previous = b""
    for number, line in enumerate(read_lines(source, ELIGIBLE, hasher), 1):
        previous = check_eligible_line(line, number, previous)
        yield line


def check_eligible_line(line: bytes, number: int, previous: bytes) -> bytes:
    """The object id of one line of eligible.tsv, of which `previous` is the one before (empty: none).

    Refuses as `eligible_lines` does; `number` counts from 1.
    """
    if not _PLAIN_LINE.fullmatch(line):
        object_id, stratum, uscc = columns(line, 3, ELIGIBLE, number)
        place = f"{ELIGIBLE}:{number}: "
        check_object_id(object_id, place + "object_id")
        check_text(stratum, place + "stratum")
        check_object_id(uscc, place + "uscc")
    found = line[: line.index(b"\t")]
    if found <= previous:
        out_of_order(found == previous, ELIGIBLE, number)
    return found


def read_eligible(source: Source) -> Iterator[EligibleObject]:
    """The rows of eligible.tsv in file order, checked as by `eligible_lines`."""
    for line in eligible_lines(source):
        yield EligibleObject(*line.decode().split("\t"))


def scan_eligible(source: Source, strata: Collection[str]) -> EligibleList:
    """Count, digest, Merkle root and stratum sizes of eligible.tsv, in one pass and flat memory.

    `sizes` has every listed stratum, also those without an object.  Refuses as
    `eligible_lines` does, and a stratum that is not listed (DB-DRAW-041).
    """
    hasher, tree, count = hashlib.sha256(), RootHasher(), 0
    sizes = {name.encode(): 0 for name in strata}
    for line in eligible_lines(source, hasher):
        count += 1
        sizes[listed_stratum(line, count, sizes)] += 1
        tree.add(line)
    return EligibleList(
        count, hasher.hexdigest(), tree.root(), {name.decode(): size for name, size in sizes.items()}
    )


def listed_stratum(line: bytes, number: int, listed: Collection[bytes]) -> bytes:
    """The stratum of one checked line of eligible.tsv; refuses one that is not listed (DB-DRAW-041)."""
    stratum = line.split(b"\t", 2)[1]
    if stratum not in listed:
        raise DrawbridgeError("DB-DRAW-041", name=ELIGIBLE, line=number, stratum=stratum.decode())
    return stratum


def read_objects(source: Source) -> VisitList:
    """objects.txt: the enterprises to visit, sorted, each once (DB-DRAW-034, 035)."""
    hasher = hashlib.sha256()
    objects: list[str] = []
    for number, line in enumerate(read_lines(source, OBJECTS, hasher), 1):
        object_id = check_object_id(decode(line, OBJECTS, number), f"{OBJECTS}:{number}: object_id")
        if objects and object_id <= objects[-1]:
            out_of_order(object_id == objects[-1], OBJECTS, number)
        objects.append(object_id)
    return VisitList(objects, hasher.hexdigest())


def rosters_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Department code -> its roster, of frozen files by name."""
    return {
        name.removeprefix("roster-").removesuffix(".txt"): content
        for name, content in files.items()
        if name.startswith("roster-")
    }


def read_roster(source: Source, code: str) -> Roster:
    """roster-<code>.txt: its salt and its inspector ids, sorted, each once (DB-DRAW-034 to 036)."""
    name, hasher = roster_name(check_department_code(code)), hashlib.sha256()
    lines = read_lines(source, name, hasher)
    salt = _salt(next(lines, b""), name)
    inspectors: list[str] = []
    for number, line in enumerate(lines, 2):
        inspector = check_text(decode(line, name, number), f"{name}:{number}: inspector_id")
        if inspectors and inspector <= inspectors[-1]:
            out_of_order(inspector == inspectors[-1], name, number)
        inspectors.append(inspector)
    return Roster(salt, inspectors, hasher.hexdigest())


def read_forbidden(source: Source) -> Forbidden:
    """forbidden.tsv: its salt and its pairs, sorted by object and inspector, each pair once (DB-DRAW-037)."""
    hasher = hashlib.sha256()
    lines = read_lines(source, FORBIDDEN, hasher)
    salt = _salt(next(lines, b""), FORBIDDEN)
    pairs: list[ForbiddenPair] = []
    for number, line in enumerate(lines, 2):
        place = f"{FORBIDDEN}:{number}: "
        pair = ForbiddenPair(*columns(line, 3, FORBIDDEN, number))
        check_object_id(pair.object_id, place + "object_id")
        check_text(pair.inspector_id, place + "inspector_id")
        check_text(pair.reason, place + "reason")
        if pairs and pair[:2] <= pairs[-1][:2]:
            if pair[:2] == pairs[-1][:2]:
                raise DrawbridgeError("DB-DRAW-037", name=FORBIDDEN, line=number)
            out_of_order(False, FORBIDDEN, number)
        pairs.append(pair)
    return Forbidden(salt, pairs, hasher.hexdigest())


def _salt(line: bytes, name: str) -> str:
    label, _, salt = line.partition(b"\t")
    if label != b"salt" or not re.fullmatch(rb"[0-9a-f]{64}", salt):
        raise DrawbridgeError("DB-DRAW-036", name=name)
    return salt.decode()


def out_of_order(same: bool, name: str, number: int) -> NoReturn:
    """Refuses an id that repeats the one before (DB-DRAW-035) or comes too late (034)."""
    raise DrawbridgeError("DB-DRAW-035" if same else "DB-DRAW-034", name=name, line=number)


# --- what the freeze of stage `inspectors` refuses ---------------------------------------------------


def _same_departments(codes: Collection[str], rosters: Collection[str]) -> None:
    for code in codes:
        if code not in rosters:
            raise DrawbridgeError("DB-DRAW-047", department=code)
    for code in rosters:
        if code not in codes:
            raise DrawbridgeError("DB-DRAW-048", department=code)


def check_stage(
    objects: Sequence[str],
    departments: Sequence[Department],
    groups: int,
    rosters: Mapping[str, Sequence[str]],
    forbidden: Sequence[ForbiddenPair],
) -> None:
    """Refuses a freeze whose draw could fail (§2); then the draw itself cannot.

    A roster missing or too many (DB-DRAW-047, 048), an inspector in two rosters
    (044), a forbidden pair that names an unknown object or inspector (042, 043),
    a roster smaller than team × groups (045), an object that fewer than `team`
    inspectors of a department may visit (046).
    """
    _same_departments([department.code for department in departments], rosters)
    department_of: dict[str, str] = {}
    for code, team in departments:
        name, found = roster_name(code), len(rosters[code])
        for line, inspector in enumerate(rosters[code], 2):
            if inspector in department_of:
                other = roster_name(department_of[inspector])
                raise DrawbridgeError("DB-DRAW-044", name=name, line=line, other=other)
            department_of[inspector] = code
        if found < team * groups:
            raise DrawbridgeError(
                "DB-DRAW-045", department=code, found=found, needed=team * groups, team=team, groups=groups
            )
    _check_forbidden(set(objects), dict(departments), rosters, department_of, forbidden)


def _check_forbidden(
    known: Collection[str],
    teams: Mapping[str, int],
    rosters: Mapping[str, Sequence[str]],
    department_of: Mapping[str, str],
    forbidden: Sequence[ForbiddenPair],
) -> None:
    barred: dict[tuple[str, str], int] = {}
    for line, pair in enumerate(forbidden, 2):
        if pair.object_id not in known:
            raise DrawbridgeError("DB-DRAW-042", name=FORBIDDEN, line=line, object_id=pair.object_id)
        if pair.inspector_id not in department_of:
            raise DrawbridgeError("DB-DRAW-043", name=FORBIDDEN, line=line)
        seat = (pair.object_id, department_of[pair.inspector_id])
        barred[seat] = barred.get(seat, 0) + 1
    for (object_id, code), count in sorted(barred.items()):
        free = len(rosters[code]) - count
        if free < teams[code]:
            reasons = Counter(
                pair.reason
                for pair in forbidden
                if pair.object_id == object_id and department_of[pair.inspector_id] == code
            )
            raise DrawbridgeError(
                "DB-DRAW-046",
                object_id=object_id,
                department=code,
                free=free,
                team=teams[code],
                more=teams[code] - free,
                barred=count,
                reasons="、".join(f"{reason} {number}" for reason, number in sorted(reasons.items())),
            )
