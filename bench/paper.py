"""Forms on paper: how many a second, how many bytes each, and what a second core gives.

    python -m bench.paper [small|full]

The same form (A4, Chinese, six lines of head, a table of eight rows) is printed by the press of
documents/paper, by reportlab and by weasyprint, on one core, fonts embedded and subset by each.
reportlab reads no CFF outlines: it is given the same outlines as TrueType, cut down to the characters of
the benchmark, which spares it work.  Then a thousand of them as files, in one process and in two, both
cores; and 一企一表 itself.
"""

from __future__ import annotations

import html
import io
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from bench.figure import Line, Timing, figure
from documents.paper.fonts import find_faces
from documents.paper.forms import form_paper
from documents.paper.press import Press, PressSettings
from documents.paper.run import Job, print_all
from schemas.campaign import Campaign, Department, Plan, Ratio
from schemas.codes import DepartmentRole, DrawMode, FormMode, ObjectKind, PublicationMode
from schemas.form import FormInspector, FormItem, FormObject, InspectionForm

SIZES = {"small": 120, "full": 600}
ROUNDS = {"small": 3, "full": 5}
FILES = 1_000
BYTES = 40_000
_SETTINGS = PressSettings(templates=Path(__file__).parent / "paper_templates")
_FAMILY = "Noto Sans CJK SC"
_NAMES = "清河县长江黄河泰山兴隆永盛华丰金源宏达建筑工程羊绒制品汽车零部件水务置业商贸有限公司责任"
Form = dict[str, Any]
Printer = Callable[[Form], bytes]


def forms(count: int) -> list[Form]:
    """Forms of so many enterprises; the same for the same count."""
    chance = random.Random(7)
    found = []
    for number in range(count):
        name = "清河县" + "".join(chance.choices(_NAMES, k=8)) + "有限公司"
        code = "91130534" + "".join(chance.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=10))
        rows = [
            [
                str(row),
                chance.choice(("登记事项检查", "公示信息检查", "生产建设项目水土保持审批的后续监管")),
                "营业执照、住所（经营场所）使用证明、上一年度年度报告相关资料",
                "□未发现问题 □发现问题",
            ]
            for row in range(1, 9)
        ]
        found.append(
            {
                "title": "随机抽查联合检查记录表",
                "number": f"13053420240528{number:04d}",
                "name": name,
                "head": [
                    ["任务名称", "2024年清河县生产建设项目“双随机、一公开”部门联合抽查"],
                    ["被检查单位", name],
                    ["统一社会信用代码", code],
                    ["住所", f"清河县长江街道{number}号"],
                    ["法定代表人", "负责人签字："],
                    ["检查人员", "不少于两人，并应当出示执法证件"],
                ],
                "columns": ["序号", "检查事项", "应提供的材料", "检查结果"],
                "rows": rows,
                "sign": "法定代表人（负责人）签字盖章：                    年    月    日",
            }
        )
    return found


def texts_of(form: Form) -> str:
    """Every character that a form prints."""
    return json.dumps(form, ensure_ascii=False)


def reportlab_printer(characters: str, folder: Path) -> Printer:
    """reportlab's platypus: paragraphs that wrap as Chinese does, in tables."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    pdfmetrics.registerFont(TTFont("bench", str(_truetype(characters, folder))))
    style = ParagraphStyle("bench", fontName="bench", fontSize=10.5, leading=14, wordWrap="CJK")
    large = ParagraphStyle("large", parent=style, fontSize=16, leading=22, alignment=1)
    grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")])

    def cells(rows: Sequence[Sequence[str]]) -> list[list[Any]]:
        return [[Paragraph(html.escape(text), style) for text in row] for row in rows]

    def foot(canvas: Any, document: Any) -> None:
        canvas.setFont("bench", 8)
        canvas.drawString(42, 30, f"第 {document.page} 页")

    def print_one(form: Form) -> bytes:
        buffer = io.BytesIO()
        document = SimpleDocTemplate(buffer, pagesize=A4, margins=42)
        document.build(
            [
                Paragraph(form["title"], large),
                Table(cells(form["head"]), colWidths=[96, 400], style=grid),
                Spacer(1, 6),
                Table(cells([form["columns"], *form["rows"]]), colWidths=[34, 188, 188, 86], style=grid),
                Paragraph(form["sign"], style),
            ],
            onFirstPage=foot,
            onLaterPages=foot,
        )
        return buffer.getvalue()

    return print_one


def _truetype(characters: str, folder: Path) -> Path:
    """The face's outlines of these characters as TrueType, since reportlab reads no others."""
    from fontTools import subset
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import TTFont

    face = find_faces([_FAMILY])[0]
    font = TTFont(face.path, fontNumber=face.number, lazy=True)
    cutter = subset.Subsetter(subset.Options(layout_features=[], notdef_outline=True))
    cutter.populate(unicodes=[ord(character) for character in set(characters)])
    cutter.subset(font)
    glyphs, names = font.getGlyphSet(), font.getGlyphOrder()
    outlines = {}
    for name in names:
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, max_err=1.0, reverse_direction=True))
        outlines[name] = pen.glyph()
    made = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    made.setupGlyphOrder(names)
    made.setupCharacterMap(font.getBestCmap())
    made.setupGlyf(outlines)
    made.setupHorizontalMetrics({name: font["hmtx"][name] for name in names})
    made.setupHorizontalHeader(ascent=880, descent=-120)
    made.setupNameTable({"familyName": "bench", "styleName": "Regular"})
    made.setupOS2(sTypoAscender=880, sTypoDescender=-120)
    made.setupPost()
    path = folder / "bench.ttf"
    made.save(path)
    return path


def weasyprint_printer() -> Printer:
    """weasyprint: the same form as HTML and CSS."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    css = CSS(
        string=f"""@page {{ size: A4; margin: 15mm;
            @bottom-right {{ content: counter(page) "/" counter(pages) }} }}
        body {{ font: 10.5pt "{_FAMILY}" }} h1 {{ font-size: 16pt; text-align: center }}
        table {{ border-collapse: collapse; width: 100%; margin-top: 6pt }}
        td, th {{ border: 0.5pt solid black; padding: 3pt }}""",
        font_config=fonts,
    )

    def row(texts: Sequence[str], tag: str = "td") -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts) + "</tr>"

    def print_one(form: Form) -> bytes:
        page = (
            f"<html lang=zh-CN><h1>{html.escape(form['title'])}</h1>"
            f"<table>{''.join(map(row, form['head']))}</table>"
            f"<table>{row(form['columns'], 'th')}{''.join(map(row, form['rows']))}</table>"
            f"<p>{html.escape(form['sign'])}</p></html>"
        )
        written: bytes = HTML(string=page).write_pdf(stylesheets=[css], font_config=fonts)
        return written

    return print_one


@contextmanager
def one_core() -> Iterator[None]:
    """Keeps this process, threads and all, on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def inspection_form(number: int) -> InspectionForm:
    """One of 一企一表, as the pipeline makes it for the campaign of the notice."""
    made = forms(number + 1)[number]
    people = [("SW", 1), ("SW", 2), ("SC", 1), ("SC", 2)]
    return InspectionForm(
        form_no=made["number"],
        task_id="130534202405281001",
        uscc=made["head"][2][1],
        ent_name=made["name"],
        address=made["head"][3][1],
        objects=(FormObject(object_id="清审水保〔2024〕001号", name="厂房扩建项目"),),
        items=tuple(
            FormItem(item_code=code, item_name=name, dept_code=code[:2], materials=("批复文件", "营业执照"))
            for code, name in (
                ("SW-01", "生产建设项目水土保持审批的后续监管"),
                ("SC-01", "登记事项检查"),
                ("SC-02", "公示信息检查"),
            )
        ),
        group=1,
        leader="SW1",
        inspectors=tuple(
            FormInspector(inspector_id=f"{dept}{n}", name="检查员", dept_code=dept, cert_no=f"0313053{n:07d}")
            for dept, n in people
        ),
    )


def plan() -> Campaign:
    """The campaign that these forms belong to."""
    departments = (
        Department(code="SW", name="清河县水务局", role=DepartmentRole.LEAD, items=("SW-01",)),
        Department(
            code="SC", name="清河县市场监督管理局", role=DepartmentRole.COOPERATING, items=("SC-01", "SC-02")
        ),
    )
    return Campaign(
        task_id="130534202405281001",
        name="2024年清河县生产建设项目“双随机、一公开”部门联合抽查",
        short_name="清河2024-22",
        document_no="清双随机办〔2024〕22号",
        plan=Plan(plan_id="13053420241001", name="2024年度抽查计划"),
        adm_code="130534",
        adm_name="清河县",
        starts_on=date(2024, 5, 28),
        ends_on=date(2024, 7, 31),
        object_kind=ObjectKind.PROJECT,
        ratio=Ratio(raw="不低于10%", share="0.1", at_least=True),
        departments=departments,
        per_group=6,
        draw=DrawMode.PERFORM,
        forms=FormMode.PUSH,
        publication=PublicationMode.PUSH,
    )


def run(scale: str) -> Iterator[Line]:
    """Rate, bytes, both cores; then 一企一表 itself, alone and by groups of six."""
    size, rounds = SIZES[scale], ROUNDS[scale]
    made = forms(size)
    with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as folder, Press(_SETTINGS) as press:
        printers: dict[str, Printer] = {
            "ours": lambda form: press.print("bench_form", form),
            "reportlab": reportlab_printer("".join(map(texts_of, made)) + "第页", Path(folder)),
            "weasyprint": weasyprint_printer(),
        }
        with one_core():
            sizes = {name: len(print_one(made[0])) for name, print_one in printers.items()}
            few = {name: made if name != "weasyprint" else made[: size // 10] for name in printers}

            def work(name: str) -> Callable[[], object]:
                return lambda: [printers[name](form) for form in few[name]]

            timing = Timing({name: work(name) for name in printers}, rounds)
        rate = {name: len(few[name]) / timing.median(name) for name in printers}
        for peer, target in (("reportlab", 1.3), ("weasyprint", 10.0)):
            yield figure(
                f"documents.forms per second, one core, against {peer}",
                size,
                rate["ours"],
                rate["ours"] / rate[peer],
                target,
                peers={peer: rate[peer]},
                timing=timing,
            )
        yield figure(
            "documents.form, bytes",
            1,
            sizes["ours"],
            sizes["ours"],
            BYTES,
            at_most=True,
            peers={name: count for name, count in sizes.items() if name != "ours"},
        )
        yield _both_cores(Path(folder), "bench_form", list(forms(FILES)), rounds)
        campaign = plan()
        own = [form_paper(campaign, [inspection_form(number)], {}) for number in range(12)]
        group = form_paper(campaign, [inspection_form(number) for number in range(6)], {})
        alone, together = len(press.print("form", own[0])), len(press.print("form", group)) / 6
        with one_core():
            each = Timing({"ours": lambda: [press.print("form", data) for data in own]}, rounds)
        yield figure(
            "documents.inspection form (一企一表, two pages), bytes",
            1,
            alone,
            alone,
            BYTES,
            at_most=True,
            peers={"in the file of a group of six, each": together},
            per_second=round(len(own) / each.median("ours"), 1),
        )


def _both_cores(folder: Path, template: str, made: list[Form], rounds: int) -> Line:
    def files(name: str, processes: int) -> Callable[[], object]:
        (folder / name).mkdir()
        jobs = [Job(folder / name / f"{n:04d}.pdf", template, form) for n, form in enumerate(made)]
        return lambda: print_all(jobs, _SETTINGS, processes=processes)

    contestants = {"one": files("one", 1), "two": files("two", 2)}
    timing = Timing({"ours": contestants["two"]}, 0)
    timing.seconds = {"one": [], "two": []}
    with one_core():
        alone = Timing({"one": contestants["one"]}, rounds)
    both = Timing({"two": contestants["two"]}, rounds)
    timing.seconds = alone.seconds | both.seconds
    return figure(
        "documents.forms as files, both cores against one",
        len(made),
        len(made) / timing.median("two"),
        timing.median("one") / timing.median("two"),
        1.6,
        peers={"one core": len(made) / timing.median("one")},
        timing=timing,
    )


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
