"""The second profile against the mock of its dialect: names, signature, pages by offset, what goes wrong."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import ValidationError

from connectors.factory import Connections, connect
from connectors.paging import PageGuard, same_list
from connectors.profile import Profile, load_profile, profile_names
from connectors.profile_signature import SignatureRule
from connectors.protocols import Platform, SystemUnreachable
from connectors.signature import signed_headers, string_to_sign
from mock_platform.dialects import DIALECTS
from mock_platform.simulator import Simulator
from schemas.errors import DrawbridgeError
from tests.connectors.conftest import System, http, hurried
from tests.mock_platform.conftest import setting
from tests.mock_platform.raw_client import KEY, SECRET, RawClient

NAME = "national-supervision"
AREA = "PLATFORM"


@contextmanager
def running(dialect: str = NAME, **changes: Any) -> Iterator[Simulator]:
    with Simulator(setting(dialect=dialect, **changes)) as simulator:
        yield simulator


def national(page_size: int = 100, **signature: object) -> Profile:
    """The profile with short waits; `signature` changes members of the rule."""
    document = hurried(load_profile(NAME)).model_dump()
    document["platform"]["paging"]["page_size"] = page_size
    document["platform"]["signature"] |= signature
    return Profile.model_validate(document)


def to(simulator: Simulator, profile: Profile, secret: str = SECRET) -> Connections:
    return connect(profile, simulator.platform_url, simulator.publicity_url, KEY, secret)


def test_the_mock_speaks_every_profile_that_ships() -> None:
    assert sorted(DIALECTS) == profile_names()


# --- the directories say the same --------------------------------------------------------------------


def whole(platform: Platform) -> tuple[list[Any], list[Any], list[Any]]:
    guard = PageGuard(AREA, 1000)
    objects: list[Any] = []
    while not guard.finished:
        page = platform.objects(guard.next_page, guard.snapshot)
        guard.check(page)
        objects += page.rows
    return objects, list(platform.inspectors(1, None).rows), list(platform.items().rows)


def test_both_dialects_hold_one_directory() -> None:
    """The same seed, dirt included: the same records, the same repairs, under either profile."""
    with (
        running("hebei", objects=40) as simulator,
        to(simulator, hurried(load_profile("hebei"))) as connections,
    ):
        ours = whole(connections.platform)
        repaired = connections.platform.objects(1, None).normalised
    with running(objects=40) as simulator, to(simulator, national()) as connections:
        theirs = whole(connections.platform)
        assert connections.platform.objects(1, None).normalised == repaired > 0
    assert theirs == ours
    assert any(row.recusals for row in theirs[1])
    assert all(row.materials and row.legal_basis for row in theirs[2])


# --- pages by offset -----------------------------------------------------------------------------------


def test_pages_are_asked_for_by_the_rows_before_them() -> None:
    paging = national(20).platform.paging
    assert [paging.query(page)["OFFSET"] for page in (1, 2, 3)] == ["0", "20", "40"]
    assert [paging.page_at(position) for position in (0, 20, 40)] == [1, 2, 3]


def test_a_list_without_a_snapshot_is_read_to_its_end() -> None:
    with running(objects=40) as simulator, to(simulator, national(20)) as connections:
        guard = PageGuard(AREA, 100)
        while not guard.finished:
            guard.check(connections.platform.objects(guard.next_page, guard.snapshot))
        assert guard.read == len(simulator.world.objects) == 80
        assert len(guard.marks) == 4
        assert not guard.stable


def read_all(connections: Connections, between: Any = None) -> PageGuard:
    """Every page, with something that happens after the first."""
    guard = PageGuard(AREA, 100)
    while not guard.finished:
        guard.check(connections.platform.objects(guard.next_page, guard.snapshot))
        if between is not None and len(guard.marks) == 1:
            between()
    return guard


def test_a_row_that_is_inserted_between_two_pages_is_noticed() -> None:
    with running(objects=40) as simulator, to(simulator, national(20)) as connections:

        def insert() -> None:
            simulator.world.objects.insert(0, {**simulator.world.objects[0], "objectId": "000-新"})

        with pytest.raises(SystemUnreachable) as caught:
            read_all(connections, insert)
    assert caught.value.code == "DB-PLATFORM-023"


def test_a_row_that_comes_in_while_another_goes_is_noticed_by_the_second_reading() -> None:
    """Every total is right, and one row was never seen: nothing may be drawn from such a list."""
    with running(objects=40) as simulator, to(simulator, national(20)) as connections:

        def swap() -> None:
            rows = sorted(simulator.world.objects, key=lambda row: row["objectId"] or "")
            simulator.world.objects.remove(rows[0])
            simulator.world.objects.append({**rows[-1], "objectId": "zzz-新"})

        first = read_all(connections, swap)
        second = read_all(connections)
        with pytest.raises(SystemUnreachable) as caught:
            same_list(AREA, first, second)
    assert caught.value.code == "DB-PLATFORM-023"


PAGES: dict[str, tuple[dict[str, Any], str]] = {
    "a page comes twice": ({"name": "page_repeated"}, "DB-PLATFORM-021"),
    "the total shrinks": ({"name": "total_lies", "calls": [2], "args": {"by": -1}}, "DB-PLATFORM-023"),
    "the total is too small": ({"name": "total_lies", "args": {"by": -70}}, "DB-PLATFORM-022"),
    "the total is too large": ({"name": "total_lies", "args": {"by": 1}}, "DB-PLATFORM-022"),
    "pages go round": ({"name": "page_never_ends"}, "DB-PLATFORM-021"),
    "a row slips onto the page before": ({"name": "row_moved_between_pages"}, "DB-PLATFORM-022"),
    "a deciding column is renamed": (
        {"name": "schema_drift", "args": {"kind": "renamed", "column": "regState"}},
        "DB-PLATFORM-020",
    ),
}


@pytest.mark.parametrize("case", PAGES)
def test_lists_that_cannot_be_whole_are_refused(case: str) -> None:
    fault, code = PAGES[case]
    with running(objects=40) as simulator, to(simulator, national(20)) as connections:
        more = {key: fault[key] for key in ("calls", "args") if key in fault}
        simulator.world.faults.set(fault["name"], "listObjects", **more)
        with pytest.raises(SystemUnreachable) as caught:
            read_all(connections)
    assert caught.value.code == code


def test_an_offset_between_two_pages_is_refused_by_the_platform() -> None:
    with (
        running(objects=40) as simulator,
        to(simulator, national()) as connections,
        pytest.raises(DrawbridgeError) as caught,
    ):
        connections.platform_client.read(
            "/hlwjg/jgdx/list", {"OFFSET": "7", "LIMIT": "20"}, lambda answer: reject(answer.body)
        )
    assert "OFFSET" in str(caught.value.facts)


def reject(body: bytes) -> None:
    raise DrawbridgeError("DB-INPUT-040", detail=body.decode())


# --- the signature ---------------------------------------------------------------------------------------

AT = datetime(2024, 6, 3, 1, 2, 3, tzinfo=UTC).timestamp()
BODY = b'{"CD_BATCH":"20240603-1"}'
# Worked out by hand with `printf %s … | md5sum` from what the profile says is signed.
GOLDEN = {
    "GET": (
        "/hlwjg/jgdx/list?LIMIT=100&OFFSET=0",
        b"",
        "d41d8cd98f00b204e9800998ecf8427e",
        "01A5E170D38B8BFAE7795A469911A232",
    ),
    "POST": (
        "/hlwjg/jcxw/form?TASK_ID=130534202405281001",
        BODY,
        "30f17c979d4fa64f0c49f9d656e114c1",
        "38EB433895958B0462233E8BC7D314EC",
    ),
}


def headers_of(rule: SignatureRule, method: str, target: str, body: bytes) -> dict[str, str]:
    nonce = "0123456789abcdef"
    return signed_headers(
        rule, app_key="app-1", secret="s3cret", method=method, target=target, body=body, at_s=AT, nonce=nonce
    )


@pytest.mark.parametrize("method", GOLDEN)
def test_golden_signatures(method: str) -> None:
    target, body, digest, signed = GOLDEN[method]
    rule = load_profile(NAME).platform.signature
    headers = headers_of(rule, method, target, body)
    assert headers == {
        "APPKEY": "app-1",
        "REQUESTTIME": "20240603090203",
        "NONCESTR": "0123456789abcdef",
        "SIGN": signed,
    }
    text = string_to_sign(rule, method, target, "20240603090203", "0123456789abcdef", body, "app-1", "s3cret")
    assert text.decode() == f"app-1202406030902030123456789abcdef{method}{target}{digest}s3cret"
    assert hashlib.md5(text, usedforsecurity=False).hexdigest().upper() == signed


def changed(**members: object) -> SignatureRule:
    return SignatureRule.model_validate(load_profile(NAME).platform.signature.model_dump() | members)


def test_what_a_rule_may_say() -> None:
    """Key in a digest or as a key, letters, parts and times, each by the standard library's own digest."""
    text = b"20240603090203|GET|/a|b=1&c=2|x"
    parts = ("timestamp", "method", "path", "query", "body")
    target = "/a?b=1&c=2"
    keyed = changed(algorithm="hmac-md5", parts=parts, separator="|", letters="lower", nonce_header=None)
    assert headers_of(keyed, "GET", target, b"x") == {
        "APPKEY": "app-1",
        "REQUESTTIME": "20240603090203",
        "SIGN": hmac.new(b"s3cret", text, "md5").hexdigest(),
    }
    plain = changed(algorithm="sha256", parts=(*parts, "secret"), separator="|", nonce_header=None)
    assert (
        headers_of(plain, "GET", target, b"x")["SIGN"]
        == hashlib.sha256(text + b"|s3cret").hexdigest().upper()
    )
    seconds = changed(timestamp_unit="s", timestamp_format=None)
    assert headers_of(seconds, "GET", target, b"")["REQUESTTIME"] == str(int(AT))


MISFITS: dict[str, dict[str, object]] = {
    "a digest without the secret": {"parts": ("app_key", "timestamp", "nonce", "body_digest")},
    "an HMAC with the secret in its text": {"algorithm": "hmac-sha256"},
    "a nonce that is signed and not sent": {"nonce_header": None},
    "a nonce that is sent and not signed": {"parts": ("timestamp", "secret")},
    "no time": {"parts": ("nonce", "secret")},
    "a time in words without a form": {"timestamp_format": None},
    "one header for two things": {"signature_header": "appkey"},
}


@pytest.mark.parametrize("case", MISFITS)
def test_a_rule_that_cannot_be_meant_is_no_rule(case: str) -> None:
    with pytest.raises(ValidationError):
        changed(**MISFITS[case])


SIGNED_WRONGLY: dict[str, dict[str, object]] = {
    "another order": {
        "parts": ("timestamp", "app_key", "nonce", "method", "target", "body_digest", "secret")
    },
    "small letters": {"letters": "lower"},
    "another digest": {"algorithm": "sha256"},
    "the time as a number": {"timestamp_unit": "ms", "timestamp_format": None},
    "the zone of another place": {"timestamp_zone": "UTC"},
    "another header": {"signature_header": "SIGNATURE"},
}


@pytest.mark.parametrize("case", SIGNED_WRONGLY)
def test_another_signature_is_refused_as_a_signature(case: str) -> None:
    with (
        running() as simulator,
        to(simulator, national(**SIGNED_WRONGLY[case])) as connections,
        pytest.raises(DrawbridgeError) as caught,
    ):
        connections.platform.items()
    assert caught.value.code == "DB-PLATFORM-012"


def test_a_request_is_accepted_once() -> None:
    """The nonce is part of the signature: the very same headers a second time are refused."""
    with running() as simulator:
        rule = national().platform.signature
        target = "/hlwjg/jgsx/list"
        headers = signed_headers(
            rule,
            app_key=KEY,
            secret=SECRET,
            method="GET",
            target=target,
            body=b"",
            at_s=time.time(),
            nonce="n" * 20,
        )
        client = RawClient(simulator.platform_url, signed=False)
        codes = [client.send("GET", target, headers=headers).json()["CODE"] for _ in range(2)]
    assert codes == [200, 401]


def test_questions_by_post_and_a_signature_in_the_query(system: System) -> None:
    """Two habits of other gateways that neither profile has: what would be the query is a JSON object."""
    document = national().model_dump()
    document["platform"] |= {"read_method": "POST"}
    document["platform"]["signature"] |= {"place": "query"}
    page = {"CODE": 200, "MESSAGE": "", "REQUEST_ID": "1", "DATA": {"TOTAL": 0, "ROWS": []}}
    system.answer(http(json.dumps(page)))
    with connect(Profile.model_validate(document), system.url, system.url, KEY, SECRET) as connections:
        assert connections.platform.results("1", datetime(2024, 6, 3, tzinfo=UTC), 2).total == 0
    (request,) = system.requests
    assert request.method == "POST"
    assert json.loads(request.body) == {"OFFSET": "100", "LIMIT": "100", "CD_TIME_FROM": "20240603080000"}
    signed, _, parameters = request.target.partition("&")
    assert signed == "/hlwjg/jcxw/result?TASK_ID=1"
    given = dict(parse_qsl(parameters))
    assert set(given) == {"APPKEY", "REQUESTTIME", "NONCESTR", "SIGN"}
    assert not {"appkey", "sign"} & set(request.headers)
    rule = load_profile(NAME).platform.signature
    text = string_to_sign(
        rule, "POST", signed, given["REQUESTTIME"], given["NONCESTR"], request.body, KEY, SECRET
    )
    assert hashlib.md5(text, usedforsecurity=False).hexdigest().upper() == given["SIGN"]


# --- the wrong profile -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spoken", "used"), [(NAME, "hebei"), ("hebei", NAME)])
def test_the_answer_of_another_system_is_known_by_its_envelope(spoken: str, used: str) -> None:
    with (
        running(spoken) as simulator,
        to(simulator, hurried(load_profile(used))) as connections,
        pytest.raises(DrawbridgeError) as caught,
    ):
        connections.platform.items()
    assert caught.value.code == "DB-PLATFORM-033"
    assert spoken in caught.value.zh
    assert "DRAWBRIDGE_PROFILE" in caught.value.act


def test_columns_of_which_none_is_known_are_another_systems() -> None:
    """The envelope is ours, the rows are somebody else's: one sentence, and not one for each row."""
    document = national().model_dump()
    document["platform"]["fields"] = load_profile("hebei").platform.model_dump()["fields"]
    document["platform"]["ignored_columns"] = ()
    with (
        running() as simulator,
        to(simulator, Profile.model_validate(document)) as connections,
        pytest.raises(DrawbridgeError) as caught,
    ):
        connections.platform.inspectors(1, None)
    assert caught.value.code == "DB-PLATFORM-034"
    assert "AVOID_LIST" in str(caught.value.facts["seen"])


# --- lists in one text -----------------------------------------------------------------------------


def test_a_list_in_one_text_holds_nothing_that_would_part_it() -> None:
    platform = national().platform
    assert platform.listed(("营业执照", "场所证明")) == "营业执照,场所证明"
    assert platform.value("item", "materials", {"CHECK_MATERIAL": "营业执照, 场所证明,"}) == [
        "营业执照",
        "场所证明",
    ]
    with pytest.raises(DrawbridgeError, match="DB-INPUT-040"):
        platform.listed(("营业执照,副本",))
