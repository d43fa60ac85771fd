"""Bringing back devices that were removed by mistake. Whoever registered since comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from clarion.registry import directory, grave
from clarion.registry.chunk import Change, change, fetch, write
from clarion.registry.directory import NONE, Kind, digest
from clarion.registry.graveyard import carried
from clarion.registry.record import decode, encode, pack_id
from clarion.registry.removal import release_tokens
from clarion.storage import Storage

_BATCH = 2000


class Restoration(StrEnum):
    """What became of a device that was to be restored."""

    #: It is registered again.
    RESTORED = "restored"
    #: Nobody of that id was removed, or it is forgotten, has left, or its registration has ended since.
    UNKNOWN = "unknown"
    #: Its id or token is registered: nothing was touched.
    SUPERSEDED = "superseded"


def restore(storage: Storage, app: str, device_ids: Iterable[str], now_ms: int) -> dict[str, Restoration]:
    """Register removed devices again, as they were, at their former ordinals.

    Args:
        storage: where they were registered.
        app: the application's id.
        device_ids: whom. Of several that had the same token, the first one comes back.
        now_ms: epoch milliseconds, the time of their registration from now on.

    Returns:
        What became of each, by device id.

    Raises:
        Unavailable: Redis cannot be reached or is full. Some may be restored; repeat all of them.
    """
    ids = [*dict.fromkeys(device_ids)]
    outcome: dict[str, Restoration] = {}
    for start in range(0, len(ids), _BATCH):
        outcome |= _restore(storage, app, ids[start : start + _BATCH], now_ms)
    return outcome


def _restore(storage: Storage, app: str, device_ids: Sequence[str], now_ms: int) -> dict[str, Restoration]:
    """Write the records, then see to it that their ids and tokens lead to them."""
    outcome, changes = _changes(storage, app, device_ids, now_ms)
    applied = write(storage, app, [*changes.values()])
    written = {device_id: item for (device_id, item), done in zip(changes.items(), applied, strict=True) if done}
    outcome |= dict.fromkeys(changes, Restoration.SUPERSEDED) | dict.fromkeys(written, Restoration.RESTORED)
    unnamed = _unnamed(storage, app, written)
    named = {device_id: item for device_id, item in written.items() if device_id not in unnamed}
    tokenless = _tokenless(storage, app, named)
    undone = [_undone(written[device_id], kept=False) for device_id in unnamed]
    undone += [_undone(written[device_id], kept=True) for device_id in tokenless]
    write(storage, app, undone)
    return outcome | dict.fromkeys(unnamed | tokenless, Restoration.SUPERSEDED)


def _changes(
    storage: Storage, app: str, device_ids: Sequence[str], now_ms: int
) -> tuple[dict[str, Restoration], dict[str, Change]]:
    """Of each device, why it cannot be restored, or the change that does it."""
    ordinals = directory.find(storage, app, Kind.DEVICE, [digest(device_id) for device_id in device_ids])
    known = [ordinal for ordinal in ordinals if ordinal != NONE]
    records = dict(zip(known, fetch(storage, app, known), strict=True))
    graves = dict(zip(known, grave.fetch(storage, app, known), strict=True))
    outcome = dict.fromkeys(device_ids, Restoration.UNKNOWN)
    changes: dict[str, Change] = {}
    for device_id, ordinal in zip(device_ids, ordinals, strict=True):
        raw, kept = records.get(ordinal), graves.get(ordinal)
        if raw is not None and decode(raw).packed_id == pack_id(device_id):
            outcome[device_id] = Restoration.SUPERSEDED
        elif kept is not None:
            device = decode(grave.decode(kept[1]).record).device()
            if device.device_id == device_id and not device.expired(now_ms):
                device = msgspec.structs.replace(device, registered_at=now_ms)
                item = change(ordinal, None, device, encode(device))
                changes[device_id] = msgspec.structs.replace(item, grave=kept)
    taken = carried(storage, app, [_token(item) for item in changes.values()])
    superseded = [device_id for device_id, by_other in zip(changes, taken, strict=True) if by_other]
    outcome |= dict.fromkeys(superseded, Restoration.SUPERSEDED)
    return outcome, {device_id: item for device_id, item in changes.items() if device_id not in set(superseded)}


def _token(item: Change) -> str:
    assert item.after is not None
    return decode(item.after).token


def _undone(item: Change, *, kept: bool) -> Change:
    """The change that takes a restoration back; `kept` is whether there is a grave again."""
    undone = change(item.ordinal, item.after, None, None)
    return msgspec.structs.replace(undone, grave=item.grave if kept else None)


def _unnamed(storage: Storage, app: str, written: Mapping[str, Change]) -> set[str]:
    """Those whose id leads elsewhere: they were forgotten and registered anew while they were restored."""
    ordinals = [item.ordinal for item in written.values()]
    holders = directory.claim(storage, app, Kind.DEVICE, [digest(device_id) for device_id in written], ordinals)
    return {
        device_id for device_id, ordinal, holder in zip(written, ordinals, holders, strict=True) if holder != ordinal
    }


def _tokenless(storage: Storage, app: str, written: Mapping[str, Change]) -> set[str]:
    """Those whose token another device carries. Entries of tokens that nobody carries give way."""
    lost: set[str] = set()
    todo = dict(written)
    while todo:
        tokens = [_token(item) for item in todo.values()]
        ordinals = [item.ordinal for item in todo.values()]
        holders = directory.claim(storage, app, Kind.TOKEN, [digest(token) for token in tokens], ordinals)
        rivals = {
            device_id: (holder, token)
            for device_id, holder, token, ordinal in zip(todo, holders, tokens, ordinals, strict=True)
            if holder != ordinal
        }
        taken = carried(storage, app, [token for _, token in rivals.values()])
        lost.update(device_id for device_id, by_other in zip(rivals, taken, strict=True) if by_other)
        stale = {device_id: rival for device_id, rival in rivals.items() if device_id not in lost}
        release_tokens(storage, app, [*stale.values()])
        todo = {device_id: todo[device_id] for device_id in stale}
    return lost
