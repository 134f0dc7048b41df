"""What the board of a campaign says, as one structure: the UI's page and the terminal only render it.

Everything is read from the ledger at the moment of asking.  Nothing in it is personal, and enterprises are
counted, not named: whoever may open the pages of the UI is not thereby one who handles the cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from flows.board.counts import COUNTS, Count, Known, known_of
from flows.board.matters import Matter, matters_of, uncounted
from flows.decisions.open_decisions import todos
from flows.legal_dates import SOON_WORKING_DAYS, due_dates
from flows.site import SHANGHAI, Books
from flows.telling.pressing import Press, press_for
from flows.telling.stage_names import TITLES
from ledger.audit import events
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class StageLine:
    """One stage. `state` None: never tried; `since` (UTC): when it came into this state."""

    key: str
    title: str
    state: str | None
    counts: tuple[Count, ...]
    waiting_for: str | None
    since: datetime | None
    failed: str | None
    press: Press


@dataclass(frozen=True)
class Limit:
    """What is open and due on one day (Shanghai), counted. `left`: working days, negative when it is late."""

    what: str
    on: date
    left: int
    how_many: int
    provisional: bool

    @property
    def near(self) -> bool:
        """Whether it is shown in red."""
        return self.left < SOON_WORKING_DAYS

    @property
    def left_text(self) -> str:
        """The days left as people read them."""
        if self.left < 0:
            return f"已过 {-self.left} 个工作日"
        return f"剩 {self.left} 个工作日" if self.left else "今天到期"


@dataclass(frozen=True)
class Paper:
    """A file in the campaign's folder."""

    title: str
    name: str


@dataclass(frozen=True)
class Board:
    """A campaign at `as_of` (Shanghai, campaign time)."""

    task_id: str
    name: str
    short_name: str
    document_no: str | None
    departments: tuple[str, ...]
    starts_on: date
    ends_on: date
    as_of: datetime
    stages: tuple[StageLine, ...]
    limits: tuple[Limit, ...]
    matters: tuple[Matter, ...]
    papers: tuple[Paper, ...]

    @property
    def current(self) -> StageLine | None:
        """The first stage that is not done; None: all are."""
        return next((line for line in self.stages if line.state != "done"), None)

    def line(self, key: str) -> StageLine:
        """One stage."""
        return next(line for line in self.stages if line.key == key)


def board_of(
    books: Books, campaign: Campaign, now: datetime | None = None, known: Known | None = None
) -> Board:
    """The board as the ledger has it; `now` (aware) is campaign time, the books' own if not given.

    `known`: a look at the ledger that was just taken.
    """
    as_of = (now or books.now()).astimezone(SHANGHAI)
    known = known or known_of(books, campaign)
    since = _since(books, campaign)
    limits: list[Limit] = []
    unsure: list[Matter] = []
    try:
        limits = _limits(books, known, as_of.date())
    except DrawbridgeError as error:  # what cannot be counted must not hide the rest
        unsure = [uncounted(campaign, error)]
    matters = matters_of(known, todos(books, campaign, known.standing), since, as_of.date())
    return Board(
        task_id=campaign.task_id,
        name=campaign.name,
        short_name=campaign.short_name,
        document_no=campaign.document_no,
        departments=tuple(department.name for department in campaign.departments),
        starts_on=campaign.starts_on,
        ends_on=campaign.ends_on,
        as_of=as_of,
        stages=tuple(_line(known, key, since) for key in TITLES),
        limits=tuple(limits),
        matters=(*matters, *unsure),
        papers=tuple(_papers(books, campaign)),
    )


def as_document(board: Board) -> dict[str, Any]:
    """The board as JSON can hold it; days and times as ISO texts."""
    found: dict[str, Any] = _plain(asdict(board))
    for shown, limit in zip(found["limits"], board.limits, strict=True):
        shown["near"] = limit.near
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value.isoformat() if isinstance(value, date) else value


def _line(known: Known, key: str, since: Mapping[str, datetime]) -> StageLine:
    row = known.rows.get(key)
    waiting_for = None if row is None or row.state == "done" else row.waiting_for
    return StageLine(
        key=key,
        title=TITLES[key],
        state=None if row is None else row.state,
        counts=tuple(COUNTS[key](known)),
        waiting_for=waiting_for,
        since=since.get(key),
        failed=None if row is None else row.failed,
        press=press_for(known.campaign, key, waiting_for),
    )


def _since(books: Books, campaign: Campaign) -> dict[str, datetime]:
    """Stage -> when it came into the state that it is in, by the audit chain."""
    with books.ledger.read() as tx:
        told = events(tx, subject=campaign.task_id, kind="stage")
    return {str(event.facts["stage"]): event.at for event in told}


def _limits(books: Books, known: Known, today: date) -> list[Limit]:
    """The legal dates by kind and day."""
    listed = due_dates(books, known.campaign, today, (known.visits, known.standing))
    found = {(due.what, due.on): due for due in listed}
    counted = Counter((due.what, due.on) for due in listed)
    limits = [
        Limit(what, on, found[what, on].left, count, found[what, on].provisional)
        for (what, on), count in counted.items()
    ]
    return sorted(limits, key=lambda limit: (limit.on, limit.what))


# How a file begins that people ask for, in the order in which it comes about.
_PAPERS = ("隔离行", "排除报告", "核验结论", "抽取证书", "一企一表", "分组名册", "统计表", "总结")
_FOLDERS = ("一企一表", "为什么抽到我", "文书")
"""Folders of printed papers; the one with telephones is not shown."""
# Charts stand in the summary.
_PARTS_OF_OTHERS = frozenset({".png"})


def _papers(books: Books, campaign: Campaign) -> Iterator[Paper]:
    folder = books.home.root / campaign.task_id
    names = sorted(path.name for path in folder.glob("*.*") if path.suffix not in _PARTS_OF_OTHERS)
    for beginning in _PAPERS:
        for name in names:
            if name.startswith(beginning):
                yield Paper(name.rpartition(".")[0], name)
    for name in _FOLDERS:
        printed = sum(1 for path in (folder / name).rglob("*.pdf"))
        if printed:
            yield Paper(f"{name} {printed} 份", f"{name}/")
