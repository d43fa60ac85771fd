"""An audience that was settled when its message was published: stored then, read when it is sent."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import msgspec

from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

_UNMATCHED = b"unmatched"
#: Bitmaps are mostly zeros, or mostly ones.
_LEVEL = 1
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[str]).decode


def store(storage: Storage, message_id: str, chunks: Mapping[int, bytes], unmatched: Sequence[str]) -> None:
    """Keep bitmaps by chunk, and the device ids that nobody answers to, in place of what was kept before."""
    rows: dict[str | bytes, bytes] = {str(chunk): zlib.compress(bitmap, _LEVEL) for chunk, bitmap in chunks.items()}
    rows[_UNMATCHED] = _pack(list(unmatched))
    with storage_errors(), storage.main.pipeline(transaction=True) as pipe:
        pipe.delete(keys.frozen(message_id))
        pipe.hset(keys.frozen(message_id), mapping=rows)
        pipe.execute()


def expire(storage: Storage, message_id: str) -> None:
    """Keep it for no longer than the message itself."""
    with storage_errors():
        left_s = storage.main.ttl(keys.message(message_id))
        storage.main.expire(keys.frozen(message_id), max(left_s, 0))


def load(storage: Storage, message_id: str) -> tuple[dict[int, bytes], list[str]] | None:
    """What `store` kept, chunks ascending; None when it is kept no longer."""
    with storage_errors():
        rows = storage.main.hgetall(keys.frozen(message_id))
    if _UNMATCHED not in rows:
        return None
    unmatched = _unpack(rows.pop(_UNMATCHED))
    return {int(chunk): zlib.decompress(rows[chunk]) for chunk in sorted(rows, key=int)}, unmatched
