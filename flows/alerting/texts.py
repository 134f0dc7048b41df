"""The words of alerts and of the day's digest: plain text, Chinese, nothing personal.

「双随机」 stands in every text, so that a robot which only takes texts with a keyword can be given this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flows.telling.stage_names import TITLES
from ledger.alerts import RecordedAlert
from ledger.campaigns import StageRow
from rules.alerts import OpenDeadline, soon
from rules.calendar import SHANGHAI
from schemas.errors import DrawbridgeError

# Kind of alert -> its heading.
HEADINGS = {
    "deadline": "期限告急",
    "overdue": "已过期限",
    "parked": "结果不明，待人工核定",
    "draw": "抽取核验未通过",
    "uncounted": "期限算不出来",
    "chain": "审计链异常",
    "unreachable": "系统连接不上",
    "stopped": "环节停止",
}


@dataclass(frozen=True)
class Standing:
    """One campaign in the digest: its open stages, and what it has open with a legal date."""

    campaign: str
    stages: Sequence[StageRow]
    deadlines: Sequence[OpenDeadline]


def sentence_of(alert: RecordedAlert) -> str:
    """What is so, from the catalogue."""
    return DrawbridgeError(alert.code, **alert.facts).zh


def alert_text(alert: RecordedAlert) -> tuple[str, str]:
    """Heading and body of an alert that cannot wait. The number tells a repeated text from a new one."""
    wording = DrawbridgeError(alert.code, **alert.facts)
    again = "" if alert.episode_no == 1 else f"（第 {alert.episode_no} 次）"
    raised = alert.raised_at.astimezone(SHANGHAI)
    body = [wording.zh, wording.act, f"编号 A{alert.alert_no}，{raised:%Y-%m-%d %H:%M}（{alert.code}）"]
    return f"【双随机】{HEADINGS[alert.kind]}{again}", "\n".join(body)


def digest_text(
    now: datetime,
    standing: Sequence[Standing],
    in_force: Sequence[RecordedAlert],
    ended: Sequence[RecordedAlert],
    undelivered: Sequence[DrawbridgeError],
) -> tuple[str, str]:
    """Heading and body of the day's digest. It is sent although nothing is open: silence is not good news."""
    lines = [line for one in standing for line in _campaign(one)]
    if in_force:
        lines.append(f"未解除的提醒 {len(in_force)} 件：")
        lines += [f"  A{one.alert_no} {HEADINGS[one.kind]}：{sentence_of(one)}" for one in in_force]
    if ended:
        lines.append(f"上次摘要以来解除 {len(ended)} 件：{'、'.join(f'A{one.alert_no}' for one in ended)}")
    lines += [str(one) for one in undelivered]
    return f"【双随机】每日摘要 {_day(now.date())}", "\n".join(lines or ["没有未结事项。"])


def _campaign(one: Standing) -> Iterator[str]:
    near = soon(one.deadlines)
    if not one.stages and not near:
        return
    yield one.campaign
    for row in one.stages:
        state = f"停止（{row.failed}）" if row.failed else f"等待：{row.waiting_for}"
        yield f"  {TITLES[row.stage]}：{state}"
    for limit in near:
        left = f"剩 {limit.left} 个工作日" if limit.left >= 0 else "已过期限"
        yield f"  期限：{limit.what} {limit.count} 项，{_day(limit.on)}（{left}）"


def _day(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"
