"""What the platform says, row by row and page by page."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from connectors.factory import Connections
from connectors.paging import PageGuard, mark, walk_results
from connectors.protocols import Page, SystemUnreachable
from connectors.records import find_doubles, object_keyed
from schemas.codes import InspectorRole, RegistrationState, ResultCode, RiskGrade, Verdict
from schemas.directory import Entity, ProjectObject
from schemas.errors import DrawbridgeError
from tests.connectors.conftest import Request, System, envelope
from tests.connectors.rows import (
    TASK,
    code,
    entity_row,
    inspector_row,
    page,
    project_row,
    result_row,
)


def test_a_page_of_objects_becomes_records(system: System, connections: Connections) -> None:
    system.answer(envelope(page([entity_row(1), project_row(2)], 1, 2)))
    got = connections.platform.objects(1, None)
    first, second = got.rows
    assert isinstance(first, Entity)
    assert (first.object_id, first.uscc) == (code(1), code(1))
    assert first.reg_state is RegistrationState.ACTIVE
    assert first.risk_grade is RiskGrade.B
    assert isinstance(second, ProjectObject)
    assert second.owner_uscc == code(2)
    assert second.address == "清河县城东"
    assert (got.read, got.total, got.snapshot, got.normalised) == (2, 2, "S1", 0)
    assert system.requests[0].target == "/api/v1/directories/objects?pageNo=1&pageSize=100"


ROW_FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "no code": (entity_row(1, uniscid=None), "DB-CODE-001"),
    "15 digits": (entity_row(1, uniscid="130534000012345"), "DB-CODE-002"),
    "a float": (entity_row(1, uniscid=9.1469e17), "DB-CODE-003"),
    "a float as text": (entity_row(1, uniscid="9.1469E+17"), "DB-CODE-003"),
    "an integer": (entity_row(1, uniscid=911305346014414340), "DB-CODE-003"),
    "17 characters": (entity_row(1, uniscid=code(1)[:17]), "DB-CODE-004"),
    "letter O": (entity_row(1, uniscid="9113O534601441434R"), "DB-CODE-005"),
    "check character": (
        entity_row(1, uniscid=code(1)[:17] + ("0" if code(1)[17] != "0" else "1")),
        "DB-CODE-006",
    ),
    "shifted": (entity_row(1, uniscid="清河县试验1号有限公司", entName=code(1)), "DB-INPUT-010"),
    "no name": (entity_row(1, entName="\u3000"), "DB-INPUT-011"),
    "no owner": (project_row(1, ownerUniscid=None), "DB-INPUT-012"),
    "owner blank": (project_row(1, ownerUniscid="  "), "DB-INPUT-012"),
    "no number": (project_row(1, objectId=None, approvalNo=None), "DB-INPUT-013"),
    "no project name": (project_row(1, projectName=""), "DB-INPUT-014"),
    "name is a list": (entity_row(1, entName=["甲"]), "DB-INPUT-020"),
    "lost character": (entity_row(1, entName="清河\ufffd公司"), "DB-INPUT-021"),
    "control character": (entity_row(1, entName="清河\x07公司"), "DB-INPUT-022"),
    "control in code": (entity_row(1, uniscid=code(1)[:9] + "\u200b" + code(1)[9:]), "DB-INPUT-022"),
    "number too long": (project_row(1, objectId="长" * 22), "DB-INPUT-023"),
    "date": (entity_row(1, lastCheckDate="去年"), "DB-INPUT-024"),
    "count": (entity_row(1, checksThisYear=-1), "DB-INPUT-025"),
    "kind": (entity_row(1, objectType="7"), "DB-INPUT-026"),
    "division": (entity_row(1, admCode="1305"), "DB-INPUT-027"),
    "giant name": (entity_row(1, entName="大" * 2_000), "DB-INPUT-027"),
}


@pytest.mark.parametrize("case", ROW_FAULTS)
def test_a_bad_row_is_refused_by_its_own_reason_and_the_others_stay(
    system: System, connections: Connections, case: str
) -> None:
    row, expected = ROW_FAULTS[case]
    system.answer(envelope(page([row, entity_row(5)], 1, 2)))
    got = connections.platform.objects(1, None)
    (refused,) = got.refused
    assert refused.code == expected
    assert refused.row_no == 1
    assert refused.raw == row
    assert refused.reason
    assert "清河县试验" not in refused.reason
    assert len(got.rows) == 1
    assert got.read == 2


REPAIRED: dict[str, dict[str, object]] = {
    "lower case": entity_row(3, uniscid=code(3).lower()),
    "full width": entity_row(3, uniscid="".join(chr(ord(c) + 0xFEE0) for c in code(3))),
    "blanks": entity_row(3, uniscid=f"\u3000{code(3)} \t"),
    "marks": entity_row(3, uniscid=f"\u202d{code(3)}\u202c"),
    "date": entity_row(3, estDate="2001年2月3日"),
    "name in blanks": entity_row(3, entName="\u3000清河县试验3号有限公司\u00a0"),
    "control in address": entity_row(3, dom="清河县\x0b长江街"),
    "long division": entity_row(3, admCode="130534100000"),
}


@pytest.mark.parametrize("case", REPAIRED)
def test_what_can_be_repaired_is_counted(system: System, connections: Connections, case: str) -> None:
    system.answer(envelope(page([REPAIRED[case]], 1, 1)))
    got = connections.platform.objects(1, None)
    assert got.normalised == 1
    (row,) = got.rows
    assert (row.uscc, row.ent_name) == (code(3), "清河县试验3号有限公司")
    assert row.est_date == date(2001, 2, 3)


def test_what_the_source_does_not_say_is_unknown_and_never_invented(
    system: System, connections: Connections
) -> None:
    bare = {"objectId": code(1), "objectType": "1", "uniscid": code(1), "entName": "某公司", "updatedAt": ""}
    odd = entity_row(2, regState="情况不明", riskGrade="优", riskMonth="上月", estDate="N/A", entType="N/A")
    system.answer(envelope(page([bare, odd], 1, 2)))
    first, second = connections.platform.objects(1, None).rows
    for row in (first, second):
        assert row.reg_state is RegistrationState.UNKNOWN
        assert row.risk_grade is RiskGrade.UNRATED
        assert row.risk_month is None
        assert row.est_date is None
    system.answer(envelope(page([odd], 1, 1)))
    notes = connections.platform.objects(1, None).notes
    assert [note for note in notes if "登记状态" in note]


def test_rare_characters_are_kept_and_said(system: System, connections: Connections) -> None:
    system.answer(envelope(page([entity_row(1, entName="清河\ue123有限公司")], 1, 1)))
    got = connections.platform.objects(1, None)
    assert got.rows[0].ent_name == "清河\ue123有限公司"
    assert got.normalised == 0
    assert "专用区" in got.notes[0]


def test_inspectors(system: System, connections: Connections) -> None:
    rows = [
        inspector_row(1),
        inspector_row(2, role=None, status=None, certValidTo="长期"),
        inspector_row(3, role="保安"),
        inspector_row(4, recusals=[{"uniscid": "123", "reason": "relative"}]),
        inspector_row(5, name=None),
        inspector_row(6, inspectorId=None, certNo=None),
    ]
    system.answer(envelope(page(rows, 1, len(rows))))
    got = connections.platform.inspectors(1, None)
    first, second = got.rows
    assert first.recusals == ((code(1), "relative"),)
    assert second.role is InspectorRole.OFFICER
    assert second.cert_valid_to == date.max
    assert [row.code for row in got.refused] == [
        "DB-INPUT-026",
        "DB-INPUT-018",
        "DB-INPUT-016",
        "DB-INPUT-015",
    ]


def test_items_without_a_legal_basis_are_refused(system: System, connections: Connections) -> None:
    item = {
        "itemCode": "SW-01",
        "itemName": "水土保持",
        "kind": "1",
        "deptCode": "SW",
        "legalBasis": ["法、第四十三条"],
    }
    system.answer(envelope({"rows": [item, item | {"itemCode": "SW-02", "legalBasis": []}]}))
    got = connections.platform.items()
    assert got.rows[0].legal_basis == ("法、第四十三条",)
    assert [row.code for row in got.refused] == ["DB-INPUT-019"]


def test_results_keep_their_times_in_utc(system: System, connections: Connections) -> None:
    rows = [
        result_row(1),
        result_row(2, resultCode="2"),  # a problem without its description
        result_row(3, resultCode="9"),
        result_row(4, uniscid="1"),
        result_row(5, signature="3"),  # a refusal to sign without its note
        result_row(6, completedAt="2024/06/20"),
    ]
    system.answer(envelope(page(rows, 1, len(rows), None)))
    got = connections.platform.results(TASK, datetime(2024, 6, 1, 16, tzinfo=UTC), 1)
    (row,) = got.rows
    assert row.code is ResultCode.NO_PROBLEM
    assert row.completed_at == datetime(2024, 6, 20, 8, 30, tzinfo=UTC)
    assert row.visit.agreed_on == date(2024, 6, 20)
    assert [r.code for r in got.refused] == [
        "DB-INPUT-027",
        "DB-INPUT-026",
        "DB-CODE-004",
        "DB-INPUT-027",
        "DB-INPUT-024",
    ]
    assert "updatedSince=2024-06-02%2000%3A00%3A00" in system.requests[0].target


def test_seals_reveals_materials_confirmations(system: System, connections: Connections) -> None:
    platform = connections.platform
    seal = {"contributor": "清河县水务局", "commitment": "ab" * 32}
    system.answer(envelope({"stage": "objects", "round": 1, "seals": [seal]}))
    assert platform.seals(TASK, "objects", 1)[0].contributor == "清河县水务局"
    assert system.requests[-1].target == f"/api/v1/tasks/{TASK}/draw/seals?round=1&stage=objects"
    reveal = {"contributor": "清河县水务局", "value": "cd" * 32, "revealedAt": "2024-05-29 10:00:00"}
    system.answer(envelope({"stage": "objects", "round": 1, "reveals": [reveal]}))
    assert platform.reveals(TASK, "objects", 1)[0].at == datetime(2024, 5, 29, 2, tzinfo=UTC)
    handed = {"deptCode": "SW", "itemCodes": ["SW-01"], "materials": [], "handedInAt": "2024-05-29 10:00:00"}
    system.answer(envelope({"rows": [handed]}))
    assert platform.materials(TASK)[0].item_codes == ("SW-01",)
    answer = {
        "objectId": code(1).lower(),
        "deptCode": "SW",
        "verdict": "2",
        "reason": "1",
        "evidence": "注销登记通知书",
        "byRole": "系统管理员",
        "at": "2024-05-30 09:00:00",
    }
    system.answer(envelope({"dispatchedAt": None, "rows": []}))
    assert platform.confirmations(TASK).dispatched_at is None
    system.answer(envelope({"dispatchedAt": "2024-05-29 17:00:00", "rows": [answer]}))
    state = platform.confirmations(TASK)
    assert state.dispatched_at == datetime(2024, 5, 29, 9, tzinfo=UTC)
    assert state.rows[0].object_id == code(1)
    assert state.rows[0].verdict is Verdict.OBJECTION


def test_the_platforms_own_draw(system: System, connections: Connections) -> None:
    system.answer(envelope(None, "44", "尚未抽取"))
    assert connections.platform.draw(TASK) is None
    drawn = {
        "drawnBy": "platform",
        "drawnAt": "2024-05-29 09:00:00",
        "objects": [
            {"objectId": "甲", "uniscid": code(1), "stratum": "B"},
            {"objectId": "乙", "uniscid": code(2), "replaces": "甲"},
        ],
        "groups": [{"group": 1, "inspectors": [{"inspectorId": "SW-001", "deptCode": "SW"}]}],
        "assignment": [{"uniscid": code(1), "group": 1}],
        "certificates": [{"stage": "objects", "round": 1, "document": "{}", "digest": "0" * 64}],
    }
    system.answer(envelope(drawn))
    got = connections.platform.draw(TASK)
    assert got is not None
    assert got.replaces == [("甲", "乙")]
    assert got.teams[0].inspectors == (("SW-001", "SW"),)
    assert got.assignment == [(code(1), 1)]
    assert got.certificates == [b"{}"]
    assert got.eligible is None


@pytest.mark.parametrize(
    "data",
    [{"rows": {}}, {"rows": ["x"]}, {}, {"stage": "objects", "seals": [{"contributor": "x"}]}],
)
def test_drift_is_no_data(system: System, connections: Connections, data: dict[str, object]) -> None:
    system.answer(envelope(data))
    with pytest.raises(SystemUnreachable, match="DB-PLATFORM-020"):
        connections.platform.seals(TASK, "objects", 1)


def held_form(number: int) -> dict[str, object]:
    return {
        "formNo": f"F{number}",
        "uniscid": code(number),
        "entName": "某公司",
        "objects": [{"objectId": "甲", "name": "甲"}],
        "items": [{"itemCode": "SW-01", "itemName": "水保", "deptCode": "SW"}],
        "group": 1,
        "leader": "SW-001",
        "inspectors": [
            {"inspectorId": f"SW-00{n}", "name": "某", "deptCode": "SW", "certNo": "1"} for n in (1, 2)
        ],
        "version": 1,
        "batchNo": None,
        "issuedAt": "2024-06-01 09:00:00",
    }


def test_forms_come_page_by_page(system: System, connections: Connections) -> None:
    system.answer(
        envelope(page([held_form(n) for n in range(100)], 1, 101)), envelope(page([held_form(100)], 2, 101))
    )
    assert len(list(connections.platform.forms(TASK))) == 101
    system.answer(envelope(page([], 1, 0)))
    assert list(connections.platform.forms(TASK)) == []


def served(*pages: tuple[list[int], int, str | None]) -> list[Page[int]]:
    return [
        Page(number, total, snapshot, rows, (), 0, f"{hash(tuple(rows)):x}")
        for number, (rows, total, snapshot) in enumerate(pages, 1)
    ]


def judge(*pages: tuple[list[int], int, str | None]) -> PageGuard:
    guard = PageGuard("PLATFORM", 10)
    for one in served(*pages):
        guard.check(one)
    return guard


def test_the_guard_knows_when_a_list_is_whole() -> None:
    guard = judge(([1, 2], 3, "S"), ([3], 3, "S"))
    assert guard.finished
    assert guard.stable
    assert guard.read == 3
    assert judge(([], 0, None)).finished
    assert not judge(([1, 2], 3, None)).finished
    assert not judge(([1, 2], 3, None)).stable


@pytest.mark.parametrize(
    ("number", "pages"),
    {
        "021": [([1, 2], 4, "S"), ([1, 2], 4, "S")],
        "022": [([1, 2], 3, "S"), ([3, 4], 3, "S")],
        "0220": [([1, 2], 3, "S"), ([], 3, "S")],
        "023": [([1, 2], 4, "S"), ([3, 4], 4, "T")],
        "0230": [([1, 2], 4, None), ([3, 4], 5, None)],
        "024": [([1], 1, "S"), ([2], 1, "S")],
    }.items(),
)
def test_the_guard_refuses_what_cannot_be_one_list(
    number: str, pages: list[tuple[list[int], int, str | None]]
) -> None:
    with pytest.raises(SystemUnreachable, match=f"DB-PLATFORM-{number[:3]}"):
        judge(*pages)


def test_the_guard_goes_on_after_a_kill() -> None:
    first, second, third = served(([1, 2], 5, "S"), ([3, 4], 5, "S"), ([5], 5, "S"))
    kept = [mark(first), mark(second)]
    guard = PageGuard("PLATFORM", 10, kept)
    assert (guard.next_page, guard.snapshot, guard.read) == (3, "S", 4)
    with pytest.raises(SystemUnreachable, match="DB-PLATFORM-021"):
        guard.check(Page(3, 5, "S", first.rows, (), 0, first.digest))
    guard.check(third)
    assert guard.finished
    assert guard.list_digest == judge(([1, 2], 5, "S"), ([3, 4], 5, "S"), ([5], 5, "S")).list_digest


def test_a_page_that_is_another_page_is_refused(system: System, connections: Connections) -> None:
    system.answer(envelope(page([entity_row(1)], 1, 2)))
    with pytest.raises(SystemUnreachable, match="DB-PLATFORM-021"):
        connections.platform.objects(2, "S1")


def test_a_snapshot_that_is_gone_says_so(system: System, connections: Connections) -> None:
    system.answer(envelope(None, "44", "快照已失效"))
    with pytest.raises(DrawbridgeError, match="DB-PLATFORM-023"):
        connections.platform.objects(2, "S1")


def test_results_that_change_while_they_are_read_are_not_passed_over(
    system: System, connections: Connections
) -> None:
    """A row that is updated goes to the end; counting pages would miss the one that takes its place."""
    held = {
        f"R{n:05d}": result_row(n, updatedAt=f"2024-06-22 10:{n // 60:02d}:{n % 60:02d}") for n in range(250)
    }
    calls = 0

    def serve(sock: object, request: Request) -> None:
        nonlocal calls
        from urllib.parse import parse_qs, urlsplit

        query = parse_qs(urlsplit(request.target).query)
        since = query.get("updatedSince", [""])[0]
        number = int(query["pageNo"][0])
        if calls == 1:
            held["R00005"]["updatedAt"] = "2024-06-22 11:00:00"
        calls += 1
        rows = sorted(
            (row for row in held.values() if str(row["updatedAt"]) >= since),
            key=lambda row: (str(row["updatedAt"]), str(row["resultId"])),
        )
        part = rows[(number - 1) * 100 : number * 100]
        sock.sendall(envelope(page(part, number, len(rows), None), Connection="close"))  # type: ignore[attr-defined]

    system.answer(serve)
    found = {row.result_id for one in walk_results(connections.platform, TASK, None) for row in one.rows}
    assert found == set(held)


def test_many_results_of_one_second_are_all_read(system: System, connections: Connections) -> None:
    rows = [result_row(n) for n in range(230)]

    def serve(sock: object, request: Request) -> None:
        number = int(request.target.split("pageNo=")[1].split("&")[0])
        part = rows[(number - 1) * 100 : number * 100]
        sock.sendall(envelope(page(part, number, 230, None), Connection="close"))  # type: ignore[attr-defined]

    system.answer(serve)
    found = {row.result_id for one in walk_results(connections.platform, TASK, None) for row in one.rows}
    assert len(found) == 230


def test_doubles_over_a_finished_list(system: System, connections: Connections) -> None:
    rows = [
        entity_row(1),
        entity_row(2, entName="清河（甲）公司"),
        entity_row(2, entName="清河(甲)公司"),
        entity_row(3),
        entity_row(3, entName="另一个名称"),
    ]
    system.answer(envelope(page(rows, 1, 5)))
    got = connections.platform.objects(1, None)
    refused = find_doubles(
        object_keyed(number, record, raw)
        for number, (record, raw) in enumerate(zip(got.rows, rows, strict=True), 1)
    )
    assert [(row.row_no, row.code) for row in refused] == [
        (3, "DB-INPUT-031"),
        (4, "DB-INPUT-030"),
        (5, "DB-INPUT-030"),
    ]
    assert "第 2 行" in refused[0].reason


def test_one_owner_under_two_names_refuses_all_of_its_projects(
    system: System, connections: Connections
) -> None:
    owner = {"ownerUniscid": code(9)}
    rows = [
        project_row(1, **owner, ownerName="甲公司"),
        project_row(2, **owner, ownerName="乙公司"),
        project_row(3),
        project_row(4, ownerUniscid=code(3), ownerName="清河县试验3号有限公司"),
    ]
    system.answer(envelope(page(rows, 1, 4)))
    got = connections.platform.objects(1, None)
    refused = find_doubles(object_keyed(n, record, {}) for n, record in enumerate(got.rows, 1))
    assert [(row.row_no, row.code) for row in refused] == [(1, "DB-INPUT-032"), (2, "DB-INPUT-032")]
