"""What a reconciliation can find, how people call it, and what is proposed: pressed or entered by people.

docs/reliability.md shows this table; a test compares the two.  Nothing of it is ever done by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class KindOfFinding:
    """`title`: what is so; `act`: what people are asked to do."""

    title: str
    act: str


FINDINGS: Mapping[str, KindOfFinding] = {
    "missing": KindOfFinding(
        "应公示而未见",
        "请先向公示系统核实，不要重新报送；次日再运行 drawbridge reconcile，仍未见的请公示系统补登。",
    ),
    "doubled": KindOfFinding(
        "公示了不止一次",
        "请确定留哪一条，多出的请公示系统撤下；本系统报送的，用 drawbridge publish withdraw 申请撤回。",
    ),
    "differing": KindOfFinding(
        "公示内容与结果不一致",
        "请逐项核对检查结果；公示有误的，用 drawbridge publish correct 申请更正，平台归集的请平台更正。",
    ),
    "unexpected": KindOfFinding(
        "不应公示而已公示",
        "台账是恢复的，用 drawbridge publish take-over 申请接管；否则请公示系统查明来源后撤下。",
    ),
    "late": KindOfFinding(
        "超过法定期限公示",
        "还没有公示的，请今天办完审批并运行 drawbridge publish retry；已公示的，请责任部门说明原因存档。",
    ),
    "name-changed": KindOfFinding(
        "企业名称已变更",
        "请用 drawbridge run --resync 重新同步名录；需要更正公示的，用 drawbridge publish correct 申请。",
    ),
    "deregistered": KindOfFinding(
        "企业已注销或吊销",
        "请登记机关核实；已公示的结果保留，不撤回；尚未公示的，由领导小组办公室决定是否公示，并登记审批意见。",
    ),
}
"""Kind of finding -> its wording."""
