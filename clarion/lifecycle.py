"""Every move between the states of a message; each is one script on Redis.

scheduled ─promote─▶ accepted ─claim_plan─▶ planning ─finish_plan─▶ delivering ─last shard closed─▶ published | failed
    │                   │                    │  │                      │
    │                   │                    │  └─finish_plan(error)───┼────────────────────────▶ failed
    └──────cancel───────┴─▶ cancelled        └───────cancel────────────┴─▶ cancelling ─last one closed─▶ cancelled

The first four may be paused, and resumed to what they were. A message whose audience is settled when it is published
goes accepted ─claim_plan─▶ planning ─freeze─▶ scheduled before its time. A repeated message is scheduled until its last
run; `clarion.schedule` starts its runs.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from clarion.errors import UnknownMessage
from clarion.message import State
from clarion.storage import Storage, keys
from clarion.storage.connection import call

_pack = msgspec.msgpack.Encoder().encode


class Acceptance(NamedTuple):
    """What became of a publish: `verdict` is accepted, repeated or conflict; `message_id` the one that stands."""

    verdict: str
    message_id: str


class PlanClaim(NamedTuple):
    """The right to plan a message.

    Attributes:
        fence: proves it.
        cursor: the next chunk.
        content: the stored message.
        early: whether its time has not come: no more may be done now than to settle its audience.
        settled: whether its audience was settled before its time.
    """

    fence: int
    cursor: int
    content: bytes
    early: bool = False
    settled: bool = False


class When(NamedTuple):
    """That a message waits until `due_ms` (epoch ms), and is `repeated` from then on; `frozen`: its audience is not."""

    due_ms: int
    repeated: bool = False
    frozen: bool = False


class Opened(NamedTuple):
    """What became of a message, and what is to be queued now: these shards, and the plan of an unplanned one."""

    state: State
    queue: str
    shards: Sequence[str]


class PlannedChunk(NamedTuple):
    """One chunk of an audience, ready to be written.

    Attributes:
        chunk: its number.
        devices: how many of the audience are in it.
        dense: 65 536 ledger codes, or None when `slots` says it.
        slots: the slots of the audience when there are few of them.
        shards: references of those that are due now, each `chunk.first slot.last slot`.
        later: of the others, and in how many milliseconds each is due, ascending.
        tasks: the task messages for `shards`; empty when the broker is elsewhere.
    """

    chunk: int
    devices: int
    dense: bytes | None
    slots: Sequence[int]
    shards: Sequence[str]
    later: Sequence[tuple[str, int]]
    tasks: Sequence[bytes]


def accept(
    storage: Storage,
    message_id: str,
    app: str,
    content: bytes,
    *,
    now_ms: int,
    queue: str,
    task: bytes,
    idempotency: tuple[str, str, int] | None,
    retention_s: int,
    when: When | None = None,
) -> Acceptance:
    """Store a publish, and its outbox entry and task, or its place among what waits for a time.

    `idempotency` is (key digest, content digest, window in s); `when` None, or a time that has come, is now.
    """
    digest, content_digest, window_s = idempotency or ("", "", 0)
    idempotency_key = keys.idempotency(app, digest) if digest else ""
    verdict, stood = call(
        storage.main,
        "accept",
        [
            keys.message_prefix(message_id),
            idempotency_key,
            keys.outbox(),
            keys.recent(app),
            queue,
            keys.due(app),
            keys.due_apps(),
        ],
        [message_id, app, content, content_digest, window_s, retention_s, task, now_ms, *_when(when)],
    )
    return Acceptance(verdict.decode(), stood.decode())


def claim_plan(storage: Storage, message_id: str, *, owner: str, lease_ms: int) -> PlanClaim | str:
    """Become the planner of a message; otherwise a word: busy, over or gone."""
    reply = call(storage.main, "plan_claim", _keys(message_id), [message_id, owner, lease_ms])
    if reply[0] != b"claimed":
        return str(reply[0].decode())
    return PlanClaim(reply[1], reply[2], reply[3], bool(reply[4]), bool(reply[5]))


def freeze(storage: Storage, message_id: str, app: str, fence: int) -> str:
    """The audience of a message is settled; returns the state, `planning` when the plan is to go on at once."""
    key_names = [keys.message_prefix(message_id), keys.outbox(), keys.due(app), keys.due_apps()]
    return str(call(storage.main, "freeze", key_names, [message_id, fence, app]).decode())


def write_chunk(
    storage: Storage, message_id: str, fence: int, planned: PlannedChunk, *, app: str, queue: str, lease_ms: int
) -> str:
    """Write one planned chunk; returns the state, or `fenced` when another planner took over."""
    dense = planned.dense is not None
    ledger = planned.dense if planned.dense is not None else _pack(list(planned.slots))
    reply = call(
        storage.main,
        "plan_chunk",
        [*_keys(message_id), queue, keys.due(app), keys.due_apps()],
        [
            message_id,
            fence,
            lease_ms,
            planned.chunk,
            planned.devices,
            "dense" if dense else "sparse",
            ledger,
            _pack(list(planned.shards)),
            _pack([value for each in planned.later for value in each]),
            app,
            *planned.tasks,
        ],
    )
    return str(reply.decode())


def finish_plan(
    storage: Storage, message_id: str, fence: int, *, unmatched: Sequence[str] = (), error: str = ""
) -> str:
    """End a plan. With `error`, which must come before the first chunk, the message fails. Returns the state."""
    arguments = [message_id, fence, _pack(list(unmatched)), error]
    return str(call(storage.main, "plan_finish", _keys(message_id), arguments).decode())


def cancel(storage: Storage, message_id: str, app: str) -> Opened:
    """Cancel a message. What it opens is for workers to close.

    Raises:
        UnknownMessage: no such message of this app, or it is already cancelled or over.
    """
    key_names = [*_keys(message_id), keys.due(app), keys.recent(app)]
    return _opened(message_id, call(storage.main, "cancel", key_names, [message_id, app, uuid.uuid4().hex]))


def pause(storage: Storage, message_id: str, app: str) -> None:
    """Pause a message; one that is paused stays so.

    Raises:
        UnknownMessage: no such message of this app, or it is cancelled or over.
    """
    key_names = [keys.message_prefix(message_id), keys.outbox(), keys.due(app)]
    if call(storage.main, "pause", key_names, [message_id, app]) is None:
        raise UnknownMessage(message_id)


def resume(storage: Storage, message_id: str, app: str) -> Opened:
    """Resume a message where it stood; one that is not paused goes on as it is.

    Raises:
        UnknownMessage: no such message of this app, or it is cancelled or over.
    """
    key_names = [*_keys(message_id), keys.due(app), keys.due_apps()]
    return _opened(message_id, call(storage.main, "resume", key_names, [message_id, app]))


def reschedule(storage: Storage, message_id: str, app: str, *, was_ms: int, due_ms: int, content: bytes) -> bool:
    """Give a message that waits until `was_ms` another time, and content; False when it no longer waits for that."""
    key_names = [keys.message_prefix(message_id), keys.due(app)]
    return bool(call(storage.main, "reschedule", key_names, [message_id, was_ms, due_ms, content]))


def _opened(message_id: str, reply: list[bytes] | None) -> Opened:
    if reply is None:
        raise UnknownMessage(message_id)
    state, queue, *shards = (each.decode() for each in reply)
    return Opened(State(state), queue, shards)


def _when(when: When | None) -> tuple[int | str, str, str]:
    if when is None:
        return "", "", ""
    return when.due_ms, "1" if when.repeated else "", "1" if when.frozen else ""


def _keys(message_id: str) -> list[str]:
    return [keys.message_prefix(message_id), keys.active(), keys.outbox()]
