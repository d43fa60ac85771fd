"""WNS and Microsoft's token endpoints judge requests as they do, and can answer with every documented status."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from simulator.wns.error import ROWS
from simulator.wns.token import FAULTS
from tests.simulation import Simulation

TOAST = '<toast launch="a"><visual><binding template="ToastGeneric"><text>ü</text></binding></visual></toast>'
TILE = '<tile><visual><binding template="TileMedium"><text>x</text></binding></visual></tile>'

#: Scenario, HTTP status, what became of the notification: the vendor's two tables.
DOCUMENTED = [
    ("RECEIVED", 200, "received"),
    ("DROPPED", 200, "dropped"),
    ("CHANNEL_THROTTLED", 200, "channelthrottled"),
    ("BAD_REQUEST", 400, None),
    ("UNAUTHORIZED", 401, None),
    ("FORBIDDEN", 403, None),
    ("NOT_FOUND", 404, None),
    ("METHOD_NOT_ALLOWED", 405, None),
    ("NOT_ACCEPTABLE", 406, None),
    ("GONE", 410, None),
    ("PAYLOAD_TOO_LARGE", 413, None),
    ("INTERNAL", 500, None),
    ("UNAVAILABLE", 503, None),
]


@pytest.fixture
def wns(simulation: Simulation) -> dict[str, Any]:
    found: dict[str, Any] = simulation.ready["providers"]["wns"]
    return found


@pytest.fixture
def client(simulation: Simulation) -> Iterator[httpx.Client]:
    with httpx.Client(http2=True, verify=simulation.tls(), trust_env=False) as client:
        yield client


def entra(client: httpx.Client, wns: dict[str, Any], **changes: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": wns["client_id"],
        "client_secret": Path(wns["client_secret"]).read_text().strip(),
        "scope": "https://wns.windows.com/.default",
    }
    tenant = changes.pop("tenant", wns["tenant_id"])
    return client.post(f"{wns['token_endpoint']}/{tenant}/oauth2/v2.0/token", data=form | changes)


def store(client: httpx.Client, wns: dict[str, Any], **changes: str) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": wns["package_sid"],
        "client_secret": Path(wns["package_secret"]).read_text().strip(),
        "scope": "notify.windows.com",
    }
    return client.post(f"{wns['token_endpoint']}/accesstoken.srf", data=form | changes)


@pytest.fixture
def headers(client: httpx.Client, wns: dict[str, Any]) -> dict[str, str]:
    return {
        "authorization": "Bearer " + entra(client, wns).json()["access_token"],
        "content-type": "text/xml",
        "x-wns-type": "wns/toast",
        "x-wns-requestforstatus": "true",
    }


def channel(wns: dict[str, Any], token: str, **more: str) -> str:
    return f"{wns['origin']}/w/?token={token}" + "".join(f"&{name}={value}" for name, value in more.items())


def test_a_notification_is_received(
    client: httpx.Client, simulation: Simulation, wns: dict[str, Any], headers: dict[str, str]
) -> None:
    answer = client.post(channel(wns, "AwY%2fdevice"), content=TOAST.encode(), headers=headers | {"x-wns-tag": "a1"})
    assert (answer.status_code, answer.content, answer.http_version) == (200, b"", "HTTP/1.1")
    assert answer.headers["x-wns-notificationstatus"] == "received"
    assert answer.headers["x-wns-deviceconnectionstatus"] == "connected"
    assert len(answer.headers["x-wns-msg-id"]) == 16
    (received,) = simulation.received("AwY/device")
    assert received["message"] == TOAST
    assert received["headers"] == {"x-wns-type": "wns/toast", "x-wns-requestforstatus": "true", "x-wns-tag": "a1"}
    counts = simulation.counts()
    assert counts["providers"] == {"wns": {"OK": 1}}
    assert sum(counts["per_second"][f"wns:{wns['client_id']}"].values()) == 1


def test_nobody_who_does_not_ask_is_told_what_became_of_it(
    client: httpx.Client, wns: dict[str, Any], headers: dict[str, str]
) -> None:
    del headers["x-wns-requestforstatus"]
    answer = client.post(channel(wns, "a"), content=TOAST.encode(), headers=headers)
    assert answer.status_code == 200
    assert "x-wns-notificationstatus" not in answer.headers


def test_every_answer_is_in_the_table() -> None:
    assert {row[0] for row in DOCUMENTED} == ROWS.keys()


@pytest.mark.parametrize("row", DOCUMENTED, ids=[row[0] for row in DOCUMENTED])
@pytest.mark.parametrize("written", [str, quote], ids=["plain", "percent-encoded"])
def test_every_documented_answer_can_be_had(
    client: httpx.Client,
    simulation: Simulation,
    wns: dict[str, Any],
    headers: dict[str, str],
    row: tuple[str, int, str | None],
    written: Any,
) -> None:
    scenario, http, status = row
    token = f"sim:{scenario};continue_after=9;retry_after=8:device"
    answer = client.post(channel(wns, written(token)), content=TOAST.encode(), headers=headers)
    assert (answer.status_code, answer.headers.get("x-wns-notificationstatus")) == (http, status)
    assert (answer.headers["x-wns-continue-after"], answer.headers["retry-after"]) == ("9", "8")
    assert simulation.counts()["outcomes"] == {scenario: 1}
    assert simulation.ledger()[token]["accepted"] == (scenario == "RECEIVED")


def test_the_status_header_has_two_spellings(
    client: httpx.Client, wns: dict[str, Any], headers: dict[str, str]
) -> None:
    url = channel(wns, "sim:DROPPED;spelling=documented:a")
    assert client.post(url, content=TOAST.encode(), headers=headers).headers["x-wns-status"] == "dropped"


@pytest.mark.parametrize("scenario", ["NOPE", "DROPPED;spelling=odd", "RECEIVED;debug=x"])
def test_a_misspelt_scenario_is_loud(
    client: httpx.Client, simulation: Simulation, wns: dict[str, Any], headers: dict[str, str], scenario: str
) -> None:
    answer = client.post(channel(wns, f"sim:{scenario}:a"), content=TOAST.encode(), headers=headers)
    assert answer.status_code == 400
    assert "Simulator" in answer.headers["x-wns-error-description"]
    assert simulation.counts()["outcomes"] == {"UNKNOWN_SCENARIO": 1}


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"x-wns-type": "wns/tile", "x-wns-ttl": "60", "x-wns-cache-policy": "no-cache"}, TILE),
        ({"x-wns-type": "wns/badge", "x-wns-priority": "2"}, '<badge value="7"/>'),
        ({"x-wns-type": "wns/raw", "content-type": "application/octet-stream"}, "no <xml"),
        ({"content-type": "text/xml; charset=utf-8", "x-wns-tag": "a" * 16, "x-wns-group": "g"}, TOAST),
        ({"x-wns-type": "wns/raw", "content-type": "application/octet-stream"}, "x" * 5000),
    ],
)
def test_a_valid_notification_is_taken(
    client: httpx.Client, wns: dict[str, Any], headers: dict[str, str], changes: dict[str, str], body: str
) -> None:
    answer = client.post(channel(wns, "a"), content=body.encode(), headers=headers | changes)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changes", "body", "status"),
    [
        ({"x-wns-type": "wns/poster"}, TOAST, 400),
        ({"x-wns-type": "wns/raw"}, TOAST, 400),
        ({"content-type": "application/octet-stream"}, TOAST, 400),
        ({"x-wns-tag": "a" * 17}, TOAST, 400),
        ({"x-wns-tag": "a-b"}, TOAST, 400),
        ({"x-wns-ttl": "-1"}, TOAST, 400),
        ({"x-wns-cache-policy": "maybe"}, TOAST, 400),
        ({"x-wns-priority": "0"}, TOAST, 400),
        ({"x-wns-suppresspopup": "true"}, TOAST, 400),
        ({}, TOAST[:-1], 400),
        ({}, TILE, 400),
        ({}, "<toast/>", 400),
        ({"x-wns-type": "wns/badge"}, "<badge/>", 400),
        ({}, TOAST.replace("ü", "x" * 5000), 413),
        ({"authorization": "Bearer nobody"}, TOAST, 401),
    ],
)
def test_an_invalid_notification_is_refused(
    client: httpx.Client,
    simulation: Simulation,
    wns: dict[str, Any],
    headers: dict[str, str],
    changes: dict[str, str],
    body: str,
    status: int,
) -> None:
    answer = client.post(channel(wns, "a"), content=body.encode(), headers=headers | changes)
    assert answer.status_code == status
    assert answer.headers["x-wns-error-description"]
    assert simulation.ledger() == {}


def test_a_body_has_its_length_before_it(client: httpx.Client, wns: dict[str, Any], headers: dict[str, str]) -> None:
    chunked = client.post(channel(wns, "a"), content=iter([TOAST.encode()]), headers=headers)
    assert chunked.status_code == 400
    bare = client.build_request("POST", channel(wns, "a"), headers=headers)
    del bare.headers["content-length"]
    assert client.send(bare).status_code == 411


def test_only_post_notifies(client: httpx.Client, wns: dict[str, Any], headers: dict[str, str]) -> None:
    assert client.get(channel(wns, "a"), headers=headers).status_code == 405


def test_an_address_without_a_token_is_no_channel(
    client: httpx.Client, wns: dict[str, Any], headers: dict[str, str]
) -> None:
    assert client.post(f"{wns['origin']}/w/", content=TOAST.encode(), headers=headers).status_code == 404


def test_a_channel_can_belong_to_one_app_alone(
    client: httpx.Client, wns: dict[str, Any], headers: dict[str, str]
) -> None:
    for app, status in ((wns["client_id"], 200), (wns["package_sid"], 403)):
        url = channel(wns, "a", app=quote(app, safe=""))
        assert client.post(url, content=TOAST.encode(), headers=headers).status_code == status


def test_a_toast_with_a_tag_replaces_the_one_that_is_there(
    client: httpx.Client, simulation: Simulation, wns: dict[str, Any], headers: dict[str, str]
) -> None:
    for tag in ("a", "a", "b"):
        client.post(channel(wns, "device"), content=TOAST.encode(), headers=headers | {"x-wns-tag": tag})
    assert simulation.counts()["seen"] == {"total": 2, "tokens": 1, "max_per_token": 2, "replaced": 1}


def test_both_flows_give_tokens_and_entra_writes_numbers_as_strings(
    client: httpx.Client, simulation: Simulation, wns: dict[str, Any]
) -> None:
    given = entra(client, wns).json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", "3600")
    given = store(client, wns).json()
    assert (given["token_type"], given["expires_in"]) == ("bearer", 3600)
    headers = {
        "content-type": "text/xml",
        "x-wns-type": "wns/toast",
        "authorization": f"Bearer {given['access_token']}",
    }
    assert client.post(channel(wns, "a"), content=TOAST.encode(), headers=headers).status_code == 200
    mints = {f"wns:{wns['client_id']}": 1, f"wns:{wns['package_sid']}": 1}
    assert simulation.counts()["mints_per_credential"] == mints


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 400, "unauthorized_client"),
        ({"scope": "notify.windows.com"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"tenant": "another"}, 400, "invalid_request"),
    ],
)
def test_entra_refuses_what_is_wrong(
    client: httpx.Client, wns: dict[str, Any], changes: dict[str, str], status: int, error: str
) -> None:
    answer = entra(client, wns, **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_the_store_does_not_take_entras_client(client: httpx.Client, wns: dict[str, Any]) -> None:
    secret = Path(wns["client_secret"]).read_text().strip()
    assert store(client, wns, client_id=wns["client_id"], client_secret=secret).status_code == 400
    assert store(client, wns, client_secret="wrong").status_code == 400


@pytest.mark.parametrize("fault", FAULTS)
def test_a_rule_can_refuse_access_tokens(
    client: httpx.Client, simulation: Simulation, wns: dict[str, Any], fault: str
) -> None:
    simulation.rules({"provider": "wns", "endpoint": "token", "fault": fault, "project": wns["client_id"]})
    assert entra(client, wns).status_code == FAULTS[fault][0]
    assert store(client, wns).status_code == 200


def test_an_access_token_ends_when_it_expires_or_is_revoked(
    client: httpx.Client, simulation: Simulation, wns: dict[str, Any], headers: dict[str, str]
) -> None:
    assert simulation.revoke(wns["client_id"]) >= 1
    assert client.post(channel(wns, "a"), content=TOAST.encode(), headers=headers).status_code == 401
    simulation.profile(oauth_lifetime_s=0)
    headers["authorization"] = "Bearer " + entra(client, wns).json()["access_token"]
    assert client.post(channel(wns, "a"), content=TOAST.encode(), headers=headers).status_code == 401


def test_the_key_files_are_for_their_owner_alone(wns: dict[str, Any]) -> None:
    assert {Path(wns[name]).stat().st_mode & 0o777 for name in ("client_secret", "package_secret")} == {0o600}


def test_rules_and_transport_faults_reach_channels(
    client: httpx.Client, simulation: Simulation, wns: dict[str, Any], headers: dict[str, str]
) -> None:
    simulation.rules({"provider": "wns", "fault": "GONE", "token_prefix": "old"})
    assert client.post(channel(wns, "old-1"), content=TOAST.encode(), headers=headers).status_code == 410
    assert client.post(channel(wns, "new-1"), content=TOAST.encode(), headers=headers).status_code == 200
    with pytest.raises(httpx.TransportError):
        client.post(channel(wns, "sim:DROP:a"), content=TOAST.encode(), headers=headers)


def test_a_client_that_is_too_fast_is_told_to_slow_down(
    client: httpx.Client, simulation: Simulation, wns: dict[str, Any], headers: dict[str, str]
) -> None:
    simulation.profile(wns_rate_per_s=2)
    statuses: list[int] = []
    while statuses.count(406) < 1:  # a second may end between two of them, and then three are taken
        statuses.append(client.post(channel(wns, "a"), content=TOAST.encode(), headers=headers).status_code)
    assert set(statuses) == {200, 406}
    assert len(statuses) >= 3
    assert simulation.ledger()["a"]["accepted"] == len(statuses) - 1
    simulation.profile(wns_rate_per_s=None)
    assert client.post(channel(wns, "a"), content=TOAST.encode(), headers=headers).status_code == 200


@pytest.mark.parametrize("name", ["x-wns-type", "x-wns-tag", "content-type", "x-request-id"])
def test_a_header_sent_twice_is_refused(
    client: httpx.Client, wns: dict[str, Any], headers: dict[str, str], name: str
) -> None:
    twice = [*headers.items(), (name, headers.get(name, "a")), *([] if name in headers else [(name, "a")])]
    answer = client.post(channel(wns, "a"), content=TOAST.encode(), headers=twice)
    assert answer.status_code == 400
    assert "twice" in answer.headers["x-wns-error-description"]
