"""A case with one thing altered at a time."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import methodcaller
from typing import Any

from draw.canonical import canonical, digest
from draw.compute import (
    InspectorFiles,
    batches_of,
    compute_inspectors,
    compute_objects,
    seat_objections_of,
    values_of,
)
from schemas.errors import DrawbridgeError
from tests.verifier.honest import Case

Place = tuple[str | int, ...]
"""Where a value stands: `("winners", 0, "ticket")`."""


def tampered(case: Case) -> Iterator[tuple[str, Case]]:
    """The case with one thing altered at a time: certificate, files, documents before, kept digests.

    A name begins with `free:` where no computation fixes what was altered, so that at most a kept
    digest tells.  All else must be seen by some row but `kept_certificate`, or be refused.
    """
    for name, certificate in _certificates(case):
        yield name, replace(case, name=f"{case.name}, {name}", certificate=certificate)
    for key, data in case.files.items():
        for name, content in _files(data):
            files = {**case.files, key: content}
            yield f"{key}: {name}", replace(case, name=f"{case.name}, {key}: {name}", files=files)
    for number, document in enumerate(case.before):
        for name, other in _documents_before(document):
            before = (*case.before[:number], other, *case.before[number + 1 :])
            label = f"{_free_before(case, document, name)}before[{number}].{name}"
            yield label, replace(case, name=f"{case.name}, {label}", before=before)
    for key, kept in case.kept.items():
        label = f"kept.{key} altered"
        yield label, replace(case, name=f"{case.name}, {label}", kept={**case.kept, key: _other_text(kept)})


def _certificates(case: Case) -> Iterator[tuple[str, bytes]]:
    document = json.loads(case.certificate)
    changes = (_altered_leaves, _mistyped_leaves, _members_changed, _entries_changed)
    for change in changes:
        for name, place, altered in change(document):
            yield f"{'free:' if _is_free(case, place, altered) else ''}{name}", canonical(altered)
    yield from _raw(case.certificate)


_Change = Iterator[tuple[str, Place, Any]]
_DECIDED = ("replacements", "seat_replacements")


def _is_free(case: Case, place: Place, altered: dict[str, Any]) -> bool:
    """Whether certificate, files and documents before still fit together, as the draw itself says.

    So with who decided what and when, and with decisions that were left out or moved to where others might
    have stood; and with `corrects`, where the certificate that it names is not at hand.
    """
    if place[0] not in (*_DECIDED, "corrects") or "full" in altered or not _would_be_drawn(case, altered):
        return False
    stage = altered["commitment"]["stage"]
    before = [(digest(data), json.loads(data)) for data in case.before]
    same_stage = {own: former for own, former in before if former["commitment"]["stage"] == stage}
    if altered["corrects"] is None or not same_stage:
        return True
    former = same_stage.get(altered["corrects"], {"abandoned": True})
    member = _DECIDED[stage == "inspectors"]
    return member in former and altered[member][: len(former[member])] == former[member]


def _would_be_drawn(case: Case, certificate: dict[str, Any]) -> bool:
    """Whether the draw gives this very certificate for the decisions that it records."""
    try:
        commitment, values = canonical(certificate["commitment"]), values_of(certificate)
        if certificate["commitment"]["stage"] == "objects":
            decided = batches_of(certificate)
            again = compute_objects(
                commitment, values, case.files["eligible"], decided, certificate["corrects"]
            )
        else:
            rosters = {key[7:]: data for key, data in case.files.items() if key.startswith("roster-")}
            files = InspectorFiles(case.files["objects"], case.files["forbidden"], rosters)
            seats = seat_objections_of(certificate)
            again = compute_inspectors(commitment, values, files, seats, certificate["corrects"])
    except (DrawbridgeError, KeyError, TypeError, IndexError):
        return False
    return again == canonical(certificate)


def _written(place: Place) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")


def _leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from _leaves(inner, (*place, member))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*place, index))
    else:
        yield place, value


def _containers(value: Any, kind: type, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, kind):
        yield place, value
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for step, one in inner:
            yield from _containers(one, kind, (*place, step))


def _inside(document: Any, place: Place) -> Any:
    for step in place:
        document = document[step]
    return document


def _changed(document: Any, place: Place, act: Callable[[Any], object]) -> Any:
    """A copy of the document, `act` having been called on what holds the last step of the place."""
    other = copy.deepcopy(document)
    act(_inside(other, place))
    return other


def _shape(place: Place) -> tuple[str, ...]:
    """The place without the numbers: alike for all entries of a list."""
    return tuple("*" if isinstance(step, int) else step for step in place)


def _first_of_each_shape(places: Iterator[tuple[Place, Any]]) -> list[tuple[Place, Any]]:
    first: dict[tuple[str, ...], tuple[Place, Any]] = {}
    for place, value in places:
        first.setdefault(_shape(place), (place, value))
    return list(first.values())


_NULLED = {"by": "X", "uscc": "X", "reason": "x", "approved_by": "x"}


def _other_text(text: str, member: str = "") -> str:
    """Another text of the same kind: a digest, a time, a ratio, a pattern, an id."""
    if re.fullmatch("[0-9a-f]{64}", text):
        return ("1" if text[0] == "0" else "0") + text[1:]
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*", text):
        return text[:17] + f"{(int(text[17:19]) + 1) % 60:02d}" + text[19:]
    if member == "ratio":
        return "0.5" if text == "1" else text[:-1] + ("8" if text[-1] == "9" else str(int(text[-1]) + 1))
    if member == "pattern":
        return "^9" + text[1:]
    last = text[-1]
    if last.isascii() and last.isalnum():
        return text[:-1] + ("0" if last == "9" else "A" if last in "zZ" else chr(ord(last) + 1))
    return text[:-1] + "改"


def _other(value: Any, place: Place) -> Any:
    member = str(place[-1])
    if value is None:
        return _NULLED.get(member, "0" * 64)
    return value + 1 if isinstance(value, int) else _other_text(value, member)


def _put(document: Any, place: Place, value: Any) -> Any:
    return _changed(document, place[:-1], methodcaller("__setitem__", place[-1], value))


def _altered_leaves(document: Any) -> _Change:
    for place, value in _leaves(document):
        yield f"{_written(place)} altered", place, _put(document, place, _other(value, place))


def _mistyped_leaves(document: Any) -> _Change:
    """One of each shape as another type, and as a value that its own type does not allow there."""
    for place, value in _first_of_each_shape(_leaves(document)):
        name = _written(place)
        wrong: dict[str, Any] = {"mistyped": None if isinstance(value, int | str) else 7}
        if isinstance(value, str):
            wrong["with a bell"] = value + "\a"
            wrong["empty"] = ""
        elif isinstance(value, int):
            wrong["negative"] = -1
            wrong["as text"] = str(value)
        for label, other in wrong.items():
            yield f"{name} {label}", place, _put(document, place, other)


def _members_changed(document: Any) -> _Change:
    for place, holder in _first_of_each_shape(_containers(document, dict)):
        yield (
            f"{_written((*place, 'x'))} added",
            (*place, "x"),
            _changed(document, place, methodcaller("__setitem__", "x", 1)),
        )
        for member in holder:
            other = _changed(document, place, methodcaller("pop", member))
            yield f"{_written((*place, member))} dropped", (*place, member), other


def _entries_changed(document: Any) -> _Change:
    for place, entries in _containers(document, list):
        for index in range(len(entries)):
            inner = (*place, index)
            for label, other in _lists_without(entries, index):
                yield f"{_written(inner)} {label}", inner, _put(document, place, other)


def _lists_without(entries: list[Any], index: int) -> Iterator[tuple[str, list[Any]]]:
    yield "dropped", entries[:index] + entries[index + 1 :]
    yield "doubled", [*entries[: index + 1], *entries[index:]]
    if index + 1 < len(entries) and entries[index] != entries[index + 1]:
        yield "swapped", [*entries[:index], entries[index + 1], entries[index], *entries[index + 2 :]]


def _raw(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Bytes that say the same, or nothing, in a form that is not the one form."""
    round_ = re.search(rb'"round":[0-9]+', data)
    assert round_
    number = round_.group().split(b":")[1]
    for written in (b"1.0", b"1e0", b"01", b"-0", b"+1", b"9007199254740992", b"1" * 5000, b"NaN", b"true"):
        label = written.decode() if len(written) < 20 else "5,000 digits"
        yield f"raw: round {label}", data.replace(round_.group(), b'"round":' + written, 1)
    yield from {
        "raw: byte order mark": b"\xef\xbb\xbf" + data,
        "raw: final line feed": data + b"\n",
        "raw: blank before": b" " + data,
        "raw: blank within": data.replace(b'":', b'": ', 1),
        "raw: member twice": data.replace(b'"round":', b'"round":' + number + b',"round":', 1),
        "raw: last member twice": data[:-1] + b',"spec":"drawbridge-draw/1"}',
        "raw: letter escaped": data.replace(b"sha256", b"sh\\u0061256", 1),
        "raw: slash escaped": data.replace(b"drawbridge-draw/1", b"drawbridge-draw\\/1", 1),
        "raw: half a surrogate pair": data.replace(b'"hash":"sha256"', b'"hash":"\\ud800"', 1),
        "raw: half a character": data.replace(b"sha256", b"sha25\xe4\xb8", 1),
        "raw: UTF-16": data.decode().encode("utf-16"),
        "raw: members in another order": b'{"spec":"drawbridge-draw/1",'
        + data[1:].replace(b',"spec":"drawbridge-draw/1"', b"", 1),
        "raw: cut short": data[:-1],
        "raw: twice": data * 2,
        "raw: nothing": b"",
        "raw: a list": b"[]",
        "raw: an empty object": b"{}",
        "raw: null": b"null",
        "raw: deep": b"[" * 100_000 + b"]" * 100_000,
    }.items()


def _files(data: bytes) -> Iterator[tuple[str, bytes]]:
    lines = data.split(b"\n")[:-1]
    for index, line in enumerate(lines):
        columns = line.decode().split("\t")
        for number, text in enumerate(columns):
            other = [*columns[:number], _other_text(text), *columns[number + 1 :]]
            altered = [*lines[:index], "\t".join(other).encode(), *lines[index + 1 :]]
            yield f"line {index + 1} column {number + 1} altered", b"".join(one + b"\n" for one in altered)
        for label, some in _lists_without(lines, index):
            yield f"line {index + 1} {label}", b"".join(one + b"\n" for one in some)
    yield from {
        "a line added": data + b"zzz\tA\tzzz\n",
        "an empty line at the end": data + b"\n",
        "an empty line first": b"\n" + data,
        "half a character": data + b"\xe4\xb8\n",
        "a zero byte": data + b"\0\n",
    }.items()
    if data:
        yield from {
            "no final line feed": data[:-1],
            "carriage returns": data.replace(b"\n", b"\r\n"),
            "byte order mark": b"\xef\xbb\xbf" + data,
            "a column more": data[:-1] + b"\tx\n",
            "a blank at the end": data[:-1] + b" \n",
            "nothing": b"",
        }.items()


def _documents_before(data: bytes) -> Iterator[tuple[str, bytes]]:
    document = json.loads(data)
    for place, value in _first_of_each_shape(_leaves(document)):
        yield f"{_written(place)} altered", canonical(_put(document, place, _other(value, place)))
    yield "final line feed", data + b"\n"
    yield "nothing", b""
    yield "a list", b"[]"


def _free_before(case: Case, document: bytes, name: str) -> str:
    """`free:` where the altered document may be taken for one of which the certificate says nothing."""
    certificate, before = json.loads(case.certificate), json.loads(document)
    own, its = certificate["commitment"], before["commitment"]
    another = name in ("commitment.campaign altered", "commitment.round altered")
    same_draw = all(own[member] == its[member] for member in ("campaign", "stage", "round"))
    return "free:" if "full" in certificate and same_draw and another else ""
