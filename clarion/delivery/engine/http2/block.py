"""Header blocks of requests: what many of them share is encoded once, as long as the peer's table stays as it is."""

from __future__ import annotations

from functools import lru_cache

import hpack
from hpack.table import HeaderTable

from clarion.delivery.engine.http2.field import integer, literal, split

_SAME = (":method", "POST"), (":scheme", "https")
#: Longer values would push everything else out of the peer's table, 4 096 bytes by default.
VALUE_MAX = 2048
TABLE_MAX_BYTES = 4096
#: `:path` is the fourth name of the static table: literal, not added to the table, since a path may be a device's.
_PATH = b"\x04"
#: `content-length` is the twenty-eighth: literal, not added, since bodies differ.
_CONTENT_LENGTH = b"\x0f\x0d"


class RequestBlocks:
    """Encodes the header blocks of one connection's requests; they must be sent in the order they were encoded."""

    def __init__(self, authority: str, user_agent: str) -> None:
        self._encoder = hpack.Encoder()
        self._pseudo = (*_SAME, (":authority", authority))
        self._user_agent = ("user-agent", user_agent)
        self._lines: tuple[str, ...] | None = None
        self._parts = b"", b""
        self._path: bytes | None = None
        self._start = b""

    def limit_table(self, size: int) -> None:
        """The peer keeps a dynamic table of at most `size` bytes."""
        self._encoder.header_table_size = min(size, TABLE_MAX_BYTES)
        self._lines = None

    def encode(self, lines: tuple[str, ...], path: bytes, length: int, own: tuple[str, ...] = ()) -> bytes:
        """The block of a request.

        Args:
            lines: header lines; the same tuple again costs nothing.
            path: of its URL.
            length: of its body.
            own: header lines of this request alone.

        Raises:
            ValueError: a line is no header; nothing was encoded.
        """
        end = b"".join([_content_length(length), *map(literal, own)]) if own else _content_length(length)
        if lines is not self._lines:
            self._parts, self._path = self._encode(lines), None
        if path is not self._path:
            before, after = self._parts
            self._path, self._start = path, b"".join((before, integer(len(path), 7), path, after))
        return self._start + end

    def _encode(self, lines: tuple[str, ...]) -> tuple[bytes, bytes]:
        fields = [_field(line) for line in lines]
        table = self._encoder.header_table
        newest, is_same = _newest(table), not table.resized
        parts = (
            self._encoder.encode(self._pseudo, huffman=False) + _PATH,
            self._encoder.encode([self._user_agent, *fields], huffman=False),
        )
        # Bytes that add nothing to the peer's table mean the same the next time, until other lines are encoded.
        self._lines = lines if is_same and _newest(table) is newest else None
        return parts


def _newest(table: HeaderTable) -> tuple[bytes, bytes] | None:
    """The entry that was added last: each is a new object, and comes first."""
    return table.dynamic_entries[0] if table.dynamic_entries else None


def _field(line: str) -> hpack.HeaderTuple:
    name, value = split(line)
    # What would fill the table alone is written out each time.
    kind = hpack.NeverIndexedHeaderTuple if len(value) > VALUE_MAX else hpack.HeaderTuple
    return kind(name, value)


@lru_cache(maxsize=8192)
def _content_length(length: int) -> bytes:
    digits = b"%d" % length
    return b"".join((_CONTENT_LENGTH, bytes((len(digits),)), digits))
