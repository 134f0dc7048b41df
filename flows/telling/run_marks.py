"""How a flow run is called and tagged, once it is known what it works on.

A run that is started for all campaigns does not know its name beforehand: it is given when the campaigns are
known, and again with the number of the message when something went out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import httpx
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException

from flows.telling.stage_names import TITLES
from schemas.campaign import Campaign

log = logging.getLogger("drawbridge")

# A list of names that is longer does not fit into the pages.
_NAMED = 3


def names_of(campaigns: Iterable[Campaign]) -> str:
    """The campaigns as part of a run's name."""
    names = [campaign.short_name for campaign in campaigns]
    more = f" 等 {len(names)} 项任务" if len(names) > _NAMED else ""
    return "、".join(names[:_NAMED]) + more if names else "没有轮到的任务"


def batch_text(before: int, after: int) -> str:
    """The messages that went out between two counts, as part of a run's name; empty: none did."""
    if after <= before:
        return ""
    return f"第{after}批" if after == before + 1 else f"第{before + 1}至{after}批"


def tags_of(campaign: Campaign, waiting_for: str | None = None) -> list[str]:
    """What runs about a campaign are found by: its short name, and the departments that it waits for."""
    awaited = [one.name for one in campaign.departments if one.name in (waiting_for or "")]
    return [campaign.short_name, *awaited]


def mark_run(title: str, *parts: str, tags: Iterable[str] = ()) -> None:
    """Names the flow run under way `title · part · part` and adds tags; elsewhere there is nothing to name.

    `title` empty: it keeps the name that it has.

    A name is a convenience: a server that does not answer now must not end the work.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    name = " · ".join(part for part in (title, *parts) if part) if title else ""
    try:
        with get_client(sync_client=True) as client:
            known = client.read_flow_run(context.flow_run.id).tags
            client.update_flow_run(context.flow_run.id, name=name or None, tags=sorted({*known, *tags}))
    except (PrefectException, httpx.HTTPError) as error:
        log.warning("运行名称没有更新：%s", type(error).__name__)


SHORT_TITLES = {**TITLES, "publish": "公示", "push": "派发", "report": "统计表"}
"""Stage -> how its runs begin."""
