"""A department's sheet: made here, filled in by hand, marked where it is wrong, taken in once."""

from __future__ import annotations

import shutil
import stat
import subprocess
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import pytest
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from delivery.queue import Due, enqueue
from documents.entry_sheet.columns import COLUMNS, ENTRY_SHEET, HEADER_ROW
from flows.exchange.publishing import standing_of
from flows.paper.visits import visits_of
from ledger.outbox import outbox_items, set_item
from ledger.results import record_results, result_cursor_of
from schemas.codes import Disposal, DisposalState, ResultCode, SignatureState
from schemas.publication import PublicationDetail, PublicationRecord
from tests.documents.entry_office import PLACE, Filled, Office, office_of, title
from tests.documents.papers import TASK, campaign, form


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return office_of(tmp_path)


def test_the_sheet_has_drop_downs_hidden_ids_and_locked_headers(office: Office) -> None:
    filled = office.sheet()
    sheet = filled.sheet
    assert [cell.value for cell in sheet[HEADER_ROW]] == [column.title for column in COLUMNS]
    assert sheet.freeze_panes == "E4"
    assert sheet.auto_filter.ref is not None
    assert sheet.protection.sheet
    assert sheet.column_dimensions["A"].hidden
    assert filled.cell(1, "row_id").value == f"{office.forms[0].uscc}/SC-01"
    assert filled.cell(1, "uscc").value == office.forms[0].uscc
    assert filled.cell(1, "uscc").number_format == "@"
    assert filled.cell(1, "uscc").protection.locked
    assert not filled.cell(1, "code").protection.locked
    rules = {str(rule.sqref).split(":")[0]: rule for rule in sheet.data_validations.dataValidation}
    of_result = rules[filled.cell(1, "code").coordinate]
    assert (of_result.type, of_result.formula1) == ("list", "list_result")
    assert filled.book.defined_names["list_result"].attr_text == "'代码表'!$A$2:$A$9"
    codes = filled.book["代码表"]
    assert [codes.cell(line, 1).value for line in range(2, 10)] == [code.label for code in ResultCode]
    assert codes.sheet_state == "hidden"
    assert filled.book["表源"].sheet_state == "veryHidden"
    assert rules[filled.cell(1, "completed_on").coordinate].type == "date"
    assert stat.S_IMODE(filled.path.stat().st_mode) == 0o600


def test_a_sheet_that_is_right_is_recorded_as_the_departments_word(office: Office) -> None:
    filled = office.sheet()
    filled.fine(1, 2)
    filled.write(
        3,
        completed_on=date(2024, 6, 21),
        code="发现问题已责令改正",
        problem="未亮照经营\n已当场指出",
        disposal="责令改正",
        guided="是",
        arrived_at=time(9, 30),
        left_at=time(11, 0),
        methods="实地检查、书面检查",
        cert_shown="是",
        signature="拒绝签字",
        refusal_note="法定代表人在场而不签",
        experts="王某（高级工程师）",
        documents="县环境监测站检测报告",
    )
    done = office.take(filled.save())
    assert (done.code, done.document["added"], done.document["blank"]) == (0, 3, 5)
    by_id = {one.result_id: one for one in office.results()}
    uscc = office.forms[1].uscc
    one = by_id[f"sheet/{uscc}/SC-01"]
    assert (one.code, one.disposal, one.disposal_state) == (
        ResultCode.ORDERED_TO_CORRECT,
        Disposal.CORRECTION,
        DisposalState.OPEN,
    )
    assert one.problem == "未亮照经营\n已当场指出"
    assert one.completed_at == datetime.fromisoformat("2024-06-21T11:00:00+08:00")
    assert one.visit.signature is SignatureState.REFUSED
    assert [expert.role for expert in one.visit.experts] == ["高级工程师"]
    assert one.inspectors == ("SC-1", "SC-2")
    (entered,) = office.entered()
    assert (entered["department"], len(entered["sheet"]), len(entered["results"])) == ("SC", 64, 3)


def test_what_is_said_of_the_visit_is_said_once_for_all_items(office: Office) -> None:
    filled = office.sheet()
    filled.fine(1, methods="实地检查")
    filled.write(2, code="未发现问题")
    assert office.take(filled.save()).document["added"] == 2
    first, second = office.results()
    assert first.visit == second.visit
    assert first.completed_at == second.completed_at


def test_again_nothing_changes_and_a_change_is_another_version(office: Office) -> None:
    filled = office.sheet()
    filled.fine(1, 2)
    path = filled.save()
    assert office.take(path).document["added"] == 2
    before = office.results()
    again = office.take(path).document
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)
    # Saved anew, with another file digest: what counts is what it says.
    assert office.take(Filled(path).save("另存.xlsx")).document["unchanged"] == 2
    assert office.results() == before
    assert len(office.entered()) == 1
    exported = office.sheet(name="再次导出.xlsx")
    assert office.take(exported.path).document["unchanged"] == 2
    filled.write(2, code="发现问题待后续处理", problem="公示信息与登记不符", disposal="立案查处")
    assert office.take(filled.save()).document["changed"] == 1
    history = office.history(f"sheet/{office.forms[0].uscc}/SC-02")
    assert [(one.version, one.code) for one in history] == [
        (1, ResultCode.NO_PROBLEM),
        (2, ResultCode.PENDING),
    ]
    assert history[0].entered_at == history[1].entered_at


def wrong_code(filled: Filled) -> None:
    filled.write(1, code="9")


def full_width_code(filled: Filled) -> None:
    filled.write(1, code="１")


def words_for_a_code(filled: Filled) -> None:
    filled.write(1, code="基本正常，个别地方需要整改")


def date_as_text(filled: Filled) -> None:
    filled.write(1, completed_on="2024年6月20日")


def full_width_date(filled: Filled) -> None:
    filled.write(1, completed_on="２０２４-06-20")


def date_to_come(filled: Filled) -> None:
    filled.write(1, completed_on=date(2999, 1, 1))


def date_before_the_draw(filled: Filled) -> None:
    filled.write(1, completed_on=date(2024, 5, 20))


def serial_date(filled: Filled) -> None:
    cell = filled.cell(1, "completed_on")
    cell.value, cell.number_format = 45463, "General"


def no_disposal(filled: Filled) -> None:
    filled.write(1, code="发现问题待后续处理", problem="有问题")


def no_description(filled: Filled) -> None:
    filled.write(1, code="发现问题已责令改正", disposal="责令改正")


def row_deleted(filled: Filled) -> None:
    filled.sheet.delete_rows(HEADER_ROW + 1)


def row_added(filled: Filled) -> None:
    filled.write(9, ent_name="清河县没有抽中有限公司", uscc=form(99).uscc, item_name="登记事项检查").fine(9)


def code_with_a_letter_o(filled: Filled) -> None:
    code = filled.cell(1, "uscc").value
    filled.write(1, uscc=code[:4] + code[4:].replace("0", "O") if "0" in code[4:] else "O" + code[1:])


def code_as_a_number(filled: Filled) -> None:
    filled.write(1, uscc=9.1130534e17)


def full_width_digits(filled: Filled) -> None:
    code = filled.cell(1, "uscc").value
    filled.write(1, uscc="".join(chr(ord(c) + 0xFEE0) for c in code))


def duplicate_row(filled: Filled) -> None:
    for key, place in PLACE.items():
        filled.cell(9, key).value = filled.sheet.cell(HEADER_ROW + 1, place).value


def another_departments_row(filled: Filled) -> None:
    uscc = filled.cell(1, "uscc").value
    filled.write(9, row_id=f"{uscc}/SW-01", uscc=uscc, item_name="生产建设项目水土保持审批的后续监管").fine(9)


MISTAKES: list[tuple[Callable[[Filled], None], int, str, str]] = [
    (wrong_code, 1, "code", "DB-ENTRY-020"),
    (words_for_a_code, 1, "code", "DB-ENTRY-021"),
    (full_width_code, 1, "code", "DB-ENTRY-033"),
    (date_as_text, 1, "completed_on", "DB-ENTRY-022"),
    (full_width_date, 1, "completed_on", "DB-ENTRY-033"),
    (date_to_come, 1, "completed_on", "DB-ENTRY-024"),
    (date_before_the_draw, 1, "completed_on", "DB-ENTRY-025"),
    (serial_date, 1, "completed_on", "DB-ENTRY-023"),
    (no_disposal, 1, "disposal", "DB-ENTRY-027"),
    (no_description, 1, "problem", "DB-ENTRY-028"),
    (row_deleted, 1, "number", "DB-ENTRY-030"),
    (row_added, 9, "ent_name", "DB-ENTRY-031"),
    (code_with_a_letter_o, 1, "uscc", "DB-CODE-005"),
    (code_as_a_number, 1, "uscc", "DB-CODE-003"),
    (full_width_digits, 1, "uscc", "DB-ENTRY-033"),
    (duplicate_row, 9, "number", "DB-ENTRY-034"),
    (another_departments_row, 9, "item_name", "DB-ENTRY-035"),
]


@pytest.mark.parametrize(
    ("mistake", "line", "key", "code"), MISTAKES, ids=[one[0].__name__ for one in MISTAKES]
)
def test_each_mistake_is_marked_in_its_cell_and_nothing_is_imported(
    office: Office, mistake: Callable[[Filled], None], line: int, key: str, code: str
) -> None:
    filled = office.sheet()
    filled.fine(1, 2, 3, 4)
    mistake(filled)
    path = filled.save()
    before = path.read_bytes()
    done = office.take(path)
    assert done.code == 2
    assert done.document["error"]["code"] == "DB-ENTRY-006"
    marked = Filled(Path(done.document["marked_file"]))
    comments = marked.comments()
    assert list(comments) == [(line, key)], done.document["marks"]
    assert code in comments[line, key]
    assert marked.coloured() == {(line, key)}
    assert [(mark["row"], mark["column"]) for mark in done.document["marks"]] == [
        (line + HEADER_ROW, title(key))
    ]
    assert path.read_bytes() == before
    assert not office.results()
    assert not office.entered()


def test_all_mistakes_at_once_are_mended_in_the_marked_copy_and_imported_once(office: Office) -> None:
    filled = office.sheet()
    filled.fine(1, 2, 3, 4, 5, 6, 7, 8)
    filled.write(1, code="9", completed_on="6月20日")
    filled.write(3, code="发现问题待后续处理", problem="有问题")
    filled.cell(7, "problem").fill = PatternFill("solid", fgColor="FF00FF00")
    filled.cell(7, "code").comment = Comment("请科长看一下", "某科员")
    filled.write(5, problem="另有说明")
    filled.sheet.row_dimensions[HEADER_ROW + 5].height = 44
    full_width_digits_in = filled.cell(6, "uscc")
    full_width_digits_in.value = "".join(chr(ord(c) + 0xFEE0) for c in str(full_width_digits_in.value))
    done = office.take(filled.save())
    marked = Filled(Path(done.document["marked_file"]))
    wrong = {(1, "code"), (1, "completed_on"), (3, "disposal"), (5, "problem"), (6, "uscc")}
    assert set(marked.comments()) == wrong | {(7, "code")}
    assert marked.coloured() == wrong
    assert marked.cell(7, "problem").fill.fgColor.rgb == "FF00FF00"
    assert marked.sheet.row_dimensions[HEADER_ROW + 5].height == 44
    assert len(marked.sheet.data_validations.dataValidation) == len(
        filled.sheet.data_validations.dataValidation
    )
    assert marked.sheet.protection.sheet

    marked.write(1, code="未发现问题").write(3, disposal="责令改正").write(5, problem=None)
    marked.write(6, uscc=office.forms[2].uscc)
    second = office.take(marked.save())
    assert second.code == 2
    assert Path(second.document["marked_file"]).name == "录入表-需改正2.xlsx"
    again = Filled(Path(second.document["marked_file"]))
    assert again.coloured() == {(1, "completed_on")}
    assert again.comments()[7, "code"] == "请科长看一下"
    again.write(1, completed_on=date(2024, 6, 20))
    last = office.take(again.save())
    assert (last.code, last.document["added"]) == (0, 8)
    assert office.take(again.path).document["unchanged"] == 8
    assert len(office.entered()) == 1


def test_somebody_elses_sheet_is_said_to_be_so(office: Office) -> None:
    filled = office.sheet("SW")
    filled.fine(1)
    done = office.take(filled.save(), "--department", "SC")
    assert (done.code, done.document["error"]["code"]) == (2, "DB-ENTRY-008")
    assert office.take(filled.path, "--department", "SW").document["added"] == 1
    assert office.call("export", "entry-sheet", TASK, "--department", "XX", "--json").document["error"][
        "code"
    ] == ("DB-ENTRY-003")


def test_a_sheet_of_another_task_and_one_that_is_none(office: Office, tmp_path: Path) -> None:
    other = office_of(
        tmp_path / "另一处", plan=campaign(task_id="130534202405281009", short_name="别的"), forms=[]
    )
    del other
    filled = office.sheet()
    assert office.take(filled.path).document["error"]["code"] == "DB-ENTRY-007"
    filled.book["表源"]["B2"] = "130534202405281009"
    assert office.take(filled.save()).document["error"]["code"] == "DB-ENTRY-002"
    del filled.book["表源"]
    assert office.take(filled.save()).document["error"]["code"] == "DB-ENTRY-001"
    whole = office.sheet()
    whole.sheet.delete_cols(PLACE["code"])
    missing = office.take(whole.save()).document["error"]
    assert (missing["code"], title("code") in missing["zh"]) == ("DB-ENTRY-005", True)


def test_a_moved_column_and_a_remark_below_do_no_harm(office: Office) -> None:
    filled = office.sheet()
    filled.fine(1)
    filled.sheet.insert_rows(1)
    filled.sheet.cell(15, 3).value = "填表人：某某　2024-06-20"
    assert filled.sheet.title == ENTRY_SHEET
    assert office.take(filled.save()).document["added"] == 1


def test_what_the_platform_holds_is_not_entered_a_second_time(office: Office) -> None:
    filled = office.sheet()
    filled.fine(1)
    path = filled.save()
    assert office.take(path).code == 0
    (ours,) = office.results()
    theirs = ours.model_copy(update={"result_id": "R-1", "item_code": "SC-02", "item_name": "公示信息检查"})
    now = datetime.fromisoformat("2024-06-22T09:00:00+08:00")
    with office.books() as books, books.ledger.write() as tx:
        record_results(tx, TASK, [theirs], [], now)
    filled.fine(2)
    same = office.take(filled.save())
    assert (same.code, same.document["added"], same.document["unchanged"]) == (0, 0, 2)
    filled.write(2, questions_answered="是")
    done = office.take(filled.save())
    assert [mark["code"] for mark in done.document["marks"]] == ["DB-ENTRY-040"]
    again = office.take(office.sheet("SC", "again.xlsx").save())  # with what is recorded filled in
    assert (again.code, again.document["added"], again.document["unchanged"]) == (0, 0, 2)


def test_entered_results_take_the_way_of_the_platforms(office: Office) -> None:
    """Both departments' sheets make an enterprise complete; then it waits for review like any other."""
    for department, lines in (("SC", range(1, 9)), ("SW", range(1, 5))):
        filled = office.sheet(department, f"{department}.xlsx").fine(*lines)
        assert office.take(filled.save()).document["added"] == len(lines)
    with office.books() as books:
        assert len(visits_of(books, campaign()).complete) == 4
        assert {one.state for one in standing_of(books, campaign())} == {"unreviewed"}
    approved = office.call("approve", TASK, "--all", "--role", "科长", "--json")
    assert (approved.code, approved.document["recorded"]) == (0, 4)


def test_entering_does_not_move_the_platforms_cursor(office: Office) -> None:
    """Else what a department enters today would hide what the platform changed yesterday."""
    assert office.take(office.sheet().fine(1).save()).code == 0
    with office.books() as books, books.ledger.read() as tx:
        assert result_cursor_of(tx, TASK) is None


def test_published_results_are_changed_with_a_reason_alone(office: Office) -> None:
    filled = office.sheet()
    path = filled.fine(1, 2).save()
    assert office.take(path).code == 0
    uscc = office.forms[0].uscc
    record = PublicationRecord(
        record_id=f"{TASK}-{uscc}",
        prip_id="P1",
        uscc=uscc,
        ent_name="甲",
        plan_id="1",
        plan_name="计划",
        task_id=TASK,
        task_name="任务",
        task_type="不定向",
        authority="甲、乙",
        completed_on=date(2024, 6, 20),
        details=(PublicationDetail(seq_no=1, item_name="登记事项检查", result_name="未发现问题"),),
    )
    now = datetime.fromisoformat("2024-06-25T09:00:00+08:00")
    with office.books() as books, books.ledger.write() as tx:
        enqueue(tx, "record", TASK, [Due(record.record_id, 1, record.model_dump_json())], now, approved=True)
        (item,) = outbox_items(tx, "record", TASK)
        set_item(tx, item, state="accepted")
    assert office.take(path).document["unchanged"] == 2
    filled.write(2, code="发现问题已责令改正", problem="公示信息有误", disposal="责令改正")
    changed = filled.save()
    refused = office.take(changed)
    assert [mark["code"] for mark in refused.document["marks"]] == ["DB-ENTRY-041"]
    assert office.take(changed, "--correct", "复核后更正").document["changed"] == 1
    assert office.entered()[-1]["reason"] == "复核后更正"
    history = office.history(f"sheet/{uscc}/SC-02")
    assert [one.version for one in history] == [1, 2]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_a_real_spreadsheet_program_keeps_lists_comments_and_what_was_entered(office: Office) -> None:
    filled = office.sheet().fine(1, 2).write(1, code="9")
    marked = Path(office.take(filled.save()).document["marked_file"])
    profile = office.folder / "lo"
    out = office.folder / "out"
    command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to"]
    command += ["xlsx:Calc MS Excel 2007 XML", "--outdir", str(out), str(marked)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    saved = Filled(out / marked.name)
    assert saved.comments().keys() == {(1, "code")} == saved.coloured()
    lists = {rule.formula1 for rule in saved.sheet.data_validations.dataValidation if rule.type == "list"}
    assert {"list_result", "list_disposal", "list_signature", "list_yes_no"} <= lists
    saved.write(1, code="未发现问题")
    assert office.take(saved.save()).document["added"] == 2
