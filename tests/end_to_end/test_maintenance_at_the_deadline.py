"""F13 at the worst moment: the publicity system is under maintenance while the legal date comes near."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest

from flows.alerts import look
from flows.site import SHANGHAI
from ledger.alerts import RecordedAlert, alert_history
from mock_platform.simulator import Simulator
from rules.calendar import is_working_day
from tests.end_to_end.installation import TASK, Installation, MockProcess
from tests.end_to_end.test_operators_acts import RUN, here, mock, simulator

__all__ = ["here", "mock", "simulator"]


@dataclass
class Pager:
    """A channel that keeps what it is given, and the Shanghai day on which it came."""

    simulator: Simulator
    name: str = "pager"
    got: list[tuple[date, str]] = field(default_factory=list)

    def send(self, title: str, body: str) -> None:
        self.got.append((self.simulator.world.now().date(), f"{title}\n{body}"))


def move_to(simulator: Simulator, day: date) -> None:
    with simulator.world.turn():
        morning = datetime.combine(day, datetime.min.time(), SHANGHAI) + timedelta(hours=10)
        simulator.world.run_until(max(morning, simulator.world.now()))


def seen(here: Installation, pager: Pager) -> list[RecordedAlert]:
    """One look of the alerts; what was ever raised about publications."""
    with here.site() as site:
        look(site, [pager], with_chain=False)
        with site.ledger.read() as tx:
            return [one for one in alert_history(tx, TASK) if "公示" in str(one.facts.get("what", ""))]


def days_until_the_last(here: Installation) -> list[date]:
    """The working days up to the earliest last day of a publication."""
    from flows.deadlines import due_dates
    from flows.decisions.deciding import campaign_called

    with here.site() as site:
        last = min(due.on for due in due_dates(site, campaign_called(site, TASK)) if due.what == "公示")
        today = site.now().date()
    days = [today + timedelta(days=more) for more in range((last - today).days + 1)]
    return [day for day in days if is_working_day(day)]


@pytest.mark.parametrize("ends_in_time", [True, False])
def test_people_hear_of_it_while_there_is_still_time(
    simulator: Simulator, mock: MockProcess, here: Installation, ends_in_time: bool
) -> None:
    asked_s = 14_400
    window = {"name": "maintenance_window", "endpoint": "postSpotchecks", "args": {"seconds": asked_s}}
    mock.post("faults", window)
    waiting = here.call(*RUN)
    assert waiting.code == 3, waiting.err
    assert "下次报送不早于" in waiting.document["waiting_for"]
    assert simulator.world.records == {}
    days, pager = days_until_the_last(here), Pager(simulator)
    assert len(days) > 5
    last = days[-1]
    raised: list[RecordedAlert] = []
    for day in days[-6:]:
        move_to(simulator, day)
        raised = seen(here, pager)
        left = len([one for one in days if one > day])
        assert bool(raised) is (left <= 2), (day, left)
        assert {one.kind for one in raised} <= {"deadline"}, "nothing is late yet"
    first = raised[0]
    assert first.facts["left"] == 2
    alone = [(day, text) for day, text in pager.got if "每日摘要" not in text]
    told = [day for day, text in alone if "公示" in text and f"{last.month}月{last.day}日" in text]
    assert told == [days[-3]], "told once, two working days before"

    if ends_in_time:
        mock.post("faults", {"clear": True})
        forget_the_pause(here)
        done = here.call(*RUN)
        assert done.code == 0, done.err
        after = seen(here, pager)
        assert all(one.over_at is not None for one in after)
        assert {one.kind for one in after} == {"deadline"}
    else:
        move_to(simulator, last + timedelta(days=1))
        kinds = [(one.kind, one.raised_at) for one in seen(here, pager)]
        overdue = min(at for kind, at in kinds if kind == "overdue")
        assert min(at for kind, at in kinds if kind == "deadline") < overdue
    keys = [row["key"] for row in mock.writes("postSpotchecks")]
    assert len(keys) == len(set(keys))
    assert bool(keys) is ends_in_time


def forget_the_pause(here: Installation) -> None:
    """Four hours of wall time go by."""
    import sqlalchemy as sa

    from ledger.tables_outbox import delivery_batch

    with here.site() as site, site.ledger.write() as tx:
        earlier = delivery_batch.update().where(delivery_batch.c.next_try_at.is_not(None))
        tx.execute(
            earlier.values(next_try_at=sa.bindparam("then")), {"then": datetime(2026, 1, 1, tzinfo=SHANGHAI)}
        )
