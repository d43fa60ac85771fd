"""Cancel, pause, resume and reschedule a message; of a repeated one, also the runs that are under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from clarion import lifecycle
from clarion.app import App
from clarion.errors import Unavailable, UnknownMessage
from clarion.hint import push
from clarion.lifecycle import Opened
from clarion.message import DeliveryOptions, State
from clarion.message.message import decode, encode
from clarion.message.option import Instant
from clarion.message.timing import check_start
from clarion.queue import Hint, Queue, deliver_hint, plan_hint
from clarion.schedule.start import due_ms
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

_UNPLANNED = frozenset({State.ACCEPTED, State.PLANNING})


def cancel(storage: Storage, app: str, message_id: str, *, now_ms: int, broker_url: str | None) -> None:
    """Cancel a message: what is in flight still arrives, nothing else is sent.

    Raises:
        UnknownMessage: no such message of this app, or it is already cancelled or over, and so are its runs.
    """

    def cancel_one(message_id: str) -> None:
        opened = lifecycle.cancel(storage, message_id, app)
        _queue(storage, _shards(message_id, opened), now_ms, broker_url)

    _with_runs(storage, message_id, cancel_one)


def pause(storage: Storage, app: str, message_id: str) -> None:
    """Pause a message: what is in flight still arrives, nothing else is sent until it is resumed.

    Raises:
        UnknownMessage: no such message of this app, or it is cancelled or over, and so are its runs.
    """
    _with_runs(storage, message_id, lambda each: lifecycle.pause(storage, each, app))


def resume(storage: Storage, app: str, message_id: str, *, now_ms: int, broker_url: str | None) -> None:
    """Resume a message where it was paused; what became due meanwhile starts at once.

    Raises:
        UnknownMessage: no such message of this app, or it is cancelled or over, and so are its runs.
    """

    def resume_one(message_id: str) -> None:
        opened = lifecycle.resume(storage, message_id, app)
        hints = _shards(message_id, opened)
        if opened.state in _UNPLANNED:
            hints.append(plan_hint(message_id))
        _queue(storage, hints, now_ms, broker_url)

    _with_runs(storage, message_id, resume_one)


def reschedule(
    storage: Storage, app: App, message_id: str, publish_at: Instant, time_zone: str | None, *, now_ms: int
) -> None:
    """Give a message that has not started another time; of a repeated one, the runs to come begin anew from there.

    Args:
        storage: where it is stored.
        app: the publishing application.
        message_id: which.
        publish_at: in the forms of `DeliveryOptions.publish_at`; 0 is now.
        time_zone: IANA name of the zone of a time without an offset.
        now_ms: epoch milliseconds.

    Raises:
        InvalidSchedule: the time cannot be used; nothing has changed.
        InvalidRepeat: the repetition has expired by then.
        UnknownMessage: no such message of this app, or it has started, or is cancelled or over.
    """
    with storage_errors():
        owner, content, due = storage.main.hmget(keys.message(message_id), ("app", "content", "due_ms"))
    if owner is None or owner.decode() != app.id or due is None:
        raise UnknownMessage(message_id)
    message = decode(content)
    delivery = DeliveryOptions(publish_at=publish_at, time_zone=time_zone, local_time=message.local)
    starts_ms = check_start(delivery, message.repeat, app.limits, now_ms=now_ms)
    moved = msgspec.structs.replace(message, starts_ms=now_ms if starts_ms is None else starts_ms)
    first_ms = due_ms(moved)
    assert first_ms is not None  # checked: there is a run
    done = lifecycle.reschedule(storage, message_id, app.id, was_ms=int(due), due_ms=first_ms, content=encode(moved))
    if not done:
        raise UnknownMessage(message_id)


def _with_runs(storage: Storage, message_id: str, do: Callable[[str], object]) -> None:
    """Do it to a message, and then to those of its runs that are not over: no new one can start in between."""
    done = _done(message_id, do)
    with storage_errors():
        runs = storage.main.smembers(keys.open_runs(message_id))
    for run in runs:
        done = _done(run.decode(), do) or done
    if not done:
        raise UnknownMessage(message_id)


def _done(message_id: str, do: Callable[[str], object]) -> bool:
    try:
        do(message_id)
    except UnknownMessage:
        return False
    return True


def _queue(storage: Storage, hints: Sequence[Hint], now_ms: int, broker_url: str | None) -> None:
    with suppress(Unavailable):  # it is cancelled or resumed all the same: the rescue finds what nobody was told of
        push(storage, hints, now_ms=now_ms, broker_url=broker_url)


def _shards(message_id: str, opened: Opened) -> list[Hint]:
    queue = Queue(opened.queue or Queue.BULK)
    return [deliver_hint(message_id, shard, queue) for shard in opened.shards]
