"""A run that is asked to end, in a thread of this process: what it hears, and when it stops."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from flows.command_line.ending import end_if_asked, ended_in_order, is_asked, pause, under_way


def no_end() -> None:
    raise AssertionError("the process was to be ended in the middle of the work")


def signal_soon(number: signal.Signals) -> None:
    threading.Timer(0.2, os.kill, (os.getpid(), number)).start()


def test_work_that_is_not_disturbed_returns_and_raises_as_ever() -> None:
    assert ended_in_order(lambda: 7, no_end) == 7
    with pytest.raises(ValueError, match="as ever"):
        ended_in_order(lambda: int("as ever"), no_end)
    assert not is_asked()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_work_that_waits_ends_at_the_first_signal(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    signal_soon(number)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        ended_in_order(lambda: pause(60), no_end)
    assert time.monotonic() - began < 2
    assert signal.getsignal(number) is before
    assert capfd.readouterr().err == ""  # nothing is out: there is nothing to say


def test_what_is_out_is_waited_for_and_that_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    steps: list[str] = []

    def work() -> None:
        under_way(1)
        while not is_asked():
            time.sleep(0.01)
        time.sleep(0.3)
        under_way(-1)
        steps.append("answered")
        end_if_asked()
        steps.append("went on")

    signal_soon(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        ended_in_order(work, no_end)
    assert steps == ["answered"]
    said = capfd.readouterr().err
    assert "已发出的 1 批还没有答复，最多等 60 秒" in said
    assert "再按一次 Ctrl-C 立即结束" in said


def test_the_next_work_of_the_process_is_not_asked_any_more() -> None:
    signal_soon(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        ended_in_order(lambda: pause(60), no_end)
    assert ended_in_order(lambda: pause(0.01), no_end) is None
