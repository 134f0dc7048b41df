"""The draw as people hold it: their own parts, what they type, who asks and who allows, who cannot go."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from draw.canonical import digest
from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.approvers import WallClock, enrol
from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess
from verifier.recompute import Evidence, verify_certificate

RUN = ("run", PLAN, "--no-prefect", "--json", "--max-wait", "0.5")
ONCE = ("run", PLAN, "--no-prefect", "--json", "--max-wait", "0")
DEPARTMENTS = {"SW": "清河县水务局", "SC": "清河县市场监督管理局"}


@pytest.fixture
def mock() -> Iterator[MockProcess]:
    with Simulator(Setting(PLAN, objects=20, seed=3)) as simulator:
        yield MockProcess(None, simulator.platform_url, simulator.publicity_url, simulator.control_url)


@pytest.fixture
def here(mock: MockProcess, tmp_path: Path) -> Installation:
    setting = Setting(PLAN)
    keys = {"DRAWBRIDGE_APP_KEY": setting.key, "DRAWBRIDGE_APP_SECRET": setting.secret}
    return Installation(tmp_path / "home", mock.settings(TASK) | keys)


def certificate_of(here: Installation, name: str = "抽取证书-对象.json") -> bytes:
    return (here.home / TASK / name).read_bytes()


def failed(certificate: bytes, evidence: Evidence) -> list[str]:
    return [row.check for row in verify_certificate(certificate, evidence) if row.state == "failed"]


def test_nobody_sees_seed_and_reserves_before_the_first_batch_is_closed(
    mock: MockProcess, here: Installation
) -> None:
    mock.post("people", {"act": "never-confirm", "who": "SC"})
    waiting = here.call(*RUN)
    assert waiting.code == 3, waiting.err
    drawn = waiting.document["draw"]
    assert drawn["drawn"] > 0
    assert "seed" not in drawn
    assert drawn["certificate"] is None
    assert not list((here.home / TASK).glob("抽取证书*"))
    assert len(mock.writes("postDraw")) == 1  # the list; the certificate would be another

    assert here.call("confirm", TASK, "--department", "SC", "--all").code == 0
    done = here.call("run", PLAN, "--no-prefect", "--json")
    assert done.code == 1, done.err  # one that was struck off was confirmed, which reconciling shows
    assert all("注销" in finding for finding in done.document["findings"])
    certificate = certificate_of(here)
    assert digest(certificate) == drawn["digest"]  # it is the one whose digest was shown with the list
    assert failed(certificate, Evidence(eligible=here.home / TASK / "eligible.tsv")) == []


def test_another_round_needs_two_people_and_stays_on_record(
    mock: MockProcess, here: Installation, wall: WallClock
) -> None:
    mock.post("people", {"act": "withhold-reveal", "who": "SW"})
    ended = here.call("run", PLAN, "--no-prefect", "--json")
    assert ended.code == 2
    assert "DB-RUN-011" in ended.err
    assert DEPARTMENTS["SW"] in ended.err
    abandonment = (here.home / TASK / "作废文书-对象.json").read_bytes()
    assert json.loads(abandonment)["withheld"] == [DEPARTMENTS["SW"]]

    one, two = enrol(here, "A01", "办公室主任", wall), enrol(here, "A02", "领导小组组长", wall)
    assert "DB-APPROVER-006" in here.call("approver", "add", "A03", "--role", "审核人").err
    ask = ("draw", "again", TASK, "--reason", "水务局设备故障", "--json")
    assert "DB-APPROVER-003" in here.call(*ask, "--by", "A01", "--code", "000000").err
    options = one.options()
    asked = here.call(*ask, *options)
    assert asked.code == 0, asked.err
    assert asked.document["previous"] == digest(abandonment)
    assert "DB-APPROVER-004" in here.call("draw", "allow-again", TASK, *options).err  # the same code again
    assert "DB-CEREMONY-022" in here.call("draw", "allow-again", TASK, *one.options()).err
    assert here.call("run", PLAN, "--no-prefect").code == 2  # asked for is not allowed
    mock.post("people", {"act": "relent", "who": "SW"})
    assert here.call("draw", "allow-again", TASK, *two.options()).code == 0

    done = here.call("run", PLAN, "--no-prefect", "--json")
    assert done.code == 0, done.err
    certificate = certificate_of(here, "抽取证书-对象-第2轮.json")
    promised = json.loads(certificate)["commitment"]
    assert (promised["round"], promised["previous"]) == (2, digest(abandonment))
    assert (promised["reason"], promised["approved_by"]) == ("水务局设备故障", "领导小组组长")
    evidence = Evidence(eligible=here.home / TASK / "eligible.tsv", before=[abandonment])
    rows = {row.check: row.state for row in verify_certificate(certificate, evidence)}
    assert rows["previous"] == "ok"
    assert "failed" not in rows.values()
    assert "DB-CEREMONY-024" in here.call(*ask, *two.options()).err  # what was drawn is in use
    shown = here.call("draw", "show", TASK, "--json").document["stages"]["objects"]
    assert [entry["state"] for entry in shown] == ["已作废", "已抽取"]
    assert here.call("audit", "verify").code == 0


def test_departments_seal_and_reveal_on_their_own_machines(
    mock: MockProcess, here: Installation, tmp_path: Path
) -> None:
    mock.post("people", {"act": "withhold-seal", "who": "SW"})
    waiting = here.call(*RUN)
    assert waiting.code == 3
    assert f"{DEPARTMENTS['SW']} 封存随机数" in waiting.document["waiting_for"]

    bureau = tmp_path / "bureau"
    bureau.mkdir()
    for stage in ("objects", "inspectors"):
        seal = ("draw", "seal", "--campaign", TASK, "--stage", stage, "--as", DEPARTMENTS["SW"])
        sealed = here.call(*seal, "--folder", bureau, "--json")
        assert sealed.code == 0, sealed.err
        kept = Path(sealed.document["kept"])
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert json.loads(kept.read_bytes())["value"] not in sealed.out + sealed.err
        assert "DB-CEREMONY-005" in here.call(*seal, "--folder", bureau).err
        assert "DB-CEREMONY-004" in here.call("draw", "take", TASK, kept).err
        taken = here.call("draw", "take", TASK, sealed.document["seal"], "--json")
        assert taken.document["recorded"] == 1
        again = here.call("draw", "take", TASK, sealed.document["seal"], "--json")
        assert again.document["recorded"] == 0

        waiting = here.call(*ONCE)  # who waits longer moves the mock's clock past the end of the reveal
        assert waiting.code == 3, waiting.err
        assert "揭示随机数" in waiting.document["waiting_for"]
        title = {"objects": "对象", "inspectors": "人员"}[stage]
        promised = here.home / TASK / f"承诺书-{title}.json"
        reveal = ("draw", "reveal", kept, "--commitment", promised)
        assert "DB-CEREMONY-006" in here.call(*reveal, "--digest", "0" * 64, "--yes").err
        opened = here.call(*reveal, "--yes", "--json")
        assert opened.code == 0, opened.err
        assert opened.document["commitment_digest"] == digest(promised.read_bytes())
        assert here.call("draw", "take", TASK, opened.document["opening"]).code == 0
        assert here.call(*RUN).code in (0, 3)
    done = here.call("run", PLAN, "--no-prefect", "--json")
    assert done.code == 0, done.err
    assert done.document["publication"]["missing"] == 0


def test_a_number_that_nobody_announces_is_typed_or_ends_the_round(
    mock: MockProcess, here: Installation, wall: WallClock
) -> None:
    mock.post("people", {"act": "never-announce"})
    waiting = here.call(*RUN)
    assert waiting.code == 3, waiting.err
    assert "公共随机数" in waiting.document["waiting_for"]
    number = ("draw", "public-number", TASK, "--source", "开奖公告")
    assert "DB-DRAW-071" in here.call(*number, "--value", "1 2 3").err
    typed = here.call(*number, "--value", "02 07 11 17 25 33 09", "--json")
    assert typed.code == 0, typed.err
    assert "DB-LEDGER-032" in here.call(*number, "--value", "02 07 11 17 25 33 10").err
    waiting = here.call(*RUN)
    assert waiting.document["draw"]["drawn"] > 0
    sources = here.call("draw", "show", TASK, "--json").document["stages"]["objects"][0]["public"]
    assert list(sources.values()) == [["02 07 11 17 25 33 09", "开奖公告"]]

    # The second draw waits for its number too; this one is never published.
    assert "公共随机数" in waiting.document["waiting_for"]
    one = enrol(here, "A01", "办公室主任", wall)
    leave = ("draw", "abandon", TASK, "--stage", "inspectors", "--reason", "开奖取消")
    assert here.call(*leave, *one.options()).code == 0
    assert "DB-RUN-011" in here.call("run", PLAN, "--no-prefect").err


def test_a_wrong_number_is_put_right_by_a_correcting_certificate(
    mock: MockProcess, here: Installation, wall: WallClock
) -> None:
    mock.post("people", {"act": "never-announce"})
    mock.post("people", {"act": "never-confirm", "who": "SC"})
    mock.post("people", {"act": "no-objections"})
    number = ("draw", "public-number", TASK, "--source", "开奖公告")
    here.call(*RUN)
    assert here.call(*number, "--value", "02 07 11 17 25 33 09").code == 0
    first = here.call(*RUN).document["draw"]
    one = enrol(here, "A01", "办公室主任", wall)
    right = ("--correct", "--value", "02 07 11 17 25 33 06", "--json")
    assert "DB-APPROVER-007" in here.call(*number, *right).err
    put_right = here.call(*number, *right, *one.options())
    assert put_right.code == 0, put_right.err
    second = here.call(*RUN).document["draw"]
    assert second["digest"] != first["digest"]
    assert len(mock.writes("postDraw")) == 2  # two lists; the departments confirm the second
    assert here.call("confirm", TASK, "--department", "SC", "--all").code == 0
    here.call(*RUN)
    wrong = certificate_of(here)
    right_one = certificate_of(here, "抽取证书-对象-更正1.json")
    assert json.loads(right_one)["corrects"] == digest(wrong) == first["digest"]
    evidence = Evidence(eligible=here.home / TASK / "eligible.tsv", before=[wrong])
    assert failed(right_one, evidence) == []


def test_whoever_cannot_go_is_replaced_by_the_seed_and_the_form_follows(
    mock: MockProcess, here: Installation, wall: WallClock
) -> None:
    mock.post("people", {"act": "skip-visit"})
    mock.post("people", {"act": "no-objections"})
    waiting = here.call(*RUN)
    assert waiting.code == 3, waiting.err
    matched = json.loads(certificate_of(here, "抽取证书-人员.json"))
    object_id, group = matched["assignment"][0]
    leaving = matched["teams"][str(group)]["SW"][0]
    one = enrol(here, "A01", "办公室主任", wall)
    replace = ("draw", "replace-inspector", TASK, "--object", object_id, "--department", "SW")
    assert (
        "DB-DRAW-082" in here.call(*replace, "--inspector", "nobody", "--reason", "病假", *one.options()).err
    )
    done = here.call(*replace, "--inspector", leaving, "--reason", "病假", "--json", *one.options())
    assert done.code == 0, done.err
    taken = done.document["by"]
    assert taken not in (None, leaving)

    before = len(mock.writes("postForms"))
    waiting = here.call(*RUN)
    assert len(mock.writes("postForms")) == before + 1  # one form changed, one form was sent
    assert waiting.document["forms"]["accepted"] == waiting.document["forms"]["due"] == before
    corrected = json.loads(certificate_of(here, "抽取证书-人员-更正1.json"))
    (seat,) = corrected["seat_replacements"]
    assert (seat["replaced"], seat["by"], seat["decided_by"]) == (leaving, taken, "办公室主任")
    assert here.call("audit", "verify").code == 0


def test_two_runners_at_the_same_moment_end_with_one_draw(mock: MockProcess, here: Installation) -> None:
    database = f"sqlite:///{here.home.parent / 'shared.sqlite3'}"
    homes = [Installation(here.home.with_name(f"home{n}"), here.environment) for n in (1, 2)]
    more = {"DRAWBRIDGE_DATABASE_URL": database}
    arguments = ("run", PLAN, "--no-prefect", "--json")
    processes = [home.start(*arguments, more=more) for home in homes]
    ends = [process.communicate(timeout=200) for process in processes]
    digests = {
        json.loads(out)["draw"]["digest"]
        for (out, _), process in zip(ends, processes, strict=True)
        if process.returncode == 0
    }
    assert [process.returncode for process in processes] == [0, 0], [err for _, err in ends]
    assert len(digests) == 1
    rows = mock.writes()
    keys = [(row["endpoint"], row["key"], row["version"]) for row in rows]
    assert len(keys) == len(set(keys))


def test_an_object_is_proved_to_be_in_or_not_in_the_list(here: Installation, tmp_path: Path) -> None:
    assert here.call("run", PLAN, "--no-prefect", "--json").code == 0
    folder = here.home / TASK
    files = ("--certificate", folder / "抽取证书-对象.json", "--eligible", folder / "eligible.tsv")
    first = (folder / "eligible.tsv").read_text("utf-8").split("\t")[0]
    for object_id, expected in ((first, "presence"), ("0", "absence"), ("zzz", "absence"), ("5", "absence")):
        out = tmp_path / "proof.json"
        made = here.call("draw", "prove", object_id, *files, "-o", out, "--json")
        assert made.document["proof"] == expected
        checked = here.call("draw", "check-proof", out, "--certificate", files[1], "--json")
        assert checked.code == 0, checked.out
        out.write_bytes(out.read_bytes().replace(b'"index":', b'"index":1'))
        assert here.call("draw", "check-proof", out, "--certificate", files[1]).code == 1
