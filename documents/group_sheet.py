"""分组名册: which group visits whom, for the office and the lead department (notice 五(三)5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from documents.printed_workbook import (
    A4,
    Styles,
    Workbook,
    Worksheet,
    document_line,
    make_workbook,
    put,
    row_height,
    sheet_name,
)
from documents.whole_file import PRIVATE, write_whole
from schemas.campaign import Campaign, Department
from schemas.form import FormInspector, InspectionForm

ALL_GROUPS = "分组名册"


@dataclass(frozen=True)
class Column:
    """A column: its heading, its width in characters, whether its cells are centred."""

    heading: str
    width: float
    centred: bool = False


_ALL = (
    Column("组号", 6, centred=True),
    Column("组长", 9, centred=True),
    Column("检查人员（姓名、执法证号）", 30),
    Column("企业名称", 24),
    Column("统一社会信用代码", 21, centred=True),
    Column("住所", 24),
    Column("抽查对象（项目）", 26),
    Column("检查事项", 30),
    Column("需提供的材料", 30),
)
_ONE_DEPARTMENT = (
    Column("姓名", 10, centred=True),
    Column("执法证号", 20, centred=True),
    Column("组号", 6, centred=True),
    Column("组长", 9, centred=True),
    Column("企业名称", 28),
    Column("统一社会信用代码", 21, centred=True),
    Column("住所", 28),
    Column("抽查对象（项目）", 26),
    Column("本部门检查事项", 28),
    Column("需提供的材料", 28),
)
_HEAD_ROWS = 3


def write_group_sheet(path: Path, campaign: Campaign, forms: Sequence[InspectionForm]) -> None:
    """Writes the groups as XLSX: a sheet for all, then one for each department.

    Enterprises stand by group, within a group in the order of `forms`. A department's sheet has
    one row for each of its inspectors and visits. The file names people and is readable by its
    owner alone (0600); it holds no telephone numbers. Raises DrawbridgeError DB-CLI-004.
    """
    visits = sorted(forms, key=lambda form: form.group)

    def fill(workbook: Workbook, styles: Styles) -> None:
        names = [ALL_GROUPS]
        _sheet(workbook, styles, names[0], campaign, ALL_GROUPS, _ALL, _rows_of_all(campaign, visits))
        for department in campaign.departments:
            names.append(sheet_name(department.name, names))
            title = f"{department.name}（{department.role.label}）{ALL_GROUPS}"
            rows = _rows_of_department(department, visits)
            _sheet(workbook, styles, names[-1], campaign, title, _ONE_DEPARTMENT, rows)

    title = f"{campaign.name}{ALL_GROUPS}"
    write_whole(path, make_workbook(title, campaign.starts_on, fill), mode=PRIVATE)


def by_department(
    campaign: Campaign, form: InspectionForm, entries: Callable[[str], Sequence[str]]
) -> list[tuple[str, Sequence[str]]]:
    """For each department of the form, lead first, its name and what `entries` says for its code.

    A department that the campaign does not name stands last under its code; one without entries is left out.
    """
    named = {department.code: department.name for department in campaign.departments}
    people = [person.dept_code for person in form.inspectors]
    codes = dict.fromkeys([*named, *people, *(item.dept_code for item in form.items)])
    return [(named.get(code, code), found) for code in codes if (found := entries(code))]


def inspector_line(person: FormInspector) -> str:
    """Name and certificate number; the number stays away where the roster has none."""
    return f"{person.name}（{person.cert_no}）" if person.cert_no else person.name


def leader_name(form: InspectionForm) -> str:
    """The group leader's name, empty if the leader is not on the form's team."""
    return next((person.name for person in form.inspectors if person.inspector_id == form.leader), "")


def object_lines(form: InspectionForm) -> list[str]:
    """The drawn objects, each with its id unless that is the enterprise's own code."""
    return [o.name if o.object_id == form.uscc else f"{o.name}（{o.object_id}）" for o in form.objects]


def _rows_of_all(campaign: Campaign, visits: Iterable[InspectionForm]) -> list[list[str]]:
    return [
        [
            str(form.group),
            leader_name(form),
            _paragraphs(by_department(campaign, form, lambda c, f=form: _people(f, c))),  # type: ignore[misc]
            form.ent_name,
            form.uscc,
            form.address or "",
            "\n".join(object_lines(form)),
            _paragraphs(by_department(campaign, form, lambda c, f=form: _items(f, c))),  # type: ignore[misc]
            _paragraphs(by_department(campaign, form, lambda c, f=form: _materials(f, c))),  # type: ignore[misc]
        ]
        for form in visits
    ]


def _rows_of_department(department: Department, visits: Sequence[InspectionForm]) -> list[list[str]]:
    rows = [
        (form.group, place, person, form)
        for form in visits
        for place, person in enumerate(form.inspectors)
        if person.dept_code == department.code
    ]
    # Sorting is stable: a person's visits stay in visiting order.
    rows.sort(key=lambda row: row[:2])
    return [
        [
            person.name,
            person.cert_no,
            str(group),
            leader_name(form),
            form.ent_name,
            form.uscc,
            form.address or "",
            "\n".join(object_lines(form)),
            "\n".join(_items(form, department.code)),
            "、".join(_materials(form, department.code)),
        ]
        for group, _, person, form in rows
    ]


def _people(form: InspectionForm, dept_code: str) -> list[str]:
    return [inspector_line(person) for person in form.inspectors if person.dept_code == dept_code]


def _items(form: InspectionForm, dept_code: str) -> list[str]:
    return [item.item_name for item in form.items if item.dept_code == dept_code]


def _materials(form: InspectionForm, dept_code: str) -> list[str]:
    """Each once, though several items may ask for it."""
    asked = (material for item in form.items if item.dept_code == dept_code for material in item.materials)
    return list(dict.fromkeys(asked))


def _paragraphs(groups: Iterable[tuple[str, Sequence[str]]]) -> str:
    return "\n".join(f"{name}：{'、'.join(entries)}" for name, entries in groups)


def _sheet(
    workbook: Workbook,
    styles: Styles,
    name: str,
    campaign: Campaign,
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
) -> None:
    sheet = workbook.add_worksheet(name)
    last = len(columns) - 1
    put(sheet, 0, (0, last), f"{campaign.name}\n{title}", styles["title"])
    sheet.set_row(0, 48)
    put(sheet, 1, (0, last), document_line(campaign), styles["line"])
    sheet.set_row(1, 20)
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)
        put(sheet, 2, (number, number), column.heading, styles["head"])
    sheet.set_row(2, row_height(*((column.heading, column.width) for column in columns)))
    for number, row in enumerate(rows, _HEAD_ROWS):
        for place, (column, text) in enumerate(zip(columns, row, strict=True)):
            put(sheet, number, (place, place), text, styles["centre" if column.centred else "text"])
        sheet.set_row(number, row_height(*((t, c.width) for c, t in zip(columns, row, strict=True))))
    _set_up_print(sheet, len(rows), last)


def _set_up_print(sheet: Worksheet, rows: int, last_column: int) -> None:
    sheet.freeze_panes(_HEAD_ROWS, 0)
    sheet.autofilter(_HEAD_ROWS - 1, 0, _HEAD_ROWS - 1 + rows, last_column)
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, _HEAD_ROWS - 1)
    sheet.set_footer("&L含个人信息，限本次抽查使用&R第 &P 页，共 &N 页")
