"""The board of a campaign in the UI: how far each stage is, what is open, whose turn it is, what to press."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

from rich.cells import cell_len

from documents.markdown import cell
from flows.board.counts import Count
from flows.board.facts import Board, Limit, Paper, StageLine
from flows.board.matters import Matter
from flows.board.picture import COLOURS, alt_text, badge, image, picture
from flows.site import SHANGHAI, Site
from flows.telling.artifacts import Markup, table, write_artifact
from flows.telling.stage_names import state_name
from schemas.campaign import Campaign

# Cells of a table are not wrapped by the pages, but they take a break.
_BREAK, _LINE = "<br>", 40
_LIMITS = 8


def write_board(site: Site, campaign: Campaign, board: Board) -> None:
    """Writes the board as an artifact of the flow run under way; without one there is nothing to do."""
    text = board_text(board, site.settings.files_url)
    write_artifact(f"board-{campaign.task_id}", text, f"总览 · {campaign.short_name}")


def board_text(board: Board, files_url: str | None = None) -> str:
    """The board in Markdown. `files_url`: where the installation's folder can be read in a browser."""
    parts = [
        f"# {board.name}",
        _BREAK.join(heading(board)),
        image(picture(board), alt_text(board)),
        whose_turn(board),
        "## 未决事项",
        matters_list(board.matters) if board.matters else "没有未决事项。",
        "## 各环节",
        table(("环节", "状态", "数量", "等待"), stage_rows(board.stages)),
        "## 法定期限",
        limits_table(board.limits) if board.limits else "没有未结的期限。",
        "## 文件",
        papers_list(board.task_id, board.papers, files_url) or "还没有文件。",
    ]
    return "\n\n".join(parts) + "\n"


def heading(board: Board) -> tuple[str, str]:
    """The document and the window; the departments, and the time that the board is of."""
    window = f"时限 {board.starts_on} 至 {board.ends_on}"
    departments = f"部门 {'、'.join(board.departments)}"
    return f"{board.document_no or board.task_id}　{window}", f"{departments}　截至 {moment(board.as_of)}"


def whose_turn(board: Board) -> str:
    """One quoted paragraph: what the campaign waits for, and what to press."""
    first = next((matter for matter in board.matters if matter.urgent), None)
    if first is not None:
        since = since_text(first.since)
        return f"> **等待：{first.turn}**（{first.what}{since}）\n>\n> 下一步：{pressed(first)}"
    if board.current is None:
        others = f"；其他机关待办 {len(board.matters)} 项，见下。" if board.matters else "，没有未决事项。"
        return f"> **已全部完成**{others}"
    return f"> **{board.current.title}**：下次运行自动继续，现在没有需要办理的事项。"


def matters_list(matters: Iterable[Matter]) -> str:
    """The open list; a list and no table, since cells do not wrap and what is to be pressed is long."""
    return "\n".join(line for number, matter in enumerate(matters, 1) for line in _matter(number, matter))


def _matter(number: int, matter: Matter) -> Iterator[str]:
    manual = f"（手册 {matter.code}）" if matter.code else ""
    yield f"{number}. **{matter.what}**{manual}　等待：{matter.turn}{since_text(matter.since)}"
    yield f"   - {pressed(matter)}"


def pressed(matter: Matter) -> str:
    """What to press, in the UI and in a terminal."""
    if matter.press is None:
        return "线下办理，结果由平台归集"
    return f"{matter.press.button}；或 `{matter.press.command}`"


def since_text(at: datetime | None) -> str:
    """Since when, where it is known."""
    return f"，自 {moment(at)}" if at is not None else ""


def moment(at: datetime) -> str:
    """A moment in Shanghai, to the minute."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def first_limits(limits: Sequence[Limit]) -> tuple[Sequence[Limit], str]:
    """What is near or late and the next few dates; and a word on the rest, if there is any."""
    shown = max(sum(1 for limit in limits if limit.near) + 1, _LIMITS)
    rest = limits[shown:]
    return limits[:shown], f"另有 {sum(limit.how_many for limit in rest)} 项期限更晚。" if rest else ""


def limits_table(limits: Sequence[Limit]) -> str:
    """The legal dates; what is near or late is red."""
    shown, rest = first_limits(limits)
    rows = [
        (
            limit.what,
            limit.how_many,
            f"{limit.on}{'（暂定）' if limit.provisional else ''}",
            Markup(badge(limit.left_text)) if limit.near else limit.left_text,
        )
        for limit in shown
    ]
    return "\n\n".join(part for part in (table(("事项", "未结", "期限", "剩余"), rows), rest) if part)


def papers_list(task_id: str, papers: Iterable[Paper], files_url: str | None) -> str:
    """The files: links where a browser can read them, else where they are."""
    return "\n".join(f"- {_paper(task_id, paper, files_url)}" for paper in papers)


def _paper(task_id: str, paper: Paper, files_url: str | None) -> str:
    place = f"{task_id}/{paper.name}"
    return (
        f"[{paper.title}]({files_url.rstrip('/')}/{quote(place)})"
        if files_url
        else f"{paper.title}　`{place}`"
    )


def stage_rows(lines: Iterable[StageLine]) -> Iterator[tuple[str, str, str, str]]:
    """The stages, a row each."""
    for line in lines:
        waiting = "" if line.state == "done" else cell(line.failed or line.waiting_for or "")
        if waiting and line.since is not None:
            waiting += f"{_BREAK}自 {moment(line.since)}"
        counts = _BREAK.join(cell(text) for text in folded(line.counts, _LINE))
        yield line.title, Markup(_state(line)), Markup(counts), Markup(waiting)


def folded(counts: Iterable[Count], columns: int) -> Iterator[str]:
    """The counts in lines of at most `columns`; two columns to a Chinese character, no count is broken."""
    line = ""
    for text in (count.text for count in counts):
        if line and cell_len(f"{line}，{text}，") > columns:
            yield f"{line}，"
            line = text
        else:
            line = f"{line}，{text}" if line else text
    if line:
        yield line


def _state(line: StageLine) -> str:
    if line.state in ("waiting", "failed"):
        return badge(state_name(line.state), COLOURS[line.state])
    return state_name(line.state)
