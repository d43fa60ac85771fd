"""One publish to devices of all kinds, and what each provider's rules do to delivery."""

from __future__ import annotations

import json

import pytest

from clarion.app import Quarantine
from clarion.delivery.governor import Gate
from clarion.message import State
from clarion.registry import OS, count, find, removed
from clarion.storage import keys


def hexed(name):
    return name.encode().hex()


def subscription(system, name):
    browser = system.simulation.ready["providers"]["webpush"]
    keys = {"p256dh": browser["p256dh"], "auth": browser["auth"]}
    return json.dumps({"endpoint": f"{browser['origin']}/push/{name}", "keys": keys})


def channel(system, name):
    return f"{system.simulation.ready['providers']['wns']['origin']}/w/?token={name}"


def apple(system, *names, os=OS.IOS, **fields):
    return [device for name in names for device in system.devices(1, token=hexed(name), os=os, **fields)]


def rules(system, provider, fault, **rule):
    system.simulation.rules({"provider": provider, "fault": fault} | rule)


def test_one_publish_reaches_all_six_kinds_and_has_one_set_of_books(system):
    for number in range(5):
        apple(system, f"ios-{number}")
        apple(system, f"osx-{number}", os=OS.OSX)
        system.devices(1, token=f"android-{number}")
        system.devices(1, token=f"hms-{number}", os=OS.HMS)
        system.devices(1, token=subscription(system, f"web-{number}"), os=OS.WEB)
        system.devices(1, token=channel(system, f"wp-{number}"), os=OS.WP)
    message_id = system.publish()
    assert system.progress(message_id).state is State.PUBLISHED
    assert system.books(message_id) == {
        "accepted|apns|": 10,
        "accepted|fcm|": 5,
        "accepted|hms|": 5,
        "accepted|webpush|": 5,
        "accepted|wns|": 5,
    }
    assert system.simulation.counts()["max_accepted_per_token"] == 1


def test_each_provider_proves_its_own_tokens_dead(system):
    apple(system, "sim:Unregistered:1", "living")
    system.devices(1, token="sim:UNREGISTERED:1")
    system.devices(2, token="hms-{}", os=OS.HMS)
    system.devices(1, token="sim:ILLEGAL:1", os=OS.HMS)
    system.devices(1, token=subscription(system, "sim:errno_103:1"), os=OS.WEB)
    system.devices(1, token=channel(system, "sim:GONE:1"), os=OS.WP)
    message_id = system.publish()
    dead = {line: devices for line, devices in system.books(message_id).items() if line.startswith("unregistered")}
    assert {line.split("|")[1]: devices for line, devices in dead.items()} == dict.fromkeys(
        ("apns", "fcm", "hms", "webpush", "wns"), 1
    )
    assert count(system.storage, "demo") == 3
    assert len(list(removed(system.storage, "demo"))) == 5


def test_a_batch_provider_gets_many_devices_in_one_request(new_system):
    system = new_system()
    system.devices(40, token="hms-{}", os=OS.HMS)
    message_id = system.publish()
    assert system.books(message_id) == {"accepted|hms|": 40}
    (received,) = system.simulation.received("hms-0")
    assert len(received["message"]["message"]["token"]) == 40


def test_a_token_of_the_other_environment_is_tried_there_once_and_remembered(system):
    sandbox = "5a" + hexed("debug build")
    (device,) = system.devices(1, token=sandbox, os=OS.IOS)
    apple(system, *(f"living-{n}" for n in range(3)))
    assert system.books(system.publish()) == {"accepted|apns|": 4}
    ((_, found),) = find(system.storage, "demo", [device.device_id], system.clock())
    assert found.environment == "sandbox"
    system.simulation.reset()
    assert system.books(system.publish()) == {"accepted|apns|": 4}
    assert system.simulation.counts()["requests"] == 4


def test_a_token_of_neither_environment_is_a_suspect(system):
    apple(system, "sim:BadDeviceToken:1", *(f"living-{n}" for n in range(3)))
    assert system.books(system.publish()) == {"accepted|apns|": 3, "rejected|apns|BadDeviceToken": 1}
    assert count(system.storage, "demo") == 4


def test_a_device_that_registered_after_its_token_was_called_dead_stays(system):
    since_ms = system.clock() - 60_000
    apple(system, f"sim:Unregistered;since_ms={since_ms}:1")
    message_id = system.publish()
    assert system.books(message_id) == {"unregistered|apns|Unregistered": 1}
    assert count(system.storage, "demo") == 1


def test_an_expired_provider_token_is_replaced_on_a_new_connection(system):
    apple(system, *(f"living-{n}" for n in range(10)))
    system.publish()
    before = system.simulation.counts()["connections_per_provider"]["apns"]["opened"]
    rules(system, "apns", "ExpiredProviderToken", count=1)
    system.clock.ahead_ms = 45 * 60_000
    message_id = system.accept()
    system.plan(message_id)
    assert system.deliver(message_id) == ["reopened"]
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|apns|": 10}
    assert system.simulation.counts()["connections_per_provider"]["apns"]["opened"] == before + 1


def test_the_fleet_sends_with_one_provider_token(system):
    apple(system, *(f"living-{n}" for n in range(60)))
    message_id = system.accept()
    system.plan(message_id)
    outfits = [system.new_outfit() for _ in range(2)]
    for outfit in outfits:
        system.deliver(message_id, outfit)
    provider = system.outfit.providers["demo"]["IOS"]
    assert len({outfit.bearers.get(provider) for outfit in (system.outfit, *outfits)}) == 1


@pytest.mark.parametrize(("os", "token"), [(OS.WEB, "https://attacker.example/push/1"), (OS.WP, "https://10.0.0.1/x")])
def test_no_request_goes_to_a_host_that_is_no_push_service(system, os, token):
    keys = json.loads(subscription(system, "x"))["keys"]
    address = json.dumps({"endpoint": token, "keys": keys}) if os is OS.WEB else token
    system.devices(1, token=address, os=os)
    (line,) = system.books(system.publish())
    assert line.startswith("rejected|")
    assert "NOT_ALLOWED" in line
    assert system.simulation.counts()["requests"] == 0


def test_a_mistaken_vapid_key_removes_no_browser(new_system):
    system = new_system(quarantine=Quarantine(strikes=1, span_s=0, share=1.0))
    for number in range(30):
        system.devices(1, token=subscription(system, f"sim:CHROME_MISMATCH:{number}"), os=OS.WEB)
    message_id = system.accept()
    system.plan(message_id)
    assert system.deliver(message_id) == ["reopened"]
    assert system.books(message_id) == {"pending": 30}
    assert count(system.storage, "demo") == 30


def open_by_time(system, os):
    """The wait of a closed gate is over."""
    provider = system.outfit.providers["demo"][os]
    system.storage.main.hset(keys.gate(provider.name, provider.credential, "demo"), "closed", 1)


def park(system, os):
    Gate(system.storage, "demo", system.outfit.providers["demo"][os], urgent=False).park("mended since", 30_000)


@pytest.mark.parametrize("os", list(OS))
def test_behind_a_parked_gate_of_any_provider_a_few_devices_open_it_again(system, os):
    tokens = {
        OS.WEB: lambda n: subscription(system, f"web-{n}"),
        OS.WP: lambda n: channel(system, f"wp-{n}"),
        OS.IOS: lambda n: hexed(f"ios-{n}"),
        OS.OSX: lambda n: hexed(f"osx-{n}"),
    }
    for number in range(30):
        system.devices(1, token=tokens.get(os, "token-{}".format)(number), os=os)
    park(system, os)
    message_id = system.accept()
    system.plan(message_id)
    assert system.deliver(message_id) == ["reopened"]
    assert system.simulation.counts()["requests"] == 0
    open_by_time(system, os)
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed"]
    (line,) = system.books(message_id)
    assert line.startswith("accepted|")


def test_a_probe_follows_its_devices_to_the_other_environment(system):
    for number in range(3):
        system.devices(1, token="5a" + hexed(f"debug-{number}"), os=OS.IOS)
    park(system, OS.IOS)
    open_by_time(system, OS.IOS)
    assert system.books(system.publish()) == {"accepted|apns|": 3}


def test_a_key_that_the_other_environment_refuses_parks_nobody(system):
    apple(system, *(f"living-{n}" for n in range(5)), "stray")
    rules(system, "apns", "BadDeviceToken", token_prefix=hexed("stray"), count=1)
    rules(system, "apns", "BadEnvironmentKeyIdInToken", token_prefix=hexed("stray"))
    assert system.books(system.publish()) == {"accepted|apns|": 5, "rejected|apns|BadDeviceToken": 1}


def test_the_wait_of_one_provider_is_not_that_of_the_others(system):
    apple(system, *(f"sim:InternalServerError;times=1:{n}" for n in range(3)), *(f"living-{n}" for n in range(10)))
    system.devices(30)
    system.devices(3, token="sim:UNAVAILABLE;times=1:{}")
    message_id = system.accept()
    system.plan(message_id)
    assert system.deliver(message_id) == ["reopened"]
    (due_ms,) = system.dues(message_id)[1].values()
    assert due_ms - system.clock() < 15_000
    system.clock.ahead_ms = 20_000
    for shard in system.shards(message_id):
        system.storage.main.zadd(keys.later(message_id), {shard: 1})
    assert system.deliver(message_id) == ["reopened"]
    assert system.books(message_id) == {"accepted|apns|": 10, "accepted|fcm|": 33, "pending": 3}
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed"]


def test_what_was_sent_before_a_provider_token_ended_is_not_sent_twice(system):
    slow = [f"sim:OK;ms=600:{n}" for n in range(30)]
    apple(system, "first")
    system.publish()
    apple(system, *slow)
    apple(system, "expired")
    rules(system, "apns", "ExpiredProviderToken", token_prefix=hexed("expired"), count=1)
    system.clock.ahead_ms = 45 * 60_000
    message_id = system.accept()
    system.plan(message_id)
    system.deliver(message_id)
    system.make_due(message_id)
    system.deliver(message_id)
    assert system.progress(message_id).books.closed
    assert all(each["accepted"] <= 1 for each in system.simulation.ledger(hexed("sim:OK")).values())
