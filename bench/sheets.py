"""Spreadsheets: a list of 9 columns in, validated, against calamine's bare cells; out, against XlsxWriter.

Out, both write the same cells as text; ours makes the rows from records besides.

Target (targets.md §documents): in at half calamine's rate or more, out at 0.8 of XlsxWriter's with constant
memory or more.  The same file for both; rounds in turn.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

import python_calamine
import xlsxwriter

from bench.directory import scale
from bench.figure import Timing, figure
from connectors import records
from connectors.cells import Findings
from connectors.profile import Profile, load_profile
from connectors.spreadsheet_files import open_table
from connectors.spreadsheet_gate import gate_archive
from connectors.spreadsheets import import_entities
from documents.directory_lists import object_columns
from documents.list_workbook import write_list
from schemas.codes import ObjectKind, RegistrationState, RiskGrade
from schemas.directory import Entity
from schemas.uscc import ALPHABET, check_character

SIZES = {"small": 20_000, "full": 100_000}
ROUNDS = {"small": 5, "full": 3}
COLUMNS = (
    "uscc",
    "ent_name",
    "reg_state",
    "reg_org",
    "address",
    "est_date",
    "industry",
    "risk_grade",
    "legal_rep",
)
_GRADES = (RiskGrade.A, RiskGrade.B, RiskGrade.C, RiskGrade.D)


def entities(count: int) -> list[Entity]:
    """So many enterprises that do not exist; the same for the same count."""
    chance = random.Random(1)
    made = []
    for number in range(count):
        body = "91130534" + "".join(chance.choices(ALPHABET, k=9))
        code = body + check_character(body)
        made.append(
            Entity(
                object_id=code,
                uscc=code,
                ent_name=f"清河县第{number}号羊绒制品有限公司",
                reg_state=RegistrationState.ACTIVE,
                reg_org="清河县市场监督管理局",
                address=f"河北省邢台市清河县长江街{number}号",
                industry="1762",
                risk_grade=_GRADES[number % 4],
                legal_rep=f"负责人{number}",
            )
        )
    return made


def _parts(path: Path, profile: Profile, rounds: int) -> dict[str, float]:
    """Microseconds a row of what reading consists of: the gate, the readers of cells, the bare record."""
    header, *data = (row for _, row in open_table(path).sheets[0].rows())
    names = {profile.spreadsheets.entity.columns[name][0]: name for name in COLUMNS}
    fields = [dict(zip([names[str(title)] for title in header], row, strict=True)) for row in data]
    ready = [
        records.read_object(one, profile, ObjectKind.ENTERPRISE, Findings()).model_dump() for one in fields
    ]

    def with_readers() -> None:
        for one in fields:
            records.read_object(one, profile, ObjectKind.ENTERPRISE, Findings())

    def record_alone() -> None:
        for members in ready:
            Entity.model_validate(members)

    work = {
        "gate": lambda: gate_archive(path),
        "readers and record": with_readers,
        "record alone": record_alone,
    }
    timing = Timing(work, rounds, cpu=True)
    return {name: round(timing.median(name) / len(data) * 1e6, 1) for name in work}


def main(size: str) -> None:
    """Prints two figures."""
    count, profile = SIZES[size], load_profile("hebei")
    listed = entities(count)
    columns, row_of = object_columns(profile, frozenset({ObjectKind.ENTERPRISE}))
    titles = [profile.spreadsheets.entity.columns[name][0] for name in COLUMNS]
    kept = [number for number, column in enumerate(columns) if column.title in titles]
    nine = [columns[number] for number in kept]
    with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as folder:
        ours, theirs = Path(folder) / "ours.xlsx", Path(folder) / "theirs.xlsx"

        def write_ours() -> None:
            rows = (row_of(one) for one in listed)
            write_list(ours, "名录", nine, ([row[number] for number in kept] for row in rows))

        plain = [[str(value or "") for value in row_of(one)] for one in listed]
        plain = [[row[number] for number in kept] for row in plain]

        def write_theirs() -> None:
            with xlsxwriter.Workbook(str(theirs), {"constant_memory": True}) as book:
                sheet = book.add_worksheet()
                style = book.add_format({"num_format": "@", "quote_prefix": True})
                for position, column in enumerate(nine):
                    sheet.write_string(0, position, column.title, style)
                for line, row in enumerate(plain, 1):
                    for position, text in enumerate(row):
                        sheet.write_string(line, position, text, style)

        out = Timing({"ours": write_ours, "xlsxwriter": write_theirs}, ROUNDS[size], cpu=True)

        def read_ours() -> None:
            found = import_entities(theirs, profile)
            assert len(found.accepted) == count, (len(found.accepted), len(found.quarantined))

        def read_theirs() -> None:
            book = python_calamine.CalamineWorkbook.from_path(str(theirs))
            assert len(book.get_sheet_by_index(0).to_python()) == count + 1

        read = Timing({"ours": read_ours, "calamine": read_theirs}, ROUNDS[size], cpu=True)
        parts = _parts(theirs, profile, ROUNDS[size])
    for name, timing, peer, target in (
        ("sheets_out", out, "xlsxwriter", 0.8),
        ("sheets_in", read, "calamine", 0.5),
    ):
        rates = {who: count / timing.median(who) for who in ("ours", peer)}
        ratio = rates["ours"] / rates[peer]
        peers = {peer: rates[peer]}
        line = figure(name, count, rates["ours"], ratio, target, peers=peers, timing=timing)
        if name == "sheets_in":
            line["parts_us_per_row"] = parts
        print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else scale())
