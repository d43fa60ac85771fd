"""Registering devices: one by one or a million, the same steps over a batch.

Each step is atomic in its chunk or directory partition. A crash between two of them leaves what the next registration
of the same device repairs: an ordinal without a record, a record without its token's entry. Two registrations that
meet take turns: whoever finds something changed under its hands starts again with what is there now, so that the last
of them is what stays.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

import msgspec

from clarion.registry import directory
from clarion.registry.chunk import change, fetch, write
from clarion.registry.device import Device
from clarion.registry.directory import NONE, Kind, digest
from clarion.registry.ordinal import Supply
from clarion.registry.record import decode, encode
from clarion.registry.removal import evict, release_tokens, remove
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

#: Devices that take the steps together: enough to make round trips cheap, few enough to fit a script call.
BATCH = 8000
#: Batches on their way to Redis at a time: one that Redis works on, one that is being prepared.
_LANES = 2


class _Entry(msgspec.Struct, frozen=True, gc=False):
    """A device on its way: what is stored under its name, and whether that name was given an ordinal just now."""

    device: Device
    id_digest: bytes
    ordinal: int
    new: bool


class _Batch(msgspec.Struct, frozen=True, gc=False):
    """Devices with distinct ids and tokens: those that replace each other must do so in order."""

    devices: Sequence[Device]
    ids: set[str]
    tokens: set[str]

    def apart(self, other: _Batch) -> bool:
        """Whether the two have nobody in common, so that they may take the steps at the same time."""
        return self.ids.isdisjoint(other.ids) and self.tokens.isdisjoint(other.tokens)


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
    if len(devices) > BATCH:
        pieces = (devices[start : start + BATCH] for start in range(0, len(devices), BATCH))
        return [*chain.from_iterable(enrol(storage, app, pieces))]
    supply = Supply(storage, app)
    return [*chain.from_iterable(_register(storage, app, batch.devices, supply) for batch in _batches(devices))]


def enrol(storage: Storage, app: str, pieces: Iterable[Sequence[Device]]) -> Iterator[list[int]]:
    """Register pieces of a long list one after the other, each like `register`; yields the ordinals of each.

    While Redis works on one, the next one is taken and prepared; but never two at a time that have an id or token in
    common, because the later one must win.
    """
    supply = Supply(storage, app)
    under_way: deque[tuple[_Batch, bool, Future[list[int]]]] = deque()
    ordinals: list[int] = []
    with ThreadPoolExecutor(_LANES, thread_name_prefix="enrol") as pool:
        for batch, last in _pieces(pieces):
            while len(under_way) == _LANES or not all(batch.apart(other) for other, _, _ in under_way):
                yield from _finished(under_way, ordinals)
            done = pool.submit(_register, storage, app, batch.devices, supply)
            under_way.append((batch, last, done))
        while under_way:
            yield from _finished(under_way, ordinals)


def _pieces(pieces: Iterable[Sequence[Device]]) -> Iterator[tuple[_Batch, bool]]:
    """The batches of all pieces, each with whether it is the last one of its piece."""
    for piece in pieces:
        *others, last = [*_batches(piece)] or [_Batch((), set(), set())]
        yield from ((batch, False) for batch in others)
        yield last, True


def _finished(under_way: deque[tuple[_Batch, bool, Future[list[int]]]], ordinals: list[int]) -> Iterator[list[int]]:
    """Wait for the oldest batch; with the last one of a piece, the piece is done."""
    _, last, registered = under_way.popleft()
    ordinals += registered.result()
    if last:
        yield ordinals.copy()
        ordinals.clear()


def _batches(devices: Sequence[Device]) -> Iterator[_Batch]:
    for start in range(0, len(devices), BATCH):
        some = devices[start : start + BATCH]
        ids, tokens = {device.device_id for device in some}, {device.token for device in some}
        if len(ids) == len(tokens) == len(some):
            yield _Batch(some, ids, tokens)
        else:
            yield from _distinct(some)


def _distinct(devices: Sequence[Device]) -> Iterator[_Batch]:
    batch: list[Device] = []
    ids: set[str] = set()
    tokens: set[str] = set()
    for device in devices:
        if device.device_id in ids or device.token in tokens:
            yield _Batch(batch, ids, tokens)
            batch, ids, tokens = [], set(), set()
        batch.append(device)
        ids.add(device.device_id)
        tokens.add(device.token)
    yield _Batch(batch, ids, tokens)


def _register(storage: Storage, app: str, batch: Sequence[Device], supply: Supply) -> list[int]:
    ordinals: dict[str, int] = {}
    todo = batch
    while todo:
        entries = _ordinals(storage, app, todo, supply)
        written = _write(storage, app, entries)
        kept = _keep_tokens(storage, app, _keep_ids(storage, app, written))
        ordinals.update({entry.device.device_id: entry.ordinal for entry in kept})
        todo = [device for device in todo if device.device_id not in ordinals]
    if batch:
        _add_channels(storage, app, batch)
    return [ordinals[device.device_id] for device in batch]


def _ordinals(storage: Storage, app: str, devices: Sequence[Device], supply: Supply) -> list[_Entry]:
    """The ordinals of the devices; those that have none get one."""
    digests = [digest(device.device_id) for device in devices]
    ordinals = [NONE] * len(devices) if supply.expects_new else directory.find(storage, app, Kind.DEVICE, digests)
    unknown = [i for i, ordinal in enumerate(ordinals) if ordinal == NONE]
    offered = supply.take(len(unknown))
    holders = directory.claim(storage, app, Kind.DEVICE, [digests[i] for i in unknown], offered)
    new = [False] * len(devices)
    for i, mine, holder in zip(unknown, offered, holders, strict=True):
        ordinals[i], new[i] = holder, holder == mine
    supply.put_back([mine for mine, holder in zip(offered, holders, strict=True) if holder != mine])
    supply.note(len(devices), sum(new))
    return [_Entry(*each) for each in zip(devices, digests, ordinals, new, strict=True)]


def _write(storage: Storage, app: str, entries: Sequence[_Entry]) -> list[_Entry]:
    """Write the records; returns the entries whose record is written."""
    old = [entry.ordinal for entry in entries if not entry.new]
    before = dict(zip(old, fetch(storage, app, old), strict=True))
    entries = [_inherit(entry, before.get(entry.ordinal)) for entry in entries]
    changes = [
        change(entry.ordinal, before.get(entry.ordinal), entry.device, encode(entry.device)) for entry in entries
    ]
    applied = write(storage, app, changes)
    written = [entry for entry, done in zip(entries, applied, strict=True) if done]
    _forget_tokens(storage, app, written, before)
    return written


def _inherit(entry: _Entry, before: bytes | None) -> _Entry:
    """A registration that does not say its token's environment keeps what is known of the same token."""
    if before is None or entry.device.environment is not None:
        return entry
    record = decode(before)
    if record.environment is None or record.token != entry.device.token:
        return entry
    device = msgspec.structs.replace(entry.device, environment=record.environment)
    return msgspec.structs.replace(entry, device=device)


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
    disputed: list[_Entry] = []
    while todo:
        ordinals = [entry.ordinal for entry in todo]
        holders = directory.claim(storage, app, Kind.TOKEN, digests, ordinals)
        if holders == ordinals:
            break
        lost = [i for i, ordinal in enumerate(ordinals) if holders[i] != ordinal]
        todo = [todo[i] for i in lost]
        digests = [digests[i] for i in lost]
        rivals = [(holders[i], entry.device.token) for i, entry in zip(lost, todo, strict=True)]
        evict(storage, app, rivals)
        release_tokens(storage, app, rivals)
        disputed += todo
    if not disputed:
        return list(entries)
    found = fetch(storage, app, [entry.ordinal for entry in disputed])
    gone = {entry.ordinal for entry, raw in zip(disputed, found, strict=True) if raw is None}
    return [entry for entry in entries if entry.ordinal not in gone] if gone else list(entries)


def _add_channels(storage: Storage, app: str, devices: Sequence[Device]) -> None:
    names = set(chain.from_iterable({device.channels for device in devices}))
    with storage_errors():
        storage.registry.sadd(keys.channels(app), *names)
