"""What can go wrong between us and an outside system, as one table.

A fault has a number (the last part of its error code, the same for every system), what it says
about a write (certainly not executed, definitely refused, or unknown), and whether a read may be
tried again.  5xx, time-outs, resets, unreadable replies and DUPLICATE say nothing about a write:
government systems answer 500 after committing and lose receipts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from connectors.protocols import Ambiguous, NotSent, Refused, SystemUnreachable
from schemas.errors import DrawbridgeError


class Outcome(Enum):
    """What a fault says about a write."""

    NOT_EXECUTED = "not executed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Kind:
    """One line of the table. `definite`: a read failed by the system's own decision, not by transport."""

    number: str
    outcome: Outcome
    retryable: bool
    definite: bool = False


FAULTS: dict[str, Kind] = {
    "connect": Kind("001", Outcome.NOT_EXECUTED, True),
    "tls": Kind("002", Outcome.NOT_EXECUTED, False),
    "timeout": Kind("003", Outcome.UNKNOWN, True),
    "broken": Kind("004", Outcome.UNKNOWN, True),
    "server_error": Kind("005", Outcome.UNKNOWN, True),
    "unreadable": Kind("006", Outcome.UNKNOWN, True),
    "too_large": Kind("007", Outcome.UNKNOWN, False),
    "redirect": Kind("008", Outcome.UNKNOWN, False),
    "throttled": Kind("009", Outcome.NOT_EXECUTED, True),
    "unavailable": Kind("010", Outcome.NOT_EXECUTED, True),
    "maintenance": Kind("011", Outcome.UNKNOWN, True),
    "signature": Kind("012", Outcome.NOT_EXECUTED, True, definite=True),
    "not_found": Kind("013", Outcome.REFUSED, False, definite=True),
    "duplicate": Kind("014", Outcome.UNKNOWN, False, definite=True),
    "refused": Kind("015", Outcome.REFUSED, False, definite=True),
    "system_error": Kind("016", Outcome.UNKNOWN, True),
    "unknown_code": Kind("017", Outcome.UNKNOWN, False),
    "status": Kind("018", Outcome.UNKNOWN, False),
    "receipt": Kind("019", Outcome.UNKNOWN, False),
    "drift": Kind("020", Outcome.UNKNOWN, False),
    "in_flight": Kind("032", Outcome.UNKNOWN, True),
    "foreign": Kind("033", Outcome.UNKNOWN, False, definite=True),
}

_TRANSPORT = frozenset(
    FAULTS[name].number for name in ("connect", "tls", "timeout", "broken", "server_error", "unreadable")
)


def is_transport(code: str) -> bool:
    """Whether an error's code speaks of the way between: no answer, or none that the system itself gave.

    What a system says of its own accord is none: too many requests, maintenance, a refusal, a duplicate.
    """
    area, _, number = code.removeprefix("DB-").partition("-")
    return area in ("PLATFORM", "PUBLICITY") and number in _TRANSPORT


class Fault(Exception):
    """One failed attempt, not yet judged as a read or a write. `facts` fill the catalogue's sentences."""

    def __init__(self, name: str, *, retry_after_s: float | None = None, **facts: object) -> None:
        super().__init__(name)
        self.kind = FAULTS[name]
        self.name = name
        self.retry_after_s = retry_after_s
        self.facts = facts


class NotFound(DrawbridgeError):
    """The system says that it does not hold what was asked for."""


def as_read_error(area: str, fault: Fault, path: str) -> DrawbridgeError:
    """What a read raises when `fault` was its last attempt: DB-`area`-nnn."""
    code = f"DB-{area}-{fault.kind.number}"
    facts = {"path": path, "retry_after_s": fault.retry_after_s, **fault.facts}
    if fault.name == "not_found":
        return NotFound(code, **facts)
    if fault.kind.definite:
        return DrawbridgeError(code, **facts)
    return SystemUnreachable(code, **facts)


def as_write_error(area: str, fault: Fault, path: str) -> DrawbridgeError:
    """What a write raises for `fault`: NotSent, Refused or Ambiguous."""
    code = f"DB-{area}-{fault.kind.number}"
    facts = {"path": path, "retry_after_s": fault.retry_after_s, **fault.facts}
    if fault.kind.outcome is Outcome.NOT_EXECUTED:
        error = NotSent(code, **facts)
        error.retry_after_s = fault.retry_after_s
        return error
    return {Outcome.REFUSED: Refused, Outcome.UNKNOWN: Ambiguous}[fault.kind.outcome](code, **facts)
