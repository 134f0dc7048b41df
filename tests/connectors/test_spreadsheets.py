"""Lists as county offices keep them: each row becomes a record or is refused by its own reason."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from connectors.profile import Profile
from connectors.spreadsheets import import_entities
from documents.quarantine import write_quarantine
from schemas.codes import RegistrationState, RiskGrade
from schemas.directory import Entity
from tests.connectors.lists import PLAIN, A, B, C, D, csv_file, from_rows, refusals
from tests.connectors.workbooks import save_xlsx, xls
from tests.factories import HEADER, clean_directory, code, dirty_directory

# --- encodings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 BOM"), ("gb18030", "GB18030"), ("utf-16", "UTF-16")],
)
def test_the_encoding_is_detected_and_said(tmp_path: Path, hebei: Profile, encoding: str, said: str) -> None:
    directory = clean_directory(408)
    path = tmp_path / "名录.csv"
    path.write_bytes(directory.to_csv(encoding))
    found = import_entities(path, hebei)
    assert found.encoding == said
    assert (found.read, len(found.accepted), len(found.quarantined), found.normalised) == (408, 408, 0, 0)
    assert [record.ent_name for record in found.records] == [row[0] for row in directory.rows]


def test_the_same_list_as_a_workbook_gives_the_same_records(tmp_path: Path, hebei: Profile) -> None:
    directory = clean_directory(50)
    text = tmp_path / "名录.csv"
    text.write_bytes(directory.to_csv("gb18030"))
    book = save_xlsx(tmp_path / "名录.xlsx", [HEADER, *directory.rows])
    found = import_entities(book, hebei)
    assert found.encoding == "xlsx"
    assert found.records == import_entities(text, hebei).records


def test_rare_characters_survive_gb18030(tmp_path: Path, hebei: Profile) -> None:
    name = "清河县𠮷㐂镕羊绒有限公司"
    path = csv_file(tmp_path, f"企业名称,统一社会信用代码\r\n{name},{A}\r\n", "gb18030")
    found = import_entities(path, hebei)
    assert (found.encoding, found.records[0].ent_name) == ("GB18030", name)


def test_an_old_xls_is_read(tmp_path: Path, hebei: Profile) -> None:
    path = tmp_path / "名录.xls"
    path.write_bytes(xls([PLAIN, (A, "清河县甲有限公司"), (9.1469e17, "清河县乙有限公司")]))
    found = import_entities(path, hebei)
    assert found.encoding == "xls"
    assert [record.ent_name for record in found.records] == ["清河县甲有限公司"]
    assert refusals(found) == [(3, "DB-CODE-003")]


# --- dirt ----------------------------------------------------------------------------------------

CODE_OF_KIND = {
    "fifteen digits": "DB-CODE-002",
    "spreadsheet number": "DB-CODE-003",
    "missing code": "DB-CODE-001",
    "length": "DB-CODE-004",
    "check character": "DB-CODE-006",
    "alphabet": "DB-CODE-005",
    "control character": "DB-INPUT-022",
    "missing name": "DB-INPUT-011",
    "column count": "DB-INPUT-029",
    "cut short": "DB-INPUT-029",
    "two names": "DB-INPUT-030",
    "exact duplicate": "DB-INPUT-031",
}


def test_every_kind_of_dirt_is_refused_by_its_own_reason_and_nothing_is_lost(
    tmp_path: Path, hebei: Profile
) -> None:
    directory, kinds = dirty_directory(120)
    path = tmp_path / "名录.csv"
    path.write_bytes(directory.to_csv("gb18030"))
    found = import_entities(path, hebei)
    expected: Counter[str] = Counter()
    for kind, count in kinds.items():
        if kind != "repairable":
            expected[CODE_OF_KIND[kind]] += count
    assert Counter(row.code for row in found.quarantined) == expected
    assert found.normalised == kinds["repairable"] == 3
    assert found.read == len(directory.rows) == len(found.accepted) + len(found.quarantined)
    # A spreadsheet program shows row 2 for the first row below the header.
    for refused in found.quarantined:
        row = directory.rows[refused.row_no - 2]
        assert [text for text in map(str, row) if text] == [
            str(value) for value in refused.raw.values() if value is not None
        ]
        assert refused.reason


def test_the_quarantine_workbook_tells_a_clerk_which_row_why_and_what_to_do(
    tmp_path: Path, hebei: Profile
) -> None:
    directory, kinds = dirty_directory(40)
    path = tmp_path / "名录.csv"
    path.write_bytes(directory.to_csv("utf-8-sig"))
    found = import_entities(path, hebei)
    out = tmp_path / "隔离行.xlsx"
    write_quarantine(out, [(row.row_no, row.code, row.reason, row.raw) for row in found.quarantined])
    sheet = openpyxl.load_workbook(out).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][:6] == ["行号", "原因代码", "原因", "应如何处理", "企业名称", "统一社会信用代码"]
    assert len(rows) - 1 == sum(n for kind, n in kinds.items() if kind != "repairable")
    assert all(row[0] and row[1] and row[2] and row[3] for row in rows[1:])
    fifteen = next(row for row in rows if row[1] == "DB-CODE-002")
    assert fifteen[5] == "130534000012345"


@pytest.mark.parametrize(
    "written",
    [
        A.lower(),
        f"　{A} ",
        f"\t{A}\xa0",
        "".join(chr(ord(c) + 0xFEE0) for c in A),
        f'="{A}"',
        f"'{A}",
        f"\u202d{A}\u202c",
    ],
    ids=["lower", "ideographic blank", "tab", "full width", "formula text", "apostrophe", "marks"],
)
def test_what_can_be_repaired_is_repaired_and_counted(tmp_path: Path, hebei: Profile, written: str) -> None:
    quoted = written.replace('"', '""')
    text = f'{",".join(PLAIN)}\n"{quoted}",清河县甲有限公司\n{B},清河县乙有限公司\n'
    found = import_entities(csv_file(tmp_path, text), hebei)
    assert [record.uscc for record in found.records] == [A, B]
    assert found.normalised == 1
    assert found.accepted[0].repairs


def test_one_code_under_two_names_refuses_both_rows_however_the_code_is_written(
    tmp_path: Path, hebei: Profile
) -> None:
    found = from_rows(tmp_path, hebei, [PLAIN, (A, "甲厂"), (B, "乙厂"), (A.lower(), "丙厂")])
    assert refusals(found) == [(2, "DB-INPUT-030"), (4, "DB-INPUT-030")]
    assert found.normalised == 0  # the repaired row is among the refused


def test_an_exact_duplicate_refuses_the_second_row_and_names_the_first(
    tmp_path: Path, hebei: Profile
) -> None:
    rows = [PLAIN, (A, "甲（清河）厂"), (B, "乙厂"), (f" {A}", "甲(清河)厂"), (A, "甲（清河）厂")]
    found = from_rows(tmp_path, hebei, rows)
    assert refusals(found) == [(4, "DB-INPUT-031"), (5, "DB-INPUT-031")]
    assert "第 2 行" in found.quarantined[0].reason
    assert found.read == 4


def test_a_row_that_slid_to_the_side_is_told_from_a_wrong_code(tmp_path: Path, hebei: Profile) -> None:
    rows = [
        ("企业名称", "统一社会信用代码", "住所"),
        ("甲厂", A, "某街"),
        ("", "乙厂", B),
        ("丙厂", "X", "某街"),
    ]
    found = from_rows(tmp_path, hebei, rows)
    assert refusals(found) == [(3, "DB-INPUT-010"), (4, "DB-CODE-004")]


def test_lost_and_private_characters(tmp_path: Path, hebei: Profile) -> None:
    found = from_rows(tmp_path, hebei, [PLAIN, (A, "清河县\ufffd厂"), (B, "清河县\ue863厂")])
    assert refusals(found) == [(2, "DB-INPUT-021")]
    assert found.records[0].ent_name == "清河县\ue863厂"
    assert any("第3行" in note and "自造字" in note for note in found.notes)


def test_empty_rows_are_no_rows_and_do_not_shift_the_numbers(tmp_path: Path, hebei: Profile) -> None:
    found = from_rows(tmp_path, hebei, [PLAIN, (None, None), (A, "甲厂"), (" ", "　"), ("X", "乙厂")])
    assert found.read == 2
    assert found.accepted[0].row_no == 3
    assert refusals(found) == [(5, "DB-CODE-004")]


def test_a_header_that_is_repeated_among_the_rows_is_refused_as_such(tmp_path: Path, hebei: Profile) -> None:
    found = from_rows(tmp_path, hebei, [PLAIN, (A, "甲厂"), PLAIN, (B, "乙厂")])
    assert refusals(found) == [(3, "DB-INPUT-033")]
    assert found.read == 3


def test_a_quotation_mark_that_nobody_closes_costs_its_own_row(tmp_path: Path, hebei: Profile) -> None:
    text = f'企业名称,统一社会信用代码\n甲厂,{A}\n"乙厂,{B}\n' + "".join(
        f"丙{n}厂,{code(random.Random(100 + n))}\n" for n in range(40)
    )
    found = import_entities(csv_file(tmp_path, text), hebei)
    assert found.read == 42
    assert len(found.accepted) >= 41


def test_a_quoted_cell_may_hold_commas_and_lines(tmp_path: Path, hebei: Profile) -> None:
    text = f'企业名称,统一社会信用代码,住所\n甲厂,{A},"某街,\n12""号"\n乙厂,{B},某街\n'
    found = import_entities(csv_file(tmp_path, text), hebei)
    assert found.records[0].address == '某街, 12"号'
    assert [row.row_no for row in found.accepted] == [2, 3]


def test_other_separators_are_seen(tmp_path: Path, hebei: Profile) -> None:
    for separator in ("\t", ";"):
        text = f"企业名称{separator}统一社会信用代码\n甲厂{separator}{A}\n"
        assert import_entities(csv_file(tmp_path, text), hebei).records[0].uscc == A


def test_a_workbook_s_numbers_and_dates_are_read_as_they_are_shown(tmp_path: Path, hebei: Profile) -> None:
    header = (*PLAIN, "成立日期", "注册号", "本年检查次数", "有效标志")
    rows = [
        header,
        (A, "甲厂", date(2001, 2, 3), 130534000012345, 2, "有效"),
        (B, 666, "2001年2月3日", None, "1次", "否"),
        (C, "丙厂", "去年", None, None, None),
        (130534000012345, "丁厂", None, None, None, None),
        (D, "戊厂", None, None, "很多", None),
    ]
    found = from_rows(tmp_path, hebei, rows)
    first, second, third = found.records
    assert isinstance(first, Entity)
    assert (first.est_date, first.reg_no, first.checks_this_year) == (date(2001, 2, 3), "130534000012345", 2)
    assert (second.ent_name, second.est_date, second.is_valid) == ("666", date(2001, 2, 3), False)
    assert third.est_date is None
    assert any("第4行" in note for note in found.notes)
    assert refusals(found) == [(5, "DB-CODE-002"), (6, "DB-INPUT-025")]


def test_what_the_list_does_not_say_is_unknown(tmp_path: Path, hebei: Profile) -> None:
    (record,) = from_rows(tmp_path, hebei, [PLAIN, (A, "甲厂")]).records
    assert record.reg_state is RegistrationState.UNKNOWN
    assert record.risk_grade is RiskGrade.UNRATED
    assert (record.adm_code, record.prip_id, record.est_date, record.tags) == (None, None, None, ())


# --- the real list -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("qinghe_enterprises.csv", "UTF-8"), ("qinghe_enterprises_gb18030.csv", "GB18030")],
)
def test_the_county_s_408_real_enterprises_are_all_taken(
    shared_data: Path, hebei: Profile, name: str, encoding: str
) -> None:
    found = import_entities(shared_data / name, hebei, as_projects=True)
    assert found.encoding.startswith(encoding)
    assert (found.read, len(found.accepted), len(found.quarantined)) == (408, 408, 0)
    assert len({record.object_id for record in found.records}) == 408


def test_progress_is_told_on_long_lists(tmp_path: Path, hebei: Profile) -> None:
    told: list[int] = []
    path = tmp_path / "名录.csv"
    path.write_bytes(clean_directory(2_500).to_csv())
    import_entities(path, hebei, progress=told.append)
    assert told == [1_000, 2_000]
