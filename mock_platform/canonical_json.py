"""RFC 8785 for the documents of the draw (no numbers but integers), and strict JSON reading."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mock_platform.refusal import Refusal


def canonical(value: Any) -> str:
    """The canonical text: members sorted by UTF-16 code units, no blanks, shortest escapes."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_scalar(name)}:{canonical(member)}" for name, member in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(member) for member in value) + "]"
    if isinstance(value, float):
        raise Refusal("96", "文件中有非整数的数")
    return _scalar(value)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def sha256_hex(data: bytes) -> str:
    """Lower-case hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def strict_json(text: str | bytes) -> Any:
    """Reads JSON; refuses bad UTF-8, duplicate members, NaN and numbers out of range with 96."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Refusal("96", "报文不是合格的 JSON") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    for name in members:
        name.encode("utf-8")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number
