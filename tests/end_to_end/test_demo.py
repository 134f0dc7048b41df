"""`drawbridge demo` as a newcomer types it: its own mock and Prefect server, started, used, and gone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import psutil

from tests.end_to_end.installation import Installation


def test_the_demo_goes_through_and_leaves_nothing_running(installation: Installation, tmp_path: Path) -> None:
    ran = installation.run("demo", "--json", "--into", tmp_path / "demos")
    assert ran.code == 0, ran.err
    facts = ran.document
    publication = facts["publication"]
    assert publication["due"] == publication["published"] + publication["withheld"] + publication["rejected"]
    assert (publication["missing"], publication["doubled"]) == (0, 0)
    assert publication["withheld"] >= 1
    assert publication["withheld"] == sum(publication["withheld_reasons"].values())
    assert publication["rejected"] == sum(publication["rejected_reasons"].values())
    assert facts["platform_writes"]["postSpotchecks"] == publication["published"] + publication["rejected"]
    assert facts["confirmations"]["replaced"] >= 1
    # Every result, a refusal to sign, a referral: in every demo.
    assert len(facts["results"]["by_result"]) == 8
    assert facts["results"]["refused_to_sign"] >= 1
    assert facts["results"]["referrals"] >= 1
    certificate = Path(facts["draw"]["certificate"]).read_bytes()
    assert hashlib.sha256(certificate).hexdigest() == facts["draw"]["digest"]
    (home,) = (tmp_path / "demos").iterdir()
    still = [p for p in psutil.process_iter(["cmdline"]) if str(home) in " ".join(p.info["cmdline"] or [])]
    assert still == []
    # The public computes it again from the certificate and the list beside it.
    eligible = Path(facts["draw"]["certificate"]).parent / "eligible.tsv"
    computed = installation.run(
        "draw", "verify", facts["draw"]["certificate"], "--eligible", eligible, "--json"
    )
    assert computed.code == 0, computed.err
    assert json.loads(computed.out)
