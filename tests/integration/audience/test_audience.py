from __future__ import annotations

import pytest

from clarion.audience import locate, resolve, slots_of
from clarion.errors import NotProvided
from clarion.message import BROADCAST_ALL, PushBroadcast, Target
from clarion.registry import OS, SLOT_BITS, Device, chunk_count, register, unregister
from clarion.storage import keys

APP = "app"


@pytest.fixture
def everybody(storage):
    """Nine devices around the border of two chunks: d0 … d8, each system in turn, `news` on the even ones."""
    storage.registry.set(keys.ordinals(APP), 65_530)
    register(
        storage,
        APP,
        [
            Device(f"t{i}", f"d{i}", list(OS)[i % 6], channels=("default", "news") if i % 2 == 0 else ("default",))
            for i in range(9)
        ],
    )


def ids(storage, target, chunks=None):
    """Numbers of the devices in an audience."""
    chunks = range(chunk_count(storage, APP)) if chunks is None else chunks
    return [
        (chunk << SLOT_BITS | slot) - 65_530
        for chunk, bitmap in resolve(storage, APP, target, chunks)
        for slot in slots_of(bitmap)
    ]


def test_a_channel_is_everybody_on_it(storage, everybody):
    assert ids(storage, Target(channel="default")) == list(range(9))
    assert ids(storage, Target(channel="news")) == [0, 2, 4, 6, 8]
    assert ids(storage, Target(channel="nobody")) == []


def test_operating_systems_narrow_a_channel(storage, everybody):
    assert ids(storage, Target(channel="default", broadcast=PushBroadcast.IOS)) == [0, 6]
    assert ids(storage, Target(channel="news", broadcast=PushBroadcast.IOS | PushBroadcast.ANDROID)) == [0, 6]
    assert ids(storage, Target(channel="news", broadcast=PushBroadcast.WP | PushBroadcast.WEB)) == [2, 4, 8]
    assert ids(storage, Target(channel="news", broadcast=BROADCAST_ALL)) == [0, 2, 4, 6, 8]


def test_single_devices_are_addressed_whatever_channel_they_are_on(storage, everybody):
    target = Target(channel="nobody", devices=("d8", "d1", "stranger", "d1"))
    assert ids(storage, target) == [1, 8]


def test_operating_systems_narrow_single_devices_too(storage, everybody):
    target = Target(channel="default", devices=("d0", "d1", "d6"), broadcast=PushBroadcast.IOS)
    assert ids(storage, target) == [0, 6]


def test_single_devices_that_nobody_knows_are_nobody(storage, everybody):
    assert ids(storage, Target(channel="default", devices=("stranger",))) == []


@pytest.mark.parametrize("devices", [(), tuple(f"d{i}" for i in range(9))])
def test_only_the_chunks_asked_for_are_looked_at(storage, everybody, devices):
    target = Target(channel="default", devices=devices)
    assert ids(storage, target, range(1)) == [0, 1, 2, 3, 4, 5]
    assert ids(storage, target, range(1, 2)) == [6, 7, 8]
    assert ids(storage, target, range(2, 9)) == []


def test_chunks_without_anybody_are_left_out(storage, everybody):
    target = Target(channel="default", broadcast=PushBroadcast.HMS)
    assert [(chunk, len(bitmap)) for chunk, bitmap in resolve(storage, APP, target, range(9))] == [(0, 8192)]


def test_who_leaves_is_in_no_audience(storage, everybody):
    unregister(storage, APP, "d0", ["news"], 0)
    unregister(storage, APP, "d2", None, 0)
    assert ids(storage, Target(channel="news")) == [4, 6, 8]
    assert ids(storage, Target(channel="default", devices=("d0", "d2"))) == [0]


def test_many_chunks_are_resolved_in_order(storage):
    for chunk in range(0, 200, 3):
        storage.registry.set(keys.ordinals(APP), chunk << SLOT_BITS)
        register(storage, APP, [Device(f"t{chunk}", f"d{chunk}", OS.IOS)])
    target = Target(channel="default", broadcast=PushBroadcast.IOS)
    found = [chunk for chunk, _ in resolve(storage, APP, target, range(chunk_count(storage, APP)))]
    assert found == list(range(0, 200, 3))


def test_locating_tells_where_devices_are_and_whom_nobody_knows(storage, everybody):
    assert locate(storage, APP, ["d7", "x", "d1", "d0", "y", "d7"]) == ({0: [65_530, 65_531], 1: [1]}, ["x", "y"])
    assert locate(storage, APP, []) == ({}, [])


def test_a_where_clause_is_refused_rather_than_ignored(storage, everybody):
    with pytest.raises(NotProvided):
        ids(storage, Target(channel="default", segment="os = 'IOS'"))
