"""Plan a message: resolve its audience, cut it into shards, open its books. A plan that dies is continued."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from clarion import lifecycle
from clarion.audience import count_of, frozen, locate, resolve, slots_of
from clarion.delivery.outfit import Outfit
from clarion.delivery.shard import cut
from clarion.delivery.throttle import rate_per_s, shard_size, starts_ms
from clarion.hint import push
from clarion.lifecycle import PlanClaim, PlannedChunk
from clarion.message import Message, PublishPolicy, State
from clarion.message.message import decode
from clarion.providers.base import ContentRefused
from clarion.queue import Queue, deliver_hint, render
from clarion.registry import SLOTS, chunk_count, expire
from clarion.storage import keys
from clarion.storage.connection import storage_errors

#: A chunk with at most so many devices of the audience keeps its ledger as a hash: Redis packs a small one tightly.
SPARSE_MAX = 256
#: A message whose planners all died before they wrote anything is given up.
PLANS_MAX = 10
#: A planner keeps so many shards at most to deliver itself, one after the other.
KEPT_MAX = 2
#: Why a run fails whose parent was over for longer than messages are kept.
FORGOTTEN = "The audience that was settled when it was published is no longer stored."
_OVER = frozenset({State.PUBLISHED, State.FAILED, State.CANCELLED, "gone"})


class Audience(NamedTuple):
    """Who is addressed: bitmaps by chunk (ascending), and device ids that nobody answers to."""

    chunks: Mapping[int, bytes]
    unmatched: Sequence[str]

    @property
    def devices(self) -> int:
        """How many devices it holds."""
        return sum(map(count_of, self.chunks.values()))


def plan(outfit: Outfit, message_id: str, *, kept: list[str] | None = None) -> str:
    """Plan a message, or go on with a plan that died. Returns the state after it, or why there was nothing to do.

    Args:
        outfit: what the thread delivers with.
        message_id: the message.
        kept: gets the shards of a small audience, which then have no task: the caller delivers them.

    Raises:
        Unavailable: Redis failed; the rescue queues the message again.
    """
    storage, pace = outfit.storage, outfit.pace
    claim = lifecycle.claim_plan(storage, message_id, owner=uuid.uuid4().hex, lease_ms=pace.lease_ms)
    if isinstance(claim, str):
        return claim
    message = decode(claim.content)
    refusal = None if claim.cursor else _refusal(outfit, message, claim.fence)
    if refusal is not None:
        return lifecycle.finish_plan(storage, message_id, claim.fence, error=refusal)
    settled = claim.settled or message.parent is not None
    if message.frozen and claim.early and not claim.settled:
        state, settled = _freeze(outfit, message, claim), True
        if state != State.PLANNING:
            return state
    audience = _settled(outfit, message) if message.frozen and settled else _audience(outfit, message)
    if audience is None:
        return lifecycle.finish_plan(storage, message_id, claim.fence, error=FORGOTTEN)
    state = _write(outfit, message, claim, audience, kept)
    if state == "fenced":
        return state
    return lifecycle.finish_plan(storage, message_id, claim.fence, unmatched=audience.unmatched)


def _freeze(outfit: Outfit, message: Message, claim: PlanClaim) -> str:
    """Settle the audience before its time; returns the state, `planning` when the time has come meanwhile."""
    found = _audience(outfit, message)
    frozen.store(outfit.storage, message.id, found.chunks, found.unmatched)
    state = lifecycle.freeze(outfit.storage, message.id, message.app, claim.fence)
    if state == State.CANCELLING:
        state = lifecycle.finish_plan(outfit.storage, message.id, claim.fence)
    if state in _OVER:
        frozen.expire(outfit.storage, message.id)  # what was stored after that would stay for ever
    return state


def _refusal(outfit: Outfit, message: Message, fence: int) -> str | None:
    """Why nobody is to get the message, asked before anybody does; None when all is well."""
    if fence > PLANS_MAX:
        return f"The message could not be planned in {PLANS_MAX} attempts."
    providers = outfit.providers.get(message.app, {})
    try:
        for os in message.target.systems():
            if os in providers:
                providers[os].compose(message, os, now_ms=outfit.clock())
    except ContentRefused as refused:
        return str(refused)
    return None


def _settled(outfit: Outfit, message: Message) -> Audience | None:
    kept = frozen.load(outfit.storage, message.parent or message.id)
    return None if kept is None else Audience(*kept)


def _audience(outfit: Outfit, message: Message) -> Audience:
    storage, app = outfit.storage, message.app
    if message.policy is PublishPolicy.PUBSUB:
        return Audience({}, ())
    expire(storage, app, outfit.clock())
    _, unmatched = locate(storage, app, message.target.devices)
    found = resolve(storage, app, message.target, range(chunk_count(storage, app)))
    return Audience(dict(sorted(found)), unmatched)


def _write(outfit: Outfit, message: Message, claim: PlanClaim, audience: Audience, kept: list[str] | None) -> str:
    """Write what the audience has from the claim's cursor on; returns the state, `planning` when all is written."""
    storage, lease_ms = outfit.storage, outfit.pace.lease_ms
    queue = Queue.EXPRESS if audience.devices <= outfit.pace.express_audience else Queue.BULK
    for planned in _planned(outfit, message, claim.cursor, audience):
        keeps = kept is not None and queue is Queue.EXPRESS and len(kept) + len(planned.shards) <= KEPT_MAX
        hints = [] if keeps else [deliver_hint(message.id, shard, queue) for shard in planned.shards]
        tasks = [render(hint, now_ms=outfit.clock()) for hint in hints] if storage.queues_on_main else []
        ready = planned._replace(tasks=tasks)
        state = lifecycle.write_chunk(
            storage, message.id, claim.fence, ready, app=message.app, queue=queue, lease_ms=lease_ms
        )
        if state != State.PLANNING:
            return state
        if kept is not None and keeps:
            kept += planned.shards
        if not storage.queues_on_main:
            push(storage, hints, now_ms=outfit.clock(), broker_url=outfit.broker_url)
    return State.PLANNING


def _planned(outfit: Outfit, message: Message, cursor: int, audience: Audience) -> Iterator[PlannedChunk]:
    """The chunks of the audience from the cursor on, cut into shards; they have no tasks yet."""
    size, rate = shard_size(outfit.pace, message, audience.devices), _throttle(outfit, message, audience.devices)
    before = 0
    for chunk, bitmap in audience.chunks.items():
        if chunk >= cursor:
            slots = slots_of(bitmap)
            shards = [shard.reference for shard in cut(chunk, slots, size)]
            due = list(zip(shards, starts_ms(rate, before, len(slots), size), strict=True))
            yield PlannedChunk(
                chunk=chunk,
                devices=len(slots),
                dense=_dense(slots) if len(slots) > SPARSE_MAX else None,
                slots=slots,
                shards=[shard for shard, in_ms in due if not in_ms],
                later=[(shard, in_ms) for shard, in_ms in due if in_ms],
                tasks=[],
            )
        before += count_of(bitmap)


def _throttle(outfit: Outfit, message: Message, devices: int) -> float:
    """Devices a second that the message is sent to, which is written down; 0 is without limit."""
    rate = rate_per_s(message, devices)
    if rate:
        with storage_errors():
            outfit.storage.main.hset(keys.message(message.id), "rate", repr(rate))
    return rate


def _dense(slots: Iterable[int]) -> bytes:
    ledger = bytearray(SLOTS)
    for slot in slots:
        ledger[slot] = 1
    return bytes(ledger)
