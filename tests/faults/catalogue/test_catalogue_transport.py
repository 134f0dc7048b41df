"""F11 to F18 and F38 to F40: pace, time, connections, certificates, clocks and signatures."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.factory import Connections, connect
from connectors.protocols import Ambiguous, NotSent, SystemUnreachable
from mock_platform.simulator import Setting, Simulator
from tests.delivery.system import FakeClock
from tests.faults.catalogue.conftest import OBJECTS, PLAN, READ_S, Desk, tuned

Desks = Callable[..., Desk]
KINDS = ["record", "confirmation"]


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("kind", KINDS)
def test_f11_too_many_requests_are_waited_out_with_the_same_number(
    desks: Desks, kind: str, form: str
) -> None:
    desk = desks(kind)
    desk.fault("rate_429_retry_after_seconds", count=1, args={"seconds": 7, "form": form})
    assert desk.deliver(patience_s=0).ready == OBJECTS
    began = desk.clock.now()
    desk.until_quiet()
    assert (desk.clock.now() - began).total_seconds() >= (7 if form == "seconds" else 6)
    desk.judge()
    assert len(desk.batches()) == 1


def test_f11_being_asked_to_wait_uses_up_no_attempt_and_paces_the_others(desks: Desks) -> None:
    desk = desks("confirmation", queued=False)
    desk.fault("rate_429_retry_after_seconds", "listItems", count=5, args={"seconds": 7})
    slept = desk.clock.slept
    assert desk.connections.platform.items().read > 0, "five times, and three attempts are allowed"
    assert desk.clock.slept - slept >= 35


def test_f11_what_was_asked_of_one_request_holds_for_all(desks: Desks) -> None:
    desk = desks("confirmation", queued=False)
    refused = desk.fault("rate_429_retry_after_seconds", count=1, args={"seconds": 30})
    held_back = desk.fault("hold_before", "listItems", args={"seconds": 0})
    for _ in range(2):
        with pytest.raises(NotSent) as caught:
            desk.channel.send("B-00000001", b'{"batchNo":"B-00000001","rows":[]}')
        assert caught.value.retry_after_s == pytest.approx(30)
    assert (refused.seen, held_back.seen) == (1, 0), "the second was not even tried"
    began = desk.clock.now()
    desk.connections.platform.items()
    assert (desk.clock.now() - began).total_seconds() >= 30
    assert held_back.seen == 1


@pytest.mark.parametrize("form", ["past", "future", "garbage", "negative"])
def test_f12_an_odd_retry_after_is_floored_and_capped(desks: Desks, form: str) -> None:
    desk = desks()
    limits = desk.connections.profile.publicity.limits
    desk.fault("rate_429_http_date_past", count=1, args={"form": form})
    with pytest.raises(NotSent) as caught:
        desk.channel.send("B-00000001", b"<ExchangeMessage/>")
    wanted = limits.retry_after_cap_s if form == "future" else limits.retry_after_floor_s
    assert caught.value.retry_after_s == wanted > 0
    desk.clock.advance(wanted)
    desk.until_quiet()
    desk.judge()


@pytest.mark.parametrize("kind", KINDS)
def test_f13_a_maintenance_window_pauses_and_says_when_it_ends(desks: Desks, kind: str) -> None:
    desk = desks(kind)
    seen = desk.fault("maintenance_window", args={"seconds": 14_400})
    outcome = desk.deliver(patience_s=600)
    assert outcome.next_try_at is not None
    assert 14_300 <= (outcome.next_try_at - desk.clock.now()).total_seconds() <= 14_400
    assert (outcome.ready, seen.fired, desk.clock.slept) == (OBJECTS, 1, 0)
    desk.well()
    desk.clock.advance(14_400)
    desk.until_quiet()
    desk.judge()


@pytest.mark.parametrize("kind", KINDS)
def test_f13_a_page_about_maintenance_is_no_answer(desks: Desks, kind: str) -> None:
    desk = desks(kind, dedupes=False)
    desk.fault("maintenance_window", "/", args={"form": "page"})
    outcome = desk.deliver(patience_s=30)
    assert outcome.unknown == OBJECTS
    assert outcome.next_try_at is not None
    desk.well()
    desk.until_quiet()
    desk.judge()


@pytest.mark.parametrize("kind", KINDS)
def test_f14_a_trickle_ends_at_the_total_deadline(desks: Desks, kind: str) -> None:
    desk = desks(kind)
    desk.fault("slow_trickle", count=1, args={"seconds": 0.9 * READ_S})
    began = time.monotonic()
    assert desk.deliver(patience_s=0).unknown == OBJECTS
    assert time.monotonic() - began < 4 * READ_S
    desk.until_quiet()
    desk.judge()


@pytest.mark.parametrize("phase", ["before", "after"])
def test_f15_silence_is_unknown_for_a_write_and_tried_again_for_a_read(desks: Desks, phase: str) -> None:
    desk = desks("confirmation", dedupes=False)
    desk.fault("slow_headers", count=1, args={"phase": phase})
    silent = desk.fault("slow_headers", "listItems", count=1)
    assert desk.deliver(patience_s=0).unknown == OBJECTS
    assert desk.connections.platform.items().read > 0
    assert silent.fired == 1
    desk.until_quiet()
    desk.judge()


@pytest.mark.parametrize("kind", KINDS)
def test_f16_a_refused_connection_was_not_sent_and_goes_again_with_its_number(
    desks: Desks, kind: str
) -> None:
    desk = desks(kind)
    desk.world.faults.set("connection_refused")
    outcome = desk.deliver(patience_s=5)
    assert (outcome.ready, outcome.unknown) == (OBJECTS, 0)
    (number,) = {item.batch_no for item in desk.items()}
    desk.well()
    desk.until_quiet()
    desk.judge()
    assert desk.batches() == {number}


def test_f16_a_name_that_nobody_knows_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # a test asks no resolver
    url = "https://platform.invalid"
    with (
        connect(tuned(), url, url, "key", "secret") as connections,
        pytest.raises(NotSent, match="DB-PUBLICITY-001"),
    ):
        connections.channels("130534202405281001").records.send("B-00000001", b"<ExchangeMessage/>")


@pytest.mark.parametrize("kind", KINDS)
def test_f17_a_reset_while_the_body_is_sent_is_ambiguous(desks: Desks, kind: str) -> None:
    desk = desks(kind, dedupes=False)
    reset = desk.fault("reset_mid_request", count=1)
    assert desk.deliver(patience_s=0).unknown == OBJECTS
    assert reset.fired == 1
    assert desk.accepted() == []
    desk.until_quiet()
    desk.judge()


# --- F18: certificates ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: `ca.pem`, and certificates that are good, expired, of another host, self-signed."""
    folder = tmp_path_factory.mktemp("certificates")
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("drawbridge test CA", ca_key, None, None)
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    for name, host, days, signed in (
        ("good", "127.0.0.1", 1, True),
        ("expired", "127.0.0.1", -1, True),
        ("wrong_host", "192.0.2.1", 1, True),
        ("self_signed", "127.0.0.1", 1, False),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = (ca, ca_key) if signed else None
        made = _certificate("test", key, issuer, host, days)
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return folder


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    host: str | None,
    days: int = 1,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signing_key = (subject, key) if issuer is None else (issuer[0].subject, issuer[1])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(True, False, False, False, False, host is None, host is None, False, False),
            critical=True,
        )
    )
    if host is not None:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signing_key, hashes.SHA256())


@contextmanager
def under_tls(authority: Path, clock: FakeClock) -> Iterator[tuple[Simulator, Connections]]:
    with ExitStack() as stack:
        setting = Setting(PLAN, objects=OBJECTS, seed=5, certificate=authority / "good.pem")
        simulator = stack.enter_context(Simulator(setting))
        assert simulator.platform_url.startswith("https://")
        connections = stack.enter_context(
            connect(
                tuned(),
                simulator.platform_url,
                simulator.publicity_url,
                setting.key,
                setting.secret,
                ca_file=authority / "ca.pem",
                sleep=clock.sleep,
                monotonic=clock.monotonic,
            )
        )
        yield simulator, connections


@pytest.mark.parametrize("wrong", ["expired", "wrong_host", "self_signed"])
def test_f18_a_wrong_certificate_fails_closed_at_once(authority: Path, clock: FakeClock, wrong: str) -> None:
    with under_tls(authority, clock) as (simulator, connections):
        assert connections.platform.items().read > 0
        connections.close()
    with under_tls(authority, clock) as (simulator, connections):
        simulator.world.faults.set("tls_error", args={"certificate": str(authority / f"{wrong}.pem")})
        port = simulator.world.faults.ports["publicity"]
        channel = connections.channels(simulator.world.plan.task_id).records
        with pytest.raises(NotSent) as caught:
            channel.send("B-00000001", b"<ExchangeMessage/>")
        assert caught.value.code == "DB-PUBLICITY-002"
        assert caught.value.facts["detail"] in caught.value.zh
        assert port.accepted == 1
        with pytest.raises(SystemUnreachable, match="DB-PLATFORM-002"):
            connections.platform.items()
        assert simulator.world.faults.ports["platform"].accepted == 1, "tried again and again"
        assert simulator.world.writes == []
        simulator.world.faults.clear()
        assert connections.platform.items().read > 0


# --- F38 to F40 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_f38_a_401_in_the_middle_was_not_executed_and_goes_again_with_its_number(
    desks: Desks, kind: str
) -> None:
    """These contracts sign each request and know no token: nothing is refreshed, the next one is signed."""
    desk = desks(kind, batch_size=4)
    expired = desk.fault("token_expiry_mid_run", args={"after": 1, "refused": 1})
    desk.until_quiet()
    assert expired.seen == 4, "three messages, one of them twice"
    desk.judge()
    assert len(desk.batches()) == 3


def test_f38_a_read_is_signed_anew_once(desks: Desks) -> None:
    desk = desks("confirmation", queued=False)
    desk.fault("token_expiry_mid_run", "listItems", args={"refused": 1})
    assert desk.connections.platform.items().read > 0
    desk.well()
    storm = desk.fault("token_expiry_mid_run", "listItems", args={"refused": 99})
    with pytest.raises(Exception, match="DB-PLATFORM-012"):
        desk.connections.platform.items()
    assert storm.seen == 2


@pytest.mark.parametrize("seconds", [600, -600])
@pytest.mark.parametrize("kind", KINDS)
def test_f39_a_clock_that_is_off_is_measured_and_the_signed_time_corrected(
    desks: Desks, kind: str, seconds: int, caplog: pytest.LogCaptureFixture
) -> None:
    desk = desks(kind)
    desk.fault("clock_skew", "/", args={"seconds": seconds})
    with caplog.at_level(logging.WARNING):
        assert desk.deliver(patience_s=0).ready == OBJECTS, "refused by their window: not executed"
        desk.until_quiet()
    client = desk.connections.publicity_client if kind == "record" else desk.connections.platform_client
    assert client.clock_skew_s == pytest.approx(seconds, abs=5)
    assert "differs from ours" in caplog.text
    desk.judge()


@pytest.mark.parametrize("name", ["nonce_replay", "signature_bad"])
@pytest.mark.parametrize("kind", KINDS)
def test_f40_a_refused_nonce_is_replaced_the_number_is_not(desks: Desks, kind: str, name: str) -> None:
    """Replies are not signed in these contracts; what proves them is the digest in the receipt (F36)."""
    desk = desks(kind)
    desk.fault(name, count=2)
    nonces = set(desk.world.gate.nonces)
    desk.until_quiet()
    desk.judge()
    assert len(set(desk.world.gate.nonces) - nonces) >= 1
    assert len(desk.batches()) == 1


def test_a_cut_answer_says_nothing_about_a_write(desks: Desks) -> None:
    desk = desks(queued=False)
    desk.fault("slow_headers", count=1)
    with pytest.raises(Ambiguous, match="DB-PUBLICITY-003"):
        desk.channel.send("B-00000001", b"<ExchangeMessage/>")
