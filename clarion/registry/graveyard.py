"""The devices that providers' answers removed: listing them, and forgetting them in time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice

from clarion.registry import directory, grave
from clarion.registry.chunk import SLOT_BITS, chunk_count, fetch
from clarion.registry.directory import NONE, Kind, digest
from clarion.registry.grave import Entry, Removed
from clarion.registry.record import decode
from clarion.registry.removal import drop
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

#: So many removed devices of an app are kept, however short ago they were removed: the oldest are forgotten first.
REMOVED_MAX = 1_000_000
#: Graves that are read or dropped at a time.
_BATCH = 2000
#: Who lists them mostly wants the first few, and else all of them.
_GROWTH = 8
#: A time that is never reached, epoch ms.
_NEVER_MS = 1 << 50
#: More than an ordinal ever has: a time and an ordinal make one integer, which sorts as a million pairs would not.
_ORDINAL_BITS = 40


def removed(
    storage: Storage, app: str, *, since_ms: int | None = None, reason: str | None = None, limit: int | None = 1000
) -> Iterator[Removed]:
    """Devices that were removed because of a provider's answers and did not come back, newest first.

    Args:
        storage: where they were registered.
        app: the application's id.
        since_ms: only those removed at this time (epoch milliseconds) or later.
        reason: only those of this reason.
        limit: how many at most; None is all of them.
    """
    found = (
        Removed(
            device=decode(entry.record).device(),
            provider=entry.provider,
            reason=entry.reason,
            message_id=entry.message_id,
            removed_at=ms,
        )
        for ordinals in _newest(storage, app, since_ms or 0)
        for ms, entry in _entries(storage, app, ordinals)
        if reason in (None, entry.reason)
    )
    return islice(_without_carried(storage, app, found), limit)


def _newest(storage: Storage, app: str, since_ms: int) -> Iterator[list[int]]:
    """The ordinals of all that were removed since then, newest first, in lists that become longer and longer."""
    chunks = range(chunk_count(storage, app))
    until_ms, size = _NEVER_MS, _BATCH
    while sum(_count(storage, app, chunks, since_ms, until_ms)):

        def fewer(ms: int, until_ms: int = until_ms) -> int:
            return -sum(_count(storage, app, chunks, ms, until_ms))

        times = range(since_ms, until_ms + 1)
        from_ms = times[max(0, bisect_right(times, -size, key=fewer) - 1)]
        yield _between(storage, app, chunks, from_ms, until_ms)
        until_ms, size = from_ms - 1, size * _GROWTH


def _between(storage: Storage, app: str, chunks: Sequence[int], from_ms: int, until_ms: int) -> list[int]:
    pipe = storage.registry.pipeline(transaction=False)
    for number in chunks:
        pipe.zrange(keys.removed_at(app, number), from_ms, until_ms, byscore=True, withscores=True)
    with storage_errors():
        replies = pipe.execute()
    dated = [
        int(ms) << _ORDINAL_BITS | number << SLOT_BITS | int(slot)
        for number, reply in zip(chunks, replies, strict=True)
        for slot, ms in reply
    ]
    dated.sort(reverse=True)
    return [each & ((1 << _ORDINAL_BITS) - 1) for each in dated]


def _entries(storage: Storage, app: str, ordinals: Sequence[int]) -> Iterator[tuple[int, Entry]]:
    for start in range(0, len(ordinals), _BATCH):
        for found in grave.fetch(storage, app, ordinals[start : start + _BATCH]):
            if found is not None:
                yield found[0], grave.decode(found[1])


def _without_carried(storage: Storage, app: str, found: Iterator[Removed]) -> Iterator[Removed]:
    """Those whose tokens nobody has registered since under another id."""
    while some := [*islice(found, _BATCH)]:
        taken = carried(storage, app, [each.device.token for each in some])
        yield from (each for each, by_other in zip(some, taken, strict=True) if not by_other)


def carried(storage: Storage, app: str, tokens: Sequence[str]) -> list[bool]:
    """Whether each token is the one of a registered device."""
    ordinals = directory.find(storage, app, Kind.TOKEN, [digest(token) for token in tokens])
    known = [ordinal for ordinal in ordinals if ordinal != NONE]
    records = dict(zip(known, fetch(storage, app, known), strict=True))
    return [
        (raw := records.get(ordinal)) is not None and decode(raw).token == token
        for ordinal, token in zip(ordinals, tokens, strict=True)
    ]


def forget_removed(storage: Storage, app: str, until_ms: int, *, most: int = REMOVED_MAX, limit: int = 10_000) -> int:
    """Forget who was removed until then (epoch milliseconds), and the oldest of the others while they are too many.

    Args:
        storage: where they were registered.
        app: the application's id.
        until_ms: the last instant to be forgotten.
        most: how many may be left.
        limit: how many are forgotten at most, in one call.

    Returns:
        How many were forgotten.
    """
    chunks = range(chunk_count(storage, app))
    excess = sum(_count(storage, app, chunks, 0, _NEVER_MS)) - most
    if excess > 0:
        oldest = bisect_left(range(_NEVER_MS), excess, key=lambda ms: sum(_count(storage, app, chunks, 0, ms)))
        until_ms = max(until_ms, oldest)
    due = zip(chunks, _count(storage, app, chunks, 0, until_ms), strict=True)
    forgotten = 0
    for number, count in due:
        for start in range(0, min(count, limit - forgotten), _BATCH):
            forgotten += _forget(storage, app, number, until_ms, min(_BATCH, count - start, limit - forgotten))
    return forgotten


def _count(storage: Storage, app: str, chunks: Sequence[int], from_ms: int, until_ms: int) -> list[int]:
    """How many were removed between these times, by chunk."""
    pipe = storage.registry.pipeline(transaction=False)
    for number in chunks:
        pipe.zcount(keys.removed_at(app, number), from_ms, until_ms)
    with storage_errors():
        found: list[int] = pipe.execute() if chunks else []
    return found


def _forget(storage: Storage, app: str, chunk: int, until_ms: int, some: int) -> int:
    with storage_errors():
        slots = storage.registry.zrange(keys.removed_at(app, chunk), "-inf", until_ms, byscore=True, offset=0, num=some)
    ordinals = [chunk << SLOT_BITS | int(slot) for slot in slots]
    found = zip(ordinals, grave.fetch(storage, app, ordinals), strict=True)
    return drop(storage, app, [(ordinal, each[1]) for ordinal, each in found if each is not None])
