"""How people call the stages and their states; the order is that of the notice's 工作程序.

Apart from the flows, so that a command which only shows them does not load Prefect.
"""

from __future__ import annotations

TITLES = {
    "sync": "同步名录",
    "draw": "抽取对象",
    "confirm": "部门确认",
    "assign": "匹配人员",
    "push": "派发表单",
    "collect": "归集结果",
    "publish": "公示结果",
    "reconcile": "公示核对",
    "report": "统计",
}

_STATES = {"done": "已完成", "waiting": "等待", "failed": "停止", "open": "进行中"}


def state_name(state: str | None) -> str:
    """A recorded state in Chinese; None: the stage was never tried."""
    return "未开始" if state is None else _STATES.get(state, state)
