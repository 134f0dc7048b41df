"""The work summary as DOCX, set like an official document (GB/T 9704), to be edited and handed in.

Fonts are named, not embedded: 黑体, 仿宋 and 宋体 are on the machines that will open it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_COLOR_INDEX
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from documents.work_summary.blocks import Block, Paragraph, Picture, Section, Table, ToFill
from documents.work_summary.charts import Chart
from documents.work_summary.plain import RANKS

# GB/T 9704-2012 §5.2: A4, 37 mm above, 28 mm left, 156 mm wide; three hao (16 pt) is the body's size.
_MARGINS = {"top_margin": Mm(37), "bottom_margin": Mm(35), "left_margin": Mm(28), "right_margin": Mm(26)}
_WIDTH = Mm(156)
_TITLE_FONT, _BODY_FONT, _HEAD_FONT, _TABLE_FONT = "黑体", "仿宋", "黑体", "宋体"
_TITLE, _BODY, _TABLE, _CAPTION = Pt(22), Pt(16), Pt(10.5), Pt(12)
_NARROW_FROM = 7  # so many columns take smaller letters


def summary_document(
    title: str, blocks: Sequence[Block], charts: Mapping[str, Chart], signed: tuple[str, date]
) -> bytes:
    """The document as bytes. `signed`: who hands it in, and the day that stands beneath (Shanghai).

    The same content gives the same text and pictures; a chart that is not there is left out.
    """
    document = docx.Document()
    _prepare(document, title, signed[1])
    _paragraph(document, title, _TITLE_FONT, _TITLE, centred=True)
    sections = 0
    for block in blocks:
        match block:
            case Section():
                text = f"{RANKS[sections]}、{block.title}"
                heading = document.add_heading(level=1)
                heading.paragraph_format.first_line_indent = Pt(32)
                _run(heading, text, _HEAD_FONT, _BODY)
                sections += 1
            case Paragraph():
                _paragraph(document, block.text, _BODY_FONT, _BODY)
            case ToFill():
                written = _paragraph(document, f"【{block.prompt}】", _BODY_FONT, _BODY)
                written.runs[0].font.highlight_color = WD_COLOR_INDEX.YELLOW
            case Table():
                _table(document, block)
            case Picture() if block.key in charts:
                _picture(document, charts[block.key])
    _signature(document, *signed)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _prepare(document: Any, title: str, day: date) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    for name, value in _MARGINS.items():
        setattr(page, name, value)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "", ""
    properties.created = properties.modified = datetime.combine(day, time())
    for name in ("Normal", "Heading 1"):
        style = document.styles[name]
        style.font.name = "Times New Roman"
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):  # these would win over names
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), _BODY_FONT)
    _page_number(page.footer.paragraphs[0])


def _page_number(paragraph: Any) -> None:
    """A field that the word processor fills in: — 1 —, as official documents have it."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run("— ")
    for kind in ("begin", None, "end"):
        part = OxmlElement("w:instrText" if kind is None else "w:fldChar")
        if kind is None:
            part.text = "PAGE"
        else:
            part.set(qn("w:fldCharType"), kind)
        run._r.append(part)
    paragraph.add_run(" —")


def _run(paragraph: Any, text: str, font: str, size: Any, *, bold: bool = False) -> Any:
    run = paragraph.add_run(_carried(text))
    run.font.size, run.bold = size, bold
    run.font.name = "Times New Roman"
    run.font.color.rgb = RGBColor(0, 0, 0)
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    return run


def _paragraph(document: Any, text: str, font: str, size: Any, *, centred: bool = False) -> Any:
    paragraph = document.add_paragraph()
    form = paragraph.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing = Pt(28 if size != _TITLE else 36)
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        form.space_after = Pt(14)
    else:
        form.first_line_indent = size * 2
    _run(paragraph, text, font, size)
    return paragraph


def _caption(document: Any, text: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(8), Pt(4)
    paragraph.paragraph_format.keep_with_next = True
    _run(paragraph, text, _HEAD_FONT, _CAPTION)


def _table(document: Any, block: Table) -> None:
    if not block.rows:
        _paragraph(document, f"{block.caption}：无。", _BODY_FONT, _BODY)
        return
    _caption(document, block.caption)
    table = document.add_table(rows=0, cols=len(block.head), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    widths = _widths([block.head, *block.rows])
    size = Pt(9) if len(block.head) >= _NARROW_FROM else _TABLE
    for number, texts in enumerate([block.head, *block.rows]):
        row = table.add_row()
        _keep_whole(row, head=number == 0)
        for cell, text, width in zip(row.cells, texts, widths, strict=True):
            cell.width = width
            paragraph = cell.paragraphs[0]
            short = number == 0 or len(text) <= 8
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if short else WD_ALIGN_PARAGRAPH.LEFT
            _run(paragraph, text, _HEAD_FONT if number == 0 else _TABLE_FONT, size)


def _keep_whole(row: Any, *, head: bool) -> None:
    """A row stays on one page; the head comes again on the next."""
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if head:
        properties.append(OxmlElement("w:tblHeader"))


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Shares of the width by the longest text of each column, none below a third of an even share."""
    columns = range(len(rows[0]))
    wanted = [min(40, max(len(row[place]) for row in rows)) for place in columns]
    least = sum(wanted) / len(wanted) / 3
    wanted = [max(one, round(least), 2) for one in wanted]
    return [int(_WIDTH * one / sum(wanted)) for one in wanted]


def _picture(document: Any, chart: Chart) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.keep_with_next = True
    picture = paragraph.add_run().add_picture(io.BytesIO(chart.png), width=_WIDTH)
    described = picture._inline.docPr
    described.set("descr", chart.description)
    _caption_below(document, f"图：{chart.caption}")


def _caption_below(document: Any, text: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_after = Pt(8)
    _run(paragraph, text, _HEAD_FONT, _CAPTION)


def _signature(document: Any, who: str, day: date) -> None:
    for number, text in enumerate((who, f"{day.year}年{day.month}月{day.day}日")):
        paragraph = _paragraph(document, text, _BODY_FONT, _BODY)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.paragraph_format.space_before = Pt(28 if number == 0 else 0)
        paragraph.paragraph_format.right_indent = Pt(32)


def _carried(text: str) -> str:
    """What XML carries; control characters of a name would make the file unreadable."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 0x20)
