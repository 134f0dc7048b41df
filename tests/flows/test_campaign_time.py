"""By which time a campaign's legal dates are counted, where only the books are open."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from ledger.audit import append
from ledger.engine import open_ledger
from tests.end_to_end.installation import PLAN, TASK, Installation

LAST_STEP = datetime(2024, 6, 17, 2, 37, tzinfo=UTC)


def test_a_campaign_that_was_played_does_not_age_by_what_is_done_today(tmp_path: Path) -> None:
    here = Installation(tmp_path / "home")
    mock = here.home / TASK / "mock"
    mock.mkdir(parents=True)
    (mock / "input.json").write_text(json.dumps({"fingerprint": {}, "arguments": []}))
    ledger = open_ledger(f"sqlite:///{here.home / 'ledger.sqlite3'}")
    with ledger.write() as tx:
        append(tx, "stage", TASK, {"stage": "sync", "state": "open"}, LAST_STEP)
    ledger.close()

    def is_counted_to() -> str:
        shown = here.call("campaign", "show", PLAN)
        assert shown.code in (0, 1, 3), shown.err
        return shown.out.split("截至 ")[1][:10]

    assert is_counted_to() == "2024-06-17"
    enrolled = here.call("approver", "add", "A01", "--role", "审核人")
    assert enrolled.code == 0, enrolled.err
    assert is_counted_to() == "2024-06-17"
