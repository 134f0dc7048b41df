"""The annex of the notice: 《全县“双随机、一公开”部门联合抽查统计表》, to print, to paste and to send in.

The table of all units comes first; after it each unit has a page of its own as the notice prints it
(报表单位 above, one row beneath), so that a department can sign what it hands in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from documents.markdown import cell
from documents.paper.press import Press, PressSettings
from documents.printed_workbook import (
    A4,
    Styles,
    Workbook,
    Worksheet,
    make_workbook,
    put,
    put_number,
    row_height,
    sheet_name,
)
from documents.statistics_layout import COUNTS, FIRST_ROW, GROUPS, KEYS, NAME, TITLE, Heading
from documents.whole_file import write_whole
from rules.annex_count import COLUMNS
from schemas.campaign import Campaign

__all__ = [
    "GROUPS",
    "Heading",
    "statistics_markdown",
    "statistics_paper",
    "write_statistics",
    "write_statistics_pdf",
]

StatisticsRow = Mapping[str, str | int]
"""One row of the table, by the keys of `rules.annex_count.COLUMNS`."""

TEMPLATE = "statistics"
_UNIT_WIDTH, _COUNT_WIDTH = 30.0, 13.0
_UPPER, _LOWER = 2, 3
COUNTED_ONCE = "户数、人数按实际去重：联合检查的企业在各部门分别计入，合计行只计一次；事项按“企业、事项”计。"
_SIGNED = "填表人：                    审核人：                    填报日期：      年    月    日"


def write_statistics(
    folder: Path,
    about: Campaign | Heading,
    rows: Sequence[StatisticsRow],
    *,
    name: str = NAME,
    notes: Sequence[str] = (COUNTED_ONCE,),
    apart: bool = True,
) -> tuple[Path, Path]:
    """Writes NAME.xlsx and NAME.md into the folder and returns their paths.

    `rows` are printed in their order, the county's last (`rules.statistics.AnnexTable.rows`); `apart`:
    each unit but the county has a sheet of its own after them.  Raises DrawbridgeError DB-CLI-004.
    """
    heading = _heading(about)
    workbook, markdown = folder / f"{name}.xlsx", folder / f"{name}.md"

    def fill(book: Workbook, styles: Styles) -> None:
        sheet = _sheet(book, styles, NAME, (KEYS, rows), heading.name + "\n" + heading.line, notes)
        sheet.repeat_rows(0, _LOWER)
        taken = [NAME]
        for row in rows[:-1] if apart else ():
            taken.append(sheet_name(str(row["report_unit"]), taken))
            above = f"报表单位：{row['report_unit']}\n{heading.name}"
            _sheet(book, styles, taken[-1], (COUNTS, [row]), above, ())

    day = date.fromisoformat(heading.day_text)
    write_whole(workbook, make_workbook(f"{heading.name}{NAME}", day, fill))
    write_whole(markdown, statistics_markdown(heading, rows, notes).encode("utf-8"))
    return workbook, markdown


def write_statistics_pdf(
    path: Path,
    about: Campaign | Heading,
    rows: Sequence[StatisticsRow],
    *,
    notes: Sequence[str] = (COUNTED_ONCE,),
    apart: bool = True,
    settings: PressSettings | None = None,
) -> Path:
    """Writes the same as PDF by the template `statistics.typ`, which an office may override.

    Raises DrawbridgeError DB-PAPER-001 to -003, DB-CLI-004.
    """
    with Press(settings) as press:
        write_whole(path, press.print(TEMPLATE, statistics_paper(about, rows, notes, apart=apart)))
    return path


def statistics_paper(
    about: Campaign | Heading,
    rows: Sequence[StatisticsRow],
    notes: Sequence[str] = (COUNTED_ONCE,),
    *,
    apart: bool = True,
) -> dict[str, Any]:
    """The data of template `statistics`: heads as the annex groups them, the rows, the county's last."""
    heading = _heading(about)
    return {
        "title": TITLE,
        "name": heading.name,
        "line": heading.line,
        "groups": [{"above": above, "heads": [_named(key) for key in keys]} for above, keys in GROUPS[1:]],
        "rows": [
            {"unit": str(row["report_unit"]), "counts": [str(row[key]) for key in COUNTS]} for row in rows
        ],
        "apart": apart,
        "notes": list(notes),
    }


def statistics_markdown(
    about: Campaign | Heading, rows: Sequence[StatisticsRow], notes: Sequence[str] = (COUNTED_ONCE,)
) -> str:
    """The table as Markdown, with the annex's title; its two rows of heads become one."""
    heading = _heading(about)
    beside = (
        f"（{about.document_no or about.task_id}）" if isinstance(about, Campaign) else f"（{heading.line}）"
    )
    heads = [f"{above} / {COLUMNS[key]}" if above else COLUMNS[key] for above, keys in GROUPS for key in keys]
    lines = [
        f"# {TITLE}",
        "",
        f"{cell(heading.name)}{cell(beside)}",
        "",
        "| " + " | ".join(heads) + " |",
        "|---|" + "---:|" * (len(heads) - 1),
    ]
    lines += ["| " + " | ".join(cell(str(row[key])) for key in KEYS) + " |" for row in rows]
    return "\n".join([*lines, "", *notes, ""])


def _heading(about: Campaign | Heading) -> Heading:
    return Heading.of(about) if isinstance(about, Campaign) else about


def _sheet(
    book: Workbook,
    styles: Styles,
    name: str,
    table: tuple[Sequence[str], Sequence[StatisticsRow]],
    above: str,
    notes: Sequence[str],
) -> Worksheet:
    keys, rows = table
    sheet = book.add_worksheet(name)
    last = len(keys) - 1
    sheet.set_column(0, last, _COUNT_WIDTH)
    if keys[0] == KEYS[0]:
        sheet.set_column(0, 0, _UNIT_WIDTH)
    put(sheet, 0, (0, last), TITLE, styles["title"])
    sheet.set_row(0, 36)
    put(sheet, 1, (0, last), above, styles["line"])
    sheet.set_row(1, 40)
    _heads(sheet, styles, keys)
    for number, row in enumerate(rows, FIRST_ROW):
        for column, key in enumerate(keys):
            value = row[key]
            if isinstance(value, int):
                put_number(sheet, number, column, value, styles["number"])
            else:
                put(sheet, number, (column, column), value, styles["text"])
        sheet.set_row(number, max(26.0, row_height((str(row["report_unit"]), _UNIT_WIDTH))))
    for number, note in enumerate((*notes, _SIGNED), FIRST_ROW + len(rows)):
        put(sheet, number, (0, last), note, styles["line"])
        sheet.set_row(number, 32)
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.7)
    sheet.center_horizontally()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&R第 &P 页，共 &N 页")
    return sheet


def _heads(sheet: Worksheet, styles: Styles, wanted: Sequence[str]) -> None:
    column = 0
    for above, keys in GROUPS:
        if not set(keys) <= set(wanted):
            continue
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
    named = _named(key)
    return f"{named['name']}\n（{named['unit']}）" if named["unit"] else named["name"]


def _named(key: str) -> dict[str, str]:
    name, _, unit = COLUMNS[key].partition("(")
    return {"name": name, "unit": unit.rstrip(")")}
