"""Plan a message: resolve its audience and cut it into shards."""

from __future__ import annotations

from celery import shared_task

from clarion.delivery.express import plan_and_deliver
from clarion.queue import Task
from tasks.base import bound, log
from worker.child import outfit


@shared_task(name=Task.PLAN)  # type: ignore[untyped-decorator]
def plan_message(version: int, message_id: str) -> None:
    """`message_id` was accepted, or its planner died."""
    with bound(version, message_id=message_id):
        state = plan_and_deliver(outfit(), message_id)
        log.info("planned", state=state)
