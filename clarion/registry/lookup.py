"""Reading the registry: single devices, counts, all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clarion.registry import directory
from clarion.registry.chunk import SLOTS, chunk_count, fetch, read
from clarion.registry.device import OS, Device
from clarion.registry.directory import Kind, digest
from clarion.registry.index import bitmaps
from clarion.registry.record import decode, pack_id
from clarion.registry.term import channel_term, os_term
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

_SCAN_SLOTS = 2048


def stored(storage: Storage, app: str, device_ids: Sequence[str]) -> list[tuple[int, bytes] | None]:
    """Ordinal and stored bytes of each device, None for ids that nobody is registered under."""
    ordinals = directory.find(storage, app, Kind.DEVICE, [digest(device_id) for device_id in device_ids])
    known = [ordinal for ordinal in ordinals if ordinal != directory.NONE]
    raws = dict(zip(known, fetch(storage, app, known), strict=True))
    found: list[tuple[int, bytes] | None] = []
    for device_id, ordinal in zip(device_ids, ordinals, strict=True):
        raw = raws.get(ordinal)
        found.append(None if raw is None or decode(raw).packed_id != pack_id(device_id) else (ordinal, raw))
    return found


def find(storage: Storage, app: str, device_ids: Sequence[str], now_ms: int) -> list[tuple[int, Device] | None]:
    """Ordinal and registration of each device id, in order; None for the unknown and the expired.

    Args:
        storage: where they are registered.
        app: the application's id.
        device_ids: whom to look for.
        now_ms: epoch milliseconds.
    """
    found: list[tuple[int, Device] | None] = []
    for item in stored(storage, app, device_ids):
        device = None if item is None else decode(item[1]).device()
        found.append(None if item is None or device is None or device.expired(now_ms) else (item[0], device))
    return found


def count(storage: Storage, app: str, os: OS | None = None, channel: str | None = None) -> int:
    """How many devices are registered, on one operating system or channel if given.

    Those that expired since the last `expire` still count.
    """
    chunks = range(chunk_count(storage, app))
    terms = [os_term(os)] if os is not None else []
    terms += [channel_term(channel)] if channel is not None else []
    if terms:
        found = bitmaps(storage, app, chunks, terms)
        return sum((each[0] & each[-1]).bit_count() for _, each in found)
    if not chunks:
        return 0
    pipe = storage.registry.pipeline(transaction=False)
    for chunk in chunks:
        pipe.hlen(keys.records(app, chunk))
    with storage_errors():
        return sum(pipe.execute())


def list_channels(storage: Storage, app: str) -> list[str]:
    """The names of all channels anybody ever registered for, sorted."""
    with storage_errors():
        names: set[bytes] = storage.registry.smembers(keys.channels(app))
    return sorted(name.decode() for name in names)


def scan(storage: Storage, app: str) -> Iterator[Device]:
    """Every device once, in the order of first registration; what changes meanwhile may or may not be seen."""
    for chunk in range(chunk_count(storage, app)):
        for start in range(0, SLOTS, _SCAN_SLOTS):
            for record in read(storage, app, chunk, range(start, start + _SCAN_SLOTS)):
                if record is not None:
                    yield record.device()
