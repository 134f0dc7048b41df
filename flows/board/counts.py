"""How far each stage is, in numbers: from the ledger as it stands, not from what a stage said last."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from draw.certificate import parse_certificate, standing_objects
from flows.decisions.confirmed import decision_on
from flows.exchange.delivering import items_of
from flows.exchange.publishing import STATES, Standing, standing_of
from flows.paper.visits import Visits, visits_of
from flows.site import Books
from ledger.campaigns import StageRow, stages
from ledger.confirmations import confirmations, dispatches, replacements
from ledger.directory import SnapshotState, latest_snapshot
from ledger.draws import RecordedRound, round_in_force
from ledger.engine import Transaction
from ledger.messages import message_count
from ledger.platform_draws import PlatformDrawRow, platform_draw
from ledger.reconciliations import Reconciliation, last_run
from rules.confirmation import Decision
from rules.visits import standing_results
from schemas.campaign import Campaign
from schemas.codes import FormMode


@dataclass(frozen=True)
class Count:
    """One number of a stage. `of`: out of how many; `bad`: somebody should look at it."""

    label: str
    value: int
    unit: str = ""
    of: int | None = None
    bad: bool = False

    @property
    def text(self) -> str:
        """As people read it."""
        size = str(self.value) if self.of is None else f"{self.value}/{self.of}"
        return f"{self.label} {size}{' ' if self.unit else ''}{self.unit}"


class Known:
    """One look at the ledger: each part of it is looked for when it is first asked for, and then kept.

    Thousands of forms and results are not read to say whether the directories are complete.
    """

    def __init__(self, books: Books, campaign: Campaign) -> None:
        self.campaign, self._books = campaign, books

    @cached_property
    def rows(self) -> Mapping[str, StageRow]:
        """The stages that were begun."""
        with self._books.ledger.read() as tx:
            return stages(tx, self.campaign.task_id)

    @cached_property
    def directories(self) -> Mapping[str, SnapshotState]:
        """The last complete pass over each directory."""
        with self._books.ledger.read() as tx:
            found = {
                kind: latest_snapshot(tx, self._books.source, kind)
                for kind in ("object", "inspector", "item")
            }
        return {kind: state for kind, state in found.items() if state is not None}

    @cached_property
    def drawn(self) -> RecordedRound | None:
        """The newest round of our own draw of the objects."""
        with self._books.ledger.read() as tx:
            return round_in_force(tx, self.campaign.task_id, "objects")

    @cached_property
    def _confirming(self) -> tuple[list[str], int, Decision | None, bool]:
        with self._books.ledger.read() as tx:
            task_id = self.campaign.task_id
            objects, replaced = _drawn(tx, self.campaign, self.drawn, platform_draw(tx, task_id))
            answers = _answers(tx, self.campaign, objects) if objects else None
            return objects, replaced, answers, bool(dispatches(tx, task_id))

    @property
    def objects(self) -> int:
        """How many objects stand, whoever drew them."""
        return len(self._confirming[0])

    @property
    def replaced(self) -> int:
        """How many objects were replaced."""
        return self._confirming[1]

    @property
    def answers(self) -> Decision | None:
        """What the departments' answers amount to; None: there is nothing to answer on."""
        return self._confirming[2]

    @property
    def dispatched(self) -> bool:
        """Whether the objects were sent out."""
        return self._confirming[3]

    @cached_property
    def visits(self) -> Visits:
        """Forms, results and what is complete."""
        return visits_of(self._books, self.campaign)

    @cached_property
    def standing(self) -> Sequence[Standing]:
        """How each enterprise's record stands."""
        return standing_of(self._books, self.campaign, self.visits)

    @cached_property
    def records_sent(self) -> int:
        """How many messages with records were written, whatever became of them."""
        with self._books.ledger.read() as tx:
            return message_count(tx, "record", self.campaign.task_id)

    @cached_property
    def form_states(self) -> Counter[str]:
        """The newest version of each form by its state in the outbox."""
        listed = sorted(items_of(self._books, self.campaign, "form"), key=lambda one: one.version)
        newest = {one.key: one for one in listed}
        return Counter(one.state for one in newest.values())

    @cached_property
    def reconciled(self) -> Reconciliation | None:
        """The last comparison with the public."""
        with self._books.ledger.read() as tx:
            return last_run(tx, self.campaign.task_id)

    def facts(self, stage: str) -> Mapping[str, object]:
        """What the stage itself reported last."""
        row = self.rows.get(stage)
        return {} if row is None else row.facts

    def number(self, stage: str, name: str) -> int:
        """A number that the stage reported; 0 if it did not."""
        value = self.facts(stage).get(name)
        return value if isinstance(value, int) else 0

    def in_state(self, *states: str) -> int:
        """Enterprises whose publication is in one of these states."""
        return sum(1 for one in self.standing if one.state in states)


def known_of(books: Books, campaign: Campaign) -> Known:
    """One look at the ledger."""
    return Known(books, campaign)


def _drawn(
    tx: Transaction, campaign: Campaign, drawn: RecordedRound | None, judged: PlatformDrawRow | None
) -> tuple[list[str], int]:
    """The objects that stand, whoever drew them, and how many were replaced."""
    if drawn is not None and drawn.certificate is not None:
        document = parse_certificate(drawn.certificate, "objects")
        return [one for one, _ in standing_objects(document)], len(replacements(tx, campaign.task_id))
    if judged is None:
        return [], 0
    body = json.loads(judged.body)
    gone = {pair[0] for pair in body["replaces"]}
    return [row[0] for row in body["objects"] if row[0] not in gone], len(gone)


def _answers(tx: Transaction, campaign: Campaign, drawn: Sequence[str]) -> Decision:
    return decision_on(campaign, drawn, confirmations(tx, campaign.task_id))


def open_departments(known: Known) -> dict[str, int]:
    """Department's code -> how many objects it has not answered on; the plan's order."""
    if known.answers is None:
        return {}
    missing = Counter(code for _, code in known.answers.open)
    return {one.code: missing[one.code] for one in known.campaign.departments}


# --- one function per stage; the first count is the stage's progress ------------------------------------


def _sync(known: Known) -> Iterator[Count]:
    names = {"object": ("对象", "个"), "inspector": ("人员", "人"), "item": ("事项", "项")}
    for kind, state in known.directories.items():
        yield Count(names[kind][0], state.accepted, names[kind][1])
    quarantined = sum(state.quarantined for state in known.directories.values())
    if quarantined:
        yield Count("隔离", quarantined, "行", bad=True)


def _draw(known: Known) -> Iterator[Count]:
    eligible = known.number("draw", "eligible")
    if known.drawn is not None and known.drawn.certificates:
        document = parse_certificate(known.drawn.certificates[0], "objects")
        yield Count("抽中", len(document["winners"]), "个", document["commitment"]["eligible"]["count"])
        yield Count("第", known.drawn.round_no, "轮")
    elif eligible:
        yield Count("抽中", known.number("draw", "drawn"), "个", eligible)


def _confirm(known: Known) -> Iterator[Count]:
    missing = open_departments(known)
    if known.answers is None or not (known.dispatched or "confirm" in known.rows):
        return
    departments = known.campaign.departments
    yield Count("部门", sum(1 for count in missing.values() if not count), "个", len(departments))
    for one in departments:
        yield Count(one.name, known.objects - missing[one.code], of=known.objects)
    if known.replaced:
        yield Count("递补", known.replaced, "个")
    if known.answers.conflicts:
        yield Count("意见不一致", len(known.answers.conflicts), "处", bad=True)


def _assign(known: Known) -> Iterator[Count]:
    forms = list(known.visits.forms.values())
    if not forms:
        return
    teams = {form.group: form.inspectors for form in forms}
    needed = sum(department.team for department in known.campaign.departments)
    people = {member.inspector_id for form in forms for member in form.inspectors}
    seats = sum(len(team) for team in teams.values())
    yield Count("席位", seats, "席", len(teams) * needed, bad=seats < len(teams) * needed)
    yield Count("组", len(teams), "个")
    yield Count("人员", len(people), "人")
    yield Count("企业", len(forms), "户")
    if known.number("assign", "substitutes"):
        yield Count("替补", known.number("assign", "substitutes"), "人")


def _push(known: Known) -> Iterator[Count]:
    states = known.form_states
    due = sum(count for state, count in states.items() if state not in ("withheld", "held", "void"))
    if known.campaign.forms is FormMode.CHECK:
        if known.visits.forms:
            yield Count("平台表单", len(known.visits.forms), "张")
        return
    if not due:
        return
    yield Count("已受理", states["accepted"], "张", due)
    yield Count("已推送", due - states["ready"], "张")
    if states["rejected"]:
        yield Count("被退回", states["rejected"], "张", bad=True)
    unknown = states["sending"] + states["parked"]
    if unknown:
        yield Count("结果不明", unknown, "张", bad=True)


def _collect(known: Known) -> Iterator[Count]:
    forms = known.visits.forms
    if not forms or "collect" not in known.rows:
        return
    there = sum(
        len(standing_results(form, known.visits.by_enterprise.get(uscc, []))) for uscc, form in forms.items()
    )
    yield Count("结果", there, "项", sum(len(form.items) for form in forms.values()))
    yield Count("结果齐全", len(known.visits.complete), "户", len(forms))
    if known.in_state("unreviewed"):
        yield Count("待审核", known.in_state("unreviewed"), "户")
    if known.visits.refused:
        yield Count("看不懂的行", known.visits.refused, "行", bad=True)


_NOT_APPROVED = ("incomplete", "unreviewed", "returned", "withheld")
_LOOKED_AT = frozenset({"returned", "unlisted", "sending", "rejected", "parked"})


def _publish(known: Known) -> Iterator[Count]:
    total = len(known.standing)
    if not total or "collect" not in known.rows:
        return
    yield Count("办结", sum(1 for one in known.standing if one.settled), "户", total)
    yield Count("已批准", total - known.in_state(*_NOT_APPROVED), "户")
    for state, label in STATES.items():
        if known.in_state(state):
            yield Count(label, known.in_state(state), "户", bad=state in _LOOKED_AT)


def _reconcile(known: Known) -> Iterator[Count]:
    run = known.reconciled
    if run is None:
        return
    counts = run.counts
    settled = counts.get("published", 0) + counts.get("withheld", 0) + counts.get("rejected", 0)
    yield Count("核对", settled, "户", counts.get("due", 0))
    for key, label in _FOUND.items():
        yield Count(label, counts.get(key, 0), bad=bool(counts.get(key, 0)))


_FOUND = {"missing": "缺失", "doubled": "重复", "differs": "不一致", "unexpected": "不应公示"}


def _report(known: Known) -> Iterator[Count]:
    statistics = known.facts("report").get("statistics")
    if isinstance(statistics, Mapping):
        yield Count("统计表", len(statistics["rows"]), "行")
        yield Count("勾稽不符", len(statistics["cross_foot"]), "处", bad=bool(statistics["cross_foot"]))


COUNTS: Mapping[str, Callable[[Known], Iterator[Count]]] = {
    "sync": _sync,
    "draw": _draw,
    "confirm": _confirm,
    "assign": _assign,
    "push": _push,
    "collect": _collect,
    "publish": _publish,
    "reconcile": _reconcile,
    "report": _report,
}
"""Stage -> its numbers."""
