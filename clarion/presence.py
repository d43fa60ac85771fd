"""Which worker processes live, and whom they can reach: each says so, for those who have no apps file."""

from __future__ import annotations

from collections.abc import Mapping

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


def announce(storage: Storage, app: str, words: Mapping[str, str]) -> None:
    """Workers reach the devices of these operating systems of an application; `words` say by what."""
    with storage_errors(), storage.main.pipeline(transaction=True) as pipe:
        pipe.delete(keys.serves(app))
        if words:
            pipe.hset(keys.serves(app), mapping=dict(words))
        pipe.execute()


def announced(storage: Storage, app: str) -> dict[str, str]:
    """What workers announced last; empty when none ever did."""
    with storage_errors():
        return {os.decode(): word.decode() for os, word in storage.main.hgetall(keys.serves(app)).items()}
