"""The board and the pages of runs as Chromium shows them, on a real Prefect server, after real runs."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from flows.service.home import Home, end_leftovers
from flows.service.prefect_server import begin_prefect, client_environment, free_port, is_answering
from ledger.directory import inspectors
from tests.end_to_end.installation import PLAN, PROJECT, TASK, Installation, start_mock

PICTURES = PROJECT / "docs" / "pictures"
SHORT = "清河2024-22"
# An office's day, one run after the other: look, approve, publish, publish again, all of it, all of it again.
_DAY = """
import asyncio, sys
from flows.campaign import run_campaign
from flows.collect import collect_results
from flows.decisions.deciding import campaign_called, decide_publication
from flows.publish import publish_results
from flows.site import open_site

task = sys.argv[1]
asyncio.run(collect_results(task))
with open_site() as site:
    decide_publication(site, campaign_called(site, task), [], "同意公示", "领导小组办公室主任", None)
asyncio.run(publish_results())
asyncio.run(publish_results(task))
asyncio.run(run_campaign(task))
asyncio.run(run_campaign(task))
"""
_IMAGE = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")


@dataclass
class Day:
    """What the server holds afterwards: flow runs and artifacts, in the order in which they came about."""

    api: str
    here: Installation
    runs: list[dict[str, Any]]
    artifacts: list[dict[str, Any]]

    def pages(self, key: str) -> list[dict[str, Any]]:
        return [one for one in self.artifacts if one["key"] == f"{key}-{TASK}"]

    def named(self, beginning: str) -> list[dict[str, Any]]:
        return [run for run in self.runs if run["name"].startswith(beginning)]


def _all(api: str, what: str, sort: str) -> list[dict[str, Any]]:
    body = {"limit": 200, "sort": sort}
    answer = httpx.post(f"{api}/{what}/filter", json=body, timeout=30, trust_env=False)
    assert answer.status_code == httpx.codes.OK, answer.text
    found: list[dict[str, Any]] = answer.json()
    return sorted(found, key=lambda one: one["created"])


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("board")
    server, port = Home(folder / "server"), free_port()
    begin_prefect(server, port)  # takes its ten seconds while the campaign comes to where people must act
    client = client_environment(server, port)
    mock = start_mock(folder / "mock", PLAN, "--objects", "60")
    try:
        mock.post("people", {"act": "never-review"})
        settings = {**mock.settings(TASK), "DRAWBRIDGE_MAX_WAIT_S": "1"}
        here = Installation(folder / "home", settings)
        assert here.call("run", PLAN, "--no-prefect").code == 3
        mock.post("clock", {"advanceTo": "2024-07-03T09:00:00+08:00"})  # and the legal dates come near
        end = time.monotonic() + 60
        while not is_answering(client["PREFECT_API_URL"]):
            assert time.monotonic() < end, "Prefect does not start"
            time.sleep(0.2)
        done = subprocess.run(
            [sys.executable, "-c", _DAY, TASK],
            cwd=PROJECT,
            env=here.settings({**client, "DRAWBRIDGE_MAX_WAIT_S": "0"}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        api = client["PREFECT_API_URL"]
        yield Day(api, here, _all(api, "flow_runs", "START_TIME_ASC"), _all(api, "artifacts", "CREATED_DESC"))
    finally:
        mock.end()
        end_leftovers(server)


def test_runs_are_named_by_what_they_are_for_and_found_by_their_campaign(day: Day) -> None:
    assert {run["state_type"] for run in day.runs} == {"COMPLETED"}
    assert [run["name"] for run in day.named("公示 · ")][:2] == [f"公示 · {SHORT} · 第1批", f"公示 · {SHORT}"]
    assert {run["name"] for run in day.named("归集结果")} == {f"归集结果 · {SHORT}"}
    assert [run["name"] for run in day.named("任务")] == [f"任务 · {SHORT}"] * 2
    assert all(SHORT in run["tags"] for run in day.runs)


def test_each_run_says_what_was_done_what_was_not_and_what_is_next(day: Day) -> None:
    (waiting,) = day.pages("collect")[:1]
    assert "**等待：审核" in waiting["data"]
    assert "**没有重做**　已有" in waiting["data"]
    assert f"drawbridge approve {TASK} --all" in waiting["data"]
    published = [page["data"] for page in day.pages("publish")]
    assert "**已完成**" in published[0]
    assert "**没有重做**" not in published[0]
    assert re.search(r"\*\*没有重做\*\*　.*已公示的 \d+ 户不再报送", published[1])
    first, again = (page["data"] for page in day.pages("campaign"))
    assert "**没有重做**　同步名录、抽取对象、部门确认" in first
    assert "- 统计　已完成" in first
    assert "没有向平台和公示系统写入任何内容" in again


def test_the_page_of_a_publication_leads_to_what_the_public_sees(day: Day) -> None:
    text = day.pages("publish")[0]["data"]
    links = re.findall(r"^- \[(.+)\]\((http\S+)\)$", text.partition("## 公示页面")[2], re.M)
    assert links
    name, address = links[0]
    shown = httpx.get(address, timeout=30, trust_env=False)
    assert shown.status_code == httpx.codes.OK
    assert name in shown.text
    assert TASK in shown.text
    assert "抽取证书-对象" in text


def test_nothing_personal_is_on_any_page(day: Day) -> None:
    whole = "".join(str(one["data"]) for one in day.artifacts)
    whole += "".join(base64.b64decode(found).decode("utf-8") for found in _IMAGE.findall(whole))
    with day.here.site() as site, site.ledger.read() as tx:
        people = inspectors(tx, site.source)
    assert len(people) > 20
    secret = {value for one in people for value in (one.name, one.cert_no, one.mobile) if value}
    assert [value for value in secret if value in whole] == []


def test_the_board_is_shown_whole_with_its_picture(browser: Browser, day: Day) -> None:
    waiting = day.pages("board")[0]
    context = browser.new_context(viewport={"width": 1300, "height": 1600}, locale="zh-CN")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{day.api.removesuffix('/api')}/artifacts/artifact/{waiting['id']}")
    page.get_by_text("各环节").first.wait_for()
    images = page.locator(".markdown-renderer img")
    sizes = images.evaluate_all("all => all.map(one => [one.alt, one.naturalWidth])")
    assert sizes[0][0].startswith("同步名录已完成")
    assert all(width > 0 for _, width in sizes)
    badges = {alt for alt, _ in sizes[1:]}
    assert "等待" in badges
    assert any(re.fullmatch(r"剩 [1-4] 个工作日", badge) for badge in badges)
    cells = page.locator(".markdown-renderer td").all_inner_texts()
    assert "归集结果" in cells
    assert any(cell.startswith("审核 ") and "\n自 " in cell for cell in cells)
    table = page.locator(".markdown-renderer__table").first
    assert table.evaluate("one => one.scrollWidth <= one.clientWidth + 1")
    own = day.api.removesuffix("/api")
    assert [address for address in asked if not address.startswith((own, "data:", "blob:"))] == []
    if os.environ.get("DRAWBRIDGE_PICTURES"):
        page.wait_for_timeout(1500)
        page.screenshot(path=PICTURES / "operator-board-waiting.png")
    context.close()
