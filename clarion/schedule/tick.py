"""Periodic work that one of several beats starts each time, and whether there is one."""

from __future__ import annotations

from clarion.presence import SILENCE_MS
from clarion.storage import Storage, keys
from clarion.storage.connection import call, storage_errors


def tick(storage: Storage, entry: str, every_ms: int) -> int:
    """Milliseconds until `entry`, due every so many, is due; 0 is now, and the caller's to start.

    Raises:
        Unavailable: Redis failed.
    """
    return int(call(storage.main, "tick", [keys.ticks()], [entry, every_ms]))


def beating(storage: Storage, *, now_ms: int, every_s: float) -> bool:
    """Whether a beat was seen lately: without one, what is delayed or repeated waits, and whatever needs rescue.

    Args:
        storage: where beats leave their traces.
        now_ms: epoch milliseconds.
        every_s: seconds from one periodic task to the next.

    Raises:
        Unavailable: Redis failed.
    """
    with storage_errors():
        times = storage.main.hvals(keys.ticks())
    return now_ms - max(map(int, times), default=0) < SILENCE_MS + every_s * 1000
