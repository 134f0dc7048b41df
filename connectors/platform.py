"""The provincial platform, reading side, over signed JSON (schemas/contracts/platform.openapi.yaml)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import orjson
from pydantic import ValidationError

from connectors import platform_rows, records, result_rows
from connectors.cells import Findings
from connectors.faults import Fault, NotFound
from connectors.http import Answer, Client
from connectors.paging import PageGuard
from connectors.platform_rows import Drift, Row
from connectors.profile import Profile
from connectors.profile_fields import DAYS
from connectors.protocols import (
    ConfirmationState,
    Page,
    PlatformDraw,
    RefusedRow,
    Reveal,
    Seal,
    SystemUnreachable,
)
from connectors.received_page import ReceivedPage
from connectors.replies import open_envelope
from schemas.directory import Entity, ProjectObject
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm
from schemas.inspector import Inspector
from schemas.item import InspectionItem, Materials
from schemas.result import ItemResult

R = TypeVar("R")

AREA = "PLATFORM"
_MOST_ROWS = 1000  # the contract's largest page


class HttpPlatform:
    """`connectors.protocols.Platform` over HTTP; all names and codes from the profile.

    Raises, beside what `Client.read` raises: SystemUnreachable DB-PLATFORM-020 where an answer lacks what the
    contract promises; DrawbridgeError DB-PLATFORM-023 where a snapshot is no longer held.
    """

    def __init__(self, client: Client, profile: Profile) -> None:
        self._client, self._profile, self._rules = client, profile, profile.platform

    def objects(self, page_no: int, snapshot: str | None) -> Page[Entity | ProjectObject]:
        """One page of 抽查对象名录库, each row read by itself."""

        def read(row: Row, found: Findings) -> Entity | ProjectObject:
            kind = platform_rows.object_kind(self._profile, row)
            fields = self._fields("project" if kind == "2" else "entity", row)
            return records.read_object(fields, self._profile, kind, found)

        return self._page(self._rules.endpoints.objects, page_no, snapshot, None, read, ("entity", "project"))

    def inspectors(self, page_no: int, snapshot: str | None) -> Page[Inspector]:
        """One page of 执法检查人员名录库."""

        def read(row: Row, found: Findings) -> Inspector:
            return records.read_inspector(self._fields("inspector", row), self._profile, found)

        return self._page(self._rules.endpoints.inspectors, page_no, snapshot, None, read, ("inspector",))

    def items(self) -> Page[InspectionItem]:
        """The whole 抽查事项清单, as one page."""

        def read(row: Row, found: Findings) -> InspectionItem:
            return records.read_item(self._fields("item", row), self._profile, found)

        data, notes = self._get(self._rules.endpoints.items, {}, lambda data: data)
        rows = self._checked(lambda: platform_rows.rows_of(data, self._rules.paging.rows))
        return _page_of(rows, 1, 0, len(rows), None, notes, read)

    def materials(self, task_id: str) -> Sequence[Materials]:
        """What the departments have handed in so far (notice 五(三)1)."""
        return self._list(
            self._task(self._rules.endpoints.materials, task_id),
            {},
            self._rules.paging.rows,
            platform_rows.materials,
        )

    def seals(self, task_id: str, stage: str, round_no: int) -> Sequence[Seal]:
        """Sealed commitments so far."""
        return self._list(
            self._task(self._rules.endpoints.seals, task_id),
            self._stage(stage, round_no),
            self._rules.name("seal", "rows"),
            platform_rows.seal,
        )

    def reveals(self, task_id: str, stage: str, round_no: int) -> Sequence[Reveal]:
        """Opened values so far."""
        return self._list(
            self._task(self._rules.endpoints.reveals, task_id),
            self._stage(stage, round_no),
            self._rules.name("reveal", "rows"),
            platform_rows.reveal,
        )

    def draw(self, task_id: str) -> PlatformDraw | None:
        """The platform's own draw; None before there is one."""
        try:
            return self._get(
                self._task(self._rules.endpoints.draw, task_id),
                {},
                lambda data: platform_rows.platform_draw(self._profile, data),
            )[0]
        except NotFound:
            return None

    def confirmations(self, task_id: str) -> ConfirmationState:
        """The departments' answers so far. Silence is not among them."""

        def read(data: Row) -> ConfirmationState:
            dispatched = data.get(self._rules.name("confirmation", "dispatched_at"))
            rows = platform_rows.rows_of(data, self._rules.paging.rows)
            return ConfirmationState(
                None if dispatched is None else platform_rows.time(self._profile, dispatched),
                [platform_rows.confirmation(self._profile, row) for row in rows],
            )

        return self._get(self._task(self._rules.endpoints.confirmations, task_id), {}, read)[0]

    def forms(self, task_id: str) -> Iterator[InspectionForm]:
        """The forms that the platform holds, page by page; a form it repeats is given once.

        Raises SystemUnreachable DB-PLATFORM-021, -022, -024 if the pages cannot be all of them.
        """
        path = self._task(self._rules.endpoints.forms, task_id)
        guard = PageGuard(AREA, self._rules.paging.max_pages)
        page_no = 1
        while not guard.finished:
            query = self._rules.paging.query(page_no)
            data, notes = self._get(path, query, lambda data: data)
            rows = self._checked(partial(platform_rows.rows_of, data, self._rules.paging.rows))
            page = Page[Row](page_no, self._total(data), None, rows, (), 0, rows_digest(rows), notes)
            guard.check(page)
            for row in rows:
                yield self._checked(partial(platform_rows.form, self._profile, task_id, row))
            page_no += 1

    def results(self, task_id: str, updated_since: datetime | None, page_no: int) -> Page[ItemResult]:
        """One page of results, oldest change first. `updated_since` is UTC, inclusive."""

        def read(row: Row, found: Findings) -> ItemResult:
            return result_rows.result(self._profile, row)

        return self._page(
            self._task(self._rules.endpoints.results, task_id),
            page_no,
            None,
            updated_since,
            read,
            ("result",),
        )

    def clock_skew_s(self) -> float:
        """Their wall clock minus ours."""
        return self._client.clock_skew_s

    def _fields(self, kind: str, row: Row) -> dict[str, object]:
        """A row by our field names; days that are written as the profile says are dates, and no repair."""
        fields, clock = self._rules.ours(kind, row), self._profile.clock
        if clock.writes_iso_days:
            return fields
        return {name: clock.day_of(value) if name in DAYS else value for name, value in fields.items()}

    def _page(
        self,
        path: str,
        page_no: int,
        snapshot: str | None,
        updated_since: datetime | None,
        read: Callable[[Row, Findings], R],
        kinds: tuple[str, ...],
    ) -> Page[R]:
        paging = self._rules.paging
        query = paging.query(page_no)
        if snapshot is not None and paging.snapshot is not None:
            query[paging.snapshot] = snapshot
        if updated_since is not None:
            query[paging.updated_since] = self._profile.clock.write_time(updated_since)
        try:
            data, notes = self._get(path, query, lambda data: data)
        except NotFound:
            if snapshot is None:
                raise
            raise DrawbridgeError(f"DB-{AREA}-023", path=path) from None
        rows = self._checked(lambda: platform_rows.rows_of(data, paging.rows))
        if len(rows) > max(_MOST_ROWS, paging.page_size):
            raise SystemUnreachable(f"DB-{AREA}-020", path=path, where=paging.rows)
        said = platform_rows.whole(data.get(paging.page))
        if isinstance(said, int) and said != paging.position(page_no):
            raise SystemUnreachable(f"DB-{AREA}-021", page=page_no, before=paging.page_at(said))
        token = None if paging.snapshot is None else data.get(paging.snapshot)
        notes = (*notes, *self._checked(lambda: platform_rows.columns(self._profile, kinds, rows)))
        first_row = (page_no - 1) * paging.page_size
        return _page_of(
            rows,
            page_no,
            first_row,
            self._total(data),
            token if isinstance(token, str) else None,
            notes,
            read,
        )

    def _list(
        self, path: str, query: Mapping[str, str], member: str, read: Callable[[Profile, Row], R]
    ) -> Sequence[R]:
        return self._get(
            path,
            query,
            lambda data: [read(self._profile, row) for row in platform_rows.rows_of(data, member)],
        )[0]

    def _get(
        self, path: str, query: Mapping[str, str], read: Callable[[dict[str, Any]], R]
    ) -> tuple[R, tuple[str, ...]]:
        def interpret(answer: Answer) -> tuple[R, tuple[str, ...]]:
            data, notes = open_envelope(answer, self._rules.envelope, self._rules.codes)
            return self._faulty(lambda: read(data)), notes

        return self._client.read(path, query, interpret, method=self._rules.read_method)

    def _faulty(self, read: Callable[[], R]) -> R:
        try:
            return read()
        except Drift as drift:
            raise Fault("drift", where=str(drift)) from None
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise Fault("drift", where=".".join(str(part) for part in first["loc"])) from None

    def _checked(self, read: Callable[[], R]) -> R:
        try:
            return self._faulty(read)
        except Fault as fault:
            raise SystemUnreachable(f"DB-{AREA}-020", path="", **fault.facts) from None

    def _total(self, data: Row) -> int:
        total = platform_rows.whole(data.get(self._rules.paging.total))
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise SystemUnreachable(f"DB-{AREA}-020", path="", where=self._rules.paging.total)
        return total

    def _task(self, path: str, task_id: str) -> str:
        return path.format(task_id=quote(task_id, safe=""))

    def _stage(self, stage: str, round_no: int) -> dict[str, str]:
        paging = self._rules.paging
        return {paging.stage: self._profile.theirs("draw_stage", stage), paging.round: str(round_no)}


def rows_digest(rows: Sequence[Row]) -> str:
    """SHA-256 of rows as received, members sorted."""
    try:
        return hashlib.sha256(orjson.dumps(rows, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except orjson.JSONEncodeError:  # a number of more than 64 bits
        pass
    text = json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _page_of(
    rows: Sequence[Row],
    page_no: int,
    first_row: int,
    total: int,
    snapshot: str | None,
    notes: tuple[str, ...],
    read: Callable[[Row, Findings], R],
) -> Page[R]:
    digest = rows_digest(rows)

    def reading() -> Page[R]:
        accepted: list[records.Accepted[R]] = []
        refused: list[RefusedRow] = []
        for number, row in enumerate(rows, first_row + 1):
            outcome = records.take_row(number, row, partial(read, row))
            if isinstance(outcome, RefusedRow):
                refused.append(outcome)
            else:
                accepted.append(outcome)
        said = [*notes, *(f"第{a.row_no}行：{note}" for a in accepted for note in a.notes)]
        return Page(
            page_no,
            total,
            snapshot,
            [a.record for a in accepted],
            refused,
            sum(1 for a in accepted if a.repairs),
            digest,
            tuple(said),
        )

    return ReceivedPage(page_no, total, snapshot, digest, len(rows), reading)
