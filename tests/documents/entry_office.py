"""A county office with drawn enterprises, and people who fill in the sheets of its departments."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from documents.entry_sheet.columns import COLUMN, COLUMNS, ENTRY_SHEET, HEADER_ROW
from flows.settings import load_settings
from flows.site import OfflineBooks, open_books
from ledger.audit import events, verify_audit
from ledger.campaigns import register_campaign
from ledger.forms import record_forms
from ledger.results import result_history, results
from schemas.campaign import Campaign
from schemas.form import InspectionForm
from schemas.result import ItemResult
from tests.documents.papers import TASK, campaign, form
from tests.end_to_end.installation import Installation, Ran

PLACE = {column.key: number for number, column in enumerate(COLUMNS, 1)}
FIRST = HEADER_ROW + 1


class Filled:
    """A sheet in somebody's hands: cells by the row's number in the list (from 1) and the column's key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = openpyxl.load_workbook(path)
        self.sheet: Worksheet = self.book[ENTRY_SHEET]

    def cell(self, line: int, key: str) -> Any:
        return self.sheet.cell(HEADER_ROW + line, PLACE[key])

    def write(self, line: int, **values: object) -> Filled:
        for key, value in values.items():
            cell = self.cell(line, key)
            cell.value = value
            if isinstance(value, date):
                cell.number_format = "yyyy-mm-dd"
        return self

    def fine(self, *lines: int, **more: object) -> Filled:
        """Fills rows in as somebody does who found nothing."""
        for line in lines:
            usual: dict[str, object] = {
                "completed_on": date(2024, 6, 20),
                "code": "未发现问题",
                "signature": "已签字",
            }
            self.write(line, **usual | more)
        return self

    def save(self, name: str | None = None) -> Path:
        path = self.path.with_name(name) if name else self.path
        self.book.save(path)
        return path

    def comments(self) -> dict[tuple[int, str], str]:
        """What was written beside cells of the list, and the header."""
        keys = {place: key for key, place in PLACE.items()}
        return {
            (cell.row - HEADER_ROW, keys[cell.column]): cell.comment.text
            for row in self.sheet.iter_rows(min_row=HEADER_ROW)
            for cell in row
            if cell.comment is not None
        }

    def coloured(self) -> set[tuple[int, str]]:
        keys = {place: key for key, place in PLACE.items()}
        return {
            (cell.row - HEADER_ROW, keys[cell.column])
            for row in self.sheet.iter_rows(min_row=HEADER_ROW)
            for cell in row
            if cell.fill.fgColor.rgb == "FFFFC7CE"
        }


@dataclass
class Office:
    """An installation whose ledger holds one campaign with its forms."""

    installation: Installation
    folder: Path
    forms: list[InspectionForm]

    @contextmanager
    def books(self) -> Iterator[OfflineBooks]:
        with (
            patch.dict(os.environ, self.installation.settings(), clear=True),
            open_books(load_settings()) as books,
        ):
            yield books

    def call(self, *arguments: object) -> Ran:
        return self.installation.call(*arguments)

    def sheet(self, department: str = "SC", name: str = "录入表.xlsx") -> Filled:
        path = self.folder / name
        made = self.call("export", "entry-sheet", TASK, "--department", department, "-o", path)
        assert made.code == 0, made.err
        return Filled(path)

    def take(self, path: Path, *more: object) -> Ran:
        return self.call("import", "results", path, TASK, *more, "--json")

    def results(self) -> list[ItemResult]:
        with self.books() as books, books.ledger.read() as tx:
            return results(tx, TASK)

    def history(self, result_id: str) -> list[ItemResult]:
        with self.books() as books, books.ledger.read() as tx:
            return result_history(tx, TASK, result_id)

    def entered(self) -> list[Any]:
        """The facts that the audit chain holds of entered results; the chain is whole."""
        with self.books() as books:
            assert verify_audit(books.ledger.engine).broken_at is None
            with books.ledger.read() as tx:
                return [one.facts for one in events(tx) if one.kind == "results-entered"]


def office_of(
    folder: Path, count: int = 4, plan: Campaign | None = None, forms: list[InspectionForm] | None = None
) -> Office:
    made = forms or [form(n) for n in range(1, count + 1)]
    made.sort(key=lambda form: (form.group, form.form_no))
    office = Office(Installation(folder / "var"), folder, made)
    now = datetime.fromisoformat("2024-06-01T09:00:00+08:00")
    with office.books() as books, books.ledger.write() as tx:
        register_campaign(tx, plan or campaign(), now)
        record_forms(tx, TASK, office.forms, now)
    return office


def title(key: str) -> str:
    return COLUMN[key].title
