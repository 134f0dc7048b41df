"""The command line: help in Chinese, one sentence with a code for every mistake, one JSON document."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.installation import PLAN, TASK, Installation

WRONG = [
    (("nonsense",), 2, "DB-CLI-001"),
    (("run",), 2, "DB-CLI-001"),
    (("run", "no-such-plan"), 2, "DB-CLI-002"),
    (("run", PLAN, "--seed", "x"), 2, "DB-CLI-001"),
    (("run", PLAN, "--entities", "no-such-file.csv"), 2, "DB-CLI-003"),
    (("import", "entities", "no-such-file.csv"), 2, "DB-INPUT-001"),
    (("import", "rockets", "x.csv"), 2, "DB-CLI-001"),
    (("campaign", "show", "no-such-campaign"), 2, "DB-CLI-002"),
    (("confirm", "no-such-campaign", "--department", "SW", "--all"), 2, "DB-CLI-002"),
    (("approve", "no-such-campaign", "--all", "--role", "审核人"), 2, "DB-CLI-002"),
    (("approve", "no-such-campaign", "--role", "审核人"), 2, "DB-RUN-020"),
    (("audit", "verify", "--head", "first"), 2, "DB-RUN-027"),
    (("draw", "compute", "--stage", "objects"), 2, "DB-"),
    (("doctor", "--home", ""), 2, "DB-CLI-001"),
    (("doctor", "--home", PLAN), 2, "的值不对：这是文件，不是文件夹"),
    (("run", PLAN, "--max-wait", "-1"), 2, "DB-CLI-001"),
    (("run", PLAN, "--max-wait", "nan", "--no-prefect"), 2, "应为有限的数"),
    (("campaign", "show", "——json"), 2, "选项写成 --json"),
    (("campaign", "show", " "), 2, "DB-CLI-001"),
    (("campaign", "show", "清" * 200), 2, "DB-CLI-002"),
    (("campaign", "show", "清" * 5000), 2, "DB-CLI-001"),
    (("report", "templates", ""), 2, "DB-CLI-001"),
    (("approver", "add", "张；", "--role", "审核人"), 2, "DB-CLI-001"),
    (("approver", "remove", "\udcff"), 2, "不是 UTF-8 文字"),
    (("draw", "seal", "--campaign", "../x", "--stage", "objects", "--as", "水务局"), 2, "18 位数字"),
    (("draw", "verify", "--eligible"), 2, "选项 --eligible 后面缺少值"),
    (("serve", "--port", "0"), 2, "应为 1 至 65535 的整数"),
    (("draw", "show", "x", "--jsno"), 2, "是不是 --json"),
    (("draw", "verify", "/"), 2, "这是一个文件夹"),
    (("reconcile", "130534202405281001"), 2, "DB-SET-002"),
    (("campaign", "new"), 2, "输入就结束了"),
    (("campaign", "check", "no-such-plan.yaml"), 2, "读不出来：没有这个文件"),
    (("publish", "allow", TASK, "x", "--by", "A01"), 2, "参数 编号 的值不对，应为整数"),
    (("draw", "check-proof", "LICENSE"), 2, "LICENSE 不是合格的 JSON"),
    (("draw", "reveal", "x", "--commitment", "LICENSE"), 2, "DB-DRAW-028"),
]


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "home")


@pytest.mark.parametrize(("arguments", "code", "error"), WRONG, ids=lambda value: str(value)[:40])
def test_a_mistake_is_one_sentence_with_a_code(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object, ...],
    code: int,
    error: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    ran = installation.call(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert error in ran.err
    assert "（DB-" in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_with_json_the_error_is_the_one_document(installation: Installation) -> None:
    ran = installation.call("run", "no-such-plan", "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["code"] == "DB-CLI-002"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--help",),
        ("campaign",),
        ("run", "--help"),
        ("demo", "--help"),
        ("import", "--help"),
        ("approve", "-h"),
        ("draw", "-h"),
    ],
    ids=lambda value: " ".join(value),
)
def test_help_is_chinese(installation: Installation, arguments: tuple[str, ...]) -> None:
    ran = installation.call(*arguments)
    assert ran.code == 0, ran.err
    assert "用法" in ran.out
    assert "Options" not in ran.out


def test_a_setting_that_is_wrong_is_named(installation: Installation) -> None:
    ran = installation.call("campaign", "list", more={"DRAWBRIDGE_POLL_S": "soon"})
    assert ran.code == 2
    assert "DRAWBRIDGE_POLL_S" in ran.err
    assert "DB-SET-001" in ran.err


def test_a_platform_without_a_key_is_refused(installation: Installation) -> None:
    ran = installation.run(
        "run",
        PLAN,
        more={
            "DRAWBRIDGE_PLATFORM_URL": "http://127.0.0.1:9",
            "DRAWBRIDGE_PUBLICITY_URL": "http://127.0.0.1:9",
        },
    )
    assert ran.code == 2
    assert "DRAWBRIDGE_APP_KEY" in ran.err


def test_entities_are_refused_where_a_platform_is_configured(
    installation: Installation, tmp_path: Path
) -> None:
    ran = installation.run(
        "run", PLAN, "--entities", tmp_path / "x.csv", more={"DRAWBRIDGE_PLATFORM_URL": "http://127.0.0.1:9"}
    )
    assert ran.code == 2
    assert "DB-RUN-001" in ran.err


def test_options_of_a_mock_are_refused_where_a_platform_is_configured(installation: Installation) -> None:
    there = {"DRAWBRIDGE_PLATFORM_URL": "http://127.0.0.1:9"}
    ran = installation.call("run", PLAN, "--seed", 2, "--platform-draw", "head", more=there)
    assert ran.code == 2
    assert "--seed、--platform-draw 只对本机的模拟平台有效" in ran.err


def test_the_plans_of_the_folder_are_listed(installation: Installation) -> None:
    ran = installation.call("campaign", "list", "--json")
    assert ran.code == 0, ran.err
    assert {row["task_id"] for row in json.loads(ran.out)["campaigns"]} >= {"130534202405281001"}


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    ran = Installation(blocked).run("campaign", "list")
    assert ran.code == 2
    assert "DB-CLI-004" in ran.err


def test_a_plan_in_gb18030_runs_on_a_mock_of_its_own(installation: Installation, tmp_path: Path) -> None:
    plan = tmp_path / "计划.yaml"
    plan.write_bytes(PLAN.read_text("utf-8").encode("gb18030"))
    ran = installation.call("run", plan, "--no-prefect", "--json")
    assert ran.code == 0, ran.err


def test_a_lost_ledger_is_no_new_beginning(installation: Installation) -> None:
    folder = installation.home / "130534202405281001"
    folder.mkdir(parents=True)
    (folder / "抽取证书-对象.json").write_text("{}", "utf-8")
    ran = installation.call("audit", "verify")
    assert ran.code == 2
    assert "DB-RUN-029" in ran.err


def test_a_wrong_file_does_not_block_the_folder(installation: Installation, tmp_path: Path) -> None:
    wrong = tmp_path / "名录.csv"
    wrong.write_bytes(b"%PDF-1.7 nothing of a table")
    refused = installation.call("run", PLAN, "--entities", wrong, "--no-prefect")
    assert refused.code == 2
    again = installation.call("run", PLAN, "--no-prefect", "--json")
    assert again.code == 0, again.err
    by_number = installation.call("run", again.document["campaign"]["task_id"], "--no-prefect", "--json")
    assert (by_number.code, by_number.document["writes"]) == (0, 0)


def test_a_campaign_is_the_same_by_file_number_and_short_name(installation: Installation) -> None:
    assert installation.call("campaign", "show", "清河2024-22").code == 0  # not begun: a plan of the folder
    done = installation.call("run", PLAN, "--no-prefect", "--json").document
    for name in (PLAN, TASK, "清河2024-22"):
        counts = installation.call("publish", "status", name, "--json").document["counts"]
        assert counts == {"published": done["publication"]["published"], "withheld": 3}
        assert installation.call("reconcile", name).code == 0
    other = installation.call("run", "清河2024-22", "--entities", PLAN, "--no-prefect")
    assert (other.code, "DB-RUN-003" in other.err) == (2, True)
    again = installation.call("run", "清河2024-22", "--no-prefect", "--json")
    assert (again.code, again.document["writes"]) == (0, 0)


def test_a_terminal_without_these_characters_still_works(installation: Installation) -> None:
    ran = installation.run("doctor", more={"PYTHONIOENCODING": "ascii"})
    assert ran.code == 0, ran.err


def test_an_address_is_shown_without_its_password(installation: Installation) -> None:
    url = "http://user:geheim@127.0.0.1:9"
    ran = installation.run(
        "run",
        PLAN,
        "--no-prefect",
        more={
            "DRAWBRIDGE_PLATFORM_URL": url,
            "DRAWBRIDGE_PUBLICITY_URL": url,
            "DRAWBRIDGE_APP_KEY": "k",
            "DRAWBRIDGE_APP_SECRET": "s",
        },
    )
    assert ran.code == 2
    assert "geheim" not in ran.out + ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("arguments", [("--help",), ("campaign", "list", "--json")])
def test_an_output_that_takes_nothing_is_one_sentence(
    installation: Installation, arguments: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            installation.command(arguments),
            env=installation.settings(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 2
    assert "DB-CLI-006" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_a_port_that_is_none_is_said_by_the_mock(installation: Installation) -> None:
    ran = installation.run("mock", "--campaign", PLAN, "--port", "99999")
    assert ran.code == 2
    assert "65535" in ran.err
    assert "Traceback" not in ran.err


def test_a_run_whose_prefect_server_is_gone_says_so(installation: Installation) -> None:
    ran = installation.run("run", PLAN, "--json", more={"PREFECT_API_URL": "http://127.0.0.1:9/api"})
    assert ran.code == 2
    assert ran.document["error"]["code"] == "DB-RUN-031"
    assert "Traceback" not in ran.err


def test_a_run_ends_at_once_when_its_own_server_is_killed(installation: Installation) -> None:
    process = installation.start("run", PLAN)
    assert process.stdout is not None
    for line in process.stdout:
        if "抽取对象" in line:
            break
    notes = (installation.home / "processes.jsonl").read_text("utf-8").splitlines()
    started = {row["name"]: row["pid"] for row in map(json.loads, notes)}
    os.kill(started["prefect-server"], signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "DB-RUN-031" in said
    assert not psutil.pid_exists(started["mock"])
    assert installation.call("run", PLAN, "--no-prefect").code == 0


def test_a_port_in_use_is_said_before_anything_is_started(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ran = installation.run("serve", "--port", other.getsockname()[1])
    assert ran.code == 2
    assert "DB-RUN-032" in ran.err
    assert not (installation.home / "prefect-server.log").exists()
