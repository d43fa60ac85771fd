"""A message by local time: whoever's clock shows it gets it, nobody early, and all in one set of books."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from clarion import lifecycle
from clarion.calendar.zone import wall_ms
from clarion.clock import wall_clock_ms
from clarion.delivery import ledger
from clarion.delivery.deliver import FAULTS_MAX, deliver
from clarion.delivery.ledger import TIME, Wait
from clarion.delivery.shard import Shard
from clarion.message import DeliveryOptions, State
from clarion.queue import Queue
from clarion.schedule.promotion import promote
from clarion.storage import keys
from tests.deadline import until

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
#: Half an hour and three quarters off the hour, and the application's own zone.
INDIA, NEPAL, PAKISTAN = "Asia/Kolkata", "Asia/Kathmandu", "Asia/Karachi"


@pytest.fixture
def system(new_system):
    return new_system(time_zone=PAKISTAN)


def when_it_is(zone, in_ms, **options):
    """By local time, so that clocks of `zone` show it in so many milliseconds."""
    return DeliveryOptions(publish_at=wall_ms(wall_clock_ms() + in_ms, zone), local_time=True, **options)


def planned(system, delivery):
    message_id = system.accept(delivery=delivery)
    system.plan(message_id)
    return message_id


def go_on(system, message_id):
    """What a scheduler and a worker do."""
    promote(system.storage)
    return system.deliver(message_id)


def delivered(system, message_id, devices):
    """Go on until so many devices have an outcome."""

    def enough():
        go_on(system, message_id)
        books = system.progress(message_id).books
        return books.audience - books.pending >= devices

    until(enough)


def arrivals(system, devices):
    return [each["at"] for device in devices for each in system.simulation.received(device.token)]


def test_each_device_is_sent_to_when_its_own_clock_shows_the_time(system):
    had, soon, fallen_back = (system.devices(10, zone=zone) for zone in (NEPAL, INDIA, None))
    due_ms = wall_clock_ms() + 1_500
    message_id = planned(system, when_it_is(INDIA, 1_500))
    assert system.deliver(message_id) == ["reopened"]
    assert system.books(message_id) == {"accepted|fcm|": 10, "pending": 20}
    assert len(arrivals(system, had)) == 10
    delivered(system, message_id, 20)
    assert system.books(message_id) == {"accepted|fcm|": 20, "pending": 10}
    assert min(arrivals(system, soon)) >= due_ms
    (later_ms,) = system.dues(message_id)[1].values()
    assert 0 <= later_ms - due_ms - 30 * MINUTE_MS < 1_000
    assert arrivals(system, fallen_back) == []
    system.rewrite(message_id, starts_ms=0)
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 30}
    assert system.progress(message_id).state is State.PUBLISHED
    assert system.simulation.counts()["max_accepted_per_token"] == 1


def test_a_zone_that_cannot_be_read_any_more_is_the_applications(system):
    system.devices(5, zone="Nowhere/Gone")
    message_id = planned(system, when_it_is(PAKISTAN, -1))
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 5}


def test_a_worker_whose_clock_is_ahead_sends_nobody_early(system):
    devices = system.devices(5)
    due_ms = wall_clock_ms() + 1_000
    message_id = planned(system, when_it_is(PAKISTAN, 1_000))
    system.clock.ahead_ms = HOUR_MS
    delivered(system, message_id, 5)
    assert min(arrivals(system, devices)) >= due_ms


def test_nobody_has_a_task_for_whoever_waits_for_hours(system):
    system.devices(5)
    message_id = planned(system, when_it_is(PAKISTAN, HOUR_MS))
    system.storage.main.delete(Queue.EXPRESS)
    assert system.deliver(message_id) == ["reopened"]
    (due_ms,) = system.dues(message_id)[1].values()
    assert system.storage.main.zscore(keys.due("demo"), message_id) == due_ms
    assert system.storage.main.llen(Queue.EXPRESS) == 0
    assert go_on(system, message_id) == ["early"]
    system.make_due(message_id)
    assert system.deliver(message_id) == ["reopened"]
    assert list(system.dues(message_id)[1].values()) == [pytest.approx(due_ms, abs=2)]
    assert system.books(message_id) == {"pending": 5}


def test_the_entry_of_a_message_is_that_of_its_first_shard(new_system):
    system = new_system(time_zone=PAKISTAN)
    system.devices(50)
    system.devices(50, zone=INDIA)
    message_id = planned(system, when_it_is(INDIA, HOUR_MS))
    assert system.deliver(message_id) == ["reopened", "reopened"]
    first_ms, second_ms = sorted(system.dues(message_id)[1].values())
    assert second_ms - first_ms == pytest.approx(30 * MINUTE_MS, abs=1_000)
    assert system.storage.main.zscore(keys.due("demo"), message_id) == first_ms


def test_the_time_to_live_counts_from_each_devices_own_time(system):
    (here,) = system.devices(1)
    (there,) = system.devices(1, zone=INDIA)
    message_id = planned(system, when_it_is(PAKISTAN, -1, ttl=3600))
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 2}
    lives = [system.simulation.received(device.token)[0]["message"]["android"]["ttl"] for device in (here, there)]
    assert set(lives) <= {"3599s", "3600s"}
    late = planned(system, when_it_is(PAKISTAN, HOUR_MS, ttl=60))
    assert system.deliver(late) == ["reopened"]
    system.rewrite(late, starts_ms=wall_ms(wall_clock_ms() - MINUTE_MS, PAKISTAN), accepted_ms=0)
    system.make_due(late)
    assert system.deliver(late) == ["closed"]
    assert system.books(late) == {"expired||": 2}


def test_whoever_is_tried_again_does_not_hold_up_those_whose_time_has_come(system):
    system.devices(3, token="sim:UNAVAILABLE;times=1:{}", zone=NEPAL)
    system.devices(10, zone=INDIA)
    message_id = planned(system, when_it_is(INDIA, 1_000))
    assert system.deliver(message_id) == ["reopened"]
    assert system.books(message_id) == {"pending": 13}
    delivered(system, message_id, 10)
    assert system.books(message_id) == {"accepted|fcm|": 10, "pending": 3}
    assert system.simulation.counts()["requests"] == 13
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 13}


def noted(system, message_id, **waits):
    """Let the only shard be given back with these waits, due now."""
    (shard,) = system.shards(message_id)
    lease = ledger.claim(system.storage, message_id, Shard.parse(shard), owner="me", lease_ms=15_000)
    how = {"app": "demo", "due_ms": 1, "later": False, "burned": False, "queue": Queue.EXPRESS, "task": b""}
    ledger.reopen(system.storage, message_id, lease, waits=waits, **how)


def join(system):
    """Three who are tried again in an hour, and ten whose time has come since the shard was looked through."""
    system.devices(3, token="tried-{}", zone=NEPAL)
    joined = system.devices(10, zone=INDIA)
    message_id = planned(system, when_it_is(INDIA, -MINUTE_MS))
    before_ms = wall_clock_ms() - 10 * MINUTE_MS
    waits = {"fcm": Wait(wall_clock_ms() + HOUR_MS, 3, before_ms), TIME: Wait(1, since_ms=before_ms)}
    noted(system, message_id, **waits)
    return message_id, joined


@pytest.fixture
def joining(system):
    return join(system)


def test_those_whose_time_has_come_do_not_wait_for_the_others_when_a_throttled_message_held_them_up(system, joining):
    message_id, joined = joining
    free_us = (wall_clock_ms() + 500) * 1000
    system.storage.main.hset(keys.message(message_id), mapping={"rate": 1000, "free_us": free_us})
    assert system.deliver(message_id) == ["reopened"]
    assert system.simulation.counts()["requests"] == 0
    delivered(system, message_id, 10)
    assert len(arrivals(system, joined)) == 10
    assert system.books(message_id) == {"accepted|fcm|": 10, "pending": 3}


def test_those_whose_time_has_come_do_not_wait_for_the_others_when_a_pause_held_them_up(new_system):
    system = new_system(fcm=new_system().fcm(rate_per_s=0.1, ramp_up_s=0))
    message_id, _ = join(system)
    (shard,) = system.shards(message_id)
    with ThreadPoolExecutor(1) as pool:
        delivering = pool.submit(deliver, system.outfit, message_id, shard)
        until(lambda: system.simulation.counts()["requests"])
        lifecycle.pause(system.storage, message_id, "demo")
        assert delivering.result(timeout=10) == "reopened"
    assert [list(place) for place in system.dues(message_id)] == [[shard], []]


def test_those_whose_time_has_only_come_were_not_tried_in_vain_for_as_long_as_the_others(system):
    system.devices(1, zone=NEPAL)
    system.devices(1, token="sim:UNAVAILABLE;times=1:{}", zone=INDIA)
    message_id = planned(system, when_it_is(INDIA, -MINUTE_MS))
    long_ago_ms = wall_clock_ms() - 48 * HOUR_MS
    noted(system, message_id, **{"fcm": Wait(1, 3, long_ago_ms), TIME: Wait(1, since_ms=wall_clock_ms() - HOUR_MS)})
    assert system.deliver(message_id) == ["reopened"]
    assert system.books(message_id) == {"accepted|fcm|": 1, "pending": 1}
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 2}


def test_whoever_was_tried_in_vain_for_too_long_is_given_up_when_nobody_joins(system):
    system.devices(1, token="sim:UNAVAILABLE;times=1:{}", zone=INDIA)
    message_id = planned(system, when_it_is(INDIA, -MINUTE_MS))
    noted(system, message_id, fcm=Wait(1, 3, wall_clock_ms() - 48 * HOUR_MS))
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"rejected|fcm|UNAVAILABLE": 1}


def test_an_error_of_our_own_ends_nobody_whose_time_has_not_come(system):
    system.devices(2, token="faulty-{}", zone=NEPAL)
    later = system.devices(3)
    system.let_fail("faulty", ZeroDivisionError())
    message_id = planned(system, when_it_is(PAKISTAN, 20 * MINUTE_MS))
    for _ in range(FAULTS_MAX + 1):
        system.make_due(message_id)
        with pytest.raises(ZeroDivisionError):
            system.deliver(message_id)
    assert system.books(message_id) == {"unknown||FAULT": 2, "pending": 3}
    (due_ms,) = system.dues(message_id)[1].values()
    assert due_ms - wall_clock_ms() == pytest.approx(20 * MINUTE_MS, abs=5_000)
    system.rewrite(message_id, starts_ms=0)
    system.make_due(message_id)
    assert system.deliver(message_id) == ["closed"]
    assert len(arrivals(system, later)) == 3
