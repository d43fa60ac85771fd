"""A throttled message: its shards are planned over time, and a gate lets none through faster than the rate."""

from __future__ import annotations

import pytest

from clarion import lifecycle
from clarion.clock import wall_clock_ms
from clarion.delivery.deliver import deliver
from clarion.delivery.governor import Gate
from clarion.delivery.throttle import SOON_MS, ask
from clarion.message import DeliveryOptions, State
from clarion.queue import Queue
from clarion.schedule.promotion import promote
from clarion.storage import keys
from tests.deadline import until

#: Half a second of it is a shard.
RATE, SIZE, TAKES_MS = 100.0, 50, 500
#: What may lie between the gate and the simulator.
ON_THE_WAY_MS = 150
#: One device in ten seconds.
SLOW, SLOW_MS = 0.1, 10_000


def planned(system, rate=RATE):
    message_id = system.accept(delivery=DeliveryOptions(rate_per_s=rate))
    system.plan(message_id)
    return message_id


def warmed(system, count):
    """So many devices, and a connection to the provider that stands."""
    system.devices(1, channels=("warm",))
    system.publish(channel="warm")
    return system.devices(count)


def free_ms(system, message_id):
    """From when on the gate lets through."""
    return int(system.storage.main.hget(keys.message(message_id), "free_us")) / 1000


def pass_on(system, message_id, late_ms=0):
    """What schedulers and workers do with what is due, and was so long ago."""
    promote(system.storage)
    now_ms = wall_clock_ms()
    for shard, due_ms in system.dues(message_id)[0].items():
        if due_ms <= now_ms - late_ms:
            deliver(system.outfit, message_id, shard)
    return system.progress(message_id).state is State.PUBLISHED


def arrivals(system, devices):
    return sorted(each["at"] for device in devices for each in system.simulation.received(device.token))


def check_rate(at):
    """However a window is laid over the arrivals, it holds what the rate allows in it, and a shard more."""
    for shards in (1, 2, 3):
        window_ms = shards * TAKES_MS - SOON_MS - ON_THE_WAY_MS
        assert max(sum(first <= each < first + window_ms for each in at) for first in at) <= shards * SIZE


def test_the_gate_lets_through_at_the_rate_and_tells_the_others_when_to_come_one_after_the_other(system):
    message_id = planned(system)
    before_ms = wall_clock_ms()
    assert ask(system.storage, message_id, 50) == 0
    free = free_ms(system, message_id)
    assert free - before_ms == pytest.approx(500, abs=200)
    again = [ask(system.storage, message_id, 50) for _ in range(3)]
    assert [each - free for each in again] == pytest.approx([0, 500, 1000], abs=2)
    assert free_ms(system, message_id) == free


def test_time_that_nobody_used_is_not_made_up_for(system):
    message_id = planned(system)
    system.storage.main.hset(keys.message(message_id), "free_us", 1)
    before_ms = wall_clock_ms()
    assert ask(system.storage, message_id, 50) == 0
    assert ask(system.storage, message_id, 50) - before_ms >= 500


def test_shards_are_planned_over_time_and_only_the_first_has_a_task(system):
    system.devices(3)
    before_ms = wall_clock_ms()
    message_id = planned(system, rate=SLOW)
    (first_ms,), (second_ms, third_ms) = (place.values() for place in system.dues(message_id))
    assert before_ms <= first_ms <= wall_clock_ms()
    assert (second_ms - first_ms, third_ms - first_ms) == (SLOW_MS, 2 * SLOW_MS)
    assert system.storage.main.zscore(keys.due("demo"), message_id) == second_ms
    assert system.storage.main.llen(Queue.EXPRESS) == 1


def test_a_plan_that_is_continued_goes_on_where_the_part_before_ends(system):
    system.devices(4)
    system.storage.main.set(keys.ordinals("demo"), 65_536)
    system.devices(2)
    message_id = system.accept(delivery=DeliveryOptions(rate_per_s=SLOW))
    lost = lifecycle.claim_plan(system.storage, message_id, owner="dead", lease_ms=-1)
    half = lifecycle.PlannedChunk(0, 4, None, range(4), ["0.0.3"], [], [])
    lifecycle.write_chunk(system.storage, message_id, lost.fence, half, app="demo", queue="q", lease_ms=-1)
    before_ms = wall_clock_ms()
    system.plan(message_id)
    waiting, later = system.dues(message_id)
    assert list(waiting) == ["0.0.3"]
    assert [due_ms - before_ms for due_ms in later.values()] == pytest.approx([4 * SLOW_MS, 5 * SLOW_MS], abs=1_000)


def test_a_message_is_never_sent_faster_than_its_rate(system):
    devices = warmed(system, 4 * SIZE)
    message_id = planned(system)
    until(lambda: pass_on(system, message_id))
    assert system.books(message_id) == {"accepted|fcm|": 4 * SIZE}
    check_rate(arrivals(system, devices))


def test_what_came_due_while_nobody_worked_is_not_sent_all_at_once(system):
    devices = warmed(system, 4 * SIZE)
    message_id = planned(system)
    pass_on(system, message_id)
    last_ms = max(system.dues(message_id)[1].values())
    until(lambda: wall_clock_ms() > last_ms)
    until(lambda: pass_on(system, message_id))
    assert system.books(message_id) == {"accepted|fcm|": 4 * SIZE}
    check_rate(arrivals(system, devices))


@pytest.mark.parametrize("late_ms", [300, 1_200])
def test_shards_that_all_come_late_are_sent_all_the_same(system, late_ms):
    devices = warmed(system, 4 * SIZE)
    message_id = planned(system)
    until(lambda: pass_on(system, message_id, late_ms))
    assert system.books(message_id) == {"accepted|fcm|": 4 * SIZE}
    check_rate(arrivals(system, devices))


def test_a_shard_that_finds_the_gate_closed_comes_back_when_it_opens_and_asks_nothing_before(system):
    system.devices(2)
    message_id = planned(system, rate=SLOW)
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed", "reopened"]
    free = free_ms(system, message_id)
    (due_ms,) = system.dues(message_id)[1].values()
    assert due_ms == pytest.approx(free, abs=5)
    (shard,) = system.shards(message_id)
    system.storage.main.zadd(keys.later(message_id), {shard: 1})
    assert system.deliver(message_id) == ["reopened"]
    assert system.dues(message_id)[1][shard] == pytest.approx(due_ms, abs=2)
    assert system.books(message_id) == {"accepted|fcm|": 1, "pending": 1}


def test_who_is_tried_again_asks_like_everybody_and_does_not_wait_until_all_are_through(system):
    system.devices(1, token="sim:UNAVAILABLE;times=1:{}")
    system.devices(9)
    message_id = planned(system, rate=SLOW)
    (first,) = system.dues(message_id)[0]
    assert deliver(system.outfit, message_id, first) == "reopened"
    free = free_ms(system, message_id)
    system.make_due(message_id)
    assert deliver(system.outfit, message_id, first) == "reopened"
    assert system.simulation.counts()["requests"] == 1
    assert system.dues(message_id)[1][first] == pytest.approx(free, abs=5)
    system.storage.main.hset(keys.message(message_id), "free_us", 1)
    system.make_due(message_id)
    assert deliver(system.outfit, message_id, first) == "closed"


def test_behind_a_closed_gate_of_the_provider_nobody_asks(system):
    system.devices(2)
    message_id = planned(system, rate=SLOW)
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed", "reopened"]
    provider = system.outfit.providers["demo"]["ANDROID"]
    Gate(system.storage, "demo", provider, urgent=False).park("PERMISSION_DENIED", 60_000)
    free = free_ms(system, message_id)
    for _ in range(2):
        system.make_due(message_id)
        assert system.deliver(message_id) == ["reopened"]
    assert free_ms(system, message_id) == free


def test_a_cancelled_message_asks_nobody(system):
    system.devices(3)
    message_id = planned(system, rate=SLOW)
    system.deliver(message_id)
    lifecycle.cancel(system.storage, message_id, "demo")
    assert [deliver(system.outfit, message_id, shard) for shard in system.shards(message_id)] == ["closed"] * 2
    assert system.books(message_id) == {"accepted|fcm|": 1, "cancelled||": 2}


def test_a_scheduler_opens_a_shard_when_it_is_due(system):
    system.devices(2)
    message_id = planned(system, rate=SLOW)
    system.deliver(message_id)
    (shard,) = system.dues(message_id)[1]
    now_ms = wall_clock_ms()
    system.storage.main.zadd(keys.later(message_id), {shard: now_ms})
    system.storage.main.zadd(keys.due("demo"), {message_id: now_ms})
    assert promote(system.storage).taken == 1
    assert [list(place) for place in system.dues(message_id)] == [[shard], []]


def test_a_shard_that_is_due_is_delivered_from_where_it_lies(system):
    system.devices(2)
    message_id = planned(system, rate=SLOW)
    system.deliver(message_id)
    (shard,) = system.dues(message_id)[1]
    system.storage.main.hdel(keys.message(message_id), "rate")
    system.storage.main.zadd(keys.later(message_id), {shard: wall_clock_ms()})
    assert system.deliver(message_id) == ["closed"]
    assert system.progress(message_id).state is State.PUBLISHED
