"""The press: data are text, papers that did not change stay, an office's template comes before ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from documents.paper.characters import printable, private_use
from documents.paper.fonts import find_faces, glyph_check
from documents.paper.press import TEMPLATES, Press, PressSettings
from documents.paper.run import Job, print_all
from schemas.errors import DrawbridgeError
from tests.documents.printed_page import found_text, text_of

NOTE = """
#import "kit.typ": *
#show: paper.with(title: "x")
#paper-begins("")
#lines(data.name)
#paper-ends
"""


def office(folder: Path, **templates: str) -> PressSettings:
    """An office with templates of its own."""
    folder.mkdir(exist_ok=True)
    for name, text in templates.items():
        (folder / f"{name}.typ").write_text(text, "utf-8")
    return PressSettings(templates=folder)


def jobs(folder: Path, count: int) -> list[Job]:
    return [Job(folder / f"{n}.pdf", "note", {"name": f"第{n}户"}) for n in range(count)]


def test_an_office_has_templates_of_its_own_beside_ours(tmp_path: Path) -> None:
    kit = "text(font: body-font, [office]) + [#metadata(left)<paper-begins>]"
    ours = (TEMPLATES / "kit.typ").read_text("utf-8")
    settings = office(tmp_path, note=NOTE, kit=ours.replace("[#metadata(left)<paper-begins>]", kit))
    with Press(settings) as press:
        assert "office" in text_of(press.print("note", {"name": "甲"}))


def test_a_template_with_a_mistake_is_told_by_its_name(tmp_path: Path) -> None:
    with Press(office(tmp_path, note='#import "kit.typ": *\n#data.no_such_member')) as press:
        with pytest.raises(DrawbridgeError) as told:
            press.print("note", {"name": "甲"})
        assert told.value.code == "DB-PAPER-003"
        assert "note.typ" in str(told.value)
        with pytest.raises(DrawbridgeError) as missing:
            press.print("nowhere", {})
        assert missing.value.code == "DB-PAPER-003"


def test_a_template_cannot_read_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("密钥")
    with (
        Press(office(tmp_path / "office", note='#read("../../secret.txt")')) as press,
        pytest.raises(DrawbridgeError),
    ):
        press.print("note", {})


def test_a_font_that_is_not_there_is_named() -> None:
    with pytest.raises(DrawbridgeError) as told:
        Press(PressSettings(families=("仿宋_GB2312",)))
    assert told.value.code == "DB-PAPER-001"
    assert "仿宋_GB2312" in str(told.value)


def test_the_same_paper_is_the_same_bytes(tmp_path: Path) -> None:
    settings = office(tmp_path, note=NOTE)
    with Press(settings) as one, Press(settings) as other:
        assert one.print("note", {"name": "甲"}) == other.print("note", {"name": "甲"})
        assert one.edition == other.edition


def test_what_did_not_change_is_not_printed_again(tmp_path: Path) -> None:
    settings, out = office(tmp_path / "office", note=NOTE), tmp_path / "out"
    out.mkdir()
    register = out / "register.json"
    assert print_all(jobs(out, 3), settings, register=register).anew == 3
    assert print_all(jobs(out, 3), settings, register=register).anew == 0
    (out / "1.pdf").unlink()
    assert print_all(jobs(out, 3), settings, register=register).anew == 1
    changed = [*jobs(out, 2), Job(out / "2.pdf", "note", {"name": "改名"})]
    assert print_all(changed, settings, register=register).anew == 1
    register.write_text("{")
    assert print_all(jobs(out, 3), settings, register=register).anew == 3
    assert {path.stat().st_mode & 0o777 for path in out.glob("*.pdf")} == {0o600}
    other = office(tmp_path / "office", note=NOTE + "\n#data.name")
    assert print_all(jobs(out, 3), other, register=register).anew == 3


def test_two_processes_print_what_one_prints(tmp_path: Path) -> None:
    settings = office(tmp_path / "office", note=NOTE)
    told: list[tuple[int, int]] = []
    for name, processes in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        print_all(
            jobs(tmp_path / name, 130), settings, processes=processes, progress=lambda *at: told.append(at)
        )
    one, two = (
        [path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in ("one", "two")
    )
    assert one == two
    assert len(one) == 130
    assert told.count((130, 130)) == 2
    assert all(total == 130 for _, total in told)


def test_a_mistake_in_a_process_of_its_own_comes_back_as_itself(tmp_path: Path) -> None:
    settings = office(tmp_path / "office", note='#import "kit.typ": *\n#data.no_such_member')
    (tmp_path / "out").mkdir()
    with pytest.raises(DrawbridgeError) as told:
        print_all(jobs(tmp_path / "out", 130), settings)
    assert told.value.code == "DB-PAPER-003"
    assert list((tmp_path / "out").iterdir()) == []


def test_private_use_characters_are_those_of_the_standard() -> None:
    # GB 18030-2022, annex D: the eight components, the ten vertical marks, the six coded twice.
    moved = private_use()
    assert [moved[chr(c)] for c in (0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864)] == [
        chr(c) for c in range(0x9FB4, 0x9FBC)
    ]
    assert {moved[chr(c)] for c in range(0xE78D, 0xE797)} == {chr(c) for c in range(0xFE10, 0xFE1A)}
    assert [moved[chr(c)] for c in (0xE816, 0xE817, 0xE818, 0xE831, 0xE83B, 0xE855)] == list("𠂇𠂉𠃌𡗗𢦏𤇾")
    assert moved[chr(0xE815)] == "⺁"  # FE50 of GBK, in Unicode since GB 18030-2000
    assert len(moved) == 80 + 11
    assert not {c for c in moved.values() if 0xE000 <= ord(c) <= 0xF8FF}


@pytest.mark.parametrize(
    ("text", "printed", "missing"),
    [
        ("清河县𠮷㙍", "清河县𠮷㙍", []),
        ("\ue816\ue000\U0010fffd", "𠂇〓〓", ["\ue000", "\U0010fffd"]),
        ("葛\U000e0100城", "葛城", []),
        ("甲\r\n乙\t丙\x07\u200b", "甲\n乙 丙", []),
        ("ᠮᠣᠩ", "〓〓〓", ["ᠮ", "ᠣ", "ᠩ"]),
    ],
)
def test_what_a_font_has_not_is_marked(text: str, printed: str, missing: list[str]) -> None:
    has_glyph = glyph_check(find_faces(PressSettings().families))
    assert printable(text, has_glyph) == (printed, missing)


def test_data_of_all_kinds_reach_the_page(tmp_path: Path) -> None:
    data: dict[str, Any] = {"name": "一行\n又一行 \ue000", "more": [{"x": "\ue001"}, 1, None, True]}
    with Press(office(tmp_path, note=NOTE)) as press:
        printed = text_of(press.print("note", data))
        assert "一行\r\n又一行 〓" in printed
        assert "（U+E000、U+E001）" in found_text(press.print("note", data))
