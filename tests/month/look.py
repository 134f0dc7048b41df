"""`python -m tests.month.look MOMENT`: 提醒 as a process of its own, at a moment of the month."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from unittest.mock import patch

from flows.alerts import send_alerts

if __name__ == "__main__":
    moment = datetime.fromisoformat(sys.argv[1])
    with patch("flows.alerts.wall_clock", lambda: moment):
        asyncio.run(send_alerts.fn())
