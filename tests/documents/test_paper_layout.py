"""Every paper, on the page: nothing is cut off or over a line, no character is missing, fonts are inside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from documents.paper.press import TEMPLATES, Press, PressSettings
from tests.documents.paper_cases import LONG_NAME, MARKUP, cases, hard_form
from tests.documents.printed_page import complaints, fonts, found_text, page_count, text_of

CASES = cases()


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    with Press() as opened:
        yield opened


@pytest.fixture(scope="module")
def papers(press: Press) -> dict[str, bytes]:
    return {name: press.print(template, data) for name, (template, data) in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_cut_off_or_runs_over_a_line(papers: dict[str, bytes], name: str) -> None:
    assert complaints(papers[name]) == []


@pytest.mark.parametrize("name", CASES)
def test_every_character_on_a_page_is_in_the_fonts(press: Press, papers: dict[str, bytes], name: str) -> None:
    printed = set(found_text(papers[name])) - {"\u200b", "\ufffe"}
    assert {character for character in printed if not press.has_glyph(character)} == set()


@pytest.mark.parametrize("name", CASES)
def test_fonts_are_embedded_and_hold_only_what_is_printed(papers: dict[str, bytes], name: str) -> None:
    inside = fonts(papers[name])
    assert inside
    assert all(inside.values())
    # A subset is named by six capitals before its name (ISO 32000-1, 9.6.4).
    assert all(len(font) > 7 and font[6] == "+" and font[:6].isupper() for font in inside)
    assert len(papers[name]) < 150_000


def test_name_code_and_items_are_found_by_a_search(papers: dict[str, bytes]) -> None:
    hard = hard_form()
    text = found_text(papers["form-hard"])
    assert len(LONG_NAME) >= 60
    assert LONG_NAME in text
    assert hard.uscc in text_of(papers["form-hard"])
    for item in hard.items:
        assert item.item_name in text
        assert all(material in text for material in item.materials)


def test_what_means_something_in_a_template_is_text_in_a_name(papers: dict[str, bytes]) -> None:
    for name in ("form-hard", "notice-hard"):
        assert MARKUP.replace(" ", "") in found_text(papers[name])


def test_rare_characters_are_printed_and_private_ones_put_right_or_marked(papers: dict[str, bytes]) -> None:
    text = found_text(papers["form-hard"])
    assert "𠮷㙍㐂𠂇龴〓路" in text  # U+E816 is U+20087, U+E81E is U+9FB4, U+E000 is nothing anywhere
    assert "“〓”处为字库中没有的字（U+E000），请手工填写。" in text
    assert "字库中没有的字" not in found_text(papers["form"])


def test_pages_are_counted_for_each_form_of_a_file(papers: dict[str, bytes]) -> None:
    feet = text_of(papers["form-group"]).split("\f")
    assert page_count(papers["form-group"]) == 4
    assert ["第 1 页，共 2 页" in page for page in feet] == [True, False, True, False]
    assert ["第 2 页，共 2 页" in page for page in feet] == [False, True, False, True]


def test_a_household_signs_by_its_operator(papers: dict[str, bytes]) -> None:
    first, second = (
        "".join(text_of(papers["form-group"]).split("\f")[start : start + 2]) for start in (0, 2)
    )
    assert "经营者签字" in second
    assert "法定代表人" not in second
    assert "经营者" not in first


def office(tmp_path: Path, name: str, old: str, new: str) -> PressSettings:
    """An office's own template: ours with one change."""
    ours = (TEMPLATES / name).read_text("utf-8")
    assert old in ours
    (tmp_path / name).write_text(ours.replace(old, new), "utf-8")
    return PressSettings(templates=tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        # A row that does not grow with its text.
        ("text(10.5pt, f.ent_name)", "block(height: 9pt, clip: true, text(10.5pt, f.ent_name))", "cut off"),
        ("text(10.5pt, f.ent_name)", "block(height: 9pt, text(10.5pt, f.ent_name))", "stands on"),
        # A column too narrow for what may not be broken.
        ("columns: (27mm, 1fr, 24mm, 50mm)", "columns: (27mm, 12mm, 24mm, 1fr)", "stands on a line"),
        (
            "columns: (7mm, 54mm, 21mm, 1fr, 21mm)",
            "columns: (7mm, 54mm, 21mm, 190mm, 21mm)",
            "edge of the sheet",
        ),
    ],
)
def test_a_template_that_cuts_a_cell_is_found_out(tmp_path: Path, old: str, new: str, told: str) -> None:
    with Press(office(tmp_path, "form.typ", old, new)) as changed:
        found = complaints(changed.print(*CASES["form-hard"]))
    assert any(told in complaint for complaint in found)
