"""What a run leaves on the screen: the heading before, the table, paths and open points after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from flows.service.own_mock import OwnMock
from flows.settings import Settings
from flows.telling.terminal import print_table
from rules.statistics import COLUMNS

Summary = dict[str, Any]
# In this order below the table, where they were written.
_PAPERS = (
    "抽取证书",
    "更正证书",
    "匹配证书公开版",
    "抽取记录",
    "一企一表",
    "一企一表（PDF）",
    "为什么抽到我",
    "检查通知书和材料清单",
    "责令改正通知书",
    "线索移送清单",
    "统计表",
    "统计表（PDF）",
    "总结",
    "总结（Word）",
)


def print_heading(out: Console, plan: str, settings: Settings, mock: OwnMock | None) -> None:
    """Says what begins and against which platform."""
    if mock is not None:
        out.print("[dim]没有设置平台地址：使用本机的模拟平台和模拟公示系统，时间为任务时间。[/dim]")
        out.print(f"[dim]公示查询页面 {mock.publicity_url}/[/dim]")
    else:
        out.print(f"[dim]平台 {httpx.URL(str(settings.platform_url)).host}[/dim]")


def judge(summary: Summary, mock: OwnMock) -> Summary:
    """Adds what the mock itself counted: every write that it ever accepted, by kind and by key.

    `missing` and `doubled` of the publication are then the mock's own count, not ours.
    """
    writes = httpx.get(f"{mock.control_url}/control/writes", timeout=30, trust_env=False).json()["writes"]
    by_endpoint = Counter(write["endpoint"] for write in writes)
    records = Counter(
        (write["key"], write["version"]) for write in writes if write["endpoint"] == "postSpotchecks"
    )
    publication = summary.get("publication")
    if publication and publication.get("mode") == "push":
        doubled = sum(count - 1 for count in records.values())
        publication = {
            **publication,
            "doubled": doubled,
            "missing": max(0, publication["published"] + publication["rejected"] - len(records)),
        }
    return {
        **summary,
        "publication": publication,
        "platform_writes": {"total": len(writes), **dict(sorted(by_endpoint.items()))},
    }


def print_summary(out: Console, summary: Summary) -> None:
    """Prints the annex table, the reconciliation, the paths, and what is open."""
    out.print()
    if summary.get("statistics"):
        print_statistics(out, summary["statistics"])
    if summary.get("publication"):
        out.print(publication_line(summary["publication"]))
    if "platform_writes" in summary:
        out.print(
            f"模拟平台自己的记录：共收下 {summary['platform_writes']['total']} 条写入；"
            f"本次运行写入 {summary['writes']} 条"
        )
    for title in _PAPERS:
        if title in summary.get("paths", {}):
            out.print(f"{title}  {summary['paths'][title]}")
    if (summary.get("draw") or {}).get("digest"):
        out.print(f"抽取证书摘要  {summary['draw']['digest']}")
    if summary["waiting_for"]:
        out.print(f"[yellow]等待：{summary['waiting_for']}[/yellow]")
        out.print("条件具备后重新运行同一命令即可继续。")
    for finding in summary["findings"]:
        out.print(f"[red]· {finding}[/red]")


def publication_line(publication: Mapping[str, Any]) -> str:
    """due = published + withheld + rejected, with the reasons, missing and doubled."""
    withheld = "、".join(
        f"{reason} {count}" for reason, count in publication.get("withheld_reasons", {}).items()
    )
    rejected = "、".join(
        f"{reason} {count}" for reason, count in publication.get("rejected_reasons", {}).items()
    )
    return (
        f"公示核对：应公示 {publication['due']} = 已公示 {publication['published']}"
        f" + 不予公示 {publication['withheld']}{f'（{withheld}）' if withheld else ''}"
        f" + 被退回 {publication['rejected']}{f'（{rejected}）' if rejected else ''}；"
        f"缺失 {publication['missing']}，重复 {publication['doubled']}"
    )


_FIGURE = 6  # columns that a figure takes at least: never in two pieces


def print_statistics(out: Console, statistics: Mapping[str, Any]) -> None:
    """The annex table of the notice turned on its side: a column per department, and the county's."""
    rows = statistics["rows"]
    table = Table(
        title="“双随机、一公开”部门联合抽查统计表", title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_column(row["report_unit"], justify="right", overflow="fold", min_width=_FIGURE)
    for key, heading in COLUMNS.items():
        if key != "report_unit":
            table.add_row(heading, *(str(row[key]) for row in rows))
    print_table(out, table)
