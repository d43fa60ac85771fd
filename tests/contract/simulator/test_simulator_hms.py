"""HMS and Huawei's token endpoint judge requests as they do, and can answer with every documented code."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from simulator.hms.error import BARE
from simulator.hms.token import FAULTS
from tests.contract.provider.document import documented
from tests.simulation import Simulation

#: Those of errors.
CODES = [row.reason for row in documented("hms") if row.kind == "code" and row.status is None]
NOTIFICATION = {"title": "T", "body": "B", "click_action": {"type": 3}}


@pytest.fixture
def hms(simulation: Simulation) -> dict[str, Any]:
    found: dict[str, Any] = simulation.ready["providers"]["hms"]
    return found


@pytest.fixture(params=[True, False], ids=["HTTP/2", "HTTP/1.1"])
def client(request: pytest.FixtureRequest, simulation: Simulation) -> Iterator[httpx.Client]:
    options: dict[str, Any] = {"http2": request.param, "http1": not request.param, "trust_env": False}
    with httpx.Client(verify=simulation.tls(), **options) as client:
        yield client


def mint(client: httpx.Client, hms: dict[str, Any], **changes: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": hms["client_id"],
        "client_secret": Path(hms["client_secret"]).read_text().strip(),
    }
    return client.post(f"{hms['token_endpoint']}/oauth2/v3/token", data=form | changes)


@pytest.fixture
def bearer(client: httpx.Client, hms: dict[str, Any]) -> dict[str, str]:
    return {"authorization": "Bearer " + mint(client, hms).json()["access_token"]}


def post(client: httpx.Client, hms: dict[str, Any], bearer: dict[str, str], document: Any) -> httpx.Response:
    url = f"{hms['endpoint']}/v1/{hms['client_id']}/messages:send"
    return client.post(url, content=json.dumps(document).encode(), headers=bearer)


def send(
    client: httpx.Client, hms: dict[str, Any], bearer: dict[str, str], *tokens: str, **members: Any
) -> httpx.Response:
    message = members or {"data": "{}"}
    return post(client, hms, bearer, {"message": message | {"token": list(tokens)}})


def code(answer: httpx.Response) -> str:
    found: str = answer.json()["code"]
    return found


def test_a_message_reaches_all_of_its_devices(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], bearer: dict[str, str]
) -> None:
    answer = send(client, hms, bearer, *(f"device-{number}" for number in range(1000)))
    assert answer.status_code == 200
    assert answer.json().items() >= {"code": "80000000", "msg": "Success"}.items()
    counts = simulation.counts()
    assert counts["providers"] == {"hms": {"OK": 1000}}
    assert (counts["tokens"], counts["accepted"]) == (1000, 1000)
    assert sum(counts["per_second"][f"hms:{hms['client_id']}"].values()) == 1000
    assert len(simulation.received("device-7")[0]["message"]["message"]["token"]) == 1000


def test_illegal_tokens_are_reported_as_json_inside_a_string(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], bearer: dict[str, str]
) -> None:
    answer = send(client, hms, bearer, "sim:ILLEGAL:a", "b", "c", "sim:ILLEGAL:d")
    assert (answer.status_code, code(answer)) == (200, "80100000")
    report = json.loads(answer.json()["msg"])
    assert report == {"success": 2, "failure": 2, "illegal_tokens": ["sim:ILLEGAL:a", "sim:ILLEGAL:d"]}
    assert {token: each["accepted"] for token, each in simulation.ledger().items()} == {
        "sim:ILLEGAL:a": 0,
        "b": 1,
        "c": 1,
        "sim:ILLEGAL:d": 0,
    }
    assert code(send(client, hms, bearer, "sim:ILLEGAL:a", "sim:ILLEGAL:d")) == "80300007"


@pytest.mark.parametrize("scenario", CODES)
def test_every_documented_code_can_be_had(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], bearer: dict[str, str], scenario: str
) -> None:
    answer = send(client, hms, bearer, f"sim:{scenario};status=200:a", "b")
    assert (answer.status_code, code(answer)) == (200, scenario)
    assert simulation.counts()["outcomes"] == {scenario: 2}
    assert simulation.counts()["accepted"] == 0


@pytest.mark.parametrize("scenario", BARE)
def test_every_answer_without_a_code_can_be_had(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], bearer: dict[str, str], scenario: str
) -> None:
    answer = send(client, hms, bearer, f"sim:{scenario};retry_after=7:a", "b")
    assert answer.status_code == BARE[scenario].status
    assert answer.headers["retry-after"] == "7"
    assert simulation.counts()["accepted"] == (2 if scenario.endswith("SUCCESS") else 0)


def test_a_misspelt_scenario_is_loud(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], bearer: dict[str, str]
) -> None:
    assert "Simulator" in send(client, hms, bearer, "sim:NOPE:a", "sim:ILLEGAL;odd:b").json()["msg"]
    assert simulation.counts()["outcomes"] == {"UNKNOWN_SCENARIO": 1}


@pytest.mark.parametrize(
    "members",
    [
        {"android": {"notification": NOTIFICATION}},
        {"notification": {"title": "T", "body": "B"}, "android": {"notification": {"click_action": {"type": 3}}}},
        {"android": {"notification": NOTIFICATION | {"click_action": {"type": 2, "url": "https://x"}}}},
        {"android": {"notification": NOTIFICATION | {"click_action": {"type": 1, "intent": "#Intent;end"}}}},
        {"data": "x", "android": {"ttl": "1296000s", "collapse_key": 100, "urgency": "HIGH"}},
        {"data": "x", "android": {"ttl": "60", "collapse_key": -1}},
        {"data": "x" * 4000},
    ],
)
def test_a_valid_message_is_accepted(
    client: httpx.Client, hms: dict[str, Any], bearer: dict[str, str], members: dict[str, Any]
) -> None:
    assert code(send(client, hms, bearer, "t" * 5000, **members)) == "80000000"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"android": {"notification": {"title": "T", "body": "B"}}}, "80100003"),
        ({"android": {"notification": {"title": "T", "click_action": {"type": 3}}}}, "80100003"),
        ({"android": {"notification": NOTIFICATION | {"click_action": {"type": 1}}}}, "80100003"),
        ({"android": {"notification": NOTIFICATION | {"click_action": {"type": 9}}}}, "80100003"),
        ({"android": {"notification": NOTIFICATION | {"buttons": [{}] * 4}}}, "80100003"),
        ({"android": {"notification": NOTIFICATION | {"notify_id": 2**31}}}, "80100001"),
        ({"data": {"k": "v"}}, "80100003"),
        ({"android": {}}, "80100003"),
        ({"android": []}, "80100003"),
        ({"data": "x", "android": {"ttl": "1296001s"}}, "80100004"),
        ({"data": "x", "android": {"ttl": 60}}, "80100004"),
        ({"data": "x", "android": {"collapse_key": 101}}, "80100013"),
        ({"data": "x", "android": {"urgency": "LOUD"}}, "80100003"),
        ({"data": "x" * 4100}, "80300008"),
    ],
)
def test_an_invalid_message_is_refused(
    client: httpx.Client,
    simulation: Simulation,
    hms: dict[str, Any],
    bearer: dict[str, str],
    members: dict[str, Any],
    expected: str,
) -> None:
    assert code(send(client, hms, bearer, "a", **members)) == expected
    assert simulation.ledger() == {}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], "80300010"),
        ({"massage": {}}, "80300010"),
        ({"message": {"data": "x", "tokens": ["a"]}}, "80300010"),
        ({"message": {"data": "x", "token": []}}, "80300010"),
        ({"message": {"data": "x", "token": [str(number) for number in range(1001)]}}, "80300010"),
        ({"message": {"data": "x", "token": ["a", "b", "a"]}}, "80100001"),
        ({"message": {"data": "x", "token": ["a", 5]}}, "80100001"),
    ],
)
def test_a_request_has_one_to_a_thousand_different_tokens(
    client: httpx.Client, hms: dict[str, Any], bearer: dict[str, str], document: Any, expected: str
) -> None:
    assert code(post(client, hms, bearer, document)) == expected


def test_a_body_that_is_no_json_is_refused(client: httpx.Client, hms: dict[str, Any], bearer: dict[str, str]) -> None:
    url = f"{hms['endpoint']}/v1/{hms['client_id']}/messages:send"
    assert code(client.post(url, content=b"{", headers=bearer)) == "80100003"


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/v1/{client_id}/messages:send", 200, "80000000"),
        ("/v2/{project_id}/messages:send", 200, "80000000"),
        ("/v1/{project_id}/messages:send", 400, "80300002"),
        ("/v2/{client_id}/messages:send", 400, "80300002"),
        ("/v3/{project_id}/messages:send", 404, None),
        ("/v1/{client_id}/messages:sent", 404, None),
    ],
)
def test_a_path_names_a_version_and_its_account(
    client: httpx.Client, hms: dict[str, Any], bearer: dict[str, str], path: str, status: int, expected: str | None
) -> None:
    answer = client.post(
        hms["endpoint"] + path.format(**hms), json={"message": {"data": "x", "token": ["a"]}}, headers=bearer
    )
    assert (answer.status_code, code(answer) if answer.content else None) == (status, expected)


def test_an_access_token_expires_or_is_revoked(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], bearer: dict[str, str]
) -> None:
    assert code(send(client, hms, {}, "a")) == "80200001"
    assert simulation.revoke(hms["client_id"]) >= 1
    assert code(send(client, hms, bearer, "a")) == "80200001"
    simulation.profile(oauth_lifetime_s=0)
    expired = {"authorization": "Bearer " + mint(client, hms).json()["access_token"]}
    assert code(send(client, hms, expired, "a")) == "80200003"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "80000000"),
        ({"aud": "https://oauth-login.cloud.huawei.com/oauth2/v3/token"}, "80000000"),
        ({"iat": int(time.time()) - 3700, "exp": int(time.time()) - 100}, "80200005"),
        ({"aud": "https://elsewhere"}, "80200001"),
        ({"iss": "nobody"}, "80200001"),
        ({"exp": int(time.time()) + 7200}, "80200001"),
        ({"kid": "another"}, "80200001"),
        ({"alg": "RS256"}, "80200001"),
    ],
)
def test_a_service_accounts_jwt_is_an_access_token(
    client: httpx.Client, hms: dict[str, Any], changes: dict[str, Any], expected: str
) -> None:
    account = json.loads(Path(hms["service_account"]).read_text())
    now = int(time.time())
    claims: dict[str, Any] = {"iss": account["sub_account"], "iat": now, "exp": now + 3600} | changes
    claims.setdefault("aud", f"{hms['token_endpoint']}/oauth2/v3/token")
    key_id, algorithm = claims.pop("kid", account["key_id"]), claims.pop("alg", "PS256")
    token = jwt.encode(claims, account["private_key"], algorithm, headers={"kid": key_id})
    assert code(send(client, hms, {"authorization": f"Bearer {token}"}, "a")) == expected


def test_the_token_endpoint_escapes_slashes_and_refuses_by_number(client: httpx.Client, hms: dict[str, Any]) -> None:
    assert mint(client, hms).json()["expires_in"] == 3600
    wrong = [
        ({"client_id": "x"}, 20002),
        ({"client_id": "1"}, 20003),
        ({"client_secret": ""}, 20171),
        ({"client_secret": "wrong"}, 12304),
    ]
    for changes, sub_error in wrong:
        answer = mint(client, hms, **changes)
        assert answer.status_code == 400
        assert answer.json().items() >= {"error": 1101, "sub_error": sub_error}.items()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_rule_can_refuse_access_tokens(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], fault: str
) -> None:
    simulation.rules({"provider": "hms", "endpoint": "token", "fault": fault, "count": 1})
    assert mint(client, hms).status_code == FAULTS[fault][0]
    assert mint(client, hms).status_code == 200


def test_more_devices_in_a_second_than_the_profile_allows_are_flow_controlled(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], bearer: dict[str, str]
) -> None:
    simulation.profile(hms_rate_per_s=10)
    answer = send(client, hms, bearer, *map(str, range(11)))
    assert (answer.status_code, answer.content) == (503, b"")
    assert send(client, hms, bearer, *map(str, range(10))).status_code == 200
    assert simulation.counts()["outcomes"] == {"FLOW_CONTROL": 11, "OK": 10}


def test_a_notification_with_a_tag_replaces_the_one_that_is_there(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], bearer: dict[str, str]
) -> None:
    for tag in ("a", "a", "b"):
        send(client, hms, bearer, "device", android={"notification": NOTIFICATION | {"tag": tag}})
    send(client, hms, bearer, "device", data="silent")
    assert simulation.counts()["seen"] == {"total": 2, "tokens": 1, "max_per_token": 2, "replaced": 1}


def test_a_validation_delivers_nothing(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], bearer: dict[str, str]
) -> None:
    post(client, hms, bearer, {"validate_only": True, "message": {"data": "x", "token": ["a"]}})
    assert simulation.counts()["outcomes"] == {"VALIDATED": 1}
    assert simulation.counts()["accepted"] == 0


def test_a_rule_for_the_first_token_meets_the_whole_request(
    client: httpx.Client, simulation: Simulation, hms: dict[str, Any], bearer: dict[str, str]
) -> None:
    simulation.rules({"provider": "hms", "fault": "81000001", "token_prefix": "a"})
    assert code(send(client, hms, bearer, "a", "b")) == "81000001"
    assert code(send(client, hms, bearer, "b", "a")) == "80000000"
