"""The rows of Microsoft's tables of answers, each with the verdict that its advice asks for."""

from __future__ import annotations

import pytest

from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer
from clarion.providers.wns.outcome import BY_NOTIFICATION_STATUS, BY_STATUS, HEADERS, classify


def answer(status, retry_after_s=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    assert set(named) <= set(HEADERS)
    return Answer(0, status, b"", retry_after_s, named)


@pytest.mark.parametrize("header", ["x_wns_status", "x_wns_notificationstatus"])
@pytest.mark.parametrize(
    ("status", "verdict", "reason"),
    [
        ("received", "ACCEPTED", ""),
        ("Received", "ACCEPTED", ""),
        ("dropped", "REJECTED", "dropped"),
        ("channelthrottled", "RETRY", "channelthrottled"),
        ("postponed", "UNKNOWN", "postponed"),
        ("no word\r\n", "UNKNOWN", "HTTP_200"),
    ],
)
def test_a_200_is_told_apart_by_either_spelling_of_its_header(header, status, verdict, reason):
    assert classify(answer(200, **{header: status})) == Result(Verdict[verdict], reason)


def test_a_200_without_a_word_is_a_success():
    assert classify(answer(200)) == Result(Verdict.ACCEPTED)


@pytest.mark.parametrize(
    ("status", "verdict", "reason"),
    [
        (400, "REJECTED", "BAD_HEADERS"),
        (401, "BEARER", "BAD_ACCESS_TOKEN"),
        (403, "SUSPECT", "WRONG_APPLICATION"),
        (404, "UNREGISTERED", "CHANNEL_NOT_FOUND"),
        (405, "REJECTED", "METHOD_NOT_ALLOWED"),
        (406, "THROTTLED", "THROTTLE_LIMIT"),
        (410, "UNREGISTERED", "CHANNEL_EXPIRED"),
        (413, "REJECTED", "PAYLOAD_TOO_LARGE"),
        (408, "RETRY", "REQUEST_TIMEOUT"),
        (429, "THROTTLED", "TOO_MANY_REQUESTS"),
        (502, "RETRY", "BAD_GATEWAY"),
        (504, "RETRY", "GATEWAY_TIMEOUT"),
        (500, "RETRY", "INTERNAL"),
        (503, "RETRY", "UNAVAILABLE"),
        (418, "UNKNOWN", "HTTP_418"),
        (302, "UNKNOWN", "HTTP_302"),
    ],
)
def test_every_documented_status_has_its_verdict(status, verdict, reason):
    assert classify(answer(status)) == Result(Verdict[verdict], reason)


@pytest.mark.parametrize(
    ("given", "wait_s"),
    [
        (answer(406, x_wns_continue_after="30"), 30.0),
        (answer(406, 7.0, x_wns_continue_after="30"), 7.0),
        (answer(406), None),
        (answer(406, x_wns_continue_after="soon"), None),
        (answer(406, x_wns_continue_after="²"), None),
        (answer(406, x_wns_continue_after="0"), None),
        (answer(406, x_wns_continue_after="999999999"), 21_600.0),
        (answer(503, 9.0), 9.0),
        (answer(200, x_wns_status="channelthrottled", x_wns_continue_after="12"), 12.0),
    ],
)
def test_the_wait_is_whichever_header_names_it(given, wait_s):
    assert classify(given).retry_after_s == wait_s


def test_each_answer_has_a_word_of_its_own():
    words = [reason for _, reason in BY_STATUS.values()] + list(BY_NOTIFICATION_STATUS)
    assert len(set(words)) == len(words)


def test_only_a_channel_that_is_gone_proves_a_token_dead():
    assert {status for status, (verdict, _) in BY_STATUS.items() if verdict is Verdict.UNREGISTERED} == {404, 410}
