"""Records refuse what cannot be, and their errors never repeat what was put in."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from pydantic import ValidationError

import schemas
from schemas.codes import ResultCode, RiskGrade
from schemas.inspector import Inspector
from schemas.record import Record


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
