"""The papers of a campaign that ran: what each says, where it lies, and who may see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from draw.certificate import parse_certificate
from flows.settings import Settings
from flows.site import open_books
from ledger.audit import events
from ledger.forms import forms as recorded_forms
from schemas.form import InspectionForm
from tests.documents.printed_page import complaints, found_text
from tests.end_to_end.installation import PLAN, TASK, Installation, start_mock

ALL = str(Settings.model_fields["papers"].default)
WITH_TELEPHONES = {"分组名册.pdf", "分组情况移交单.pdf"}


@dataclass
class Campaign:
    """A campaign that has run to its end, and the mock's own records of it."""

    installation: Installation
    records: dict[str, Any]
    forms: list[InspectionForm]

    @property
    def folder(self) -> Path:
        return self.installation.home / TASK

    def chain(self) -> list[Any]:
        with open_books(Settings(home=self.installation.home)) as books, books.ledger.read() as tx:
            return [event for event in events(tx, TASK) if event.kind.startswith("group-sheet")]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    folder = tmp_path_factory.mktemp("papers")
    mock = start_mock(folder / "mock", PLAN, "--objects", 60)
    try:
        installation = Installation(folder / "home", {**mock.settings(TASK), "DRAWBRIDGE_PAPERS": ALL})
        done = installation.call("run", PLAN, "--no-prefect", "--json")
        assert done.code == 0, done.err
        with open_books(Settings(home=installation.home)) as books, books.ledger.read() as tx:
            forms = recorded_forms(tx, TASK)
        yield Campaign(installation, mock.get("records"), forms)
    finally:
        mock.end()


def text_in(path: Path) -> str:
    return found_text(path.read_bytes()).replace("\u200b", "")


def pdfs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.pdf"))


def test_each_enterprise_has_a_form_and_each_group_a_file_in_visiting_order(ran: Campaign) -> None:
    single = pdfs(ran.folder / "一企一表")
    assert len(single) == len(ran.forms)
    for path in single:
        assert complaints(path.read_bytes()) == []
        text = text_in(path)
        (form,) = [form for form in ran.forms if form.uscc in text]
        assert form.form_no in text
        assert all(person.cert_no in text for person in form.inspectors)
        assert all(item.item_name in text for item in form.items)
    merged = pdfs(ran.folder / "一企一表" / "按组合订")
    assert len(merged) == len({form.group for form in ran.forms})
    for path in merged:
        text, group = text_in(path), int(path.name[1:3])
        visits = sorted((form for form in ran.forms if form.group == group), key=lambda form: form.form_no)
        places = [text.index(form.uscc) for form in visits]
        assert places == sorted(places)


def test_a_slip_bears_the_ticket_of_the_certificate(ran: Campaign) -> None:
    certificate = parse_certificate((ran.folder / "抽取证书-对象.json").read_bytes(), "objects")
    slips = pdfs(ran.folder / "为什么抽到我")
    assert len(slips) == len(ran.forms)
    texts = [text_in(path) for path in slips]
    standing = {o.object_id for form in ran.forms for o in form.objects}
    for winner in certificate["winners"]:
        if winner["object_id"] in standing:
            assert len([text for text in texts if winner["ticket"] in text and winner["uscc"] in text]) == 1


def test_letters_are_written_where_there_is_something_to_say(ran: Campaign) -> None:
    letters = ran.folder / "文书"
    assert {path.stem for path in pdfs(letters)} == {"公告", "抽取记录", "线索移送清单"}
    assert len(pdfs(letters / "检查通知书和材料清单")) == len(ran.forms)
    certificate = parse_certificate((ran.folder / "抽取证书-对象.json").read_bytes(), "objects")
    assert certificate["seed"] in text_in(letters / "抽取记录.pdf")
    ordered = {
        (row["uniscid"], row["deptCode"])
        for row in ran.records["results"]
        if row["resultCode"] in {"2", "5"} or (row["disposal"] == "2" and row["resultCode"] not in {"1", "7"})
    }
    assert ordered
    assert len(pdfs(letters / "责令改正通知书")) == len(ordered)
    leads = {row["uniscid"] for row in ran.records["results"] if row["disposal"] in {"3", "4", "5"}}
    listed = text_in(letters / "线索移送清单.pdf")
    assert {form.uscc for form in ran.forms if form.uscc in listed} == leads


def test_telephones_stand_in_one_folder_that_its_owner_alone_can_enter(ran: Campaign) -> None:
    restricted = ran.folder / "限制查阅"
    assert restricted.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in restricted.iterdir()} == WITH_TELEPHONES
    mobiles = {person["mobile"] for person in ran.records["inspectors"] if person["mobile"]}
    papers = list(ran.folder.rglob("*/*.pdf"))
    assert {path.stat().st_mode & 0o777 for path in papers} == {0o600}
    texts = {path.name: text_in(path) for path in papers}
    assert {name for name, text in texts.items() if any(one in text for one in mobiles)} == WITH_TELEPHONES


def test_what_is_there_is_not_printed_again(ran: Campaign) -> None:
    for kind in ("forms", "slips", "letters"):
        again = ran.installation.call("report", kind, TASK, "--json")
        assert again.code == 0, again.err
        assert (again.document["anew"], again.document["papers"] > 0) == (0, True), kind


def test_forms_are_printed_with_their_results_apart_from_the_empty_ones(ran: Campaign) -> None:
    done = ran.installation.call("report", "forms", TASK, "--filled", "--xlsx", "--json")
    filled = list((ran.folder / "一企一表（已录入）").rglob("*.pdf"))
    assert done.document["anew"] == len(filled) > len(ran.forms)
    assert all("■" in text_in(path) for path in filled)
    assert not any("■" in text_in(path) for path in pdfs(ran.folder / "一企一表"))
    assert (ran.folder / "一企一表.xlsx").exists()


def test_the_chain_says_when_the_roster_was_taken_and_when_it_was_destroyed(ran: Campaign) -> None:
    assert [event.kind for event in ran.chain()] == ["group-sheet-taken"]
    taken = ran.installation.call("report", "groups", TASK)
    assert taken.code == 0, taken.err
    assert "2024-10-29 前" in taken.out
    facts = dict(ran.chain()[-1].facts)
    assert set(facts["files"]) == WITH_TELEPHONES
    assert facts["kept_until"] == "2024-10-29"
    assert not any(
        person["name"] in json.dumps(facts, ensure_ascii=False) for person in ran.records["inspectors"]
    )
    gone = ran.installation.call("report", "groups", TASK, "--destroy", "--json")
    assert set(gone.document["destroyed"]) == WITH_TELEPHONES
    assert list((ran.folder / "限制查阅").iterdir()) == []
    kinds = [event.kind for event in ran.chain()]
    assert kinds == ["group-sheet-taken", "group-sheet-taken", "group-sheet-destroyed"]
    assert ran.installation.call("audit", "verify", "--json").document["ok"]


def test_no_slip_before_the_certificate_is_public(ran: Campaign) -> None:
    certificate = ran.folder / "抽取证书-对象.json"
    kept = certificate.read_bytes()
    certificate.unlink()
    try:
        refused = ran.installation.call("report", "slips", TASK)
    finally:
        certificate.write_bytes(kept)
    assert refused.code == 2
    assert "DB-PAPER-004" in refused.err


def test_a_font_that_is_missing_stops_no_campaign(ran: Campaign) -> None:
    done = ran.installation.call(
        "report", "statistics", TASK, "--json", more={"DRAWBRIDGE_FONT_FAMILIES": "没有的字体"}
    )
    assert done.code == 1, done.err
    assert done.document["statistics"]["rows"]
    assert [one for one in done.document["findings"] if "一企一表没有打印" in one and "DB-PAPER-001" in one]


def test_an_office_changes_a_template_without_touching_the_program(ran: Campaign) -> None:
    copied = ran.installation.call("report", "templates")
    assert copied.code == 0, copied.err
    own = ran.installation.home / "文书模板"
    for path in own.glob("*.typ"):
        if path.name != "announcement.typ":
            path.unlink()
    letter = own / "announcement.typ"
    letter.write_text(letter.read_text("utf-8").replace("六、权利和义务", "六、监督电话"), "utf-8")
    ran.installation.call("report", "letters", TASK)
    assert "六、监督电话" in text_in(ran.folder / "文书" / "公告.pdf")
    letter.write_text('#import "kit.typ": *\n#nothing_of_that_name', "utf-8")
    refused = ran.installation.call("report", "letters", TASK)
    assert (refused.code, "announcement.typ" in refused.err) == (2, True)
    letter.unlink()
    ran.installation.call("report", "letters", TASK)
    assert "六、权利和义务" in text_in(ran.folder / "文书" / "公告.pdf")
