"""Group robots of DingTalk, WeCom and Feishu, at the address that the robot's own page shows.

    https://oapi.dingtalk.com/robot/send?access_token=…[&secret=SEC…]
    https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…
    https://open.feishu.cn/open-apis/bot/v2/hook/…[?secret=…]

`secret` (加签) is ours to sign with and never sent.  The path says which robot it is, so a government
edition on a host of its own is reached the same way.  All three answer HTTP 200 also when they refuse: what
counts is the code in the answer.  apprise, which looks at the HTTP status alone and escapes DingTalk's
signature twice (1.13.1), would call every refused alert sent, so the robots are done here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx

from connectors.protocols import Ambiguous, NotSent, Refused

TIMEOUT_S = 10.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NEVER_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

Json = dict[str, Any]


@dataclass(frozen=True)
class Robot:
    """One kind of robot: how its address is known, what it takes, which members of the answer hold its code.

    `text` makes the body of a text; `sign` what a secret adds (to the query and to the body) at a moment in
    seconds; `max_bytes` of UTF-8 the text may have.
    """

    name: str
    path: str
    key: str | None
    max_bytes: int
    codes: tuple[str, ...]
    text: Callable[[str], Json]
    sign: Callable[[str, float], tuple[Mapping[str, str], Json]]


def _dingtalk_sign(secret: str, now_s: float) -> tuple[Mapping[str, str], Json]:
    # https://open.dingtalk.com/document/robots/customize-robot-security-settings
    timestamp = str(round(now_s * 1000))
    code = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": timestamp, "sign": base64.b64encode(code).decode()}, {}


def _feishu_sign(secret: str, now_s: float) -> tuple[Mapping[str, str], Json]:
    # https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (the text is empty)
    timestamp = str(int(now_s))
    code = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {}, {"timestamp": timestamp, "sign": base64.b64encode(code).decode()}


def _unsigned(_secret: str, _now_s: float) -> tuple[Mapping[str, str], Json]:
    return {}, {}


def _msgtype_text(text: str) -> Json:
    return {"msgtype": "text", "text": {"content": text}}


ROBOTS: tuple[Robot, ...] = (
    Robot("dingtalk", "/robot/send", "access_token", 18_000, ("errcode",), _msgtype_text, _dingtalk_sign),
    Robot("wecom", "/cgi-bin/webhook/send", "key", 2_048, ("errcode",), _msgtype_text, _unsigned),
    Robot(
        "feishu",
        "/open-apis/bot/v2/hook/",
        None,
        18_000,
        ("code", "StatusCode"),
        lambda text: {"msg_type": "text", "content": {"text": text}},
        _feishu_sign,
    ),
)


def robot_at(address: str) -> Robot | None:
    """Which robot's address this is; None: no robot's."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query))
    for robot in ROBOTS:
        if robot.key is not None and parts.path == robot.path and query.get(robot.key):
            return robot
        if robot.key is None and parts.path.startswith(robot.path) and parts.path != robot.path:
            return robot
    return None


def is_safe(address: str) -> bool:
    """Whether the address may carry a token: https, or http on this machine."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


@dataclass(frozen=True)
class RobotChannel:
    """A robot as a channel. `now` is wall time in seconds, for the signature."""

    name: str
    robot: Robot
    address: str
    now: Callable[[], float] = time.time

    def send(self, title: str, body: str) -> None:
        """Hands one text to the robot.

        Raises NotSent DB-ALERT-002, Ambiguous DB-ALERT-003, Refused DB-ALERT-004.
        """
        parts = urlsplit(self.address)
        query = dict(parse_qsl(parts.query))
        secret = query.pop("secret", None)
        signed, members = ({}, {}) if secret is None else self.robot.sign(secret, self.now())
        payload = {**members, **self.robot.text(within(f"{title}\n{body}", self.robot.max_bytes))}
        # A proxy of the environment leads out of a closed network; to this machine there is none.
        with httpx.Client(timeout=TIMEOUT_S, trust_env=parts.hostname not in _LOOPBACK) as client:
            try:
                answer = client.post(
                    urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")),
                    params={**query, **signed},
                    json=payload,
                )
            except _NEVER_CONNECTED as error:
                raise NotSent("DB-ALERT-002", channel=self.name) from error
            except httpx.HTTPError as error:
                raise Ambiguous("DB-ALERT-003", channel=self.name) from error
        self._judge(answer)

    def _judge(self, answer: httpx.Response) -> None:
        try:
            document = answer.json()
            code = next(document[name] for name in self.robot.codes if name in document)
        except (ValueError, TypeError, StopIteration):
            if answer.is_client_error:
                raise Refused("DB-ALERT-004", channel=self.name, answer_code=answer.status_code) from None
            raise Ambiguous("DB-ALERT-003", channel=self.name) from None
        if code != 0:
            raise Refused("DB-ALERT-004", channel=self.name, answer_code=str(code)[:20])


def within(text: str, max_bytes: int) -> str:
    """The text, or as many of its lines as fit, with a last line that says how many are left out."""
    if len(text.encode()) <= max_bytes:
        return text
    lines = text.split("\n")
    for kept in range(len(lines) - 1, 0, -1):
        shorter = "\n".join([*lines[:kept], f"（另有 {len(lines) - kept} 行从略，全文见任务总览）"])
        if len(shorter.encode()) <= max_bytes:
            return shorter
    return lines[0].encode()[:max_bytes].decode(errors="ignore")
