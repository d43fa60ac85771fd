"""Every documented answer of WNS, through our provider and our engine, over HTTP/1.1 as WNS speaks it."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from clarion.app import WNSCredential
from clarion.delivery.engine import EngineOptions, make_engine
from clarion.errors import Misconfigured
from clarion.message import Message, Target
from clarion.message.appearance import Appearance, Button
from clarion.providers.base import Verdict, read
from clarion.providers.wns import WNSProvider
from clarion.providers.wns.outcome import BY_NOTIFICATION_STATUS, BY_STATUS
from tests.deadline import until

#: Scenario, verdict, reason: Microsoft's tables of notification status and of HTTP status.
DOCUMENTED = [
    ("RECEIVED", Verdict.ACCEPTED, ""),
    ("DROPPED", Verdict.REJECTED, "dropped"),
    ("CHANNEL_THROTTLED", Verdict.RETRY, "channelthrottled"),
    ("BAD_REQUEST", Verdict.REJECTED, "BAD_HEADERS"),
    ("UNAUTHORIZED", Verdict.BEARER, "BAD_ACCESS_TOKEN"),
    ("FORBIDDEN", Verdict.SUSPECT, "WRONG_APPLICATION"),
    ("NOT_FOUND", Verdict.UNREGISTERED, "CHANNEL_NOT_FOUND"),
    ("METHOD_NOT_ALLOWED", Verdict.REJECTED, "METHOD_NOT_ALLOWED"),
    ("NOT_ACCEPTABLE", Verdict.THROTTLED, "THROTTLE_LIMIT"),
    ("GONE", Verdict.UNREGISTERED, "CHANNEL_EXPIRED"),
    ("PAYLOAD_TOO_LARGE", Verdict.REJECTED, "PAYLOAD_TOO_LARGE"),
    ("INTERNAL", Verdict.RETRY, "INTERNAL"),
    ("UNAVAILABLE", Verdict.RETRY, "UNAVAILABLE"),
    # what stands before WNS
    ("INTERNAL;status=408", Verdict.RETRY, "REQUEST_TIMEOUT"),
    ("INTERNAL;status=429", Verdict.THROTTLED, "TOO_MANY_REQUESTS"),
    ("INTERNAL;status=502", Verdict.RETRY, "BAD_GATEWAY"),
    ("INTERNAL;status=504", Verdict.RETRY, "GATEWAY_TIMEOUT"),
]


def message(**fields):
    given = {"id": "message:1", "app": "demo", "body": "Hellö <b>", "target": Target(channel="default")}
    return Message(**given | {"accepted_ms": int(time.time() * 1000), "ttl_s": 600} | fields)


@pytest.fixture
def wns(simulation):
    return simulation.ready["providers"]["wns"]


def opened(simulation, wns, **changes):
    given = {name: wns[name] for name in ("client_id", "tenant_id", "token_endpoint")}
    files = {"client_secret": Path(wns["client_secret"]), "ca_bundle": Path(simulation.ready["ca"])}
    return WNSProvider.open("demo", WNSCredential(**given | files | {"hosts": frozenset(wns["hosts"])} | changes))


@pytest.fixture
def provider(simulation, wns):
    return opened(simulation, wns)


def send(provider, wns, tokens, given=None, bearer=None):
    """What became of one request to each channel, by its token."""
    now_ms = int(time.time() * 1000)
    bearer = bearer or provider.fetch_bearer(now_ms=now_ms).token
    composition = provider.compose(given or message(), "WP", now_ms=now_ms)
    devices = [
        SimpleNamespace(token=f"{wns['origin']}/w/?token={quote(token, safe='')}", environment=None) for token in tokens
    ]
    requests = [provider.request(composition, [device], (n,), bearer) for n, device in enumerate(devices)]
    options = EngineOptions(ca_bundle=str(provider.line.ca_bundle), answer_headers=provider.line.answer_headers)
    with closing(make_engine(options, "auto")) as engine:
        answers = [answer for answer in engine.send(iter(requests)) if answer is not None]
    return {tokens[answer.tag[0]]: read(provider, answer) for answer in answers}


def test_the_table_is_the_documents():
    assert len(DOCUMENTED) == 17
    known = {(verdict, reason) for verdict, reason in BY_STATUS.values()}
    known |= {
        (verdict, "" if verdict is Verdict.ACCEPTED else word) for word, verdict in BY_NOTIFICATION_STATUS.items()
    }
    assert {(verdict, reason) for _, verdict, reason in DOCUMENTED} == known


@pytest.mark.parametrize(("scenario", "verdict", "reason"), DOCUMENTED)
def test_every_documented_answer_has_its_verdict(provider, wns, scenario, verdict, reason):
    token = f"sim:{scenario}:device"
    result = send(provider, wns, [token])[token]
    assert (result.verdict, result.reason, result.retry_after_s) == (verdict, reason, None)


@pytest.mark.parametrize("spelling", ["wire", "documented"])
@pytest.mark.parametrize("scenario", ["DROPPED", "CHANNEL_THROTTLED"])
def test_both_spellings_of_the_status_are_read(provider, wns, scenario, spelling):
    token = f"sim:{scenario};spelling={spelling}:device"
    assert send(provider, wns, [token])[token].reason == scenario.lower().replace("_", "")


@pytest.mark.parametrize(
    ("scenario", "wait_s"),
    [
        ("NOT_ACCEPTABLE;continue_after=30", 30.0),
        ("NOT_ACCEPTABLE;retry_after=7", 7.0),
        ("CHANNEL_THROTTLED;continue_after=12", 12.0),
        ("UNAVAILABLE;retry_after=9", 9.0),
    ],
)
def test_the_wait_that_wns_asks_for_reaches_the_result(provider, wns, scenario, wait_s):
    token = f"sim:{scenario}:device"
    assert send(provider, wns, [token])[token].retry_after_s == wait_s


@pytest.mark.parametrize(
    "given",
    [
        message(),
        message(appearance=Appearance(title="T", image="https://x/y", sound="IM", buttons=(Button("a", "A"),))),
        message(headers={"wp-type": "tile"}),
        message(headers={"wp-type": "badge", "wp-badge": "7"}),
        message(headers={"wp-type": "badge", "wp-badge": "alert"}),
        message(headers={"wp-type": "raw"}),
        message(appearance=Appearance(silent=True)),
        message(body="x" * 9000, appearance=Appearance(truncate=True)),
        message(raw={"wns": {"xml": '<badge value="1"/>', "type": "wns/badge"}}),
    ],
)
def test_whatever_we_compose_is_taken(provider, simulation, wns, given):
    tokens = [f"device-{number}" for number in range(20)]
    assert {result.verdict for result in send(provider, wns, tokens, given).values()} == {Verdict.ACCEPTED}
    assert simulation.counts()["providers"] == {"wns": {"OK": 20}}


def test_a_repeated_request_replaces_the_first_copy(provider, simulation, wns):
    for _ in range(2):
        send(provider, wns, ["device"])
    assert simulation.counts()["seen"] == {"total": 1, "tokens": 1, "max_per_token": 1, "replaced": 1}


def test_a_package_sid_gets_its_access_token_from_the_store(simulation, wns):
    at_store = {"client_id": wns["package_sid"], "client_secret": Path(wns["package_secret"]), "tenant_id": None}
    provider = opened(simulation, wns, **at_store)
    now_ms = int(time.time() * 1000)
    assert provider.fetch_bearer(now_ms=now_ms).expires_ms == now_ms + 3_600_000
    assert send(provider, wns, ["device"])["device"].verdict is Verdict.ACCEPTED


def test_a_revoked_access_token_is_a_bearer_to_renew(provider, simulation, wns):
    bearer = provider.fetch_bearer(now_ms=0).token
    simulation.revoke()
    assert send(provider, wns, ["device"], bearer=bearer)["device"].verdict is Verdict.BEARER


def test_another_apps_channel_makes_a_token_suspect(provider, wns):
    token = f"a&app={quote(wns['package_sid'], safe='')}"
    now_ms = int(time.time() * 1000)
    device = SimpleNamespace(token=f"{wns['origin']}/w/?token={token}", environment=None)
    composition = provider.compose(message(), "WP", now_ms=now_ms)
    request = provider.request(composition, [device], (0,), provider.fetch_bearer(now_ms=now_ms).token)
    options = EngineOptions(ca_bundle=str(provider.line.ca_bundle), answer_headers=provider.line.answer_headers)
    with closing(make_engine(options, "auto")) as engine:
        (answer,) = [answer for answer in engine.send([request]) if answer is not None]
    assert read(provider, answer).verdict is Verdict.SUSPECT


@pytest.mark.parametrize("fault", ["INVALID_CLIENT", "UNAUTHORIZED_CLIENT", "INVALID_REQUEST", "INVALID_SCOPE"])
def test_a_refused_client_is_a_misconfiguration(provider, simulation, fault):
    simulation.rules({"provider": "wns", "endpoint": "token", "fault": fault})
    with pytest.raises(Misconfigured, match=fault.lower()):
        provider.fetch_bearer(now_ms=0)


@pytest.mark.parametrize("fault", ["TOO_MANY", "INTERNAL", "UNAVAILABLE", "DROP"])
def test_a_token_endpoint_that_fails_is_unreachable(provider, simulation, fault):
    simulation.rules({"provider": "wns", "endpoint": "token", "fault": fault})
    with pytest.raises(ConnectionError) as caught:
        provider.fetch_bearer(now_ms=0)
    assert provider.grant.form["client_secret"] not in str(caught.value)


def test_no_stranger_is_trusted_with_the_secret(simulation, wns):
    with pytest.raises(ConnectionError):
        opened(simulation, wns, ca_bundle=None).fetch_bearer(now_ms=0)


def test_the_engine_leaves_no_connection_behind(provider, simulation, wns):
    send(provider, wns, ["a", "b"])
    until(lambda: simulation.counts()["connections_per_provider"]["wns"]["open"] == 0)
