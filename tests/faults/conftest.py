"""What the fault tests share with the end-to-end tests."""

from __future__ import annotations

from tests.end_to_end.conftest import installation, mocks

__all__ = ["installation", "mocks"]
