"""A device's time zone: said, replaced, kept."""

from __future__ import annotations

import pytest

from clarion.app import App
from clarion.errors import InvalidField, UnknownDevice
from clarion.registry import OS, Device, find, learn, read, register, restore, scan, unregister
from clarion.transport.direct import DirectTransport
from tests.integration.registry import audit
from tests.integration.registry.burial import bury

APP = "demo"
FIELDS = {"deviceId": "phone", "os": "IOS", "deviceToken": "t"}


def device(**changes):
    return Device("t", "phone", OS.IOS, **changes)


def zone(storage):
    [(_, found)] = find(storage, APP, ["phone"], 0)
    return found.zone


@pytest.fixture
def transport(storage):
    return DirectTransport(storage, App(APP, "Demo"))


@pytest.mark.parametrize("said", [None, "UTC", "America/Argentina/Buenos_Aires"])
def test_what_a_registration_says_is_stored(storage, said):
    register(storage, APP, [device(zone=said)])
    [record] = read(storage, APP, 0, [0])
    assert record.zone == zone(storage) == said
    assert [each.zone for each in scan(storage, APP)] == [said]


def test_registering_again_replaces_it(storage):
    register(storage, APP, [device(zone="Europe/Paris")])
    register(storage, APP, [device(zone="Asia/Tokyo")])
    assert zone(storage) == "Asia/Tokyo"
    register(storage, APP, [device()])
    assert zone(storage) is None


def test_what_happens_to_a_device_otherwise_leaves_it(storage):
    register(storage, APP, [device(zone="Europe/Paris", channels=("a", "b"))])
    assert unregister(storage, APP, "phone", ["a"], 0).zone == "Europe/Paris"
    assert learn(storage, APP, 0, {0: ("t", "sandbox")}) == 1
    bury(storage, APP, 0, {0: "t"})
    restore(storage, APP, ["phone"], 5)
    assert find(storage, APP, ["phone"], 5) == [
        (0, device(zone="Europe/Paris", channels=("b",), environment="sandbox", registered_at=5))
    ]
    audit.check(storage, APP)


def test_what_was_learned_of_a_token_does_not_bring_an_old_zone_back(storage):
    register(storage, APP, [device(zone="Europe/Paris")])
    learn(storage, APP, 0, {0: ("t", "sandbox")})
    register(storage, APP, [device()])
    assert find(storage, APP, ["phone"], 0) == [(0, device(environment="sandbox"))]


@pytest.mark.parametrize(("said", "kept"), [("Europe/Paris", "Europe/Paris"), ("", None), (None, None)])
def test_it_is_registered_and_read_by_the_wires_name(transport, said, kept):
    transport.register(FIELDS | {"timeZone": said})
    assert [found.time_zone for found in transport.registrations("phone")] == [kept]


def test_an_unknown_one_registers_nobody(transport):
    with pytest.raises(InvalidField, match=r"^Invalid timeZone: expected an IANA time zone such as Europe/Paris"):
        transport.register(FIELDS | {"timeZone": "Mars/Phobos"})
    with pytest.raises(UnknownDevice):
        transport.registrations("phone")
