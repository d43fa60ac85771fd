"""Header compression, made cheap: equal blocks are decoded once, and responses never touch a dynamic table."""

from __future__ import annotations

from functools import lru_cache

import hpack
from hpack.table import HeaderTable

from simulator.exchange import Header
from simulator.http2.frame import Breach, Code

_CACHE_SIZE = 512
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
        self._decoder = hpack.Decoder()
        self._table = self._decoder.header_table = _Table()
        self._known: dict[bytes, dict[bytes, bytes]] = {}

    def read(self, block: bytes) -> dict[bytes, bytes]:
        """Return the headers of a complete block; raise Breach when it cannot be decoded."""
        headers = self._known.get(block)
        if headers is not None:
            return headers
        self._table.changed = False
        size = self._table.maxsize
        try:
            headers = {bytes(name): bytes(value) for name, value in self._decoder.decode(block, raw=True)}
        except hpack.HPACKError as error:
            raise Breach(Code.COMPRESSION_ERROR, b"bad header block") from error
        if self._table.changed or self._table.maxsize != size or len(self._known) >= _CACHE_SIZE:
            self._known.clear()
        else:
            self._known[block] = headers
        return headers


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
