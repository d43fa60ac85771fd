"""What has no owner is queued again, and what has one is left alone."""

from __future__ import annotations

import msgspec

from clarion import lifecycle
from clarion.delivery import ledger
from clarion.delivery.rescue import rescue
from clarion.delivery.shard import Shard
from clarion.message import State
from clarion.queue import Queue, deliver_hint, plan_hint, render
from clarion.storage import keys


def swept(system, grace_ms=0):
    return tuple(rescue(system.storage, now_ms=system.clock(), grace_ms=grace_ms))


def queued(system, queue):
    return [
        msgspec.json.decode(document)["headers"]["argsrepr"] for document in system.storage.main.lrange(queue, 0, -1)
    ]


def test_a_message_whose_task_was_lost_is_queued_again(system):
    message_id = system.accept()
    system.storage.main.delete(Queue.PLAN)
    assert swept(system) == (1, 0)
    assert queued(system, Queue.PLAN) == [f"(1, '{message_id}')"]


def test_a_message_whose_task_still_waits_is_left_alone(system):
    system.accept()
    assert swept(system) == (0, 0)


def test_a_message_that_somebody_plans_is_left_alone(system):
    message_id = system.accept()
    system.storage.main.delete(Queue.PLAN)
    lifecycle.claim_plan(system.storage, message_id, owner="alive", lease_ms=15_000)
    assert swept(system) == (0, 0)


def test_a_message_whose_planner_died_is_queued_again_whatever_else_waits(system):
    message_id = system.accept()
    lifecycle.claim_plan(system.storage, message_id, owner="dead", lease_ms=-1)
    assert swept(system) == (1, 0)


def test_a_shard_whose_task_was_lost_is_queued_again(system):
    system.devices(10)
    message_id = system.accept()
    system.plan(message_id)
    system.storage.main.delete(Queue.EXPRESS)
    assert swept(system) == (0, 1)
    assert queued(system, Queue.EXPRESS) == [f"(1, '{message_id}', '0.0.9')"]


def test_a_shard_whose_task_still_waits_is_left_alone(system):
    system.devices(10)
    system.plan(system.accept())
    assert swept(system) == (0, 0)


def test_a_shard_behind_a_younger_task_was_lost(system):
    system.devices(10)
    message_id = system.accept()
    system.plan(message_id)
    system.storage.main.delete(Queue.EXPRESS)
    later = system.clock() + 5_000
    system.storage.main.lpush(Queue.EXPRESS, render(deliver_hint("other", "0.0.0", Queue.EXPRESS), now_ms=later))
    assert swept(system) == (0, 1)


def test_a_shard_that_a_worker_holds_is_left_alone_until_its_lease_ends(system):
    system.devices(10)
    message_id = system.accept()
    system.plan(message_id)
    system.storage.main.delete(Queue.EXPRESS)
    shard = Shard.parse("0.0.9")
    ledger.claim(system.storage, message_id, shard, owner="alive", lease_ms=15_000)
    assert swept(system) == (0, 0)
    ledger.claim(system.storage, message_id, shard, owner="alive", lease_ms=-1)
    assert swept(system) == (0, 1)


def test_what_one_sweep_took_up_another_leaves_alone(system):
    system.devices(10)
    system.plan(system.accept())
    system.accept()
    system.storage.main.delete(Queue.PLAN, Queue.EXPRESS)
    assert swept(system) == (1, 1)
    system.storage.main.delete(Queue.PLAN, Queue.EXPRESS)
    assert swept(system, grace_ms=5_000) == (0, 0)


def test_a_cancelled_message_does_not_wait_for_its_retries(system):
    system.devices(2, token="sim:UNAVAILABLE:{}")
    message_id = system.publish()
    assert system.progress(message_id).open_shards == 1
    lifecycle.cancel(system.storage, message_id, "demo")
    system.storage.main.delete(Queue.EXPRESS)
    assert swept(system, grace_ms=5_000) == (0, 1)
    system.deliver(message_id)
    assert system.progress(message_id).state is State.CANCELLED


def test_a_message_whose_keys_are_gone_is_forgotten(system):
    system.storage.main.zadd(keys.active(), {"message:gone": 1})
    system.storage.main.zadd(keys.outbox(), {"message:gone": 1})
    system.storage.main.lpush(Queue.PLAN, render(plan_hint("message:gone"), now_ms=system.clock()))
    assert swept(system)[1] == 0
    assert system.plan("message:gone") == "gone"
    assert system.storage.main.zcard(keys.active()) + system.storage.main.zcard(keys.outbox()) == 0
