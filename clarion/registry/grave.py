"""What is kept of a device that a provider's answers removed: in its chunk, in place of its record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from clarion.registry.chunk import SLOT_MASK, by_chunk
from clarion.registry.device import Device
from clarion.registry.record import pack_id, unpack_id
from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

_MESSAGE = "message:"


class Grave(NamedTuple):
    """A device that is to be removed, and why.

    Attributes:
        token: what it must carry to be removed: a device that has another one by now stays.
        provider: the provider that said so.
        reason: the provider's own word.
        dead_since_ms: an instant (epoch ms): a device that registered later stays. None is now.
    """

    token: str
    provider: str
    reason: str
    dead_since_ms: int | None = None


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """A device that was removed, and why.

    Attributes:
        device: as it was registered.
        provider: the provider that said so.
        reason: the provider's own word.
        message_id: the message it said so of.
        removed_at: epoch milliseconds.
    """

    device: Device
    provider: str
    reason: str
    message_id: str
    removed_at: int

    def __repr__(self) -> str:
        """Without the token: representations end up in logs."""
        return f"Removed(device_id={self.device.device_id!r}, provider={self.provider!r}, reason={self.reason!r})"


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a grave holds. New fields are appended, with a default.

    Attributes:
        record: the record as it was stored.
        provider: the provider that said so.
        reason: the provider's own word.
        packed_message: the message's id, packed.
    """

    record: bytes
    provider: str
    reason: str
    packed_message: bytes

    @property
    def message_id(self) -> str:
        """The message's id."""
        text = unpack_id(self.packed_message)
        return text if text.startswith(_MESSAGE) else _MESSAGE + text


decode = msgspec.msgpack.Decoder(Entry).decode
_encode = msgspec.msgpack.Encoder().encode


def encode(record: bytes, grave: Grave, message_id: str) -> bytes:
    """The stored form of what is kept; `decode` reads it."""
    return _encode(Entry(record, grave.provider, grave.reason, pack_id(message_id.removeprefix(_MESSAGE))))


def fetch(storage: Storage, app: str, ordinals: Sequence[int]) -> list[tuple[int, bytes] | None]:
    """When the device at each ordinal was removed (epoch ms), and what is kept of it; None where nobody was."""
    chunks = by_chunk(ordinals)
    pipe = storage.registry.pipeline(transaction=False)
    for number, at in chunks.items():
        slots = [str(ordinals[i] & SLOT_MASK) for i in at]
        pipe.zmscore(keys.removed_at(app, number), slots)
        pipe.hmget(keys.removed(app, number), slots)
    found: list[tuple[int, bytes] | None] = [None] * len(ordinals)
    with storage_errors():
        replies = pipe.execute() if chunks else []
    for at, times, raws in zip(chunks.values(), replies[::2], replies[1::2], strict=True):
        for i, ms, raw in zip(at, times, raws, strict=True):
            found[i] = None if ms is None or raw is None else (int(ms), raw)
    return found
