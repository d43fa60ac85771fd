"""Every documented answer of every push service, through our provider and our engine, to its verdict.

The table is written from the makers' documents, not from ours: Mozilla's "Error Codes", Apple's table of reasons,
Chrome's texts as they were seen, RFC 8030, and the statuses that services send alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clarion.app import WebPushCredential
from clarion.delivery.engine import EngineOptions, make_engine
from clarion.message import Message, Target
from clarion.message.appearance import Appearance
from clarion.providers.base import Result, Verdict, read
from clarion.providers.webpush import WebPushProvider
from clarion.providers.webpush.outcome import APPLE, BY_STATUS, CHROME, MOZILLA
from tests.simulation import Simulation

MOZILLA_ERRORS = {
    101: "REJECTED",
    102: "UNREGISTERED",
    103: "UNREGISTERED",
    104: "REJECTED",
    105: "UNREGISTERED",
    106: "UNREGISTERED",
    108: "REJECTED",
    109: "SUSPECT",
    110: "REJECTED",
    111: "REJECTED",
    112: "REJECTED",
    113: "REJECTED",
    114: "REJECTED",
    201: "RETRY",
    202: "RETRY",
    900: "RETRY",
    901: "RETRY",
    902: "RETRY",
    903: "RETRY",
    999: "RETRY",
}
APPLE_ERRORS = {
    "BadTtl": "REJECTED",
    "BadUrgency": "REJECTED",
    "BadWebPushTopic": "REJECTED",
    "BadWebPushRequest": "REJECTED",
    "IdleTimeout": "RETRY",
    "VapidPkHashMismatch": "SUSPECT",
    "BadJwtToken": "SUSPECT",
    "BadVapidPublicKey": "SUSPECT",
    "BadAuthorizationHeader": "SUSPECT",
    "BadPath": "UNREGISTERED",
    "MethodNotAllowed": "REJECTED",
    "Unregistered": "UNREGISTERED",
    "PayloadTooLarge": "REJECTED",
    "TooManyRequests": "RETRY",
    "InternalServerError": "RETRY",
    "ServiceUnavailable": "RETRY",
    "Shutdown": "RETRY",
}
CHROME_TEXTS = {
    "CHROME_MISMATCH": ("SUSPECT", "VapidPkHashMismatch"),
    "CHROME_INVALID_JWT": ("SUSPECT", "InvalidJWT"),
    "CHROME_UNSUBSCRIBED": ("UNREGISTERED", "UnsubscribedOrExpired"),
    "CHROME_INVALID_REGISTRATION": ("SUSPECT", "InvalidRegistration"),
}
STATUSES = {
    400: ("REJECTED", "BAD_REQUEST"),
    401: ("SUSPECT", "UNAUTHORIZED"),
    403: ("SUSPECT", "FORBIDDEN"),
    404: ("UNREGISTERED", "NOT_FOUND"),
    405: ("REJECTED", "METHOD_NOT_ALLOWED"),
    408: ("RETRY", "REQUEST_TIMEOUT"),
    410: ("UNREGISTERED", "GONE"),
    413: ("REJECTED", "PAYLOAD_TOO_LARGE"),
    429: ("RETRY", "TOO_MANY_REQUESTS"),
    500: ("RETRY", "INTERNAL_SERVER_ERROR"),
    502: ("RETRY", "BAD_GATEWAY"),
    503: ("RETRY", "SERVICE_UNAVAILABLE"),
    504: ("RETRY", "GATEWAY_TIMEOUT"),
}


class Device(NamedTuple):
    token: str
    environment: str | None = None


class Sending:
    """Our provider and our engine at the simulator."""

    def __init__(self, simulation: Simulation, **changes: Any) -> None:
        self.ready = simulation.ready["providers"]["webpush"]
        credential = {
            "private_key": Path(self.ready["private_key"]),
            "subject": self.ready["subject"],
            "hosts": frozenset(self.ready["hosts"]),
            "ca_bundle": Path(simulation.ready["ca"]),
        }
        self.provider = WebPushProvider.open("demo", WebPushCredential(**(credential | changes)))
        self.engine = make_engine(EngineOptions(ca_bundle=simulation.ready["ca"], timeout_s=10))

    def device(self, path: str) -> Device:
        keys = {"p256dh": self.ready["p256dh"], "auth": self.ready["auth"]}
        return Device(json.dumps({"endpoint": self.ready["origin"] + path, "expirationTime": None, "keys": keys}))

    def send(self, *paths: str, **fields: Any) -> list[Result]:
        """What became of one message to some subscriptions, in their order."""
        now_ms = int(time.time() * 1000)
        given = {"id": "message:1", "app": "demo", "body": "Hello", "target": Target(channel="default")}
        message = Message(**(given | {"accepted_ms": now_ms} | fields))
        composition = self.provider.compose(message, "WEB", now_ms=now_ms)
        requests = [
            self.provider.request(composition, [self.device(path)], [number], "") for number, path in enumerate(paths)
        ]
        results = {answer.tag[0]: read(self.provider, answer) for answer in self.engine.send(iter(requests)) if answer}
        return [results[number] for number in range(len(paths))]


@pytest.fixture(scope="module")
def made(running: Simulation) -> Iterator[Sending]:
    sending = Sending(running)
    yield sending
    sending.engine.close()


@pytest.fixture
def sending(made: Sending, simulation: Simulation) -> Sending:
    return made


def test_every_documented_answer_is_in_our_tables_and_no_other() -> None:
    assert (len(MOZILLA_ERRORS), len(APPLE_ERRORS), len(CHROME_TEXTS), len(STATUSES)) == (20, 17, 4, 13)
    assert MOZILLA_ERRORS.keys() == MOZILLA.keys()
    assert APPLE_ERRORS.keys() == APPLE.keys()
    assert {reason for _, reason in CHROME_TEXTS.values()} == {reason for _, reason in CHROME.values()}
    assert STATUSES.keys() == BY_STATUS.keys()


def test_every_error_of_mozilla_has_its_verdict(sending: Sending) -> None:
    results = sending.send(*(f"/push/sim:errno_{errno}:a" for errno in MOZILLA_ERRORS))
    found = {int(result.reason.removeprefix("errno_")): result.verdict.name for result in results}
    assert found == MOZILLA_ERRORS


def test_every_error_of_apple_has_its_verdict(sending: Sending) -> None:
    results = sending.send(*(f"/apple/sim:{reason}:a" for reason in APPLE_ERRORS))
    assert {result.reason: result.verdict.name for result in results} == APPLE_ERRORS


def test_a_key_that_is_not_the_subscriptions_is_a_suspicion_under_either_status(sending: Sending) -> None:
    (result,) = sending.send("/apple/sim:VapidPkHashMismatch;status=400:a")
    assert (result.verdict, result.reason) == (Verdict.SUSPECT, "VapidPkHashMismatch")


@pytest.mark.parametrize("scenario", CHROME_TEXTS)
def test_every_text_of_chrome_has_its_verdict(sending: Sending, scenario: str) -> None:
    (result,) = sending.send(f"/chrome/sim:{scenario}:a")
    assert (result.verdict.name, result.reason) == CHROME_TEXTS[scenario]


def test_every_status_alone_has_its_verdict(sending: Sending) -> None:
    results = sending.send(*(f"/push/sim:HTTP_500;status={status}:a" for status in STATUSES))
    assert [(result.verdict.name, result.reason) for result in results] == list(STATUSES.values())


def test_every_success_is_accepted(sending: Sending) -> None:
    results = sending.send("/push/a", "/apple/a", "/chrome/a", *(f"/push/sim:HTTP_{n}:a" for n in (200, 202, 204)))
    assert results == [Result(Verdict.ACCEPTED)] * 6


@pytest.mark.parametrize("scenario", ["BAD_GATEWAY_HTML", "NOT_JSON"])
def test_an_answer_of_nobody_in_particular_is_tried_again(sending: Sending, scenario: str) -> None:
    (result,) = sending.send(f"/push/sim:{scenario}:a")
    assert result.verdict is Verdict.RETRY


def test_a_wish_when_to_come_back_is_heard(sending: Sending) -> None:
    backoff, at_once, limited = sending.send(
        "/push/sim:errno_201:a", "/push/sim:errno_202:a", "/push/sim:HTTP_429;retry_after=7:a"
    )
    assert (backoff.retry_after_s, at_once.retry_after_s, limited.retry_after_s) == (120.0, 0.0, 7.0)


def test_the_browser_reads_what_was_published(sending: Sending, simulation: Simulation) -> None:
    shown = Appearance(title="Sale", click_action="https://shop.example/sale")
    assert sending.send("/push/a", appearance=shown, ttl_s=60)[0].verdict is Verdict.ACCEPTED
    (received,) = simulation.received("/push/a")
    assert (received["message"]["title"], received["message"]["body"]) == ("Sale", "Hello")
    assert received["message"]["notification"]["navigate"] == "https://shop.example/sale"
    assert 58 <= int(received["headers"]["ttl"]) <= 60
    assert (received["headers"]["urgency"], len(received["headers"]["topic"])) == ("high", 32)


def test_a_message_that_says_nothing_arrives_without_a_body(sending: Sending, simulation: Simulation) -> None:
    assert sending.send("/apple/a", body="")[0].verdict is Verdict.ACCEPTED
    assert simulation.ledger()["/apple/a"]["last"] == ""


def test_a_repeated_message_is_seen_once(sending: Sending, simulation: Simulation) -> None:
    for _ in range(2):
        sending.send("/push/a")
    seen = simulation.counts()["seen"]
    assert (seen["total"], seen["replaced"]) == (1, 1)


def test_another_key_is_a_suspicion_at_every_push_service(simulation: Simulation, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    other = Sending(simulation, private_key=tmp_path / "key.pem")
    results = other.send("/push/a", "/apple/a", "/chrome/a")
    other.engine.close()
    assert [(result.verdict, result.reason) for result in results] == [(Verdict.SUSPECT, "VapidPkHashMismatch")] * 3


def test_requests_that_break_a_connection_are_no_proof_of_anything(sending: Sending) -> None:
    results = sending.send("/push/sim:REFUSED_STREAM;times=1:a", "/push/sim:RESET:a")
    assert results[1].verdict is Verdict.UNKNOWN
    assert results[0].verdict in (Verdict.ACCEPTED, Verdict.RETRY)
