"""Queue again whatever has no owner, remove the registrations that ended, and forget the long removed."""

from __future__ import annotations

from celery import shared_task

from clarion.delivery.rescue import rescue
from clarion.queue import Task
from clarion.registry import expire, forget_removed
from tasks.base import bound, log
from worker.child import outfit


@shared_task(name=Task.RESCUE)  # type: ignore[untyped-decorator]
def rescue_all(version: int) -> None:
    """One sweep."""
    with bound(version):
        held = outfit()
        now_ms = held.clock()
        rescued = rescue(held.storage, now_ms=now_ms, grace_ms=held.pace.grace_ms, broker_url=held.broker_url)
        expired = sum(expire(held.storage, app, now_ms) for app in held.providers)
        for app in held.apps.values():
            forget_removed(held.storage, app.id, now_ms - int(app.quarantine.keep_s * 1000))
        if any(rescued) or expired:
            log.warning("rescued", messages=rescued.messages, shards=rescued.shards, expired=expired)
