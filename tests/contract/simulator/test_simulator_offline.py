"""Devices that are off get what their provider keeps when they come back, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulator.apns.notification import kept_until
from simulator.fcm.device import shelf, shelf_life
from simulator.ledger import Arrival
from simulator.shelf import Kept, Shelf
from tests.contract.simulator.apns_peer import facts, provider_token, token
from tests.simulation import Simulation

OFF = "sim:OFFLINE:device"


@pytest.fixture
def fcm(simulation: Simulation) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {simulation.access_token()}"}
    with httpx.Client(http2=True, verify=simulation.tls(), headers=headers, trust_env=False) as client:
        yield client


def send(fcm: httpx.Client, simulation: Simulation, title: str, device: str = OFF, **android: Any) -> None:
    message = {"token": device, "android": {"notification": {"title": title}} | android}
    assert fcm.post(simulation.send_url(), json={"message": message}).status_code == 200


def push(simulation: Simulation, body: str, device: str, **headers: str) -> None:
    known = facts(simulation)
    given = {"authorization": f"bearer {provider_token(simulation)}", "apns-topic": known["topic"]}
    with httpx.Client(http2=True, http1=False, verify=simulation.tls("h2"), trust_env=False) as client:
        url, content = f"{known['endpoint']}/3/device/{device}", f'{{"aps":{{"alert":"{body}"}}}}'
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        assert client.post(url, content=content, headers=given | more).status_code == 200


def wake(simulation: Simulation, **which: str) -> int:
    delivered: int = simulation.control("POST", "/wake", which)["delivered"]
    return delivered


def delivered(simulation: Simulation, device: str) -> list[Any]:
    return [each["message"] for each in simulation.received(device) if each["outcome"] == "DELIVERED"]


def test_a_device_that_is_off_gets_its_messages_when_it_comes_back(fcm: httpx.Client, simulation: Simulation) -> None:
    send(fcm, simulation, "one")
    send(fcm, simulation, "two")
    counts = simulation.counts()
    assert (counts["accepted"], counts["seen"]["total"], counts["outcomes"]) == (0, 0, {"OFFLINE": 2})
    assert counts["waiting"]["fcm"] == {"held": 2, "lost": 0}
    assert wake(simulation) == 2
    assert [each["android"]["notification"]["title"] for each in delivered(simulation, OFF)] == ["one", "two"]
    counts = simulation.counts()
    assert (counts["accepted"], counts["seen"]["total"], counts["requests"]) == (2, 2, 2)
    assert simulation.ledger()[OFF]["received"] == 2
    assert wake(simulation) == 0


def test_fcm_keeps_the_last_message_of_a_collapse_key(fcm: httpx.Client, simulation: Simulation) -> None:
    for title in ("one", "two", "three"):
        send(fcm, simulation, title, collapse_key="score")
    send(fcm, simulation, "gone", ttl="0s")
    assert wake(simulation, provider="fcm") == 1
    assert delivered(simulation, OFF)[0]["android"]["notification"]["title"] == "three"
    assert simulation.counts()["waiting"]["fcm"] == {"held": 0, "lost": 3}


def test_apns_keeps_one_notification_for_each_app(simulation: Simulation) -> None:
    device = token(OFF)
    push(simulation, "one", device)
    push(simulation, "two", device, apns_collapse_id="a")
    push(simulation, "mac", device, apns_topic=facts(simulation)["topic"] + ".mac")
    push(simulation, "now", token("sim:OFFLINE:other"), apns_expiration="0")
    assert wake(simulation, provider="apns", token_prefix=device) == 2
    assert [each["aps"]["alert"] for each in delivered(simulation, device)] == ["two", "mac"]
    assert simulation.counts()["waiting"]["apns"] == {"held": 0, "lost": 2}


def test_a_rule_can_switch_devices_off(fcm: httpx.Client, simulation: Simulation) -> None:
    simulation.rules({"fault": "OFFLINE", "token_prefix": "a"})
    for device in ("a1", "a2", "b"):
        send(fcm, simulation, "one", device)
    assert simulation.counts()["accepted"] == 1
    simulation.drop_rules()
    assert (wake(simulation, token_prefix="a1"), simulation.counts()["accepted"]) == (1, 2)
    simulation.reset()
    assert wake(simulation) == 0


@pytest.mark.parametrize("provider", ["webpush", "wns", "hms"])
def test_others_have_no_devices_that_are_off(simulation: Simulation, provider: str) -> None:
    with pytest.raises(RuntimeError, match="400"):
        simulation.rules({"provider": provider, "fault": "OFFLINE"})


# -- limits and times -------------------------------------------------------------------------------------------------


def kept(name: str, key: str | None = None, expires_at: float = 10) -> Kept:
    return Kept(Arrival("device", 0, "OK", True, True, None, name.encode()), key, expires_at)  # noqa: FBT003


def taken(shelf: Shelf, now: float = 0) -> list[str]:
    return [arrival.body.decode() for arrival in shelf.take("", now)]


def test_fcm_keeps_four_collapse_keys() -> None:
    held = shelf()
    for name, key in (("1", "a"), ("2", "b"), ("3", "c"), ("4", "d"), ("5", "b"), ("6", "e")):
        held.put(kept(name, key), 0)
    assert (taken(held), held.lost) == (["3", "4", "5", "6"], 2)


def test_the_hundred_and_first_message_costs_all_without_a_key() -> None:
    held = shelf()
    held.put(kept("keyed", "a"), 0)
    for number in range(100):
        held.put(kept(str(number)), 0)
    assert held.held == 101
    held.put(kept("one too many"), 0)
    assert (taken(held), held.lost) == (["keyed"], 101)


def test_what_has_expired_is_not_delivered() -> None:
    held = shelf()
    held.put(kept("short", expires_at=5), 0)
    held.put(kept("long"), 0)
    held.put(kept("over", expires_at=3), 3)
    assert (taken(held, 5), held.lost, held.held) == (["long"], 2, 0)


def test_times_to_live_are_read_as_they_are_written() -> None:
    assert shelf_life(b'{"message":{"token":"a","android":{"ttl":"3.5s","collapseKey":"k"}}}', 100) == ("k", 103.5)
    assert shelf_life(b'{"message":{"token":"a"}}', 100) == (None, 100 + 28 * 86_400)
    assert kept_until({b"apns-expiration": b"150"}, 100) == 150
    assert kept_until({b"apns-expiration": b"0"}, 100) == 0
    assert kept_until({}, 100) == 100 + 30 * 86_400
    assert kept_until({b"apns-expiration": b"99999999"}, 100) == 100 + 30 * 86_400
