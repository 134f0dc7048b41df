"""What a run says while it works, to whoever listens: a terminal, plain lines, or Prefect's log.

The flows speak to `reporter()` and do not know who listens.
"""

from __future__ import annotations

import logging
from typing import Protocol


class Reporter(Protocol):
    """A listener. Texts are Chinese and hold no personal data."""

    def stage_started(self, title: str) -> None:
        """A stage begins or goes on."""
        ...

    def progress(self, done: int, total: int) -> None:
        """The stage in hand has done so much."""
        ...

    def waiting(self, text: str) -> None:
        """The stage in hand waits for somebody."""
        ...

    def stage_ended(self, title: str, line: str, seconds: float, *, done: bool) -> None:
        """A stage is done, or left waiting; `line` says with what."""
        ...


class LogReporter:
    """Speaks to a logger: Prefect's when a flow runs without a terminal."""

    def __init__(self, logger: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self._logger = logger
        self._waiting: str | None = None

    def stage_started(self, title: str) -> None:
        """See `Reporter`."""
        self._logger.info("开始：%s", title)

    def progress(self, done: int, total: int) -> None:
        """See `Reporter`."""
        self._logger.debug("%s/%s", done, total)

    def waiting(self, text: str) -> None:
        """See `Reporter`; the same wait is said once."""
        if text != self._waiting:
            self._waiting = text
            self._logger.info("等待：%s", text)

    def stage_ended(self, title: str, line: str, seconds: float, *, done: bool) -> None:
        """See `Reporter`."""
        self._logger.info("%s：%s（%s，%.1f 秒）", "完成" if done else "未完成", title, line, seconds)


_listeners: list[Reporter] = []
_nobody = LogReporter(logging.getLogger("drawbridge"))


def reporter() -> Reporter:
    """The listener of this process."""
    return _listeners[-1] if _listeners else _nobody


def is_heard() -> bool:
    """Whether somebody listens already."""
    return bool(_listeners)


class listening:  # noqa: N801 - used as `with listening(…)`
    """Lets `listener` hear what the block does."""

    def __init__(self, listener: Reporter) -> None:
        self._listener = listener

    def __enter__(self) -> None:
        _listeners.append(self._listener)

    def __exit__(self, *_: object) -> None:
        _listeners.remove(self._listener)
