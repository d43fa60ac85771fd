"""Throttling: a message with a rate is planned over time, and a gate lets it through no faster than that."""

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
#: However slow it is, an audience is cut into no more shards than this: each is an entry in an index.
SHARDS_MAX = 20_000
#: The gate lets through what comes so much too early: tasks come late by that much, one more and the next less.
SOON_MS = 100


def rate_per_s(message: Message, devices: int) -> float:
    """Devices a second that a message to so many devices is sent to at most; 0 is without limit."""
    if message.rate_per_s is not None:
        return message.rate_per_s
    return 0.0 if message.spread_s is None else devices / message.spread_s


def shard_size(pace: Pace, message: Message, devices: int) -> int:
    """How many devices one shard of a message to so many devices holds."""
    rate = rate_per_s(message, devices)
    return pace.shard_size if not rate else max(1, devices // SHARDS_MAX, min(pace.shard_size, int(rate * SHARD_S)))


def starts_ms(rate: float, before: int, devices: int, size: int) -> list[int]:
    """In how many milliseconds each shard of some devices is to start.

    Args:
        rate: devices a second; 0 is without limit.
        before: how many devices come before them.
        devices: how many they are.
        size: devices of a shard.
    """
    return [int((before + first) * 1000 / rate) if rate else 0 for first in range(0, devices, size)]


def ask(storage: Storage, message_id: str, devices: int) -> int:
    """Ask to send to so many devices now: 0 is yes, else it is when to ask again (epoch ms, by Redis' clock)."""
    return int(call(storage.main, "throttle", [keys.message_prefix(message_id)], [devices, SOON_MS]))


def postpone(run: Run, ready: Sequence[tuple[Provider, Sequence[Part]]]) -> bool:
    """Whether those who could be sent to now have to wait; then it is noted until when."""
    devices = sum(len(part.devices) for _, parts in ready for part in parts) if run.rate_per_s else 0
    again_ms = ask(run.outfit.storage, run.message.id, devices) if devices else 0
    if not again_ms:
        return False
    run.waits[THROTTLE] = Wait(again_ms)
    for provider, _ in ready:
        run.keep(provider.name)
    run.look_again()
    return True
