"""The flows on a real PostgreSQL: a campaign goes through, a second run writes nothing, the chain holds."""

from __future__ import annotations

import json
from pathlib import Path

from tests.end_to_end.installation import PLAN, Installation


def test_a_campaign_goes_through_on_postgresql(tmp_path: Path, empty_postgres_url: str) -> None:
    installation = Installation(tmp_path / "home", {"DRAWBRIDGE_DATABASE_URL": empty_postgres_url})
    first = installation.call("run", PLAN, "--no-prefect", "--json")
    assert first.code == 0, first.err
    publication = first.document["publication"]
    assert publication["due"] == publication["published"] + publication["withheld"] + publication["rejected"]
    assert (publication["missing"], publication["doubled"]) == (0, 0)
    second = installation.call("run", PLAN, "--no-prefect", "--json")
    assert (second.code, second.document["writes"]) == (0, 0)
    verdict = installation.call("audit", "verify", "--json")
    assert verdict.code == 0
    assert json.loads(verdict.out)["ok"] is True
    assert not (installation.home / "ledger.sqlite3").exists()
