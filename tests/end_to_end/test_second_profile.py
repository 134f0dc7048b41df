"""The whole campaign against a platform with other names, codes, pages and signature: a file, no code."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connectors.profile import load_profile, profile_text
from flows.commands.doctor import _profile
from flows.settings import Settings
from tests.end_to_end.installation import (
    PLAN,
    PLATFORM_PLAN,
    PLATFORM_TASK,
    TASK,
    Installation,
    MockProcess,
    start_mock,
)
from tests.factories import clean_directory

PROFILE = "national-supervision"
# Rosters are salted, so that the second draw differs from run to run; paths name the folder.
# What is sent once more since its reply was lost counts among our writes.
NOT_ALIKE = ("draw", "assignment", "paths", "writes")

# A gateway that gives up before the platform does, and replies that get lost; texts in GBK.
FAULTS = (
    "--fault=http_502_504_gateway:endpoint=postForms:calls=1:args.queries=1",
    "--fault=reply_lost_after_commit:endpoint=postSpotchecks:calls=1",
    "--fault=encoding_mix:endpoint=listInspectors:args.kind=gb2312",
)


def begun(
    folder: Path, plan: Path, task: str, dialect: str, *arguments: object
) -> tuple[MockProcess, Installation]:
    mock = start_mock(folder / "mock", plan, "--dialect", dialect, *arguments)
    return mock, Installation(folder / "home", {**mock.settings(task), "DRAWBRIDGE_PROFILE": dialect})


def test_one_campaign_under_both_profiles_is_one_campaign(tmp_path: Path) -> None:
    """The same county, people and chance: the same draw, findings and publications, whatever gets lost."""
    facts: dict[str, Any] = {}
    for dialect, faults in (("hebei", ()), (PROFILE, FAULTS)):
        mock, installation = begun(tmp_path / dialect, PLAN, TASK, dialect, "--objects", 30, *faults)
        try:
            ran = installation.call("run", PLAN, "--no-prefect", "--json")
            assert ran.code == 0, ran.err + ran.out
            facts[dialect] = ran.document
            for endpoint in ("postCommitment", "postClosing", "postDraw", "postForms", "postSpotchecks"):
                keys = Counter((row["key"], row["version"]) for row in mock.writes(endpoint))
                assert set(keys.values()) == {1}, endpoint
            facts[dialect]["accepted"] = Counter(row["endpoint"] for row in mock.writes())
        finally:
            mock.end()
    ours, theirs = facts.values()
    assert ours["entities"]["quarantined"] > 0  # a directory of this size holds dirt of every kind
    for name in set(ours) - set(NOT_ALIKE):
        assert theirs[name] == ours[name], name
    assert theirs["draw"]["digest"] == ours["draw"]["digest"]
    assert theirs["publication"]["published"] > 0


def test_the_platform_leads_and_its_draw_is_verified(tmp_path: Path) -> None:
    mock, installation = begun(tmp_path, PLATFORM_PLAN, PLATFORM_TASK, PROFILE, "--objects", 30)
    try:
        ran = installation.call("run", PLATFORM_PLAN, "--no-prefect", "--json")
        assert ran.code == 0, ran.err + ran.out
        facts = ran.document
        assert facts["draw"]["certified"] is True
        assert facts["findings"] == []
        assert facts["forms"]["accepted"] == facts["forms"]["due"] > 0
        assert (facts["publication"]["missing"], facts["publication"]["doubled"]) == (0, 0)
        assert [row for row in mock.writes() if row["endpoint"] in ("postForms", "postSpotchecks")] == []
    finally:
        mock.end()


@pytest.mark.parametrize(("spoken", "used"), [(PROFILE, "hebei"), ("hebei", PROFILE)])
def test_the_profile_of_another_system_is_named_at_once(tmp_path: Path, spoken: str, used: str) -> None:
    mock, installation = begun(tmp_path, PLAN, TASK, spoken, "--objects", 5)
    installation.environment["DRAWBRIDGE_PROFILE"] = used
    try:
        ran = installation.call("run", PLAN, "--no-prefect")
        assert ran.code == 2, ran.out + ran.err
        assert "DB-PLATFORM-033" in ran.err
        assert spoken in ran.err
        assert mock.writes() == []
    finally:
        mock.end()


def test_a_wrong_secret_is_a_refused_signature(tmp_path: Path) -> None:
    mock, installation = begun(tmp_path, PLAN, TASK, PROFILE, "--objects", 5)
    installation.environment["DRAWBRIDGE_APP_SECRET"] = "of-somebody-else"
    try:
        ran = installation.call("run", PLAN, "--no-prefect")
        assert ran.code == 2, ran.out + ran.err
        assert "DB-PLATFORM-012" in ran.err
        assert mock.writes() == []
    finally:
        mock.end()


def test_a_run_starts_the_mock_that_its_profile_fits(installation: Installation, tmp_path: Path) -> None:
    installation.environment["DRAWBRIDGE_PROFILE"] = PROFILE
    file = tmp_path / "名录.csv"
    file.write_bytes(clean_directory(12).to_csv("gb18030"))
    arguments = ("--entities", file, "--entities-as", "projects", "--no-prefect", "--json")
    ran = installation.call("run", PLAN, *arguments)
    assert ran.code == 0, ran.err + ran.out
    assert ran.document["publication"]["published"] > 0


# --- the commands ---------------------------------------------------------------------------------------


def test_a_person_who_writes_a_profile_is_told_every_line(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "本省.toml"
    text = (
        profile_text(PROFILE).replace('leader = "LEADER_ID"\n', "").replace("total_s = 60", "total_s = 0", 1)
    )
    file.write_text(text, "utf-8")
    ran = installation.call("profile", "check", file, "--json")
    assert ran.code == 1
    lines = text.splitlines()
    found = [(lines[one["line"] - 1], one["where"]) for one in ran.document["mistakes"]]
    assert found == [
        ("total_s = 0", "platform.limits.total_s"),
        ("[platform.fields.form]", "platform.fields.form.leader"),
    ]
    shown = installation.call("profile", "check", file)
    assert "有 2 处要改正" in shown.out
    assert "须大于 0" in shown.out
    used = installation.call("profile", "check", file, more={"DRAWBRIDGE_PROFILE": str(file)})
    assert used.code == 1


def test_the_profiles_that_ship_are_listed_and_pass(installation: Installation) -> None:
    installation.environment["DRAWBRIDGE_PROFILE"] = PROFILE
    assert installation.call("profile", "list", "--json").document == {
        "used": PROFILE,
        "profiles": {name: load_profile(name).title for name in ("hebei", PROFILE)},
    }
    checked = installation.call("profile", "check")
    assert checked.code == 0
    assert "请留意：platform.signature 用 md5" in checked.out
    assert installation.call("profile", "check", "hebei").code == 0


def test_doctor_says_which_profile_is_used(tmp_path: Path) -> None:
    (finding,) = _profile(Settings(profile=PROFILE))
    assert finding.ok
    assert finding.found == f"{PROFILE}：{load_profile(PROFILE).title}"
    file = tmp_path / "a.toml"
    file.write_text(profile_text("hebei"), "utf-8")
    (finding,) = _profile(Settings(profile=str(file)))
    assert finding.found.endswith(f"，文件 {file}")
