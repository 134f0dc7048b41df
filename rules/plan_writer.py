"""A plan file as text, from what is known of a campaign: what `rules.plan_file` reads back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import yaml

Document = Mapping[str, Any]
"""The file's members by their Chinese keys; None and empty members are left out."""


def plan_text(document: Document, remarks: Sequence[str] = ()) -> str:
    """The file: `remarks` as comments, then the members in the order given, quoted where YAML needs it."""
    comments = [f"# {' '.join(remark.split())}" for remark in remarks]
    body = yaml.safe_dump(_filled(document), allow_unicode=True, sort_keys=False, width=10_000)
    return "\n".join([*comments, body])


def plan_number(division: str, year: int, serial: int = 1) -> str:
    """A plan's number: division 6, year 4, kind 1, serial 3 (domain reference §2.1)."""
    return f"{division}{year:04d}1{serial:03d}"


def task_number(division: str, starts_on: date, serial: int = 1) -> str:
    """A task's number: division 6, date 8, kind 1, serial 3."""
    return f"{division}{starts_on:%Y%m%d}1{serial:03d}"


def _filled(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {str(key): _filled(member) for key, member in value.items()}
        return {key: member for key, member in kept.items() if member not in (None, "", [], {})}
    if isinstance(value, list | tuple):
        return [_filled(member) for member in value]
    return value.isoformat() if isinstance(value, date) else value
