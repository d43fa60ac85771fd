"""Bitmaps of the slots of one chunk: Python integers while they are combined, 8 KiB of bytes when they travel.

The bytes are in Redis' order: slot 0 is the highest bit of byte 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from itertools import compress
from operator import or_

from clarion.registry.chunk import SLOTS

BITMAP_BYTES = SLOTS // 8
#: Nobody.
EMPTY = 0
#: Every slot of a chunk, whether or not there is a device.
FULL = (1 << SLOTS) - 1

_BIT = bytes(0x80 >> (slot & 7) for slot in range(8))
#: The slots of a byte, by its value.
_BITS = tuple(tuple(slot for slot in range(8) if value & 0x80 >> slot) for value in range(256))
#: Up to so many slots it is quicker to go from byte to byte that is not empty.
_FEW = 1_000
_some = re.compile(rb"[^\x00]", re.DOTALL).finditer
_DIGITS = bytes.maketrans(b"01", b"\x00\x01")


def from_bytes(data: bytes) -> int:
    """The integer of a bitmap's bytes; what is missing at the end is 0."""
    return int.from_bytes(data.ljust(BITMAP_BYTES, b"\x00"), "big")


def to_bytes(bitmap: int) -> bytes:
    """The 8192 bytes of a bitmap."""
    return bitmap.to_bytes(BITMAP_BYTES, "big")


def from_slots(slots: Iterable[int]) -> int:
    """The bitmap of some slots."""
    data = bytearray(BITMAP_BYTES)
    for slot in slots:
        data[slot >> 3] |= _BIT[slot & 7]
    return int.from_bytes(data, "big")


def union(bitmaps: Iterable[int]) -> int:
    """Those in any of the bitmaps."""
    return reduce(or_, bitmaps, EMPTY)


def slots_of(data: bytes) -> list[int]:
    """The slots of a bitmap's bytes, ascending."""
    if count_of(data) <= _FEW:
        return [match.start() << 3 | bit for match in _some(data) for bit in _BITS[data[match.start()]]]
    digits = format(int.from_bytes(data, "big"), f"0{len(data) * 8}b")
    return list(compress(range(len(digits)), digits.encode().translate(_DIGITS)))


def count_of(data: bytes) -> int:
    """How many slots a bitmap's bytes hold."""
    return int.from_bytes(data, "big").bit_count()
