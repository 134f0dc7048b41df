"""Alerts reach robots, mail and generic addresses as each expects them; a refusal never counts as success."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from collections.abc import Iterator

import pytest

from connectors.notification_robots import ROBOTS, robot_at, within
from connectors.notifications import addresses_in, channels
from connectors.protocols import Ambiguous, NotSent, Refused
from schemas.errors import DrawbridgeError
from tests.flows.alert_receiver import Receiver, mailbox, receiver

TITLE, BODY = "【双随机】期限告急", "清河2024-22：公示 3 项未完成。\n请督促办理。"
MOMENT = 1_716_864_000.25


@pytest.fixture
def got() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


def send(*addresses: str) -> None:
    for channel in channels(addresses, lambda: MOMENT):
        channel.send(TITLE, BODY)


def test_dingtalk_takes_a_text_and_the_token(got: Receiver) -> None:
    send(f"{got.url}/robot/send?access_token=T")
    (call,) = got.calls
    assert (call.path, call.query) == ("/robot/send", {"access_token": ["T"]})
    assert call.body == {"msgtype": "text", "text": {"content": f"{TITLE}\n{BODY}"}}


def test_dingtalk_is_signed_and_the_secret_stays_here(got: Receiver) -> None:
    send(f"{got.url}/robot/send?access_token=T&secret=SEC9")
    code = hmac.new(b"SEC9", b"1716864000250\nSEC9", hashlib.sha256).digest()
    # Decoded once, as the robot does, it is the signature itself.
    assert got.calls[0].query == {
        "access_token": ["T"],
        "timestamp": ["1716864000250"],
        "sign": [base64.b64encode(code).decode()],
    }


def test_wecom_takes_a_text_and_the_key(got: Receiver) -> None:
    send(f"{got.url}/cgi-bin/webhook/send?key=K")
    (call,) = got.calls
    assert (call.path, call.query) == ("/cgi-bin/webhook/send", {"key": ["K"]})
    assert call.body == {"msgtype": "text", "text": {"content": f"{TITLE}\n{BODY}"}}


def test_feishu_is_signed_in_the_body(got: Receiver) -> None:
    send(f"{got.url}/open-apis/bot/v2/hook/T?secret=S")
    (call,) = got.calls
    code = hmac.new(b"1716864000\nS", b"", hashlib.sha256).digest()
    assert (call.path, call.query) == ("/open-apis/bot/v2/hook/T", {})
    assert call.body == {
        "timestamp": "1716864000",
        "sign": base64.b64encode(code).decode(),
        "msg_type": "text",
        "content": {"text": f"{TITLE}\n{BODY}"},
    }


@pytest.mark.parametrize(
    ("path", "answer", "code"),
    [
        ("/robot/send?access_token=T", {"errcode": 310000, "errmsg": "sign not match"}, "310000"),
        ("/robot/send?access_token=T", {"errcode": 130101, "errmsg": "send too fast"}, "130101"),
        ("/cgi-bin/webhook/send?key=K", {"errcode": 93000, "errmsg": "invalid webhook url"}, "93000"),
        ("/open-apis/bot/v2/hook/T", {"code": 19021, "msg": "sign match fail"}, "19021"),
        ("/open-apis/bot/v2/hook/T", {"StatusCode": 9499, "StatusMessage": "Bad Request"}, "9499"),
    ],
)
def test_a_refusal_in_an_answer_200_is_a_refusal(
    got: Receiver, path: str, answer: dict[str, object], code: str
) -> None:
    got.answers = [answer]
    with pytest.raises(Refused) as refused:
        send(got.url + path)
    assert (refused.value.code, refused.value.facts["answer_code"]) == ("DB-ALERT-004", code)


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"null", b"{}", b'"errcode"'])
def test_an_answer_that_says_nothing_is_unknown(got: Receiver, answer: bytes) -> None:
    got.answers = [answer]
    with pytest.raises(Ambiguous) as unknown:
        send(got.robot)
    assert unknown.value.code == "DB-ALERT-003"


def test_a_robot_that_cannot_be_reached_has_nothing() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/robot/send?access_token=T"
        with pytest.raises(NotSent) as not_sent:
            send(address)
    assert not_sent.value.code == "DB-ALERT-002"


def test_apprise_serves_a_generic_address(got: Receiver) -> None:
    send(f"json://127.0.0.1:{got.port}/in")
    (call,) = got.calls
    assert (call.path, call.text) == ("/in", f"{TITLE}\n{BODY}")


def test_apprise_sends_mail() -> None:
    with mailbox() as box:
        send(f"mailto://127.0.0.1:{box.port}?from=drawbridge@example.org&to=office@example.org&mode=insecure")
    ((subject, text),) = box.mails
    assert (subject, text.strip().replace("\r\n", "\n")) == (TITLE, BODY)


def test_apprise_says_nothing_of_a_failure_but_that_it_failed() -> None:
    with pytest.raises(Ambiguous):
        send("json://127.0.0.1:9/in")


def test_the_public_addresses_and_those_of_a_government_edition_are_known() -> None:
    addresses = {
        "https://oapi.dingtalk.com/robot/send?access_token=T": "dingtalk",
        "https://ding.example.gov.cn/robot/send?access_token=T": "dingtalk",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K": "wecom",
        "https://open.feishu.cn/open-apis/bot/v2/hook/T": "feishu",
        "https://example.org/somewhere": None,
        "https://open.feishu.cn/open-apis/bot/v2/hook/": None,
    }
    found = {address: robot_at(address) for address in addresses}
    assert {address: robot and robot.name for address, robot in found.items()} == addresses


@pytest.mark.parametrize(
    "address",
    [
        "http://oapi.dingtalk.com/robot/send?access_token=TOKEN",  # a token in clear over the network
        "dingtalk://TOKEN",  # apprise's own: would call a refused text sent
        "wecombot://TOKEN",
        "feishu://TOKEN",
        "https://example.org/TOKEN",  # no robot, and apprise would take it for what it likes
        "nothing://TOKEN",
        "TOKEN",
        "https://[TOKEN",
    ],
)
def test_an_address_that_cannot_be_used_is_named_by_its_place_alone(address: str) -> None:
    with pytest.raises(DrawbridgeError) as refused:
        channels(["json://127.0.0.1/", address])
    assert (refused.value.code, refused.value.facts["number"]) == ("DB-ALERT-001", 2)
    assert "TOKEN" not in str(refused.value)


def test_a_channel_is_told_apart_without_its_secret() -> None:
    one, other = channels(
        [
            "https://oapi.dingtalk.com/robot/send?access_token=TOKEN1",
            "https://oapi.dingtalk.com/robot/send?access_token=TOKEN1",
            "mailtos://user:TOKEN2@example.org?to=office@example.org",
        ]
    )
    assert one.name.startswith("dingtalk-")
    assert other.name.startswith("mailtos-")
    assert "TOKEN" not in one.name + other.name


def test_addresses_are_read_line_by_line() -> None:
    assert addresses_in("# robots\nhttps://a  json://b\n\n #mailto://c\nmailto://d\n") == [
        "https://a",
        "json://b",
        "mailto://d",
    ]


def test_a_long_digest_is_cut_at_lines_and_says_so(got: Receiver) -> None:
    lines = [f"清河2024-22：第 {number} 行的内容" for number in range(200)]
    (channel,) = channels([f"{got.url}/cgi-bin/webhook/send?key=K"])
    channel.send(TITLE, "\n".join(lines))
    text = got.calls[0].text
    kept = text.split("\n")[1:-1]
    assert len(text.encode()) <= 2_048
    assert kept == lines[: len(kept)]
    assert text.split("\n")[-1] == f"（另有 {200 - len(kept)} 行从略，全文见任务总览）"


def test_a_line_too_long_for_all_is_cut_at_a_character() -> None:
    shorter = within("长" * 2_000, 2_048)
    assert set(shorter) == {"长"}
    assert len(shorter.encode()) == 2_046


def test_every_robot_has_a_limit_within_what_its_maker_allows() -> None:
    assert {robot.name: robot.max_bytes for robot in ROBOTS} == {
        "dingtalk": 18_000,
        "wecom": 2_048,
        "feishu": 18_000,
    }
