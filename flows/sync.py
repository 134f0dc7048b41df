"""sync-directories: pulls entities, roster and items; quarantines bad rows; freezes nothing."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import flow

from connectors.paging import PageGuard, PageMark, same_list
from connectors.protocols import Page
from connectors.received_page import reader_of
from documents.directory_lists import in_words, raw_titles
from documents.quarantine import write_quarantine
from flows.alerts import look_after_failure
from flows.batch_tasks import in_task
from flows.exchange.pages_ahead import pages_ahead
from flows.kill_points import reach
from flows.site import Site, open_site
from flows.stage import Outcome, Stage, heard, run_name, run_stage
from flows.telling.artifacts import table
from flows.telling.reporting import reporter
from flows.telling.stage_names import TITLES
from ledger.directory import (
    SnapshotState,
    latest_snapshot,
    materials_of,
    open_snapshot,
    quarantined,
    record_materials,
)
from ledger.sync import abandon_sync, begin_sync, commit_page, complete_sync
from rules.directory_gate import shrinks_too_much, too_many_refused
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

_KINDS = {"object": "抽查对象", "inspector": "执法检查人员", "item": "抽查事项"}
_MAX_PAGES = 100_000
# A list that moved, lies or lost too much cannot be gone on with: the next attempt begins anew.
_NOT_THIS_LIST = frozenset(
    {
        *(
            f"DB-{area}-{number}"
            for area in ("PLATFORM", "LEDGER")
            for number in ("021", "022", "023", "024")
        ),
        "DB-SYNC-001",
        "DB-SYNC-002",
    }
)


def step(site: Site, campaign: Campaign) -> Outcome:
    """Pulls what has never been pulled completely, and the materials that the departments hand in."""
    states = {kind: _snapshot(site, kind) for kind in _KINDS}
    missing = _departments_without_materials(site, campaign)
    objects = states["object"]
    workbooks = _workbooks(site, campaign)
    facts: dict[str, object] = {
        "entities": _counts(objects),
        "inspectors": _counts(states["inspector"]),
        "items": _counts(states["item"]),
        "quarantine_files": {kind: str(path) for kind, path in workbooks.items()},
    }
    line = (
        f"对象 {objects.accepted}"
        f"（读入 {objects.read}，修整 {objects.normalised}，隔离 {objects.quarantined}）"
        f" 人员 {states['inspector'].accepted} 事项 {states['item'].accepted}"
    )
    waiting = f"{'、'.join(missing)} 报送事项和材料清单" if missing else None
    return Outcome(not missing, line, facts, waiting, _report(states, workbooks))


def _counts(state: SnapshotState) -> dict[str, int]:
    return {
        "read": state.read,
        "accepted": state.accepted,
        "normalised": state.normalised,
        "quarantined": state.quarantined,
    }


def _snapshot(site: Site, kind: str) -> SnapshotState:
    with site.ledger.read() as tx:
        state = latest_snapshot(tx, site.source, kind)
    return state if state is not None else pull(site, kind)


def refresh(site: Site) -> dict[str, SnapshotState]:
    """Pulls every directory anew, whatever is known of it; what was frozen for a draw stays as it is."""
    return {kind: pull(site, kind) for kind in _KINDS}


def pull(site: Site, kind: str) -> SnapshotState:
    """Pulls one directory to its end, page by page, from the last committed page on.

    Raises SystemUnreachable if no consistent list could be had, DrawbridgeError DB-SYNC-001 or -002 if too
    much of it is missing or bad; what was committed stays, and nothing is marked as gone.
    """
    with site.ledger.write() as tx:
        sync = begin_sync(tx, site.source, kind, site.now(), reader_of(site.profile))
    reach("P1")
    guard = PageGuard("PLATFORM", _MAX_PAGES, [PageMark(*mark) for mark in sync.marks])
    fetch = _fetch(site, kind)

    def read(number: int, snapshot: str | None) -> Page[Any]:
        page = fetch(number, snapshot)
        if not sync.held_before(page):
            _ = page.rows  # read here, by the thread that is ahead, and not while the ledger is held
        return page

    with pages_ahead(read) as ahead, _all_else_left_alone():
        while not guard.finished:
            number, snapshot = guard.next_page, guard.snapshot

            def batch(number: int = number, snapshot: str | None = snapshot) -> Page[Any]:
                page = ahead.take(number, snapshot)
                guard.check(page)
                if not guard.finished:
                    ahead.ask(guard.next_page, guard.snapshot)
                reach("P2")
                with site.ledger.write() as tx:
                    commit_page(tx, sync, page, site.now())
                reach("P3")
                return page

            try:
                page = in_task(f"pull-{kind}s", batch)
            except DrawbridgeError as error:
                if error.code in _NOT_THIS_LIST:
                    with site.ledger.write() as tx:
                        abandon_sync(tx, sync, error.code, site.now())
                raise
            reporter().progress(guard.read, page.total)
    reach("P4")
    try:
        _read_again(site, kind, guard)
        _stop_at_the_gate(site, kind)
    except DrawbridgeError as error:
        if error.code in _NOT_THIS_LIST:
            with site.ledger.write() as tx:
                abandon_sync(tx, sync, error.code, site.now())
        raise
    with site.ledger.write() as tx:
        return complete_sync(tx, sync, site.now())


@contextmanager
def _all_else_left_alone() -> Iterator[None]:
    """What was there before is not searched for cycles every few pages: a fifth of the time went into it."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _read_again(site: Site, kind: str, first: PageGuard) -> None:
    """Pages of a system that promises no snapshot are read twice, and must be the same list.

    Raises SystemUnreachable DB-PLATFORM-023 if it is not; nothing may be drawn from it.
    """
    if first.stable or len(first.marks) <= 1:
        return
    second = PageGuard("PLATFORM", _MAX_PAGES)
    with pages_ahead(_fetch(site, kind)) as ahead:
        while not second.finished:

            def batch(number: int = second.next_page) -> Page[Any]:
                page = ahead.take(number, None)
                second.check(page)
                if not second.finished:
                    ahead.ask(second.next_page, None)
                return page

            in_task(f"check-{kind}s", batch)
    same_list("PLATFORM", first, second)


def _stop_at_the_gate(site: Site, kind: str) -> None:
    """A list that lost too much takes no other's place. Raises DrawbridgeError DB-SYNC-001, -002."""
    with site.ledger.read() as tx:
        now, before = open_snapshot(tx, site.source, kind), latest_snapshot(tx, site.source, kind)
    if now is None:
        return
    percent = site.settings.directory_loss_percent
    facts = {"what": _KINDS[kind], "percent": percent}
    if too_many_refused(now.read, now.quarantined, percent):
        _write_workbook(site, kind, site.home.folder("名录"))
        raise DrawbridgeError("DB-SYNC-002", read=now.read, refused=now.quarantined, **facts)
    if before is not None and shrinks_too_much(before.accepted, now.accepted, percent):
        raise DrawbridgeError("DB-SYNC-001", held=before.accepted, now=now.accepted, **facts)


def _fetch(site: Site, kind: str) -> Callable[[int, str | None], Page[Any]]:
    platform = site.connections.platform
    if kind == "item":
        return lambda number, snapshot: platform.items()
    return platform.objects if kind == "object" else platform.inspectors


def _departments_without_materials(site: Site, campaign: Campaign) -> list[str]:
    received = site.connections.platform.materials(campaign.task_id)
    with site.ledger.write() as tx:
        record_materials(tx, campaign.task_id, received, site.now())
        known = {materials.dept_code for materials in materials_of(tx, campaign.task_id)}
    return [department.name for department in campaign.departments if department.code not in known]


def _workbooks(site: Site, campaign: Campaign) -> dict[str, Path]:
    """A workbook of refused rows for each directory that had any."""
    found: dict[str, Path] = {}
    for kind in _KINDS:
        path = _write_workbook(site, kind, site.home.campaign_folder(campaign.task_id))
        if path is not None:
            found[kind] = path
    return found


def _write_workbook(site: Site, kind: str, folder: Path) -> Path | None:
    with site.ledger.read() as tx:
        rows = quarantined(tx, site.source, kind)
    if not rows:
        return None
    path = folder / f"隔离行-{_KINDS[kind]}.xlsx"
    reach("P6")
    titles = raw_titles(site.profile, kind)
    write_quarantine(path, [(row.row_no, row.code, row.reason, in_words(row.raw, titles)) for row in rows])
    return path


def _report(states: dict[str, SnapshotState], workbooks: dict[str, Path]) -> str:
    rows = [
        (_KINDS[kind], state.read, state.accepted, state.normalised, state.quarantined)
        for kind, state in states.items()
    ]
    text = table(("名录", "读入", "接受", "其中修整", "隔离"), rows)
    for path in workbooks.values():
        text += f"\n\n隔离的行和原因见 `{path.name}`，请退回原单位改正后重新同步。"
    return text


STAGE = Stage("sync", TITLES["sync"], step)


@flow(
    name="sync-directories",
    description="拉取抽查对象名录、执法检查人员名录和抽查事项清单，隔离不合格的行；不指定任务时全部重新拉取。",
    flow_run_name=run_name("同步名录"),
    on_failure=[look_after_failure],
    on_crashed=[look_after_failure],
)
async def sync_directories(campaign: str | None = None) -> dict[str, object]:
    """The stage as a flow; without `campaign`, pulls all directories anew and looks at every campaign."""
    if campaign is None:
        await asyncio.to_thread(_refresh)
    return await run_stage(STAGE, campaign)


def _refresh() -> None:
    with heard(), open_site() as site:
        refresh(site)
