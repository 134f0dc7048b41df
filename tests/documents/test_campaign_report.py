"""总结: one page of Markdown."""

from __future__ import annotations

from pathlib import Path

from documents.campaign_report import report_markdown, write_report
from tests.documents.papers import campaign


def test_the_page_begins_with_the_campaign_and_holds_the_sections_in_order(tmp_path: Path) -> None:
    path = tmp_path / "总结.md"
    write_report(path, campaign(), [("统计表", "| 甲 |\n|---|\n| 1 |"), ("线索移送", "无。")])
    text = path.read_text("utf-8")
    assert text.startswith(
        "# 2024年清河县生产建设项目“双随机、一公开”部门联合抽查总结\n\n- 文号：清双随机办〔2024〕22号\n"
    )
    assert "- 抽查时间：2024年5月28日至2024年7月31日\n" in text
    assert "- 抽查比例：不低于10%\n" in text
    assert "- 实施部门：清河县水务局（牵头）、清河县市场监督管理局（协同）\n" in text
    assert "## 统计表\n\n| 甲 |\n|---|\n| 1 |\n\n## 线索移送\n\n无。\n" in text
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_empty_section_says_so() -> None:
    assert report_markdown(campaign(), [("待后续处理", " \n")]).endswith("## 待后续处理\n\n无。\n")


def test_what_people_typed_is_text_and_not_markdown() -> None:
    text = report_markdown(campaign(name="抽查\n# <b>另一标题</b> ![x](http://example.invalid/)"), [])
    assert text.splitlines()[0] == (
        "# 抽查 \\# \\<b\\>另一标题\\</b\\> \\!\\[x\\](http://example.invalid/)总结"
    )
    assert sum(line.startswith("#") for line in text.splitlines()) == 1


def test_a_campaign_without_a_document_number_leaves_the_line_out() -> None:
    assert "文号" not in report_markdown(campaign(document_no=None), [])
