"""Deliver a shard of a message."""

from __future__ import annotations

from celery import shared_task

from clarion.delivery.deliver import deliver
from clarion.queue import Task
from tasks.base import bound, log
from worker.child import outfit


@shared_task(name=Task.DELIVER)  # type: ignore[untyped-decorator]
def deliver_shard(version: int, message_id: str, shard: str) -> None:
    """The shard waits, or its worker died, or its retry is due."""
    with bound(version, message_id=message_id, shard=shard):
        end = deliver(outfit(), message_id, shard)
        log.info("delivered", end=end)
