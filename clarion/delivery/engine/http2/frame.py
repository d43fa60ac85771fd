"""HTTP/2 frames: their numbers, and how they are written. RFC 9113 §4, §6, §7, §11."""

from __future__ import annotations

import struct
from enum import IntEnum

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_BYTES = 9
#: High and low part of the length, type, flags, stream.
read_header = struct.Struct(">HBBBI").unpack_from
_write_header = struct.Struct(">HBBBI").pack
write_number = struct.Struct(">I").pack
_write_setting = struct.Struct(">HI").pack
_read_setting = struct.Struct(">HI").unpack_from
_SETTING_BYTES = 6
STREAM_MASK = 0x7FFFFFFF

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20


class Setting(IntEnum):
    """What a peer may set, as far as a client that takes no pushes cares."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5


class Code(IntEnum):
    """Error codes that are looked at or sent."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    HTTP_1_1_REQUIRED = 13


#: With these the server says that it did not look at the stream.
REFUSALS = frozenset({Code.REFUSED_STREAM, Code.HTTP_1_1_REQUIRED})


def unpad(payload: bytes) -> bytes:
    """The payload of a PADDED frame without its padding.

    Raises:
        ValueError: there is more padding than payload.
    """
    if not payload or payload[0] >= len(payload):
        raise ValueError("more padding than payload")
    return payload[1 : len(payload) - payload[0]]


def read_number(payload: bytes) -> int:
    """The payload of a RST_STREAM or WINDOW_UPDATE frame.

    Raises:
        ValueError: it has another length.
    """
    if len(payload) != 4:  # noqa: PLR2004  # bytes of every number
        raise ValueError("not four bytes")
    return int.from_bytes(payload)


def read_settings(payload: bytes) -> dict[int, int]:
    """What a SETTINGS frame says, unknown settings included.

    Raises:
        ValueError: its length is wrong.
    """
    if len(payload) % _SETTING_BYTES:
        raise ValueError("a setting is cut off")
    return dict(_read_setting(payload, at) for at in range(0, len(payload), _SETTING_BYTES))


def header(length: int, kind: int, flags: int, stream: int) -> bytes:
    """The nine bytes before a payload of `length`."""
    return _write_header(length >> 8, length & 0xFF, kind, flags, stream)


def head(block: bytes, stream: int, most: int, *, ends: bool) -> bytes:
    """The HEADERS frame of a block, and CONTINUATION frames where it is longer than `most`; `ends`: no body follows."""
    flags = END_STREAM if ends else 0
    if len(block) <= most:
        return header(len(block), HEADERS, flags | END_HEADERS, stream) + block
    parts = [block[at : at + most] for at in range(0, len(block), most)]
    first = header(most, HEADERS, flags, stream) + parts[0]
    middle = b"".join(header(most, CONTINUATION, 0, stream) + part for part in parts[1:-1])
    return first + middle + header(len(parts[-1]), CONTINUATION, END_HEADERS, stream) + parts[-1]


def settings(values: dict[Setting, int]) -> bytes:
    """A SETTINGS frame."""
    payload = b"".join(_write_setting(name, value) for name, value in values.items())
    return header(len(payload), SETTINGS, 0, 0) + payload


def window_update(stream: int, increment: int) -> bytes:
    """A WINDOW_UPDATE frame; stream 0 is the connection."""
    return header(4, WINDOW_UPDATE, 0, stream) + write_number(increment)


def reset(stream: int, code: Code) -> bytes:
    """A RST_STREAM frame."""
    return header(4, RST_STREAM, 0, stream) + write_number(code)
