"""Delayed answers: rows that the other side took in and decides on later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.protocols import Channel
from delivery.clock import WallClock
from delivery.hooks import Hooks
from delivery.resolve import age_s, ask, note_absence, park
from delivery.run import DEFAULT, Outcome, Policy, Run
from delivery.sending import conflicts, send_again
from ledger.engine import Ledger
from ledger.messages import Message, messages_in


def poll_receipts(
    ledger: Ledger,
    channel: Channel,
    task_id: str,
    *,
    clock: WallClock,
    hooks: Hooks,
    now: Callable[[], datetime] | None = None,
    policy: Policy = DEFAULT,
) -> Outcome:
    """Asks once for every message with pending rows. Never waits; `next_try_at`: when to ask again.

    It takes no lease: what it records is the same whoever asks, an answer that comes twice or late changes
    nothing.  A system that cannot be asked but recognises repetitions is sent the identical bytes, ever less
    often; what it has not decided on after `policy.repeats` sends and `policy.repeat_for_s` is parked.
    """
    run = Run(ledger, channel, task_id, clock, hooks, now or clock.now, policy)
    with ledger.read() as tx:
        pending = messages_in(tx, run.kind, task_id, ("pending",))
    for message in pending:
        _look(run, message)
    with ledger.read() as tx:
        times = [message.next_try_at for message in messages_in(tx, run.kind, task_id, ("pending",))]
    return run.outcome(min((at for at in times if at is not None), default=None))


def _look(run: Run, message: Message) -> None:
    with run.ledger.read() as tx:
        disputed = conflicts(tx, message.batch_no) >= run.policy.conflicts
    capability = run.channel.capability
    if disputed:
        park(run, message, "DB-DELIVERY-021")
    elif capability.can_query:
        if not ask(run, message) and note_absence(run, message):
            park(run, message, "DB-DELIVERY-024")
    elif capability.recognises(age_s(run, message)):
        _repeat(run, message)
    else:
        park(run, message, "DB-DELIVERY-020")


def _repeat(run: Run, message: Message) -> None:
    enough = message.sends - message.tries >= run.policy.repeats
    if enough and age_s(run, message) >= run.policy.repeat_for_s:
        park(run, message, "DB-DELIVERY-026")
    elif message.next_try_at is None or message.next_try_at <= run.clock.now():
        send_again(run, message)
