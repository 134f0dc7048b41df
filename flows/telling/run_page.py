"""What an operator reads on the page of a flow run: done, not done again, open, whose turn, what to press."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote

from documents.markdown import cell
from flows.board.counts import Known, known_of
from flows.board.facts import Board, board_of
from flows.board.page import matters_list, moment, papers_list, whose_turn, write_board
from flows.site import Site
from flows.telling.artifacts import is_recorded, write_artifact
from flows.telling.shown_names import shown_name
from ledger.messages import message_count
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

# So many enterprises are linked on one page.
_MOST = 100
_SEEN_BY_PUBLIC = frozenset({"published", "awaited"})

# Stage -> kind of the messages that it sends.
_SENDS = {"push": "form", "publish": "record", "confirm": "confirmation"}


def messages_of(site: Site, campaign: Campaign, stage: str) -> int:
    """How many messages of the stage were written so far."""
    if stage not in _SENDS:
        return 0
    with site.ledger.read() as tx:
        return message_count(tx, _SENDS[stage], campaign.task_id)


def skipped(site: Site, campaign: Campaign, stage: str) -> str:
    """What is done already and will not be done again; to be asked before the stage is tried."""
    return skipped_text(known_of(site, campaign), stage) if is_recorded() else ""


def skipped_text(known: Known, stage: str) -> str:
    """The same of what is known; empty where the stage begins from nothing."""
    say = _SKIPPED.get(stage)
    text = say(known) if say is not None else ""
    row = known.rows.get(stage)
    if row is not None and row.closed_at is not None and stage != "deadlines":
        text = f"{moment(row.closed_at)} 已完成，本次只查看。{text}"
    return text


def _again_synced(known: Known) -> str:
    closed = [one.closed_at for one in known.directories.values() if one.closed_at is not None]
    return f"名录 {moment(max(closed))} 已拉取完整。" if closed else ""


def _again_drawn(known: Known) -> str:
    drawn = known.drawn is not None and known.drawn.certificate is not None
    return "抽取结果已在台账，没有重新抽取。" if drawn else ""


def _again_confirmed(known: Known) -> str:
    count = 0 if known.answers is None else len(known.answers.confirmed)
    return f"已确认的 {count} 个对象没有变动。" if count else ""


def _again_assigned(known: Known) -> str:
    return f"已有 {len(known.visits.forms)} 张一企一表，没有重新匹配。" if known.visits.forms else ""


def _again_pushed(known: Known) -> str:
    count = known.form_states["accepted"]
    return f"已受理的 {count} 张不再派发。" if count else ""


def _again_collected(known: Known) -> str:
    count = len(known.visits.results)
    return f"已有 {count} 项结果，从上次的位置继续。" if count else ""


def _again_published(known: Known) -> str:
    count = known.in_state("published") if known.records_sent else 0
    return f"已公示的 {count} 户不再报送。" if count else ""


_SKIPPED: Mapping[str, Callable[[Known], str]] = {
    "sync": _again_synced,
    "draw": _again_drawn,
    "confirm": _again_confirmed,
    "assign": _again_assigned,
    "push": _again_pushed,
    "collect": _again_collected,
    "publish": _again_published,
}


def write_stage_page(
    site: Site,
    campaign: Campaign,
    stage: str,
    title: str,
    *,
    line: str,
    report: str = "",
    done: bool = False,
    waiting_for: str | None = None,
    not_again: str = "",
    error: DrawbridgeError | None = None,
) -> None:
    """Writes the page of a stage's run, and the campaign's board with it."""
    if not is_recorded():
        return
    known = known_of(site, campaign)
    board = board_of(site, campaign, known=known)
    parts = [
        f"# {title} · {campaign.short_name}",
        f"{campaign.name}（{campaign.document_no or campaign.task_id}）　截至 {moment(board.as_of)}",
        _state(done, waiting_for, error),
        f"**做了什么**　{line}",
        f"**没有重做**　{not_again}" if not_again else "",
        report,
        *_open(board),
        *_links(site, known, board, stage),
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    write_artifact(f"{stage}-{campaign.task_id}", text, f"{title} · {campaign.short_name}")
    write_board(site, campaign, board)


def write_campaign_page(
    site: Site, campaign: Campaign, done_before: Sequence[str], tried: Mapping[str, str]
) -> None:
    """Writes the page of a run of the whole campaign, and the board.

    `done_before`: titles of stages that were done already; `tried`: title of a stage -> what came of it.
    """
    if not is_recorded():
        return
    known = known_of(site, campaign)
    board = board_of(site, campaign, known=known)
    nothing = "没有未完成的环节，没有向平台和公示系统写入任何内容。"
    parts = [
        f"# 整个任务 · {campaign.short_name}",
        f"{campaign.name}（{campaign.document_no or campaign.task_id}）　截至 {moment(board.as_of)}",
        whose_turn(board),
        f"**没有重做**　{'、'.join(done_before)}：以前已完成，跳过。" if done_before else "",
        "## 做了什么",
        "\n".join(f"- {title}　{line}" for title, line in tried.items()) or nothing,
        *_open(board),
        *_links(site, known, board, "report"),
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    write_artifact(f"campaign-{campaign.task_id}", text, f"整个任务 · {campaign.short_name}")
    write_board(site, campaign, board)


def _state(done: bool, waiting_for: str | None, error: DrawbridgeError | None) -> str:
    if error is not None:
        return f"> **停止（{error.code}）**　{error.zh}\n>\n> {error.act}　手册 {error.code}"
    return "> **已完成**" if done else f"> **等待：{waiting_for or '下次运行自动继续'}**"


def _open(board: Board) -> Iterator[str]:
    yield "## 本任务未决事项"
    yield matters_list(board.matters) if board.matters else whose_turn(board)


def _links(site: Site, known: Known, board: Board, stage: str) -> Iterator[str]:
    if stage in ("publish", "reconcile"):
        lines = list(_public_pages(site, known))
        if lines:
            yield "## 公示页面"
            yield "\n".join(lines)
    papers = papers_list(known.campaign.task_id, board.papers, site.settings.files_url)
    if papers:
        yield "## 文件"
        yield papers


def _public_pages(site: Site, known: Known) -> Iterator[str]:
    page = site.profile.publicity.endpoints.public_page
    shown = [one for one in known.standing if one.state in _SEEN_BY_PUBLIC and one.record is not None]
    if page is None or site.settings.publicity_url is None:
        return
    for one in shown[:_MOST]:
        if one.record is not None and one.record.prip_id is not None:
            place = page.format(prip_id=quote(one.record.prip_id, safe=""))
            name = cell(shown_name(one.uscc, one.ent_name))
            yield f"- [{name}]({site.settings.publicity_url.rstrip('/')}{place})"
    if len(shown) > _MOST:
        yield f"- 其余 {len(shown) - _MOST} 户见公示系统"
