"""The record that is published of an enterprise, and what the publicity system says of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors.exchange_xml import message
from connectors.profile_clock import Clock
from mock_platform.exchange_face import post_spotchecks
from mock_platform.plan import read_plan
from mock_platform.signature import Gate
from mock_platform.wire import Request
from mock_platform.world import World
from rules.deadlines import publication_deadline
from rules.publication import (
    completed_at,
    first_completed_at,
    is_complete,
    normalise_result_text,
    publication_record,
    withheld_reason,
)
from schemas.codes import ResultCode, ReviewOpinion
from schemas.errors import DrawbridgeError
from schemas.publication import PublicationRecord
from tests.rules.visit_rows import ITEMS, MARKET, WATER, campaign, complete, form, result, review

PLAN = Path(__file__).parents[2] / "campaigns" / "qinghe-2024-22.yaml"
MORNING = datetime(2024, 6, 12, 3, 0, tzinfo=UTC)
LATE = datetime(2024, 6, 13, 23, 30, tzinfo=UTC)  # 07:30 of the 14th in Shanghai


def record(**changes: str) -> PublicationRecord:
    one = form()
    more = {"prip_id": "P1", "record_id": f"{one.task_id}-{one.uscc}"} | changes
    return publication_record(campaign(), one, complete(one), **more)


def test_completion_is_the_latest_of_the_departments_by_shanghai_date() -> None:
    one = form()
    rows = [result(one, "SW-01", completed_at=LATE), result(one, "SC-01"), result(one, "SC-02")]
    assert completed_at(one, rows) == LATE
    assert first_completed_at(one, rows) == MORNING
    told = publication_record(campaign(), one, rows, prip_id="P1", record_id="R1")
    assert told.completed_on == date(2024, 6, 14)


def test_a_completion_at_23_30_utc_counts_from_the_next_day_in_shanghai() -> None:
    one = form()
    rows = complete(one, completed_at=datetime(2024, 7, 30, 23, 30, tzinfo=UTC))
    assert publication_deadline(completed_at(one, rows)).on == date(2024, 8, 28)


def test_what_was_entered_beside_the_form_does_not_move_the_completion() -> None:
    one, other = form(), form(2)
    rows = [*complete(one), result(other, "SW-01", completed_at=LATE)]
    assert completed_at(one, rows) == MORNING


def test_without_any_result_there_is_no_completion() -> None:
    with pytest.raises(DrawbridgeError) as refused:
        completed_at(form(), [])
    assert refused.value.code == "DB-PUBLISH-002"


def test_a_record_has_one_line_per_item_the_leads_first_and_names_the_authorities() -> None:
    one = form(items=("SC-02", "SW-01", "SC-01"))
    rows = [
        result(one, "SW-01", ResultCode.ORDERED_TO_CORRECT),
        result(one, "SC-01"),
        result(one, "SC-02", ResultCode.NOT_PUBLICISED),
    ]
    told = publication_record(campaign(), one, rows, prip_id="P1", record_id="R1")
    assert [(line.seq_no, line.item_name, line.result_name) for line in told.details] == [
        (1, "生产建设项目水土保持审批的后续监管", "发现问题已责令改正"),
        (2, "公示信息检查", "未按规定公示应当公示的信息"),
        (3, "登记事项检查", "未发现问题"),
    ]
    assert told.authority == f"{WATER}、{MARKET}"
    assert (told.version, told.operation, told.task_type) == (1, "I", "不定向")


def test_a_department_without_an_item_on_the_form_is_no_authority() -> None:
    one = form(items=("SW-01",))
    assert is_complete(one, complete(one))
    told = publication_record(campaign(), one, complete(one), prip_id="P1", record_id="R1")
    assert told.authority == WATER


def test_the_name_is_todays_where_it_is_known() -> None:
    assert record(ent_name="清河县新名称商贸有限公司").ent_name == "清河县新名称商贸有限公司"
    assert record().ent_name == form().ent_name


def test_nothing_of_people_or_problems_leaves_with_the_record() -> None:
    one = form()
    rows = [result(one, item, ResultCode.PENDING, problem="某人未在现场") for item in ITEMS]
    text = publication_record(campaign(), one, rows, prip_id="P1", record_id="R1").model_dump_json()
    assert "某人" not in text
    assert one.inspectors[0].inspector_id not in text


def test_no_record_is_made_of_half_a_form_or_of_another_task() -> None:
    one = form()
    with pytest.raises(DrawbridgeError) as half:
        publication_record(campaign(), one, complete(one)[:1], prip_id="P1", record_id="R1")
    assert (half.value.code, half.value.facts["items"]) == ("DB-PUBLISH-002", "登记事项检查、公示信息检查")
    with pytest.raises(DrawbridgeError) as other:
        publication_record(
            campaign(task_id="130534202405281002"), one, complete(one), prip_id="P1", record_id="R1"
        )
    assert other.value.code == "DB-PUBLISH-003"


def test_withheld_is_what_the_reviewer_withholds_with_the_basis_and_who_is_no_market_entity() -> None:
    firm, school = form(), form(2, uscc="12130534401234567H")
    assert withheld_reason(firm.uscc, complete(firm)) is None
    basis = "政府信息公开条例第十四条"
    secret = complete(firm, review=review(ReviewOpinion.WITHHELD, basis))
    assert withheld_reason(firm.uscc, [secret[0], *complete(firm)[1:]]) == basis
    silent = complete(firm, review=review(ReviewOpinion.WITHHELD))
    assert withheld_reason(firm.uscc, silent) == "依法不予公示（未写明依据）"
    assert withheld_reason(school.uscc, complete(school)) == "非市场主体"


@pytest.mark.parametrize("code", list(ResultCode))
def test_each_official_wording_means_its_code(code: ResultCode) -> None:
    assert normalise_result_text(code.label) is code
    assert normalise_result_text(f" {code.label}；") is code


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("不予配合检查情节严重", ResultCode.NOT_COOPERATING),
        ("发现问题经责令已改正", ResultCode.ORDERED_TO_CORRECT),
        ("公示信息隐瞒真实情况弄虚作假", ResultCode.FALSE_INFORMATION),
        ("通过登记的住所(经营场所)无法联系。", ResultCode.NOT_REACHABLE),
    ],
)
def test_known_variants_become_the_official_wording(written: str, code: ResultCode) -> None:
    assert normalise_result_text(written) is code


@pytest.mark.parametrize("written", ["", "发现问题", "未发现问题已责令改正", "注销"])
def test_other_wordings_are_refused_not_guessed(written: str) -> None:
    with pytest.raises(DrawbridgeError, match="DB-PUBLISH-001"):
        normalise_result_text(written)


# --- the publicity system takes it --------------------------------------------------------


def answer_of(told: PublicationRecord) -> str:
    """What the exchange of a mock with the same campaign file says at once of a message with this record."""
    plan = read_plan(PLAN)
    world = World(plan, 1, None, "max", Gate("key", "secret"))
    world.items = list(plan.items)
    world.clock.set(datetime(2024, 7, 31, 10, 0, tzinfo=UTC))
    clock = Clock(zone="Asia/Shanghai", time_format="%Y-%m-%d %H:%M:%S", date_format="%Y-%m-%d")
    body = message("130534-SSJ", "130000-GSXT", "B-000001", MORNING, [told], clock)
    return post_spotchecks(world, Request("POST", "/exchange/v1/spotchecks", {}, body)).body.decode()


@pytest.mark.parametrize("found", list(ResultCode))
def test_the_exchange_takes_a_record_with_any_of_the_eight_results(found: ResultCode) -> None:
    one = form()
    rows = [result(one, item, found) for item in ITEMS]
    told = publication_record(campaign(), one, rows, prip_id="P1", record_id=f"{one.task_id}-{one.uscc}")
    assert "<state>pending</state>" in answer_of(told)


def test_the_exchange_takes_a_record_of_the_lead_alone() -> None:
    one = form(items=("SW-01",))
    told = publication_record(campaign(), one, complete(one), prip_id="P1", record_id="R1")
    assert "<state>pending</state>" in answer_of(told)


def test_the_exchange_refuses_another_wording() -> None:
    told = record()
    spoilt = told.model_copy(
        update={"details": (told.details[0].model_copy(update={"result_name": "正常"}), *told.details[1:])}
    )
    assert "<state>rejected</state><code>96</code>" in answer_of(spoilt)
