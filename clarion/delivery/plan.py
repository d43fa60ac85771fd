"""Plan a message: resolve its audience, cut it into shards, open its books. A plan that dies is continued."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from clarion import lifecycle
from clarion.audience import count_of, frozen, locate, resolve, slots_of
from clarion.delivery.outfit import Outfit
from clarion.delivery.shard import cut
from clarion.delivery.throttle import rate_per_s, shard_size
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


class Audience(NamedTuple):
    """Who is addressed: bitmaps by chunk (ascending), and device ids that nobody answers to."""

    chunks: Mapping[int, bytes]
    unmatched: Sequence[str]

    @property
    def devices(self) -> int:
        """How many devices it holds."""
        return sum(map(count_of, self.chunks.values()))


def plan(outfit: Outfit, message_id: str) -> str:
    """Plan a message, or go on with a plan that died. Returns the state after it, or why there was nothing to do.

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
    if message.frozen and claim.early:
        state, settled = _freeze(outfit, message, claim), True
        if state != State.PLANNING:
            return state
    audience = _settled(outfit, message) if message.frozen and settled else _audience(outfit, message)
    state = _write(outfit, message, claim, audience)
    if state == "fenced":
        return state
    return lifecycle.finish_plan(storage, message_id, claim.fence, unmatched=audience.unmatched)


def _freeze(outfit: Outfit, message: Message, claim: PlanClaim) -> str:
    """Settle the audience before its time; returns the state, `planning` when the time has come meanwhile."""
    found = _audience(outfit, message)
    frozen.store(outfit.storage, message.id, found.chunks, found.unmatched)
    state = lifecycle.freeze(outfit.storage, message.id, message.app, claim.fence)
    if state == State.CANCELLING:
        return lifecycle.finish_plan(outfit.storage, message.id, claim.fence)
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


def _settled(outfit: Outfit, message: Message) -> Audience:
    return Audience(*frozen.load(outfit.storage, message.parent or message.id))


def _audience(outfit: Outfit, message: Message) -> Audience:
    storage, app = outfit.storage, message.app
    if message.policy is PublishPolicy.PUBSUB:
        return Audience({}, ())
    expire(storage, app, outfit.clock())
    _, unmatched = locate(storage, app, message.target.devices)
    found = resolve(storage, app, message.target, range(chunk_count(storage, app)))
    return Audience(dict(sorted(found)), unmatched)


def _write(outfit: Outfit, message: Message, claim: PlanClaim, audience: Audience) -> str:
    """Write what the audience has from the claim's cursor on; returns the state, `planning` when all is written."""
    pace, storage = outfit.pace, outfit.storage
    queue = Queue.EXPRESS if audience.devices <= pace.express_audience else Queue.BULK
    size = _throttle(outfit, message, audience.devices)
    for chunk, bitmap in audience.chunks.items():
        if chunk < claim.cursor:
            continue
        slots = slots_of(bitmap)
        shards = [shard.reference for shard in cut(chunk, slots, size)]
        hints = [deliver_hint(message.id, shard, queue) for shard in shards]
        planned = PlannedChunk(
            chunk=chunk,
            devices=len(slots),
            dense=_dense(slots) if len(slots) > SPARSE_MAX else None,
            slots=slots,
            shards=shards,
            tasks=[render(hint, now_ms=outfit.clock()) for hint in hints] if storage.queues_on_main else [],
        )
        state = lifecycle.write_chunk(storage, message.id, claim.fence, planned, queue=queue, lease_ms=pace.lease_ms)
        if state != State.PLANNING:
            return state
        if not storage.queues_on_main:
            push(storage, hints, now_ms=outfit.clock(), broker_url=outfit.broker_url)
    return State.PLANNING


def _throttle(outfit: Outfit, message: Message, devices: int) -> int:
    """How many devices a shard holds; the rate that they are sent at, if there is one, is written down."""
    rate = rate_per_s(message, devices)
    if rate:
        with storage_errors():
            outfit.storage.main.hset(keys.message(message.id), "rate", repr(rate))
    return shard_size(outfit.pace, message, devices)


def _dense(slots: Iterable[int]) -> bytes:
    ledger = bytearray(SLOTS)
    for slot in slots:
        ledger[slot] = 1
    return bytes(ledger)
