"""The runbook: an entry for every code, none for what is no code, and in docs/ what the command prints."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from documents.runbook import advice as texts
from documents.runbook import advice_on, runbook
from documents.runbook.render import LANGUAGES, anchor, in_words
from schemas import errors
from schemas.errors import Entry, catalogue

_PROJECT = Path(__file__).resolve().parents[2]
_PAGES = {"zh": _PROJECT / "docs" / "runbook.md", "en": _PROJECT / "docs" / "runbook.en.md"}


def headings(page: str, level: int) -> list[str]:
    return re.findall(rf"^{'#' * level} (.+)$", page, flags=re.MULTILINE)


@pytest.fixture(scope="module", params=list(LANGUAGES))
def page(request: pytest.FixtureRequest) -> str:
    return runbook(LANGUAGES[request.param])


@pytest.mark.parametrize(("language", "arguments"), [("zh", []), ("en", ["--en"])])
def test_the_page_is_what_the_command_prints(language: str, arguments: list[str]) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "documents.runbook", *arguments], cwd=_PROJECT, capture_output=True, check=True
    ).stdout
    told = f"python -m documents.runbook {' '.join(arguments)} > docs/{_PAGES[language].name}"
    assert _PAGES[language].read_bytes() == printed, f"the catalogue has changed; run: {told}"


def test_every_code_has_an_entry_and_no_entry_is_without_a_code(page: str) -> None:
    entries = headings(page, 3)
    assert Counter(entries) == Counter(list(catalogue()))


def test_every_link_inside_the_page_leads_somewhere(page: str) -> None:
    named = headings(page, 2) + headings(page, 3)
    anchors = {anchor(heading) for heading in named}
    assert len(anchors) == len(named), "two headings share an anchor"
    links = re.findall(r"\]\(#([^)]+)\)", page)
    assert len(links) > 50
    assert set(links) <= anchors
    assert "db-run-009" in anchors


def test_no_placeholder_and_no_empty_step_is_left(page: str) -> None:
    patterns_of_numbers = r"\{(n|[2-6])\}"  # in the advice on DB-DRAW-013
    assert not re.search(r"[{}]", re.sub(patterns_of_numbers, "", page))
    assert not re.search(r"^\s*(- \S+：|\d+\.)\s*$(?!\n  1\.)", page, flags=re.MULTILINE)


def test_an_entry_says_what_happens_what_to_look_at_and_whom_to_call() -> None:
    for code in catalogue():
        advice = advice_on(code)  # a role that is not in roles.toml is a KeyError
        assert advice.effect, code
        assert advice.look, code
        assert advice.call, code
        assert advice.look_en, code
        assert advice.press_en, code


def test_the_texts_are_whole_sentences_without_exclamation() -> None:
    for code in catalogue():
        advice = advice_on(code)
        sentences = (advice.effect, *advice.look, *advice.press)
        for text in (*sentences, *(when for _, when in advice.call)):
            assert text, code
            assert text == text.strip(), code
            assert not re.search(r"[！!]|〔(系统|发出情况|核定)〕", text), (code, text)
        assert all(text.endswith("。") for text in sentences), code


def test_nothing_is_written_about_codes_that_are_not_in_the_catalogue() -> None:
    assert set(texts.codes_with_texts()) <= set(catalogue())
    assert {code for one in texts.symptoms() for code in one["codes"]} <= set(catalogue())
    numbers = {texts.number_of(code) for code in catalogue() if texts.area_of(code) in texts.OUTSIDE}
    assert set(texts.numbers_with_texts()) <= numbers
    assert set(texts.known_areas()) <= {texts.area_of(code) for code in catalogue()}


def test_what_operators_meet_has_texts_of_its_own() -> None:
    own = {code for code in catalogue() if advice_on(code).own}
    assert len(own) >= 80
    outside = {code for code in catalogue() if texts.area_of(code) in texts.OUTSIDE}
    assert outside <= own, "what the outside systems do is what stops a run at night"
    parked = {f"DB-DELIVERY-{number:03}" for number in range(20, 26)}
    assert parked | {"DB-RUN-009", "DB-RUN-011", "DB-RUN-029", "DB-LEDGER-008", "DB-CLI-005"} <= own


def test_every_command_that_an_entry_names_exists() -> None:
    """A clerk who types what the runbook says gets an answer."""
    from click.testing import CliRunner

    from flows.cli import drawbridge

    said = set(re.findall(r"`drawbridge ((?:[a-z][a-z-]+)(?: [a-z][a-z-]+)?)", runbook(LANGUAGES["zh"])))
    assert {"doctor", "publish resolve", "draw again", "approver list"} <= said
    for command in sorted(said):
        result = CliRunner().invoke(drawbridge, [*command.split(), "--help"])
        assert result.exit_code == 0, command
        assert result.output.startswith(("用法：drawbridge " + command, "用法：root " + command)), command


def test_both_systems_are_called_by_their_names() -> None:
    platform, publicity = advice_on("DB-PLATFORM-014"), advice_on("DB-PUBLICITY-014")
    assert [role for role, _ in platform.call] == ["platform", "office"]
    assert [role for role, _ in publicity.call] == ["publicity", "office"]
    assert "省级平台" in platform.look[1]
    assert "公示系统" in publicity.look[1]


def test_the_narrower_text_wins_key_by_key() -> None:
    area, in_range, alone = (advice_on(f"DB-RUN-0{number}") for number in ("23", "25", "24"))
    assert area.effect == in_range.effect == alone.effect == "命令没有执行，没有登记任何内容。"
    assert not in_range.own
    assert alone.own
    assert alone.press != in_range.press


def test_a_new_code_is_in_the_next_runbook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a known area with that area's texts, of an unknown one with those for anything."""
    new = {
        "DB-RUN-999": Entry(zh="{task_id} 停在 {somewhere}。", act="请等待。", en="{task_id} is stuck."),
        "DB-NEW-001": Entry(zh="新的一类。", act="请等待。", en="something new."),
    }
    more = {**catalogue(), **new}
    monkeypatch.setattr("documents.runbook.render.catalogue", lambda: more)
    printed = runbook(LANGUAGES["zh"])
    assert set(headings(printed, 3)) == set(more)
    assert "**〔任务编号〕 停在 ……。**" in printed
    assert "## 其他（NEW）" in printed
    assert errors.catalogue() is not more


def test_formats_of_numbers_are_left_to_the_program() -> None:
    assert in_words("约 {retry_after_s:.0f} 秒，{{2}}", {"retry_after_s": "秒数"}) == "约 〔秒数〕 秒，{2}"
