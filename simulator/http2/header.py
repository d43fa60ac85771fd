"""Header compression, made cheap: equal blocks are decoded once, and responses never touch a dynamic table."""

from __future__ import annotations

from functools import lru_cache

import hpack
from hpack.huffman_table import decode_huffman
from hpack.table import HeaderTable

from simulator.exchange import DUPLICATED, Header
from simulator.http2.frame import Breach, Code

_CACHE_SIZE = 512
#: First bits of a field (RFC 7541 section 6): from the table, to be added to it, a new size of it.
_INDEXED, _ADDED, _SIZE_UPDATE, _LITERAL_KINDS = 0x80, 0x40, 0x20, 0xE0
#: Longer integers mean nothing here.
_INTEGER_BITS = 28
#: `:status: 200` in the static table.
_STATUS_200 = b"\x88"


class _Table(HeaderTable):
    """A dynamic table that says when it changed."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = False

    def add(self, name: bytes, value: bytes) -> None:
        """Insert an entry."""
        self.changed = True
        super().add(name, value)


class HeaderReader:
    """Decodes the request headers of one connection.

    A sender repeats the same headers for a whole broadcast. While its dynamic table stays as it is, equal bytes mean
    equal headers, and Huffman decoding in Python is by far the dearest part of a request.
    """

    def __init__(self) -> None:
        self._table = _Table()
        self._known: dict[bytes, dict[bytes, bytes]] = {}

    def read(self, block: bytes) -> dict[bytes, bytes]:
        """Return the headers of a complete block; raise Breach when it cannot be decoded."""
        headers = self._known.get(block)
        if headers is not None:
            return headers
        self._table.changed = False
        size = self._table.maxsize
        try:
            fields = self._fields(block)
        except (hpack.HPACKError, IndexError) as error:
            raise Breach(Code.COMPRESSION_ERROR, b"bad header block") from error
        headers = dict(fields)
        if len(headers) < len(fields):
            headers[DUPLICATED] = b""
        if self._table.changed or self._table.maxsize != size or len(self._known) >= _CACHE_SIZE:
            self._known.clear()
        else:
            self._known[block] = headers
        return headers

    def _fields(self, block: bytes) -> list[Header]:
        """Return the fields of a block (RFC 7541 section 6); a fourth of the time that hpack's decoder takes."""
        fields: list[Header] = []
        table, position = self._table, 0
        while position < len(block):
            first = block[position]
            if first & _INDEXED:
                index, position = _integer(block, position, 7)
                fields.append(table.get_by_index(index))
                continue
            if first & _LITERAL_KINDS == _SIZE_UPDATE:
                size, position = _integer(block, position, 5)
                if fields or size > HeaderTable.DEFAULT_SIZE:
                    raise hpack.InvalidTableSizeError("a table size that was not allowed")
                table.maxsize = size
                continue
            is_added = first & _ADDED
            index, position = _integer(block, position, 6 if is_added else 4)
            if index:
                name = table.get_by_index(index)[0]
            else:
                name, position = _string(block, position)
            value, position = _string(block, position)
            if is_added:
                table.add(name, value)
            fields.append((name, value))
        return fields


def _integer(block: bytes, position: int, bits: int) -> tuple[int, int]:
    """Return an integer whose prefix has `bits`, and where the next thing starts (RFC 7541 section 5.1)."""
    limit = (1 << bits) - 1
    value = block[position] & limit
    position += 1
    if value < limit:
        return value, position
    for shift in range(0, _INTEGER_BITS, 7):
        part = block[position]
        position += 1
        value += (part & 0x7F) << shift
        if part < 0x80:  # noqa: PLR2004
            return value, position
    raise hpack.HPACKDecodingError("an integer that is too large")


def _string(block: bytes, position: int) -> tuple[bytes, int]:
    """Return a string, and where the next thing starts (RFC 7541 section 5.2)."""
    is_huffman = block[position] & 0x80
    length, start = _integer(block, position, 7)
    end = start + length
    if end > len(block):
        raise hpack.HPACKDecodingError("a string that is cut off")
    return _huffman(block[start:end]) if is_huffman else block[start:end], end


@lru_cache(maxsize=4096)
def _huffman(data: bytes) -> bytes:
    return bytes(decode_huffman(data))


@lru_cache(maxsize=4096)
def response_block(status: int, headers: tuple[Header, ...]) -> bytes:
    """Return a response's header block, of literals without indexing."""
    block = _STATUS_200 if status == 200 else _literal(b":status", b"%d" % status)  # noqa: PLR2004
    return block + b"".join(_literal(name, value) for name, value in headers)


def _literal(name: bytes, value: bytes) -> bytes:
    return b"\x00" + _length(name) + name + _length(value) + value


def _length(text: bytes) -> bytes:
    # RFC 7541 section 5.1 with a 7-bit prefix and no Huffman bit
    size = len(text)
    if size < 127:  # noqa: PLR2004
        return bytes((size,))
    size -= 127
    encoded = bytearray(b"\x7f")
    while size >= 128:  # noqa: PLR2004
        encoded.append(size & 0x7F | 0x80)
        size >>= 7
    encoded.append(size)
    return bytes(encoded)
