"""A run that waits with a form until that is filled in rightly, through restarts, as long as it may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect import get_run_logger
from prefect.flow_runs import suspend_flow_run

from flows.site import Site, open_site
from flows.stage import heard
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

_MOST_TRIES = 1000


def ask_until_right(
    form: Any,
    key: str,
    timeout_s: int,
    describe: Callable[[Site], tuple[Campaign, str] | None],
    record: Callable[[Site, Campaign, Any], str],
) -> str | None:
    """Suspends the run with the form; what it says is recorded, or why it cannot be stands in the next one.

    `describe`: the campaign and what stands below its name; None: there is nothing to ask any more, which is
    returned.  `record` returns what to tell; its DrawbridgeError is what was wrong with the form.
    """
    note = ""
    for attempt in range(_MOST_TRIES):
        with heard(), open_site() as site:
            asked = describe(site)
        if asked is None:
            return None
        campaign, text = asked
        refused = f"> 上次填写没有通过：{note}\n\n" if note else ""
        said = form.with_initial_data(description=f"**{campaign.name}**\n\n{refused}{text}")
        given = suspend_flow_run(wait_for_input=said, timeout=timeout_s, key=f"{key}-{attempt}")
        with heard(), open_site() as site:
            try:
                return record(site, campaign, given)
            except DrawbridgeError as error:
                note = str(error)
                get_run_logger().warning(note)
    return note
