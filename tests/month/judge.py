"""What had to be told in the month, from the mocks' own lists and the mocks' own calendar; nothing of ours.

A limit is open from the start of the deployment that takes notice of its cause (a dispatch, a form, a result)
to the start of the one that takes notice of its end.  A look in between tells of it once when it is in
danger, and once when it has passed.  What was noticed when follows from the order of the starts alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from mock_platform.shanghai_time import SHANGHAI, add_working_days, is_working_day
from tests.month.office import Office, ToldAlert
from tests.month.plans import COUNTIES, County

NEVER = float("inf")
ALERTS_FROM = {"部门确认": 0, "现场检查": 2, "结果录入": 2, "公示": 2, "移交列入经营异常名录": 2}
"""Working days left at which a limit is in danger, as docs/alerts.md says."""
CONFIRM, PUSH, COLLECT, PUBLISH, RECONCILE = "部门确认", "派发表单", "归集结果", "公示结果", "核对公示"


@dataclass(frozen=True)
class Item:
    """One thing with a limit; `opened` and `closed` are places in the order of starts."""

    campaign: str
    what: str
    on: date
    opened: float
    closed: float

    @property
    def key(self) -> tuple[str, str, date]:
        return self.campaign, self.what, self.on


@dataclass(frozen=True)
class Expected:
    """An alert that had to come: at which look, with how many working days left (negative: overdue)."""

    heading: str
    campaign: str
    what: str
    on: date
    at: datetime
    left: int


class Judge:
    """Reads the mocks once, at the end of the month."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.records = {county.task_id: office.platform.records(county.task_id) for county in COUNTIES}
        self.items = [item for county in COUNTIES for item in self._items(county)]

    # --- what the limits were -----------------------------------------------------------------------

    def _items(self, county: County) -> Iterator[Item]:
        yield from self._confirmations(county)
        lists = self.records[county.task_id]
        by_enterprise: dict[str, list[dict[str, Any]]] = {}
        for row in lists["results"]:
            by_enterprise.setdefault(row["uniscid"], []).append(row)
        forms_known = self._forms_known(county)
        for form in lists["forms"]:
            rows = by_enterprise.get(form["uniscid"], [])
            yield from self._visit(county, form, rows, forms_known)
            if len(rows) == len(form["items"]):
                yield from self._publication(county, form["uniscid"], rows)
        for uscc, rows in by_enterprise.items():
            yield from self._listing(county, uscc, rows)

    def _confirmations(self, county: County) -> Iterator[Item]:
        lists = self.records[county.task_id]
        for place, sent in enumerate(lists["dispatches"]):
            answered = [
                _at(row["at"]) for row in lists["confirmations"] if row["objectId"] in sent["objects"]
            ]
            whole = len(answered) == 2 * len(sent["objects"])
            closed = self._noticed(CONFIRM, max(answered)) if whole else NEVER
            if place + 1 < len(lists["dispatches"]):
                closed = self._noticed(CONFIRM, _at(lists["dispatches"][place + 1]["at"]))
            on = add_working_days(_at(sent["at"]).date(), 1)
            yield Item(county.short_name, "部门确认", on, self._noticed(CONFIRM, _at(sent["at"])), closed)

    def _forms_known(self, county: County) -> float:
        """The first start of 派发表单 after which its results were asked for."""
        for place, ran in enumerate(self._office.ran):
            if (
                ran.tick.name == PUSH
                and ran.code is None
                and (ran.result or {}).get(county.task_id, {}).get("done")
            ):
                return place
        return NEVER

    def _visit(
        self, county: County, form: dict[str, Any], rows: list[dict[str, Any]], known: float
    ) -> Iterator[Item]:
        entered = sorted(_at(row["enteredAt"]) for row in rows)
        first = self._noticed(COLLECT, entered[0]) if entered else NEVER
        yield Item(county.short_name, "现场检查", county.ends_on, known, first)
        if not rows:
            return
        whole = self._noticed(COLLECT, entered[-1]) if len(rows) == len(form["items"]) else NEVER
        # The limit runs from the first completion that is known.
        known_first = min(
            _at(row["completedAt"]) for row in rows if _at(row["enteredAt"]) <= self._moment(first)
        )
        on = add_working_days(known_first.date(), 20)
        yield Item(county.short_name, "结果录入", on, first, whole)
        yield Item(county.short_name, "公示", on, first, whole)

    def _publication(self, county: County, uscc: str, rows: list[dict[str, Any]]) -> Iterator[Item]:
        opened = self._noticed(COLLECT, max(_at(row["enteredAt"]) for row in rows))
        on = add_working_days(max(_at(row["completedAt"]) for row in rows).date(), 20)
        review = rows[0]["review"]
        reviewed = self._noticed(COLLECT, _at(review["at"])) if review["at"] else NEVER
        held = [row for row in self.records[county.task_id]["records"] if row["uniscid"] == uscc]

        def item(start: float, end: float) -> Item:
            return Item(county.short_name, "公示", on, start, end)

        if review["opinion"] == "2":
            yield item(opened, reviewed)
        elif county.leads:
            shown = [row["shown"]["publicDate"] for row in held if row["shown"]]
            fed = datetime.combine(date.fromisoformat(shown[0]), time(6), SHANGHAI) if shown else None
            seen = NEVER if fed is None else self._noticed(RECONCILE, fed)
            yield item(opened, max(seen, self._next(RECONCILE, reviewed)))
        else:
            accepted = [
                datetime.fromisoformat(row["receivedAt"]) for row in held if row["state"] == "accepted"
            ]
            taken = self._noticed(PUBLISH, accepted[0]) if accepted else NEVER
            # What was taken in is settled minutes later; the start after the one that sent asks for that.
            yield item(opened, self._next(PUBLISH, taken))

    def _listing(self, county: County, uscc: str, rows: list[dict[str, Any]]) -> Iterator[Item]:
        grounds: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            if row["resultCode"] in ("3", "4") or (row["resultCode"] == "2" and row["orderLapsed"]):
                grounds.setdefault(row["resultCode"], []).append(row)
        for found in grounds.values():
            on = add_working_days(min(_at(row["completedAt"]) for row in found).date(), 10)
            opened = self._noticed(COLLECT, min(_at(row["enteredAt"]) for row in found))
            yield Item(county.short_name, "移交列入经营异常名录", on, opened, NEVER)

    # --- what had to be told ---------------------------------------------------------------------------

    def expected(self) -> list[Expected]:
        """The alerts of limits, in the order in which they had to come."""
        found: list[Expected] = []
        for key in sorted({item.key for item in self.items}):
            items = [item for item in self.items if item.key == key]
            found += self._of_limit(items)
        return sorted(found, key=lambda one: (one.at, one.heading, one.campaign, one.what, one.on))

    def _of_limit(self, items: list[Item]) -> Iterator[Expected]:
        campaign, what, on = items[0].key
        before: str | None = None
        for place, at in self._office.looks:
            left = days_left(at.date(), on)
            now = None
            if any(item.opened < place < item.closed for item in items):
                now = "已过期限" if left < 0 else "期限告急" if left <= ALERTS_FROM[what] else None
            if now is not None and now != before:
                yield Expected(now, campaign, what, on, at, left)
            before = now

    def missed(self) -> list[tuple[str, str, date]]:
        """The limits that passed with something open, as our side could know."""
        keys = {
            item.key
            for item in self.items
            for place, at in self._office.looks
            if at.date() > item.on and item.opened < place < item.closed
        }
        return sorted(keys)

    def nearest(self, campaign: str, place: float, today: date) -> dict[str, int]:
        """Working days left to the nearest open limit of each kind, after the start at `place`."""
        open_ = [i for i in self.items if i.campaign == campaign and i.opened < place < i.closed]
        found: dict[str, int] = {}
        for item in open_:
            left = days_left(today, item.on)
            found[item.what] = min(left, found.get(item.what, left))
        return found

    # --- the order of starts -----------------------------------------------------------------------------

    def _noticed(self, name: str, moment: datetime) -> float:
        """Place of the first start of a deployment at or after a moment."""
        return next(
            (p for p, ran in enumerate(self._office.ran) if ran.tick.name == name and ran.tick.at >= moment),
            NEVER,
        )

    def _next(self, name: str, place: float) -> float:
        """Place of the next start of a deployment after a place."""
        return next(
            (p for p, ran in enumerate(self._office.ran) if p > place and ran.tick.name == name), NEVER
        )

    def _moment(self, place: float) -> datetime:
        return (
            datetime.max.replace(tzinfo=SHANGHAI) if place == NEVER else self._office.ran[int(place)].tick.at
        )


def days_left(today: date, on: date) -> int:
    """Working days after `today` up to `on` by the mock's calendar; negative once it has passed."""
    if today > on:
        return -max(1, sum(is_working_day(day) for day in _after(on, today)))
    return sum(is_working_day(day) for day in _after(today, on))


def as_told(one: ToldAlert) -> tuple[str, str, str, date]:
    """What makes an alert of a limit the same."""
    return one.heading, one.campaign, one.what, one.on


def _after(start: date, end: date) -> Iterator[date]:
    day = start + timedelta(days=1)
    while day <= end:
        yield day
        day += timedelta(days=1)


def _at(text: str) -> datetime:
    """The platform's notation of a moment."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
