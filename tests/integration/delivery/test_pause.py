"""Pause, resume and cancel while shards are under way, on their way back, or waiting for a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from clarion import lifecycle
from clarion.clock import wall_clock_ms
from clarion.delivery import ledger
from clarion.delivery.deliver import deliver
from clarion.delivery.ledger import Wait, entry
from clarion.delivery.outfit import Pace
from clarion.delivery.rescue import rescue
from clarion.delivery.shard import Shard
from clarion.message import DeliveryOptions, Outcome, State
from clarion.queue import Queue
from clarion.schedule.control import resume
from clarion.storage import keys
from tests.deadline import until

HOUR_MS = 3_600_000
#: What the architecture promises for pause and cancel.
WITHIN_MS = 2_000


@pytest.fixture
def slow(new_system):
    """A system whose provider may be sent to a hundred times a second, and whose shards are large."""

    def make(rate_per_s=100):
        return new_system(Pace(shard_size=1000), fcm=new_system().fcm(rate_per_s=rate_per_s, ramp_up_s=0))

    return make


def planned(system, **options):
    message_id = system.accept(delivery=DeliveryOptions(**options))
    system.plan(message_id)
    system.storage.main.delete(*Queue)
    return message_id


def claimed(system, message_id):
    shard = Shard.parse(system.shards(message_id)[0])
    return ledger.claim(system.storage, message_id, shard, owner="me", lease_ms=15_000)


def reopened(system, message_id, lease, in_ms, *, later):
    due_ms = wall_clock_ms() + in_ms
    given = {"app": "demo", "burned": False, "queue": Queue.EXPRESS, "task": b"task", "waits": {"fcm": Wait(due_ms)}}
    return ledger.reopen(system.storage, message_id, lease, due_ms=due_ms, later=later, **given)


def queued(system):
    return sum(system.storage.main.llen(queue) for queue in Queue)


def interrupted(system, message_id, stop):
    """Deliver, and stop the message on the way; returns what became of the shard, and how long that took (ms)."""
    (shard,) = system.shards(message_id)
    with ThreadPoolExecutor(1) as pool:
        delivering = pool.submit(deliver, system.outfit, message_id, shard)
        until(lambda: system.simulation.counts()["requests"] > 20)
        stop(system.storage, message_id, "demo")
        stopped_ms = wall_clock_ms()
        return delivering.result(), wall_clock_ms() - stopped_ms


def test_a_pause_in_the_middle_of_a_shard_loses_nothing_and_repeats_nobody(slow):
    system = slow()
    system.devices(300)
    message_id = planned(system)
    end, took_ms = interrupted(system, message_id, lifecycle.pause)
    assert end == "reopened"
    assert took_ms <= WITHIN_MS
    books = system.books(message_id)
    assert books["accepted|fcm|"] + books["pending"] == 300
    assert system.progress(message_id).state is State.PAUSED
    assert system.deliver(message_id) == ["paused"]
    assert queued(system) == 0
    assert system.simulation.counts()["requests"] == books["accepted|fcm|"]
    resume(system.storage, "demo", message_id, now_ms=wall_clock_ms(), broker_url=None)
    assert queued(system) == 1
    assert system.deliver(message_id) == ["closed"]
    assert system.books(message_id) == {"accepted|fcm|": 300}
    assert system.simulation.counts()["max_accepted_per_token"] == 1


def test_a_cancel_in_the_middle_of_a_shard_closes_its_books(slow):
    system = slow()
    system.devices(300)
    message_id = planned(system)
    assert interrupted(system, message_id, lifecycle.cancel)[0] == "closed"
    books = system.books(message_id)
    assert books["accepted|fcm|"] + books["cancelled||"] == 300
    assert system.progress(message_id).state is State.CANCELLED


def test_a_run_that_waits_for_the_providers_budget_notices_a_pause(slow):
    system = slow(rate_per_s=0.1)
    system.devices(30)
    message_id = planned(system)
    (shard,) = system.shards(message_id)
    with ThreadPoolExecutor(1) as pool:
        delivering = pool.submit(deliver, system.outfit, message_id, shard)
        until(lambda: system.simulation.counts()["requests"])
        lifecycle.pause(system.storage, message_id, "demo")
        assert delivering.result(timeout=WITHIN_MS / 1000 + 1) == "reopened"
    assert system.simulation.counts()["requests"] == 1


def test_outcomes_that_arrive_during_a_pause_are_kept(system):
    system.devices(10)
    message_id = planned(system)
    lease = claimed(system, message_id)
    lifecycle.pause(system.storage, message_id, "demo")
    lines = {entry(Outcome.ACCEPTED, "fcm"): [1, 2]}
    assert ledger.record(system.storage, message_id, lease, lines, lease_ms=15_000) is State.PAUSED
    assert system.books(message_id) == {"accepted|fcm|": 2, "pending": 8}


def test_the_last_shard_of_a_paused_message_closes_its_books_when_it_is_resumed(system):
    system.devices(10)
    message_id = planned(system)
    lease = claimed(system, message_id)
    lifecycle.pause(system.storage, message_id, "demo")
    ledger.record(system.storage, message_id, lease, {entry(Outcome.ACCEPTED, "fcm"): range(10)}, lease_ms=15_000)
    assert ledger.close(system.storage, message_id, lease) is State.PAUSED
    resume(system.storage, "demo", message_id, now_ms=wall_clock_ms(), broker_url=None)
    assert system.progress(message_id).state is State.PUBLISHED


def test_a_shard_given_back_during_a_pause_is_queued_by_whoever_resumes_it(system):
    system.devices(10)
    message_id = planned(system)
    lease = claimed(system, message_id)
    lifecycle.pause(system.storage, message_id, "demo")
    assert reopened(system, message_id, lease, 3_000, later=False) is State.PAUSED
    assert queued(system) == 0
    ((due_ms,), later) = (place.values() for place in system.dues(message_id))
    assert due_ms <= wall_clock_ms()
    assert not later
    resume(system.storage, "demo", message_id, now_ms=wall_clock_ms(), broker_url=None)
    assert queued(system) == 1


def test_a_shard_that_waits_for_a_time_does_not_wake_a_paused_message(system):
    system.devices(100)
    message_id = planned(system)
    first, second = (
        ledger.claim(system.storage, message_id, Shard.parse(shard), owner="me", lease_ms=15_000)
        for shard in system.shards(message_id)
    )
    reopened(system, message_id, first, HOUR_MS, later=True)
    lifecycle.pause(system.storage, message_id, "demo")
    reopened(system, message_id, second, HOUR_MS // 2, later=True)
    assert system.storage.main.zscore(keys.due("demo"), message_id) == float("inf")
    resume(system.storage, "demo", message_id, now_ms=wall_clock_ms(), broker_url=None)
    assert system.storage.main.zscore(keys.due("demo"), message_id) == min(system.dues(message_id)[1].values())


def test_what_a_dead_worker_held_of_a_paused_message_waits_for_its_resumption(system):
    system.devices(10)
    message_id = planned(system)
    (shard,) = system.shards(message_id)
    ledger.claim(system.storage, message_id, Shard.parse(shard), owner="dead", lease_ms=-1)
    lifecycle.pause(system.storage, message_id, "demo")
    assert rescue(system.storage, now_ms=system.clock(), grace_ms=0) == (0, 0)
    assert [list(place) for place in system.dues(message_id)] == [[shard], []]
    assert rescue(system.storage, now_ms=system.clock(), grace_ms=0) == (0, 0)


def test_shards_that_wait_for_a_time_are_closed_by_a_cancel(system):
    system.devices(100)
    message_id = planned(system)
    for shard in system.shards(message_id):
        lease = ledger.claim(system.storage, message_id, Shard.parse(shard), owner="me", lease_ms=15_000)
        reopened(system, message_id, lease, HOUR_MS, later=True)
    lifecycle.cancel(system.storage, message_id, "demo")
    assert rescue(system.storage, now_ms=system.clock(), grace_ms=0).shards == 2
    assert system.deliver(message_id) == ["closed", "closed"]
    assert system.books(message_id) == {"cancelled||": 100}
    assert system.storage.main.zscore(keys.due("demo"), message_id) is None


def test_a_shard_given_back_to_a_cancelled_message_waits_for_no_time(system):
    system.devices(10)
    message_id = planned(system)
    lease = claimed(system, message_id)
    lifecycle.cancel(system.storage, message_id, "demo")
    assert reopened(system, message_id, lease, HOUR_MS, later=True) is State.CANCELLING
    assert queued(system) == 1
    assert system.deliver(message_id) == ["closed"]
    assert system.progress(message_id).state is State.CANCELLED


def test_a_shard_that_nobody_woke_is_rescued(system):
    system.devices(100)
    message_id = planned(system)
    reopened(system, message_id, claimed(system, message_id), -10_000, later=True)
    system.storage.main.delete(keys.due("demo"))
    assert rescue(system.storage, now_ms=system.clock(), grace_ms=5_000).shards == 1
    assert system.deliver(message_id) == ["closed", "closed"]


def test_a_pause_burns_no_attempt_and_forgets_none(slow):
    system = slow()
    system.devices(300)
    message_id = planned(system)
    waits = {"fcm": Wait(1, 3, 5)}
    lease = claimed(system, message_id)
    given = {"app": "demo", "burned": False, "queue": Queue.BULK, "task": b"", "waits": waits}
    ledger.reopen(system.storage, message_id, lease, due_ms=1, later=False, **given)
    assert interrupted(system, message_id, lifecycle.pause)[0] == "reopened"
    resume(system.storage, "demo", message_id, now_ms=wall_clock_ms(), broker_url=None)
    after = claimed(system, message_id)
    assert (after.attempt, after.waits) == (0, waits)
