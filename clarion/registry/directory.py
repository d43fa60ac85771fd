"""From a device id or a token to an ordinal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Any

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
    found = [NONE] * len(digests)
    for at, reply in _call(storage, app, kind, digests, "directory_find", lambda _: ()):
        for i, ordinal in zip(at, reply, strict=True):
            found[i] = int(ordinal)
    return found


def claim(storage: Storage, app: str, kind: Kind, digests: Sequence[bytes], ordinals: Sequence[int]) -> list[int]:
    """Point each digest to its ordinal unless it points somewhere. Returns where each one points."""
    texts = [*map(str, ordinals)]
    holders = list(ordinals)
    for at, taken in _call(storage, app, kind, digests, "directory_claim", lambda at: (_pick(texts, at),)):
        for i, holder in zip(taken[::2], taken[1::2], strict=True):
            holders[at[i - 1]] = int(holder)
    return holders


def release(storage: Storage, app: str, kind: Kind, digests: Sequence[bytes], ordinals: Sequence[int]) -> None:
    """Remove the entries that point to these ordinals; leave those that have moved on."""
    texts = [*map(str, ordinals)]
    _call(storage, app, kind, digests, "directory_release", lambda at: (_pick(texts, at),))


def _pick(texts: Sequence[str], at: Sequence[int]) -> bytes:
    return _encode([texts[i] for i in at])


def _call(
    storage: Storage,
    app: str,
    kind: Kind,
    digests: Sequence[bytes],
    script: str,
    arguments: Callable[[list[int]], tuple[bytes, ...]],
) -> list[tuple[list[int], Any]]:
    """Call a script for each partition; returns the positions of its digests and its reply."""
    partitions: list[list[int]] = [[] for _ in range(_PARTITIONS)]
    for i, name in enumerate(digests):
        partitions[name[0] % _PARTITIONS].append(i)
    used = [(number, at) for number, at in enumerate(partitions) if at]
    calls: list[Call] = [
        ((keys.directory(app, kind, number),), (b"".join([digests[i] for i in at]), *arguments(at)))
        for number, at in used
    ]
    return [(at, reply) for (_, at), reply in zip(used, call_many(storage.registry, script, calls), strict=True)]
