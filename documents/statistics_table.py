"""The annex of the notice: 《全县“双随机、一公开”部门联合抽查统计表》, to print and to paste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from documents.markdown import cell
from documents.printed_workbook import (
    A4,
    Styles,
    Workbook,
    Worksheet,
    document_line,
    make_workbook,
    put,
    put_number,
    row_height,
)
from documents.whole_file import write_whole
from rules.statistics import COLUMNS
from schemas.campaign import Campaign

TITLE = "全县“双随机、一公开”部门联合抽查统计表"
NAME = "统计表"

StatisticsRow = Mapping[str, str | int]
"""One row of the table, by the keys of `rules.statistics.COLUMNS`."""

# The annex's upper heads and the columns beneath each; a column without one is as high as both.
GROUPS: tuple[tuple[str | None, tuple[str, ...]], ...] = (
    (None, ("report_unit",)),
    (None, ("ent_drawn",)),
    (None, ("inspectors_drawn",)),
    ("发现问题", ("problem_items", "problem_ents")),
    ("抽查结果处理", ("guided_ents", "to_abnormal_list_ents", "to_case_ents")),
    (None, ("qa_ents",)),
)

_UNIT_WIDTH, _COUNT_WIDTH = 30.0, 13.0
_UPPER, _LOWER = 2, 3
_FIRST_ROW = 4
_NOTES = (
    "户数、人数按实际去重：联合检查的企业在各部门分别计入，合计行只计一次；事项按“企业、事项”计。",
    "填表人：                    审核人：                    填报日期：      年    月    日",
)


def write_statistics(folder: Path, campaign: Campaign, rows: Sequence[StatisticsRow]) -> tuple[Path, Path]:
    """Writes 统计表.xlsx and 统计表.md into the folder and returns their paths.

    `rows` are printed in their order, the county's last (`rules.statistics.AnnexTable.rows`).  Raises
    DrawbridgeError DB-CLI-004.
    """
    workbook, markdown = folder / f"{NAME}.xlsx", folder / f"{NAME}.md"

    def fill(book: Workbook, styles: Styles) -> None:
        _sheet(book, styles, campaign, rows)

    write_whole(workbook, make_workbook(f"{campaign.name}{NAME}", campaign.starts_on, fill))
    write_whole(markdown, statistics_markdown(campaign, rows).encode("utf-8"))
    return workbook, markdown


def statistics_markdown(campaign: Campaign, rows: Sequence[StatisticsRow]) -> str:
    """The table as Markdown, with the annex's title; its two rows of heads become one."""
    heads = [f"{above} / {COLUMNS[key]}" if above else COLUMNS[key] for above, keys in GROUPS for key in keys]
    lines = [
        f"# {TITLE}",
        "",
        f"{cell(campaign.name)}（{cell(campaign.document_no or campaign.task_id)}）",
        "",
        "| " + " | ".join(heads) + " |",
        "|---|" + "---:|" * (len(heads) - 1),
    ]
    lines += ["| " + " | ".join(cell(str(row[key])) for key in _keys()) + " |" for row in rows]
    return "\n".join([*lines, "", _NOTES[0], ""])


def _keys() -> list[str]:
    return [key for _, keys in GROUPS for key in keys]


def _sheet(book: Workbook, styles: Styles, campaign: Campaign, rows: Sequence[StatisticsRow]) -> None:
    sheet = book.add_worksheet(NAME)
    last = len(COLUMNS) - 1
    sheet.set_column(0, 0, _UNIT_WIDTH)
    sheet.set_column(1, last, _COUNT_WIDTH)
    put(sheet, 0, (0, last), TITLE, styles["title"])
    sheet.set_row(0, 36)
    line = f"{campaign.name}\n{document_line(campaign)}"
    put(sheet, 1, (0, last), line, styles["line"])
    sheet.set_row(1, 40)
    _heads(sheet, styles)
    for number, row in enumerate(rows, _FIRST_ROW):
        for column, key in enumerate(_keys()):
            value = row[key]
            if isinstance(value, int):
                put_number(sheet, number, column, value, styles["number"])
            else:
                put(sheet, number, (column, column), value, styles["text"])
        sheet.set_row(number, max(26.0, row_height((str(row["report_unit"]), _UNIT_WIDTH))))
    for number, note in enumerate(_NOTES, _FIRST_ROW + len(rows)):
        put(sheet, number, (0, last), note, styles["line"])
        sheet.set_row(number, 32)
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.7)
    sheet.center_horizontally()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, _LOWER)
    sheet.set_footer("&R第 &P 页，共 &N 页")


def _heads(sheet: Worksheet, styles: Styles) -> None:
    column = 0
    for above, keys in GROUPS:
        end = column + len(keys) - 1
        if above is None:
            put(sheet, _UPPER, (column, end), _head(keys[0]), styles["head"], rows=2)
        else:
            put(sheet, _UPPER, (column, end), above, styles["head"])
            for place, key in enumerate(keys, column):
                put(sheet, _LOWER, (place, place), _head(key), styles["head"])
        column = end + 1
    sheet.set_row(_UPPER, 24)
    sheet.set_row(_LOWER, 52)


def _head(key: str) -> str:
    """The heading with its unit on a line of its own, as the annex prints it."""
    name, bracket, unit = COLUMNS[key].partition("(")
    return f"{name}\n（{unit.rstrip(')')}）" if bracket else name
