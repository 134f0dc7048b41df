"""How a check of a draw can end."""

from __future__ import annotations

from typing import Literal

State = Literal["ok", "failed", "not checked"]
"""Made and right, made and wrong, not made for want of something."""
