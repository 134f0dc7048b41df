"""Code tables of the field, with the wording that people read.

The value of each member is the code that drawbridge stores and its reference contract
transmits; `label` is the official Chinese wording.  Where the national numeric codes are
not public, the codes are this project's own (domain reference §6 point 6); an interface
profile maps them to a province's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Coded(StrEnum):
    """A code with its Chinese wording."""

    label: str

    def __new__(cls, code: str, label: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member

    @classmethod
    def from_label(cls, label: str) -> Self:
        """The member with this wording; raises `ValueError` if there is none."""
        for member in cls:
            if member.label == label:
                return member
        raise ValueError(label)


class ObjectKind(Coded):
    """What an inspection object is."""

    ENTERPRISE = "1", "企业"
    PROJECT = "2", "生产建设项目"


class RegistrationState(Coded):
    """登记状态. `UNKNOWN`: the source does not say (never invented)."""

    ACTIVE = "1", "存续"
    DEREGISTERED = "2", "注销"
    REVOKED = "3", "吊销"
    ANNULLED = "4", "撤销"
    MOVED_OUT = "5", "迁出"
    SUSPENDED = "6", "歇业"
    UNKNOWN = "0", "未知"


class RiskGrade(Coded):
    """信用风险等级: A–D of market regulation, A–E of 互联网+监管; `UNRATED` where no grade is known."""

    A = "A", "A"
    B = "B", "B"
    C = "C", "C"
    D = "D", "D"
    E = "E", "E"
    UNRATED = "-", "未评级"


class ItemKind(Coded):
    """事项类别 (国市监信〔2019〕38号)."""

    GENERAL = "1", "一般检查事项"
    KEY = "2", "重点检查事项"


class DepartmentRole(Coded):
    """Role of a department in a joint inspection."""

    LEAD = "1", "牵头"
    COOPERATING = "2", "协同"


class InspectorRole(Coded):
    """Only `OFFICER` counts towards the two (行政处罚法 §42; 国办发〔2024〕54号)."""

    OFFICER = "1", "执法"
    AUXILIARY = "2", "辅助"
    EXPERT = "3", "专家"


class InspectorStatus(Coded):
    """Whether the person can be drawn."""

    ON_DUTY = "1", "在岗"
    ON_LEAVE = "2", "请假"
    TRANSFERRED = "3", "调离"
    RETIRED = "4", "退休"
    LAPSED = "5", "失效"


class CheckMethod(Coded):
    """核查方式 (several may apply)."""

    ON_SITE = "1", "实地检查"
    DOCUMENTS = "2", "书面检查"
    OTHER_BODIES = "3", "行政部门检查结果或专业意见"
    LABORATORY = "4", "检验检测"
    ONLINE = "5", "网络监测"
    COMMISSIONED = "6", "委托专业机构辅助"


class ResultCode(Coded):
    """检查结果: the eight official wordings; the numbers are this project's own."""

    NO_PROBLEM = "1", "未发现问题"
    NOT_PUBLICISED = "2", "未按规定公示应当公示的信息"
    FALSE_INFORMATION = "3", "公示信息隐瞒真实情况、弄虚作假"
    NOT_REACHABLE = "4", "通过登记的住所（经营场所）无法联系"
    ORDERED_TO_CORRECT = "5", "发现问题已责令改正"
    NOT_COOPERATING = "6", "不配合检查情节严重"
    NO_SUCH_ACTIVITY = "7", "未发现开展本次抽查涉及的经营活动"
    PENDING = "8", "发现问题待后续处理"


class SignatureState(Coded):
    """Whether the inspected party signed the form; a refusal is recorded with a note (notice 五(二)2)."""

    SIGNED = "1", "已签字"
    SEALED = "2", "已盖章"
    REFUSED = "3", "拒绝签字"
    ABSENT = "4", "未到场"


class Disposal(Coded):
    """抽查结果处理 (notice 五(四))."""

    NONE = "0", "无需后续处置"
    GUIDANCE = "1", "行政指导"
    CORRECTION = "2", "责令改正"
    CASE = "3", "立案查处"
    REFERRAL = "4", "移送其他部门"
    POLICE = "5", "移送公安司法机关"
    ABNORMAL_LIST = "6", "建议列入经营异常名录"
    DAILY_SUPERVISION = "7", "停止检查，反馈日常监管部门"


class DisposalState(Coded):
    """Whether the disposal is closed."""

    OPEN = "1", "未完结"
    CLOSED = "2", "已完结"


class ReviewOpinion(Coded):
    """结果公示审批意见: the reviewer's opinion on publication."""

    PENDING = "0", "待审核"
    APPROVED = "1", "同意公示"
    WITHHELD = "2", "依法不予公示"
    RETURNED = "3", "审核退回"


class Verdict(Coded):
    """A department's answer on a drawn object."""

    CONFIRMED = "1", "确认"
    OBJECTION = "2", "异议"


class ObjectionReason(Coded):
    """Reasons for an objection; only those of `rules.confirmation` replace an object."""

    DEREGISTERED = "1", "注销"
    REVOKED = "2", "吊销"
    ANNULLED = "3", "撤销"
    MOVED_OUT = "4", "迁出"
    OUT_OF_SCOPE = "5", "不在范围"
    OTHER = "9", "其他"


class TaskType(Coded):
    """抽查类型."""

    DIRECTED = "1", "定向"
    UNDIRECTED = "2", "不定向"


class DrawMode(Coded):
    """抽取: who draws."""

    PERFORM = "perform", "自行抽取"
    VERIFY = "verify", "核验平台抽取"


class FormMode(Coded):
    """表单: who makes and hands out the forms."""

    PUSH = "push", "推送"
    CHECK = "check", "核对"


class PublicationMode(Coded):
    """公示: who feeds the publicity system."""

    PUSH = "push", "推送"
    RECONCILE = "reconcile", "核对"
