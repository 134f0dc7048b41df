"""A process that dies is started again: at once, or later and later if it keeps dying."""

from __future__ import annotations

from dataclasses import dataclass, field

from flows.service.restarting import FIRST_WAIT_S, LIVED_S, LONGEST_WAIT_S, Kept
from schemas.errors import DrawbridgeError


@dataclass
class Child:
    """A process on a clock of its own: it dies `lives_s` after it was started."""

    lives_s: float
    now: float = 0.0
    started: list[float] = field(default_factory=lambda: [0.0])
    said: list[str] = field(default_factory=list)
    refuses: bool = False

    def begin(self) -> None:
        self.started.append(self.now)
        if self.refuses:
            raise DrawbridgeError("DB-RUN-032", port=4200)

    def watched_for(self, seconds: int) -> None:
        kept = Kept("执行器", "worker.log", self.begin, self.running, self.said.append, began_at=0.0)
        for second in range(seconds):
            self.now = float(second)
            kept.look(self.now)

    def running(self) -> bool:
        return not self.refuses and self.now - self.started[-1] < self.lives_s


def waits(child: Child) -> list[float]:
    """How long it was dead each time."""
    return [
        later - earlier - child.lives_s
        for earlier, later in zip(child.started, child.started[1:], strict=False)
    ]


def test_one_that_lived_is_started_again_at_once_each_time() -> None:
    child = Child(lives_s=3600)
    child.watched_for(8000)
    assert waits(child) == [0, 0]
    assert len([line for line in child.said if "停止了" in line]) == 2


def test_one_that_dies_at_once_is_started_later_and_later_and_told_once() -> None:
    child = Child(lives_s=1)
    child.watched_for(3600)
    assert waits(child)[:4] == [0, FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    assert waits(child)[-1] == LONGEST_WAIT_S
    assert len(child.said) == 1
    assert "worker.log" in child.said[0]


def test_after_it_has_lived_the_waits_begin_anew() -> None:
    child = Child(lives_s=1)
    kept = Kept("执行器", "worker.log", child.begin, child.running, child.said.append, began_at=0.0)

    def watched(seconds: range) -> None:
        for second in seconds:
            child.now = float(second)
            kept.look(child.now)

    watched(range(100))
    child.lives_s = LIVED_S + 20
    watched(range(100, 310))
    assert child.said[1] == "执行器已恢复。"
    child.lives_s, before = 1, len(child.started)
    watched(range(310, 400))
    assert child.started[before + 1] - child.started[before] == FIRST_WAIT_S + child.lives_s
    assert len([line for line in child.said if "停止了" in line]) >= 2


def test_one_that_cannot_be_started_is_tried_again() -> None:
    child = Child(lives_s=1, refuses=True)
    child.watched_for(60)
    assert len(child.started) > 3
    assert "DB-RUN-032" in child.said[1]
