"""Whatever comes in, a reader answers with a value or with a refusal of the catalogue, and soon.

`FUZZ_EXAMPLES=20000 pytest tests/security/test_readers.py` tries as many for each reader; every example is
new then, and what fails is kept in .hypothesis and tried first the next time.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import exchange_xml, replies
from connectors.faults import Fault
from connectors.http import Answer
from connectors.pacing import retry_after_s
from connectors.profile import Profile, load_profile
from connectors.spreadsheets import import_entities, import_inspectors
from draw.certificate import parse_certificate
from rules.plan_file import load_campaign
from schemas.errors import DrawbridgeError
from schemas.uscc import is_valid, normalise
from tests.connectors.rows import code
from tests.connectors.test_publicity import receipt_text
from tests.connectors.workbooks import save_xlsx
from tests.end_to_end.installation import PLAN
from tests.security import mangling
from tests.security.mangling import mangled, mangled_archives

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
SECONDS = 5.0

PROFILE: Profile = load_profile("hebei")
CODES = PROFILE.publicity.codes
RECEIPT = receipt_text(b"x", (f"{code(1)}", "accepted"), (f"{code(2)}", "rejected")).encode()
HELD = (
    f"<HeldRecord><recordId>{code(1)}</recordId><version>1</version><digest>{'0' * 64}</digest>"
    "<state>accepted</state></HeldRecord>"
).encode()
ENVELOPE = json.dumps({"code": "00", "message": "好", "data": {"total": 1, "rows": [{"a": 1.5}]}}).encode()
LIST = (
    f"统一社会信用代码,企业名称,法定代表人,联系电话\n{code(1)},试验一号,甲,10012345678\n{code(2)},二号,乙,\n"
)
ROSTER = (
    "人员编号,姓名,部门编码,执法证号,手机号\nSW0001,甲某,SW,03130534,10012345678\nSW0002,乙某,SW,03130535,\n"
)


def fuzzed(strategy: st.SearchStrategy[bytes], few: int) -> Callable[[Callable[[bytes], None]], object]:
    """Runs a test on `few` examples, the same each time; on EXAMPLES new ones where that is set."""

    def decorate(test: Callable[[bytes], None]) -> object:
        chosen = settings(
            max_examples=EXAMPLES or few,
            derandomize=not EXAMPLES,
            database=None if not EXAMPLES else settings.default.database,
            deadline=dt.timedelta(seconds=SECONDS),
            suppress_health_check=list(HealthCheck),
        )
        return chosen(given(strategy)(test))

    return decorate


def workbook() -> bytes:
    rows = [line.split(",") for line in LIST.splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        return save_xlsx(Path(folder) / "list.xlsx", rows).read_bytes()


@pytest.fixture(scope="module", autouse=True)
def nothing_outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No reader leaves a file behind, wherever the names inside an archive lead."""
    parent = tmp_path_factory.getbasetemp().parent
    yield
    assert not list(parent.rglob("outside.xml"))


@fuzzed(mangled([RECEIPT, HELD], mangling.MARKUP), 150)
def test_answers_of_the_exchange(data: bytes) -> None:
    answer = Answer(200, "application/xml; charset=GBK", data)
    for read in (exchange_xml.receipt, exchange_xml.held_record):
        with suppress(Fault):
            if read is exchange_xml.receipt:
                assert len(exchange_xml.receipt(answer, CODES, PROFILE.clock).digest) == 64
            else:
                assert exchange_xml.held_record(answer, CODES)[1] >= 0


@fuzzed(mangled([ENVELOPE], mangling.JSON), 200)
def test_answers_in_json(data: bytes) -> None:
    with suppress(Fault):
        value, _ = replies.read_json(Answer(200, "application/json", data))
        # What was taken is what every strict reader takes.
        assert json.loads(json.dumps(value, allow_nan=False)) == value


@fuzzed(mangled([LIST.encode(), LIST.encode("gb18030"), LIST.encode("utf-16")], mangling.TABLE), 80)
def test_lists_as_text(data: bytes) -> None:
    imported(data, partial(import_entities, profile=PROFILE))


@fuzzed(mangled([ROSTER.encode()], mangling.TABLE), 40)
def test_rosters_as_text(data: bytes) -> None:
    imported(data, partial(import_inspectors, profile=PROFILE))


@fuzzed(mangled_archives(workbook(), [*mangling.MARKUP, b'r="XFD1048576"', b't="s"', b"<v>9</v>"]), 80)
def test_lists_as_workbooks(data: bytes) -> None:
    imported(data, partial(import_entities, profile=PROFILE))


def imported(data: bytes, read: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sent"
        path.write_bytes(data)
        with suppress(DrawbridgeError):
            found = read(path)
            assert found.read == len(found.accepted) + len(found.quarantined)  # type: ignore[attr-defined]


@fuzzed(mangled([PLAN.read_bytes()], mangling.PLAN), 40)
def test_plans(data: bytes) -> None:
    with suppress(DrawbridgeError):
        load_campaign(data, "plan")


@fuzzed(mangled([b'{"a":["1",{"b":"2"}]}', b'{"commitment":{"stage":"objects"}}'], mangling.JSON), 100)
def test_certificates(data: bytes) -> None:
    with suppress(DrawbridgeError):
        parse_certificate(data)


@fuzzed(mangled([b"7", b"Wed, 21 Oct 2026 07:28:00 GMT"], [b"-", b"9999999999999", b"e9", b"\xd9\xa3"]), 200)
def test_how_long_to_wait(data: bytes) -> None:
    waits = retry_after_s(data.decode("latin-1"), 1_800_000_000.0, 1.0, 3600.0)
    assert waits is None or 1.0 <= waits <= 3600.0


@fuzzed(mangled([code(1).encode(), code(2).lower().encode()], [b"E+17", b".0", "９".encode()]), 300)
def test_credit_codes(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(DrawbridgeError):
        assert is_valid(normalise(text).code)


@pytest.mark.parametrize("size", [1 << 20])
def test_text_for_people_is_cut_and_masked_in_time(size: int) -> None:
    """The patterns that hide numbers do not grow with the square of what they are given."""
    began = time.perf_counter()
    for text in (
        "1" * size,
        "0" * size,
        "1 " * size,
        "(0" * size,
        "13912345678 " * (size // 12),
        "+86" * size,
    ):
        assert len(replies.safe_text(text)) <= 200
    assert time.perf_counter() - began < SECONDS
