"""Every error that Google documents, through our provider and our engine: the verdict that its advice asks for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clarion.app import FCMCredential, FCMStyle
from clarion.delivery.engine import Engine, EngineOptions, make_engine
from clarion.message import Appearance, Message, Target
from clarion.providers.base import Result, Verdict, read
from clarion.providers.fcm import FCMProvider
from clarion.providers.fcm.outcome import BY_ERROR_CODE, BY_STATUS, INVALID_TOKEN
from tests.simulation import Simulation

#: `FcmError.errorCode` -> verdict, written down from Google's documentation.
DOCUMENTED = {
    # our message is wrong, or what Firebase has for Apple is: never again
    "INVALID_ARGUMENT": "rejected",
    "THIRD_PARTY_AUTH_ERROR": "rejected",
    "APNS_AUTH_ERROR": "rejected",
    # another project's token, or our project is the wrong one
    "SENDER_ID_MISMATCH": "suspect",
    # proof
    "UNREGISTERED": "unregistered",
    # slower, all of us
    "QUOTA_EXCEEDED": "throttled",
    # later
    "INTERNAL": "retry",
    "UNAVAILABLE": "retry",
    "UNSPECIFIED_ERROR": "unknown",
}
#: HTTP status of an answer without such a code -> verdict.
DOCUMENTED_BY_STATUS = {
    400: "rejected",
    401: "bearer",
    403: "credential",
    404: "credential",
    408: "retry",
    413: "rejected",
    429: "throttled",
    500: "retry",
    502: "retry",
    503: "retry",
    504: "retry",
}
#: The simulator's rows of the table of errors -> verdict and reason.
ROWS = {
    "INVALID_ARGUMENT": ("rejected", "INVALID_ARGUMENT"),
    "INVALID_ARGUMENT_TOKEN": ("suspect", "INVALID_TOKEN"),
    "INVALID_ARGUMENT_BARE": ("rejected", "INVALID_ARGUMENT"),
    "UNAUTHENTICATED": ("bearer", "UNAUTHENTICATED"),
    "THIRD_PARTY_AUTH_ERROR": ("rejected", "THIRD_PARTY_AUTH_ERROR"),
    "APNS_AUTH_ERROR": ("rejected", "APNS_AUTH_ERROR"),
    "SENDER_ID_MISMATCH": ("suspect", "SENDER_ID_MISMATCH"),
    "PERMISSION_DENIED": ("credential", "PERMISSION_DENIED"),
    "SERVICE_DISABLED": ("credential", "PERMISSION_DENIED"),
    "UNREGISTERED": ("unregistered", "UNREGISTERED"),
    "NOT_FOUND": ("credential", "NOT_FOUND"),
    "NOT_FOUND_HTML": ("credential", "NOT_FOUND"),
    "QUOTA_EXCEEDED": ("throttled", "QUOTA_EXCEEDED"),
    "INTERNAL": ("retry", "INTERNAL"),
    "UNAVAILABLE": ("retry", "UNAVAILABLE"),
    "BAD_GATEWAY": ("retry", "UNAVAILABLE"),
    "BAD_GATEWAY_HTML": ("retry", "BAD_GATEWAY"),
    "GATEWAY_TIMEOUT": ("retry", "DEADLINE_EXCEEDED"),
    "GATEWAY_TIMEOUT_HTML": ("retry", "GATEWAY_TIMEOUT"),
    "UNSPECIFIED_ERROR": ("unknown", "UNSPECIFIED_ERROR"),
}
ID = "message:0F3B5B5E-6C1D-4B66-9D52-6A2E5B1F0C11"


@pytest.fixture
def provider(simulation: Simulation) -> FCMProvider:
    ready = simulation.ready
    files = {"service_account": Path(ready["credentials"]), "ca_bundle": Path(ready["ca"])}
    return FCMProvider.open("first", FCMCredential(endpoint=ready["fcm"], style=FCMStyle.NOTIFICATION, **files))


@pytest.fixture
def engine(simulation: Simulation) -> Iterator[Engine]:
    engine = make_engine(EngineOptions(ca_bundle=simulation.ready["ca"], tick_s=0.1, timeout_s=5.0))
    yield engine
    engine.close()


def send(provider: FCMProvider, engine: Engine, token: str, os: str = "ANDROID", **fields: Any) -> Result:
    now_ms = int(time.time() * 1000)
    given = {"id": ID, "app": "first", "body": "Hello", "target": Target(channel="default"), "accepted_ms": now_ms}
    composition = provider.compose(Message(**given | fields), os, now_ms=now_ms)
    bearer = provider.fetch_bearer(now_ms=now_ms).token
    device = SimpleNamespace(token=token, environment=None)
    requests = iter([provider.request(composition, [device], [1], bearer)])
    (answer,) = [each for each in engine.send(requests) if each is not None]
    return read(provider, answer)


def test_our_tables_have_what_is_documented_and_nothing_else() -> None:
    assert (len(DOCUMENTED), len(DOCUMENTED_BY_STATUS)) == (9, 11)
    by_code = {code: str(verdict) for code, verdict in BY_ERROR_CODE.items() if code != INVALID_TOKEN}
    assert by_code == DOCUMENTED
    assert {status: str(verdict) for status, (verdict, _) in BY_STATUS.items()} == DOCUMENTED_BY_STATUS
    assert BY_ERROR_CODE[INVALID_TOKEN] is Verdict.SUSPECT


@pytest.mark.parametrize(("row", "expected"), ROWS.items())
def test_every_documented_error_has_its_verdict(
    provider: FCMProvider, engine: Engine, row: str, expected: tuple[str, str]
) -> None:
    result = send(provider, engine, f"sim:{row}:device")
    assert (str(result.verdict), result.reason) == expected
    assert result.dead_since_ms is None


def test_the_rows_are_all_codes_and_all_statuses_that_fcm_answers_with() -> None:
    assert {reason for _, reason in ROWS.values()} >= DOCUMENTED.keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("QUOTA_EXCEEDED;retry_after=7", Result(Verdict.THROTTLED, "QUOTA_EXCEEDED", 7.0)),
        ("UNAVAILABLE;retry_after=7", Result(Verdict.RETRY, "UNAVAILABLE", 7.0)),
        ("EMPTY_ERROR;status=429", Result(Verdict.THROTTLED, "RESOURCE_EXHAUSTED")),
        ("EMPTY_ERROR;status=408", Result(Verdict.RETRY, "REQUEST_TIMEOUT")),
        ("EMPTY_ERROR;status=413", Result(Verdict.REJECTED, "PAYLOAD_TOO_LARGE")),
        ("EMPTY_ERROR;status=418", Result(Verdict.UNKNOWN, "HTTP_418")),
        ("EMPTY_ERROR", Result(Verdict.RETRY, "UNAVAILABLE")),
        ("NOT_JSON", Result(Verdict.RETRY, "INTERNAL")),
        ("REFUSED_STREAM", Result(Verdict.RETRY, "REFUSED_STREAM", 0.0)),
        ("DROP", Result(Verdict.UNKNOWN, "LOST")),
        ("OK", Result(Verdict.ACCEPTED)),
    ],
)
def test_an_answer_nobody_documented_is_read_as_far_as_it_goes(
    provider: FCMProvider, engine: Engine, text: str, expected: Result
) -> None:
    assert send(provider, engine, f"sim:{text}:device") == expected


@pytest.mark.parametrize("os", ["ANDROID", "IOS", "OSX", "WEB", "HMS"])
def test_what_is_composed_is_taken_for_every_system(
    provider: FCMProvider, engine: Engine, simulation: Simulation, os: str
) -> None:
    headers = {"android-content-title": "T", "ios-badge": "3", "osx-badge": "3", "web-title": "T", "city": "Ulm"}
    assert send(provider, engine, "a-token", os, headers=headers, ttl_s=60, body="Hello").verdict is Verdict.ACCEPTED
    (received,) = simulation.received("a-token")
    assert received["message"]["data"]["message"] == "Hello"
    assert received["message"]["data"]["city"] == "Ulm"


def test_an_access_token_is_asked_for_whatever_the_environment_says(
    provider: FCMProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert provider.fetch_bearer(now_ms=int(time.time() * 1000)).token


@pytest.mark.parametrize("os", ["ANDROID", "IOS", "WEB"])
@pytest.mark.parametrize(
    "raw",
    [
        {
            "android": {
                "collapseKey": "k",
                "ttl": "2419200s",
                "notification": {"color": "#FF8800", "visibility": "PRIVATE"},
            }
        },
        {"android": {"priority": "HIGH", "restricted_satellite_ok": True, "data": {"a": "b"}}},
        {"apns": {"headers": {"apns-priority": "5"}, "payload": {"aps": {"thread-id": "t"}}}, "notification": None},
        {"webpush": {"data": {"a": "b"}, "fcmOptions": {"link": "https://x.example"}}},
        {"notification": {"title": "T"}, "fcm_options": {"analytics_label": "spring"}},
    ],
)
def test_whatever_we_let_pass_of_the_apps_own_members_is_taken(
    provider: FCMProvider, engine: Engine, os: str, raw: dict[str, Any]
) -> None:
    assert send(provider, engine, "a-token", os, raw={"fcm": raw}) == Result(Verdict.ACCEPTED)


@pytest.mark.parametrize("text", ['"' * 1_950, "ü" * 975, "\n" * 1_950])
def test_what_we_count_is_what_fcm_counts(provider: FCMProvider, engine: Engine, text: str) -> None:
    assert send(provider, engine, "a-token", body=text) == Result(Verdict.ACCEPTED)


def test_the_largest_content_that_we_compose_is_taken(provider: FCMProvider, engine: Engine) -> None:
    cut = Appearance(body="ü" * 5_000, truncate=True)
    assert send(provider, engine, "a-token", appearance=cut).verdict is Verdict.ACCEPTED
