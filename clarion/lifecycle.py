"""Every move between the states of a message; each is one script on Redis.

accepted ──claim_plan──▶ planning ──finish_plan──▶ delivering ──last shard closed──▶ published | failed
    │                       │  │                        │
    │                       │  └──finish_plan(error)────┼──────────────────────────▶ failed
    └──cancel─▶ cancelled   └────────cancel─────────────┴─▶ cancelling ──last shard closed──▶ cancelled
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
    """The right to plan a message: the fence proves it, `cursor` is the next chunk, `content` the stored message."""

    fence: int
    cursor: int
    content: bytes


class PlannedChunk(NamedTuple):
    """One chunk of an audience, ready to be written.

    Attributes:
        chunk: its number.
        devices: how many of the audience are in it.
        dense: 65 536 ledger codes, or None when `slots` says it.
        slots: the slots of the audience when there are few of them.
        shards: references, each `chunk.first slot.last slot`.
        tasks: the task messages for the shards; empty when the broker is elsewhere.
    """

    chunk: int
    devices: int
    dense: bytes | None
    slots: Sequence[int]
    shards: Sequence[str]
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
) -> Acceptance:
    """Store a publish, its outbox entry and its task. `idempotency` is (key digest, content digest, window in s)."""
    digest, content_digest, window_s = idempotency or ("", "", 0)
    idempotency_key = keys.idempotency(app, digest) if digest else ""
    verdict, stood = call(
        storage.main,
        "accept",
        [keys.message_prefix(message_id), idempotency_key, keys.outbox(), keys.recent(app), queue],
        [message_id, app, content, content_digest, window_s, retention_s, task, now_ms],
    )
    return Acceptance(verdict.decode(), stood.decode())


def claim_plan(storage: Storage, message_id: str, *, owner: str, lease_ms: int) -> PlanClaim | str:
    """Become the planner of a message; otherwise a word: busy, over or gone."""
    reply = call(storage.main, "plan_claim", _keys(message_id), [message_id, owner, lease_ms])
    if reply[0] != b"claimed":
        return str(reply[0].decode())
    return PlanClaim(reply[1], reply[2], reply[3])


def write_chunk(
    storage: Storage, message_id: str, fence: int, planned: PlannedChunk, *, queue: str, lease_ms: int
) -> str:
    """Write one planned chunk; returns the state, or `fenced` when another planner took over."""
    dense = planned.dense is not None
    ledger = planned.dense if planned.dense is not None else _pack(list(planned.slots))
    reply = call(
        storage.main,
        "plan_chunk",
        [*_keys(message_id), queue],
        [
            message_id,
            fence,
            lease_ms,
            planned.chunk,
            planned.devices,
            "dense" if dense else "sparse",
            ledger,
            _pack(list(planned.shards)),
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


def cancel(storage: Storage, message_id: str, app: str) -> State:
    """Cancel a message; returns the state after it.

    Raises:
        UnknownMessage: no such message of this app, or it is already cancelled or over.
    """
    state = call(storage.main, "cancel", _keys(message_id), [message_id, app, uuid.uuid4().hex])
    if state is None:
        raise UnknownMessage(message_id)
    return State(state.decode())


def _keys(message_id: str) -> list[str]:
    return [keys.message_prefix(message_id), keys.active(), keys.outbox()]
