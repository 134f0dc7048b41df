"""Forms whose outcome nobody can find out: shown, resolved by two people, handed out once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mock_platform.simulator import Simulator
from tests.end_to_end.approvers import WallClock, enrol
from tests.end_to_end.installation import PROJECT, TASK, Installation, MockProcess
from tests.end_to_end.test_operators_acts import RUN, here, mock, simulator

__all__ = ["here", "mock", "simulator"]


def blind_to_forms(folder: Path) -> Path:
    """The profile of a platform that recognises no form again and cannot be asked about any."""
    text = (PROJECT / "connectors" / "profiles" / "hebei.toml").read_text("utf-8")
    head, mark, tail = text.partition("[platform.capability.form]")
    tail = tail.replace("= true", "= false", 2).replace("batch_size = 20", "batch_size = 1", 1)
    path = folder / "blind.toml"
    path.write_text(head + mark + tail, "utf-8")
    return path


def test_a_form_of_unknown_outcome_is_resolved_by_two_people(
    simulator: Simulator, mock: MockProcess, here: Installation, wall: WallClock, tmp_path: Path
) -> None:
    here.environment["DRAWBRIDGE_PROFILE"] = str(blind_to_forms(tmp_path))
    for name, call in (("reply_lost_after_commit", 1), ("http_500_before_commit", 2)):
        mock.post("faults", {"name": name, "endpoint": "postForms", "calls": [call]})

    waiting = here.call(*RUN)
    assert waiting.code == 3, waiting.err
    status = here.call("push", "status", TASK, "--json")
    assert status.code == 1
    assert status.document["counts"]["parked"] == 2
    unclear = status.document["unclear"]
    assert [evidence["sends"] for evidence in unclear.values()] == [1, 1]
    held = {row["key"]: row["receiptNo"] for row in mock.writes("postForms")}
    assert sorted(evidence["record"] in held for evidence in unclear.values()) == [False, True]
    shown = here.call("push", "status", TASK)
    assert all(uscc in shown.out for uscc in unclear)
    assert "结果不明，待人工核定 2" in shown.out
    assert "派发 1 次" in shown.out

    one, two = enrol(here, "A01", "经办", wall), enrol(here, "A02", "复核", wall)
    resolve = ("push", "resolve", TASK, "--reason", "电话核实")
    nobody = here.call(*resolve, "--found", "未收到", "--enterprise", "91130534MA0000000X", *one.options())
    assert "DB-ACT-009" in nobody.err
    for uscc, evidence in unclear.items():
        receipt = held.get(evidence["record"])
        found = ("--found", "未收到") if receipt is None else ("--found", "已收到", "--receipt", receipt)
        bare = here.call(*resolve, "--enterprise", uscc, "--found", "已收到", "--by", "A01", "--code", "0")
        assert "DB-ACT-010" in bare.err
        seen = here.call(*resolve, "--enterprise", uscc, *found, *one.options())
        assert seen.code == 0, seen.err
        assert ("平台现在：查不到这张表" if receipt is None else "平台现在：存有第 1 版") in seen.out
        assert "drawbridge push allow" in seen.out
        (act,) = here.call("push", "status", TASK, "--json").document["acts"]
        same = here.call("push", "allow", TASK, act["act"], *one.options())
        assert "DB-ACT-004" in same.err
        allowed = here.call("push", "allow", TASK, act["act"], *two.options())
        assert allowed.code == 0, allowed.err
        assert "drawbridge push retry" in allowed.out

    again = here.call("push", "retry", TASK, "--json")
    assert (again.code, again.document["unknown"], again.document["writes"]) == (0, 0, 1)
    forms = Counter(row["key"] for row in mock.writes("postForms"))
    assert set(forms.values()) == {1}
    assert len(forms) == again.document["due"] == len(simulator.world.forms)
    quiet = here.call("push", "status", TASK, "--json")
    assert (quiet.code, quiet.document["open"], quiet.document["acts"]) == (0, [], [])
    assert len(mock.writes("postForms")) == len(forms)
    assert here.call(*RUN).code == 0
    assert set(Counter(row["key"] for row in mock.writes("postForms")).values()) == {1}
