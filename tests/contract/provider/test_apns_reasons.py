"""Every reason that Apple documents, through our provider and our engine: the verdict that its advice asks for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clarion.app import APNsCredential
from clarion.delivery.engine import Engine, EngineOptions, make_engine
from clarion.message import Message, Target
from clarion.providers.apns import APNsProvider
from clarion.providers.apns.outcome import BY_CHANNEL_REASON, BY_REASON
from clarion.providers.base import Result, Verdict, read
from tests.simulation import Simulation

#: Reason -> verdict, written down from Apple's documentation.
DOCUMENTED = {
    # a mistake in what we sent: never again
    "BadCollapseId": "rejected",
    "BadExpirationDate": "rejected",
    "BadMessageId": "rejected",
    "BadPriority": "rejected",
    "DuplicateHeaders": "rejected",
    "InvalidPushType": "rejected",
    "MissingDeviceToken": "rejected",
    "PayloadEmpty": "rejected",
    "PayloadTooLarge": "rejected",
    "BadPath": "rejected",
    "MethodNotAllowed": "rejected",
    # the token may be bad, or our environment or topic, or this one message's part of the topic
    "BadDeviceToken": "suspect",
    "DeviceTokenNotForTopic": "suspect",
    "BadTopic": "suspect",
    "MissingTopic": "suspect",
    "TopicDisallowed": "suspect",
    # the configuration is
    "InvalidProviderToken": "credential",
    "MissingProviderToken": "credential",
    "UnrelatedKeyIdInToken": "credential",
    "BadEnvironmentKeyIdInToken": "credential",
    "BadEnvironmentKeyInToken": "credential",
    "BadCertificate": "credential",
    "BadCertificateEnvironment": "credential",
    "Forbidden": "credential",
    # a new provider token helps
    "ExpiredProviderToken": "bearer",
    # proof
    "Unregistered": "unregistered",
    "ExpiredToken": "unregistered",
    # later
    "IdleTimeout": "retry",
    "TooManyRequests": "retry",
    "InternalServerError": "retry",
    "ServiceUnavailable": "retry",
    "Shutdown": "retry",
    # slower, all of us, with the provider token we have
    "TooManyProviderTokenUpdates": "throttled",
}
#: The same of broadcasts and channels.
DOCUMENTED_OF_CHANNELS = {
    "MissingChannelId": "rejected",
    "BadChannelId": "rejected",
    "ChannelNotRegistered": "rejected",
    "CannotCreateChannelConfig": "rejected",
    "FeatureNotEnabled": "rejected",
    "MissingPushType": "rejected",
}
ID = "message:0F3B5B5E-6C1D-4B66-9D52-6A2E5B1F0C11"
ORDINAL = 0x10002


@pytest.fixture
def provider(simulation: Simulation) -> APNsProvider:
    known = simulation.ready["providers"]["apns"]
    given = {name: known[name] for name in ("key_id", "team_id", "topic", "endpoint", "sandbox_endpoint")}
    files = {"key_file": Path(known["key_file"]), "ca_bundle": Path(simulation.ready["ca"])}
    return APNsProvider.open("first", APNsCredential(**given, **files))


@pytest.fixture
def engine(simulation: Simulation) -> Iterator[Engine]:
    engine = make_engine(EngineOptions(ca_bundle=simulation.ready["ca"], tick_s=0.1, timeout_s=5.0))
    yield engine
    engine.close()


@cache
def bearer_of(provider: APNsProvider) -> str:
    """One for a whole test: a second one on a connection is too many."""
    return provider.fetch_bearer(now_ms=int(time.time() * 1000)).token


def send(
    provider: APNsProvider, engine: Engine, *tokens: str, environment: str | None = None, os: str = "IOS", **fields: Any
) -> list[Result]:
    now_ms = int(time.time() * 1000)
    given = {"id": ID, "app": "first", "body": "Hello", "target": Target(channel="default"), "accepted_ms": now_ms}
    composition = provider.compose(Message(**given | fields), os, now_ms=now_ms)
    bearer = bearer_of(provider)
    devices = [SimpleNamespace(token=token, environment=environment) for token in tokens]
    requests = (
        provider.request(composition, [device], [ORDINAL + slot], bearer) for slot, device in enumerate(devices)
    )
    answers = {answer.tag[0]: read(provider, answer) for answer in engine.send(requests) if answer is not None}
    return [answers[ordinal] for ordinal in sorted(answers)]


def scenario(text: str) -> str:
    return f"sim:{text}:device".encode().hex()


def test_our_tables_have_what_is_documented_and_nothing_else() -> None:
    assert (len(DOCUMENTED), len(DOCUMENTED_OF_CHANNELS)) == (33, 6)
    assert {reason: str(verdict) for reason, verdict in BY_REASON.items()} == DOCUMENTED
    assert {reason: str(verdict) for reason, verdict in BY_CHANNEL_REASON.items()} == DOCUMENTED_OF_CHANNELS


@pytest.mark.parametrize(("reason", "verdict"), (DOCUMENTED | DOCUMENTED_OF_CHANNELS).items())
def test_every_documented_reason_has_its_verdict(
    provider: APNsProvider, engine: Engine, simulation: Simulation, reason: str, verdict: str
) -> None:
    token = scenario(f"{reason};since_ms=1700000000000") if verdict == "unregistered" else scenario(reason)
    (result,) = send(provider, engine, token)
    assert (str(result.verdict), result.reason) == (verdict, reason)
    assert result.dead_since_ms == (1_700_000_000_000 if verdict == "unregistered" else None)
    assert result.elsewhere is (reason == "BadDeviceToken")
    # On a new connection there is nothing to wait for.
    assert result.retry_after_s == (0.0 if reason in ("IdleTimeout", "Shutdown") else None)
    assert simulation.counts()["providers"] == {"apns": {reason: 1}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BadPath;reason=SomethingNew", Result(Verdict.UNKNOWN, "SomethingNew")),
        ("BadPath;reason=SomethingNew;status=503", Result(Verdict.RETRY, "SomethingNew")),
        ("EMPTY_ERROR", Result(Verdict.RETRY, "HTTP_503")),
        ("NOT_JSON", Result(Verdict.RETRY, "HTTP_500")),
        ("BAD_GATEWAY_HTML", Result(Verdict.RETRY, "HTTP_502")),
        ("EMPTY_ERROR;status=408", Result(Verdict.RETRY, "HTTP_408")),
        ("EMPTY_ERROR;status=520", Result(Verdict.RETRY, "HTTP_520")),
        ("ServiceUnavailable;retry_after=7", Result(Verdict.RETRY, "ServiceUnavailable", 7.0)),
        ("REFUSED_STREAM", Result(Verdict.RETRY, "REFUSED_STREAM", 0.0)),
        ("DROP", Result(Verdict.UNKNOWN, "LOST")),
        ("OK", Result(Verdict.ACCEPTED)),
    ],
)
def test_an_answer_nobody_documented_is_read_as_far_as_it_goes(
    provider: APNsProvider, engine: Engine, text: str, expected: Result
) -> None:
    assert send(provider, engine, scenario(text)) == [expected]


def test_a_notification_arrives_as_composed(provider: APNsProvider, engine: Engine, simulation: Simulation) -> None:
    (result,) = send(provider, engine, "ab" * 32, headers={"ios-alert-title": "Title"}, ttl_s=60)
    assert result.verdict is Verdict.ACCEPTED
    (received,) = simulation.received("ab" * 32)
    assert received["message"]["aps"] == {"alert": {"title": "Title", "body": "Hello"}}
    headers = received["headers"]
    assert headers["apns-id"] == "0f3b5b5e-6c1d-4b66-9d52-000000010002"
    assert headers["apns-collapse-id"] == ID
    assert 50 < int(headers["apns-expiration"]) - time.time() <= 60


def test_a_repetition_replaces_the_first_copy(provider: APNsProvider, engine: Engine, simulation: Simulation) -> None:
    for _ in range(2):
        send(provider, engine, "ab" * 32)
    seen = simulation.counts()["seen"]
    assert (seen["total"], seen["replaced"]) == (1, 1)


def test_a_token_of_the_other_environment_is_suspect_here_and_taken_there(
    provider: APNsProvider, engine: Engine
) -> None:
    (here,) = send(provider, engine, "5a" * 32)
    assert here == Result(Verdict.SUSPECT, "BadDeviceToken", elsewhere=True)
    (there,) = send(provider, engine, "5a" * 32, environment="sandbox")
    assert there.verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    "kind",
    [
        *("alert", "background", "location", "voip", "complication"),
        *("fileprovider", "liveactivity", "pushtotalk", "widgets", "controls"),
    ],
)
def test_every_push_type_is_taken(provider: APNsProvider, engine: Engine, kind: str) -> None:
    raw = {"apns": {"aps": {"event": "update", "content-state": {}}}} if kind == "liveactivity" else {}
    for priority in (None, "high", "normal"):
        (result,) = send(provider, engine, "ab", headers={"ios-push-type": kind}, raw=raw, priority=priority)
        assert result == Result(Verdict.ACCEPTED)


def test_many_devices_are_told_apart(provider: APNsProvider, engine: Engine, simulation: Simulation) -> None:
    tokens = [f"{number:064x}" for number in range(300)]
    tokens[7], tokens[250] = scenario("Unregistered"), scenario("TooManyRequests")
    verdicts = [str(result.verdict) for result in send(provider, engine, *tokens)]
    assert (verdicts[7], verdicts[250], verdicts.count("accepted")) == ("unregistered", "retry", 298)
    assert simulation.counts()["tokens"] == 300
