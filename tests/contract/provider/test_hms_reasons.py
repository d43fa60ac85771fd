"""Every documented answer of HMS, through our provider and our engine."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from clarion.app import HMSCredential
from clarion.delivery.engine import EngineOptions, make_engine
from clarion.errors import Misconfigured
from clarion.message import Message, Target
from clarion.message.appearance import Appearance, Button
from clarion.providers.base import Result, Verdict, read
from clarion.providers.hms import HMSProvider
from clarion.providers.hms.outcome import BY_CODE, BY_STATUS

#: Code, and what it means for all devices of the request: Huawei's table of result codes, less the two successes.
DOCUMENTED = [
    ("80100001", Verdict.REJECTED),
    ("80100003", Verdict.REJECTED),
    ("80100004", Verdict.REJECTED),
    ("80100013", Verdict.REJECTED),
    ("80100016", Verdict.REJECTED),
    ("80100017", Verdict.RETRY),
    ("80100018", Verdict.REJECTED),
    ("80200001", Verdict.BEARER),
    ("80200003", Verdict.BEARER),
    ("80200005", Verdict.BEARER),
    ("80300002", Verdict.CREDENTIAL),
    ("80300007", Verdict.SUSPECT),
    ("80300008", Verdict.REJECTED),
    ("80300010", Verdict.REJECTED),
    ("80300011", Verdict.REJECTED),
    ("80300013", Verdict.REJECTED),
    ("80600003", Verdict.RETRY),
    ("81000001", Verdict.RETRY),
]
#: HTTP statuses without a code.
BARE = [
    (400, Verdict.REJECTED, "BAD_REQUEST"),
    (401, Verdict.BEARER, "UNAUTHORIZED"),
    (404, Verdict.CREDENTIAL, "NOT_FOUND"),
    (408, Verdict.RETRY, "REQUEST_TIMEOUT"),
    (429, Verdict.THROTTLED, "TOO_MANY_REQUESTS"),
    (500, Verdict.RETRY, "INTERNAL"),
    (504, Verdict.RETRY, "GATEWAY_TIMEOUT"),
    (502, Verdict.RETRY, "BAD_GATEWAY"),
    (503, Verdict.THROTTLED, "FLOW_CONTROL"),
]


def message(**fields):
    given = {"id": "message:1", "app": "demo", "body": "Hellö", "target": Target(channel="default")}
    return Message(**given | {"accepted_ms": int(time.time() * 1000), "ttl_s": 600} | fields)


@pytest.fixture
def hms(simulation):
    return simulation.ready["providers"]["hms"]


def opened(simulation, hms, **changes):
    given = {name: hms[name] for name in ("client_id", "endpoint", "token_endpoint")}
    files = {"client_secret": Path(hms["client_secret"]), "ca_bundle": Path(simulation.ready["ca"])}
    return HMSProvider.open("demo", HMSCredential(**given | files | changes))


@pytest.fixture
def provider(simulation, hms):
    return opened(simulation, hms)


def send(provider, tokens, given=None, bearer=None):
    """What became of one request for all of the tokens."""
    now_ms = int(time.time() * 1000)
    bearer = bearer or provider.fetch_bearer(now_ms=now_ms).token
    composition = provider.compose(given or message(), "HMS", now_ms=now_ms)
    devices = [SimpleNamespace(token=token, environment=None) for token in tokens]
    request = provider.request(composition, devices, range(len(tokens)), bearer)
    options = EngineOptions(ca_bundle=str(provider.line.ca_bundle), answer_headers=provider.line.answer_headers)
    with closing(make_engine(options, "auto")) as engine:
        (answer,) = [answer for answer in engine.send([request]) if answer is not None]
    return read(provider, answer)


def test_the_table_is_the_documents():
    assert (len(DOCUMENTED), len(BARE)) == (18, 9)
    assert dict(DOCUMENTED) | dict.fromkeys(("80000000", "80100000"), Verdict.ACCEPTED) == BY_CODE
    assert {status: (verdict, reason) for status, verdict, reason in BARE} == BY_STATUS


@pytest.mark.parametrize(("code", "verdict"), DOCUMENTED)
def test_every_documented_code_has_its_verdict_for_all_devices(provider, code, verdict):
    assert send(provider, [f"sim:{code}:a", "b"]) == Result(verdict, code)


@pytest.mark.parametrize(("status", "verdict", "reason"), BARE)
def test_every_documented_status_has_its_verdict(provider, status, verdict, reason):
    assert send(provider, [f"sim:HTTP_500;status={status}:a", "b"]) == Result(verdict, reason)


@pytest.mark.parametrize("scenario", ["EMPTY_SUCCESS", "NOT_JSON_SUCCESS"])
def test_a_success_that_nobody_can_read_is_unknown(provider, scenario):
    assert send(provider, [f"sim:{scenario}:a"]).verdict is Verdict.UNKNOWN


def test_success_is_for_a_thousand_devices_at_once(provider, simulation):
    tokens = [f"{number:-<160}" for number in range(1000)]
    assert send(provider, tokens) == Result(Verdict.ACCEPTED)
    assert simulation.counts()["outcomes"] == {"OK": 1000}


def test_illegal_tokens_are_dead_and_the_others_are_served(provider, simulation):
    tokens = ["a", "sim:ILLEGAL:b", 'sim:ILLEGAL:"c"', "d"]
    dead = Result(Verdict.UNREGISTERED, "80100000")
    assert send(provider, tokens) == Result(Verdict.ACCEPTED, apart={tokens[1]: dead, tokens[2]: dead})
    assert {token for token, each in simulation.ledger().items() if each["accepted"]} == {"a", "d"}


@pytest.mark.parametrize("tokens", [["sim:ILLEGAL:a"], ["sim:ILLEGAL:a", "sim:ILLEGAL:b"]])
def test_that_all_tokens_are_illegal_proves_nothing(provider, tokens):
    assert send(provider, tokens) == Result(Verdict.SUSPECT, "80300007")


def test_retry_after_reaches_the_result(provider):
    assert send(provider, ["sim:HTTP_503;retry_after=9:a"]).retry_after_s == 9.0


def test_more_devices_than_the_quota_throttle_the_credential(provider, simulation):
    simulation.profile(hms_rate_per_s=10)
    assert send(provider, list("abcdefghijk")).verdict is Verdict.THROTTLED


@pytest.mark.parametrize(
    "given",
    [
        message(),
        message(appearance=Appearance(title="T", subtitle="S", image="https://x/y", sound="default", badge=3)),
        message(appearance=Appearance(buttons=tuple(Button(str(n), "B", "https://x/") for n in range(5)))),
        message(appearance=Appearance(click_action="https://x/")),
        message(appearance=Appearance(click_action="com.example.OPEN")),
        message(appearance=Appearance(silent=True, data={"k": "v"})),
        message(body={"a": [1]}, headers={"custom": "1"}, collapse_key="k" * 300),
        message(body="ü" * 4000, appearance=Appearance(title="T", truncate=True)),
        message(ttl_s=None, priority="high", raw={"hms": {"android": {"category": "IM"}}}),
    ],
)
def test_whatever_we_compose_is_taken(provider, given):
    assert send(provider, ["a", "b", "a"], given) == Result(Verdict.ACCEPTED)


def test_a_repeated_request_replaces_the_first_copy(provider, simulation):
    for _ in range(2):
        send(provider, ["device"])
    assert simulation.counts()["seen"] == {"total": 1, "tokens": 1, "max_per_token": 1, "replaced": 1}


def test_a_client_sends_by_project_too(simulation, hms):
    assert send(opened(simulation, hms, project_id=hms["project_id"]), ["a"]).verdict is Verdict.ACCEPTED
    assert send(opened(simulation, hms, project_id="1"), ["a"]).verdict is Verdict.CREDENTIAL


def test_a_service_account_needs_no_token_endpoint(simulation, hms):
    proof = {"client_secret": None, "service_account": Path(hms["service_account"]), "project_id": hms["project_id"]}
    provider = opened(simulation, hms, **proof)
    assert send(provider, ["a"]).verdict is Verdict.ACCEPTED
    expired = provider.fetch_bearer(now_ms=1_000_000_000_000).token
    assert send(provider, ["a"], bearer=expired) == Result(Verdict.BEARER, "80200005")
    assert simulation.counts()["mints"] == 0


def test_an_access_token_that_ended_is_a_bearer_to_renew(provider, simulation):
    bearer = provider.fetch_bearer(now_ms=0).token
    simulation.revoke()
    assert send(provider, ["a"], bearer=bearer) == Result(Verdict.BEARER, "80200001")
    simulation.profile(oauth_lifetime_s=0)
    assert send(provider, ["a"]) == Result(Verdict.BEARER, "80200003")


@pytest.mark.parametrize(
    ("fault", "number"),
    [("BAD_CLIENT_ID", 20002), ("UNKNOWN_CLIENT", 20003), ("EXPIRED_SECRET", 20172), ("INVALID_SECRET", 12304)],
)
def test_a_refused_client_is_a_misconfiguration(provider, simulation, fault, number):
    simulation.rules({"provider": "hms", "endpoint": "token", "fault": fault})
    with pytest.raises(Misconfigured, match=f"1101 {number}"):
        provider.fetch_bearer(now_ms=0)


@pytest.mark.parametrize("fault", ["FLOW_CONTROL", "INTERNAL", "DROP"])
def test_a_token_endpoint_that_fails_is_unreachable(provider, simulation, fault):
    simulation.rules({"provider": "hms", "endpoint": "token", "fault": fault})
    with pytest.raises(ConnectionError):
        provider.fetch_bearer(now_ms=0)


def test_an_access_token_lives_as_long_as_the_endpoint_says(provider, simulation):
    simulation.profile(oauth_lifetime_s=77)
    assert provider.fetch_bearer(now_ms=1_000).expires_ms == 78_000
