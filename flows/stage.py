"""What all flows have in common: a step is tried until it is done or its waiting time is over.

A step is a plain function of site and campaign.  It asks the ledger what is open, does that,
records what came back, and says where the stage stands; it can be called any number of times.
`perform` repeats it while it waits for people, keeps the stage's row in the ledger and tells
the listener.  Nothing here needs Prefect: name, tags and page of a run are written only where a flow run is
under way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from prefect import get_run_logger, tags
from prefect.context import FlowRunContext
from prefect.runtime import flow_run

from flows.command_line.ending import end_if_asked
from flows.site import Site, open_site, resolve_campaign
from flows.telling.kept_safe import kept_safe
from flows.telling.logs import bound, log_as_json
from flows.telling.reporting import LogReporter, is_heard, listening, reporter
from flows.telling.run_marks import SHORT_TITLES, batch_text, mark_run, names_of, tags_of
from flows.telling.run_page import messages_of, skipped, write_stage_page
from flows.telling.unexpected import unexpected
from ledger.campaigns import campaigns, record_stage, stages
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class Outcome:
    """Where a stage stands.

    `line` is what a person reads in the terminal, `facts` what a program reads, `report` the
    Markdown that an operator reads in the UI.  `wake` asks to leave the stage although it is not
    done, because another stage has something urgent to do.
    """

    done: bool
    line: str
    facts: dict[str, object] = field(default_factory=dict)
    waiting_for: str | None = None
    report: str = ""
    wake: bool = False


Step = Callable[[Site, Campaign], Outcome]


@dataclass(frozen=True)
class Stage:
    """One stage of a campaign: its key in the ledger, its Chinese title, its step, and what comes before."""

    key: str
    title: str
    step: Step
    after: str | None = None


def perform(site: Site, campaign: Campaign, stage: Stage) -> Outcome:
    """Repeats the stage's step until it is done or `max_wait_s` of wall time passed without progress.

    Errors of the step pass through after the stage is recorded as failed with the error's code.  Either way
    the flow run under way, if there is one, gets its page, and the campaign its board.
    """
    not_again = skipped(site, campaign, stage.key)
    try:
        outcome = _repeated(site, campaign, stage)
    except Exception as error:
        known = error if isinstance(error, DrawbridgeError) else unexpected(error)
        line = "没有完成，已办的都在台账里。"
        write_stage_page(site, campaign, stage.key, stage.title, line=line, not_again=not_again, error=known)
        raise
    write_stage_page(
        site,
        campaign,
        stage.key,
        stage.title,
        line=outcome.line,
        report=outcome.report,
        done=outcome.done,
        waiting_for=outcome.waiting_for,
        not_again=not_again,
    )
    return outcome


def _repeated(site: Site, campaign: Campaign, stage: Stage) -> Outcome:
    started = last_change = time.monotonic()
    last: tuple[str, str | None] | None = None
    reporter().stage_started(stage.title)
    while True:
        end_if_asked()
        with bound(campaign=campaign.task_id, stage=stage.key):
            outcome = _attempt(site, campaign, stage)
        if (outcome.line, outcome.waiting_for) != last:
            last_change, last = time.monotonic(), (outcome.line, outcome.waiting_for)
        if outcome.done or outcome.wake or time.monotonic() - last_change >= site.settings.max_wait_s:
            break
        reporter().waiting(outcome.waiting_for or stage.title)
        site.sleep(site.settings.poll_s)
    reporter().stage_ended(stage.title, outcome.line, time.monotonic() - started, done=outcome.done)
    return outcome


def _attempt(site: Site, campaign: Campaign, stage: Stage) -> Outcome:
    before = _open_before(site, campaign, stage)
    if before is not None:
        return Outcome(False, "前一环节尚未完成", waiting_for=before)
    try:
        outcome = stage.step(site, campaign)
    except DrawbridgeError as error:
        _record(site, campaign, stage, Outcome(False, str(error)), failed=error.code)
        raise
    except Exception as error:
        _record(site, campaign, stage, Outcome(False, type(error).__name__), failed=unexpected(error).code)
        raise
    _record(site, campaign, stage, outcome)
    return outcome


def _open_before(site: Site, campaign: Campaign, stage: Stage) -> str | None:
    if stage.after is None:
        return None
    with site.ledger.read() as tx:
        row = stages(tx, campaign.task_id).get(stage.after)
    return None if row is not None and row.state == "done" else "前一环节完成"


def _record(
    site: Site, campaign: Campaign, stage: Stage, outcome: Outcome, failed: str | None = None
) -> None:
    with site.ledger.write() as tx:
        record_stage(
            tx,
            campaign.task_id,
            stage.key,
            done=outcome.done,
            facts=outcome.facts,
            waiting_for=outcome.waiting_for,
            now=site.now(),
            failed=failed,
        )


def run_name(title: str) -> Callable[[], str]:
    """How a stage's runs are called: by the campaign they were started for, or for all."""

    def named() -> str:
        return f"{title} · {flow_run.parameters.get('campaign') or '全部任务'}"

    return named


async def run_stage(stage: Stage, campaign_name: str | None) -> dict[str, object]:
    """The body of a stage's flow: the named campaign, or every campaign whose turn the stage is.

    The work is done in a thread, so that the run's heartbeat goes on.  Returns facts by task id.
    """
    return await asyncio.to_thread(_run_stage, stage, campaign_name)


def _run_stage(stage: Stage, campaign_name: str | None) -> dict[str, object]:
    with heard(), open_site() as site:
        log_as_json(site.home)
        if campaign_name is not None:
            chosen = [resolve_campaign(site.ledger, campaign_name, site.now())]
        else:
            with site.ledger.read() as tx:
                known = campaigns(tx)
            chosen = [campaign for campaign in known if _open_before(site, campaign, stage) is None]
        title = SHORT_TITLES.get(stage.key, stage.title)
        mark_run(title, names_of(chosen), tags=[tag for one in chosen for tag in tags_of(one)])
        found: dict[str, object] = {}
        failed: list[Exception] = []
        for campaign in chosen:
            try:
                found[campaign.task_id] = _performed(site, campaign, stage, title, len(chosen))
            except Exception as error:  # what is wrong with one must not keep the others from their turn
                failed.append(error)
        if failed:
            raise failed[0]
        return found


def _performed(site: Site, campaign: Campaign, stage: Stage, title: str, of: int) -> dict[str, object]:
    """One campaign's part of a run, which is then tagged by whom it waits for and named by what it sent."""
    before = messages_of(site, campaign, stage.key)
    with tags(*tags_of(campaign)):
        outcome = perform(site, campaign, stage)
    sent = batch_text(before, messages_of(site, campaign, stage.key)) if of == 1 else ""
    if sent or outcome.waiting_for:
        names = [names_of([campaign]), sent] if of == 1 else []
        mark_run(title if names else "", *names, tags=tags_of(campaign, outcome.waiting_for))
    return {"done": outcome.done, "waiting_for": outcome.waiting_for, **outcome.facts}


@contextmanager
def heard() -> Iterator[None]:
    """Lets Prefect's log hear the run where nobody else listens, and of its errors what may be heard."""
    has_listener = is_heard() or FlowRunContext.get() is None
    with kept_safe(), nullcontext() if has_listener else listening(LogReporter(get_run_logger())):
        yield
