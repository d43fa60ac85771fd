"""The two containers of the index, and the moment a set becomes a bitmap."""

from __future__ import annotations

import pytest

from clarion.registry import OS, Device, count, forget_removed, register
from clarion.storage import keys
from tests.integration.registry import audit
from tests.integration.registry.burial import bury

APP = "app"
KEY = keys.index(APP, 0, "channel:default")


def devices(numbers, **changes):
    return [Device(token=f"t{i}", device_id=f"d{i}", os=OS.IOS, **changes) for i in numbers]


@pytest.mark.parametrize(("size", "container"), [(1, b"set"), (511, b"set"), (512, b"set"), (513, b"string")])
def test_a_term_is_a_set_up_to_512_devices_and_a_bitmap_beyond(storage, size, container):
    register(storage, APP, devices(range(size)))
    assert storage.registry.type(KEY) == container
    assert count(storage, APP, channel="default") == size
    audit.check(storage, APP)


def test_a_set_becomes_a_bitmap_with_the_device_too_many(storage):
    register(storage, APP, devices(range(511)))
    for number, container in ((511, b"set"), (512, b"string"), (513, b"string")):
        register(storage, APP, devices([number]))
        assert storage.registry.type(KEY) == container
        assert len(audit.check(storage, APP)) == number + 1


def test_a_bitmap_is_8_kib_and_stays_one_until_it_is_empty(storage):
    register(storage, APP, devices(range(600)))
    assert storage.registry.strlen(KEY) == 8192
    assert bury(storage, APP, 0, {slot: f"t{slot}" for slot in range(1, 600)}) == 599
    assert storage.registry.strlen(KEY) == 8192
    assert list(audit.check(storage, APP)) == [0]
    assert bury(storage, APP, 0, {0: "t0"}) == 1
    assert not storage.registry.exists(KEY)
    audit.check(storage, APP)


@pytest.mark.parametrize("changed", [1, 8, 9, 700])
def test_devices_that_change_channel_move_from_bitmap_to_bitmap(storage, changed):
    register(storage, APP, devices(range(700)))
    register(storage, APP, devices(range(700, 1400), channels=("news",)))
    register(storage, APP, devices(range(changed), channels=("news", "more")))
    assert count(storage, APP, channel="default") == 700 - changed
    assert count(storage, APP, channel="news") == 700 + changed
    audit.check(storage, APP)


def test_a_batch_across_chunks_lands_in_each_of_them(storage):
    storage.registry.set(keys.ordinals(APP), 2 * 65_536 - 3000)
    register(storage, APP, devices(range(9000)))
    assert sorted(audit.check(storage, APP)) == list(range(2 * 65_536 - 3000, 2 * 65_536 + 6000))
    assert storage.registry.hlen(keys.records(APP, 1)) == 3000
    assert count(storage, APP, OS.IOS, "default") == 9000


def test_nothing_but_the_registrys_keys_is_left_when_everybody_is_gone(storage):
    register(storage, APP, devices(range(2000), expires_at=5))
    assert bury(storage, APP, 0, {slot: f"t{slot}" for slot in range(2000)}) == 2000
    audit.check(storage, APP)
    assert forget_removed(storage, APP, 0) == 2000
    left = {keys.ordinals(APP).encode(), keys.channels(APP).encode()}
    assert set(storage.registry.keys(f"{keys.PREFIX}:*")) == left
