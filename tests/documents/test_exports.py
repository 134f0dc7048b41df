"""`drawbridge export`: every list of a campaign, and what is exported imported again."""

from __future__ import annotations

import stat
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from connectors.protocols import Page
from flows.site import IMPORTED
from ledger.directory import inspectors, items, objects
from ledger.sync import begin_sync, commit_page, complete_sync
from schemas.codes import ItemKind, RegistrationState, RiskGrade
from schemas.directory import Entity
from schemas.inspector import Inspector
from schemas.item import InspectionItem
from schemas.record import Record
from tests.documents.entry_office import Office, office_of
from tests.documents.papers import FORMULA, RARE, TASK, form

NOW = datetime.fromisoformat("2024-06-01T09:00:00+08:00")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return office_of(tmp_path)


def directories() -> dict[str, list[Record]]:
    codes = [form(number).uscc for number in range(1, 5)]
    return {
        "object": [
            Entity(
                object_id=code,
                uscc=code,
                ent_name=name,
                reg_state=RegistrationState.ACTIVE,
                risk_grade=RiskGrade.D,
                est_date=date(1999, 12, 31),
                reg_no="013053400001234",
                tags=("生产建设项目", "取水、用水户"),
                checks_this_year=0,
            )
            for code, name in zip(codes, (FORMULA, RARE, "'0012", "_x0041_甲"), strict=True)
        ],
        "inspector": [
            Inspector(
                inspector_id="SC-1",
                name="试验员",
                dept_code="SC",
                cert_no="03010000000000000001",
                cert_valid_to=date.max,
                recusals=((codes[0], "relative"),),
            )
        ],
        "item": [
            InspectionItem(
                item_code="001",
                item_name="登记事项检查",
                kind=ItemKind.GENERAL,
                dept_code="SC",
                legal_basis=("《企业信息公示暂行条例》第十四条，抽查", "《公司登记管理条例》"),
                materials=("营业执照（正、副本）",),
            )
        ],
    }


def put_directories(office: Office) -> None:
    with office.books() as books:
        for kind, rows in directories().items():
            with books.ledger.write() as tx:
                sync = begin_sync(tx, IMPORTED, kind, NOW)
                page = Page(1, len(rows), None, tuple(rows), (), 0, "a" * 64, ())
                commit_page(tx, sync, page, NOW)
                complete_sync(tx, sync, NOW)


def held(office: Office) -> list[list[Record]]:
    with office.books() as books, books.ledger.read() as tx:
        return [list(read(tx, IMPORTED)) for read in (objects, inspectors, items)]


def test_the_directories_go_out_and_come_back_unchanged(office: Office) -> None:
    put_directories(office)
    before = held(office)
    for name, command in (("directory", "entities"), ("roster", "inspectors"), ("items", "items")):
        path = office.folder / f"{name}.xlsx"
        exported = office.call("export", name, TASK, "-o", path, "--json")
        assert exported.code == 0, exported.err
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        imported = office.call("import", command, path, "--json")
        assert (imported.code, imported.document["quarantined"]) == (0, 0), imported.err
        assert imported.document["read"] == exported.document["rows"]
    assert held(office) == before
    sheet = openpyxl.load_workbook(office.folder / "directory.xlsx").worksheets[0]
    titles = [cell.value for cell in sheet[1]]
    assert titles[:2] == ["统一社会信用代码", "企业名称"]
    assert {cell.data_type for row in sheet.iter_rows(min_row=2, max_col=2) for cell in row} == {"s"}


def test_tasks_results_and_reconciliation_are_lists_of_their_own(office: Office) -> None:
    assert office.call("export", "results", TASK, "--json").document["error"]["code"] == "DB-EXPORT-002"
    assert not list(office.installation.home.glob("**/检查结果.xlsx"))
    kept = office.folder / "kept.xlsx"
    kept.write_bytes(b"before")
    nothing = office.call("export", "results", TASK, "-o", kept, "--json").document
    assert nothing["error"]["code"] == "DB-EXPORT-002"
    assert [path.name for path in office.folder.glob("kept*")] == ["kept.xlsx"], "no copy of what stays"
    assert office.take(office.sheet().fine(1, 2).save()).code == 0
    counts = {}
    for name in ("tasks", "results", "reconciliation"):
        done = office.call("export", name, TASK, "--json")
        assert done.code == 0, done.err
        sheet = openpyxl.load_workbook(done.document["file"]).worksheets[0]
        assert (sheet.freeze_panes, sheet.auto_filter.ref is not None) == ("A2", True)
        counts[name] = sheet.max_row - 1
        titles = {cell.value: place for place, cell in enumerate(sheet[1], 1)}
        codes = {sheet.cell(line, titles["统一社会信用代码"]).value for line in range(2, sheet.max_row + 1)}
        assert codes <= {one.uscc for one in office.forms}
        if name == "results":
            assert sheet.cell(2, titles["检查结果"]).value == "未发现问题"
            assert sheet.cell(2, titles["录入途径"]).value == "录入表"
    assert counts == {"tasks": 12, "results": 2, "reconciliation": 4}
