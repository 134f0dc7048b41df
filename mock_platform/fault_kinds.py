"""What a fault is, and what it may touch: a request on its way, the reply, the connection, the ports."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mock_platform.wire import Caller, Port, Reply, Request, json_reply

if TYPE_CHECKING:
    from mock_platform.world import World

Phase = Literal["head", "before", "after", "switch"]


@dataclass(eq=False)
class Fault:
    """One fault that was set. `seen` counts matching requests, `fired` how often it acted.

    `held` are the requests that it holds back at this moment; `memory` is what a kind remembers of it.
    """

    name: str
    endpoint: str | None = None
    calls: Sequence[int] | None = None
    probability: float | None = None
    count: int | None = None
    args: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0
    held: set[int] = field(default_factory=set)
    memory: dict[str, Any] = field(default_factory=dict)
    cleared: threading.Event = field(default_factory=threading.Event)

    def to_json(self) -> dict[str, Any]:
        """As the control face lists it."""
        names = ("name", "endpoint", "calls", "probability", "count", "args", "seen", "fired")
        return {**{name: getattr(self, name) for name in names}, "holding": len(self.held)}


@dataclass(frozen=True)
class Twist:
    """How a write is taken in otherwise than the contract says.

    `rejects`: numbers of rows, from 1, that are refused; `shuffled`: answers in another order; `forgets`:
    it is taken as new, whatever is held under its batch number or of its rows.
    """

    rejects: frozenset[int] = frozenset()
    shuffled: bool = False
    forgets: bool = False


PLAIN = Twist()


@dataclass(eq=False)
class Call:
    """One request on its way: a fault may rewrite it, set or change the reply, or drop the connection.

    `perform` is what the face does with a request; `signed`: whether the signature is looked at;
    `clock_off_s`: how much the face's clock is wrong for this request, in seconds.
    """

    world: World
    request: Request
    endpoint: str
    caller: Caller
    perform: Callable[[World, Request], Reply]
    signed: bool = True
    reply: Reply | None = None
    dropped: bool = False
    first_write: int = 0
    last_write: int = 0
    twist: Twist = PLAIN
    clock_off_s: float = 0.0

    def wrote(self, number: int) -> bool:
        """Whether this call stored the `number`-th write of its endpoint."""
        return self.first_write <= number <= self.last_write

    @property
    def stored(self) -> bool:
        """Whether this call stored anything."""
        return self.last_write > 0

    def change_data(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Changes the `data` of a reply in JSON; does nothing to any other."""
        if self.reply is None:
            return
        try:
            envelope = json.loads(self.reply.body)
        except ValueError:
            return
        if isinstance(envelope, dict) and isinstance(envelope.get("data"), dict):
            change(envelope["data"])
            self.reply = json_reply(envelope, self.reply.status)

    def change_text(self, change: Callable[[str], str]) -> None:
        """Changes the text of a reply."""
        if self.reply is not None:
            self.reply.body = change(self.reply.body.decode("utf-8")).encode("utf-8")


@dataclass(frozen=True)
class Kind:
    """What a fault of this name does, and when; `args.phase` puts `before` and `after` the other way.

    `head`: before the body of a request is read; `before`: before anything of it is looked at; `after`: when
    the answer is made and committed; `switch`: from setting to clearing, without a request.
    """

    phase: Phase
    does: Callable[[Call, Fault], None]
    about: str
    switch: Callable[[Port, Fault, bool], None] | None = None


def nothing(call: Call, fault: Fault) -> None:
    """For kinds that are switches."""


def rows_of_reply(call: Call) -> str:
    """`json`, `xml` or `none`: what kind of rows a reply holds."""
    if call.reply is None:
        return "none"
    return "xml" if call.reply.body.lstrip()[:1] == b"<" else "json"
