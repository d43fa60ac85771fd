"""messages:send judges a request as FCM does, and can answer with every documented error."""

from __future__ import annotations

import contextlib
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fcm.device import PER_HOUR, PER_MINUTE, within_limits
from simulator.fcm.endpoint import GoogleService
from simulator.fcm.error import RAW, ROWS, Refusal
from simulator.fcm.message import read
from simulator.world import World
from tests.simulation import Simulation

#: Scenario, HTTP status, google.rpc status, FcmError code: the provider's table of errors.
DOCUMENTED = [
    ("INVALID_ARGUMENT", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    ("INVALID_ARGUMENT_TOKEN", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    ("INVALID_ARGUMENT_BARE", 400, "INVALID_ARGUMENT", None),
    ("UNAUTHENTICATED", 401, "UNAUTHENTICATED", None),
    ("THIRD_PARTY_AUTH_ERROR", 401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
    ("APNS_AUTH_ERROR", 401, "UNAUTHENTICATED", "APNS_AUTH_ERROR"),
    ("SENDER_ID_MISMATCH", 403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
    ("PERMISSION_DENIED", 403, "PERMISSION_DENIED", None),
    ("SERVICE_DISABLED", 403, "PERMISSION_DENIED", None),
    ("UNREGISTERED", 404, "NOT_FOUND", "UNREGISTERED"),
    ("NOT_FOUND", 404, "NOT_FOUND", None),
    ("QUOTA_EXCEEDED", 429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
    ("DEVICE_QUOTA_EXCEEDED", 429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
    ("INTERNAL", 500, "INTERNAL", "INTERNAL"),
    ("UNAVAILABLE", 503, "UNAVAILABLE", "UNAVAILABLE"),
    ("BAD_GATEWAY", 502, "UNAVAILABLE", None),
    ("GATEWAY_TIMEOUT", 504, "DEADLINE_EXCEEDED", None),
    ("UNSPECIFIED_ERROR", 500, "UNKNOWN", "UNSPECIFIED_ERROR"),
]


def send(client: httpx.Client, simulation: Simulation, message: Any, **request: Any) -> httpx.Response:
    return client.post(simulation.send_url(), json={"message": message} | request)


def error_of(answer: httpx.Response) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    codes = [detail["errorCode"] for detail in error.get("details", []) if "errorCode" in detail]
    return answer.status_code, error["status"], codes[0] if codes else None


def violation_of(answer: httpx.Response) -> str:
    details = answer.json()["error"]["details"]
    field: str = next(d for d in details if d["@type"].endswith("BadRequest"))["fieldViolations"][0]["field"]
    return field


def test_a_message_is_accepted(client: httpx.Client, simulation: Simulation) -> None:
    answer = send(client, simulation, {"token": "device", "data": {"k": "v"}})
    assert answer.status_code == 200
    assert answer.json()["name"].startswith("projects/first/messages/0:")
    (received,) = simulation.received("device")
    assert received["message"] == {"token": "device", "data": {"k": "v"}}
    assert received["accepted"] is True


def test_every_error_is_in_the_table() -> None:
    assert {row[0] for row in DOCUMENTED} == ROWS.keys()


@pytest.mark.parametrize(("scenario", "http", "status", "code"), DOCUMENTED)
def test_every_documented_error_can_be_had(
    client: httpx.Client, simulation: Simulation, scenario: str, http: int, status: str, code: str | None
) -> None:
    answer = send(client, simulation, {"token": f"sim:{scenario}:device"})
    assert error_of(answer) == (http, status, code)
    assert simulation.counts()["outcomes"] == {scenario: 1}
    assert simulation.counts()["accepted"] == 0


@pytest.mark.parametrize("scenario", RAW)
def test_every_unreadable_answer_can_be_had(client: httpx.Client, simulation: Simulation, scenario: str) -> None:
    answer = send(client, simulation, {"token": f"sim:{scenario}:device"})
    with pytest.raises(ValueError, match=r".*"):
        answer.json()
    assert (answer.status_code == 200) is scenario.endswith("SUCCESS")


def test_details_follow_the_documents(client: httpx.Client, simulation: Simulation) -> None:
    apns = send(client, simulation, {"token": "sim:THIRD_PARTY_AUTH_ERROR;reason=ExpiredProviderToken:a"})
    assert apns.json()["error"]["details"][1]["reason"] == "ExpiredProviderToken"
    quota = send(client, simulation, {"token": "sim:QUOTA_EXCEEDED:a"})
    assert quota.json()["error"]["details"][1]["@type"] == "type.googleapis.com/google.rpc.QuotaFailure"
    assert violation_of(send(client, simulation, {"token": "sim:INVALID_ARGUMENT_TOKEN:a"})) == "message.token"


def test_retry_after_is_seconds_or_a_date(client: httpx.Client, simulation: Simulation) -> None:
    seconds = send(client, simulation, {"token": "sim:UNAVAILABLE;retry_after=7:a"})
    assert seconds.headers["retry-after"] == "7"
    date = send(client, simulation, {"token": "sim:UNAVAILABLE;retry_after_date=7:a"})
    assert parsedate_to_datetime(date.headers["retry-after"]).tzinfo is not None


def test_a_fault_shown_n_times_is_followed_by_success(client: httpx.Client, simulation: Simulation) -> None:
    for prefix in ("a", "b"):
        token = f"sim:UNAVAILABLE;times=2:{prefix}"
        assert [send(client, simulation, {"token": token}).status_code for _ in range(4)] == [503, 503, 200, 200]


def test_a_device_can_get_what_the_client_thinks_lost(client: httpx.Client, simulation: Simulation) -> None:
    send(client, simulation, {"token": "sim:UNAVAILABLE;accept=1:a"})
    send(client, simulation, {"token": "sim:OK;accept=0:b"})
    assert [entry["accepted"] for entry in simulation.ledger().values()] == [1, 0]


@pytest.mark.parametrize(
    "scenario", ["NOPE", "OK;speed=3", "OK;ms", "OK;ms=soon", "UNAVAILABLE;debug=x", "RESET;times=-1"]
)
def test_a_misspelt_scenario_is_loud(client: httpx.Client, simulation: Simulation, scenario: str) -> None:
    answer = send(client, simulation, {"token": f"sim:{scenario}:a"})
    assert answer.status_code == 400
    assert "Simulator" in answer.text
    assert simulation.counts()["outcomes"] == {"UNKNOWN_SCENARIO": 1}


VALID: list[dict[str, Any]] = [
    {"token": "t"},
    {"fid": "f"},
    {"topic": "news"},
    {"condition": "'a' in topics && ('b' in topics || !('c' in topics))"},
    {"token": "t", "data": None, "notification": {"title": "ä", "body": "b", "image": "https://x/y"}},
    {"token": "t", "android": {"ttl": "3.000000001s", "priority": "HIGH", "directBootOk": True, "collapse_key": "c"}},
    {"token": "t", "android": {"ttl": "2419200s", "notification": {"clickAction": "a", "notification_count": 3}}},
    {"token": "t", "android": {"notification": {"vibrate_timings": ["3.5s"], "event_time": "2026-01-01T00:00:00Z"}}},
    {"token": "t", "android": {"notification": {"light_settings": {"color": {"red": 1, "alpha": 0.5}}}}},
    {
        "token": "t",
        "apns": {"headers": {"apns-priority": "5"}, "payload": {"aps": {"alert": {"title": "x"}}, "k": [1]}},
    },
    {"token": "t", "webpush": {"notification": {"title": "x", "actions": []}, "fcmOptions": {"link": "https://x"}}},
    {"token": "t", "fcm_options": {"analytics_label": "a-b_c.d~e%"}},
    {"token": "t", "data": {"k": "v" * 4000}},
]


@pytest.mark.parametrize("message", VALID)
def test_a_valid_message_is_accepted_in_either_spelling(
    client: httpx.Client, simulation: Simulation, message: dict[str, Any]
) -> None:
    assert send(client, simulation, message).status_code == 200


#: Message, field of the first violation, and whether FCM understood the body (then it says FcmError).
INVALID: list[tuple[Any, str, bool]] = [
    ({}, "message", True),
    ({"token": ""}, "message", True),
    ({"token": "a", "topic": "b"}, "message", False),
    ({"token": "with space"}, "message.token", True),
    ({"topic": "/topics/x"}, "message.topic", True),
    ({"condition": "||".join("'a' in topics" for _ in range(6))}, "message.condition", True),
    ({"token": 7}, "message.token", False),
    ({"token": "t", "colour": 1}, "message", False),
    ({"token": "t", "android": {"notification": {"colour": 1}}}, "message.android.notification", False),
    ({"token": "t", "android": []}, "message.android", False),
    ({"token": "t", "data": {"k": 1}}, "message.data", False),
    ({"token": "t", "data": {"from": "x"}}, "message.data", True),
    ({"token": "t", "data": {"google.x": "x"}}, "message.data", True),
    ({"token": "t", "android": {"data": {"gcm_x": "x"}}}, "message.android.data", True),
    ({"token": "t", "android": {"ttl": "4w"}}, "message.android.ttl", False),
    ({"token": "t", "android": {"ttl": 3600}}, "message.android.ttl", False),
    ({"token": "t", "android": {"ttl": "2419201s"}}, "message.android.ttl", True),
    ({"token": "t", "android": {"ttl": "-1s"}}, "message.android.ttl", True),
    ({"token": "t", "android": {"priority": "urgent"}}, "message.android.priority", False),
    ({"token": "t", "android": {"notification": {"color": "red"}}}, "message.android.notification.color", True),
    ({"token": "t", "android": {"notification": {"sticky": "yes"}}}, "message.android.notification.sticky", False),
    ({"token": "t", "fcm_options": {"analytics_label": "a b"}}, "message.fcm_options.analytics_label", True),
    ({"token": "t", "webpush": {"fcm_options": {"link": "http://x"}}}, "message.webpush.fcm_options.link", True),
]


@pytest.mark.parametrize(("message", "field", "understood"), INVALID)
def test_an_invalid_message_names_its_field(
    simulation: Simulation, bearer: dict[str, str], message: Any, field: str, *, understood: bool
) -> None:
    with httpx.Client(verify=simulation.tls(), headers=bearer, trust_env=False) as client:
        answer = send(client, simulation, message)
    assert error_of(answer) == (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT" if understood else None)
    assert violation_of(answer) == field
    assert simulation.counts()["tokens"] == 0


def test_a_message_over_4096_bytes_is_refused_and_a_topic_over_2048(
    client: httpx.Client, simulation: Simulation
) -> None:
    answer = send(client, simulation, {"token": "t", "data": {"k": "v" * 4096}})
    assert error_of(answer) == (400, "INVALID_ARGUMENT", None)
    assert answer.json()["error"]["message"] == "Request contains an invalid argument."
    assert send(client, simulation, {"topic": "t", "data": {"k": "v" * 2048}}).status_code == 400
    assert send(client, simulation, {"topic": "t", "data": {"k": "v" * 2047}}).status_code == 200


def test_a_body_that_is_no_json_is_refused(client: httpx.Client, simulation: Simulation) -> None:
    answer = client.post(simulation.send_url(), content=b"{")
    assert error_of(answer) == (400, "INVALID_ARGUMENT", None)


def test_a_validated_message_reaches_nobody(client: httpx.Client, simulation: Simulation) -> None:
    answer = send(client, simulation, {"token": "t"}, validate_only=True)
    assert answer.json() == {"name": "projects/first/messages/fake_message_id"}
    assert simulation.counts()["accepted"] == 0


def test_an_unknown_project_is_404_and_somebody_elses_403(client: httpx.Client, simulation: Simulation) -> None:
    body = {"message": {"token": "t"}}
    assert error_of(client.post(simulation.send_url("third"), json=body)) == (404, "NOT_FOUND", None)
    assert error_of(client.post(simulation.send_url("second"), json=body)) == (403, "PERMISSION_DENIED", None)


def test_a_send_without_a_valid_access_token_is_401(client: httpx.Client, simulation: Simulation) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Bearer x"}, {"authorization": "Basic eA=="}):
        answer = client.post(simulation.send_url(), json={"message": {"token": "t"}}, headers=headers)
        assert error_of(answer) == (401, "UNAUTHENTICATED", None)
    assert simulation.counts()["tokens"] == 0


def test_other_paths_and_methods_get_googles_404_page(client: httpx.Client, simulation: Simulation) -> None:
    assert client.get(simulation.send_url()).headers["content-type"].startswith("text/html")
    assert client.post(simulation.fcm + "/v2/projects/first/messages:send").status_code == 404


KEYS = st.sampled_from(["token", "data", "android", "notification", "ttl", "apns", "payload", "webpush", "fcm_options"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), children, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_no_json_whatever_surprises_the_reader(value: Any) -> None:
    for body in (value, {"message": value}, {"message": {"token": "t", "android": value, "apns": {"payload": value}}}):
        with contextlib.suppress(Refusal):
            read(httpx.Request("POST", "http://x", json=body).content)


@given(st.binary(max_size=64))
def test_no_bytes_whatever_surprise_the_reader(body: bytes) -> None:
    with contextlib.suppress(Refusal):
        read(body)


def test_a_device_gets_so_many_messages_a_minute_where_the_limit_is_on(simulation: Simulation) -> None:
    simulation.profile(fcm_device_limits=True)
    bearer = {"authorization": f"Bearer {simulation.access_token()}"}
    with httpx.Client(verify=simulation.tls(), headers=bearer, trust_env=False) as client:
        assert {send(client, simulation, {"token": "busy"}).status_code for _ in range(PER_MINUTE)} == {200}
        refused = send(client, simulation, {"token": "busy"})
        assert error_of(refused) == (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")
        assert refused.json()["error"]["details"][1]["violations"][0]["subject"] == "device"
        assert send(client, simulation, {"token": "other"}).status_code == 200
        simulation.profile(fcm_device_limits=False)
        assert send(client, simulation, {"token": "busy"}).status_code == 200
    assert simulation.ledger()["busy"]["accepted"] == PER_MINUTE + 1


def test_a_device_gets_so_many_messages_an_hour() -> None:
    provider, now, minutes = GoogleService(World(("first",), 0)).provider, 1_000_000.0, range(0, 3_600, 60)
    taken = [
        sum(within_limits(provider, "device", now + start_s) for _ in range(PER_MINUTE + 1)) for start_s in minutes
    ]
    assert (max(taken), sum(taken)) == (PER_MINUTE, PER_HOUR)
    assert within_limits(provider, "device", now + 3_600)
    assert all(within_limits(provider, "topic:news", now) for _ in range(PER_MINUTE + 1))


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({"payload": {"aps": {"content-available": 1}}}, False),
        ({}, False),
        ({"payload": {"aps": {"content-available": 1, "alert": {}}}}, False),
        ({"payload": {"aps": {"content-available": 1, "alert": "A"}}}, True),
        ({"payload": {"aps": {"badge": 0}}}, True),
        ({"payload": {"aps": {"sound": "default"}}}, True),
        ({"payload": {"aps": {"event": "update"}}, "live_activity_token": "a"}, True),
        ({"headers": {"apns-priority": "5"}, "payload": {"aps": {"content-available": 1}}}, True),
        ({"headers": {}, "payload": {"aps": {"content-available": 1}}}, True),
    ],
)
def test_what_an_iphone_does_not_show_has_priority_5(
    client: httpx.Client, simulation: Simulation, changes: dict[str, Any], *, is_taken: bool
) -> None:
    apns = {"headers": {"apns-priority": "10"}} | changes
    answer = send(client, simulation, {"token": "a", "data": {"k": "v"}, "apns": apns})
    assert answer.status_code == (200 if is_taken else 400)
    if not is_taken:
        assert violation_of(answer) == "message.apns.headers"
    shown = send(client, simulation, {"token": "a", "notification": {"title": "T"}, "apns": apns})
    assert shown.status_code == 200
