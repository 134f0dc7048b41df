"""Prometheus reads the ledger's figures over HTTP or from a file, and nothing of people or enterprises."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from flows.alerting.metrics import metrics_text, serve_metrics, write_metrics
from ledger.messages import add_messages, log_answer, new_message
from ledger.outbox import STATES, add_items
from tests.flows.alert_site import LAST_DAY, Desk, desk, visited
from tests.ledger.samples import TASK, uscc

PROJECT = Path(__file__).resolve().parents[2]
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path / "home", LAST_DAY - timedelta(days=5)) as one:
        visited(one.site)
        yield one


def figures(text: str) -> Figures:
    """Every sample, as Prometheus itself reads the text."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labels(**given: str) -> frozenset[tuple[str, str]]:
    return frozenset(given.items())


def of_the_campaign(**given: str) -> frozenset[tuple[str, str]]:
    return labels(campaign=TASK, name="测试", **given)


def test_records_are_summed_up_as_open_sent_and_unknown(opened: Desk) -> None:
    with opened.site.ledger.write() as tx:
        for number, state in enumerate(STATES):
            rows = [(f"{state}{n}", 1, "{}", None) for n in range(number + 1)]
            add_items(tx, "form", TASK, state, rows, opened.clock.at)
    read = figures(metrics_text(opened.site))
    sizes = {state: number + 1 for number, state in enumerate(STATES)}
    expected = {
        "open": sizes["held"] + sizes["ready"],
        "sent": sizes["pending"],
        "unknown": sizes["sending"] + sizes["parked"],
        **{state: sizes[state] for state in ("accepted", "rejected", "withheld", "void")},
    }
    for state, how_many in expected.items():
        assert read["drawbridge_records", of_the_campaign(kind="form", state=state)] == how_many
    assert sum(expected.values()) == sum(sizes.values())


def test_the_days_to_the_nearest_deadline_go_down_and_below_zero(opened: Desk) -> None:
    left = []
    for days in (0, 5, 6):
        opened.clock.at = LAST_DAY + timedelta(days=days - 5)
        read = figures(metrics_text(opened.site))
        left.append(read["drawbridge_deadline_working_days", of_the_campaign(what="公示")])
    assert left == [3, 0, -1]


def test_stages_failures_answers_and_alerts_are_counted(opened: Desk) -> None:
    at = opened.clock.at
    opened.stop("DB-RUN-009", "draw")
    opened.stop(None, "draw")
    opened.stop("DB-RUN-009", "draw")
    with opened.site.ledger.write() as tx:
        message = new_message("B1", "record", TASK, "publicity", b"x", at, at)
        add_messages(tx, [(message, [("a", 1)])])
        log_answer(tx, "B1", "send", "not-sent", "DB-PUBLICITY-001", "", at)
        log_answer(tx, "B1", "send", "unknown", "DB-PUBLICITY-003", "", at)
        log_answer(tx, "B1", "query", "receipt", None, "", at)
        log_answer(tx, "B1", "operator", "delivered", None, "", at)
    opened.look()
    read = figures(metrics_text(opened.site))
    assert read["drawbridge_stage", of_the_campaign(stage="draw", state="failed")] == 1
    assert read["drawbridge_stage", of_the_campaign(stage="draw", state="done")] == 0
    assert read["drawbridge_stage_failures_total", labels(stage="draw", code="DB-RUN-009")] == 2
    answers = {
        tuple(dict(one)[name] for name in ("act", "outcome", "result")): value
        for (name, one), value in read.items()
        if name == "drawbridge_exchange_answers_total"
    }
    assert answers == {
        ("send", "not-sent", "fault"): 1,
        ("send", "unknown", "fault"): 1,
        ("query", "receipt", "answer"): 1,
    }
    assert read["drawbridge_alerts", labels(kind="draw", urgency="immediate")] == 1
    assert read["drawbridge_last_event_timestamp_seconds", labels()] == pytest.approx(at.timestamp())


def test_a_scrape_over_http_sees_what_has_just_been_recorded(opened: Desk) -> None:
    with serve_metrics(opened.site, 0) as port:
        address = f"http://127.0.0.1:{port}/metrics"
        key = ("drawbridge_stage_failures_total", labels(stage="draw", code="DB-RUN-009"))
        assert key not in figures(httpx.get(address, trust_env=False).text)
        opened.stop("DB-RUN-009", "draw")
        assert figures(httpx.get(address, trust_env=False).text)[key] == 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, trust_env=False)


def test_the_file_for_node_exporter_holds_the_same(opened: Desk, tmp_path: Path) -> None:
    path = tmp_path / "drawbridge.prom"
    former = os.umask(0o077)  # as every command sets it
    try:
        write_metrics(opened.site, path)
    finally:
        os.umask(former)
    assert path.stat().st_mode & 0o777 == 0o644, "node_exporter is another user"
    assert figures(path.read_text("utf-8")) == figures(metrics_text(opened.site))
    assert [one.name for one in tmp_path.iterdir() if one.suffix != ""] == ["drawbridge.prom"]


def test_nothing_personal_is_shown(opened: Desk) -> None:
    text = metrics_text(opened.site)
    assert "测试" in text
    for number in (1, 2, 3):
        assert uscc(number) not in text
        assert f"第{number}商贸" not in text


def test_the_dashboard_asks_for_nothing_that_is_not_there(opened: Desk) -> None:
    """Every figure and label that the Grafana file names is one of those that are given out."""
    at = opened.clock.at
    opened.stop("DB-RUN-009", "draw")
    with opened.site.ledger.write() as tx:
        message = new_message("B1", "record", TASK, "publicity", b"x", at, at)
        add_messages(tx, [(message, [("a", 1)])])
        log_answer(tx, "B1", "send", "receipt", None, "", at)
        add_items(tx, "form", TASK, "ready", [("a", 1, "{}", None)], at)
    opened.look()
    given = figures(metrics_text(opened.site))
    names = {name: {label for label, _ in one} for name, one in given}
    dashboard = json.loads((PROJECT / "deploy" / "grafana" / "drawbridge.json").read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) == 8
    for expression in asked:
        figures_in_it = re.findall(r"drawbridge_\w+", expression)
        assert figures_in_it
        for figure in figures_in_it:
            assert figure in names
        for figure, inside in re.findall(r"(drawbridge_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)=~?\"", inside)) <= names[figure]
        for grouped in re.findall(r"by \(([^)]*)\)", expression):
            for figure in figures_in_it:
                assert set(grouped.split(", ")) <= names[figure]
