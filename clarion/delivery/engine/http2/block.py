"""Header blocks: each distinct one is encoded or decoded once, for as long as the table behind it stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import hpack
from hpack.table import HeaderTable

from clarion.delivery.engine.retry_after import read_retry_after

_SAME = (":method", "POST"), (":scheme", "https")
#: Longer values would push everything else out of the peer's table, 4 096 bytes by default.
VALUE_MAX = 2048
TABLE_MAX_BYTES = 4096
#: `:path` is the fourth name of the static table: literal, not added to the table, since a path may be a device's.
_PATH = b"\x04"
#: `content-length` is the twenty-eighth: literal, not added, since bodies differ.
_CONTENT_LENGTH = b"\x0f\x0d"
#: Answers' header blocks that are remembered; they change with the date, once a second.
MEMO_MAX = 256


class Response(NamedTuple):
    """What an answer's header block says; `status` is 0 where it says none, as trailers do."""

    status: int
    retry_after_s: float | None
    headers: dict[str, str]


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

    def encode(self, lines: tuple[str, ...], path: bytes, length: int) -> bytes:
        """The block of a request with those header lines, path and body length.

        Raises:
            ValueError: a line is no header; nothing was encoded.
        """
        if lines is not self._lines:
            self._parts, self._path = self._encode(lines), None
        if path is not self._path:
            before, after = self._parts
            self._path, self._start = path, b"".join((before, _PATH, _integer(len(path), 7), path, after))
        return self._start + _content_length(length)

    def _encode(self, lines: tuple[str, ...]) -> tuple[bytes, bytes]:
        fields = [_field(line) for line in lines]
        table = self._encoder.header_table
        newest, is_same = _newest(table), not table.resized
        parts = (
            self._encoder.encode(self._pseudo, huffman=False),
            self._encoder.encode([self._user_agent, *fields], huffman=False),
        )
        # Bytes that add nothing to the peer's table mean the same the next time, until other lines are encoded.
        self._lines = lines if is_same and _newest(table) is newest else None
        return parts


def _newest(table: HeaderTable) -> tuple[bytes, bytes] | None:
    """The entry that was added last: each is a new object, and comes first."""
    return table.dynamic_entries[0] if table.dynamic_entries else None


def _field(line: str) -> hpack.HeaderTuple:
    name, colon, value = line.partition(":")
    if not colon or not name or not line.isprintable() or not name.isascii():
        raise ValueError("a header line must be `Name: value`, printable")
    # What would fill the table alone is written out each time.
    kind = hpack.NeverIndexedHeaderTuple if len(value) > VALUE_MAX else hpack.HeaderTuple
    return kind(name.strip().lower(), value.strip())


@lru_cache(maxsize=8192)
def _content_length(length: int) -> bytes:
    digits = b"%d" % length
    return b"".join((_CONTENT_LENGTH, bytes((len(digits),)), digits))


def _integer(value: int, bits: int) -> bytes:
    """An HPACK integer with a prefix of `bits`, RFC 7541 §5.1."""
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


class ResponseBlocks:
    """Decodes the header blocks of one connection's answers.

    The peer is told to keep no dynamic table for them, so the same bytes always mean the same.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self._decoder = hpack.Decoder()
        # Set here, not announced as a change: a peer that says nothing about its size, as nginx does, is no error.
        self._decoder.header_table.maxsize = 0
        self._decoder.max_allowed_table_size = 0
        self._wanted = frozenset(wanted)
        self._memo: dict[bytes, Response] = {}

    def decode(self, block: bytes) -> Response:
        """What the block says.

        Raises:
            hpack.HPACKError: it cannot be decoded; the connection is of no use any more.
            ValueError: its status is no number.
        """
        response = self._memo.get(block)
        if response is None:
            response = self._response(self._decoder.decode(block, raw=True))
            if len(self._memo) >= MEMO_MAX:
                self._memo.clear()
            if response.retry_after_s is None:  # a date is another number of seconds the next time
                self._memo[block] = response
        return response

    def _response(self, fields: Iterable[tuple[bytes, bytes]]) -> Response:
        status, retry_after, headers = 0, None, {}
        for name, value in fields:
            if name == b":status":
                status = int(value)
            elif name == b"retry-after":
                retry_after = read_retry_after(value.decode("latin-1"), datetime.now(UTC))
            if self._wanted and (text := name.decode("latin-1")) in self._wanted:
                headers[text] = value.decode("latin-1")
        return Response(status, None if status // 100 == 2 else retry_after, headers)  # noqa: PLR2004
