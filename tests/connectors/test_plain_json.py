"""The quick way through an answer gives what the strict one gives, or says that it does not know."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.replies import MAX_DEPTH, Unreadable, _plain_json, strict_json

NUMBERS = st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
SIMPLE = st.none() | st.booleans() | NUMBERS | st.text(max_size=8)
VALUES = st.recursive(
    SIMPLE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)


def by_the_strict_reader(text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as only:
        only.setattr("connectors.replies._plain_json", lambda text: None)
        try:
            return strict_json(text)
        except Unreadable:
            return Unreadable


@given(VALUES, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (",", " : ")]))
def test_what_is_read_quickly_is_what_was_written(
    value: Any, ascii_only: bool, signs: tuple[str, str]
) -> None:
    quick = _plain_json(json.dumps(value, ensure_ascii=ascii_only, separators=signs))
    assert quick is None or (quick == value and repr(quick) == repr(value))


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":1,"a" :2}',
        '{"a":1,"a":2,"b" :3}',
        '{"a":{"b":1,"b":2}}',
        '{"a":1,"\\u0061":2}',
        '{"a":"\\":","a":1}',
        "[NaN]",
        "[Infinity]",
        "[1e400]",
        "[1.5]",
        "[" + "9" * 5000 + "]",
        "[" + "9" * 20 + "]",
        "[-" + "9" * 19 + "]",
        '["\\ud800"]',
        '["\\ud83d\\ude00"]',
        '{"\\udfff":1}',
        "[" * 2000 + "]" * 2000,
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        '{"a":1}x',
        '["a\nb"]',
        "",
        "null",
        '{"a":"b\\":c"}',
    ],
)
def test_what_is_doubtful_is_left_to_the_strict_reader(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = by_the_strict_reader(text, monkeypatch)
    quick = _plain_json(text)
    assert quick is None or (quick == strict and repr(quick) == repr(strict))


def test_most_answers_are_not_doubtful() -> None:
    rows = [{"uniscid": "91130534000012345K", "entName": "清河县“第一”商贸有限公司", "tags": [], "n": 0}] * 3
    for text in (json.dumps({"data": {"rows": rows}}), json.dumps(rows, ensure_ascii=False, indent=1)):
        assert _plain_json(text) is not None
