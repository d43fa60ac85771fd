"""Throttling: a message with a rate is sent shard by shard, each in a slot of time that it reserved before."""

from __future__ import annotations

from collections.abc import Sequence

from clarion.delivery.ledger import THROTTLE, Wait
from clarion.delivery.moment import Part
from clarion.delivery.outfit import Pace
from clarion.delivery.run import Run
from clarion.message import Message
from clarion.providers.base import Provider
from clarion.storage import Storage, keys
from clarion.storage.connection import call

#: A shard of a throttled message holds what its rate allows in so many seconds.
SHARD_S = 0.5
#: However slow it is, an audience is cut into no more shards than this: each is a task on a queue.
SHARDS_MAX = 20_000
#: A slot that starts within this time is now: less than it takes to come back.
SOON_MS = 50
#: A slot is good for so long. Shards that all come late at once, after an outage, must not be sent all at once.
LATE_MS = 1_000


def rate_per_s(message: Message, devices: int) -> float:
    """Devices a second that a message to so many devices is sent to at most; 0 is without limit."""
    if message.rate_per_s is not None:
        return message.rate_per_s
    return 0.0 if message.spread_s is None else devices / message.spread_s


def shard_size(pace: Pace, message: Message, devices: int) -> int:
    """How many devices one shard of a message to so many devices holds."""
    rate = rate_per_s(message, devices)
    return pace.shard_size if not rate else max(1, devices // SHARDS_MAX, min(pace.shard_size, int(rate * SHARD_S)))


def reserve(storage: Storage, message_id: str, devices: int) -> int:
    """Reserve a slot for so many devices; returns when it starts (epoch ms, by Redis' clock)."""
    return int(call(storage.main, "throttle", [keys.message_prefix(message_id)], [devices]))


def postpone(run: Run, ready: Sequence[tuple[Provider, Sequence[Part]]]) -> bool:
    """Whether those who could be sent to now have to wait for a slot; then it is noted until when."""
    devices = sum(len(part.devices) for _, parts in ready for part in parts) if run.rate_per_s else 0
    if not devices:
        return False
    now_ms, slot = run.now_ms(), run.wait(THROTTLE)
    if slot.attempts < devices or slot.due_ms + LATE_MS < now_ms:
        slot = Wait(reserve(run.outfit.storage, run.message.id, devices), devices)
    if slot.due_ms <= now_ms + SOON_MS:
        return False
    run.waits[THROTTLE] = slot
    for provider, _ in ready:
        run.keep(provider.name)
    return True
