"""Reading the index: who has a term, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clarion.registry.bitmap import from_bytes, from_slots
from clarion.storage import Storage, keys
from clarion.storage.connection import call_many

#: Chunks asked for at a time; 8 KiB each and term, and one round trip for 4 million devices.
_CHUNKS_AT_A_TIME = 64


def bitmaps(storage: Storage, app: str, chunks: Sequence[int], terms: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
    """For each chunk, in order, its number and the bitmap of each term."""
    for start in range(0, len(chunks), _CHUNKS_AT_A_TIME):
        some = chunks[start : start + _CHUNKS_AT_A_TIME]
        calls = [((keys.index_prefix(app, chunk),), terms) for chunk in some]
        for chunk, found in zip(some, call_many(storage.registry, "index_read", calls), strict=True):
            yield chunk, [_bitmap(container) for container in found]


def _bitmap(container: bytes | list[bytes]) -> int:
    return from_bytes(container) if isinstance(container, bytes) else from_slots(map(int, container))
