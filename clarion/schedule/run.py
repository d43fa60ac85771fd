"""The runs of a repeated message: each is a message of its own, under the one that was published."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

import msgspec

from clarion.calendar.repeat import Step, step
from clarion.message import Message
from clarion.message.message import encode, message_id_of
from clarion.queue import Queue, plan_hint, render
from clarion.schedule.appointment import Run
from clarion.schedule.start import lead_ms
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors


class FireCall(NamedTuple):
    """Keys and arguments of the script that starts a run.

    `child_id` is the run's, empty when it is skipped; `missed` is how many instants nobody came to.
    """

    key_names: list[str]
    arguments: list[Any]
    child_id: str
    missed: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Run).decode


def fire_call(parent: Message, *, due_ms: int, runs: int, now_ms: int, queued: bool) -> FireCall:
    """How to start the run of `parent` that is due, or to skip it.

    Args:
        parent: the repeated message.
        due_ms: when it is due (epoch ms).
        runs: how many it has had.
        now_ms: epoch milliseconds, by Redis.
        queued: whether the script queues the task.
    """
    assert parent.repeat is not None
    lead = lead_ms(parent)
    taken = step(parent.repeat, due_ms + lead, now_ms + lead, runs)
    child = None if taken.run_ms is None else _child(parent, taken.run_ms, now_ms)
    child_id = "" if child is None else child.id
    task = render(plan_hint(child_id), now_ms=now_ms) if child and queued else b""
    key_names = [
        keys.message_prefix(parent.id),
        keys.active(),
        keys.outbox(),
        keys.due(parent.app),
        keys.recent(parent.app),
        Queue.PLAN.value,
        keys.message_prefix(child_id),
    ]
    arguments: list[Any] = [
        parent.id,
        parent.app,
        due_ms,
        "" if taken.next_ms is None else taken.next_ms - lead,
        child_id,
        b"" if child is None else encode(child),
        task,
        _encode(_entry(taken, child_id, due_ms, now_ms, lead)),
        taken.missed,
    ]
    return FireCall(key_names, arguments, child_id, taken.missed)


def history(storage: Storage, message_id: str, limit: int) -> list[Run]:
    """What became of the latest due instants of a repeated message, the latest first."""
    with storage_errors():
        return [_decode(entry) for entry in storage.main.lrange(keys.runs(message_id), 0, limit - 1)]


def _child(parent: Message, run_ms: int, now_ms: int) -> Message:
    # Derived from parent and instant: however often it is begun, it is the same one.
    name = uuid.uuid5(uuid.UUID(parent.id.removeprefix("message:")), str(run_ms))
    return msgspec.structs.replace(
        parent, id=message_id_of(name), parent=parent.id, repeat=None, starts_ms=run_ms, accepted_ms=now_ms
    )


def _entry(taken: Step, child_id: str, due_ms: int, now_ms: int, lead: int) -> Run:
    ran_ms = due_ms + lead if taken.run_ms is None else taken.run_ms
    late_ms = now_ms + lead - ran_ms
    return Run(due_ms=ran_ms, at_ms=now_ms, late_ms=late_ms, message_id=child_id or None, missed=taken.missed)
