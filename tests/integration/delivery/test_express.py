"""A message to a few devices is delivered by its planner; whatever becomes of that planner, nobody is lost."""

from __future__ import annotations

import pytest

from clarion import lifecycle
from clarion.delivery.deliver import deliver
from clarion.delivery.express import plan_and_deliver
from clarion.delivery.outfit import Pace
from clarion.delivery.plan import KEPT_MAX, plan
from clarion.delivery.rescue import rescue
from clarion.message import Outcome, State
from clarion.queue import Queue
from clarion.schedule.control import resume
from clarion.storage import keys

DEVICES = 6


@pytest.fixture
def few(new_system):
    """Six devices, in as many shards as a planner keeps."""
    system = new_system(Pace(shard_size=DEVICES // KEPT_MAX))
    system.devices(DEVICES)
    return system


def queued(system):
    return [system.storage.main.llen(queue) for queue in (Queue.EXPRESS, Queue.BULK)]


def check(system, message_id):
    progress = system.progress(message_id)
    assert (progress.state, progress.books.audience) == (State.PUBLISHED, DEVICES)
    assert progress.books.total(Outcome.ACCEPTED) == DEVICES
    assert {row["accepted"] for row in system.simulation.ledger().values()} == {1}
    assert not system.storage.main.exists(keys.active())


def test_few_devices_are_delivered_by_their_planner_without_another_task(few):
    message_id = few.accept()
    plan_and_deliver(few.outfit, message_id)
    assert queued(few) == [0, 0]
    check(few, message_id)


def test_more_shards_than_a_planner_keeps_are_queued(new_system):
    system = new_system(Pace(shard_size=1))
    system.devices(DEVICES)
    message_id = system.accept()
    plan_and_deliver(system.outfit, message_id)
    assert queued(system) == [DEVICES, 0]
    system.deliver(message_id)
    check(system, message_id)


def test_many_devices_are_queued(new_system):
    system = new_system(Pace(express_audience=DEVICES - 1))
    system.devices(DEVICES)
    plan_and_deliver(system.outfit, system.accept())
    assert queued(system) == [0, 1]


def test_the_shards_of_a_planner_that_died_are_found(few):
    message_id = few.accept()
    plan(few.outfit, message_id, kept=[])
    assert queued(few) == [0, 0]
    found = rescue(few.storage, now_ms=few.clock(), grace_ms=0)
    assert found.shards == KEPT_MAX
    few.deliver(message_id)
    check(few, message_id)


def test_what_is_paused_before_its_planner_delivers_it_waits_until_it_is_resumed(few):
    message_id, kept = few.accept(), []
    plan(few.outfit, message_id, kept=kept)
    lifecycle.pause(few.storage, message_id, "demo")
    assert [deliver(few.outfit, message_id, shard) for shard in kept] == ["paused"] * KEPT_MAX
    assert few.progress(message_id).books.pending == DEVICES
    resume(few.storage, "demo", message_id, now_ms=few.clock(), broker_url=None)
    assert queued(few) == [KEPT_MAX, 0]
    few.deliver(message_id)
    check(few, message_id)
