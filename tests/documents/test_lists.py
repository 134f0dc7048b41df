"""Lists out and in again: what is written is read back as it was, whatever stands in it."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.cells import Findings
from connectors.profile import load_profile
from connectors.records import read_inspector, read_item, read_object
from connectors.spreadsheets import import_entities, import_inspectors, import_items
from documents.directory_lists import inspector_columns, item_columns, object_columns
from documents.list_workbook import ListColumn, write_list
from schemas.codes import ObjectKind
from schemas.directory import Entity, ProjectObject
from schemas.errors import DrawbridgeError
from schemas.inspector import Inspector
from schemas.item import InspectionItem
from tests.factories import code

HEBEI = load_profile("hebei")
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NASTY = (
    "0012345678901234567890",
    "9" * 40,
    "=1+1",
    "+86-319",
    "-1",
    "@SUM(A1)",
    '="0012"',
    "'0012",
    "''0",
    "1E5",
    "2024-06-20",
    "TRUE",
    "𠮷野家㙍有限公司",
    "甲\ue000乙",
    "_x0041_",
    "_x005F_x0041_",
    "<r><t>甲</t></r>",
    "&amp;<b>",
    "#N/A!",
    '["甲"]',
    "1,234.50",
    "http://example.invalid/",
    "甲、乙；丙",
)
WORDS = st.sampled_from(NASTY) | st.text(
    st.sampled_from(
        string.ascii_letters + string.digits + "=+-@'\"<>&_x,;:、；，。|#()（）[]{} 甲乙𠮷㙍\ue000\u3000é"
    ),
    min_size=1,
    max_size=30,
)
CODES = st.integers(0, 10**6).map(lambda number: code(random.Random(number)))
DATES = st.dates(date(1949, 10, 1), date(2200, 1, 1)) | st.just(date.max)


def fixed(raw: dict[str, Any], read: Any) -> Any:
    """A record as it stands in the ledger: what the readers made of a row, whatever it came in."""
    try:
        return read(raw, Findings())
    except (DrawbridgeError, ValidationError):
        return None


def some(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: value | st.none() for name, value in parts.items()})


LISTS = st.lists(WORDS, max_size=3)
SHARED = some(
    prip_id=WORDS,
    reg_state=st.sampled_from(["存续", "注销", "歇业"]),
    reg_org=WORDS,
    adm_code=st.sampled_from(["130534", "010203"]),
    address=WORDS,
    est_date=DATES,
    risk_grade=st.sampled_from("ABCD"),
    risk_source=WORDS,
    risk_month=st.sampled_from(["2024-05", "2023-12"]),
    tags=LISTS,
    is_valid=st.sampled_from(["0", "1"]),
    last_check_date=DATES,
    checks_this_year=st.integers(0, 99),
)
ENTITIES = st.builds(
    lambda shared, own, uscc, name: (
        ObjectKind.ENTERPRISE,
        {k: v for k, v in {**shared, **own}.items() if v is not None} | {"uscc": uscc, "ent_name": name},
    ),
    SHARED,
    some(reg_no=WORDS, ent_type=WORDS, industry=WORDS, scope=WORDS, legal_rep=WORDS, tel=WORDS),
    CODES,
    WORDS,
)
PROJECTS = st.builds(
    lambda shared, uscc, name, number, project: (
        ObjectKind.PROJECT,
        {k: v for k, v in shared.items() if v is not None}
        | {"uscc": uscc, "ent_name": name, "object_id": number, "project_name": project},
    ),
    SHARED,
    CODES,
    WORDS,
    WORDS,
    WORDS,
)


def unique(records: Sequence[Any], *keys: str) -> list[Any]:
    kept: dict[Any, Any] = {}
    for key in keys:
        kept = {getattr(one, key): one for one in (kept.values() or records) if one is not None}
    return list(kept.values())


@FEW
@given(st.lists(ENTITIES | PROJECTS, min_size=1, max_size=6))
def test_a_directory_comes_back_as_it_was(rows: list[tuple[ObjectKind, dict[str, Any]]]) -> None:
    made = [fixed(raw, lambda r, f, k=kind: read_object(r, HEBEI, k, f)) for kind, raw in rows]
    records: list[Entity | ProjectObject] = unique(made, "object_id", "uscc")
    if not records:
        return
    columns, row = object_columns(HEBEI, frozenset(one.kind for one in records))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "名录.xlsx"
        write_list(path, "名录", columns, map(row, records))
        back = import_entities(path, HEBEI)
    assert not back.quarantined
    assert list(back.records) == records


INSPECTORS = st.builds(
    lambda more, number, name: (
        {k: v for k, v in more.items() if v is not None}
        | {"inspector_id": number, "name": name, "dept_code": "SC"}
    ),
    some(
        cert_no=WORDS,
        cert_type=WORDS,
        cert_valid_from=DATES,
        cert_valid_to=DATES,
        item_scope=LISTS,
        role=st.sampled_from(["执法", "辅助", "专家"]),
        status=st.sampled_from(["在岗", "请假", "退休"]),
        leave_from=DATES,
        leave_to=DATES,
        mobile=WORDS,
        recusals=CODES.map(lambda uscc: f"{uscc}:近亲属、{uscc}:轮换"),
    ),
    WORDS,
    WORDS,
)


@FEW
@given(st.lists(INSPECTORS, min_size=1, max_size=6))
def test_a_roster_comes_back_as_it_was(rows: list[dict[str, Any]]) -> None:
    made = [fixed(raw, lambda r, f: read_inspector(r, HEBEI, f)) for raw in rows]
    records: list[Inspector] = unique(made, "inspector_id")
    if not records:
        return
    columns, row = inspector_columns(HEBEI)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "人员.xlsx"
        write_list(path, "人员", columns, map(row, records))
        back = import_inspectors(path, HEBEI)
    assert not back.quarantined
    assert list(back.records) == records


ITEMS = st.builds(
    lambda more, number, name, basis: (
        {k: v for k, v in more.items() if v is not None}
        | {"item_code": number, "item_name": name, "dept_code": "SC", "legal_basis": basis}
    ),
    some(content=WORDS, materials=LISTS, valid_from=DATES, valid_to=DATES, version=WORDS)
    | st.just({"materials": ["营业执照（正、副本）", "水土保持监测资料"]}),
    WORDS,
    WORDS,
    st.lists(WORDS, min_size=1, max_size=3),
).flatmap(lambda raw: st.sampled_from(["一般检查事项", "重点"]).map(lambda kind: raw | {"kind": kind}))


@FEW
@given(st.lists(ITEMS, min_size=1, max_size=6))
@example(
    [{"item_code": "1", "item_name": "甲", "dept_code": "SC", "kind": "重点", "legal_basis": ["甲，乙"]}]
)
def test_a_catalogue_comes_back_as_it_was(rows: list[dict[str, Any]]) -> None:
    made = [fixed(raw, lambda r, f: read_item(r, HEBEI, f)) for raw in rows]
    records: list[InspectionItem] = unique(made, "item_code")
    if not records:
        return
    columns, row = item_columns(HEBEI)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "事项.xlsx"
        write_list(path, "事项", columns, map(row, records))
        back = import_items(path, HEBEI)
    assert not back.quarantined
    assert list(back.records) == records


def test_a_sheet_is_text_frozen_filtered_and_free_of_formulas(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    values = [
        "0012345678901234567890",
        "=1+1",
        "\t甲",
        "\r乙",
        "@x",
        "-1",
        "甲\n乙",
        "<r><t>甲</t></r>",
        "_x0041_",
        "\x07",
    ]
    rows = [[value, 7, date(2024, 6, 20)] for value in values]
    assert write_list(
        path, "名录[1]", [ListColumn("代码"), ListColumn("次数"), ListColumn("日期")], rows
    ) == len(rows)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.title) == (
        "A2",
        f"A1:C{len(rows) + 1}",
        "名录_1_",
    )
    for line in range(2, len(values) + 2):
        cell = sheet.cell(line, 1)
        assert (cell.data_type, cell.number_format, cell.quotePrefix) == ("s", "@", True)
        assert sheet.cell(line, 2).value == 7
        assert sheet.cell(line, 3).value == datetime(2024, 6, 20)  # noqa: DTZ001 - openpyxl's, without a zone
    assert [sheet.cell(line, 1).value for line in (2, 3, 8, 9)] == [values[0], "=1+1", "甲\n乙", values[7]]


def test_a_text_longer_than_a_cell_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_list(path, "a", [ListColumn("甲")], [["𠮷" * 16_383]])
    path.unlink()
    with pytest.raises(DrawbridgeError) as caught:
        write_list(path, "a", [ListColumn("甲")], [["𠮷" * 16_384]])
    assert (caught.value.code, list(tmp_path.iterdir())) == ("DB-EXPORT-001", [])


def test_more_rows_than_the_import_takes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.list_workbook.MAX_ROWS", 3)
    assert write_list(tmp_path / "a.xlsx", "a", [ListColumn("甲")], [["1"]] * 3) == 3
    with pytest.raises(DrawbridgeError) as caught:
        write_list(tmp_path / "b.xlsx", "b", [ListColumn("甲")], [["1"]] * 4)
    assert caught.value.code == "DB-EXPORT-003"
