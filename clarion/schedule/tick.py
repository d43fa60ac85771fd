"""Periodic work that one of several schedulers starts each time."""

from __future__ import annotations

from clarion.storage import Storage, keys
from clarion.storage.connection import call, storage_errors


def tick(storage: Storage, entry: str, every_ms: int) -> int:
    """Milliseconds until `entry`, due every so many, is due; 0 is now, and the caller's to start.

    Raises:
        Unavailable: Redis failed.
    """
    return int(call(storage.main, "tick", [keys.ticks()], [entry, every_ms]))


def last_ms(storage: Storage) -> int | None:
    """When a scheduler last started anything periodic (epoch ms, by Redis); None when none ever did.

    Raises:
        Unavailable: Redis failed.
    """
    with storage_errors():
        times = storage.main.hvals(keys.ticks())
    return max(map(int, times), default=None)
