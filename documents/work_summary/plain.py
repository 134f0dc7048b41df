"""The work summary as Markdown: sections for `documents.campaign_report`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from documents.markdown import cell
from documents.work_summary.blocks import Block, Paragraph, Picture, Section, Table, ToFill

# Of the sections, as official documents number them.
RANKS = "一二三四五六七八九十"


def summary_sections(
    blocks: Sequence[Block], pictures: Mapping[str, tuple[str, str]] | None = None
) -> tuple[str, list[tuple[str, str]]]:
    """The opening, and each section's title with its body in Markdown.

    `pictures`: chart key -> (caption, file name); a chart without a file is left out.
    """
    opening: list[str] = []
    sections: list[tuple[str, list[str]]] = []
    for block in blocks:
        if isinstance(block, Section):
            sections.append((f"{RANKS[len(sections)]}、{block.title}", []))
            continue
        told = _markdown(block, pictures or {})
        if told:
            (sections[-1][1] if sections else opening).append(told)
    return "\n\n".join(opening), [(title, "\n\n".join(parts)) for title, parts in sections]


def _markdown(block: Block, pictures: Mapping[str, tuple[str, str]]) -> str:
    match block:
        case Paragraph():
            return cell(block.text)
        case ToFill():
            return f"【{cell(block.prompt)}】"
        case Table():
            return _table(block)
        case Picture() if block.key in pictures:
            caption, file = pictures[block.key]
            return f"![{cell(caption)}]({file})"
    return ""


def _table(block: Table) -> str:
    if not block.rows:
        return f"{cell(block.caption)}：无。"
    lines = [
        f"{cell(block.caption)}：",
        "",
        "| " + " | ".join(cell(text) for text in block.head) + " |",
        "|" + "---|" * len(block.head),
        *("| " + " | ".join(cell(text) for text in row) + " |" for row in block.rows),
    ]
    return "\n".join(lines)
