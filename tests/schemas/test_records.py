"""Records refuse what cannot be, and their errors never repeat what was put in."""

from __future__ import annotations

import importlib
import pkgutil
import random
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

import schemas
from schemas.campaign import Campaign, Department, Plan, Ratio
from schemas.codes import DepartmentRole, ObjectKind, ResultCode, RiskGrade, SignatureState
from schemas.directory import AnyObject, Entity, ProjectObject
from schemas.inspector import Inspector
from schemas.item import InspectionItem
from schemas.publication import PublicationRecord
from schemas.record import Record
from schemas.result import ItemResult, Visit
from tests.factories import code
from tests.rules.visit_rows import campaign, form, result


def subclasses(kind: type[Record]) -> list[type[Record]]:
    return [one for child in kind.__subclasses__() for one in (child, *subclasses(child))]


def test_every_record_is_frozen_and_refuses_unknown_members() -> None:
    for module in pkgutil.iter_modules(schemas.__path__, "schemas."):
        importlib.import_module(module.name)
    found = subclasses(Record)
    assert len(found) > 15
    for model in found:
        assert model.model_config["frozen"]
        assert model.model_config["extra"] == "forbid"
        assert model.model_config["hide_input_in_errors"]


def test_an_error_never_shows_a_name() -> None:
    with pytest.raises(ValidationError) as refused:
        Inspector(inspector_id="", name="张三", dept_code="SW", cert_valid_to="张三的生日")
    assert "张三" not in str(refused.value)


def test_codes_know_their_official_wording_both_ways() -> None:
    assert ResultCode("2").label == "未按规定公示应当公示的信息"
    assert ResultCode.from_label("通过登记的住所（经营场所）无法联系") is ResultCode.NOT_REACHABLE
    assert len(ResultCode) == 8
    with pytest.raises(ValueError, match="不存在"):
        RiskGrade.from_label("不存在")


USCC = code(random.Random(8))
PROJECT = ProjectObject(
    object_id="清水保〔2023〕1号", uscc=USCC, ent_name="清河县甲有限公司", project_name="扩建"
)

ITEM = {"item_code": "a", "item_name": "b", "kind": "1", "dept_code": "SW", "legal_basis": ["某法第一条"]}


def test_an_object_comes_back_as_what_it_was() -> None:
    objects = TypeAdapter(list[AnyObject])
    entity = Entity(object_id=USCC, uscc=USCC, ent_name="清河县甲有限公司")
    again = objects.validate_json(objects.dump_json([PROJECT, entity]))
    assert again == [PROJECT, entity]
    assert [type(one) for one in again] == [ProjectObject, Entity]
    assert again[0].kind is ObjectKind.PROJECT
    assert again[0].owner_uscc == USCC


@pytest.mark.parametrize(
    "one", [campaign(), form(), result(form(), "SW-01")], ids=lambda one: type(one).__name__
)
def test_a_record_comes_back_as_what_it_was(one: Record) -> None:
    assert type(one).model_validate_json(one.model_dump_json()) == one


@pytest.mark.parametrize(
    ("model", "values", "member"),
    [
        (Department, {"code": "SW", "name": "水务局", "role": "1", "items": ["a"], "team": 1}, "team"),
        (Department, {"code": "SW", "name": "水务局", "role": "1", "items": []}, "items"),
        (Plan, {"plan_id": "1305342024100", "name": "计划"}, "plan_id"),
        (Plan, {"plan_id": "１3053420241001", "name": "计划"}, "plan_id"),
        (Ratio, {"raw": "10%", "share": "0.10000001"}, "share"),
        (Ratio, {"raw": "200%", "share": "2"}, "share"),
        (InspectionItem, ITEM | {"legal_basis": []}, "legal_basis"),
        (InspectionItem, ITEM | {"kind": "3"}, "kind"),
        (Entity, {"object_id": "1", "uscc": "130534000012345", "ent_name": "甲"}, "uscc"),
        (Entity, {"object_id": "1", "uscc": USCC, "ent_name": "甲", "adm_code": "13053"}, "adm_code"),
        (Entity, {"object_id": "1", "uscc": USCC, "ent_name": "甲", "risk_month": "2024-5"}, "risk_month"),
        (Entity, {"object_id": "1", "uscc": USCC, "ent_name": "甲", "phone": "1"}, "phone"),
        (ProjectObject, PROJECT.model_dump() | {"project_name": ""}, "project_name"),
    ],
)  # fmt: skip
def test_a_record_refuses_what_cannot_be(model: type[Record], values: dict[str, Any], member: str) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(values)
    assert [error["loc"][0] for error in refused.value.errors()] == [member]


def test_a_record_is_never_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        PROJECT.ent_name = "别的名称"


def test_a_refusal_to_sign_needs_its_note() -> None:
    with pytest.raises(ValidationError):
        Visit(signature=SignatureState.REFUSED)
    assert Visit(signature=SignatureState.REFUSED, refusal_note="当场拒签，两人见证").refusal_note


@pytest.mark.parametrize("found", ResultCode)
def test_a_problem_needs_its_description_and_the_other_results_none(found: ResultCode) -> None:
    values = result(form(), "SW-01").model_dump() | {"code": found, "problem": None}
    is_problem = found.value in {"2", "3", "4", "5", "6", "8"}  # domain reference §2.2
    if is_problem:
        with pytest.raises(ValidationError):
            ItemResult.model_validate(values)
        values["problem"] = "某处未按要求办理"
    assert ItemResult.model_validate(values).is_problem is is_problem


def test_one_department_leads_and_comes_first() -> None:
    lead, other = campaign().departments
    for departments in [(other, lead), (other,), (lead, lead)]:
        with pytest.raises(ValidationError):
            Campaign.model_validate(campaign().model_dump() | {"departments": departments})
    assert campaign().lead.role is DepartmentRole.LEAD


@pytest.mark.parametrize(("enterprises", "groups"), [(0, 1), (1, 1), (6, 1), (7, 2), (41, 7)])
def test_groups_are_as_few_as_hold_all_enterprises(enterprises: int, groups: int) -> None:
    assert campaign(per_group=6).group_count(enterprises) == groups
    assert campaign(per_group=None, groups=4).group_count(enterprises) == 4


def test_a_publication_record_has_its_details() -> None:
    values: dict[str, Any] = {
        "record_id": "1", "prip_id": None, "uscc": USCC, "ent_name": "甲", "plan_id": "1",
        "plan_name": "计划", "task_id": "1", "task_name": "任务", "task_type": "不定向",
        "authority": "甲局、乙局", "completed_on": date(2024, 6, 12),
    }  # fmt: skip
    with pytest.raises(ValidationError):
        PublicationRecord(**values, details=())
    detail = {"seq_no": 1, "item_name": "登记事项检查", "result_name": "未发现问题"}
    assert PublicationRecord(**values, details=(detail,)).version == 1


def test_a_moment_keeps_its_zone_through_json() -> None:
    one = result(form(), "SW-01")
    again = ItemResult.model_validate_json(one.model_dump_json())
    assert again.completed_at == one.completed_at
    assert again.completed_at.utcoffset() == datetime.now(UTC).utcoffset()
