"""Delivery with one rule taken out: what each mutant changes in a copy of the rooms.

An edit names a text that stands in a file exactly once; one that no longer does is reported, not skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.soak.material import PROJECT

ROOMS = ("campaigns", "connectors", "delivery", "ledger", "rules", "schemas")


class StaleAnchor(Exception):
    """A mutant changes a text that is not there, or more than once."""


@dataclass(frozen=True)
class Edit:
    """In `path`, `old` becomes `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """`what`: the rule that is missing; `spoilt`: statements on the empty ledger, where that is the rule."""

    name: str
    what: str
    edits: Sequence[Edit] = ()
    spoilt: Sequence[str] = ()


_SENDING, _RESOLVE, _ANSWERS = "delivery/sending.py", "delivery/resolve.py", "delivery/answers.py"
_INTENT = "            messages, events = intend(run, tx, next_ones)\n"
_LANDED = "            landed = flight.landed()\n"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "no-intent",
        "the intent is committed before the first byte leaves",
        (
            Edit(
                _SENDING,
                _INTENT,
                "            undone = tx.begin_nested()\n"
                + _INTENT
                + "            undone.rollback()\n            events = []\n",
            ),
            Edit(
                _SENDING,
                _LANDED,
                _LANDED
                + "            with run.write() as tx:\n"
                + "                append_all(tx, intend(run, tx, next_ones)[1], run.now())\n",
            ),
        ),
    ),
    Mutant(
        "fresh-key",
        "an unknown outcome is resolved, never answered by a new number",
        (
            Edit(
                _RESOLVE,
                "    capability = run.channel.capability\n    may_repeat",
                "    void(run, message)\n    return\n    capability = run.channel.capability\n    may_repeat",
            ),
        ),
    ),
    Mutant(
        "no-window",
        "absence counts after several looks over the settle window",
        (
            Edit(
                _RESOLVE,
                "    return reads >= capability.settle_reads and now - since >= window",
                "    return True",
            ),
        ),
    ),
    Mutant(
        "5xx-is-failure",
        "5xx on a write says nothing",
        (
            Edit(
                "connectors/faults.py",
                '"server_error": Kind("005", Outcome.UNKNOWN',
                '"server_error": Kind("005", Outcome.NOT_EXECUTED',
            ),
        ),
    ),
    Mutant(
        "no-unique-key",
        "one row for each record and version, by the database",
        spoilt=(
            "CREATE TABLE other AS SELECT * FROM delivery_item",
            "DROP TABLE delivery_item",
            "ALTER TABLE other RENAME TO delivery_item",
        ),
    ),
    Mutant(
        "mark-before-send",
        "accepted is written after the receipt",
        (
            Edit(
                _SENDING,
                _INTENT,
                _INTENT
                + """            for message in messages:
                set_items(tx, items_of_batch(tx, message.batch_no), state="accepted")
                set_message(tx, message.batch_no, state="done")
""",
            ),
            Edit(
                _SENDING,
                _LANDED,
                _LANDED
                + """            with run.write() as tx:
                for one in landed:
                    set_items(tx, items_of_batch(tx, one.message.batch_no), state="sending")
                    set_message(tx, one.message.batch_no, state="sending")
""",
            ),
        ),
    ),
    Mutant(
        "any-digest",
        "a receipt has the digest of what was sent",
        (
            Edit(_ANSWERS, "        and receipt.digest == message.body_digest\n", ""),
            Edit(
                "connectors/platform_channels.py",
                "    elif receipt.digest != hashlib.sha256(body).hexdigest():",
                "    elif not receipt.digest:",
            ),
        ),
    ),
    Mutant(
        "neither-sent-again",
        "what nobody can find out is parked",
        (
            Edit(
                _RESOLVE,
                '        park(run, message, "DB-DELIVERY-025" if refused_again else "DB-DELIVERY-020")',
                "        send_again(run, message)",
            ),
        ),
    ),
    Mutant(
        "duplicate-is-refusal",
        "DUPLICATE on a write says nothing",
        (
            Edit(
                "connectors/faults.py",
                '"duplicate": Kind("014", Outcome.UNKNOWN',
                '"duplicate": Kind("014", Outcome.REFUSED',
            ),
        ),
    ),
    Mutant(
        "unknown-is-rejected",
        "what is unknown is shown as unknown",
        (Edit(_RESOLVE, 'state=after("park", item), code', 'state="rejected", code'),),
    ),
    Mutant(
        "missing-rows-assumed",
        "a row that a receipt does not mention stays unknown",
        (
            Edit(
                _ANSWERS,
                "        reply = replies.get(item.key)\n",
                "        every = RowReply(key=item.key, state=ReplyState.ACCEPTED)\n"
                "        reply = replies.get(item.key, every)\n",
            ),
        ),
    ),
    Mutant(
        "correction-overtakes",
        "a version waits until the one before it is known",
        (Edit("delivery/deliver.py", " and item.version == first[item.key]", ""),),
    ),
    Mutant(
        "event-afterwards",
        "a change and its event are one transaction",
        (
            Edit(
                _SENDING,
                "            append_all(tx, [*taken.events, *events], run.now())\n",
                "            append_all(tx, events, run.now())\n",
            ),
            Edit(
                _SENDING,
                "        run.reach(7)\n",
                "        run.reach(7)\n        with run.write() as tx:\n"
                "            append_all(tx, taken.events, run.now())\n",
            ),
        ),
    ),
    Mutant(
        "refused-again-is-rejected",
        "a refusal after an unknown send says nothing about that send",
        (
            Edit(
                _SENDING,
                "    elif isinstance(error, Refused) and not seen_before:",
                "    elif isinstance(error, Refused):",
            ),
        ),
    ),
)


def make(mutant: Mutant, folder: Path) -> Path:
    """A copy of the rooms with the mutant's edits; raises StaleAnchor."""
    ignored = shutil.ignore_patterns("__pycache__")
    for room in ROOMS:
        shutil.copytree(PROJECT / room, folder / room, ignore=ignored)
    shutil.copytree(PROJECT / "tests" / "soak", folder / "tests" / "soak", ignore=ignored)
    for edit in mutant.edits:
        path = folder / edit.path
        path.write_text(changed(path.read_text("utf-8"), mutant, edit), "utf-8")
    return folder


def changed(text: str, mutant: Mutant, edit: Edit) -> str:
    """The text with one edit; raises StaleAnchor unless `old` stands there once."""
    if text.count(edit.old) != 1:
        raise StaleAnchor(
            f"{mutant.name}: {edit.path} has {text.count(edit.old)} times {edit.old.strip()[:70]!r}"
        )
    return text.replace(edit.old, edit.new)
