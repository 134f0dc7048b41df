"""Headers as people make them, and the three lists: objects, inspectors, items."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connectors.profile import Profile
from connectors.spreadsheets import import_entities, import_inspectors, import_items
from schemas.codes import InspectorRole, InspectorStatus, ItemKind, ObjectKind, RegistrationState, RiskGrade
from schemas.directory import ProjectObject
from schemas.errors import DrawbridgeError
from schemas.inspector import Inspector
from tests.connectors.lists import PLAIN, A, B, C, D, csv_file, from_rows, refusals
from tests.connectors.workbooks import save_xlsx

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
