"""Faults that can be switched on, as state: by name, endpoint, call number, probability, count.

`FAULTS` is the catalogue, `NUMBERS` says which of its names the fault catalogue F01 to F40 means.  A fault
of phase `before` acts before anything of the request is looked at, one of phase `after` when the
answer is made and committed, one of phase `head` before the body is read, and a `switch` from setting to
clearing.  `endpoint` is an operationId or the beginning of a path; `calls` are numbers of the matching
requests, from 1, since the fault was set; `args.write`: k fires on the request that stored the k-th write
of its endpoint.  Faults live in this process; they are not kept in the state file.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mock_platform.chance import chance
from mock_platform.fault_bytes import BYTES
from mock_platform.fault_kinds import PLAIN, Call, Fault, Kind, Phase, Twist
from mock_platform.fault_late import Late
from mock_platform.fault_pages import PAGES
from mock_platform.fault_transport import TRANSPORT
from mock_platform.fault_writes import WRITES
from mock_platform.wire import Port

FAULTS: dict[str, Kind] = {**TRANSPORT, **WRITES, **PAGES, **BYTES}

NUMBERS: dict[str, tuple[str, ...]] = {
    "F01": ("reply_lost_after_commit",),
    "F02": ("http_500_after_commit",),
    "F03": ("http_500_before_commit",),
    "F04": ("http_502_504_gateway",),
    "F05": ("late_commit_after_void",),
    "F06": ("stale_read_after_write",),
    "F07": ("duplicate_reply",),
    "F08": ("idempotency_key_conflict",),
    "F09": ("idempotency_in_flight",),
    "F10": ("idempotency_key_forgotten",),
    "F11": ("rate_429_retry_after_seconds",),
    "F12": ("rate_429_http_date_past",),
    "F13": ("maintenance_window",),
    "F14": ("slow_trickle",),
    "F15": ("slow_headers",),
    "F16": ("connection_refused",),
    "F17": ("reset_mid_request",),
    "F18": ("tls_error",),
    "F19": ("truncated_json",),
    "F20": ("html_200_login",),
    "F21": ("wrong_content_type",),
    "F22": ("json_oddities",),
    "F23": ("encoding_mix",),
    "F24": ("xxe_reply",),
    "F25": ("billion_laughs",),
    "F26": ("gzip_bomb",),
    "F27": ("giant_field",),
    "F28": ("redirect_other_host",),
    "F29": ("page_repeated",),
    "F30": ("row_moved_between_pages",),
    "F31": ("page_never_ends", "total_lies"),
    "F32": ("schema_drift",),
    "F33": ("bad_rows",),
    "F34": ("partial_acceptance",),
    "F35": ("partial_reply_missing_items",),
    "F36": ("receipt_for_other_batch",),
    "F37": ("receipt_duplicate", "receipt_late"),
    "F38": ("token_expiry_mid_run",),
    "F39": ("clock_skew",),
    "F40": ("signature_bad", "nonce_replay"),
}
"""Number in the fault catalogue -> names here. A number may be given where a name is asked for."""

_PARTS = re.compile(r":(?=(?:endpoint|calls|probability|count|args\.[A-Za-z]+)=)")


class Faults:
    """The faults that are set now. `ports` are what switches act on, by `platform` and `publicity`."""

    def __init__(self, seed: int) -> None:
        self._seed, self._lock = seed, threading.Lock()
        self.active: list[Fault] = []
        self.ports: dict[str, Port] = {}
        self.late = Late()
        self.twist: Twist = PLAIN

    def set(
        self,
        name: str,
        endpoint: str | None = None,
        *,
        calls: Sequence[int] | None = None,
        probability: float | None = None,
        count: int | None = None,
        args: dict[str, Any] | None = None,
    ) -> Fault:
        """Switches a fault on. Raises KeyError for a name that the catalogue does not have."""
        name = named(name)
        fault = Fault(name, endpoint, calls, probability, count, args or {})
        with self._lock:
            self.active.append(fault)
        if FAULTS[name].phase == "switch":
            fault.fired = 1
            self._switch(fault, True)
        return fault

    def clear(self, name: str | None = None) -> None:
        """Switches off all faults, or those of one name; what they hold is let go."""
        name = None if name is None else named(name)
        with self._lock:
            off = [fault for fault in self.active if name in (None, fault.name)]
            self.active = [fault for fault in self.active if fault not in off]
            for fault in off:
                fault.cleared.set()
        for fault in off:
            self._switch(fault, False)

    def _switch(self, fault: Fault, on: bool) -> None:
        switch = FAULTS[fault.name].switch
        if switch is not None:
            for where, port in self.ports.items():
                if fault.endpoint in (None, where):
                    switch(port, fault, on)

    def match(self, endpoint: str, path: str, *, head: bool = False) -> list[Fault]:
        """Those that may act on this request; counts it for each. `head`: before its body is read."""
        if not self.active:
            return []
        with self._lock:
            return [fault for fault in self.active if self._matches(fault, endpoint, path, head)]

    def _matches(self, fault: Fault, endpoint: str, path: str, head: bool) -> bool:
        phase = FAULTS[fault.name].phase
        if phase == "switch" or (phase == "head") is not head:
            return False
        if fault.endpoint and fault.endpoint != endpoint and not path.startswith(fault.endpoint):
            return False
        fault.seen += 1
        if fault.count is not None and fault.fired >= fault.count:
            return False
        if fault.calls is not None and fault.seen not in fault.calls:
            return False
        if fault.probability is None:
            return True
        return chance(self._seed, "fault", fault.name, fault.seen).random() < fault.probability

    def act(self, phase: Phase, faults: Sequence[Fault], call: Call) -> None:
        """Lets the faults of one phase do what they do."""
        for fault in faults:
            if not self._may_act(phase, fault, call):
                continue
            with self._lock:
                if fault.count is not None and fault.fired >= fault.count:
                    continue
                fault.fired += 1
            FAULTS[fault.name].does(call, fault)

    def _may_act(self, phase: Phase, fault: Fault, call: Call) -> bool:
        if fault.args.get("phase", FAULTS[fault.name].phase) != phase:
            return False
        if call.dropped or fault.cleared.is_set():
            return False
        if phase == "before" and call.reply is not None:
            return False  # another fault has answered, and what it said of the request must stay true
        return "write" not in fault.args or call.wrote(fault.args["write"])

    def reset_share(self, faults: Sequence[Fault]) -> float | None:
        """Of faults of phase `head`: how much of the body is read before the connection is reset."""
        for fault in faults:
            with self._lock:
                fault.fired += 1
            return float(fault.args.get("share", 0.5))
        return None

    @contextmanager
    def twisted(self, twist: Twist) -> Iterator[None]:
        """Whatever is taken in meanwhile is taken in so. Inside a turn of the world."""
        self.twist, before = twist, self.twist
        try:
            yield
        finally:
            self.twist = before


def named(name: str) -> str:
    """The name in `FAULTS` that a name or a number F01 to F40 means. Raises KeyError."""
    name = NUMBERS[name][0] if name in NUMBERS else name
    if name not in FAULTS:
        raise KeyError(name)
    return name


def fault_of_text(text: str) -> dict[str, Any]:
    """`NAME[:endpoint=…][:calls=1,3][:probability=0.01][:count=2][:args.x=…]` as `Faults.set` takes it.

    A value of `args` is JSON, or else text. Raises ValueError.
    """
    name, *parts = _PARTS.split(text)
    try:
        found: dict[str, Any] = {"name": named(name), "args": {}}
    except KeyError:
        raise ValueError(f"没有这种故障：{name}") from None
    for part in parts:
        key, _, value = part.partition("=")
        if key.startswith("args."):
            found["args"][key[5:]] = _value(value)
        elif key == "endpoint":
            found[key] = value
        elif key == "calls":
            found[key] = [int(one) for one in value.split(",")]
        else:
            found[key] = float(value) if key == "probability" else int(value)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
