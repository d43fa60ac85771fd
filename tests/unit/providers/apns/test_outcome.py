"""The rows of Apple's error table, each with the verdict that its advice asks for."""

from __future__ import annotations

import json

import pytest

from clarion.providers.apns.outcome import BY_CHANNEL_REASON, BY_REASON, classify
from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer


def answer(status, reason, retry_after_s=None, **further):
    return Answer(0, status, json.dumps({"reason": reason, **further}).encode(), retry_after_s)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(400, "PayloadEmpty"), Result(Verdict.REJECTED, "PayloadEmpty")),
        (answer(400, "BadDeviceToken"), Result(Verdict.SUSPECT, "BadDeviceToken", elsewhere=True)),
        (answer(400, "DeviceTokenNotForTopic"), Result(Verdict.SUSPECT, "DeviceTokenNotForTopic")),
        (answer(400, "TopicDisallowed"), Result(Verdict.SUSPECT, "TopicDisallowed")),
        (answer(400, "BadTopic"), Result(Verdict.SUSPECT, "BadTopic")),
        (answer(400, "MissingTopic"), Result(Verdict.SUSPECT, "MissingTopic")),
        (answer(403, "ExpiredProviderToken"), Result(Verdict.BEARER, "ExpiredProviderToken")),
        (answer(403, "InvalidProviderToken"), Result(Verdict.CREDENTIAL, "InvalidProviderToken")),
        (answer(410, "Unregistered", timestamp=1234), Result(Verdict.UNREGISTERED, "Unregistered", dead_since_ms=1234)),
        (answer(410, "ExpiredToken"), Result(Verdict.UNREGISTERED, "ExpiredToken")),
        (answer(410, "Unregistered", timestamp="soon"), Result(Verdict.UNREGISTERED, "Unregistered")),
        (answer(410, "Unregistered", timestamp=True), Result(Verdict.UNREGISTERED, "Unregistered")),
        (answer(410, "Unregistered", timestamp=-1), Result(Verdict.UNREGISTERED, "Unregistered")),
        (answer(429, "TooManyRequests"), Result(Verdict.RETRY, "TooManyRequests")),
        (answer(429, "TooManyProviderTokenUpdates"), Result(Verdict.THROTTLED, "TooManyProviderTokenUpdates")),
        (answer(503, "Shutdown"), Result(Verdict.RETRY, "Shutdown", 0.0)),
        (answer(400, "IdleTimeout"), Result(Verdict.RETRY, "IdleTimeout", 0.0)),
        (answer(503, "ServiceUnavailable", 7.0), Result(Verdict.RETRY, "ServiceUnavailable", 7.0)),
        (answer(400, "SomethingNew"), Result(Verdict.UNKNOWN, "SomethingNew")),
        (answer(503, "SomethingNew"), Result(Verdict.RETRY, "SomethingNew")),
        (answer(400, "two words"), Result(Verdict.UNKNOWN, "HTTP_400")),
        (answer(600, "x" * 65), Result(Verdict.UNKNOWN, "HTTP_600")),
        (answer(400, "x" * 65), Result(Verdict.UNKNOWN, "HTTP_400")),
        (answer(400, ["BadDeviceToken"]), Result(Verdict.UNKNOWN, "HTTP_400")),
        (Answer(0, 410, b""), Result(Verdict.UNKNOWN, "HTTP_410")),
        (Answer(0, 403, b""), Result(Verdict.UNKNOWN, "HTTP_403")),
        (Answer(0, 502, b"<html>"), Result(Verdict.RETRY, "HTTP_502")),
        (Answer(0, 500, b"\xe9\xff"), Result(Verdict.RETRY, "HTTP_500")),
        (Answer(0, 503, b"[" * 100_000), Result(Verdict.RETRY, "HTTP_503")),
        (Answer(0, 413, b"[]"), Result(Verdict.REJECTED, "HTTP_413")),
        *(
            (Answer(0, status, b""), Result(Verdict.RETRY, f"HTTP_{status}"))
            for status in (408, 429, 501, 504, 520, 599)
        ),
    ],
)
def test_an_answer_has_its_verdict(given, expected):
    assert classify(given) == expected


def test_only_410_proves_a_token_dead():
    every = BY_REASON | BY_CHANNEL_REASON
    dead = {reason for reason, verdict in every.items() if verdict is Verdict.UNREGISTERED}
    assert dead == {"Unregistered", "ExpiredToken"}


def test_no_reason_is_in_both_tables():
    assert not BY_REASON.keys() & BY_CHANNEL_REASON.keys()
