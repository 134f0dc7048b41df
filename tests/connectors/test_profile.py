"""The interface profile: everything that differs from one province to the next, in one file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from connectors.factory import connect
from connectors.profile import Profile, check_profile, load_profile, profile_names
from connectors.profile_advice import advice
from connectors.profile_clock import Clock
from connectors.profile_fields import CODE_TABLES, PLATFORM_FIELDS, PUBLICITY_FIELDS
from schemas.codes import ResultCode
from schemas.errors import DrawbridgeError
from tests.connectors.conftest import APP_KEY, SECRET, System, envelope, http, hurried
from tests.connectors.rows import code

HEBEI = (files("connectors") / "profiles" / "hebei.toml").read_text("utf-8")


def loading(path: Path, text: str | bytes) -> DrawbridgeError:
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    with pytest.raises(DrawbridgeError) as caught:
        load_profile(path)
    return caught.value


SHIPPED = ["hebei", "national-supervision"]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_profiles_that_ship_are_whole(name: str) -> None:
    assert profile_names() == SHIPPED
    profile = load_profile(name)
    assert profile.name == name
    assert set(profile.platform.fields) == set(PLATFORM_FIELDS)
    assert set(profile.publicity.fields) == PUBLICITY_FIELDS
    assert set(profile.codes) == set(CODE_TABLES)
    assert all("md5" in hint for hint in advice(profile))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_code_of_ours_can_be_written_to_the_platform(name: str) -> None:
    """All but what no source may state: an unknown registration state."""
    profile = load_profile(name)
    for table, members in CODE_TABLES.items():
        for member in members or ():
            assert isinstance(member, Enum)
            if (table, member.value) != ("reg_state", "0"):
                assert profile.ours(table, profile.theirs(table, str(member.value))) == str(member.value)


def test_headings_may_be_those_of_another_profile(tmp_path: Path) -> None:
    """People head their sheets alike whatever their platform is: said once."""
    assert load_profile("national-supervision").spreadsheets == load_profile("hebei").spreadsheets
    own = HEBEI[: HEBEI.index("[spreadsheets.entity]")]
    error = loading(tmp_path / "本省.toml", 'spreadsheets = "henan"\n' + own)
    assert (error.facts["where"], error.facts["line"]) == ("spreadsheets", 1)
    assert "henan" in str(error.facts["detail"])


def test_codes_are_translated_both_ways(hebei: Profile) -> None:
    assert hebei.ours("reg_state", "吊销，未注销") == "3"
    assert hebei.ours("reg_state", "迁往火星") is None
    assert hebei.theirs("result", ResultCode.PENDING) == "8"


def test_a_code_without_a_wording_is_named(hebei: Profile) -> None:
    document = hebei.model_dump()
    del document["codes"]["verdict"]["2"]
    with pytest.raises(DrawbridgeError) as caught:
        Profile.model_validate(document).theirs("verdict", "2")
    assert caught.value.code == "DB-PROFILE-005"
    assert "verdict" in caught.value.zh


def test_a_profile_is_named_or_given_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "本省.toml"
    path.write_text(HEBEI, "utf-8")
    assert load_profile(path) == load_profile(str(path)) == load_profile("hebei")


@pytest.mark.parametrize("name", ["henan", "../hebei", "/no/such.toml", "hebei.toml", ""])
def test_a_profile_that_is_not_there_says_which_are(name: str) -> None:
    with pytest.raises(DrawbridgeError) as caught:
        load_profile(name)
    assert caught.value.code == "DB-PROFILE-001"
    assert "现有：hebei、national-supervision" in caught.value.zh


def test_files_that_are_no_profile(tmp_path: Path) -> None:
    path = tmp_path / "本省.toml"
    assert loading(path, HEBEI.encode("gb18030")).code == "DB-PROFILE-002"
    assert loading(path, "name = ").code == "DB-PROFILE-003"
    assert "line 2" in str(loading(path, 'name = "x"\ntitle == 1\n'))
    assert loading(path, "").code == "DB-PROFILE-004"


Change = tuple[str, str, str]
MISTAKES: dict[str, Change] = {
    "a key left out": ('zone = "Asia/Shanghai"\n', "", "clock.zone"),
    "a key too many": ('zone = "Asia/Shanghai"\n', 'zone = "Asia/Shanghai"\nzoom = 1\n', "clock.zoom"),
    "an algorithm that nobody has": ('"hmac-sm3" ', '"md4" ', "platform.signature.algorithm"),
    "a zone that nobody lives in": ('"Asia/Shanghai"', '"Asia/Qinghe"', "clock.zone"),
    "a time without seconds": ("%H:%M:%S", "%H:%M", "clock"),
    "a task that is named nowhere": ("/{task_id}/draw/seals", "/draw/seals", "platform.endpoints.seals"),
    "braces that nobody fills in": ("/directories/items", "/{dir}/items", "platform.endpoints.items"),
    "one parameter for two things": ('size = "pageSize"', 'size = "pageNo"', "platform.paging"),
    "a part of the signature": ('"nonce", ', '"luck", ', "platform.signature.parts"),
    "no time at all": ("total_s = 60", "total_s = 0", "platform.limits.total_s"),
    "a meaning": ('"00" = "ok"', '"00" = "fine"', "platform.codes.00"),
    "a path to another host": (
        '"/api/v1/directories/items"',
        '"//example.invalid/x"',
        "platform.endpoints.items",
    ),
    "a path without a slash": ('"/api/v1/directories/items"', '"api/items"', "platform.endpoints.items"),
    "a field left out": ('leader = "leader"\n', "", "platform.fields.form.leader"),
    "a field too many": (
        'leader = "leader"\n',
        'leader = "leader"\nboss = "b"\n',
        "platform.fields.form.boss",
    ),
    "a field that cannot lie flat": ('leader = "leader"', 'leader = "."', "platform.fields.form.leader"),
    "a table left out": ("[codes.verdict]", "[codes.verdikt]", "codes.verdict"),
    "a code that is none of ours": ('"歇业" = "6"', '"歇业" = "66"', "codes.reg_state.歇业"),
    "a required column without a heading": (
        'required = ["name"]',
        'required = ["name", "rank"]',
        "spreadsheets.inspector",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_by_its_place(tmp_path: Path, case: str) -> None:
    old, new, where = MISTAKES[case]
    assert old in HEBEI
    error = loading(tmp_path / "本省.toml", HEBEI.replace(old, new, 1))
    assert error.code == "DB-PROFILE-004"
    assert str(error.facts["where"]).startswith(where)
    assert "docs/profiles.md" in error.act


def test_every_mistake_is_listed_with_its_line(tmp_path: Path) -> None:
    """What a person who writes a profile wants: all of it at once, where it stands in the file."""
    path = tmp_path / "本省.toml"
    text = HEBEI
    for old, new in (
        ('zone = "Asia/Shanghai"', 'zonne = "Asia/Shanghai"'),
        ("total_s = 60", 'total_s = "lang"'),
        ('leader = "leader"\n', ""),
        ('"歇业" = "6"', '"歇业" = "66"'),
        ('seq_no = "seqno"', 'seqno = "seqno"'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")
    profile, mistakes = check_profile(path)
    assert profile is None
    lines = text.splitlines()
    found = {mistake.where: (lines[mistake.line - 1], mistake.what) for mistake in mistakes}
    assert found == {
        "clock.zone": ("[clock]", "缺少这一项"),
        "clock.zonne": ('zonne = "Asia/Shanghai"', "没有这一项，请删去或改正名称"),
        "platform.limits.total_s": ('total_s = "lang"', "须是数"),
        "platform.fields.form.leader": ("[platform.fields.form]", "缺少这一项"),
        "codes.reg_state.歇业": ('"歇业" = "66"', "本系统没有代码 66"),
        "publicity.fields.seq_no": ("[publicity.fields]", "缺少这一项"),
        "publicity.fields.seqno": ('seqno = "seqno"', "没有这一项，请删去或改正名称"),
    }
    assert [mistake.line for mistake in mistakes] == sorted(mistake.line for mistake in mistakes)
    error = loading(path, text)
    assert (error.facts["line"], error.facts["count"]) == (mistakes[0].line, 7)


def test_a_usable_profile_is_looked_at_for_what_people_overlook(hebei: Profile) -> None:
    document = hebei.model_dump()
    document["platform"]["fields"]["form"]["leader"] = "group"
    del document["codes"]["disposal"]["7"]
    rule = document["platform"]["signature"]
    rule |= {"nonce_header": None, "parts": ("method", "target", "timestamp")}
    said = "\n".join(advice(Profile.model_validate(document)))
    assert "group、leader 都写作 group" in said
    assert "codes.disposal 没有写法对应本系统代码 7" in said
    assert "不覆盖报文" in said
    assert "没有随机串" in said


def test_times_are_read_in_the_zone_of_the_system(hebei: Profile) -> None:
    at = datetime(2024, 6, 20, 16, 30, tzinfo=UTC)
    assert hebei.clock.write_time(at) == "2024-06-21 00:30:00"
    assert hebei.clock.read_time("2024-06-21 00:30:00") == at
    assert hebei.clock.read_date("2024-06-21") == date(2024, 6, 21)


@pytest.mark.parametrize(("form", "written"), [("ms", 1718901000000), ("s", "1718901000")])
def test_times_may_be_numbers_since_1970(form: str, written: object) -> None:
    clock = Clock(zone="Asia/Shanghai", time_format=form, date_format=form)
    at = datetime(2024, 6, 20, 16, 30, tzinfo=UTC)
    assert clock.read_time(written) == at
    assert clock.write_time(at) == str(written)
    assert clock.read_date(written) == clock.day_of(written) == date(2024, 6, 21)
    for wrong in (True, None, "2024-06-21", -1, 10**15, 1.5):
        with pytest.raises(ValueError, match="1970"):
            clock.read_time(wrong)


def test_a_day_in_the_systems_own_writing_is_no_repair() -> None:
    clock = Clock(zone="Asia/Shanghai", time_format="%Y%m%d%H%M%S", date_format="%Y%m%d")
    assert clock.day_of("20240621") == date(2024, 6, 21)
    for kept in ("2024-06-21", "长期", "20241350", None):
        assert clock.day_of(kept) == kept


def keys_of(document: dict[str, Any]) -> Iterator[str]:
    """Every key that is the same in all provinces."""
    for key, value in document.items():
        yield key
        if isinstance(value, dict) and key not in ("columns", "fields") and not key.startswith("codes"):
            yield from keys_of(value)


def test_the_manual_explains_every_key() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text("utf-8")
    second = (files("connectors") / "profiles" / "national-supervision.toml").read_text("utf-8")
    keys = {*keys_of(tomllib.loads(HEBEI)), *keys_of(tomllib.loads(second))}
    missing = sorted(key for key in keys if key not in manual)
    assert missing == []
    assert all(f"`{table}`" in manual for table in CODE_TABLES)
    assert all(f"`{kind}`" in manual for kind in PLATFORM_FIELDS)


# --- another province ----------------------------------------------------------------------------


def another_province(hebei: Profile, change: Callable[[dict[str, Any]], None]) -> Profile:
    document = hurried(hebei).model_dump()
    change(document)
    return Profile.model_validate(document)


def test_another_provinces_names_codes_and_pages_take_no_code_of_ours(system: System, hebei: Profile) -> None:
    def change(document: dict[str, Any]) -> None:
        platform = document["platform"]
        platform["signature"] |= {
            "algorithm": "hmac-sha256",
            "body_digest": "sha256",
            "parts": ("app_key", "timestamp", "nonce", "body_digest"),
            "separator": "&",
            "timestamp_unit": "s",
            "signature_header": "sign",
        }
        platform["endpoints"]["objects"] = "/openapi/zt/list"
        platform["envelope"] = {"code": "status", "message": "info", "request_id": "id", "data": "result"}
        platform["codes"] = {"200": "ok", "500": "system_error"}
        platform["paging"] |= {
            "style": "offset",
            "page": "offset",
            "size": "limit",
            "page_size": 2,
            "rows": "list",
            "total": "count",
        }
        platform["fields"]["entity"] |= {"uscc": ["tyshxydm", "zch"], "ent_name": "qymc", "object_kind": "lx"}
        document["codes"]["object_kind"] = {"QY": "1", "XM": "2"}

    rows = [
        {"lx": "QY", "tyshxydm": "", "zch": code(1), "qymc": "甲厂", "objectId": "1"},
        {"lx": "QY", "tyshxydm": code(2), "qymc": "乙厂", "objectId": "2"},
    ]
    answer = {"status": "200", "info": "", "id": "1", "result": {"list": rows, "count": 4}}
    system.answer(http(json.dumps(answer, ensure_ascii=False)))
    with connect(another_province(hebei, change), system.url, system.url, APP_KEY, SECRET) as connections:
        page = connections.platform.objects(2, None)
    assert [(row.uscc, row.ent_name) for row in page.rows] == [(code(1), "甲厂"), (code(2), "乙厂")]
    assert page.total == 4
    request = system.requests[0]
    assert request.target == "/openapi/zt/list?limit=2&offset=2"
    assert "sign" in request.headers
    assert len(request.headers["x-timestamp"]) == 10


# --- announced numbers ---------------------------------------------------------------------------


def test_an_announced_number_is_read_from_its_place(system: System, hebei: Profile) -> None:
    system.answer(
        http('{"id": "双色球2024061", "value": "01 02 03"}'),
        http('{"error": "not yet"}', status="404 Not Found"),
    )
    with connect(hurried(hebei), system.url, system.url, APP_KEY, SECRET) as connections:
        assert connections.numbers.value("双色球2024061") == "01 02 03"
        assert connections.numbers.value("双色球2024062") is None
    assert system.requests[0].target == ("/public-numbers/%E5%8F%8C%E8%89%B2%E7%90%832024061")


@pytest.mark.parametrize(
    "body",
    [
        '{"id": "另一期", "value": "01"}',
        '{"id": "本期"}',
        '{"id": "本期", "value": 12}',
        '{"id": "本期", "value": ""}',
        '["01"]',
        "<html>明日公布</html>",
        '{"id": "本期", "id": "本期", "value": "01"}',
    ],
)
def test_what_is_not_the_number_asked_for_is_never_taken_for_it(
    system: System, hebei: Profile, body: str
) -> None:
    system.answer(http(body))
    with (
        connect(hurried(hebei), system.url, system.url, APP_KEY, SECRET) as connections,
        pytest.raises(DrawbridgeError) as caught,
    ):
        connections.numbers.value("本期")
    assert caught.value.code in ("DB-PLATFORM-020", "DB-PLATFORM-006")


def test_without_a_place_a_person_types_the_number(system: System, hebei: Profile) -> None:
    profile = another_province(hebei, lambda document: document["public_numbers"].update(path=None))
    with connect(profile, system.url, system.url, APP_KEY, SECRET) as connections:
        assert connections.numbers.value("本期") is None
    assert system.requests == []


# --- campaign time -------------------------------------------------------------------------------


def test_without_a_mock_campaign_time_is_the_walls(system: System, hebei: Profile) -> None:
    with connect(hebei, system.url, system.url, APP_KEY, SECRET) as connections:
        apart = datetime.now(UTC) - connections.clock.now()
    assert abs(apart.total_seconds()) < 5


def test_with_a_mock_campaign_time_is_read_from_its_control_face(system: System, hebei: Profile) -> None:
    system.answer(http('{"now": "2024-05-28T09:00:00+08:00", "next": null}'))
    with connect(hebei, system.url, system.url, APP_KEY, SECRET, clock_url=system.url + "/") as connections:
        assert connections.clock.now() == datetime(2024, 5, 28, 1, 0, tzinfo=UTC)
    assert system.requests[0].target == "/control/clock"


@pytest.mark.parametrize(
    "answer",
    [
        envelope(None),
        http('{"now": "2024-05-28T09:00:00"}'),
        http('{"now": 5}'),
        http("[]"),
        http("<html/>"),
        http("", status="500 Internal Server Error"),
    ],
)
def test_a_control_face_without_a_time_is_one_sentence(system: System, hebei: Profile, answer: bytes) -> None:
    system.answer(answer)
    with (
        connect(hebei, system.url, system.url, APP_KEY, SECRET, clock_url=system.url) as connections,
        pytest.raises(DrawbridgeError, match="DB-PLATFORM-029"),
    ):
        connections.clock.now()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_file_is_toml_with_nothing_secret_in_it(name: str) -> None:
    document = tomllib.loads((files("connectors") / "profiles" / f"{name}.toml").read_text("utf-8"))
    assert not {"app_key", "secret", "password", "token"} & set(document["platform"]["signature"])
