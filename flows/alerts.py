"""send-alerts: tells people once of each thing that is wrong, and every morning how everything stands.

A look compares what the ledger says is wrong with the alerts in force: what is new is raised, what has ended
is over.  Every alert in force that cannot wait is told to every channel, once; a channel that is set up today
is told what was raised yesterday.  The ledger has the intent before a text is handed over, the outcome after.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import flow

from connectors.notifications import NotificationChannel, addresses_in, channels
from connectors.protocols import Refused
from delivery.owner import is_gone
from flows.alerting.facts import all_deadlines, gather
from flows.alerting.metrics import write_metrics
from flows.alerting.texts import Standing, alert_text, digest_text
from flows.exchange.delivering import owner
from flows.settings import Settings
from flows.site import Site, open_site
from flows.telling.artifacts import write_artifact
from flows.telling.logs import write_events
from flows.telling.stage_names import TITLES
from ledger.alerts import (
    RecordedAlert,
    alerts_ended_since,
    alerts_in_force,
    end_alert,
    intend_telling,
    latest_message,
    message_of,
    settle_telling,
    tellings,
    write_message,
)
from ledger.alerts import raise_alert as record_alert
from ledger.campaigns import StageRow, campaigns, stages
from ledger.engine import Transaction
from ledger.leases import acquire, release
from rules import alerts as rules
from rules.calendar import is_working_day
from schemas.errors import DrawbridgeError

log = logging.getLogger("drawbridge.alerts")

_LEASE = "alerts"
_LEASE_S = 600.0
# The robots take twenty texts a minute; what is more waits for the next look.
_AT_ONCE = 15
_FIRST_RETRY = timedelta(minutes=5)
_LONGEST_RETRY = timedelta(hours=1)
# A campaign whose last stage is done has nothing more to tell of its stages.
_LAST = "report"


@dataclass(frozen=True)
class Told:
    """What one look did: alerts raised, over, in force; texts sent and not. `busy`: another is under way."""

    raised: int = 0
    over: int = 0
    in_force: int = 0
    sent: int = 0
    failed: int = 0
    busy: bool = False


def wall_clock() -> datetime:
    """Wall time, UTC."""
    return datetime.now(UTC)


def channels_of(settings: Settings) -> list[NotificationChannel]:
    """The channels that are set. Raises DrawbridgeError DB-ALERT-001, DB-CLI-003 for the file."""
    text = "" if settings.alert_urls is None else settings.alert_urls.get_secret_value()
    if settings.alert_urls_file is not None:
        try:
            text += "\n" + settings.alert_urls_file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DrawbridgeError(
                "DB-CLI-003", path=settings.alert_urls_file, detail=type(error).__name__
            ) from error
    return channels(addresses_in(text))


def look(
    site: Site,
    told: Sequence[NotificationChannel],
    *,
    wall: Callable[[], datetime] | None = None,
    with_chain: bool = True,
) -> Told:
    """One look: reads, decides, records, tells. Days are campaign time, retries and faults wall time.

    `with_chain`: also recomputes the audit chain.  `wall`: another clock than the wall's.  While another
    look is under way, nothing is done.
    """
    wall = wall or wall_clock
    with site.ledger.write() as tx:
        lease = acquire(tx, _LEASE, owner(), wall(), _LEASE_S, is_gone)
    if lease is None:
        return Told(busy=True)
    try:
        limits, uncounted = all_deadlines(site)
        facts = gather(site, limits, uncounted, with_chain=with_chain)
        found, now = rules.alerts_of(facts, wall()), site.now()
        with site.ledger.write() as tx:
            known = alerts_in_force(tx)
            changes = rules.changes(found, {one.key: one.kind for one in known}, facts)
            for alert in changes.raised:
                record_alert(
                    tx,
                    alert.key,
                    kind=alert.kind,
                    code=alert.code,
                    urgency=alert.urgency,
                    task_id=alert.task_id,
                    facts=alert.facts,
                    now=now,
                )
            for key in changes.over:
                end_alert(tx, key, now)
            in_force = alerts_in_force(tx)
            wanted = [_write_alert(tx, one, now) for one in in_force if one.urgency == "immediate"]
            digest = _write_digest(tx, site.settings, in_force, limits, now)
        sent, failed = _tell(site, told, [*wanted, *digest], wall)
    finally:
        with site.ledger.write() as tx:
            release(tx, lease, wall())
    return Told(len(changes.raised), len(changes.over), len(in_force), sent, failed)


def raise_alert(site: Site) -> None:
    """Looks at once, after a failure that the ledger knows of; the audit chain is left to the next full look.

    Never raises: the failure that it follows is what has to be seen.
    """
    try:
        look(site, channels_of(site.settings), with_chain=False)
    except Exception as error:  # whatever it is, the next scheduled look tries again
        log.warning("提醒没有发出：%s", error if isinstance(error, DrawbridgeError) else type(error).__name__)


def look_after_failure(flow: Any, flow_run: Any, state: Any) -> None:
    """The same as a hook of a flow: `on_failure=[look_after_failure], on_crashed=[look_after_failure]`."""
    try:
        with open_site() as site:
            raise_alert(site)
    except DrawbridgeError as error:
        log.warning("提醒没有发出：%s", error)


def _write_alert(tx: Transaction, one: RecordedAlert, now: datetime) -> str:
    title, body = alert_text(one)
    return write_message(tx, one.message_key, title, body, now).key


def _write_digest(
    tx: Transaction,
    settings: Settings,
    in_force: Sequence[RecordedAlert],
    limits: Sequence[rules.OpenDeadline],
    now: datetime,
) -> list[str]:
    """The day's digest, once its hour has come on a working day; a day whose hour was missed has it later."""
    key = f"digest/{now.date()}"
    if not is_working_day(now.date()) or now.time() < settings.digest_at:
        return []
    if message_of(tx, key) is not None:
        return [key]
    last = latest_message(tx, "digest/")
    ended = [] if last is None else alerts_ended_since(tx, last.created_at)
    standing = [
        Standing(
            campaign.short_name,
            _open_stages(stages(tx, campaign.task_id)),
            [limit for limit in limits if limit.task_id == campaign.task_id],
        )
        for campaign in campaigns(tx)
    ]
    title, body = digest_text(now, standing, in_force, ended, _undelivered(tx, in_force))
    return [write_message(tx, key, title, body, now).key]


def _open_stages(rows: dict[str, StageRow]) -> list[StageRow]:
    if _LAST in rows and rows[_LAST].state == "done":
        return []
    return [row for key, row in rows.items() if key in TITLES and row.state in ("waiting", "failed")]


def _undelivered(tx: Transaction, in_force: Sequence[RecordedAlert]) -> list[DrawbridgeError]:
    """Channels that have not taken alerts in force."""
    failed = [
        one for one in tellings(tx, [a.message_key for a in in_force]).values() if one.state == "failed"
    ]
    codes = {one.channel: one.code for one in failed}
    return [
        DrawbridgeError("DB-ALERT-017", channel=channel, count=count, cause=codes[channel])
        for channel, count in sorted(Counter(one.channel for one in failed).items())
    ]


def _tell(
    site: Site, told: Sequence[NotificationChannel], wanted: Sequence[str], wall: Callable[[], datetime]
) -> tuple[int, int]:
    sent = failed = 0
    for channel in told:
        for key in _due(site, channel, wanted, wall())[:_AT_ONCE]:
            error = _tell_one(site, channel, key, wall)
            sent, failed = (sent + 1, failed) if error is None else (sent, failed + 1)
            if error is not None and not isinstance(error, Refused):
                break  # it does not answer now; each further text would wait as long
    return sent, failed


def _due(site: Site, channel: NotificationChannel, wanted: Sequence[str], wall: datetime) -> list[str]:
    with site.ledger.read() as tx:
        known = tellings(tx, wanted)
    rows = [(key, known.get((key, channel.name))) for key in wanted]
    return [
        key
        for key, row in rows
        if row is None
        or row.state == "sending"  # whoever sent it was killed
        or (row.state == "failed" and (row.next_try_at is None or row.next_try_at <= wall))
    ]


def _tell_one(
    site: Site, channel: NotificationChannel, key: str, wall: Callable[[], datetime]
) -> DrawbridgeError | None:
    """Intent, text, outcome. Returns why it failed."""
    with site.ledger.write() as tx:
        message = message_of(tx, key)
        telling = intend_telling(tx, key, channel.name, wall())
    if message is None:
        raise LookupError(key)
    failure: DrawbridgeError | None = None
    try:
        channel.send(message.title, message.body)
    except DrawbridgeError as error:
        failure = error
        log.warning("%s：%s", key, error)
    retry = min(_FIRST_RETRY * 2 ** min(telling.tries - 1, 10), _LONGEST_RETRY)
    with site.ledger.write() as tx:
        settle_telling(
            tx,
            telling,
            code=None if failure is None else failure.code,
            next_try_at=None if failure is None else wall() + retry,
            now=site.now(),
        )
    return failure


def _report(told: Told, configured: Sequence[NotificationChannel]) -> Iterator[str]:
    yield "# 提醒\n"
    if told.busy:
        yield "另一次提醒正在进行，本次没有做任何事。"
        return
    yield f"新提醒 {told.raised} 件，解除 {told.over} 件，未解除 {told.in_force} 件。"
    yield f"发出 {told.sent} 条，未发出 {told.failed} 条。\n"
    names = "、".join(channel.name for channel in configured)
    yield f"渠道：{names}" if names else "**没有设置渠道**：请设置 DRAWBRIDGE_ALERT_URLS，见 docs/alerts.md。"


def _send() -> Told:
    with open_site() as site:
        configured = channels_of(site.settings)
        told = look(site, configured)
        write_events(site.ledger, site.home)
        if site.settings.metrics_file is not None:
            write_metrics(site, site.settings.metrics_file)
    write_artifact("alerts", "\n".join(_report(told, configured)), "提醒")
    return told


@flow(
    name="send-alerts",
    description="查看台账，把需要处理的情况发到各渠道，同一情况只发一次；每个工作日早上发一份摘要。",
    flow_run_name="提醒",
)
async def send_alerts() -> dict[str, object]:
    """One look as a flow; the work is done in a thread, so that the run's heartbeat goes on."""
    told = await asyncio.to_thread(_send)
    return {"raised": told.raised, "over": told.over, "sent": told.sent, "failed": told.failed}
