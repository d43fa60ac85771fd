"""What has no owner is queued again, and what has one is left alone."""

from __future__ import annotations

import msgspec

from clarion import lifecycle
from clarion.delivery import ledger
from clarion.delivery.rescue import rescue
from clarion.delivery.shard import Shard
from clarion.message import DeliveryOptions, State
from clarion.queue import Queue, deliver_hint, plan_hint, render
from clarion.schedule.control import resume
from clarion.schedule.promotion import promote
from clarion.storage import keys

HOUR_MS = 3_600_000


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
    assert swept(system) == (0, 1)
    system.deliver(message_id)
    assert system.progress(message_id).state is State.CANCELLED


def test_a_message_whose_keys_are_gone_is_forgotten(system):
    system.storage.main.zadd(keys.active(), {"message:gone": 1})
    system.storage.main.zadd(keys.outbox(), {"message:gone": 1})
    system.storage.main.lpush(Queue.PLAN, render(plan_hint("message:gone"), now_ms=system.clock()))
    assert swept(system)[1] == 0
    assert system.plan("message:gone") == "gone"
    assert system.storage.main.zcard(keys.active()) + system.storage.main.zcard(keys.outbox()) == 0


def put_off(system, message_id, shard):
    """A worker takes the shard, and gives it back for an hour later."""
    lease = ledger.claim(system.storage, message_id, Shard.parse(shard), owner="me", lease_ms=15_000)
    due_ms = system.clock() + HOUR_MS
    how = {"app": "demo", "due_ms": due_ms, "later": True, "burned": False, "queue": Queue.EXPRESS, "task": b""}
    ledger.reopen(system.storage, message_id, lease, **how)


def is_swept(system, message_id):
    """Whether a sweep looks at the message."""
    return system.storage.main.zscore(keys.active(), message_id) is not None


def wake(system, message_id):
    """An hour passes."""
    now_ms = system.clock()
    for shard in system.dues(message_id)[1]:
        system.storage.main.zadd(keys.later(message_id), {shard: now_ms})
    system.storage.main.zadd(keys.due("demo"), {message_id: now_ms})
    promote(system.storage)


def test_no_sweep_looks_at_a_message_whose_shards_all_wait_for_a_time(system):
    system.devices(100)
    message_id = system.accept()
    system.plan(message_id)
    first, second = system.shards(message_id)
    put_off(system, message_id, first)
    assert is_swept(system, message_id)
    put_off(system, message_id, second)
    assert not is_swept(system, message_id)
    wake(system, message_id)
    assert is_swept(system, message_id)
    system.storage.main.delete(Queue.EXPRESS)
    assert swept(system) == (0, 2)
    assert system.deliver(message_id) == ["closed", "closed"]
    assert system.progress(message_id).state is State.PUBLISHED


def test_a_sweep_drops_a_message_of_which_nothing_more_is_under_way(system):
    system.devices(3)
    message_id = system.accept(delivery=DeliveryOptions(rate_per_s=0.1))
    system.plan(message_id)
    swept(system)
    assert is_swept(system, message_id)
    assert system.deliver(message_id)[0] == "closed"
    swept(system)
    assert not is_swept(system, message_id)
    wake(system, message_id)
    assert is_swept(system, message_id)


def test_a_message_that_is_being_planned_is_swept_though_its_shards_wait_for_a_time(system):
    system.devices(10)
    message_id = system.accept()
    lost = lifecycle.claim_plan(system.storage, message_id, owner="dead", lease_ms=-1)
    half = lifecycle.PlannedChunk(0, 10, None, range(10), [], [("0.0.9", HOUR_MS)], [])
    lifecycle.write_chunk(system.storage, message_id, lost.fence, half, app="demo", queue=Queue.EXPRESS, lease_ms=-1)
    swept(system)
    assert is_swept(system, message_id)


def test_a_shard_that_is_taken_from_where_it_waits_for_a_time_is_rescued_when_its_worker_dies(system):
    system.devices(10)
    message_id = system.accept()
    system.plan(message_id)
    (shard,) = system.shards(message_id)
    put_off(system, message_id, shard)
    system.storage.main.zadd(keys.later(message_id), {shard: 1})
    ledger.claim(system.storage, message_id, Shard.parse(shard), owner="dead", lease_ms=-1)
    system.storage.main.delete(Queue.EXPRESS)
    assert swept(system) == (0, 1)


def test_a_paused_message_is_swept_only_while_a_worker_holds_some_of_it(system):
    system.devices(10)
    message_id = system.accept()
    system.plan(message_id)
    (shard,) = system.shards(message_id)
    ledger.claim(system.storage, message_id, Shard.parse(shard), owner="dead", lease_ms=15_000)
    lifecycle.pause(system.storage, message_id, "demo")
    swept(system)
    assert is_swept(system, message_id)
    system.storage.main.zadd(keys.leased(message_id), {shard: 1})
    swept(system)
    assert not is_swept(system, message_id)
    resume(system.storage, "demo", message_id, now_ms=system.clock(), broker_url=None)
    assert is_swept(system, message_id)
    system.storage.main.delete(Queue.EXPRESS)
    assert swept(system) == (0, 1)


def test_what_was_due_before_the_clock_of_redis_was_set_back_is_due(system):
    system.devices(100)
    message_id = system.accept()
    system.plan(message_id)
    system.storage.main.delete(Queue.EXPRESS)
    first, second = system.shards(message_id)
    ahead_ms = system.clock() + HOUR_MS
    system.storage.main.zadd(keys.waiting(message_id), {first: ahead_ms, second: ahead_ms})
    assert system.deliver(message_id)[0] == "closed"
    system.devices(100)
    message_id = system.accept()
    system.plan(message_id)
    system.storage.main.delete(Queue.EXPRESS)
    system.storage.main.zadd(keys.waiting(message_id), dict.fromkeys(system.shards(message_id), ahead_ms))
    assert swept(system, grace_ms=5_000) == (0, 4)
    assert swept(system, grace_ms=5_000) == (0, 0)


def test_a_retry_that_is_a_few_seconds_ahead_is_not_due(system):
    system.devices(10)
    message_id = system.accept()
    system.plan(message_id)
    (shard,) = system.shards(message_id)
    system.storage.main.zadd(keys.waiting(message_id), {shard: system.clock() + 6_000})
    system.storage.main.delete(Queue.EXPRESS)
    assert system.deliver(message_id) == ["early"]
    assert swept(system) == (0, 0)
