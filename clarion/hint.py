"""Putting hints on the queues: straight onto the Redis that holds them, or through Celery to another broker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from clarion.queue import Hint, Queue, enqueued_ms, render, send
from clarion.storage import Storage
from clarion.storage.connection import storage_errors


def push(storage: Storage, hints: Iterable[Hint], *, now_ms: int, broker_url: str | None) -> None:
    """Queue hints. What is lost on the way, the next rescue queues again."""
    by_queue: defaultdict[Queue, list[Hint]] = defaultdict(list)
    for hint in hints:
        by_queue[hint.queue].append(hint)
    for queue, group in by_queue.items():
        if storage.queues_on_main:
            with storage_errors():
                storage.main.lpush(queue, *(render(hint, now_ms=now_ms) for hint in group))
        elif broker_url is not None:
            send(broker_url, group, now_ms=now_ms)


def oldest_ms(storage: Storage, queue: Queue) -> int | None:
    """When the oldest task of a queue was put there (epoch ms); None when it is empty or not on this Redis."""
    if not storage.queues_on_main:
        return None
    with storage_errors():
        document = storage.main.lindex(queue, -1)
    return None if document is None else enqueued_ms(document)
