"""Both outside systems in one hand: a world, its people, and the three ports that show it.

A test starts one in its own process, edits `world`, advances its clock, reads what was written,
and closes it; `python -m mock_platform` is the same as a process of its own.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from mock_platform import departments, exchange_face, inspections, platform_draw
from mock_platform.agenda import Speed
from mock_platform.control_face import ClockReaders, answer_control
from mock_platform.credit_code import as_meant
from mock_platform.dialects import DIALECTS
from mock_platform.directory import generated_objects
from mock_platform.entities import read_objects
from mock_platform.plan import read_plan
from mock_platform.platform_face import answer_platform, interrupt_platform
from mock_platform.publicity_face import answer_publicity, interrupt_publicity
from mock_platform.roster import generated_roster
from mock_platform.signature import CONTRACT, Gate
from mock_platform.wire import Answer, Caller, Port, Reply, Request
from mock_platform.world import Player, World


@dataclass(frozen=True)
class Setting:
    """What a mock is started with. `state` None: nothing is kept; `entities` None: `objects` rows.

    `certificate`: a PEM file with certificate and key; the two systems then speak TLS.  `dialect`: a name of
    `DIALECTS`, whose names, codes, pages and signature the two systems have.
    """

    campaign: Path
    key: str = "mock-key"
    secret: str = "mock-secret"  # noqa: S105 - a mock's own, between processes of one machine
    entities: Path | None = None
    as_projects: bool = False
    objects: int = 120
    seed: int = 1
    state: Path | None = None
    speed: Speed = "max"
    draw_variant: str = "certified"
    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    dialect: str = "hebei"


# Kind of act -> who plays it.
PLAYERS: dict[str, Player] = {
    "hand-in": departments.hand_in,
    "seal": departments.seal,
    "reveal": departments.reveal,
    "reveals-close": departments.nothing,
    "announce": departments.announce,
    "dispatch": departments.dispatch,
    "confirmation-limit": departments.nothing,
    "visit": inspections.visit,
    "enter": inspections.enter,
    "review": inspections.review,
    "close-pending": inspections.close_pending,
    "window-closes": departments.nothing,
    "settle": exchange_face.settle,
    "collect": exchange_face.collect,
    **platform_draw.PLAYERS,
}


class Simulator:
    """A running mock. `platform_url`, `publicity_url` and `control_url` are its ports' addresses.

    `world` is its state, to be looked at and edited: `simulator.world.objects.pop()`.  Beside a state
    file, call `world.save()` after an edit; hold `world.lock` where requests come in meanwhile.
    """

    def __init__(self, setting: Setting) -> None:
        """Starts it, on what the state file holds. Raises OSError, ValueError, KeyError, YAMLError."""
        plan = read_plan(setting.campaign)
        self.setting = setting
        dialect = DIALECTS[setting.dialect]
        gate = Gate(setting.key, setting.secret, CONTRACT if dialect is None else dialect.scheme)
        self.world = World(plan, setting.seed, setting.state, setting.speed, gate, dialect)
        self.world.players.update(PLAYERS)
        self.world.counts["confirmation-limit"] = lambda world, act: departments.answers_missing(world)
        self.world.counts["window-closes"] = lambda world, act: inspections.something_outstanding(world)
        if not self.world.load():
            _populate(self.world, setting)
        if self.world.meta["task"] != plan.task_id:
            self.world.close()
            raise ValueError(f"状态文件属于任务 {self.world.meta['task']}")
        self._readers = ClockReaders()
        world = self.world
        tls = setting.certificate
        self._platform = Port(
            setting.host,
            setting.port,
            self._heard(partial(_platform_or_numbers, world)),
            partial(interrupt_platform, world),
            tls,
        )
        self._publicity = Port(
            setting.host,
            0,
            self._heard(partial(answer_publicity, world)),
            partial(interrupt_publicity, world),
            tls,
        )
        world.faults.ports = {"platform": self._platform, "publicity": self._publicity}
        self.platform_url, self.publicity_url = self._platform.url, self._publicity.url
        facts = {"platformUrl": self.platform_url, "publicityUrl": self.publicity_url, "appKey": setting.key}
        self._control = Port(setting.host, 0, partial(answer_control, world, self._readers, facts))
        self.control_url = self._control.url

    def _heard(self, answer: Answer) -> Answer:
        """The same face, which also tells that somebody asked for more than the time."""

        def heard(request: Request, caller: Caller) -> Reply | None:
            self._readers.asked_for_something()
            return answer(request, caller)

        return heard

    def close(self) -> None:
        """Stops listening and closes the state file."""
        self.world.faults.clear()
        with ThreadPoolExecutor() as pool:  # each takes a moment to notice
            list(pool.map(Port.close, (self._platform, self._publicity, self._control)))
        self.world.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _platform_or_numbers(world: World, request: Request, caller: Caller) -> Reply | None:
    """The platform's port announces the public numbers too."""
    if request.path.startswith("/public-numbers/"):
        return answer_publicity(world, request, caller)
    return answer_platform(world, request, caller)


def _populate(world: World, setting: Setting) -> None:
    """The directories, the register and the first acts of a new world."""
    plan = world.plan
    if setting.entities is not None:
        world.objects = read_objects(setting.entities, plan, setting.seed, setting.as_projects)
    else:
        world.objects = generated_objects(plan, setting.seed, setting.objects)
    world.inspectors = generated_roster(plan, setting.seed, world.objects)
    world.items = list(plan.items)
    for row in world.objects:
        code = as_meant(row["ownerUniscid"] or row["uniscid"])
        if row["pripId"] and code:
            world.enterprises[row["pripId"]] = {
                "uniscid": code,
                "entName": row["ownerName"] or row["entName"],
            }
    world.meta["task"] = plan.task_id
    world.meta["platform-draw"] = setting.draw_variant
    departments.begin(world)
    platform_draw.begin(world)
    world.save()
