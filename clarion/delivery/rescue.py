"""Queue again what has no owner: outbox leftovers, shards whose lease ran out, whose task was lost, or nobody woke."""

from __future__ import annotations

from typing import NamedTuple

from clarion.hint import oldest_ms, push
from clarion.queue import Hint, Queue, deliver_hint, plan_hint
from clarion.storage import Storage, keys
from clarion.storage.connection import call, call_many, storage_errors

#: The most that one sweep queues again of each kind and message; the next sweep goes on.
LIMIT = 1000
#: Tasks are dated by the clock of whoever queued them, shards by Redis': they may differ by so much.
CLOCK_SLACK_MS = 1000
#: Another broker cannot be asked for its oldest task: there a task is taken for lost only after so long.
FOREIGN_GRACE_MS = 60_000


class Rescued(NamedTuple):
    """How many hints a sweep queued again."""

    messages: int
    shards: int


def rescue(storage: Storage, *, now_ms: int, grace_ms: int, broker_url: str | None = None) -> Rescued:
    """Sweep once. Any number of sweeps may run at a time: what one takes up, another leaves for `grace_ms`."""
    if not storage.queues_on_main:
        grace_ms = max(grace_ms, FOREIGN_GRACE_MS)
    messages = [plan_hint(message_id) for message_id in _unplanned(storage, grace_ms)]
    shards = _ownerless(storage, grace_ms)
    push(storage, [*messages, *shards], now_ms=now_ms, broker_url=broker_url)
    return Rescued(len(messages), len(shards))


def _unplanned(storage: Storage, grace_ms: int) -> list[str]:
    oldest = _since(oldest_ms(storage, Queue.PLAN))
    return [
        i.decode()
        for i in call(storage.main, "rescue_outbox", [keys.outbox()], [grace_ms, oldest, LIMIT, keys.message("@")])
    ]


def _ownerless(storage: Storage, grace_ms: int) -> list[Hint]:
    with storage_errors():
        active = [message_id.decode() for message_id in storage.main.zrange(keys.active(), 0, -1)]
        with storage.main.pipeline(transaction=False) as pipe:
            for message_id in active:
                pipe.hget(keys.message(message_id), "queue")
            queues = [Queue((name or Queue.BULK.encode()).decode()) for name in pipe.execute()]
    oldest = {queue: _since(oldest_ms(storage, queue)) for queue in set(queues)}
    found = call_many(
        storage.main,
        "rescue_shards",
        [
            ([keys.message_prefix(message_id), keys.active()], [message_id, grace_ms, oldest[queue], LIMIT])
            for message_id, queue in zip(active, queues, strict=True)
        ],
    )
    return [
        deliver_hint(message_id, shard.decode(), queue)
        for message_id, queue, shards in zip(active, queues, found, strict=True)
        for shard in shards or ()
    ]


def _since(oldest: int | None) -> int | str:
    return "" if oldest is None else oldest - CLOCK_SLACK_MS
