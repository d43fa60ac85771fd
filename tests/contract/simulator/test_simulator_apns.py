"""APNs judges a notification as Apple's does, can answer with every documented reason, and has its moods."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from h2.events import ConnectionTerminated

from simulator.apns.authorization import UPDATE_S, WINDOW_S, Grant, admit
from simulator.apns.error import Refusal
from simulator.apns.team import PRODUCTION, team
from tests.contract.provider.document import documented
from tests.contract.simulator.apns_peer import PAYLOAD, APNsPeer, facts, provider_token, token
from tests.simulation import Simulation

#: Apple's tables.
DOCUMENTED = [(row.status, row.reason) for row in documented("apns")]
DEVICE = "00" * 32
SANDBOX_DEVICE = "5a" + "00" * 31
ID = "0f3b5b5e-6c1d-4b66-9d52-000000000007"


@pytest.fixture
def bearer(simulation: Simulation) -> str:
    return provider_token(simulation)


@pytest.fixture
def client(simulation: Simulation, bearer: str) -> Iterator[httpx.Client]:
    headers = {"authorization": f"bearer {bearer}", "apns-topic": facts(simulation)["topic"]}
    with httpx.Client(http2=True, http1=False, verify=simulation.tls("h2"), headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def peer(simulation: Simulation, bearer: str) -> Iterator[APNsPeer]:
    with APNsPeer(simulation, bearer) as peer:
        yield peer


def send(
    client: httpx.Client, simulation: Simulation, device: str = DEVICE, *, sandbox: bool = False, **request: Any
) -> httpx.Response:
    origin = facts(simulation)["sandbox_endpoint" if sandbox else "endpoint"]
    return client.post(f"{origin}/3/device/{device}", **{"content": PAYLOAD} | request)


def reason_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()["reason"]


def test_a_notification_is_accepted_with_an_empty_body_and_its_id(client: httpx.Client, simulation: Simulation) -> None:
    headers = {"apns-id": ID, "apns-push-type": "alert", "apns-priority": "10", "apns-collapse-id": "scores"}
    answer = send(client, simulation, headers=headers | {"apns-expiration": "0"})
    assert (answer.status_code, answer.content, answer.headers["apns-id"]) == (200, b"", ID)
    assert "apns-unique-id" not in answer.headers
    (received,) = simulation.received(DEVICE)
    assert received["message"] == json.loads(PAYLOAD)
    assert received["headers"] == headers | {"apns-expiration": "0", "apns-topic": facts(simulation)["topic"]}
    counts = simulation.counts()
    assert counts["providers"] == {"apns": {"OK": 1}}
    assert sum(counts["per_second"]["apns:SIMTEAM001.SIMKEY0001"].values()) == 1


def test_an_id_is_made_up_where_there_is_none_and_the_sandbox_has_one_more(
    client: httpx.Client, simulation: Simulation
) -> None:
    answer = send(client, simulation, SANDBOX_DEVICE, sandbox=True)
    assert answer.status_code == 200
    assert UUID(answer.headers["apns-id"]) != UUID(answer.headers["apns-unique-id"])


def test_a_repetition_replaces_what_has_its_collapse_id(client: httpx.Client, simulation: Simulation) -> None:
    for collapse_id in ("a", "a", "b"):
        send(client, simulation, headers={"apns-collapse-id": collapse_id})
    send(client, simulation, content=b'{"aps":{"content-available":1}}')
    assert simulation.counts()["seen"] == {"total": 2, "tokens": 1, "max_per_token": 2, "replaced": 1}


@pytest.mark.parametrize(("status", "reason"), DOCUMENTED)
def test_every_documented_reason_can_be_had(
    client: httpx.Client, simulation: Simulation, status: int, reason: str
) -> None:
    answer = send(client, simulation, token(f"sim:{reason}:device"), headers={"apns-id": ID})
    assert reason_of(answer) == (status, reason)
    assert answer.headers["apns-id"] == ID
    assert ("timestamp" in answer.json()) is (status == 410)
    counts = simulation.counts()
    assert (counts["outcomes"], counts["tokens"], counts["accepted"]) == ({reason: 1}, 1, 0)


def test_a_dead_token_is_dead_since_now_or_since_it_says(client: httpx.Client, simulation: Simulation) -> None:
    before = int(time.time() * 1000)
    for _ in range(2):
        now = send(client, simulation, token("sim:Unregistered:a")).json()["timestamp"]
        assert before <= now <= time.time() * 1000
        before = now
    answer = send(client, simulation, token("sim:ExpiredToken;since_ms=1700000000000:a"))
    assert answer.json() == {"reason": "ExpiredToken", "timestamp": 1_700_000_000_000}


def test_an_error_can_be_bent(client: httpx.Client, simulation: Simulation) -> None:
    answer = send(client, simulation, token("sim:Shutdown;reason=SomethingNew;status=418;retry_after=7:a"))
    assert (*reason_of(answer), answer.headers["retry-after"]) == (418, "SomethingNew", "7")


@pytest.mark.parametrize("scenario", ["EMPTY_ERROR", "NOT_JSON", "BAD_GATEWAY_HTML"])
def test_some_answers_nobody_can_read(client: httpx.Client, simulation: Simulation, scenario: str) -> None:
    answer = send(client, simulation, token(f"sim:{scenario}:a"))
    assert answer.status_code >= 500
    with pytest.raises(ValueError, match=r".*"):
        answer.json()


def test_a_misspelt_scenario_is_loud(client: httpx.Client, simulation: Simulation) -> None:
    answer = send(client, simulation, token("sim:UNREGISTERED:a"))
    assert answer.status_code == 400
    assert "UNREGISTERED" in answer.text
    assert simulation.counts()["outcomes"] == {"UNKNOWN_SCENARIO": 1}


def test_a_sandbox_token_carries_scenarios_behind_its_mark(client: httpx.Client, simulation: Simulation) -> None:
    answer = send(client, simulation, token("Zsim:TooManyRequests:a"), sandbox=True)
    assert reason_of(answer) == (429, "TooManyRequests")


def test_a_rule_names_topic_and_token(client: httpx.Client, simulation: Simulation) -> None:
    topic = facts(simulation)["topic"]
    rule = {"provider": "apns", "fault": "Forbidden", "project": topic, "token_prefix": "ab"}
    simulation.rules(rule)
    assert reason_of(send(client, simulation, "abcd")) == (403, "Forbidden")
    assert send(client, simulation, "ac").status_code == 200
    assert send(client, simulation, "abcd", headers={"apns-topic": topic + ".mac"}).status_code == 200


#: What is wrong, and the reason; headers over good ones.
WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"headers": {"apns-id": "7"}}, 400, "BadMessageId"),
    ({"headers": {"apns-topic": ""}}, 400, "MissingTopic"),
    ({"headers": {"apns-collapse-id": "x" * 65}}, 400, "BadCollapseId"),
    ({"headers": {"apns-expiration": "soon"}}, 400, "BadExpirationDate"),
    ({"headers": {"apns-priority": "7"}}, 400, "BadPriority"),
    ({"headers": {"apns-push-type": "background", "apns-priority": "10"}}, 400, "BadPriority"),
    ({"headers": {"apns-push-type": "background"}}, 400, "BadPriority"),
    ({"headers": {"apns-push-type": "loud"}}, 400, "InvalidPushType"),
    ({"headers": {"apns-push-type": "voip"}}, 400, "BadTopic"),
    ({"headers": {"authorization": ""}}, 403, "MissingProviderToken"),
    ({"headers": {"authorization": "basic x"}}, 403, "MissingProviderToken"),
    ({"headers": {"authorization": "bearer x"}}, 403, "InvalidProviderToken"),
    ({"headers": {"apns-topic": "com.example.other"}}, 403, "InvalidProviderToken"),
    ({"content": b""}, 400, "PayloadEmpty"),
    ({"content": b"{"}, 400, "PayloadEmpty"),
    ({"content": b'{"aps":"' + b"x" * 4087 + b'"}'}, 413, "PayloadTooLarge"),
    ({"device": ""}, 400, "MissingDeviceToken"),
    ({"device": "xyz"}, 400, "BadDeviceToken"),
    ({"device": "abc"}, 400, "BadDeviceToken"),
    ({"device": SANDBOX_DEVICE}, 400, "BadDeviceToken"),
    ({"device": DEVICE, "sandbox": True}, 400, "BadDeviceToken"),
]


@pytest.mark.parametrize(("request_", "status", "reason"), WRONG)
def test_what_is_wrong_has_its_reason(
    client: httpx.Client, simulation: Simulation, request_: dict[str, Any], status: int, reason: str
) -> None:
    assert reason_of(send(client, simulation, **request_)) == (status, reason)
    assert simulation.counts()["outcomes"] == {reason: 1}


def test_other_paths_and_methods_have_reasons_too(client: httpx.Client, simulation: Simulation) -> None:
    origin = facts(simulation)["endpoint"]
    assert reason_of(client.post(f"{origin}/4/device/{DEVICE}", content=PAYLOAD)) == (404, "BadPath")
    assert reason_of(client.get(f"{origin}/3/device/{DEVICE}")) == (405, "MethodNotAllowed")


def test_a_header_sent_twice_is_refused(client: httpx.Client, simulation: Simulation) -> None:
    twice = [("apns-priority", "10"), ("apns-priority", "5")]
    assert reason_of(send(client, simulation, headers=twice)) == (400, "DuplicateHeaders")


def test_the_headers_are_judged_before_the_provider_token_and_that_before_the_payload(
    client: httpx.Client, simulation: Simulation
) -> None:
    wrong = {"apns-priority": "7", "authorization": ""}
    assert reason_of(send(client, simulation, headers=wrong, content=b""))[1] == "BadPriority"
    del wrong["apns-priority"]
    assert reason_of(send(client, simulation, headers=wrong, content=b""))[1] == "MissingProviderToken"


@pytest.mark.parametrize(
    ("kind", "suffix", "limit"),
    [
        ("alert", "", 4096),
        ("background", "", 4096),
        ("location", ".location-query", 4096),
        ("voip", ".voip", 5120),
        ("complication", ".complication", 4096),
        ("fileprovider", ".pushkit.fileprovider", 4096),
        ("liveactivity", ".push-type.liveactivity", 4096),
        ("pushtotalk", ".voip-ptt", 4096),
        ("widgets", ".push-type.widgets", 4096),
        ("controls", ".push-type.controls", 4096),
    ],
)
def test_each_push_type_has_its_topic_and_size(
    client: httpx.Client, simulation: Simulation, kind: str, suffix: str, limit: int
) -> None:
    headers = {"apns-push-type": kind, "apns-topic": facts(simulation)["topic"] + suffix, "apns-priority": "5"}
    aps = {"background": '{"content-available":1}', "liveactivity": '{"event":"update"}'}.get(kind, "{}").encode()
    full = b'{"aps":' + aps + b',"k":"' + b"x" * (limit - 15 - len(aps)) + b'"}'
    assert send(client, simulation, headers=headers, content=full).status_code == 200
    assert reason_of(send(client, simulation, headers=headers, content=full + b" "))[1] == "PayloadTooLarge"


@pytest.mark.parametrize(
    ("kind", "aps", "is_taken"),
    [
        ("background", {"content-available": 1}, True),
        ("background", {"content-available": 1, "category": "C"}, True),
        ("background", {"content-available": 1, "alert": "A"}, False),
        ("background", {"content-available": 1, "badge": 0}, False),
        ("background", {"content-available": 1, "sound": "default"}, False),
        ("background", {}, False),
        ("background", None, False),
        ("liveactivity", {"event": "update", "content-state": {}}, True),
        ("liveactivity", {"event": "end"}, True),
        ("liveactivity", {"event": "start", "alert": {"title": "T"}, "attributes-type": "A", "attributes": {}}, True),
        ("liveactivity", {"event": "start", "attributes-type": "A", "attributes": {}}, False),
        ("liveactivity", {"event": "start", "alert": {"title": "T"}, "attributes-type": "A"}, False),
        ("liveactivity", {"event": "start", "alert": {"title": "T"}, "attributes": {}}, False),
        ("liveactivity", {"content-state": {}}, False),
        ("alert", {}, True),
    ],
)
def test_a_payload_is_what_its_push_type_says(
    client: httpx.Client, simulation: Simulation, kind: str, aps: Any, *, is_taken: bool
) -> None:
    suffix = ".push-type.liveactivity" if kind == "liveactivity" else ""
    headers = {"apns-push-type": kind, "apns-topic": facts(simulation)["topic"] + suffix, "apns-priority": "5"}
    answer = send(client, simulation, headers=headers, content=json.dumps({"aps": aps}).encode())
    if is_taken:
        assert answer.status_code == 200
    else:
        assert reason_of(answer) == (400, "InvalidPushType")


def test_both_ports_speak_http2_alone(simulation: Simulation) -> None:
    for endpoint in ("endpoint", "sandbox_endpoint"):
        with (
            httpx.Client(verify=simulation.tls("http/1.1"), trust_env=False) as client,
            pytest.raises((httpx.TransportError, ssl.SSLError)),
        ):
            client.post(facts(simulation)[endpoint] + f"/3/device/{DEVICE}", content=PAYLOAD)


# -- provider tokens ------------------------------------------------------------------------------------------------


def exchange(simulation: Simulation, bearer: str) -> tuple[int, str]:
    with APNsPeer(simulation, bearer) as peer:
        return peer.exchange(DEVICE)


def test_a_provider_token_is_good_for_an_hour(simulation: Simulation) -> None:
    assert exchange(simulation, provider_token(simulation, age_s=3_500)) == (200, "")
    assert exchange(simulation, provider_token(simulation, age_s=3_700)) == (403, "ExpiredProviderToken")
    assert exchange(simulation, provider_token(simulation, age_s=-3_700)) == (403, "InvalidProviderToken")


def test_a_provider_token_is_the_teams_own(simulation: Simulation) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    wrong = [{"key": stranger}, {"iss": "SIMTEAM002"}, {"key_id": "SIMKEY0009"}, {"iat": "now"}]
    for changes in wrong:
        bearer = provider_token(simulation, **changes)
        assert exchange(simulation, bearer) == (403, "InvalidProviderToken")


def test_a_connection_belongs_to_its_first_team(simulation: Simulation, peer: APNsPeer) -> None:
    assert peer.exchange(DEVICE) == (200, "")
    peer.bearer = provider_token(simulation, "second")
    second = facts(simulation, "second")["topic"]
    assert peer.exchange(DEVICE, apns_topic=second) == (403, "InvalidProviderToken")


@pytest.mark.parametrize(("which", "wrong"), [("production_", "sandbox_endpoint"), ("sandbox_", "endpoint")])
def test_a_key_of_one_environment_is_refused_by_the_other(simulation: Simulation, which: str, wrong: str) -> None:
    bearer = provider_token(simulation, which=which)
    for endpoint, device in (("endpoint", DEVICE), ("sandbox_endpoint", SANDBOX_DEVICE)):
        with APNsPeer(simulation, bearer, facts(simulation)[endpoint]) as peer:
            refused = (403, "BadEnvironmentKeyIdInToken")
            assert peer.exchange(device) == (refused if endpoint == wrong else (200, ""))


def test_a_connection_belongs_to_its_first_key(simulation: Simulation, peer: APNsPeer) -> None:
    assert peer.exchange(DEVICE) == (200, "")
    first, peer.bearer = peer.bearer, provider_token(simulation, which="production_")
    assert peer.exchange(DEVICE) == (403, "UnrelatedKeyIdInToken")
    assert exchange(simulation, peer.bearer) == (200, "")
    peer.bearer = first
    assert peer.exchange(DEVICE) == (200, "")


def test_another_provider_token_within_20_minutes_is_one_too_many(simulation: Simulation, peer: APNsPeer) -> None:
    assert peer.exchange(DEVICE) == (200, "")
    first, peer.bearer = peer.bearer, provider_token(simulation, age_s=60)
    assert peer.exchange(DEVICE) == (429, "TooManyProviderTokenUpdates")
    peer.bearer = first
    assert peer.exchange(DEVICE) == (200, "")


def test_after_20_minutes_a_connection_takes_another_provider_token(tmp_path: Any) -> None:
    known, memory, now = team(tmp_path, "first", 1), dict[str, Any](), 1_000_000.0
    old, new = (Grant(known, known.keys[0], issued_at, "") for issued_at in (now, now + UPDATE_S))

    def use(grant: Grant, after_s: float) -> None:
        admit(grant, known.topic, PRODUCTION, memory, now + after_s)

    use(old, 0)
    with pytest.raises(Refusal, match="TooManyProviderTokenUpdates"):
        use(new, UPDATE_S - 1)
    use(new, UPDATE_S)
    with pytest.raises(Refusal, match="TooManyProviderTokenUpdates"):
        use(old, UPDATE_S + 1)
    with pytest.raises(Refusal, match="ExpiredProviderToken"):
        use(new, UPDATE_S + WINDOW_S + 1)


@pytest.mark.parametrize("device", [DEVICE, token("sim:ExpiredProviderToken:a")])
def test_a_connection_is_wedged_by_an_expired_provider_token(simulation: Simulation, device: str) -> None:
    age_s = 3_700 if device == DEVICE else 0
    with APNsPeer(simulation, provider_token(simulation, age_s=age_s)) as peer:
        assert peer.exchange(device) == (403, "ExpiredProviderToken")
        peer.bearer = provider_token(simulation)
        stream = peer.push(DEVICE)
        with pytest.raises(TimeoutError):
            peer.wait(ConnectionTerminated, within_s=0.3)
        assert all(getattr(event, "stream_id", None) != stream for event in peer.events)
    assert exchange(simulation, provider_token(simulation)) == (200, "")


def test_the_key_file_is_for_its_owner_alone(simulation: Simulation, tmp_path: Any) -> None:
    files = [key.path for key in team(tmp_path, "first", 1).keys]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 3
    content = [file.read_bytes() for file in files]
    assert len(set(content)) == 3
    assert [key.path.read_bytes() for key in team(tmp_path, "first", 1).keys] == content


# -- streams --------------------------------------------------------------------------------------------------------


def test_a_connection_has_one_stream_until_its_first_valid_request(peer: APNsPeer) -> None:
    assert peer.streams_max == 1
    assert peer.exchange(DEVICE, authorization="bearer x")[0] == 403
    assert peer.streams_max == 1
    assert peer.exchange(DEVICE) == (200, "")
    assert peer.streams_max == 100


def test_a_refused_notification_takes_no_stream_away_unless_apns_is_strict(peer: APNsPeer) -> None:
    assert peer.exchange(token("sim:BadDeviceToken:a"))[0] == 400
    assert peer.streams_max == 100


def test_strict_apns_lowers_the_streams_after_an_error_and_restores_them_after_a_success(
    simulation: Simulation, peer: APNsPeer
) -> None:
    simulation.profile(apns_strict_streams=True)
    allowed = []
    for scenario in ("OK", "Unregistered", "BadDeviceToken", "InternalServerError", "OK", "TooManyRequests"):
        peer.exchange(token(f"sim:{scenario}:a"))
        allowed.append(peer.streams_max)
    assert allowed == [100, 100, 1, 1, 100, 1]


def test_too_many_bad_tokens_end_a_connection(simulation: Simulation, peer: APNsPeer) -> None:
    simulation.profile(apns_bad_tokens=3)
    for _ in range(2):
        assert peer.exchange(token("sim:BadDeviceToken:a"))[0] == 400
    peer.push(token("sim:BadDeviceToken:a"))
    assert json.loads(peer.wait(ConnectionTerminated).additional_data or b"") == {"reason": "BadDeviceToken"}


def test_a_goaway_can_carry_the_reason(simulation: Simulation, peer: APNsPeer) -> None:
    simulation.rules({"provider": "apns", "fault": 'GOAWAY;debug={"reason":"Shutdown"}'})
    peer.push(DEVICE)
    assert json.loads(peer.wait(ConnectionTerminated).additional_data or b"") == {"reason": "Shutdown"}
