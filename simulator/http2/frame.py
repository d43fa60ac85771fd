"""HTTP/2 frames as bytes (RFC 9113 section 6)."""

from __future__ import annotations

import struct
from enum import IntEnum

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_BYTES = 9
#: SETTINGS_MAX_FRAME_SIZE's default, which we keep in both directions.
MAX_FRAME_BYTES = 16_384
DEFAULT_WINDOW = 65_535
#: Largest stream id, window and window increment.
MASK_31 = 2**31 - 1

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
WITH_PRIORITY = 0x20

MAX_CONCURRENT_STREAMS = 0x3
INITIAL_WINDOW_SIZE = 0x4

#: Length (16 + 8 bits), type, flags, stream.
HEAD = struct.Struct(">HBBBI")


class Code(IntEnum):
    """Error codes of RST_STREAM and GOAWAY (RFC 9113 section 7)."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FLOW_CONTROL_ERROR = 0x3
    STREAM_CLOSED = 0x5
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    COMPRESSION_ERROR = 0x9
    ENHANCE_YOUR_CALM = 0xB


class Breach(Exception):
    """The client broke the protocol; the connection ends with this code and debug data."""

    def __init__(self, code: Code, debug: bytes) -> None:
        super().__init__(code)
        self.code = code
        self.debug = debug


def frame(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    length = len(payload)
    return HEAD.pack(length >> 8, length & 0xFF, kind, flags, stream_id) + payload


def settings(values: dict[int, int]) -> bytes:
    """Return a SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", key, value) for key, value in values.items()))


def window_update(stream_id: int, increment: int) -> bytes:
    """Return a WINDOW_UPDATE frame for a stream, or for the connection (0)."""
    return frame(WINDOW_UPDATE, 0, stream_id, increment.to_bytes(4, "big"))


def rst_stream(stream_id: int, code: int) -> bytes:
    """Return a RST_STREAM frame."""
    return frame(RST_STREAM, 0, stream_id, code.to_bytes(4, "big"))


def goaway(last_stream: int, code: int, debug: bytes) -> bytes:
    """Return a GOAWAY frame."""
    return frame(GOAWAY, 0, 0, struct.pack(">II", last_stream, code) + debug)


def settings_of(payload: bytes) -> dict[int, int]:
    """Return the values of a SETTINGS payload."""
    if len(payload) % 6:
        raise Breach(Code.FRAME_SIZE_ERROR, b"bad SETTINGS")
    return dict(struct.iter_unpack(">HI", payload))


def unpadded(flags: int, payload: bytes) -> bytes:
    """Return the payload of a DATA or HEADERS frame without its padding and priority."""
    padding = 0
    if flags & PADDED:
        if not payload or payload[0] >= len(payload):
            raise Breach(Code.PROTOCOL_ERROR, b"bad padding")
        padding, payload = payload[0], payload[1:]
    start = 5 if flags & WITH_PRIORITY else 0
    return payload[start : len(payload) - padding]
