"""Lists in the shape of a table, imported through a real workbook."""

from __future__ import annotations

import random
from pathlib import Path

from connectors.profile import Profile
from connectors.spreadsheets import Import, import_entities
from schemas.directory import Entity, ProjectObject
from tests.connectors.workbooks import Rows, save_xlsx
from tests.factories import code

A, B, C, D = (code(random.Random(n)) for n in (1, 2, 3, 4))
PLAIN = ("统一社会信用代码", "企业名称")


def csv_file(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "名录.csv"
    path.write_bytes(text.encode(encoding))
    return path


def from_rows(
    tmp_path: Path, profile: Profile, *rows: Rows, **options: object
) -> Import[Entity | ProjectObject]:
    return import_entities(save_xlsx(tmp_path / "名录.xlsx", *rows), profile, **options)  # type: ignore[arg-type]


def refusals(found: Import[object] | Import[Entity | ProjectObject]) -> list[tuple[int, str]]:
    return [(row.row_no, row.code) for row in found.quarantined]
