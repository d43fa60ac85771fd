"""Reading and replacing the records of a chunk. Index and expirations move in the same atomic step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from clarion.registry.device import Device
from clarion.registry.record import Record, decode
from clarion.registry.term import terms
from clarion.storage import Storage, keys
from clarion.storage.connection import Call, call_many, storage_errors

SLOT_BITS = 16
SLOTS = 1 << SLOT_BITS
SLOT_MASK = SLOTS - 1

#: Records a script call replaces at most: a few milliseconds of the server's time.
_CALL_SLOTS = 2000
#: In place of a time: no expiration any more.
_NEVER = 0
#: Slots that are always listed, never drawn.
_FEW = 8
_ONE = ord("1")
#: A list of slots; or how many, the first byte they are in, and the number of the drawing from there on.
_Members = list[int] | tuple[int, int, str]

_encode = msgspec.msgpack.Encoder().encode
_KEYS = (keys.records, keys.expirations, keys.index_prefix, keys.removed, keys.removed_at, keys.strikes)


class Change(msgspec.Struct, frozen=True, gc=False):
    """One record to be replaced, if it still is `before`. None is no record."""

    ordinal: int
    before: bytes | None
    after: bytes | None
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    #: What becomes of its entry among the expirations: a time (epoch ms), 0 to remove it, None to leave it.
    expires_at: int | None
    #: Whether another token takes the place of one.
    renewed: bool = False
    #: Time (epoch ms) and bytes: what is kept of a device that goes, what must be kept of one that comes back.
    grave: tuple[int, bytes] | None = None


def change(ordinal: int, before: bytes | None, device: Device | None, after: bytes | None) -> Change:
    """The change that makes the device, encoded as `after`, what is stored at an ordinal; None removes."""
    new = terms(device) if device is not None else ()
    expires_at = device.expires_at if device is not None else None
    if before is None:
        return Change(ordinal, None, after, (), new, expires_at)
    record = decode(before)
    old = terms(record)
    if expires_at is None and record.expires_at is not None:
        expires_at = _NEVER
    renewed = device is not None and device.token != record.token
    if old == new:
        return Change(ordinal, before, after, (), (), expires_at, renewed)
    lost = tuple(term for term in old if term not in new)
    gained = tuple(term for term in new if term not in old)
    return Change(ordinal, before, after, lost, gained, expires_at, renewed)


def write(storage: Storage, app: str, changes: Sequence[Change]) -> list[bool]:
    """Apply each change whose record still is what was read. Returns which ones were applied, in order."""
    pieces = list(_pieces(changes))
    calls = [_call(app, number, [changes[i] for i in at]) for number, at in pieces]
    applied = [True] * len(changes)
    for (_, at), conflicts in zip(pieces, call_many(storage.registry, "registry_write", calls), strict=True):
        stale = set(map(int, conflicts))
        for i in at if stale else ():
            applied[i] = changes[i].ordinal & SLOT_MASK not in stale
    return applied


def _pieces(changes: Sequence[Change]) -> Iterator[tuple[int, list[int]]]:
    """Positions of the changes, chunk by chunk, few enough for one call."""
    for number, at in by_chunk([item.ordinal for item in changes]).items():
        for start in range(0, len(at), _CALL_SLOTS):
            yield number, at[start : start + _CALL_SLOTS]


def by_chunk(ordinals: Sequence[int]) -> dict[int, list[int]]:
    """The positions of ordinals, by chunk."""
    chunks: dict[int, list[int]] = defaultdict(list)
    for i, ordinal in enumerate(ordinals):
        chunks[ordinal >> SLOT_BITS].append(i)
    return chunks


def _call(app: str, number: int, changes: Sequence[Change]) -> Call:
    slots = [item.ordinal & SLOT_MASK for item in changes]
    expirations = {
        slot: item.expires_at for slot, item in zip(slots, changes, strict=True) if item.expires_at is not None
    }
    gained = _by_term((item.gained, slot) for slot, item in zip(slots, changes, strict=True) if item.gained)
    lost = _by_term((item.lost, slot) for slot, item in zip(slots, changes, strict=True) if item.lost)
    strings: list[bytes] = []
    terms_changed = [
        _encode({term: _members(of_term, strings) for term, of_term in by.items()}) for by in (gained, lost)
    ]
    graves: dict[int, tuple[int, int]] = {}
    for slot, item in zip(slots, changes, strict=True):
        if item.grave is not None:
            strings.append(item.grave[1])
            graves[slot] = item.grave[0], len(strings)
    renewed = [slot for slot, item in zip(slots, changes, strict=True) if item.renewed]
    arguments: list[Any] = [len(slots), _encode(expirations), *terms_changed, _encode(graves), _encode(renewed)]
    arguments += (len(strings), *strings)
    for slot, item in zip(slots, changes, strict=True):
        arguments += (slot, item.after or b"")
    if any(item.before for item in changes):
        arguments += [item.before or b"" for item in changes]
    return [key(app, number) for key in _KEYS], arguments


def _by_term(slots: Iterable[tuple[tuple[str, ...], int]]) -> dict[str, list[int]]:
    """Devices have few distinct lists of terms: gather by list first."""
    by_list: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for names, slot in slots:
        by_list[names].append(slot)
    by_term: dict[str, list[int]] = defaultdict(list)
    for names, members in by_list.items():
        for name in names:
            by_term[name] += members
    return by_term


def _members(slots: list[int], strings: list[bytes]) -> _Members:
    """Slots as the script takes them: drawn where that is shorter, which spares the server much work."""
    first = min(slots) >> 3
    size = (max(slots) >> 3) - first + 1
    if len(slots) <= _FEW or size > 2 * len(slots):
        return slots
    digits = bytearray(b"0") * (size * 8)
    for slot in slots:
        digits[slot - first * 8] = _ONE
    strings.append(int(digits, 2).to_bytes(size, "big"))
    return len(slots), first, str(len(strings))


def fetch(storage: Storage, app: str, ordinals: Sequence[int]) -> list[bytes | None]:
    """The stored bytes at each ordinal, None where there is no record."""
    chunks = by_chunk(ordinals)
    pipe = storage.registry.pipeline(transaction=False)
    for number, at in chunks.items():
        pipe.hmget(keys.records(app, number), [str(ordinals[i] & SLOT_MASK) for i in at])
    found: list[bytes | None] = [None] * len(ordinals)
    if not chunks:
        return found
    with storage_errors():
        replies = pipe.execute()
    for at, reply in zip(chunks.values(), replies, strict=True):
        for i, raw in zip(at, reply, strict=True):
            found[i] = raw
    return found


def read(storage: Storage, app: str, chunk: int, slots: Sequence[int]) -> list[Record | None]:
    """The records at some slots of a chunk, None where there is none. Best with a few thousand slots a call."""
    if not slots:
        return []
    with storage_errors():
        found: list[Any] = storage.registry.hmget(keys.records(app, chunk), slots)
    return [None if raw is None else decode(raw) for raw in found]


def chunk_count(storage: Storage, app: str) -> int:
    """How many chunks hold the app's devices; they count from 0."""
    with storage_errors():
        given = storage.registry.get(keys.ordinals(app))
    return (int(given or 0) + SLOT_MASK) >> SLOT_BITS
