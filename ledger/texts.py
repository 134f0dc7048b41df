"""Documents as the ledger keeps them: text of one form, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from schemas.record import Record


def text_of(record: Record) -> str:
    """A record as JSON text, members in the order of its model."""
    return record.model_dump_json()


def digest_of(content: str | bytes) -> str:
    """SHA-256 as 64 lower-case hex digits."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def json_text(facts: Mapping[str, Any]) -> str:
    """Facts as JSON text with sorted members."""
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)
