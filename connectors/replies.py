"""Reading an answer that may be anything: character sets, pages that are no data, strict JSON.

The standard reader takes duplicate members, NaN, infinite numbers and halves of characters in
silence; each of them means that two readers may read two things, so they are refused here
(RFC 8259 §4, §6, §8; RFC 7493).
"""

from __future__ import annotations

import json
import math
import re
from itertools import chain
from typing import Any

import orjson

from connectors.faults import Fault
from connectors.http import Answer
from connectors.profile import Envelope, load_profile, profile_names
from connectors.profile_rules import Meaning

MAX_DEPTH = 64
MAX_INTEGER_DIGITS = 19

_MAINTENANCE = re.compile("系统维护|正在维护|停机维护|系统升级|maintenance", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_-]+)", re.IGNORECASE)
_CODE_MEANS = {
    Meaning.SIGNATURE: "signature",
    Meaning.THROTTLED: "throttled",
    Meaning.NOT_FOUND: "not_found",
    Meaning.DUPLICATE: "duplicate",
    Meaning.REFUSED: "refused",
    Meaning.SYSTEM_ERROR: "system_error",
}
# Numbers of people: of identity (GB 11643), of mobile and fixed telephones, in one or parted, full-width too.
_HELD_BACK = re.compile(
    r"\d{17}[\dXxＸｘ]|\d{11,}"
    r"|(?<![\dA-Za-z])(?:"
    r"\d{6}[ -]\d{8}[ -]?\d{3}[\dXxＸｘ]"
    r"|(?:[+＋]?(?:86|８６)[ -]?)?[1１][3-9３-９]\d[ .·-]?\d{4}[ .·-]?\d{4}"
    r"|[(（]?[0０]\d{2,3}[)）]?[ .·—－-]?\d{7,8}"
    r")(?!\d)"
)


class Unreadable(ValueError):
    """Why a text is no JSON that everybody reads alike."""


def decode_text(body: bytes, content_type: str) -> tuple[str, tuple[str, ...]]:
    """The text of an answer and what was noticed about its character set.

    UTF-8 wins if the bytes are UTF-8, whatever the label says; else GB18030, which holds GBK and GB2312.
    Raises Fault `unreadable`.
    """
    label = _CHARSET.search(content_type)
    said = label.group(1).lower() if label else None
    notes: list[str] = []
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
        notes.append("UTF-8 带 BOM")
    try:
        text = body.decode("utf-8")
        if said not in (None, "utf-8", "utf8") and not body.isascii():
            notes.append(f"标为 {said}，实为 UTF-8")
        return text, tuple(notes)
    except UnicodeDecodeError:
        pass
    try:
        text = body.decode("gb18030")
    except UnicodeDecodeError:
        raise Fault("unreadable", detail="字符编码") from None
    if said == "gb18030":
        notes.append("GB18030")
    else:
        notes.append(f"标为 {said or '未注明'}，实为 GB18030")
    return text, tuple(notes)


def refuse_page(text: str, status: int) -> None:
    """A page for people (login, maintenance, gateway) is no data. Raises Fault."""
    if not text.lstrip().startswith("<"):
        return
    if _MAINTENANCE.search(text[:20_000]):
        raise Fault("maintenance")
    if status >= 400:
        raise Fault("status", status=status)
    raise Fault("unreadable", detail="HTML 页面")


def strict_json(text: str) -> Any:
    """The value of one JSON text. Raises Unreadable for whatever two readers might read differently."""
    if (plain := _plain_json(text)) is not None:
        return plain
    try:
        value = json.loads(
            text,
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_small_integer,
        )
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    _check_depth_and_text(value, may_hold_halves="\\u" in text)
    return value


_HOLDERS = (dict, list)
_BEFORE_COLONS = (" :", "\t:", "\n:", "\r:")


def _plain_json(text: str) -> Any:
    """The value of a text in which nothing is doubtful, read in a third of the time; None: look more closely.

    What is written again just as it came holds no name twice, no number that was changed, nothing that is no
    JSON.  In other texts a quotation mark and a colon end each name, if no blank stands between them: then as
    many members come out as there are such pairs, or one name stood twice (or a text holds the pair); numbers
    with a fraction, and those too large, come out as floats.
    """
    try:
        value = orjson.loads(text)
        as_it_came = orjson.dumps(value) == text.encode("utf-8")
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, UnicodeEncodeError):
        return None
    members = _members(value, may_hold_floats=as_it_came)
    if as_it_came or any(blank in text for blank in _BEFORE_COLONS):
        return value if as_it_came and members is not None else None
    return value if members == text.count('":') else None


def _members(value: Any, may_hold_floats: bool) -> int | None:
    """How many members all objects have together; None: too deep, or a float where there should be none."""
    layer, members = [value], 0
    for _ in range(MAX_DEPTH):
        kinds = set(map(type, layer))
        if float in kinds and not may_hold_floats:
            return None
        if dict not in kinds and list not in kinds:
            return members
        holders = [item for item in layer if type(item) in _HOLDERS]
        objects = [item for item in holders if type(item) is dict]
        lists = [item for item in holders if type(item) is list]
        members += sum(map(len, objects))
        layer = list(chain.from_iterable((*map(dict.values, objects), *lists)))
    return None if layer else members


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("duplicate member")
    return found


def _no_constant(name: str) -> float:
    raise Unreadable(name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Unreadable("infinite number")
    return value


def _small_integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS + 1:
        raise Unreadable("huge integer")
    return int(text)


def _check_depth_and_text(value: Any, may_hold_halves: bool) -> None:
    layer, depth = [value], 0
    while layer:
        depth += 1
        if depth > MAX_DEPTH:
            raise Unreadable("too deep")
        below: list[Any] = []
        for item in layer:
            if isinstance(item, dict):
                below.extend(item.values())
                if may_hold_halves:
                    below.extend(item.keys())
            elif isinstance(item, list):
                below.extend(item)
            elif may_hold_halves and isinstance(item, str) and _has_half(item):
                raise Unreadable("half a character")
        layer = below


def _has_half(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def read_json(answer: Answer) -> tuple[Any, tuple[str, ...]]:
    """The JSON of an answer, and notes on its character set or label. Raises Fault."""
    text, notes = decode_text(answer.body, answer.content_type)
    refuse_page(text, answer.status)
    try:
        value = strict_json(text)
    except Unreadable as error:
        if answer.status >= 400:
            raise Fault("status", status=answer.status) from None
        raise Fault("unreadable", detail=str(error)) from None
    kind = answer.content_type.split(";")[0].strip().lower()
    if kind and kind != "application/json" and not kind.endswith("+json"):
        notes = (*notes, f"JSON 标为 {kind[:40]}")
    return value, notes


def raise_for_code(code: str, message: object, meanings: dict[str, Meaning]) -> None:
    """Returns for `ok`; raises the Fault that the profile's table gives to any other code."""
    meaning = meanings.get(code)
    if meaning is Meaning.OK:
        return
    if meaning is None:
        raise Fault("unknown_code", answer_code=code[:10])
    raise Fault(_CODE_MEANS[meaning], answer_code=code, answer_text=safe_text(message))


def safe_text(message: object, limit: int = 200) -> str:
    """What a system says, fit for logs: one line, cut, long numbers (identity, telephone) hidden."""
    text = " ".join(str(message or "").split())
    return _HELD_BACK.sub("…", text)[:limit]


def profile_of(answer: dict[str, Any], expected: Envelope) -> str | None:
    """Name and title of the profile that ships and describes this answer, if the expected one does not."""
    if expected.code in answer or expected.data in answer:
        return None
    for name in profile_names():
        profile = load_profile(name)
        envelope = profile.platform.envelope
        if {envelope.code, envelope.message, envelope.request_id} <= set(answer):
            return f"{name}（{profile.title}）"
    return None


def open_envelope(
    answer: Answer, envelope: Envelope, meanings: dict[str, Meaning]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The `data` of an answer whose code means `ok`, and notes on the text.

    Raises Fault for every other code, `drift` without data, `foreign` for what another profile describes.
    """
    value, notes = read_json(answer)
    code = value.get(envelope.code) if isinstance(value, dict) else None
    if isinstance(code, int) and not isinstance(code, bool):
        code = str(code)
    if not isinstance(code, str):
        if isinstance(value, dict) and (other := profile_of(value, envelope)) is not None:
            raise Fault("foreign", seen=other)
        if answer.status >= 400:
            raise Fault("status", status=answer.status)
        raise Fault("drift", where=envelope.code)
    raise_for_code(code, value.get(envelope.message), meanings)
    if answer.status >= 400:
        raise Fault("status", status=answer.status)
    data = value.get(envelope.data)
    if not isinstance(data, dict):
        raise Fault("drift", where=envelope.data)
    return data, notes
