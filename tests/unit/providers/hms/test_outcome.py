"""The rows of Huawei's table of result codes, each with the verdict that its advice asks for."""

from __future__ import annotations

import json

import pytest

from clarion.providers.base import Result, Verdict
from clarion.providers.exchange import Answer
from clarion.providers.hms.outcome import BY_CODE, BY_STATUS, classify


def answer(status, code=None, msg="words", retry_after_s=None):
    return Answer(0, status, json.dumps({"code": code, "msg": msg, "requestId": "1"}).encode(), retry_after_s)


def partial(**report):
    return answer(200, "80100000", json.dumps(report))


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("80100001", "REJECTED"),
        ("80100003", "REJECTED"),
        ("80100004", "REJECTED"),
        ("80100013", "REJECTED"),
        ("80100016", "REJECTED"),
        ("80100017", "RETRY"),
        ("80100018", "REJECTED"),
        ("80200001", "BEARER"),
        ("80200003", "BEARER"),
        ("80200005", "BEARER"),
        ("80300002", "CREDENTIAL"),
        ("80300007", "SUSPECT"),
        ("80300008", "REJECTED"),
        ("80300010", "REJECTED"),
        ("80300011", "REJECTED"),
        ("80300013", "REJECTED"),
        ("80600003", "RETRY"),
        ("81000001", "RETRY"),
        ("89999999", "UNKNOWN"),
    ],
)
def test_the_code_in_the_body_goes_before_the_http_status(status, code, verdict):
    assert classify(answer(status, code)) == Result(Verdict[verdict], code)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 100_000, b'{"code":5}', b'{"code":"a\\nb"}', b"\xff"])
@pytest.mark.parametrize(
    ("status", "verdict", "reason"),
    [
        (200, "UNKNOWN", "HTTP_200"),
        (400, "REJECTED", "BAD_REQUEST"),
        (401, "BEARER", "UNAUTHORIZED"),
        (404, "CREDENTIAL", "NOT_FOUND"),
        (500, "RETRY", "INTERNAL"),
        (502, "RETRY", "BAD_GATEWAY"),
        (503, "THROTTLED", "FLOW_CONTROL"),
        (504, "RETRY", "GATEWAY_TIMEOUT"),
        (408, "RETRY", "REQUEST_TIMEOUT"),
        (429, "THROTTLED", "TOO_MANY_REQUESTS"),
        (418, "UNKNOWN", "HTTP_418"),
    ],
)
def test_without_a_code_the_http_status_decides(body, status, verdict, reason):
    assert classify(Answer(0, status, body)) == Result(Verdict[verdict], reason)


def test_success_is_for_all_devices_of_the_request():
    assert classify(answer(200, "80000000", "Success")) == Result(Verdict.ACCEPTED)


def test_a_partial_success_sets_its_illegal_tokens_apart():
    dead = Result(Verdict.UNREGISTERED, "80100000")
    result = classify(partial(success=3, failure=2, illegal_tokens=["a", "b", 5]))
    assert result == Result(Verdict.ACCEPTED, apart={"a": dead, "b": dead})


@pytest.mark.parametrize(
    "given",
    [partial(success=1, failure=1), partial(illegal_tokens=[]), answer(200, "80100000"), answer(200, "80100000", {})],
)
def test_a_partial_success_that_names_nobody_is_known_of_nobody(given):
    assert classify(given) == Result(Verdict.UNKNOWN, "80100000")


def test_retry_after_reaches_the_result():
    assert classify(answer(500, "81000001", retry_after_s=7.0)).retry_after_s == 7.0
    assert classify(Answer(0, 503, b"", 9.0)).retry_after_s == 9.0


def test_no_code_of_a_whole_request_proves_a_token_dead():
    verdicts = {*BY_CODE.values(), *(verdict for verdict, _ in BY_STATUS.values())}
    assert Verdict.UNREGISTERED not in verdicts
