"""The code tables: one code and one official wording for each member, and both lead back to it."""

from __future__ import annotations

import json
import pickle

import pytest

from rules.confirmation import REPLACING
from schemas import codes
from schemas.codes import (
    Coded,
    Disposal,
    ObjectionReason,
    RegistrationState,
    ResultCode,
    RiskGrade,
    SignatureState,
)

TABLES = [
    table
    for table in vars(codes).values()
    if isinstance(table, type) and issubclass(table, Coded) and table is not Coded
]
MEMBERS = [member for table in TABLES for member in table]

# Domain reference §2.2: the eight official wordings, with this project's own numbers.
RESULTS = {
    "1": "未发现问题",
    "2": "未按规定公示应当公示的信息",
    "3": "公示信息隐瞒真实情况、弄虚作假",
    "4": "通过登记的住所（经营场所）无法联系",
    "5": "发现问题已责令改正",
    "6": "不配合检查情节严重",
    "7": "未发现开展本次抽查涉及的经营活动",
    "8": "发现问题待后续处理",
}


def test_all_tables_are_looked_at() -> None:
    assert len(TABLES) >= 19
    assert {RegistrationState, ResultCode, Disposal} <= set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_no_code_and_no_wording_stands_twice_in_a_table(table: type[Coded]) -> None:
    # A second member with the same code would be an alias, and missing from the list of members.
    assert len(table.__members__) == len(list(table))
    assert len({member.label for member in table}) == len(list(table))


@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_code_and_wording_lead_to_the_member(member: Coded) -> None:
    table = type(member)
    assert table(member.value) is member
    assert table.from_label(member.label) is member
    assert member.label == member.label.strip() != ""
    assert pickle.loads(pickle.dumps(member)) is member  # noqa: S301 - our own bytes
    assert json.loads(json.dumps(member)) == member.value


@pytest.mark.parametrize("table", TABLES)
def test_what_is_in_no_table_is_refused(table: type[Coded]) -> None:
    with pytest.raises(ValueError, match="没有这样的"):
        table.from_label("没有这样的")
    with pytest.raises(ValueError, match="没有这样的"):
        table("没有这样的")


def test_the_eight_results_in_the_official_wording() -> None:
    assert {member.value: member.label for member in ResultCode} == RESULTS


def test_what_a_source_does_not_say_has_a_member_of_its_own() -> None:
    assert RegistrationState.UNKNOWN.label == "未知"
    assert RiskGrade.UNRATED.label == "未评级"


def test_a_refusal_to_sign_is_a_state_of_its_own() -> None:
    assert {member.label for member in SignatureState} >= {"已签字", "已盖章", "拒绝签字"}


def test_an_object_is_replaced_for_the_five_reasons_of_the_domain_reference() -> None:
    assert {reason.label for reason in REPLACING} == {"注销", "吊销", "撤销", "迁出", "不在范围"}
    assert {reason for reason in ObjectionReason if reason not in REPLACING} == {ObjectionReason.OTHER}


def test_the_disposals_of_the_notice() -> None:
    wordings = {member.label for member in Disposal}
    assert wordings >= {"行政指导", "责令改正", "立案查处", "移送其他部门", "移送公安司法机关"}
    # The registrar lists, we propose.
    assert Disposal.ABNORMAL_LIST.label.startswith("建议")
