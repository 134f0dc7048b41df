"""What the inspectors will find where: decided when the groups are matched, shown to nobody before the visit.

The first enterprises of a seeded order get the scripted findings of `SCRIPT`, so that a
campaign of fifteen has every result, every disposal, a refused signature and a withheld
publication.  The others get none, or one of `OTHERS`, so that about a fifth of all
enterprises have a problem (published counts: 80 % none, 10 % not publicised, 3 % not to be reached).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_platform.world import World

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
"""The eight official wordings, as the publicity system shows them."""


@dataclass(frozen=True)
class Fate:
    """A finding: on which item (theme), with which result, and what follows. Codes as in the contract."""

    theme: str = "none"
    code: str = "1"
    problem: str | None = None
    disposal: str = "0"
    closed: bool = True
    lapsed: bool = False
    signature: str | None = None
    refusal_note: str | None = None
    guided: bool = False
    answered: bool = False
    transfer: tuple[str, str] | None = None
    subject_state: str | None = None
    review: str = "1"
    basis: str | None = None
    expert: bool = False


_REFUSED = "法定代表人拒绝签字，检查人员当场注明情况，两名检查人员签名见证"
FATES: dict[str, Fate] = {
    "nothing": Fate(),
    "not-publicised": Fate("publicity", "2", "未在规定期限内公示上一年度年度报告", "2", False, guided=True),
    "corrected": Fate(
        "technical",
        "5",
        "弃渣场拦挡措施不完善，已责令改正并当场整改",
        "2",
        guided=True,
        signature="3",
        refusal_note=_REFUSED,
    ),
    "not-reachable": Fate(
        "registration", "4", "按登记的住所多次上门均无法取得联系", "6", False, signature="4"
    ),
    "case": Fate(
        "technical",
        "8",
        "未批先变更水土保持方案，涉嫌违法",
        "3",
        False,
        transfer=("同意移交案件查办机构立案调查", "{lead}执法大队"),
    ),
    "withheld": Fate(
        review="2", basis="《中华人民共和国政府信息公开条例》第十四条：依法确定为国家秘密的政府信息不予公开"
    ),
    "referral": Fate(
        "technical",
        "8",
        "施工场地占用河道外林地，不属于本部门职责",
        "4",
        False,
        transfer=("同意移送", "自然资源和规划主管部门"),
    ),
    "false-information": Fate("publicity", "3", "年度报告所填资产总额与财务账册不符", "6", False),
    "no-activity": Fate("technical", "7", None, subject_state="1"),
    "not-cooperating": Fate(
        "all",
        "6",
        "拒绝检查人员进入施工现场，经告知后仍不配合",
        "7",
        False,
        signature="3",
        refusal_note=_REFUSED,
    ),
    "police": Fate(
        "technical",
        "8",
        "伪造水土保持监测报告印章，涉嫌犯罪",
        "5",
        False,
        transfer=("同意移送公安机关", "县公安局"),
    ),
    "order-lapsed": Fate("publicity", "2", "责令限期公示后逾期仍未公示", "6", False, lapsed=True),
    "guidance": Fate(
        "registration", "5", "营业执照未置于住所醒目位置，已责令改正", "1", guided=True, answered=True
    ),
    "questions": Fate(answered=True, expert=True),
    "closed-down": Fate("technical", "7", None, "7", subject_state="6"),
}
"""Findings by name."""

SCRIPT = (
    "not-publicised",
    "corrected",
    "not-reachable",
    "withheld",
    "case",
    "referral",
    "false-information",
    "no-activity",
    "not-cooperating",
    "police",
    "order-lapsed",
    "guidance",
    "questions",
    "closed-down",
)
OTHERS = {"not-publicised": 10, "not-reachable": 3, "corrected": 4, "guidance": 2, "case": 1}
_PROBLEM_SHARE = 0.2


def assign_fates(world: World, enterprises: list[str]) -> None:
    """Decides for each enterprise to be visited; what was decided before stays."""
    waiting = sorted(code for code in enterprises if code not in world.fates)
    if not waiting:
        return
    rng = world.chance("fates", len(world.fates))
    rng.shuffle(waiting)
    script = [name for name in SCRIPT if name not in world.fates.values()]
    # Registration and publicity are inspected at market entities only: codes that begin with 9.
    market = [code for code in waiting if code.startswith("9")]
    told = dict(zip(market, script, strict=False))
    problems = sum(1 for name in told.values() if _is_problem(name))
    more = max(0, round(_PROBLEM_SHARE * len(waiting)) - problems)
    rest = [code for code in waiting if code not in told]
    for place, code in enumerate(rest):
        name = "nothing"
        if place < more and code.startswith("9"):
            name = rng.choices(list(OTHERS), list(OTHERS.values()))[0]
        told[code] = name
    for code, name in told.items():
        world.fates[code] = name


def fate_of(world: World, code: str) -> Fate:
    """What will be found at the enterprise with that code."""
    return FATES[world.fates.get(code, "nothing")]


def _is_problem(name: str) -> bool:
    return FATES[name].code not in ("1", "7")
