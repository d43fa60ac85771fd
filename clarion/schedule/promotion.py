"""Bring on whatever is due. Any number of schedulers may do this at a time: each step takes effect once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import structlog

from clarion.hint import push
from clarion.message.message import decode
from clarion.queue import Hint, Queue, deliver_hint, plan_hint, render
from clarion.schedule.run import fire_call
from clarion.storage import Storage, keys
from clarion.storage.connection import call, call_many, storage_errors

log = structlog.get_logger()

#: At most so many messages of an application, and shards of a message, in one look.
LIMIT = 500
#: What cannot be brought on is looked at again after so long: it must not stand before what can.
FAULT_WAIT_MS = 10_000
_NEVER_MS = -1


class Look(NamedTuple):
    """What a look came to: how much was brought on, and seconds until something else is due; None is nothing yet."""

    taken: int
    next_s: float | None


class _Step(NamedTuple):
    key_names: list[str]
    arguments: list[Any]
    hints: Sequence[Hint]


def promote(storage: Storage, *, broker_url: str | None = None) -> Look:
    """Bring on what is due, by Redis' clock.

    Raises:
        Unavailable: Redis failed; what was not brought on is found again.
    """
    templates = [keys.due("@"), keys.message_prefix("@")]
    now_ms, next_ms, *found = call(storage.main, "due_read", [keys.due_apps()], [LIMIT, LIMIT, *templates])
    taken = 0
    for word, (script, bring_on) in _BRING_ON.items():
        steps = list(_steps(bring_on, [each for each in found if each[2] == word], now_ms, storage))
        done = call_many(storage.main, script, [(step.key_names, step.arguments) for step in steps])
        if not storage.queues_on_main:
            hints = [hint for step, took in zip(steps, done, strict=True) if took for hint in step.hints]
            push(storage, hints, now_ms=now_ms, broker_url=broker_url)
        taken += sum(done)
    if found:
        return Look(taken, 0.0)
    return Look(taken, None if next_ms == _NEVER_MS else next_ms / 1000)


def _steps(
    bring_on: Callable[[Sequence[bytes], int, Storage], _Step],
    found: Sequence[Sequence[bytes]],
    now_ms: int,
    storage: Storage,
) -> Iterator[_Step]:
    for each in found:
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
    message_id, app = found[0].decode(), found[1].decode()
    hint = plan_hint(message_id)
    key_names = [keys.message_prefix(message_id), keys.due(app), keys.outbox(), Queue.PLAN.value]
    return _Step(key_names, [message_id, render(hint, now_ms=now_ms) if storage.queues_on_main else b""], [hint])


def _run(found: Sequence[bytes], now_ms: int, storage: Storage) -> _Step:
    due_ms, runs, content = found[3:]
    fire = fire_call(decode(content), due_ms=int(due_ms), runs=int(runs), now_ms=now_ms, queued=storage.queues_on_main)
    return _Step(fire.key_names, fire.arguments, [plan_hint(fire.child_id)] if fire.child_id else [])


def _wake(found: Sequence[bytes], now_ms: int, storage: Storage) -> _Step:
    message_id, app = found[0].decode(), found[1].decode()
    queue = Queue((found[3] or Queue.BULK.encode()).decode())
    hints = [deliver_hint(message_id, shard.decode(), queue) for shard in found[4:]]
    arguments: list[Any] = [message_id]
    for hint in hints:
        arguments += [hint.arguments[1], render(hint, now_ms=now_ms) if storage.queues_on_main else b""]
    return _Step([keys.message_prefix(message_id), keys.due(app), queue.value], arguments, hints)


_BRING_ON = {b"start": ("promote", _start), b"run": ("fire", _run), b"wake": ("wake", _wake)}
