"""A throttled message: its shards follow one another, each in a slot of time of its own."""

from __future__ import annotations

import pytest

from clarion import lifecycle
from clarion.clock import wall_clock_ms
from clarion.delivery.deliver import deliver
from clarion.delivery.governor import Gate
from clarion.delivery.throttle import reserve
from clarion.message import DeliveryOptions, State
from clarion.schedule.promotion import promote
from clarion.storage import keys
from tests.deadline import until

#: Half a second of it is a shard.
RATE, SIZE = 40.0, 20
#: One device in ten seconds.
SLOW, SLOW_MS = 0.1, 10_000


def planned(system, rate=RATE):
    message_id = system.accept(delivery=DeliveryOptions(rate_per_s=rate))
    system.plan(message_id)
    return message_id


def free_ms(system, message_id):
    """Until when all is reserved."""
    return int(system.storage.main.hget(keys.message(message_id), "free_us")) / 1000


def test_reservations_follow_one_another_at_the_rate(system):
    message_id = planned(system)
    before_ms = wall_clock_ms()
    starts = [reserve(system.storage, message_id, 50) for _ in range(4)]
    assert starts[0] - before_ms < 200
    assert [start - starts[0] for start in starts] == pytest.approx([0, 1250, 2500, 3750], abs=2)


def test_time_that_nobody_reserved_is_not_made_up_for(system):
    message_id = planned(system)
    reserve(system.storage, message_id, 50)
    system.storage.main.hset(keys.message(message_id), "free_us", 1)
    before_ms = wall_clock_ms()
    first, second = (reserve(system.storage, message_id, 50) for _ in range(2))
    assert first >= before_ms
    assert second - first == pytest.approx(1250, abs=2)


def test_a_message_is_never_sent_faster_than_its_rate(system):
    devices = system.devices(4 * SIZE)
    began_ms = wall_clock_ms()
    message_id = planned(system)
    until(lambda: "closed" in system.deliver(message_id) and not system.progress(message_id).open_shards)
    assert system.books(message_id) == {"accepted|fcm|": 4 * SIZE}
    arrivals = sorted(system.simulation.received(device.token)[0]["at"] for device in devices)
    early = [at for number, at in enumerate(arrivals) if at < began_ms + number // SIZE * SIZE / RATE * 1000]
    assert early == []
    assert free_ms(system, message_id) - began_ms >= 2_000


def test_a_shard_whose_slot_is_far_waits_for_it_in_the_index(system):
    system.devices(3)
    message_id = planned(system, rate=SLOW)
    assert system.deliver(message_id) == ["closed", "reopened", "reopened"]
    waiting, later = system.dues(message_id)
    first_ms, second_ms = sorted(later.values())
    assert waiting == {}
    assert second_ms - first_ms == pytest.approx(SLOW_MS, abs=5)
    assert system.storage.main.zscore(keys.due("demo"), message_id) == first_ms
    assert system.books(message_id) == {"accepted|fcm|": 1, "pending": 2}


def test_a_shard_that_wakes_in_its_slot_does_not_ask_again(system):
    system.devices(40)
    message_id = planned(system, rate=40.0)
    assert system.deliver(message_id) == ["closed", "reopened"]
    free = free_ms(system, message_id)
    until(lambda: system.deliver(message_id) == ["closed"])
    assert free_ms(system, message_id) == free


def test_a_shard_that_is_too_late_for_its_slot_asks_for_another(system):
    system.devices(3)
    message_id = planned(system, rate=SLOW)
    system.deliver(message_id)
    system.make_due(message_id)
    assert system.deliver(message_id) == ["reopened", "reopened"]
    system.storage.main.hdel(keys.message(message_id), "free_us")
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed", "reopened"]
    assert system.books(message_id) == {"accepted|fcm|": 2, "pending": 1}


def test_who_is_tried_again_waits_for_a_slot_again(system):
    system.devices(1, token="sim:UNAVAILABLE;times=1:{}")
    message_id = planned(system, rate=SLOW)
    assert system.deliver(message_id) == ["reopened"]
    system.make_due(message_id)
    assert system.deliver(message_id) == ["reopened"]
    assert system.simulation.counts()["requests"] == 1
    (due_ms,) = [due for place in system.dues(message_id) for due in place.values()]
    assert due_ms == pytest.approx(free_ms(system, message_id) - SLOW_MS, abs=5)


def test_behind_a_closed_gate_no_slot_is_reserved(system):
    system.devices(2)
    message_id = planned(system, rate=SLOW)
    assert system.deliver(message_id) == ["closed", "reopened"]
    provider = system.outfit.providers["demo"]["ANDROID"]
    Gate(system.storage, "demo", provider, urgent=False).park("PERMISSION_DENIED", 60_000)
    free = free_ms(system, message_id)
    for _ in range(2):
        system.make_due(message_id)
        assert system.deliver(message_id) == ["reopened"]
    assert free_ms(system, message_id) == free


def test_a_cancelled_message_waits_for_no_slot(system):
    system.devices(3)
    message_id = planned(system, rate=SLOW)
    system.deliver(message_id)
    lifecycle.cancel(system.storage, message_id, "demo")
    assert [deliver(system.outfit, message_id, shard) for shard in system.shards(message_id)] == ["closed"] * 2
    assert system.books(message_id) == {"accepted|fcm|": 1, "cancelled||": 2}


def test_a_scheduler_opens_a_shard_in_its_slot(system):
    system.devices(2)
    message_id = planned(system, rate=SLOW)
    system.deliver(message_id)
    (shard,) = system.dues(message_id)[1]
    now_ms = wall_clock_ms()
    system.storage.main.zadd(keys.later(message_id), {shard: now_ms})
    system.storage.main.zadd(keys.due("demo"), {message_id: now_ms})
    assert promote(system.storage).taken == 1
    assert [list(place) for place in system.dues(message_id)] == [[shard], []]


def test_a_shard_in_its_slot_is_delivered_from_where_it_lies(system):
    system.devices(2)
    message_id = planned(system, rate=SLOW)
    system.deliver(message_id)
    (shard,) = system.dues(message_id)[1]
    system.storage.main.hdel(keys.message(message_id), "rate")
    system.storage.main.hdel(keys.waits(message_id), shard)
    system.storage.main.zadd(keys.later(message_id), {shard: wall_clock_ms()})
    assert system.deliver(message_id) == ["closed"]
    assert system.progress(message_id).state is State.PUBLISHED
