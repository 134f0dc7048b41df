"""A table that is another one, or half of one, takes no directory's place; a file that is there is kept."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from flows.settings import load_settings
from flows.site import IMPORTED, open_books
from ledger.directory import inspectors, objects
from tests.end_to_end.installation import TASK, Installation
from tests.factories import code


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "home")


def listed(folder: Path, count: int, name: str = "名录.csv") -> Path:
    import random

    chance = random.Random(7)
    rows = [f"清河县第{n}餐饮店,{code(chance)}" for n in range(count)]
    path = folder / name
    path.write_bytes("\r\n".join(["企业名称,统一社会信用代码", *rows]).encode("gb18030"))
    return path


def held(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    for key, value in installation.settings().items():
        monkeypatch.setenv(key, value)
    with open_books(load_settings()) as books, books.ledger.read() as tx:
        return len(objects(tx, IMPORTED)), len(inspectors(tx, IMPORTED))


def test_a_wrong_table_leaves_the_directory_as_it_was(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installation.call("import", "entities", listed(tmp_path, 60)).code == 0
    other = tmp_path / "别的表.csv"
    other.write_text("企业名称;统一社会信用代码\n甲;91\n", "utf-8")
    refused = installation.call("import", "entities", other)
    assert (refused.code, refused.out) == (2, "")
    assert "DB-INPUT-047" in refused.err
    assert "第 2 行：" in refused.err
    half = installation.call("import", "entities", listed(tmp_path, 30, "半张.csv"), "--json")
    assert half.document["error"]["code"] == "DB-INPUT-048"
    assert held(installation, monkeypatch)[0] == 60
    meant = {"DRAWBRIDGE_DIRECTORY_LOSS_PERCENT": "100"}
    assert installation.call("import", "entities", tmp_path / "半张.csv", more=meant).code == 0
    assert held(installation, monkeypatch)[0] == 30


def test_refused_rows_are_told_by_their_reasons(installation: Installation, tmp_path: Path) -> None:
    path = listed(tmp_path, 20)
    path.write_bytes(path.read_bytes() + "\r\n乙店,\r\n丙店,\r\n".encode("gb18030"))
    ran = installation.call("import", "entities", path)
    assert ran.code == 1
    assert "· 隔离第22行等 2 行：缺少统一社会信用代码。（DB-CODE-001）" in ran.out.splitlines()


def test_departments_are_known_by_the_plans_of_the_folder(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["姓名", "执法证号", "所属部门", "证件有效期", "手机号码"])
    book.active.append(["甲", "0513001", "清河县水务局", "2026-12-31", "13800000000"])
    book.save(tmp_path / "人员.xlsx")
    assert installation.call("import", "inspectors", tmp_path / "人员.xlsx").code == 0
    assert held(installation, monkeypatch)[1] == 1


def test_an_export_keeps_the_file_that_it_takes_the_place_of(
    installation: Installation, tmp_path: Path
) -> None:
    assert installation.call("import", "entities", listed(tmp_path, 12)).code == 0
    own = tmp_path / "名录.xlsx"
    own.write_bytes(b"filled in by hand")
    made = installation.call("export", "directory", TASK, "-o", own, "--json")
    assert made.code == 0, made.err
    kept = Path(made.document["kept"])
    assert (kept.parent, kept.read_bytes()) == (tmp_path, b"filled in by hand")
    assert openpyxl.load_workbook(own).worksheets[0].max_row == 13
    before = listed(tmp_path, 12).read_bytes()
    wrong = installation.call("export", "directory", TASK, "-o", tmp_path / "名录.csv")
    assert (wrong.code, "DB-EXPORT-004" in wrong.err) == (2, True)
    assert (tmp_path / "名录.csv").read_bytes() == before
