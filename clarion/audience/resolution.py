"""Who a target addresses: bitmaps, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clarion.errors import NotProvided
from clarion.message import BROADCAST_ALL, PushBroadcast, Target
from clarion.registry.bitmap import from_slots, to_bytes, union
from clarion.registry.chunk import SLOT_BITS, SLOT_MASK
from clarion.registry.device import OS
from clarion.registry.index import bitmaps
from clarion.registry.lookup import stored
from clarion.registry.term import channel_term, os_term
from clarion.storage import Storage


def resolve(storage: Storage, app: str, target: Target, chunks: range) -> Iterator[tuple[int, bytes]]:
    """The audience of a target, chunk by chunk, without the chunks where there is nobody.

    A channel is narrowed by the operating systems; single devices too, and whatever channel they are on. Registrations
    that expired since the last `expire` are still in it.

    Args:
        storage: where the devices are registered.
        app: the application's id.
        target: who is addressed.
        chunks: which chunks to look at.

    Returns:
        Number and bitmap of each chunk; the bitmap is 8192 bytes, slot 0 the highest bit of byte 0.

    Raises:
        NotProvided: the target has a where clause.
    """
    if target.segment is not None:
        raise NotProvided("segmentQuery is not served by this release.", field="segmentQuery")
    audience = _single if target.devices else _broadcast
    for chunk, bitmap in audience(storage, app, target, chunks):
        if bitmap:
            yield chunk, to_bytes(bitmap)


def locate(storage: Storage, app: str, device_ids: Sequence[str]) -> tuple[dict[int, list[int]], list[str]]:
    """Where single devices are.

    Returns:
        Chunk -> slots, both ascending, and the device ids that nobody is registered under, in the order given.
    """
    found = stored(storage, app, device_ids)
    unmatched = [device_id for device_id, item in zip(device_ids, found, strict=True) if item is None]
    places: dict[int, list[int]] = {}
    for ordinal in sorted({item[0] for item in found if item is not None}):
        places.setdefault(ordinal >> SLOT_BITS, []).append(ordinal & SLOT_MASK)
    return places, unmatched


def _broadcast(storage: Storage, app: str, target: Target, chunks: range) -> Iterator[tuple[int, int]]:
    terms = [channel_term(target.channel), *_os_terms(target.broadcast)]
    for chunk, (channel, *systems) in bitmaps(storage, app, chunks, terms):
        yield chunk, channel & union(systems) if systems else channel


def _single(storage: Storage, app: str, target: Target, chunks: range) -> Iterator[tuple[int, int]]:
    places = {chunk: slots for chunk, slots in locate(storage, app, target.devices)[0].items() if chunk in chunks}
    terms = _os_terms(target.broadcast)
    if not terms:
        yield from ((chunk, from_slots(slots)) for chunk, slots in places.items())
        return
    for chunk, systems in bitmaps(storage, app, list(places), terms):
        yield chunk, from_slots(places[chunk]) & union(systems)


def _os_terms(mask: PushBroadcast | None) -> list[str]:
    """The terms of the operating systems in a mask; none when it is all of them."""
    if mask is None or mask & BROADCAST_ALL == BROADCAST_ALL:
        return []
    return [os_term(os) for os in OS if PushBroadcast[os.name] in mask]
