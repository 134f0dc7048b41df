"""The text of a work summary: facts with their numbers, and marked places for what only people know.

Notice 六(五): departments sum up 亮点, 经验做法 and 存在问题.  Those are left to be written; nothing is
praised here, and no number stands here that is not counted from the records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median
from typing import NamedTuple

from documents.statistics_layout import TITLE
from documents.work_summary.blocks import Block, Paragraph, Picture, Section, Table, ToFill
from rules.annex_count import COLUMNS
from rules.campaign_summary import CampaignSummary
from schemas.codes import SignatureState


class Stratum(NamedTuple):
    """A grade of risk in the draw: how many could be drawn, how many were."""

    name: str
    size: int
    drawn: int


class Course(NamedTuple):
    """What the stages of a campaign say beside its forms and results; None: not done yet, or not known.

    `publication` has due, published, withheld and rejected with `withheld_reasons` and `rejected_reasons`,
    as the reconciliation counted them.
    """

    eligible: int | None = None
    drawn: int | None = None
    strata: Sequence[Stratum] = ()
    replaced: int = 0
    publication: Mapping[str, object] | None = None


class OpenLists(NamedTuple):
    """What is not settled, each a head and rows of text."""

    proposals: Table
    transfers: Table
    pending: Table


def work_summary(
    summary: CampaignSummary,
    course: Course,
    annex: Sequence[Mapping[str, str | int]],
    lists: OpenLists,
    today: date,
) -> list[Block]:
    """The blocks of the summary, in order. `annex`: the statistics table's rows; `today`: Shanghai."""
    return [
        Paragraph(_opening(summary)),
        Section("基本情况"),
        *_basics(summary, course),
        Section("检查实施情况"),
        *_visits(summary),
        Section("检查结果"),
        *_results(summary),
        Section("发现的问题"),
        *_problems(summary),
        Section("问题处理情况"),
        *_disposals(summary, lists),
        Section("公示情况"),
        *_publication(summary, course),
        Section("统计表"),
        Table(TITLE, list(COLUMNS.values()), [[str(row[key]) for key in COLUMNS] for row in annex]),
        Section("亮点做法、存在问题和下一步打算"),
        ToFill("亮点和经验做法（由参加抽查的部门填写）"),
        ToFill("存在问题（由参加抽查的部门填写）"),
        *_still_open(lists, today),
        ToFill("下一步打算（由参加抽查的部门填写）"),
    ]


def in_words(day: date) -> str:
    """`2024年5月28日`, as a date stands in prose."""
    return f"{day.year}年{day.month}月{day.day}日"


def _opening(summary: CampaignSummary) -> str:
    campaign = summary.campaign
    lead, *others = campaign.departments
    joined = f"，{'、'.join(one.name for one in others)}协同" if others else ""
    basis = f"按照{campaign.document_no}文件安排，" if campaign.document_no else ""
    return (
        f"{basis}{lead.name}牵头{joined}，于{in_words(campaign.starts_on)}至{in_words(campaign.ends_on)}"
        f"开展了{campaign.name}。现将工作情况总结如下。"
    )


def _basics(summary: CampaignSummary, course: Course) -> list[Block]:
    campaign = summary.campaign
    items = "；".join(
        f"{dept.name}：" + "、".join(one.name for one in summary.items if one.department == dept.name)
        for dept in campaign.departments
    )
    drawn = ""
    if course.eligible and course.drawn is not None:
        drawn = (
            f"符合条件的抽查对象 {course.eligible} 个，随机抽取 {course.drawn} 个，"
            f"占 {_percent(course.drawn, course.eligible)}。"
        )
    replaced = f"经部门比对确认，异议成立并由候补递补 {course.replaced} 个。" if course.replaced else ""
    blocks: list[Block] = [
        Paragraph(f"抽查对象为{campaign.object_kind.label}，抽查比例{campaign.ratio.raw}。{drawn}{replaced}"),
        Paragraph(
            f"抽中的对象属 {summary.enterprises} 户企业，分为 {summary.groups} 个联合检查组，"
            f"匹配执法检查人员 {summary.inspectors} 人，一户一份“一企一表”。"
        ),
        Paragraph(f"抽查事项：{items}。"),
    ]
    rated = [one for one in course.strata if one.size]
    if rated:
        rows = [[one.name, str(one.size), str(one.drawn), _percent(one.drawn, one.size)] for one in rated]
        blocks.append(Table("按信用风险等级抽取", ("信用风险等级", "对象（个）", "抽取（个）", "比例"), rows))
    return blocks


def _visits(summary: CampaignSummary) -> list[Block]:
    missing = summary.enterprises - summary.complete
    text = f"应检查 {summary.enterprises} 户，结果齐全 {summary.complete} 户"
    text += f"，尚缺 {missing} 户。" if missing else "。"
    if summary.methods:
        methods = "，".join(f"{one.label} {count} 户" for one, count in summary.methods.items())
        text += f"检查方式（一户可有几种）：{methods}。"
    signed = summary.signatures
    if signed:
        text += f"“一企一表”{'，'.join(f'{one.label} {count} 户' for one, count in signed.items())}"
        refused = signed.get(SignatureState.REFUSED, 0)
        text += "；拒绝签字的，已在表上如实记录。" if refused else "。"
    return [Paragraph(text)]


def _results(summary: CampaignSummary) -> list[Block]:
    total = sum(summary.results.values())
    if not total:
        return [Paragraph("还没有录入检查结果。")]
    share = _percent(summary.problems, total)
    found = f"共录入检查结果 {total} 项，其中发现问题 {summary.problems} 项（{share}）。"
    rows = [
        [one.name, str(one.enterprises), str(one.items), str(one.problem_items), str(one.problem_ents)]
        for one in summary.departments
    ]
    head = ("部门", "检查企业（户）", "检查结果（项）", "发现问题事项（项）", "发现问题企业（个）")
    return [Paragraph(found), Table("各部门检查情况", head, rows), Picture("results")]


def _problems(summary: CampaignSummary) -> list[Block]:
    if not summary.problems:
        return [Paragraph("没有发现问题。" if summary.results else "还没有录入检查结果。")]
    ranked = sorted((one for one in summary.items if one.found), key=lambda one: -one.found)
    first = ranked[0]
    text = f"问题最多的事项是“{first.name}”，检查 {first.inspected} 户，发现问题 {first.found} 项。"
    rows = [
        [
            one.name,
            str(one.inspected),
            str(one.found),
            "；".join(f"{code.label} {count}" for code, count in one.problems.items()) or "无",
        ]
        for one in summary.items
    ]
    head = ("检查事项", "检查（户）", "发现问题（项）", "其中")
    return [Paragraph(text), Table("各事项发现的问题", head, rows), Picture("items")]


def _disposals(summary: CampaignSummary, lists: OpenLists) -> list[Block]:
    if not summary.disposals:
        return [Paragraph("没有需要处理的问题。")]
    told = "；".join(f"{one.label} {count} 项" for one, count in summary.disposals.items())
    return [
        Paragraph(f"发现的 {summary.problems} 项问题：{told}。"),
        Picture("disposals"),
        lists.proposals,
        lists.transfers,
    ]


def _publication(summary: CampaignSummary, course: Course) -> list[Block]:
    blocks: list[Block] = []
    counts = course.publication
    if counts is None:
        return [Paragraph("还没有核对公示。")]
    text = (
        f"应公示 {counts['due']} 户，已公示 {counts['published']} 户，"
        f"不予公示 {counts['withheld']} 户，被退回 {counts['rejected']} 户。"
    )
    reasons = counts.get("withheld_reasons")
    if isinstance(reasons, Mapping) and reasons:
        text += f"不予公示的依据：{'；'.join(f'{reason} {count} 户' for reason, count in reasons.items())}。"
    limit = summary.campaign.publish_working_days
    used = [one.working_days for one in summary.passages if one.working_days is not None]
    if used:
        late = sum(one.is_late for one in summary.passages)
        text += (
            f"期限为检查完成之日起 {limit} 个工作日；实际用时最短 {min(used)} 个、最长 {max(used)} 个、"
            f"中位数 {median(used):g} 个工作日，逾期 {late} 户。"
        )
    blocks.append(Paragraph(text))
    if summary.passages:
        blocks.append(Picture("timeline"))
    return blocks


def _still_open(lists: OpenLists, today: date) -> list[Block]:
    if not lists.pending.rows:
        return [Paragraph(f"截至{in_words(today)}，发现的问题均已办结。")]
    return [
        Paragraph(f"截至{in_words(today)}，尚有 {len(lists.pending.rows)} 项没有办结，列表如下。"),
        lists.pending,
    ]


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}"
