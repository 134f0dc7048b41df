"""一企一表: one sheet per enterprise, filled in on site and signed (notice 五(二)2, 五(三)4).

The province's own layout is not public; the members are those of domain reference §2.7.  What the
annex counts and the publicity record does not carry (guidance given, questions answered) has its own
boxes to tick.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from documents.group_sheet import leader_name, object_lines
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
from schemas.campaign import Campaign
from schemas.codes import CheckMethod, Coded, Disposal, ResultCode, ReviewOpinion, SignatureState
from schemas.form import InspectionForm

TITLE = "随机抽查联合检查记录表（一企一表）"

_WIDTHS = (19.0, 14.0, 18.0, 18.0, 15.0, 13.0)
_LAST = len(_WIDTHS) - 1
_WHOLE = (0, _LAST)
_VALUE = (1, _LAST)
_OBJECTS_PER_ROW = 8  # a row of more lines than a page's third would not be printed whole
_ONE_PAGE_POINTS = 1_100.0  # shrunk to seven tenths at most, so that it can be read
_BOX = "□"
_DATE_LINE = "      年    月    日"


def write_inspection_forms(path: Path, campaign: Campaign, forms: Sequence[InspectionForm]) -> None:
    """Writes the forms as one XLSX, ready to print on A4: a sheet per enterprise, in the order of `forms`.

    The file names people and is readable by its owner alone (0600); it holds no telephone numbers.
    Raises DrawbridgeError DB-CLI-004.
    """

    def fill(workbook: Workbook, styles: Styles) -> None:
        names: list[str] = []
        for number, form in enumerate(forms, 1):
            # The number makes it another name than all the others: no look at thousands of them each time.
            names.append(sheet_name(f"{number:03d} {form.ent_name}", ()))
            _FormSheet(workbook.add_worksheet(names[-1]), styles).fill(campaign, form)
        if not names:
            # A workbook has at least one sheet.
            sheet = workbook.add_worksheet("一企一表")
            sheet.set_column(0, 0, 60)
            put(sheet, 0, (0, 0), "本次抽查没有需要填写的检查记录表。", styles["line"])
            sheet.set_paper(A4)

    title = f"{campaign.name}一企一表"
    write_whole(path, make_workbook(title, campaign.starts_on, fill), mode=PRIVATE)


class _FormSheet:
    """A sheet that is filled from above, row by row; `row` is the next, `height` the points filled."""

    def __init__(self, sheet: Worksheet, styles: Styles) -> None:
        self.sheet, self.styles, self.row = sheet, styles, 0
        self.height = 0.0
        self.signatures_at = 0

    def fill(self, campaign: Campaign, form: InspectionForm) -> None:
        for column, width in enumerate(_WIDTHS):
            self.sheet.set_column(column, column, width)
        self.line([(_WHOLE, f"{campaign.name}\n{TITLE}", "title")], height=56)
        self.line([(_WHOLE, document_line(campaign), "line")])
        self.line([(_WHOLE, f"表号 {form.form_no}    第 {form.group} 组", "line")])
        self._subject(form)
        self._team(campaign, form)
        self._items(campaign, form)
        self._on_site()
        self._signatures()
        self._set_up_print(form)

    def line(self, cells: Sequence[tuple[tuple[int, int], str, str]], *, height: float = 19) -> None:
        """Writes one row: (first and last column), text, style; as high as its text, at least `height`."""
        for columns, text, style in cells:
            put(self.sheet, self.row, columns, text, self.styles[style])
        needed = row_height(*((text, sum(_WIDTHS[a : b + 1])) for (a, b), text, _ in cells))
        self.sheet.set_row(self.row, max(height, needed))
        self.height += max(height, needed)
        self.row += 1

    def labelled(self, label: str, text: str, *, height: float = 19, style: str = "text") -> None:
        self.line([((0, 0), label, "label"), (_VALUE, text, style)], height=height)

    def section(self, title: str) -> None:
        self.line([(_WHOLE, title, "section")])

    def _subject(self, form: InspectionForm) -> None:
        self.section("一、被检查单位")
        self.labelled("名称", form.ent_name)
        self.labelled("统一社会信用代码", form.uscc)
        self.labelled("住所", form.address or "")
        objects = object_lines(form)
        for first in range(0, len(objects), _OBJECTS_PER_ROW):
            label = "抽查对象（项目）" if first == 0 else "抽查对象（续）"
            self.labelled(label, "\n".join(objects[first : first + _OBJECTS_PER_ROW]))
        self.line(
            [
                ((0, 0), "法定代表人（负责人）", "label"),
                ((1, 2), "", "text"),
                ((3, 3), "联系电话", "label"),
                ((4, _LAST), "", "text"),
            ],
            height=24,
        )

    def _team(self, campaign: Campaign, form: InspectionForm) -> None:
        self.section(f"二、检查组（组长：{leader_name(form)}）")
        heads = (((0, 2), "部门"), ((3, 3), "姓名"), ((4, _LAST), "执法证号"))
        self.line([(columns, head, "head") for columns, head in heads])
        names = _department_names(campaign)
        for person in form.inspectors:
            self.line(
                [
                    ((0, 2), names.get(person.dept_code, person.dept_code), "text"),
                    ((3, 3), person.name, "centre"),
                    ((4, _LAST), person.cert_no, "centre"),
                ]
            )
        self.labelled("协助的专业人员", "姓名：                    单位：")

    def _items(self, campaign: Campaign, form: InspectionForm) -> None:
        self.section("三、检查事项（没有发现问题的，在“发现问题情况”中写明“无”）")
        heads = ("检查部门", "检查事项", "需提供的材料", "发现问题情况", "处置情况", "检查结果（代码）")
        self.line([((column, column), head, "head") for column, head in enumerate(heads)])
        names = _department_names(campaign)
        boxes = "  ".join(f"{_BOX}{code.value}" for code in ResultCode)
        for item in form.items:
            texts = (
                names.get(item.dept_code, item.dept_code),
                item.item_name,
                "\n".join(item.materials),
                "",
                "",
                boxes,
            )
            self.line([((column, column), text, "top") for column, text in enumerate(texts)], height=56)
        self.labelled("检查结果代码", "；".join(f"{code.value} {code.label}" for code in ResultCode))

    def _on_site(self) -> None:
        self.section("四、检查情况")
        self.labelled("核查方式（可多选）", _to_tick(CheckMethod))
        self.labelled("现场检查", f"到达：{_DATE_LINE}    时    分        离开：    时    分")
        self.labelled("出示执法证件", f"{_BOX}是  {_BOX}否")
        self.labelled("行政指导", f"{_BOX}是  {_BOX}否        内容：")
        self.labelled("现场解答疑难问题", f"{_BOX}是  {_BOX}否        内容：")
        self.labelled("后续处置（可多选）", _to_tick(Disposal))

    def _signatures(self) -> None:
        self.signatures_at = self.row
        self.section("五、签字和审核")
        states = "  ".join(f"{_BOX}{state.label}" for state in SignatureState)
        self.labelled(
            "被检查单位意见",
            f"{states}\n拒绝签字的情况：\n\n法定代表人（负责人）签字（盖章）：              {_DATE_LINE}",
            height=72,
            style="top",
        )
        self.labelled(
            "检查人员签名",
            f"（不少于 2 人）\n\n                              {_DATE_LINE}",
            height=52,
            style="top",
        )
        self.labelled("组长审核意见", f"\n\n签名：                    {_DATE_LINE}", height=48, style="top")
        opinions = (ReviewOpinion.APPROVED, ReviewOpinion.WITHHELD, ReviewOpinion.RETURNED)
        ticks = "  ".join(f"{_BOX}{opinion.label}" for opinion in opinions)
        self.labelled(
            "结果公示审批意见",
            f"{ticks}        依据：\n\n签名：                    {_DATE_LINE}",
            height=48,
            style="top",
        )

    def _set_up_print(self, form: InspectionForm) -> None:
        self.sheet.set_paper(A4)
        self.sheet.set_portrait()
        self.sheet.set_margins(left=0.5, right=0.5, top=0.5, bottom=0.6)
        self.sheet.center_horizontally()
        if self.height <= _ONE_PAGE_POINTS:
            self.sheet.fit_to_pages(1, 1)
        else:
            # What is signed stays together, under the head of the form.
            self.sheet.fit_to_pages(1, 0)
            self.sheet.set_h_pagebreaks([self.signatures_at])
        self.sheet.repeat_rows(0, 2)
        self.sheet.print_area(0, 0, self.row - 1, _LAST)
        # An ampersand begins a code in a footer.
        self.sheet.set_footer(f"&L{form.form_no.replace('&', '&&')}&R第 &P 页，共 &N 页")


def _department_names(campaign: Campaign) -> dict[str, str]:
    return {department.code: department.name for department in campaign.departments}


def _to_tick(table: Iterable[Coded]) -> str:
    return "  ".join(f"{_BOX}{member.label}" for member in table)
