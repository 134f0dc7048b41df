"""What operators decide: on publications resolve an unknown outcome, withdraw, correct; on forms resolve.

One person asks, with a reason; when another allows it, it is done in the same transaction.  What goes out
because of it is sent by the next publication, like everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from delivery.park import Parked, confirm_absent, confirm_delivered, parked
from delivery.queue import Due, Item, enqueue
from delivery.takeover import take_over
from flows.exchange.ledger_mark import observe
from flows.exchange.publishing import APPROVAL, RECORD, Standing, latest_items, record_id, standing_of
from flows.site import Books
from ledger.acts import Act, act_of, allow_act, ask_act
from ledger.approvals import record_approval
from ledger.campaigns import reopen_stages, stages
from ledger.engine import Transaction
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm
from schemas.publication import PublicationRecord

RESOLVE_DELIVERED, RESOLVE_ABSENT = "resolve-delivered", "resolve-absent"
WITHDRAW, CORRECT, TAKE_OVER = "withdraw", "correct", "take-over"
FORM_DELIVERED, FORM_ABSENT = "form-delivered", "form-absent"

ACTS = {
    RESOLVE_DELIVERED: "核定已公示",
    RESOLVE_ABSENT: "核定未公示",
    WITHDRAW: "撤回",
    CORRECT: "更正",
    TAKE_OVER: "接管",
    FORM_DELIVERED: "核定一企一表已收到",
    FORM_ABSENT: "核定一企一表未收到",
}
"""Kind of act, and how people call it."""

OF_FORMS = frozenset({FORM_DELIVERED, FORM_ABSENT})
"""The acts on forms; all others are on publications."""

FORM = "form"
"""Kind of what is handed out, in the outbox."""


def parked_by_enterprise(books: Books, campaign: Campaign, kind: str) -> dict[str, Parked]:
    """Every parked item of a kind, RECORD or FORM, with its evidence, by the enterprise's code."""
    with books.ledger.read() as tx:
        return {_UNCLEAR[kind].uscc(campaign, one): one for one in parked(tx, kind, campaign.task_id)}


def parked_of(books: Books, campaign: Campaign, kind: str, uscc: str) -> Parked:
    """The parked item of an enterprise with its evidence.

    Raises DrawbridgeError DB-ACT-007 (publication), -009 (form) if there is none.
    """
    found = parked_by_enterprise(books, campaign, kind).get(uscc)
    if found is None:
        raise DrawbridgeError(_UNCLEAR[kind].none, uscc=uscc)
    return found


def ask_resolve(
    books: Books,
    campaign: Campaign,
    kind: str,
    uscc: str,
    receipt_no: str | None,
    reason: str,
    by: str,
    role: str,
) -> Act:
    """Asks to settle an unknown outcome: delivered, with its receipt number, or not (None).

    Raises DrawbridgeError DB-ACT-007, -009 if it is not parked, -001 if somebody asked already.
    """
    item, unclear = parked_of(books, campaign, kind, uscc).item, _UNCLEAR[kind]
    act = unclear.absent if receipt_no is None else unclear.delivered
    return _ask(books, campaign, act, item, {"receipt_no": receipt_no}, reason, by, role)


@dataclass(frozen=True)
class _Unclear:
    """What may be unclear: the acts that settle it, whose it is, the code where nothing is unclear."""

    delivered: str
    absent: str
    uscc: Callable[[Campaign, Parked], str]
    none: str


def ask_withdraw(books: Books, campaign: Campaign, uscc: str, reason: str, by: str, role: str) -> Act:
    """Asks to withdraw what is published. Raises DrawbridgeError DB-ACT-005 if nothing is."""
    return _ask(books, campaign, WITHDRAW, _published(books, campaign, uscc), {}, reason, by, role)


def ask_correct(books: Books, campaign: Campaign, uscc: str, reason: str, by: str, role: str) -> Act:
    """Asks to publish what the results say now in place of what they said.

    Raises DrawbridgeError DB-ACT-005 if nothing is published, -006 if there is nothing to correct.
    """
    standing = _standing(books, campaign, uscc)
    item = _published(books, campaign, uscc)
    record = standing.record
    if record is None or record.version <= item.version or record.operation == "D":
        raise DrawbridgeError("DB-ACT-006", uscc=uscc)
    facts = {"version": record.version}
    return _ask(books, campaign, CORRECT, item, facts, reason, by, role)


def ask_take_over(
    books: Books, campaign: Campaign, uscc: str, receipt_no: str, reason: str, by: str, role: str
) -> Act:
    """Asks to take over a record that the publicity system holds and a restored ledger has forgotten.

    Raises DrawbridgeError DB-RUN-024 if there is nothing that could have been published.
    """
    record = _standing(books, campaign, uscc).record
    if record is None:
        raise DrawbridgeError("DB-RUN-024", uscc=uscc)
    facts = {"receipt_no": receipt_no, "payload": record.model_dump_json()}
    with books.ledger.write() as tx:
        return ask_act(
            tx,
            campaign.task_id,
            TAKE_OVER,
            record.record_id,
            record.version,
            facts,
            reason=reason,
            asked_by=by,
            asked_role=role,
            now=books.now(),
        )


def allow(books: Books, campaign: Campaign, act_no: int, by: str, role: str) -> Act:
    """The second person: allows the act, and it is done.

    Raises as `ledger.acts.allow_act`; what has changed since it was asked for makes it fail as a whole.
    """
    now = books.now()
    with books.ledger.read() as tx:
        asked = act_of(tx, campaign.task_id, act_no)
    of_forms = asked.kind in OF_FORMS
    if not of_forms:
        _standing(books, campaign, _uscc(campaign, asked.key))
    with books.ledger.write() as tx:
        act = allow_act(tx, campaign.task_id, act_no, allowed_by=by, allowed_role=role, now=now)
        _DO[act.kind](tx, act, now)
        reopened = ("push",) if of_forms else ("publish", "reconcile", "report")
        if reopened[0] in stages(tx, campaign.task_id):
            what = f"{ACTS[act.kind]}，继续派发" if of_forms else f"报送{ACTS[act.kind]}的记录"
            reopen_stages(tx, campaign.task_id, reopened, what, now, keep_facts=True)
    observe(books.home, books.ledger)  # a restore after this one must not forget it unnoticed
    return act


# --- doing ---------------------------------------------------------------------------------------------


def _deciders(act: Act) -> dict[str, str]:
    return {
        "by_role": f"{act.asked_role}（{act.asked_by}）",
        "second_role": f"{act.allowed_role}（{act.allowed_by}）",
    }


def _resolve_delivered(tx: Transaction, act: Act, now: datetime) -> None:
    confirm_delivered(
        tx,
        _kind_of(act),
        act.task_id,
        act.key,
        act.version,
        receipt_no=str(act.facts["receipt_no"]),
        reason=act.reason,
        now=now,
        wall=datetime.now(UTC),
        **_deciders(act),
    )


def _resolve_absent(tx: Transaction, act: Act, now: datetime) -> None:
    confirm_absent(
        tx,
        _kind_of(act),
        act.task_id,
        act.key,
        act.version,
        reason=act.reason,
        now=now,
        wall=datetime.now(UTC),
        **_deciders(act),
    )


def _kind_of(act: Act) -> str:
    return FORM if act.kind in OF_FORMS else RECORD


def _withdraw(tx: Transaction, act: Act, now: datetime) -> None:
    """A version that takes the record back; the exchange refuses it once the record was collected."""
    record = PublicationRecord.model_validate_json(act.facts["payload"])
    withdrawal = record.model_copy(update={"version": int(act.facts["next"]), "operation": "D"})
    due = Due(act.key, withdrawal.version, withdrawal.model_dump_json())
    enqueue(tx, RECORD, act.task_id, [due], now, approved=True)


def _correct(tx: Transaction, act: Act, now: datetime) -> None:
    """The approval that the present version waits for."""
    record_approval(
        tx,
        act.task_id,
        APPROVAL,
        act.key,
        "approved",
        by_role=str(act.allowed_role),
        reason=act.reason,
        at=now,
        source="local",
        now=now,
        subject_version=int(act.facts["version"]),
    )


def _take_over(tx: Transaction, act: Act, now: datetime) -> None:
    """Accepted with the receipt that the other side gave; nothing is sent."""
    take_over(
        tx,
        RECORD,
        act.task_id,
        Due(act.key, act.version, str(act.facts["payload"])),
        receipt_no=str(act.facts["receipt_no"]),
        reason=act.reason,
        now=now,
        wall=datetime.now(UTC),
        **_deciders(act),
    )


_DO: Mapping[str, Callable[[Transaction, Act, datetime], None]] = {
    RESOLVE_DELIVERED: _resolve_delivered,
    RESOLVE_ABSENT: _resolve_absent,
    WITHDRAW: _withdraw,
    CORRECT: _correct,
    TAKE_OVER: _take_over,
    FORM_DELIVERED: _resolve_delivered,
    FORM_ABSENT: _resolve_absent,
}


# --- asking --------------------------------------------------------------------------------------------


def _ask(
    books: Books,
    campaign: Campaign,
    kind: str,
    item: Item,
    facts: Mapping[str, Any],
    reason: str,
    by: str,
    role: str,
) -> Act:
    versions = [one.version for one in latest_items(books, campaign).values() if one.key == item.key]
    more = {"payload": item.payload, "next": max(versions) + 1} if kind == WITHDRAW else {}
    with books.ledger.write() as tx:
        return ask_act(
            tx,
            campaign.task_id,
            kind,
            item.key,
            item.version,
            {**facts, **more},
            reason=reason,
            asked_by=by,
            asked_role=role,
            now=books.now(),
        )


def _published(books: Books, campaign: Campaign, uscc: str) -> Item:
    item = latest_items(books, campaign, "accepted").get(record_id(campaign.task_id, uscc))
    if item is None or PublicationRecord.model_validate_json(item.payload).operation == "D":
        raise DrawbridgeError("DB-ACT-005", uscc=uscc)
    return item


def _standing(books: Books, campaign: Campaign, uscc: str) -> Standing:
    found = next((one for one in standing_of(books, campaign) if one.uscc == uscc), None)
    if found is None:
        raise DrawbridgeError("DB-RUN-024", uscc=uscc)
    return found


def _uscc(campaign: Campaign, key: str) -> str:
    return key.removeprefix(f"{campaign.task_id}-")


def _uscc_of_record(campaign: Campaign, one: Parked) -> str:
    return _uscc(campaign, one.item.key)


def _uscc_of_form(campaign: Campaign, one: Parked) -> str:
    return InspectionForm.model_validate_json(one.item.payload).uscc


_UNCLEAR = {
    RECORD: _Unclear(RESOLVE_DELIVERED, RESOLVE_ABSENT, _uscc_of_record, "DB-ACT-007"),
    FORM: _Unclear(FORM_DELIVERED, FORM_ABSENT, _uscc_of_form, "DB-ACT-009"),
}
