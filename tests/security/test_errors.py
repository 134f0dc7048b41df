"""What an error may say, wherever it is told."""

from __future__ import annotations

import io
import json
import logging
import traceback

import httpx
import pytest
from prefect.exceptions import FlowPauseTimeout

from connectors.factory import connect
from connectors.profile import load_profile
from connectors.protocols import SystemUnreachable
from connectors.replies import safe_text
from flows.command_line.command import run_command_line
from flows.service.server_gone import is_server_gone
from flows.telling.kept_safe import kept_safe
from flows.telling.logs import JsonFormatter
from schemas.errors import DrawbridgeError
from schemas.inspector import Inspector
from tests.connectors.conftest import hurried
from tests.end_to_end.installation import Installation

QUOTED = "金丝雀甲 13900000001 postgresql://u:canary@db/x"


def row_of_a_roster() -> None:
    raise KeyError(QUOTED)


def what_it_came_from() -> None:
    try:
        row_of_a_roster()
    except KeyError as error:
        raise DrawbridgeError("DB-LEDGER-009", place="ledger") from error


@pytest.mark.parametrize("raising", [row_of_a_roster, what_it_came_from])
def test_an_error_that_nobody_foresaw_loses_its_text(raising: object) -> None:
    assert callable(raising)
    with pytest.raises(DrawbridgeError) as caught, kept_safe():
        raising()
    shown = "".join(traceback.format_exception(caught.value))
    assert "金丝雀" not in shown.replace(f'raise KeyError("{QUOTED}")', "")
    assert QUOTED not in str(caught.value.facts)
    if raising is row_of_a_roster:
        assert caught.value.facts["kind"] == "KeyError"
        assert "row_of_a_roster" in str(caught.value.facts["places"])


@pytest.mark.parametrize(
    "own", [FlowPauseTimeout("waited"), httpx.ConnectError("gone"), KeyboardInterrupt(), SystemExit(2)]
)
def test_what_others_wait_for_passes(own: BaseException) -> None:
    with pytest.raises(type(own)) as caught, kept_safe():
        raise own
    assert caught.value is own


def test_the_log_for_machines_has_kind_and_places_alone() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("a-logger-of-this-test")
    logger.addHandler(handler)
    try:
        row_of_a_roster()
    except KeyError as error:
        logger.exception("it failed: %s", error)
    line = json.loads(out.getvalue())
    assert "canary" not in out.getvalue()
    assert line["error"] == "KeyError"
    assert any("row_of_a_roster" in place for place in line["places"])


def test_a_record_that_is_refused_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        Inspector.model_validate({"inspector_id": "A", "name": "金丝雀甲" * 20, "dept_code": "SW"})
    assert "金丝雀" not in str(caught.value)


def test_traceback_names_places_and_no_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import click

    @click.command()
    @click.option("--traceback", is_flag=True)
    def fails(traceback: bool) -> None:
        what_it_came_from()

    with pytest.raises(SystemExit) as left:
        run_command_line(fails, ["--traceback"])
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert "in row_of_a_roster" in said
    assert "canary" not in said.replace("raise KeyError(QUOTED)", "")


@pytest.mark.parametrize(
    "written",
    [
        "13900000001",
        "139-0000-0001",
        "139 0000 0001",
        "１３９０００００００１",
        "+86 13900000001",
        "0319-8160000",
        "（0319）8160000",
        "11010519491231002X",
        "110105 19491231 002X",
        "１１０１０５１９４９１２３１００２Ｘ",
    ],
)
def test_numbers_of_people_are_masked_in_what_a_system_says(written: str) -> None:
    said = safe_text(f"联系人 {written} 未登记\n请核对")
    assert said == "联系人 … 未登记 请核对"


@pytest.mark.parametrize(
    "kept", ["91130534BNTR7994L1", "2024-05-28 09:00:00", "第 12345678 行", "B-20240623-0001"]
)
def test_what_an_operator_needs_is_not(kept: str) -> None:
    assert safe_text(kept) == kept


def test_a_parameter_that_names_a_file_shows_nothing_of_it(installation: Installation) -> None:
    """A run may be started with any text for its campaign."""
    secret = installation.home.parent / "app-secret"
    secret.write_text("canary: [1\n", "utf-8")
    for name in (
        str(secret),
        "../../../../etc/passwd",
        "/dev/null",
        "{self.__class__}",
        "a\x00b",
        "x" * 5000,
    ):
        ran = installation.call("campaign", "show", name)
        assert ran.code == 2
        assert "canary" not in ran.err + ran.out
        assert "root:" not in ran.err


@pytest.mark.parametrize("set_aside", [True, False])
def test_what_comes_up_beside_a_fault_of_the_platform_loses_its_text_too(set_aside: bool) -> None:
    profile = hurried(load_profile("hebei"))
    nowhere, gone = "http://127.0.0.1:9", list[bool]()
    with connect(profile, nowhere, nowhere, "key", "secret") as connections:

        def mistaken() -> None:
            try:
                connections.platform.items()
            except SystemUnreachable as fault:
                gone.append(is_server_gone(fault))
                if not set_aside:
                    row_of_a_roster()
                raise KeyError(QUOTED) from None

        with pytest.raises(DrawbridgeError) as caught, kept_safe():
            mistaken()
    assert (caught.value.code, caught.value.facts["kind"]) == ("DB-CLI-005", "KeyError")
    assert gone == [False], "as if Prefect's server gave no answer"
