"""Lists as county offices keep them: each row becomes a record or is refused by its own reason."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from connectors.profile import Profile
from connectors.spreadsheets import Import, import_entities, import_inspectors, import_items
from documents.quarantine import write_quarantine
from schemas.codes import InspectorRole, InspectorStatus, ItemKind, ObjectKind, RegistrationState, RiskGrade
from schemas.directory import Entity, ProjectObject
from schemas.errors import DrawbridgeError
from schemas.inspector import Inspector
from tests.connectors.workbooks import Rows, save_xlsx, xls
from tests.factories import HEADER, clean_directory, code, dirty_directory

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


# --- headers -------------------------------------------------------------------------------------


def test_title_rows_above_the_header_are_passed_over(tmp_path: Path, hebei: Profile) -> None:
    rows = [
        ("清河县抽查对象名录", None, None),
        ("填报单位：某局", None, "2024年5月"),
        (None, None, None),
        ("序号", "企业名称", "统一社会信用代码"),
        (1, "甲厂", A),
        (2, "乙厂", "X"),
    ]
    found = from_rows(tmp_path, hebei, rows)
    assert [record.ent_name for record in found.records] == ["甲厂"]
    assert refusals(found) == [(6, "DB-CODE-004")]


def test_a_merged_header_of_two_rows_is_read(tmp_path: Path, hebei: Profile) -> None:
    rows = [
        ("名录", None, None, None, None),
        ("序号", "企业基本情况", None, "信用风险", None),
        (None, "企业名称", "统一社会信用代码", "风险等级", "风险月份"),
        (1, "甲厂", A, "B级", "2024-04"),
    ]
    path = save_xlsx(tmp_path / "名录.xlsx", rows, merged=["A1:E1", "A2:A3", "B2:C2", "D2:E2"])
    found = import_entities(path, hebei)
    (record,) = found.records
    assert (record.ent_name, record.uscc, record.risk_grade) == ("甲厂", A, RiskGrade.B)
    assert record.risk_month == "2024-04"
    assert found.accepted[0].row_no == 4


def test_a_cell_merged_over_two_header_rows_does_not_swallow_the_first_row_of_data(
    tmp_path: Path, hebei: Profile
) -> None:
    rows = [("企业名称", "统一社会信用代码", "登记"), (None, None, "登记状态"), ("甲厂", A, "存续")]
    path = save_xlsx(tmp_path / "名录.xlsx", rows, merged=["A1:A2", "B1:B2"])
    (record,) = import_entities(path, hebei).records
    assert (record.uscc, record.reg_state) == (A, RegistrationState.ACTIVE)


@pytest.mark.parametrize(
    "header",
    [
        ("市场主体名称", "社会信用代码"),
        ("企业（机构）名称", "统一社会信用代码/注册号"),
        (" 企业\n名称* ", "统一社会 信用代码："),
        ("企业(机构)名称", "信用代码"),
        ("单位名称", "统一代码"),
    ],
)
def test_synonyms_of_a_heading_are_known(tmp_path: Path, hebei: Profile, header: tuple[str, str]) -> None:
    (record,) = from_rows(tmp_path, hebei, [header, ("甲厂", A)]).records
    assert (record.ent_name, record.uscc) == ("甲厂", A)


def test_of_two_columns_for_one_thing_the_better_name_wins_and_it_is_said(
    tmp_path: Path, hebei: Profile
) -> None:
    rows = [("名称", "统一社会信用代码", "企业名称"), ("简称", A, "清河县甲有限公司")]
    found = from_rows(tmp_path, hebei, rows)
    assert found.records[0].ent_name == "清河县甲有限公司"
    assert any("“企业名称”" in note for note in found.notes)


def test_two_columns_of_one_required_title_are_refused(tmp_path: Path, hebei: Profile) -> None:
    with pytest.raises(DrawbridgeError) as caught:
        from_rows(tmp_path, hebei, [("企业名称", "统一社会信用代码", "企业名称"), ("甲", A, "乙")])
    assert (caught.value.code, caught.value.facts["field"]) == ("DB-INPUT-009", "企业名称")


def test_the_sheet_with_the_table_is_found(tmp_path: Path, hebei: Profile) -> None:
    found = from_rows(tmp_path, hebei, [("说明",), ("本表由某局填报",)], [PLAIN, (A, "甲厂")])
    assert [record.uscc for record in found.records] == [A]


def test_no_header_says_what_was_seen_and_what_is_needed(tmp_path: Path, hebei: Profile) -> None:
    with pytest.raises(DrawbridgeError) as caught:
        from_rows(tmp_path, hebei, [("企业名称", "电话", "备注"), ("甲厂", "1", "2")])
    assert caught.value.code == "DB-INPUT-006"
    assert "看到的是：企业名称、电话、备注" in caught.value.zh
    assert "需要的列：统一社会信用代码、企业名称" in caught.value.zh


# --- projects ------------------------------------------------------------------------------------

PROJECTS = ("项目名称", "审批文号", "建设单位名称", "建设单位统一社会信用代码", "建设地点")


def test_a_table_of_projects_gives_projects_with_their_owners(tmp_path: Path, hebei: Profile) -> None:
    rows = [
        PROJECTS,
        ("第一标段", "清水审〔2023〕1号", "甲公司", A, "城东"),
        ("第二标段", "清水审〔2023〕2号", "甲公司", A, "城西"),
        ("第三标段", "清水审〔2023〕3号", "乙公司", None, "城西"),
        ("第四标段", None, "丙公司", C, "城西"),
        (None, "清水审〔2023〕5号", "丙公司", C, "城西"),
        ("第六标段", "清水审〔2023〕6号", "丁公司", D, ""),
        ("第七标段", "清水审〔2023〕7号", "丁二公司", D, ""),
    ]
    found = from_rows(tmp_path, hebei, rows)
    first, second = found.records
    assert isinstance(first, ProjectObject)
    assert (first.object_id, first.owner_uscc, first.project_name) == ("清水审〔2023〕1号", A, "第一标段")
    assert second.uscc == first.uscc
    assert refusals(found) == [
        (4, "DB-INPUT-012"),
        (5, "DB-INPUT-013"),
        (6, "DB-INPUT-014"),
        (7, "DB-INPUT-032"),
        (8, "DB-INPUT-032"),
    ]


def test_enterprises_may_be_taken_as_projects_under_their_own_code(tmp_path: Path, hebei: Profile) -> None:
    rows = [PLAIN, (A.lower(), "甲厂"), ("X", "乙厂")]
    found = from_rows(tmp_path, hebei, rows, as_projects=True)
    (record,) = found.records
    assert isinstance(record, ProjectObject)
    assert (record.kind, record.object_id, record.uscc) == (ObjectKind.PROJECT, A, A)
    assert record.project_name == record.ent_name == "甲厂"
    assert found.normalised == 1
    assert refusals(found) == [(3, "DB-CODE-004")]


# --- inspectors and items ------------------------------------------------------------------------

ROSTER = (
    "工号",
    "姓名",
    "部门代码",
    "执法证号",
    "证件有效期止",
    "事项范围",
    "人员性质",
    "状态",
    "手机号",
    "回避企业",
)


def test_a_roster_gives_inspectors(tmp_path: Path, hebei: Profile) -> None:
    rows = [
        ("清河县水务局执法检查人员名录", *[None] * 9),
        ROSTER,
        (
            "SW-1",
            "试验员一",
            "SW",
            "03-1",
            "2027-12-31",
            "SW-01、SW-02",
            "执法",
            "在岗",
            None,
            f"{A}：近亲属、{B}",
        ),
        ("SW-2", "试验员二", "SW", "03-2", "长期", None, None, None, None, None),
        ("SW-3", "试验员三", "SW", None, None, None, "专家", "请假", None, None),
        ("SW-4", None, "SW", None, None, None, None, None, None, None),
        ("SW-5", "试验员五", None, None, None, None, None, None, None, None),
        (None, "试验员六", "SW", None, None, None, None, None, None, None),
        ("SW-7", "试验员七", "SW", None, None, None, "临时", None, None, None),
        ("SW-8", "试验员八", "SW", None, None, None, None, None, None, "某公司"),
        ("SW-1", "试验员九", "SW", None, None, None, None, None, None, None),
        ("SW-2", "试验员二", "SW", None, None, None, None, None, None, None),
    ]
    found = import_inspectors(save_xlsx(tmp_path / "人员.xlsx", rows), hebei)
    assert refusals(found) == [
        (3, "DB-INPUT-030"),
        (6, "DB-INPUT-016"),
        (7, "DB-INPUT-017"),
        (8, "DB-INPUT-015"),
        (9, "DB-INPUT-026"),
        (10, "DB-INPUT-018"),
        (11, "DB-INPUT-030"),
        (12, "DB-INPUT-031"),
    ]
    second, third = found.records
    assert isinstance(second, Inspector)
    assert second.cert_valid_to == date.max
    assert (second.role, second.status) == (InspectorRole.OFFICER, InspectorStatus.ON_DUTY)
    assert (third.role, third.status) == (InspectorRole.EXPERT, InspectorStatus.ON_LEAVE)
    assert found.read == 10


def test_an_inspector_s_scope_certificate_and_recusals_are_read(tmp_path: Path, hebei: Profile) -> None:
    row = (
        "SW-1",
        "试验员一",
        "SW",
        "03-1",
        "2027/12/31",
        "SW-01、SW-02",
        "执法",
        "在岗",
        None,
        f"{A}:近亲属;{B}",
    )
    (one,) = import_inspectors(save_xlsx(tmp_path / "人员.xlsx", [ROSTER, row]), hebei).records
    assert one.item_scope == ("SW-01", "SW-02")
    assert (one.cert_no, one.cert_valid_to) == ("03-1", date(2027, 12, 31))
    assert one.recusals == ((A, "relative"), (B, "other"))


def test_a_roster_that_names_departments_is_read_with_their_codes(tmp_path: Path, hebei: Profile) -> None:
    rows = [
        ("姓名", "执法证号", "工作单位"),
        ("试验员一", "03-1", "清河县水务局 "),
        ("试验员二", "03-2", "某局"),
    ]
    path = save_xlsx(tmp_path / "人员.xlsx", rows)
    found = import_inspectors(path, hebei, dept_codes={"清河县水务局": "SW"})
    (one,) = found.records
    assert (one.inspector_id, one.dept_code) == ("03-1", "SW")
    assert refusals(found) == [(3, "DB-INPUT-017")]
    assert refusals(import_inspectors(path, hebei)) == [(2, "DB-INPUT-017"), (3, "DB-INPUT-017")]


def test_reasons_and_notes_never_name_a_person(tmp_path: Path, hebei: Profile) -> None:
    rows = [("姓名", "执法证号", "部门代码"), ("张\ue863某", "03-1", "SW"), ("李\x07某", "03-2", "SW")]
    path = csv_file(tmp_path, "\n".join(",".join(row) for row in rows))
    found = import_inspectors(path, hebei)
    told = " ".join([*found.notes, *(row.reason for row in found.quarantined)])
    assert "某" not in told
    assert "姓名" in told


def test_a_catalogue_gives_items_and_refuses_those_without_a_legal_basis(
    tmp_path: Path, hebei: Profile
) -> None:
    rows = [
        ("事项编码", "抽查事项", "事项类别", "部门代码", "检查依据", "所需材料"),
        (
            "SW-01",
            "水土保持",
            "重点检查事项",
            "SW",
            "《水土保持法》第二十九条、第四十三条\n《管理办法》",
            "批复文件、监测资料",
        ),
        ("SC-01", "登记事项检查", "一般", "SC", None, None),
        ("SC-02", "公示信息检查", None, "SC", "《条例》第十四条", None),
        ("SC-03", None, "一般", "SC", "《条例》第十四条", None),
    ]
    found = import_items(save_xlsx(tmp_path / "事项.xlsx", rows), hebei)
    (item,) = found.records
    assert (item.item_code, item.kind, item.dept_code) == ("SW-01", ItemKind.KEY, "SW")
    assert item.legal_basis == ("《水土保持法》第二十九条、第四十三条", "《管理办法》")
    assert item.materials == ("批复文件", "监测资料")
    assert refusals(found) == [(3, "DB-INPUT-019"), (4, "DB-INPUT-028"), (5, "DB-INPUT-028")]


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
