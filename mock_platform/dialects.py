"""The systems that the mock can play: its own contract, and others in the same parts."""

from __future__ import annotations

from mock_platform.dialect import Dialect
from mock_platform.national_supervision import NATIONAL_SUPERVISION

DIALECTS: dict[str, Dialect | None] = {
    "hebei": None,
    NATIONAL_SUPERVISION.name: NATIONAL_SUPERVISION,
}
"""Name -> dialect; None: the contract of schemas/contracts itself."""
