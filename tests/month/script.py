"""What people and machines do in the month beside their work: the deadlines that are made to fail, and why.

| county | what goes wrong | which limit fails |
|---|---|---|
| 清河县 | the market regulator confirms two working days late | confirmation |
| 清河县 | one enterprise is not visited before the window ends | visit |
| 清河县 | the exchange holds other bytes under our first batch: parked, resolved too late | publication |
| 南宫市 | the exchange is in maintenance until a limit has passed (F13) | publication |
| 南宫市 | one result is approved only after its limit | publication |
| 沙河市 | one department enters its results of the first day five working days too late | entry |
| 沙河市 | the platform never feeds three enterprises to the publicity system | appearance in public |
| all | nobody decides on the enterprises proposed for the abnormal-operations list | hand-off |

An act is done once, at the first start at which its condition holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flows.site import open_books
from ledger.campaigns import stages
from mock_platform.shanghai_time import add_working_days
from tests.month.office import Office
from tests.month.plans import COUNTIES, County

QINGHE, NANGONG, SHAHE = COUNTIES


@dataclass
class Script:
    """`said`: what was done, by day, for the table. `open`: what is still to come, by name."""

    office: Office
    said: dict[date, list[str]] = field(default_factory=dict)
    open: dict[str, Callable[[Script], str | None]] = field(default_factory=dict)
    chosen: dict[str, list[str]] = field(default_factory=dict)
    _fresh: dict[str, Any] = field(default_factory=dict)

    def play(self) -> None:
        """Whatever can be done now."""
        self._fresh.clear()
        for name in list(self.open):
            told = self.open[name](self)
            if told is not None:
                del self.open[name]
                self.said.setdefault(self.office.now.date(), []).append(told)

    def records(self, county: County) -> dict[str, Any]:
        """The mock's own lists, as they are at this start."""
        if county.task_id not in self._fresh:
            self._fresh[county.task_id] = self.office.platform.records(county.task_id)
        found: dict[str, Any] = self._fresh[county.task_id]
        return found

    def people(self, county: County, **act: Any) -> None:
        self.office.mock(county).post("people", act)

    def drawn(self, county: County) -> list[str]:
        """Codes of the enterprises drawn, once the departments have confirmed them; else none."""
        with self.office.settings(), open_books() as books, books.ledger.read() as tx:
            confirmed = stages(tx, county.task_id).get("confirm")
        if confirmed is None or confirmed.state != "done":
            return []
        objects = self.records(county)["drawn"]["objects"]
        return sorted({row["uniscid"] for row in objects if row["replacedBy"] is None})


def script(office: Office) -> Script:
    """The script of the month."""
    return Script(
        office,
        open={
            "late-confirmation": _confirms_late,
            "not-visited": _not_visited,
            "other-bytes": _other_bytes,
            "late-entry": _enters_late,
            "never-fed": _never_fed,
            "unreviewed": _not_reviewed,
            "maintenance": _maintenance,
        },
    )


def _confirms_late(play: Script) -> str:
    play.people(QINGHE, act="no-objections")
    play.people(QINGHE, act="confirm-late", who="QC", workingDays=2)
    return "清河县市场监管局将迟两个工作日确认"


def _not_visited(play: Script) -> str | None:
    codes = play.drawn(QINGHE)
    if not codes:
        return None
    play.people(QINGHE, act="skip-visit", who=codes[0])
    play.chosen["not-visited"] = codes[:1]
    return "清河县 1 户不会去检查"


def _other_bytes(play: Script) -> str:
    fault = {"name": "idempotency_key_conflict", "endpoint": "postSpotchecks", "calls": [1]}
    play.office.mock(QINGHE).post("faults", fault)
    play.open["resolved"] = _resolved
    return "清河县首批公示将被对方当作另一份报文"


def _resolved(play: Script) -> str | None:
    """Two people, two days after the limit of what is parked."""
    missed = _overdue(play.office, QINGHE, "公示")
    if not missed or play.office.now.date() < min(missed) + timedelta(days=2):
        return None
    first, second = play.office.two_approvers()
    task = QINGHE.task_id
    unclear = play.office.call("publish", "status", task)["unclear"]
    for uscc in unclear:
        why = ("--enterprise", uscc, "--found", "未公示", "--reason", "公示系统书面答复未收到")
        asked = play.office.call("publish", "resolve", task, *why, *first.options())
        allowed = play.office.installation.call("publish", "allow", task, asked["act"], *second.options())
        assert allowed.code == 0, allowed.err
    play.chosen["parked"] = list(unclear)
    return f"两人核定清河县结果不明的 {len(unclear)} 户：未公示"


def _enters_late(play: Script) -> str | None:
    if play.office.now.date() < SHAHE.starts_on:
        return None
    play.people(SHAHE, act="no-objections")
    play.people(SHAHE, act="enter-late", who="SC", workingDays=25)
    play.open["enters-again"] = _enters_again
    return "沙河市市场监管局首日结果将迟 25 个工作日录入"


def _enters_again(play: Script) -> str | None:
    if not any(form.get("visit") for form in play.records(SHAHE)["forms"]):
        return None
    play.people(SHAHE, act="relent", who="SC")
    return "沙河市市场监管局此后按时录入"


def _never_fed(play: Script) -> str | None:
    codes = play.drawn(SHAHE) if play.office.now.date() >= SHAHE.starts_on else []
    for code in codes[-3:]:  # the first ones are visited on the first day
        play.people(SHAHE, act="never-feed", who=code)
    play.chosen["never-fed"] = codes[-3:]
    return "沙河市 3 户平台不会归集公示" if codes else None


def _not_reviewed(play: Script) -> str | None:
    codes = play.drawn(NANGONG) if play.office.now.date() >= NANGONG.starts_on else []
    if not codes:
        return None
    play.people(NANGONG, act="never-review", who=codes[-1])
    play.chosen["unreviewed"] = codes[-1:]
    play.open["approved"] = _approved
    return "南宫市 1 户无人审核"


def _approved(play: Script) -> str | None:
    """The office decides when the last limit of this campaign's publications has passed."""
    code = play.chosen["unreviewed"][0]
    rows = [row for row in play.records(NANGONG)["results"] if row["uniscid"] == code]
    if len(rows) < 2:
        return None
    completed = max(date.fromisoformat(row["completedAt"][:10]) for row in rows)
    if play.office.now.date() <= add_working_days(completed, 20):
        return None
    approve = ("approve", NANGONG.task_id, "--enterprise", code, "--role", "领导小组办公室")
    assert play.office.call(*approve)["recorded"] == 1
    return "南宫市 1 户逾期后审批"


def _maintenance(play: Script) -> str | None:
    if play.office.now.date() < NANGONG.starts_on:
        return None
    fault = {"name": "maintenance_window", "endpoint": "postSpotchecks", "args": {"seconds": 14400}}
    play.office.mock(NANGONG).post("faults", fault)
    play.open["maintained"] = _maintained
    return "公示系统对南宫市停机维护"


def _maintained(play: Script) -> str | None:
    missed = _overdue(play.office, NANGONG, "公示")
    if not missed or play.office.now.date() < min(missed) + timedelta(days=2):
        return None
    play.office.mock(NANGONG).post("faults", {"clear": True})
    return "公示系统维护结束"


def _overdue(office: Office, county: County, what: str) -> list[date]:
    """Limits of a county that people have been told are overdue, as the robot got them."""
    return [
        told.on
        for told in office.told()
        if (told.heading, told.campaign, told.what) == ("已过期限", county.short_name, what)
    ]
