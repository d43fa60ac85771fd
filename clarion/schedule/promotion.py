"""Bring on whatever is due. Any number of beats may do this at a time: each step takes effect once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Any, NamedTuple

import structlog

from clarion.calendar.repeat import GRACE_MS
from clarion.hint import push
from clarion.message.message import decode
from clarion.queue import Hint, Queue, deliver_hint, plan_hint, render
from clarion.schedule.run import fire_call
from clarion.storage import Storage, keys
from clarion.storage.connection import call, call_many, storage_errors

log = structlog.get_logger()

#: At most so many messages of an application, and shards of a message, in one look.
LIMIT = 500
#: What takes longer to work out is left for the next look, seconds: all else is due too.
WORK_MAX_S = 0.2
#: What cannot be brought on is tried again after so long: it must not keep a beat from all else.
FAULT_WAIT_MS = 60_000
_NEVER_MS = -1


class Look(NamedTuple):
    """What a look came to: how much was brought on, and seconds until something else is due; None is nothing yet."""

    taken: int
    next_s: float | None


class _Step(NamedTuple):
    message_id: str
    due_ms: int
    key_names: list[str]
    arguments: list[Any]
    hints: Sequence[Hint]
    missed: int = 0


def promote(storage: Storage, *, broker_url: str | None = None) -> Look:
    """Bring on what is due, by Redis' clock.

    Raises:
        Unavailable: Redis failed; what was not brought on is found again.
    """
    templates = [keys.due("@"), keys.message_prefix("@")]
    now_ms, next_ms, *found = call(storage.main, "due_read", [keys.due_apps()], [LIMIT, LIMIT, *templates])
    taken: list[_Step] = []
    failed: Exception | None = None
    for word, (script, bring_on) in _BRING_ON.items():
        steps = list(_steps(bring_on, [each for each in found if each[2] == word], now_ms, storage))
        try:
            done = call_many(storage.main, script, [(step.key_names, step.arguments) for step in steps])
        except Exception as error:  # noqa: BLE001  # of one of them perhaps: what else is due must not wait for that
            failed = error
            continue
        taken += [step for step, took in zip(steps, done, strict=True) if took]
    if not storage.queues_on_main:
        push(storage, [hint for step in taken for hint in step.hints], now_ms=now_ms, broker_url=broker_url)
    _tell(taken, now_ms)
    if failed is not None:
        raise failed
    return Look(len(taken), 0.0 if found else None if next_ms == _NEVER_MS else next_ms / 1000)


def _tell(taken: Sequence[_Step], now_ms: int) -> None:
    """Say what came too late, because no beat was there."""
    late = [step for step in taken if now_ms - step.due_ms > GRACE_MS or step.missed]
    if late:
        worst = min(late, key=lambda step: step.due_ms)
        log.warning(
            "promoted_late",
            messages=len(late),
            late_ms=now_ms - worst.due_ms,
            missed=sum(step.missed for step in late),
            message_id=worst.message_id,
        )


def _steps(
    bring_on: Callable[[Sequence[bytes], int, Storage], _Step],
    found: Sequence[Sequence[bytes]],
    now_ms: int,
    storage: Storage,
) -> Iterator[_Step]:
    began = monotonic()
    for each in found:
        if monotonic() - began > WORK_MAX_S:
            return
        try:
            yield bring_on(each, now_ms, storage)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one message, the others are due
            # Without its words and traceback, which may quote a payload.
            log.error("promotion_failed", message_id=each[0].decode(), error=type(error).__name__)  # noqa: TRY400
            _put_off(storage, each[0], each[1].decode(), now_ms + FAULT_WAIT_MS)


def _put_off(storage: Storage, message_id: bytes, app: str, until_ms: int) -> None:
    with storage_errors():
        storage.main.zadd(keys.due(app), {message_id: until_ms}, xx=True, gt=True)


def _start(found: Sequence[bytes], now_ms: int, storage: Storage) -> _Step:
    message_id, app, due_ms = found[0].decode(), found[1].decode(), int(found[3])
    hint = plan_hint(message_id)
    key_names = [
        keys.message_prefix(message_id),
        keys.due(app),
        keys.outbox(),
        Queue.PLAN.value,
        keys.recent(app),
    ]
    arguments = [message_id, render(hint, now_ms=now_ms) if storage.queues_on_main else b""]
    return _Step(message_id, due_ms, key_names, arguments, [hint])


def _run(found: Sequence[bytes], now_ms: int, storage: Storage) -> _Step:
    message_id, due_ms, runs = found[0].decode(), int(found[3]), int(found[4])
    fire = fire_call(decode(found[5]), due_ms=due_ms, runs=runs, now_ms=now_ms, queued=storage.queues_on_main)
    hints = [plan_hint(fire.child_id)] if fire.child_id else []
    return _Step(message_id, due_ms, fire.key_names, fire.arguments, hints, fire.missed)


def _wake(found: Sequence[bytes], now_ms: int, storage: Storage) -> _Step:
    message_id, app, due_ms = found[0].decode(), found[1].decode(), int(found[3])
    queue = Queue((found[4] or Queue.BULK.encode()).decode())
    hints = [deliver_hint(message_id, shard.decode(), queue) for shard in found[5:]]
    arguments: list[Any] = [message_id]
    for hint in hints:
        arguments += [hint.arguments[1], render(hint, now_ms=now_ms) if storage.queues_on_main else b""]
    key_names = [keys.message_prefix(message_id), keys.due(app), queue.value, keys.active()]
    return _Step(message_id, due_ms, key_names, arguments, hints)


_BRING_ON = {b"wake": ("wake", _wake), b"start": ("promote", _start), b"run": ("fire", _run)}
