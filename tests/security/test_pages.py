"""Names come from outside; on the operators' pages they are text, whatever they hold."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from documents.exclusions import csv_cell
from documents.markdown import cell
from flows.telling.artifacts import Markup, table

# A page of Prefect's reads these as something else than a name.
NAMES = [
    "<img src=x onerror=alert(1)>有限公司",
    "<script>alert(1)</script>",
    "[请登录](javascript:alert(1))",
    "![点](http://127.0.0.1:9/seen.png)",
    "甲|乙|丙",
    "甲\\|乙",
    "**重要** `x` ~~y~~ _z_",
    "甲\n\n# 已公示\n\n- 乙",
    "&lt;b&gt;",
    "甲<!-- 乙",
]
ACTIVE = {
    "html_inline",
    "html_block",
    "link_open",
    "image",
    "strong_open",
    "em_open",
    "s_open",
    "code_inline",
}


def tokens(markdown: str) -> list[Token]:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return [inner for token in parser.parse(markdown) for inner in (token, *(token.children or ()))]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_table_is_one_cell_of_text(name: str) -> None:
    found = tokens(table(("企业", "户"), [(name, 1)]))
    assert ACTIVE.isdisjoint({token.type for token in found})
    assert [token.type for token in found].count("td_open") == 2
    assert "heading_open" not in {token.type for token in found}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_line_is_text(name: str) -> None:
    found = tokens(f"**结果不明** {cell(name)}\n\n- {cell(name)}")
    assert [token.type for token in found].count("strong_open") == 1
    assert (ACTIVE - {"strong_open"} | {"heading_open"}).isdisjoint({token.type for token in found})


def test_markdown_of_our_own_making_stays_markdown() -> None:
    found = tokens(table(("状态",), [(Markup("**急**"),)]))
    assert "strong_open" in {token.type for token in found}


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t=", "\r=", " =", "\u3000＝", "＋", "－", "＠", "甲\n=1"]
)
def test_no_cell_of_a_csv_is_a_formula(sign: str) -> None:
    for line in csv_cell(f"{sign}HYPERLINK(1)").split("\n"):
        assert not line.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")), line
