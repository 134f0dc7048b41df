"""总结: the numbers in the text are those of the records, in Markdown, in DOCX and in the charts."""

from __future__ import annotations

import io
import random
import re
import warnings
from datetime import UTC, date, datetime, timedelta
from typing import Any

import docx
import numpy as np
import pytest
from docx.oxml.ns import qn
from PIL import Image

from documents.campaign_report import report_markdown
from documents.work_summary.blocks import Block, Paragraph, Section, Table, ToFill
from documents.work_summary.charts import Chart, draw_charts
from documents.work_summary.content import Course, OpenLists, Stratum, work_summary
from documents.work_summary.document import summary_document
from documents.work_summary.plain import summary_sections
from rules.campaign_summary import CampaignSummary, campaign_summary
from rules.statistics import annex_table
from schemas.codes import Disposal, ResultCode, SignatureState
from schemas.result import ItemResult
from tests.rules.visit_rows import MARKET, VISITED, WATER, campaign, complete, form, result

FORMS = [form(number) for number in range(1, 8)]
RESULTS: list[ItemResult] = [
    *(row for one in FORMS[1:] for row in complete(one)),
    result(FORMS[0], "SW-01", ResultCode.PENDING, disposal=Disposal.CASE),
    result(FORMS[0], "SC-01", ResultCode.ORDERED_TO_CORRECT, disposal=Disposal.CORRECTION, guided=True),
    result(FORMS[0], "SC-02", ResultCode.ORDERED_TO_CORRECT, disposal=Disposal.CORRECTION),
]
PUBLIC = {one.uscc: VISITED + timedelta(days=5 + place) for place, one in enumerate(FORMS[:6])}
COURSE = Course(
    eligible=70,
    drawn=7,
    strata=[Stratum("A", 30, 2), Stratum("D", 10, 5), Stratum("E", 0, 0)],
    replaced=1,
    publication={
        "due": 7, "published": 6, "withheld": 1, "rejected": 0, "withheld_reasons": {"非市场主体": 1},
    },
)  # fmt: skip
HEAD = ("企业", "代码", "事项")
LISTS = OpenLists(
    Table("建议列入经营异常名录", HEAD, []),
    Table("线索移送", HEAD, [("清河县𠮷|羊绒有限公司", FORMS[0].uscc, "水土保持")]),
    Table("待后续处理", HEAD, [("甲", FORMS[0].uscc, "水土保持"), ("乙", FORMS[1].uscc, "登记")]),
)


def the_summary(**changes: Any) -> CampaignSummary:
    given = {"forms": FORMS, "results": RESULTS, "published": PUBLIC} | changes
    return campaign_summary(campaign(document_no="清双随机办〔2024〕22号"), **given)


def blocks(course: Course = COURSE, **changes: Any) -> list[Block]:
    annex = annex_table(campaign(), FORMS, RESULTS).rows
    return work_summary(the_summary(**changes), course, annex, LISTS, date(2024, 8, 28))


@pytest.fixture(scope="module")
def charts() -> dict[str, Chart]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a character without a glyph is a warning of matplotlib's
        return draw_charts(the_summary())


def text_of(made: list[Block]) -> str:
    return "\n".join(block.text for block in made if isinstance(block, Paragraph))


def test_the_numbers_are_counted_from_the_records() -> None:
    found = the_summary()
    assert (found.enterprises, found.complete, found.groups, found.inspectors) == (7, 7, 2, 8)
    assert [(one.name, one.items, one.problem_items, one.problem_ents) for one in found.departments] == [
        (WATER, 7, 1, 1),
        (MARKET, 14, 2, 1),
    ]
    assert found.problems == sum(row.is_problem for row in RESULTS) == 3
    assert found.disposals == {Disposal.CORRECTION: 2, Disposal.CASE: 1}
    assert sum(found.signatures.values()) == 7
    # Completed on Wednesday, 12 June 2024; public from the 17th on.
    assert [one.working_days for one in found.passages if one.uscc == FORMS[0].uscc] == [3]
    assert {one.limit for one in found.passages} == {date(2024, 7, 10)}


def test_the_most_reluctant_signature_stands_for_the_enterprise() -> None:
    one = FORMS[0]
    rows = complete(one)
    refused = rows[1].visit.model_copy(
        update={"signature": SignatureState.REFUSED, "refusal_note": "拒绝签字"}
    )
    found = campaign_summary(
        campaign(), [one], [rows[0], rows[1].model_copy(update={"visit": refused}), rows[2]]
    )
    assert found.signatures == {SignatureState.REFUSED: 1}


def test_what_came_too_late_is_counted() -> None:
    late = {FORMS[0].uscc: datetime(2024, 7, 11, 2, tzinfo=UTC)}
    found = the_summary(published=late)
    assert [one.is_late for one in found.passages if one.published_on] == [True]
    assert "逾期 1 户" in text_of(blocks(published=late))


def test_the_text_says_facts_with_their_numbers() -> None:
    told = text_of(blocks())
    for sentence in (
        f"按照清双随机办〔2024〕22号文件安排，{WATER}牵头，{MARKET}协同，于2024年5月28日至2024年7月31日",
        "符合条件的抽查对象 70 个，随机抽取 7 个，占 10.0%。",
        "递补 1 个",
        "应检查 7 户，结果齐全 7 户。",
        "共录入检查结果 21 项，其中发现问题 3 项（14.3%）。",
        "责令改正 2 项；立案查处 1 项",
        "应公示 7 户，已公示 6 户，不予公示 1 户，被退回 0 户。不予公示的依据：非市场主体 1 户。",
        "截至2024年8月28日，尚有 2 项没有办结",
    ):
        assert sentence in told, sentence
    assert not re.search("成效显著|圆满|高度重视|扎实|有力", told)


def test_what_only_people_know_is_left_to_be_written() -> None:
    prompts = [block.prompt for block in blocks() if isinstance(block, ToFill)]
    assert [prompt.partition("（")[0] for prompt in prompts] == ["亮点和经验做法", "存在问题", "下一步打算"]


def test_a_campaign_that_has_only_begun_says_so() -> None:
    told = text_of(blocks(Course(), results=[], published={}))
    assert "还没有录入检查结果。" in told
    assert "还没有核对公示。" in told
    assert "结果齐全 0 户，尚缺 7 户" in told
    assert draw_charts(the_summary(results=[], published={})) == {}


def test_the_markdown_holds_the_same_and_no_table_is_broken_by_a_name() -> None:
    opening, sections = summary_sections(blocks(), {"results": ("各部门检查结果", "总结-results.png")})
    text = report_markdown(campaign(), sections, opening)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        f"## {number}、{title}"
        for number, title in zip(
            "一二三四五六七八",
            (block.title for block in blocks() if isinstance(block, Section)),
            strict=True,
        )
    ]
    assert "![各部门检查结果](总结-results.png)" in text
    assert f"| 清河县𠮷\\|羊绒有限公司 | {FORMS[0].uscc} | 水土保持 |" in text
    assert "建议列入经营异常名录：无。" in text


def test_the_document_opens_with_title_tables_charts_and_places_to_fill(charts: dict[str, Chart]) -> None:
    made = summary_document("工作总结", blocks(), charts, ("清河县办公室", date(2024, 8, 28)))
    opened = docx.Document(io.BytesIO(made))
    paragraphs = [paragraph.text for paragraph in opened.paragraphs]
    assert paragraphs[0] == "工作总结"
    assert [text for text in paragraphs if re.match("^[一二三四五六七八]、", text)][-1].startswith("八、")
    assert paragraphs[-2:] == ["清河县办公室", "2024年8月28日"]
    assert len(opened.inline_shapes) == len(charts) == 4
    tables = {table.rows[0].cells[0].text: table for table in opened.tables}
    annex = tables["报表单位"]
    assert [cell.text for cell in annex.rows[-1].cells][:3] == ["清河县合计（去重）", "7", "8"]
    marked = [
        run.text for paragraph in opened.paragraphs for run in paragraph.runs if run.font.highlight_color
    ]
    assert len(marked) == 3
    page = opened.sections[0]
    assert (round(page.page_width.mm), round(page.page_height.mm)) == (210, 297)
    for table in opened.tables:
        assert sum(cell.width for cell in table.rows[0].cells) <= page.page_width - page.left_margin


def test_every_run_names_a_chinese_font_and_every_chart_says_what_it_shows(charts: dict[str, Chart]) -> None:
    made = summary_document("工作总结", blocks(), charts, ("清河县办公室", date(2024, 8, 28)))
    opened = docx.Document(io.BytesIO(made))
    for paragraph in opened.paragraphs:
        for run in paragraph.runs:
            if re.search("[一-龥]", run.text):
                assert run._r.rPr.rFonts.get(qn("w:eastAsia")) in ("黑体", "仿宋", "宋体"), run.text
    described = [shape._inline.docPr.get("descr") for shape in opened.inline_shapes]
    assert described == [charts[key].description for key in ("results", "items", "disposals", "timeline")]
    assert "发现问题已责令改正 2 项" in described[0]


def test_the_charts_have_ink_and_white_round_it(charts: dict[str, Chart]) -> None:
    for key, chart in charts.items():
        dots = np.asarray(Image.open(io.BytesIO(chart.png)).convert("L"))
        assert dots.shape[1] == 1220, key
        assert 0.01 < (dots < 200).mean() < 0.6, key
        edge = np.concatenate([dots[0], dots[-1], dots[:, 0], dots[:, -1]])
        assert edge.min() > 250, f"{key}: something touches the edge"


def test_the_same_numbers_make_the_same_picture(charts: dict[str, Chart]) -> None:
    assert {key: chart.png for key, chart in draw_charts(the_summary()).items()} == {
        key: chart.png for key, chart in charts.items()
    }


def test_long_names_and_many_kinds_still_fit() -> None:
    chance = random.Random(3)
    named = [row.model_copy(update={"item_name": "事项" * 30}) for row in RESULTS]
    codes = list(ResultCode)
    many = [
        row.model_copy(update={"code": chance.choice(codes), "problem": "见记录"})
        for row in named
        for _ in (0, 1)
    ]
    for chart in draw_charts(the_summary(results=many)).values():
        dots = np.asarray(Image.open(io.BytesIO(chart.png)).convert("L"))
        assert np.concatenate([dots[0], dots[-1], dots[:, 0], dots[:, -1]]).min() > 250, chart.caption
