"""Registering devices: one by one or a million, the same steps over a batch.

Each step is atomic in its chunk or directory partition. A crash between two of them leaves what the next registration
of the same device repairs: an ordinal without a record, a record without its token's entry. Two registrations that
meet take turns: whoever finds something changed under its hands starts again with what is there now, so that the last
of them is what stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from clarion.registry import directory
from clarion.registry.chunk import change, fetch, write
from clarion.registry.device import Device
from clarion.registry.directory import NONE, Kind, digest
from clarion.registry.record import decode, encode
from clarion.registry.removal import evict, release_tokens, remove
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

#: Devices that take the steps together: enough to make round trips cheap, few enough to fit a script call.
BATCH = 8000


class _Entry(NamedTuple):
    """A device on its way: what is stored under its name, and whether that name was given an ordinal just now."""

    device: Device
    id_digest: bytes
    ordinal: int
    new: bool


def register(storage: Storage, app: str, devices: Sequence[Device]) -> list[int]:
    """Register devices, replacing whatever their ids were registered with before.

    A token lives on one device: the device that carried it so far is removed. Of several with the same id or token, the
    last one stays.

    Args:
        storage: where to.
        app: the application's id.
        devices: whom, as `registration.parse` checked them.

    Returns:
        The ordinal of each device, in order.

    Raises:
        Unavailable: Redis cannot be reached or is full. Some of the devices may be registered; repeat all of them.
    """
    ordinals: list[int] = []
    for batch in _batches(devices):
        ordinals += _register(storage, app, batch)
    return ordinals


def _batches(devices: Sequence[Device]) -> Iterator[list[Device]]:
    """Runs of devices with distinct ids and tokens: those that replace each other must do so in order."""
    batch: list[Device] = []
    ids: set[str] = set()
    tokens: set[str] = set()
    for device in devices:
        if len(batch) == BATCH or device.device_id in ids or device.token in tokens:
            yield batch
            batch = []
            ids.clear()
            tokens.clear()
        batch.append(device)
        ids.add(device.device_id)
        tokens.add(device.token)
    if batch:
        yield batch


def _register(storage: Storage, app: str, batch: Sequence[Device]) -> list[int]:
    ordinals = {}
    todo = batch
    while todo:
        entries = _ordinals(storage, app, todo)
        written = _write(storage, app, entries)
        kept = _keep_tokens(storage, app, _keep_ids(storage, app, written))
        ordinals.update({entry.device.device_id: entry.ordinal for entry in kept})
        todo = [device for device in todo if device.device_id not in ordinals] if len(kept) < len(todo) else []
    _add_channels(storage, app, batch)
    return [ordinals[device.device_id] for device in batch]


def _ordinals(storage: Storage, app: str, devices: Sequence[Device]) -> list[_Entry]:
    """The ordinals of the devices; those that have none get one."""
    digests = [digest(device.device_id) for device in devices]
    ordinals = directory.find(storage, app, Kind.DEVICE, digests)
    unknown = [i for i, ordinal in enumerate(ordinals) if ordinal == NONE]
    new = [False] * len(devices)
    if unknown:
        with storage_errors():
            end: int = storage.registry.incrby(keys.ordinals(app), len(unknown))
        offered = range(end - len(unknown), end)
        claimed = directory.claim(storage, app, Kind.DEVICE, [digests[i] for i in unknown], offered)
        for i, mine, winner in zip(unknown, offered, claimed, strict=True):
            ordinals[i], new[i] = winner, winner == mine
    return [_Entry(*each) for each in zip(devices, digests, ordinals, new, strict=True)]


def _write(storage: Storage, app: str, entries: Sequence[_Entry]) -> list[_Entry]:
    """Write the records; returns the entries whose record is written."""
    old = [entry.ordinal for entry in entries if not entry.new]
    before = dict(zip(old, fetch(storage, app, old), strict=True))
    changes = [
        change(entry.ordinal, before.get(entry.ordinal), entry.device, encode(entry.device)) for entry in entries
    ]
    applied = write(storage, app, changes)
    written = [entry for entry, done in zip(entries, applied, strict=True) if done]
    _forget_tokens(storage, app, written, before)
    return written


def _forget_tokens(storage: Storage, app: str, entries: Sequence[_Entry], before: dict[int, bytes | None]) -> None:
    """Remove the entries of tokens that these devices no longer carry."""
    forgotten = []
    for entry in entries:
        raw = before.get(entry.ordinal)
        if raw is not None and (token := decode(raw).token) != entry.device.token:
            forgotten.append((entry.ordinal, token))
    release_tokens(storage, app, forgotten)


def _keep_ids(storage: Storage, app: str, entries: Sequence[_Entry]) -> list[_Entry]:
    """Those whose id still leads to their ordinal: it does not if the device was removed since it was looked up."""
    old = [entry for entry in entries if not entry.new]
    holders = directory.claim(
        storage, app, Kind.DEVICE, [entry.id_digest for entry in old], [entry.ordinal for entry in old]
    )
    ghosts = {entry.ordinal: entry for entry, holder in zip(old, holders, strict=True) if holder != entry.ordinal}
    if ghosts:
        remove(storage, app, [(ordinal, encode(entry.device)) for ordinal, entry in ghosts.items()])
    return [entry for entry in entries if entry.ordinal not in ghosts] if ghosts else list(entries)


def _keep_tokens(storage: Storage, app: str, entries: Sequence[_Entry]) -> list[_Entry]:
    """Make each token lead to its device; whoever else carries it is removed.

    Returns those that are still registered then: two devices that fight for a token may have removed each other.
    """
    todo = list(entries)
    digests = [digest(entry.device.token) for entry in todo]
    disputed = []
    while todo:
        holders = directory.claim(storage, app, Kind.TOKEN, digests, [entry.ordinal for entry in todo])
        lost = [i for i, entry in enumerate(todo) if holders[i] != entry.ordinal]
        todo = [todo[i] for i in lost]
        digests = [digests[i] for i in lost]
        rivals = [(holders[i], entry.device.token) for i, entry in zip(lost, todo, strict=True)]
        evict(storage, app, rivals)
        release_tokens(storage, app, rivals)
        disputed += todo
    found = fetch(storage, app, [entry.ordinal for entry in disputed])
    gone = {entry.ordinal for entry, raw in zip(disputed, found, strict=True) if raw is None}
    return [entry for entry in entries if entry.ordinal not in gone] if gone else list(entries)


def _add_channels(storage: Storage, app: str, devices: Sequence[Device]) -> None:
    names = set(chain.from_iterable({device.channels for device in devices}))
    with storage_errors():
        storage.registry.sadd(keys.channels(app), *names)
