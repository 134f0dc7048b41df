"""A directory as people send it: every bad row is quarantined for its own reason, nothing is lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import openpyxl

from tests.end_to_end.installation import PLAN, TASK, Installation
from tests.factories import dirty_directory


def test_every_bad_row_is_quarantined_by_its_reason(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "名录.csv"
    directory, kinds = dirty_directory(60)
    file.write_bytes(directory.to_csv("gb18030"))
    ran = installation.run(
        "run", PLAN, "--entities", file, "--entities-as", "projects", "--no-prefect", "--json"
    )
    assert ran.code == 0, ran.err
    entities = ran.document["entities"]
    bad = sum(kinds.values()) - kinds["repairable"] - kinds["cut short"]
    assert entities["read"] == len(directory.rows)
    assert entities["read"] == entities["accepted"] + entities["quarantined"]
    assert entities["quarantined"] == bad
    assert entities["normalised"] == kinds["repairable"]
    workbook = openpyxl.load_workbook(installation.home / TASK / "隔离行-抽查对象.xlsx", read_only=True)
    rows = list(workbook.active.iter_rows(values_only=True))
    assert len([row for row in rows if any("DB-" in str(cell) for cell in row if cell)]) == bad
    reasons = Counter(str(cell) for row in rows for cell in row if cell and str(cell).startswith("DB-"))
    assert len(reasons) >= 8, reasons
