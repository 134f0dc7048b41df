"""`python -m mock_platform` as a process of its own, killed and started again on its state."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mock_platform.__main__ import _parser
from mock_platform.platform_variants import VARIANTS
from mock_platform.simulator import Simulator
from tests.mock_platform import office as office_module
from tests.mock_platform.conftest import PLAN, office_of
from tests.mock_platform.office import Office
from tests.mock_platform.raw_client import KEY, SECRET, Answer, Control, RawClient

ROOT = Path(__file__).resolve().parents[2]
OBJECTS, SEED = 12, 3
STORED = ("forms", "results", "records", "documents", "confirmations", "dispatches", "drawn", "people")


class MockProcess:
    """The mock as a process; `start` again after a kill goes on with the same state file."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._ready, self._arguments = folder / "ready.json", arguments
        self._state = folder / "state" / "mock.sqlite3"
        self.process: subprocess.Popen[str] | None = None
        self.urls: dict[str, str] = {}
        self.starts = 0

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        self._ready.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "mock_platform",
            "--campaign",
            str(PLAN),
            "--state",
            str(self._state),
        ]
        command += ["--ready-file", str(self._ready), "--seed", str(SEED), "--objects", str(OBJECTS)]
        keys = {"DRAWBRIDGE_MOCK_APP_KEY": KEY, "DRAWBRIDGE_MOCK_APP_SECRET": SECRET}
        self.process = subprocess.Popen(
            [*command, *self._arguments],
            cwd=ROOT,
            env={**os.environ, **keys},
            stdout=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + 20
        while not self._ready.exists():
            assert self.process.poll() is None, "the mock has ended"
            assert time.monotonic() < end
            time.sleep(0.01)
        self.urls = json.loads(self._ready.read_text("utf-8"))
        self.starts += 1

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Ends it and gives its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., MockProcess]]:
    """Starts processes that end with the test."""
    started: list[MockProcess] = []

    def begin(*arguments: str) -> MockProcess:
        started.append(MockProcess(tmp_path, *arguments))
        started[-1].start()
        return started[-1]

    yield begin
    for mock in started:
        if mock.process is not None and mock.process.poll() is None:
            mock.kill()


def office_at(mock: MockProcess) -> Office:
    """An office that talks to the process as it runs now."""
    urls = mock.urls
    return Office(
        RawClient(urls["platformUrl"]), RawClient(urls["publicityUrl"]), Control(urls["controlUrl"])
    )


# --- the program ---------------------------------------------------------------------------------


def test_it_says_where_it_listens_and_ends_on_sigterm(launch: Callable[..., MockProcess]) -> None:
    mock = launch()
    assert mock.process is not None
    assert mock.process.stdout is not None
    line = mock.process.stdout.readline()
    assert all(url in line for url in mock.urls.values())
    health = Control(mock.urls["controlUrl"]).get("health")
    assert health == {
        "ready": True,
        "platformUrl": mock.urls["platformUrl"],
        "publicityUrl": mock.urls["publicityUrl"],
        "appKey": KEY,
    }
    assert mock.kill(signal.SIGTERM) == 0


_PLAN = ["--campaign", "campaigns/qinghe-2024-22.yaml"]
WRONG = [
    (["--campaign", "no-such-file.yaml"], "没有这个文件或文件夹：no-such-file.yaml"),
    (["--campaign", "README.md"], "行读不懂"),
    (["--campaign", "prefect.yaml"], "prefect.yaml 不是抽查计划"),
    ([*_PLAN, "--entities", "no-such-file.csv"], "没有这个文件或文件夹：no-such-file.csv"),
    ([*_PLAN, "--state", "."], "状态文件打不开"),
    ([*_PLAN, "--certificate", "README.md"], "证书和密钥读不懂"),
    ([*_PLAN, "--speed", "0"], "选项 --speed 的值 '0' 不对"),
    ([*_PLAN, "--seed", "x"], "选项 --seed 的值 'x' 不对，应为整数"),
    ([*_PLAN, "--platform-draw", "magic"], "选项 --platform-draw 的值 'magic' 不对，可以写 "),
    ([*_PLAN, "--seed"], "选项 --seed 后面缺少值"),
    ([*_PLAN, "--rockets"], "没有这样的选项或参数：--rockets"),
    ([], "缺少选项 --campaign"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=lambda value: str(value)[-20:])
def test_a_wrong_command_line_ends_with_2_and_one_chinese_sentence(wrong: list[str], said: str) -> None:
    command = [sys.executable, "-m", "mock_platform", *wrong]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("columns", ["80", "40"])
def test_its_help_is_chinese(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = _parser().format_help()
    assert text.startswith("用法：python -m mock_platform [-h]")
    assert "\n选项:\n" in text
    assert "显示本说明" in text
    assert "usage" not in text
    assert "options" not in text


def test_it_takes_a_directory_file_as_it_is(launch: Callable[..., MockProcess], tmp_path: Path) -> None:
    table = tmp_path / "名录.csv"
    lines = [
        "企业名称,统一社会信用代码,注册日期",
        "清河县甲有限公司, 91130534ma0000000x ,2020-01-01",
        "清河县乙厂,13053400,",
    ]
    table.write_bytes("\r\n".join(lines).encode("gb18030"))
    mock = launch("--entities", str(table), "--entities-as", "projects")
    office = office_at(mock)
    office.sync()
    shown = {(row["entName"], row["ownerUniscid"], row["objectType"]) for row in office.objects}
    assert shown == {("清河县甲有限公司", " 91130534ma0000000x ", "2"), ("清河县乙厂", "13053400", "2")}


def test_every_variant_of_the_platforms_draw_is_an_option(launch: Callable[..., MockProcess]) -> None:
    command = [sys.executable, "-m", "mock_platform", "--help"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30).stdout
    assert [name for name in VARIANTS if name not in text] == []


# --- killed ------------------------------------------------------------------------------------------


@dataclass
class KilledOften(RawClient):
    """A client whose mock is killed at every `every`-th request of its, in turn in the ways of `ways`."""

    mock: MockProcess | None = None
    name: str = ""
    every: int = 3
    gentle: bool = False
    sent: int = 0

    def send(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        assert self.mock is not None
        self.sent += 1
        if self.sent % self.every == 0:
            # A read lets somebody act at speed `max`, one more than if it had never been sent.
            ways = WAYS[:2] if self.gentle and method == "GET" else WAYS
            ways[self.sent // self.every % len(ways)](self, method, target, body)
            self.mock.start()
        self.url = self.mock.urls[self.name]
        return super().send(method, target, body, headers)

    def while_held(self, fault: str, method: str, target: str, body: bytes) -> None:
        """The request is under way, held by that fault, when the mock is killed."""
        assert self.mock is not None
        control = Control(self.mock.urls["controlUrl"])
        control.post("faults", {"name": fault, "count": 1})
        here = RawClient(self.mock.urls[self.name])
        sender = threading.Thread(target=_send_in_vain, args=(here, method, target, body), daemon=True)
        sender.start()
        end = time.monotonic() + 10
        while control.get("faults")["faults"][0]["fired"] == 0:
            assert time.monotonic() < end
            time.sleep(0.005)
        self.mock.kill()
        sender.join(10)

    def after(self, method: str, target: str, body: bytes) -> None:
        """The request was answered, but whoever sent it has forgotten."""
        assert self.mock is not None
        RawClient(self.mock.urls[self.name]).send(method, target, body)
        self.mock.kill()

    def before(self, method: str, target: str, body: bytes) -> None:
        """Nothing is under way."""
        assert self.mock is not None
        self.mock.kill()


def _send_in_vain(client: RawClient, method: str, target: str, body: bytes) -> None:
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        client.send(method, target, body)


Way = Callable[[KilledOften, str, str, bytes], None]
WAYS: list[Way] = [
    lambda client, method, target, body: client.while_held("hold_before", method, target, body),
    KilledOften.before,
    lambda client, method, target, body: client.while_held("hold_after_commit", method, target, body),
    KilledOften.after,
]


class ControlOf(Control):
    """The control face of the process that runs now."""

    def __init__(self, mock: MockProcess) -> None:
        super().__init__(mock.urls["controlUrl"])
        self._mock = mock

    def get(self, what: str) -> Any:
        self.url = self._mock.urls["controlUrl"]
        return super().get(what)


@pytest.fixture
def same_salts(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets two campaigns be compared byte by byte: the office's salts come in one order."""

    class Counted:
        number = 0

        def token_hex(self, size: int) -> str:
            self.number += 1
            return hashlib.sha256(f"salt {self.number}".encode()).hexdigest()[: 2 * size]

    return lambda: monkeypatch.setattr(office_module, "secrets", Counted())


def _everything(office: Office) -> dict[str, Any]:
    held = office.control.get("records")
    return {
        "writes": office.control.writes(),
        "clock": office.control.get("clock"),
        **{name: _in_order(held[name]) for name in STORED},
    }


def _in_order(rows: Any) -> Any:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True)) if isinstance(rows, list) else rows


def _run(office: Office) -> None:
    office.run()
    for number, form in enumerate(office.due()):
        batch_no = f"RECORDS-{number:04d}"
        office.publish(batch_no, [office.record(form)])
        office.settled(batch_no)


def _office_of_killed(mock: MockProcess, every: int, gentle: bool) -> Office:
    platform, publicity = (
        KilledOften(mock.urls[name], mock=mock, name=name, every=every, gentle=gentle)
        for name in ("platformUrl", "publicityUrl")
    )
    return Office(platform, publicity, ControlOf(mock))


@pytest.mark.parametrize("every", [2, 5])
def test_a_mock_that_is_killed_again_and_again_ends_as_one_that_never_was(
    launch: Callable[..., MockProcess],
    simulate: Callable[..., Simulator],
    same_salts: Callable[[], None],
    every: int,
) -> None:
    same_salts()
    undisturbed = office_of(simulate(objects=OBJECTS, seed=SEED))
    _run(undisturbed)
    same_salts()
    mock = launch()
    office = _office_of_killed(mock, every, gentle=True)
    _run(office)
    assert mock.starts > 5
    expected, found = _everything(undisturbed), _everything(office)
    assert [name for name in expected if found[name] != expected[name]] == []


def test_whatever_was_under_way_nothing_is_stored_twice_or_lost(launch: Callable[..., MockProcess]) -> None:
    mock = launch()
    office = _office_of_killed(mock, every=4, gentle=False)
    _run(office)
    writes = office.control.writes()
    assert [row["seq"] for row in writes] == list(range(1, len(writes) + 1))
    keys = [(row["endpoint"], row["key"], row["version"]) for row in writes]
    assert len(set(keys)) == len(keys)
    forms = {row["key"] for row in writes if row["endpoint"] == "postForms"}
    assert forms == {form["formNo"] for form in office.forms}
    published = {row["key"] for row in writes if row["endpoint"] == "postSpotchecks"}
    assert published == {office.record(form)["recordId"] for form in office.due()}


def test_a_nonce_that_brought_a_write_is_not_accepted_by_the_next_process(
    launch: Callable[..., MockProcess],
) -> None:
    mock = launch()
    platform = RawClient(mock.urls["platformUrl"])
    target = office_at(mock).path("materials")
    body = b'{"deptCode":"SW","itemCodes":["SW-01"],"materials":[],"handedInAt":"2024-05-28 09:00:00"}'
    headers = platform.sign("POST", target, body)
    assert platform.send("POST", target, body, headers).json()["code"] == "00"
    mock.kill()
    mock.start()
    again = RawClient(mock.urls["platformUrl"])
    assert again.send("POST", target, body, headers).json()["code"] == "41"
    assert again.send("POST", target, body).json()["data"]["replayed"] is True


def test_a_running_clock_does_not_go_back_when_the_mock_is_killed(
    launch: Callable[..., MockProcess],
) -> None:
    mock = launch("--speed", "3600")
    time.sleep(0.3)
    before = office_at(mock).now()
    mock.kill()
    mock.start()
    assert office_at(mock).now() >= before


def test_what_was_planned_over_the_control_face_survives(launch: Callable[..., MockProcess]) -> None:
    mock = launch()
    office_at(mock).control.post("people", {"act": "withhold-reveal", "who": "SW"})
    before = office_at(mock).control.get("people")
    mock.kill()
    mock.start()
    assert office_at(mock).control.get("people") == before
    assert before[0]["act"] == "withhold-reveal"
