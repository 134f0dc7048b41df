"""A county's file of 408 enterprises, each taken as one project: the generated twin, and the real file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.end_to_end.installation import PLAN, PROJECT, Installation
from tests.factories import clean_directory

_REAL = PROJECT.parent / "shared" / "data" / "qinghe_enterprises_gb18030.csv"


def check_both_runs(installation: Installation, file: Path) -> None:
    """408 read, none quarantined, at least 41 drawn, all due published; the second run writes nothing."""
    arguments = ("run", PLAN, "--entities", file, "--entities-as", "projects", "--no-prefect", "--json")
    first = installation.run(*arguments)
    assert first.code == 0, first.err
    facts = first.document
    assert facts["entities"]["read"] == 408
    assert facts["entities"]["quarantined"] == 0
    assert facts["draw"]["drawn"] >= 41
    publication = facts["publication"]
    assert publication["due"] == publication["published"] + publication["withheld"] + publication["rejected"]
    assert publication["published"] > 0
    assert (publication["missing"], publication["doubled"]) == (0, 0)
    second = installation.run(*arguments)
    assert second.code == 0, second.err
    assert second.document["writes"] == 0
    # The mock's own list over both runs.
    assert second.document["platform_writes"] == facts["platform_writes"]
    assert sum(Counter(facts["platform_writes"]).values()) == 2 * facts["platform_writes"]["total"]


def test_a_generated_file_of_408_rows(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "名录.csv"
    file.write_bytes(clean_directory(408).to_csv("gb18030"))
    check_both_runs(installation, file)


@pytest.mark.skipif(not _REAL.exists(), reason="the county's file is not beside the project")
def test_the_countys_own_file(installation: Installation) -> None:
    check_both_runs(installation, _REAL)
