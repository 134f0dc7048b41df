"""The forms that people fill in on the page of a waiting run: Chinese titles, choices, help.

Prefect keeps what is typed into its forms in clear.  So nothing here is a secret: an approver proves who it
is by a one-time code, which is worth nothing afterwards.
"""

from __future__ import annotations

from typing import Literal

from prefect.input import RunInput
from pydantic import ConfigDict, Field

_APPROVER = Field(title="审批人编号", description="登记的编号，不写姓名。")
_CODE = Field(title="动态码", description="动态码设备上此刻显示的六位数字，只能用一次。")


class PublicationForm(RunInput):
    """One decision on the publication of results."""

    model_config = ConfigDict(title="公示审批")

    decision: Literal["同意公示", "依法不予公示", "审核退回"] = Field("同意公示", title="审批意见")
    enterprises: str = Field(
        "", title="企业", description="统一社会信用代码，多个用空格隔开；不填为全部待审核的企业。"
    )
    reason: str = Field("", title="理由", description="不予公示和退回必须写明。")
    approver: str = _APPROVER
    code: str = _CODE


class ConfirmationForm(RunInput):
    """The answers of one department on the drawn objects."""

    model_config = ConfigDict(title="部门确认")

    department: str = Field(title="部门", description="部门代码或全称，如 SW。")
    verdict: Literal["确认", "异议"] = Field("确认", title="意见")
    objects: str = Field("", title="对象", description="编号，多个用空格隔开；不填为尚未确认的全部。")
    reason: Literal["", "注销", "吊销", "撤销", "迁出", "不在范围", "其他"] = Field(
        "", title="异议理由", description="有异议时选择。"
    )
    evidence: str = Field("", title="异议依据", description="文号或说明。")
    approver: str = _APPROVER
    code: str = _CODE


class FindingForm(RunInput):
    """What an inquiry at the publicity system found about a record of unknown outcome."""

    model_config = ConfigDict(title="结果核定")

    enterprise: str = Field(title="企业", description="统一社会信用代码。")
    found: Literal["已公示", "未公示"] = Field(title="向公示系统核实的结果")
    receipt: str = Field("", title="回执编号", description="已公示时填写。")
    reason: str = Field(title="理由")
    approver: str = _APPROVER
    code: str = _CODE


class ActForm(RunInput):
    """What an operator asks for about one enterprise's publication."""

    model_config = ConfigDict(title="公示办理申请")

    act: Literal["撤回", "更正", "核定已公示", "核定未公示", "接管"] = Field(
        title="申请事项",
        description="撤回：收回已公示的记录；更正：按现在的检查结果公示新的一版；核定：报送结果不明，已向公示系统核实；"
        "接管：公示系统已有、而恢复后的台账没有的记录。",
    )
    enterprise: str = Field(title="企业", description="统一社会信用代码。")
    receipt: str = Field("", title="回执编号", description="核定已公示、接管时填写。")
    reason: str = Field(title="理由", description="写入审计链。")
    approver: str = _APPROVER
    code: str = _CODE


class SecondPersonForm(RunInput):
    """The second person's word on what another asked for."""

    model_config = ConfigDict(title="第二人审批")

    approver: str = _APPROVER
    code: str = _CODE
