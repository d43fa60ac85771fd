"""The rows of Firebase's error tables, each with the verdict that its advice asks for."""

from __future__ import annotations

import json

import pytest

from clarion.providers.base import Result, Verdict, read
from clarion.providers.exchange import Answer, Failure
from clarion.providers.fcm.outcome import BY_ERROR_CODE, BY_STATUS, classify

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


def answer(status, rpc, code=None, *details, retry_after_s=None):
    details = [*({"@type": FCM_ERROR, "errorCode": c} for c in [code] if c), *details]
    error = {"code": status, "message": "words", "status": rpc, "details": details}
    return Answer(0, status, json.dumps({"error": error}).encode(), retry_after_s)


def blames(field):
    return {"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": "words"}]}


@pytest.mark.parametrize(
    ("given", "verdict", "reason"),
    [
        (answer(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", blames("message.data")), "REJECTED", "INVALID_ARGUMENT"),
        (answer(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", blames("message.token")), "SUSPECT", "INVALID_TOKEN"),
        (answer(400, "INVALID_ARGUMENT"), "REJECTED", "INVALID_ARGUMENT"),
        (answer(401, "UNAUTHENTICATED"), "BEARER", "UNAUTHENTICATED"),
        (answer(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), "REJECTED", "THIRD_PARTY_AUTH_ERROR"),
        (answer(401, "UNAUTHENTICATED", "APNS_AUTH_ERROR"), "REJECTED", "APNS_AUTH_ERROR"),
        (answer(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), "SUSPECT", "SENDER_ID_MISMATCH"),
        (answer(403, "PERMISSION_DENIED"), "CREDENTIAL", "PERMISSION_DENIED"),
        (answer(404, "NOT_FOUND", "UNREGISTERED"), "UNREGISTERED", "UNREGISTERED"),
        (answer(404, "NOT_FOUND"), "CREDENTIAL", "NOT_FOUND"),
        (answer(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), "THROTTLED", "QUOTA_EXCEEDED"),
        (answer(429, "RESOURCE_EXHAUSTED"), "THROTTLED", "RESOURCE_EXHAUSTED"),
        (answer(500, "INTERNAL", "INTERNAL"), "RETRY", "INTERNAL"),
        (answer(503, "UNAVAILABLE", "UNAVAILABLE"), "RETRY", "UNAVAILABLE"),
        (Answer(0, 502, b"<html>502. That's an error.</html>"), "RETRY", "BAD_GATEWAY"),
        (Answer(0, 504, b""), "RETRY", "GATEWAY_TIMEOUT"),
        (Answer(0, 408, b""), "RETRY", "REQUEST_TIMEOUT"),
        (answer(500, "UNKNOWN", "UNSPECIFIED_ERROR"), "UNKNOWN", "UNSPECIFIED_ERROR"),
        (answer(400, "INVALID_ARGUMENT", "SOMETHING_NEW"), "UNKNOWN", "SOMETHING_NEW"),
        (Answer(0, 418, b"[]"), "UNKNOWN", "HTTP_418"),
        (Answer(0, 502, b"\xe9\xff"), "RETRY", "BAD_GATEWAY"),
        (Answer(0, 502, b"[" * 100_000), "RETRY", "BAD_GATEWAY"),
        (Answer(0, 503, b'{"error":{"details":5,"status":"no\\r\\nreason"}}'), "RETRY", "UNAVAILABLE"),
        (
            Answer(0, 400, b'{"error":{"details":[{"errorCode":"INVALID_ARGUMENT","fieldViolations":7}]}}'),
            "REJECTED",
            "INVALID_ARGUMENT",
        ),
        (Answer(0, 418, b'{"error":{"details":[1,{"fieldViolations":[2]}]}}'), "UNKNOWN", "HTTP_418"),
    ],
)
def test_every_documented_answer_has_its_verdict(given, verdict, reason):
    assert classify(given) == Result(Verdict[verdict], reason)


def test_retry_after_reaches_the_retry():
    result = classify(answer(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", retry_after_s=7.0))
    assert result.retry_after_s == 7.0


def test_only_unregistered_proves_a_token_dead():
    dead = [code for code, verdict in BY_ERROR_CODE.items() if verdict is Verdict.UNREGISTERED]
    assert dead == ["UNREGISTERED"]
    assert Verdict.UNREGISTERED not in {verdict for verdict, _ in BY_STATUS.values()}


@pytest.mark.parametrize(
    ("failure", "reason", "expected"),
    [
        (Failure.NOT_SENT, "CONNECT", Result(Verdict.RETRY, "CONNECT", 0.0)),
        (Failure.NOT_SENT, "URL", Result(Verdict.REJECTED, "URL")),
        (Failure.NOT_SENT, "HEADER", Result(Verdict.REJECTED, "HEADER")),
        (Failure.AMBIGUOUS, "LOST", Result(Verdict.UNKNOWN, "LOST")),
    ],
)
def test_without_an_answer_only_what_was_not_sent_is_sent_again(failure, reason, expected):
    assert read(None, Answer(0, 0, failure=failure, reason=reason)) == expected
