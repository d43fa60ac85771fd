"""Which worker processes live: each says so every few seconds."""

from __future__ import annotations

from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

HEARTBEAT_S = 3.0
#: A worker that was silent for so long is not counted.
SILENCE_MS = 15_000


def seen(storage: Storage, name: str, *, now_ms: int) -> None:
    """The worker `name` (host:pid) lives; forget those that have been silent for long."""
    with storage_errors(), storage.main.pipeline(transaction=False) as pipe:
        pipe.zadd(keys.workers(), {name: now_ms})
        pipe.zremrangebyscore(keys.workers(), "-inf", now_ms - 10 * SILENCE_MS)
        pipe.execute()


def living(storage: Storage, *, now_ms: int) -> list[str]:
    """The names of the workers that were seen lately."""
    with storage_errors():
        return [name.decode() for name in storage.main.zrangebyscore(keys.workers(), now_ms - SILENCE_MS, "+inf")]
