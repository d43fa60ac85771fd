"""Each push service's answers, with the verdict that its document asks for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer
from clarion.providers.webpush.outcome import APPLE, BY_STATUS, CHROME, MOZILLA, classify

CHROME_MISMATCH = (
    b"the VAPID credentials in the authorization header do not correspond to the credentials used to create the "
    b"subscriptions.\n"
)


def apple(status, reason):
    return Answer(0, status, json.dumps({"reason": reason}).encode())


def mozilla(status, errno, retry_after_s=None):
    body = {"code": status, "errno": errno, "error": "words", "message": "words", "more_info": "http://x.example"}
    return Answer(0, status, json.dumps(body).encode(), retry_after_s)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_is_accepted(status):
    assert classify(Answer(0, status, b"")) == Result(Verdict.ACCEPTED)


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        (mozilla(404, 102), "UNREGISTERED", "errno_102"),
        (mozilla(410, 103), "UNREGISTERED", "errno_103"),
        (mozilla(410, 106), "UNREGISTERED", "errno_106"),
        (mozilla(413, 104), "REJECTED", "errno_104"),
        (mozilla(401, 109), "SUSPECT", "errno_109"),
        (mozilla(400, 110), "REJECTED", "errno_110"),
        (mozilla(400, 114), "REJECTED", "errno_114"),
        (mozilla(502, 902), "RETRY", "errno_902"),
        (mozilla(500, None), "RETRY", "INTERNAL_SERVER_ERROR"),
        (mozilla(400, 115), "UNKNOWN", "errno_115"),
        (mozilla(400, errno=True), "REJECTED", "BAD_REQUEST"),
        (mozilla(400, -5), "REJECTED", "BAD_REQUEST"),
        (mozilla(400, "109\r\n"), "REJECTED", "BAD_REQUEST"),
        (apple(400, "BadWebPushTopic"), "REJECTED", "BadWebPushTopic"),
        (apple(400, "VapidPkHashMismatch"), "SUSPECT", "VapidPkHashMismatch"),
        (apple(403, "VapidPkHashMismatch"), "SUSPECT", "VapidPkHashMismatch"),
        (apple(403, "BadJwtToken"), "SUSPECT", "BadJwtToken"),
        (apple(403, "BadAuthorizationHeader"), "SUSPECT", "BadAuthorizationHeader"),
        (apple(403, "BadVapidPublicKey"), "SUSPECT", "BadVapidPublicKey"),
        (apple(429, "TooManyRequests"), "RETRY", "TooManyRequests"),
        (apple(410, "Unregistered"), "UNREGISTERED", "Unregistered"),
        (apple(400, "SomethingNew"), "UNKNOWN", "SomethingNew"),
        (apple(400, "no word"), "REJECTED", "BAD_REQUEST"),
        (Answer(0, 403, CHROME_MISMATCH), "SUSPECT", "VapidPkHashMismatch"),
        (Answer(0, 403, b"invalid JWT provided\n"), "SUSPECT", "InvalidJWT"),
        (Answer(0, 410, b"push subscription has unsubscribed or expired.\n"), "UNREGISTERED", "UnsubscribedOrExpired"),
        (Answer(0, 400, b"InvalidRegistration"), "SUSPECT", "InvalidRegistration"),
        (Answer(0, 400), "REJECTED", "BAD_REQUEST"),
        (Answer(0, 401), "SUSPECT", "UNAUTHORIZED"),
        (Answer(0, 403, b"Forbidden"), "SUSPECT", "FORBIDDEN"),
        (Answer(0, 404, b"<html>not here</html>"), "UNREGISTERED", "NOT_FOUND"),
        (Answer(0, 408), "RETRY", "REQUEST_TIMEOUT"),
        (Answer(0, 405), "REJECTED", "METHOD_NOT_ALLOWED"),
        (Answer(0, 410), "UNREGISTERED", "GONE"),
        (Answer(0, 413), "REJECTED", "PAYLOAD_TOO_LARGE"),
        (Answer(0, 429), "RETRY", "TOO_MANY_REQUESTS"),
        (Answer(0, 500, b"[" * 100_000), "RETRY", "INTERNAL_SERVER_ERROR"),
        (Answer(0, 502, b"\xe9\xff"), "RETRY", "BAD_GATEWAY"),
        (Answer(0, 503, b"[]"), "RETRY", "SERVICE_UNAVAILABLE"),
        (Answer(0, 504, b'{"reason":7,"errno":[]}'), "RETRY", "GATEWAY_TIMEOUT"),
        (Answer(0, 302), "UNKNOWN", "HTTP_302"),
        (Answer(0, 418), "UNKNOWN", "HTTP_418"),
    ],
)
def test_every_documented_answer_has_its_verdict(given, verdict, reason):
    result = classify(given)
    assert (result.verdict, result.reason) == (Verdict[verdict], reason)


def test_retry_after_reaches_the_retry():
    assert classify(Answer(0, 429, b"", 7.0)).retry_after_s == 7.0
    assert classify(mozilla(503, 201, 120.0)).retry_after_s == 120.0


def test_mozilla_may_be_asked_again_at_once_whatever_the_header_says():
    assert classify(mozilla(503, 202, 120.0)) == Result(Verdict.RETRY, "errno_202", 0.0)


@pytest.mark.parametrize("status", [404, 410])
def test_only_404_and_410_prove_a_subscription_dead(status):
    dead = {status for status, (verdict, _) in BY_STATUS.items() if verdict is Verdict.UNREGISTERED}
    assert dead == {404, 410}
    assert classify(apple(status, "SomethingNew")).verdict is Verdict.UNREGISTERED
    for given in (apple(400, "Unregistered"), mozilla(500, 103), Answer(0, 403, b"unsubscribed or expired")):
        assert classify(given).verdict is Verdict.SUSPECT


def test_one_slow_push_service_does_not_stop_the_others():
    verdicts = {
        *APPLE.values(),
        *MOZILLA.values(),
        *(v for v, _ in CHROME.values()),
        *(v for v, _ in BY_STATUS.values()),
    }
    assert Verdict.THROTTLED not in verdicts
    assert Verdict.BEARER not in verdicts
    assert Verdict.CREDENTIAL not in verdicts


def test_operators_can_look_up_every_reason():
    page = (Path(__file__).parents[4] / "docs/providers/webpush.md").read_text()
    table = page.split("## What becomes of a device")[1]
    assert [reason for reason in APPLE if reason not in table] == []
    assert [reason for _, reason in CHROME.values() if reason not in table] == []
    told = {int(number) for number in re.findall(r"\b[129]\d\d\b", table)} | {*range(110, 115), *range(900, 904)}
    assert MOZILLA.keys() <= told
