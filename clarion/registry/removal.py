"""Devices that go: unregistered, dead, expired, or replaced by a newer one with the same token.

A device is gone when its record is. The directories follow in steps of their own, and whoever removed a device looks
once more afterwards: a registration may have come back to the same ordinal meanwhile, and needs its entries again.

A device that a provider's answers removed leaves a grave where its record was, in the same atomic step. Its id leads
there until it is forgotten: a registration under that id takes the grave's place, whoever unregisters has it dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from clarion.errors import UnknownDeviceToUnregister
from clarion.registry import directory, grave
from clarion.registry.chunk import SLOT_BITS, SLOT_MASK, Change, by_chunk, change, chunk_count, fetch, write
from clarion.registry.device import Device
from clarion.registry.directory import NONE, Kind, digest
from clarion.registry.grave import Grave
from clarion.registry.lookup import stored
from clarion.registry.record import decode, encode, pack_id
from clarion.storage import Storage, keys
from clarion.storage.connection import Call, call_many, storage_errors

#: Ordinal and stored bytes.
Stored = tuple[int, bytes]


def unregister(
    storage: Storage, app: str, device_id: str, channels: Sequence[str] | None, now_ms: int
) -> Device | None:
    """Take a device off some channels, or off all of them.

    Args:
        storage: where it is registered.
        app: the application's id.
        device_id: which device.
        channels: what to leave; None is the whole registration.
        now_ms: epoch milliseconds; a registration that has expired by then is unknown.

    Returns:
        What is left of the registration; None when it is gone, as it is with its last channel.

    Raises:
        UnknownDeviceToUnregister: there is no such registration.
    """
    while True:
        [found] = stored(storage, app, [device_id])
        if found is None or (device := decode(found[1]).device()).expired(now_ms):
            _let_go(storage, app, device_id)
            raise UnknownDeviceToUnregister(device_id)
        left = () if channels is None else tuple(name for name in device.channels if name not in channels)
        if not left:
            if remove(storage, app, [found]) == [True]:
                return None
        else:
            rest = msgspec.structs.replace(device, channels=left)
            if write(storage, app, [change(*found, rest, encode(rest))]) == [True]:
                return rest


def _let_go(storage: Storage, app: str, device_id: str) -> None:
    """A device that was removed, and whose user has left since, is not to be restored."""
    [ordinal] = directory.find(storage, app, Kind.DEVICE, [digest(device_id)])
    [found] = grave.fetch(storage, app, [ordinal]) if ordinal != NONE else [None]
    if found is not None and decode(grave.decode(found[1]).record).packed_id == pack_id(device_id):
        drop(storage, app, [(ordinal, found[1])])


def prune(storage: Storage, app: str, chunk: int, graves: Mapping[int, Grave], *, message_id: str, now_ms: int) -> int:
    """Remove devices because of a provider's answers. They can be listed and restored until they are forgotten.

    Args:
        storage: where they are registered.
        app: the application's id.
        chunk: where they are.
        graves: slot -> who is to be removed, and why.
        message_id: the message that was answered so.
        now_ms: epoch milliseconds.

    Returns:
        How many devices were removed.
    """
    removed = 0
    todo = {chunk << SLOT_BITS | slot: each for slot, each in graves.items()}
    while todo:
        changes = [*_burials(storage, app, todo, message_id, now_ms)]
        gone = write(storage, app, changes)
        removed += sum(gone)
        buried = [item.ordinal for item, done in zip(changes, gone, strict=True) if done]
        release_tokens(storage, app, [(ordinal, todo[ordinal].token) for ordinal in buried])
        todo = {item.ordinal: todo[item.ordinal] for item, done in zip(changes, gone, strict=True) if not done}
    return removed


def _burials(storage: Storage, app: str, graves: Mapping[int, Grave], message_id: str, now_ms: int) -> Iterator[Change]:
    """The changes that remove the devices (by ordinal) that still are who was meant."""
    for (ordinal, each), raw in zip(graves.items(), fetch(storage, app, [*graves]), strict=True):
        if raw is None or (record := decode(raw)).token != each.token:
            continue
        if each.dead_since_ms is None or record.registered_at <= each.dead_since_ms:
            kept = now_ms, grave.encode(raw, each, message_id)
            yield msgspec.structs.replace(change(ordinal, raw, None, None), grave=kept)


def drop(storage: Storage, app: str, graves: Sequence[Stored]) -> int:
    """Forget removed devices (ordinal, grave's bytes) whose graves still are those bytes. Returns how many."""
    calls: list[Call] = []
    chunks = by_chunk([ordinal for ordinal, _ in graves])
    for number, at in chunks.items():
        arguments = [part for i in at for part in (graves[i][0] & SLOT_MASK, graves[i][1])]
        calls.append(([keys.removed(app, number), keys.removed_at(app, number)], arguments))
    replies = call_many(storage.registry, "grave_drop", calls)
    dropped = {number << SLOT_BITS | int(slot) for number, slots in zip(chunks, replies, strict=True) for slot in slots}
    release(storage, app, [(ordinal, grave.decode(raw).record) for ordinal, raw in graves if ordinal in dropped])
    return len(dropped)


def evict(storage: Storage, app: str, tokens: Sequence[tuple[int, str]]) -> int:
    """Remove each device (by ordinal) that carries the token beside it. Returns how many."""
    removed = 0
    todo = list(tokens)
    while todo:
        found = zip(todo, fetch(storage, app, [ordinal for ordinal, _ in todo]), strict=True)
        carriers = [(item, raw) for item, raw in found if raw is not None and decode(raw).token == item[1]]
        gone = remove(storage, app, [(ordinal, raw) for (ordinal, _), raw in carriers])
        removed += sum(gone)
        todo = [item for (item, _), done in zip(carriers, gone, strict=True) if not done]
    return removed


def release_tokens(storage: Storage, app: str, tokens: Sequence[tuple[int, str]]) -> None:
    """Remove the entries of tokens that lead to these devices (ordinal, token) and that they no longer carry."""
    if not tokens:
        return
    ordinals = [ordinal for ordinal, _ in tokens]
    directory.release(storage, app, Kind.TOKEN, [digest(token) for _, token in tokens], ordinals)
    found = zip(tokens, fetch(storage, app, ordinals), strict=True)
    back = [item for item, raw in found if raw is not None and decode(raw).token == item[1]]
    holders = directory.claim(
        storage, app, Kind.TOKEN, [digest(token) for _, token in back], [ordinal for ordinal, _ in back]
    )
    evict(storage, app, [item for item, holder in zip(back, holders, strict=True) if holder != item[0]])


def expire(storage: Storage, app: str, now_ms: int, limit: int = 10_000) -> int:
    """Remove registrations that have expired by `now_ms` (epoch milliseconds), `limit` of them at most.

    Returns:
        How many were removed. Less than `limit` means that none was left.
    """
    chunks = range(chunk_count(storage, app))
    pipe = storage.registry.pipeline(transaction=False)
    for number in chunks:
        pipe.zrangebyscore(keys.expirations(app, number), "-inf", now_ms, 0, limit)
    with storage_errors():
        due = pipe.execute() if chunks else []
    ordinals = [number << SLOT_BITS | int(slot) for number, slots in zip(chunks, due, strict=True) for slot in slots]
    found = zip(ordinals, fetch(storage, app, ordinals[:limit]), strict=False)
    ended = [(ordinal, raw) for ordinal, raw in found if raw is not None and decode(raw).device().expired(now_ms)]
    return sum(remove(storage, app, ended))


def remove(storage: Storage, app: str, stored: Sequence[Stored]) -> list[bool]:
    """Remove each device (ordinal, bytes) whose record still is those bytes. Returns which ones were."""
    if not stored:
        return []
    gone = write(storage, app, [change(ordinal, raw, None, None) for ordinal, raw in stored])
    release(storage, app, [item for item, done in zip(stored, gone, strict=True) if done])
    return gone


def release(storage: Storage, app: str, gone: Sequence[Stored]) -> None:
    """Remove the directories' entries of devices whose records are gone."""
    while gone:
        ordinals = [ordinal for ordinal, _ in gone]
        records = [decode(raw) for _, raw in gone]
        directory.release(storage, app, Kind.DEVICE, [digest(each.device_id) for each in records], ordinals)
        directory.release(storage, app, Kind.TOKEN, [digest(each.token) for each in records], ordinals)
        gone = _reinstate(storage, app, ordinals)


def _reinstate(storage: Storage, app: str, ordinals: Sequence[int]) -> list[Stored]:
    """Give devices that came back their entries; those whose id or token has moved on are removed and returned."""
    found = zip(ordinals, fetch(storage, app, ordinals), strict=True)
    back = [(ordinal, raw) for ordinal, raw in found if raw is not None]
    if not back:
        return []
    ordinals = [ordinal for ordinal, _ in back]
    records = [decode(raw) for _, raw in back]
    by_id = directory.claim(storage, app, Kind.DEVICE, [digest(each.device_id) for each in records], ordinals)
    by_token = directory.claim(storage, app, Kind.TOKEN, [digest(each.token) for each in records], ordinals)
    ghosts = [item for item, a, b in zip(back, by_id, by_token, strict=True) if (a, b) != (item[0], item[0])]
    gone = write(storage, app, [change(ordinal, raw, None, None) for ordinal, raw in ghosts])
    return [item for item, done in zip(ghosts, gone, strict=True) if done]
