"""From a device id or a token to an ordinal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import blake2b

import msgspec

from clarion.storage import Storage, keys
from clarion.storage.connection import Call, call_many

#: No ordinal: nobody is registered under that name.
NONE = -1

_PARTITIONS = 128
_DIGEST_BYTES = 10
_encode = msgspec.msgpack.Encoder().encode


class Kind(StrEnum):
    """The two directories of an app."""

    #: By device id.
    DEVICE = "device"
    #: By token.
    TOKEN = "token"  # noqa: S105 - the name of a directory


def digest(name: str) -> bytes:
    """What stands for a device id or a token: partition, bucket and field."""
    return blake2b(name.encode(), digest_size=_DIGEST_BYTES).digest()


def find(storage: Storage, app: str, kind: Kind, digests: Sequence[bytes]) -> list[int]:
    """The ordinal each digest points to, or `NONE`."""
    return _call(storage, app, kind, digests, "directory_find", lambda _: ())


def move(
    storage: Storage, app: str, kind: Kind, digests: Sequence[bytes], expected: Sequence[int], wanted: Sequence[int]
) -> list[int]:
    """Point each digest to what is wanted if it points to what is expected; `NONE` is no entry.

    Returns:
        Where each one points afterwards.
    """

    def arguments(at: list[int]) -> tuple[bytes, bytes]:
        return _encode([str(expected[i]) for i in at]), _encode([str(wanted[i]) for i in at])

    return _call(storage, app, kind, digests, "directory_move", arguments)


def claim(storage: Storage, app: str, kind: Kind, digests: Sequence[bytes], ordinals: Sequence[int]) -> list[int]:
    """Point each digest to its ordinal unless it points somewhere. Returns where each one points."""
    return move(storage, app, kind, digests, [NONE] * len(digests), ordinals)


def release(storage: Storage, app: str, kind: Kind, digests: Sequence[bytes], ordinals: Sequence[int]) -> None:
    """Remove the entries that point to these ordinals; leave those that have moved on."""
    move(storage, app, kind, digests, ordinals, [NONE] * len(digests))


def _call(
    storage: Storage,
    app: str,
    kind: Kind,
    digests: Sequence[bytes],
    script: str,
    arguments: Callable[[list[int]], tuple[bytes, ...]],
) -> list[int]:
    partitions: list[list[int]] = [[] for _ in range(_PARTITIONS)]
    for i, name in enumerate(digests):
        partitions[name[0] % _PARTITIONS].append(i)
    used = [(number, at) for number, at in enumerate(partitions) if at]
    calls: list[Call] = [
        ((keys.directory(app, kind, number),), (b"".join([digests[i] for i in at]), *arguments(at)))
        for number, at in used
    ]
    ordinals = [NONE] * len(digests)
    for (_, at), reply in zip(used, call_many(storage.registry, script, calls), strict=True):
        for i, ordinal in zip(at, reply, strict=True):
            ordinals[i] = int(ordinal)
    return ordinals
