"""Long registrations: batches that overlap in time, and ordinals that are offered before they are needed."""

from __future__ import annotations

import pytest

from clarion.registry import OS, Device, chunk_count, count, find, register
from clarion.registry.chunk import change, write
from clarion.registry.enrolment import BATCH, enrol
from clarion.registry.ordinal import Supply
from clarion.registry.record import encode
from clarion.storage import keys
from tests.integration.registry import audit

APP = "app"


def devices(numbers, **changes):
    return [Device(token=f"t{i}", device_id=f"d{i}", os=OS.IOS, **changes) for i in numbers]


def test_known_devices_among_new_ones_keep_their_ordinals(storage):
    known = devices(range(2 * BATCH, 2 * BATCH + 700))
    ordinals = register(storage, APP, known)
    everybody = devices(range(3 * BATCH))
    found = register(storage, APP, everybody)
    assert found[2 * BATCH : 2 * BATCH + 700] == ordinals
    assert len(set(found)) == 3 * BATCH
    assert audit.check(storage, APP) == dict(zip(found, everybody, strict=True))


def test_registering_everybody_again_uses_up_no_ordinals(storage):
    everybody = devices(range(2 * BATCH))
    ordinals = register(storage, APP, everybody)
    assert register(storage, APP, everybody) == ordinals
    assert storage.registry.get(keys.ordinals(APP)) == b"%d" % (2 * BATCH)


def test_the_last_of_several_batches_for_a_device_stays(storage):
    early, late = devices(range(BATCH)), devices(range(BATCH), channels=("late",))
    moved = [Device(token=f"t{i}", device_id=f"new {i}", os=OS.IOS) for i in range(5)]
    ordinals = register(storage, APP, [*early, *late, *moved])
    assert ordinals[:BATCH] == ordinals[BATCH : 2 * BATCH]
    found = audit.check(storage, APP)
    assert sorted(each.device_id for each in found.values()) == sorted(each.device_id for each in [*late[5:], *moved])
    assert count(storage, APP, channel="late") == BATCH - 5


def test_pieces_are_answered_in_order_whatever_is_in_them(storage):
    pieces = [devices([1, 2]), [], devices([3, 3, 1]), devices([4])]
    assert list(enrol(storage, APP, pieces)) == [[0, 1], [], [2, 2, 0], [3]]
    assert len(audit.check(storage, APP)) == 4


def test_ordinals_that_were_put_back_serve_the_next_devices(storage):
    supply = Supply(storage, APP)
    assert supply.take(3) == [0, 1, 2]
    supply.put_back([1])
    assert supply.take(2) == [1, 3]
    assert chunk_count(storage, APP) == 1


@pytest.mark.parametrize(("devices_", "new", "expected"), [(5, 5, False), (5000, 5000, True), (5000, 100, False)])
def test_new_devices_are_expected_after_many_new_ones(storage, devices_, new, expected):
    supply = Supply(storage, APP)
    supply.note(devices_, new)
    assert supply.expects_new is expected


def test_many_changes_at_once_leave_out_those_whose_record_has_changed(storage):
    some = devices(range(600))
    register(storage, APP, some)
    renewed = devices(range(600), channels=("news",))
    # Every tenth was read before it was written.
    changes = [
        change(i, encode(old if i % 10 else devices([i], os_version="1")[0]), new, encode(new))
        for i, (old, new) in enumerate(zip(some, renewed, strict=True))
    ]
    assert write(storage, APP, changes) == [bool(i % 10) for i in range(600)]
    assert count(storage, APP, channel="news") == 540
    assert find(storage, APP, ["d10", "d11"], 0) == [(10, some[10]), (11, renewed[11])]
    audit.check(storage, APP)
