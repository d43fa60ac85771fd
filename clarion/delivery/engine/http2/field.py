"""Single header fields in HPACK: written as literals, and found in a block without reading the others. RFC 7541."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import hpack
from hpack.huffman_table import decode_huffman
from hpack.table import HeaderTable

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STATIC: dict[int, tuple[bytes, bytes]] = dict(enumerate(HeaderTable.STATIC_TABLE, 1))
_encode_huffman = hpack.Encoder().huffman_coder.encode
#: The first byte of a field says which kind it is.
_WHOLE, _KEPT, _UPDATE = 0x80, 0x40, 0x20
_HUFFMAN = 0x80
#: No integer of a block needs more bits.
_BITS_MAX = 35


def split(line: str) -> tuple[str, str]:
    """The name, in lower case, and the value of a header line.

    Raises:
        ValueError: it is none.
    """
    name, colon, value = line.partition(":")
    if not colon or not line.isprintable() or not _NAME.fullmatch(name):
        raise ValueError("a header line must be `Name: value`, printable")
    return name.lower(), value.strip()


def literal(line: str) -> bytes:
    """A header line as a literal that the peer does not keep.

    Raises:
        ValueError: it is no header line.
    """
    name, colon, value = line.partition(":")
    start = _literal_name(name + colon)
    if not value.isprintable():
        raise ValueError("a header line must be `Name: value`, printable")
    raw = value.strip().encode()
    return b"".join((start, integer(len(raw), 7), raw))


@lru_cache(maxsize=256)
def _literal_name(start: str) -> bytes:
    name = split(start)[0].encode()
    return b"\x00" + integer(len(name), 7) + name


@lru_cache(maxsize=8192)
def integer(value: int, bits: int) -> bytes:
    """An integer with a prefix of `bits`, RFC 7541 §5.1."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes((value,))
    encoded = bytearray((limit,))
    value -= limit
    while value >> 7:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


class Finder:
    """Finds the fields with certain names in the blocks of a peer that was told to keep no table.

    The blocks of one peer often differ in their last field alone, an id or the place where a message lies: what comes
    before it is read once.

    Args:
        names: lower-case names.
    """

    def __init__(self, names: Iterable[bytes]) -> None:
        wanted = frozenset(names)
        self._literals = {_string(name, coded=coded): name for name in wanted for coded in (False, True)}
        #: All of the static table, since an index beyond it is an error; None for a name that is not wanted.
        self._names = {index: name if name in wanted else None for index, (name, _) in _STATIC.items()}
        self._start, self._found = b"", list[tuple[bytes, bytes]]()

    def find(self, block: bytes) -> list[tuple[bytes, bytes]]:
        """Names and values of those fields that are there, in their order.

        Raises:
            HPACKError: the block is none, or refers to a table.
        """
        try:
            if self._start and block.startswith(self._start):
                return self._find(block, len(self._start), self._found.copy())
            return self._find(block, _after_updates(block), [])
        except IndexError as error:
            raise hpack.HPACKDecodingError("a truncated block") from error
        except KeyError as error:
            raise hpack.InvalidTableIndexError("an index beyond the static table") from error

    def _find(self, block: bytes, at: int, found: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        first = last = at
        before, end = len(found), len(block)
        while at < end:
            last, before = at, len(found)
            field, at = self._read(block, at)
            if field is not None:
                found.append(field)
        if at > end:
            raise IndexError
        if last > first:
            self._start, self._found = block[:last], found[:before]
        return found

    def _read(self, block: bytes, at: int) -> tuple[tuple[bytes, bytes] | None, int]:
        """The field at that place, None when it is not wanted; and where it ends."""
        kind = block[at]
        if kind & _WHOLE:
            index, at = _number(block, at, 0x7F)
            return (_STATIC[index] if self._names[index] is not None else None), at
        if kind & (_KEPT | _UPDATE) == _UPDATE:
            raise hpack.HPACKDecodingError("a table size update within a block")
        index, at = _number(block, at, 0x3F if kind & _KEPT else 0x0F)
        if index:
            name = self._names[index]
        else:
            start = at
            length, at = _number(block, at, 0x7F)
            at += length
            name = self._literals.get(block[start:at])
        is_coded = block[at] & _HUFFMAN
        length, at = _number(block, at, 0x7F)
        end = at + length
        if name is None or end > len(block):
            return None, end
        return (name, decode_huffman(block[at:end]) if is_coded else block[at:end]), end


def _number(block: bytes, at: int, limit: int) -> tuple[int, int]:
    """The integer at that place, behind the bits that are not in `limit`; and where it ends."""
    value = block[at] & limit
    at += 1
    if value < limit:
        return value, at
    for bits in range(0, _BITS_MAX, 7):
        byte = block[at]
        at += 1
        value += (byte & 0x7F) << bits
        if byte < 0x80:  # noqa: PLR2004  # no more bytes follow
            return value, at
    raise hpack.HPACKDecodingError("an integer too long")


def _after_updates(block: bytes) -> int:
    """Where the first field begins; before it the peer may say that its table is empty, and nothing else."""
    at = 0
    while at < len(block) and block[at] & (_WHOLE | _KEPT | _UPDATE) == _UPDATE:
        size, at = _number(block, at, 0x1F)
        if size:
            raise hpack.InvalidTableSizeError("a table larger than we allow")
    return at


def _string(value: bytes, *, coded: bool) -> bytes:
    """A string with its length, in Huffman code or plain."""
    raw = _encode_huffman(value) if coded else value
    length = bytearray(integer(len(raw), 7))
    length[0] |= _HUFFMAN if coded else 0
    return bytes(length) + raw
