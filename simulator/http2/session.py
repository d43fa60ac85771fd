"""The protocol of one HTTP/2 connection without its socket: frames in, streams to a handler, frames out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from simulator.exchange import Limits
from simulator.http2 import frame
from simulator.http2.frame import Breach, Code
from simulator.http2.header import HeaderReader

#: The connection's receive window; topped up when half is used, so that many small bodies never block.
_CONNECTION_WINDOW = 2**24


class Stream:
    """A request in progress, or one whose answer is under way."""

    __slots__ = ("body", "complete", "ending", "headers", "id", "pending", "receive_window", "send_window", "timer")

    def __init__(self, stream_id: int, headers: dict[bytes, bytes], receive_window: int, send_window: int) -> None:
        self.id = stream_id
        self.headers = headers
        self.body = b""
        #: the whole request is in
        self.complete = False
        self.receive_window = receive_window
        self.send_window = send_window
        #: bytes of the response that wait for the client's window
        self.pending = b""
        self.ending = False
        self.timer: asyncio.TimerHandle | None = None


class Handler(Protocol):
    """What a session reports to."""

    def stream_opened(self, stream: Stream, /) -> None:
        """A request's headers are in."""
        ...

    def request_complete(self, stream: Stream, /) -> None:
        """A request is complete."""
        ...

    def stream_closed(self, stream: Stream, /) -> None:
        """A stream is answered, reset or abandoned."""
        ...

    def pinged(self) -> None:
        """The client sent a PING."""
        ...

    def client_goes_away(self) -> None:
        """The client sent GOAWAY."""
        ...


class Session:
    """Frames, windows and streams of one connection, as a server."""

    def __init__(self, handler: Handler, limits: Limits) -> None:
        self._handler = handler
        self._limits = limits
        self._reader = HeaderReader()
        self._input = b""
        self._preface_seen = False
        self._block: tuple[int, int, bytes] | None = None
        #: limits that were announced and not yet acknowledged, and the one in force
        self._announced: list[int | None] = []
        self._max_streams: int | None = None
        self._consumed = 0
        self._peer_window = frame.DEFAULT_WINDOW
        self._send_window = frame.DEFAULT_WINDOW
        self.output = bytearray()
        self.streams: dict[int, Stream] = {}
        self.highest = 0
        #: highest stream whose request was handed over
        self.processed = 0
        #: the connection is over; further input is not read
        self.stopped = False
        #: streams above it are ignored (GOAWAY was sent); None = no GOAWAY yet
        self.last_stream: int | None = None
        self._readers: dict[int, Callable[[int, int, bytes], None]] = {
            frame.DATA: self._data,
            frame.HEADERS: self._header_start,
            frame.RST_STREAM: self._rst_stream,
            frame.SETTINGS: self._settings,
            frame.PUSH_PROMISE: self._push_promise,
            frame.PING: self._ping,
            frame.GOAWAY: self._goaway,
            frame.WINDOW_UPDATE: self._window_update,
            frame.CONTINUATION: self._continuation,
        }

    def start(self) -> None:
        """Announce the limits."""
        values = {frame.MAX_CONCURRENT_STREAMS: self._limits.max_concurrent_streams}
        values[frame.INITIAL_WINDOW_SIZE] = self._limits.initial_window_size
        self._announced.append(self._limits.max_concurrent_streams)
        self.output += frame.settings(values)
        self.output += frame.window_update(0, _CONNECTION_WINDOW - frame.DEFAULT_WINDOW)

    def announce(self, max_streams: int) -> None:
        """Change the stream limit; it is enforced once the client acknowledged it."""
        self._announced.append(max_streams)
        self.output += frame.settings({frame.MAX_CONCURRENT_STREAMS: max_streams})

    # -- input --------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Handle the frames in `data`; raise Breach when the client breaks the protocol."""
        data = self._input + data if self._input else data
        position = 0 if self._preface_seen else self._preface(data)
        end = len(data)
        while end - position >= frame.HEAD_BYTES and not self.stopped:
            high, low, kind, flags, stream_id = frame.HEAD.unpack_from(data, position)
            length = high << 8 | low
            if length > frame.MAX_FRAME_BYTES:
                raise Breach(Code.FRAME_SIZE_ERROR, b"frame too large")
            if end - position < frame.HEAD_BYTES + length:
                break
            position += frame.HEAD_BYTES
            self._frame(kind, flags, stream_id & frame.MASK_31, data[position : position + length])
            position += length
        self._input = data[position:]
        if self._consumed > _CONNECTION_WINDOW // 2:
            self.output += frame.window_update(0, self._consumed)
            self._consumed = 0

    def _preface(self, data: bytes) -> int:
        if not data.startswith(frame.PREFACE[: len(data)]):
            raise Breach(Code.PROTOCOL_ERROR, b"bad preface")
        if len(data) < len(frame.PREFACE):
            return 0
        self._preface_seen = True
        return len(frame.PREFACE)

    def _frame(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        if self._block is not None and kind != frame.CONTINUATION:
            raise Breach(Code.PROTOCOL_ERROR, b"CONTINUATION expected")
        reader = self._readers.get(kind)
        if reader is not None:
            reader(flags, stream_id, payload)

    def _header_start(self, flags: int, stream_id: int, payload: bytes) -> None:
        self._header_part(stream_id, flags, frame.unpadded(flags, payload))

    def _rst_stream(self, _flags: int, stream_id: int, _payload: bytes) -> None:
        self.close(stream_id)

    def _ping(self, flags: int, _stream_id: int, payload: bytes) -> None:
        if not flags & frame.ACK:
            self._handler.pinged()
            self.output += frame.frame(frame.PING, frame.ACK, 0, payload)

    def _goaway(self, _flags: int, _stream_id: int, _payload: bytes) -> None:
        self._handler.client_goes_away()

    def _push_promise(self, _flags: int, _stream_id: int, _payload: bytes) -> None:
        raise Breach(Code.PROTOCOL_ERROR, b"clients do not push")

    def _header_part(self, stream_id: int, flags: int, block: bytes) -> None:
        if flags & frame.END_HEADERS:
            self._block = None
            self._headers(stream_id, flags, self._reader.read(block))
        else:
            self._block = (stream_id, flags, block)

    def _continuation(self, flags: int, stream_id: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != stream_id:
            raise Breach(Code.PROTOCOL_ERROR, b"CONTINUATION unexpected")
        _, first_flags, block = self._block
        self._header_part(stream_id, first_flags | flags & frame.END_HEADERS, block + payload)

    def _headers(self, stream_id: int, flags: int, headers: dict[bytes, bytes]) -> None:
        stream = self.streams.get(stream_id)
        if stream is None:
            if stream_id <= self.highest or not stream_id % 2:
                raise Breach(Code.PROTOCOL_ERROR, b"stream id out of order")
            if self.last_stream is not None and stream_id > self.last_stream:
                return
            if self._max_streams is not None and len(self.streams) >= self._max_streams:
                raise Breach(Code.PROTOCOL_ERROR, b"exceeded_max_concurrent_streams")
            self.highest = stream_id
            stream = Stream(stream_id, headers, self._limits.initial_window_size, self._peer_window)
            self.streams[stream_id] = stream
            self._handler.stream_opened(stream)
        if flags & frame.END_STREAM and stream_id in self.streams:
            self._complete(stream)

    def _data(self, flags: int, stream_id: int, payload: bytes) -> None:
        size = len(payload)
        self._consumed += size
        stream = self.streams.get(stream_id)
        if stream is None:
            # reset or ignored by us while it was on its way
            return
        stream.receive_window -= size
        if stream.receive_window < 0:
            raise Breach(Code.FLOW_CONTROL_ERROR, b"stream window exceeded")
        data = frame.unpadded(flags, payload) if flags & frame.PADDED else payload
        stream.body = stream.body + data if stream.body else data
        if flags & frame.END_STREAM:
            self._complete(stream)
        elif stream.receive_window <= self._limits.initial_window_size // 2:
            self.output += frame.window_update(stream_id, self._limits.initial_window_size - stream.receive_window)
            stream.receive_window = self._limits.initial_window_size

    def _complete(self, stream: Stream) -> None:
        if stream.complete:
            raise Breach(Code.STREAM_CLOSED, b"the request was complete")
        stream.complete = True
        self.processed = max(self.processed, stream.id)
        self._handler.request_complete(stream)

    def _settings(self, flags: int, _stream_id: int, payload: bytes) -> None:
        if flags & frame.ACK:
            if self._announced:
                self._max_streams = self._announced.pop(0)
            return
        window = frame.settings_of(payload).get(frame.INITIAL_WINDOW_SIZE)
        self.output += frame.frame(frame.SETTINGS, frame.ACK, 0)
        if window is not None:
            change, self._peer_window = window - self._peer_window, window
            for stream in tuple(self.streams.values()):
                stream.send_window += change
                self._drain(stream)

    def _window_update(self, _flags: int, stream_id: int, payload: bytes) -> None:
        increment = int.from_bytes(payload[:4], "big") & frame.MASK_31
        if stream_id:
            stream = self.streams.get(stream_id)
            if stream is not None:
                stream.send_window += increment
                self._drain(stream)
            return
        self._send_window += increment
        if self._send_window > frame.MASK_31:
            raise Breach(Code.FLOW_CONTROL_ERROR, b"connection window exceeded")
        for stream in [stream for stream in self.streams.values() if stream.pending]:
            self._drain(stream)

    # -- output -------------------------------------------------------------------------------------------------

    def send_headers(self, stream: Stream, block: bytes, *, end: bool = False) -> None:
        """Write a response's headers."""
        flags = frame.END_HEADERS | (frame.END_STREAM if end else 0)
        self.output += frame.frame(frame.HEADERS, flags, stream.id, block)
        if end:
            self.close(stream.id)

    def send_data(self, stream: Stream, data: bytes, *, end: bool) -> None:
        """Write (part of) a response's body, as far as the client's window lets it; `end` closes the stream."""
        stream.pending += data
        stream.ending = end
        self._drain(stream)

    def reset(self, stream: Stream, code: int) -> None:
        """Write RST_STREAM and close the stream."""
        self.output += frame.rst_stream(stream.id, code)
        self.close(stream.id)

    def close(self, stream_id: int) -> None:
        """Forget a stream."""
        stream = self.streams.pop(stream_id, None)
        if stream is not None:
            self._handler.stream_closed(stream)

    def _drain(self, stream: Stream) -> None:
        while stream.pending:
            room = min(self._send_window, stream.send_window, frame.MAX_FRAME_BYTES)
            if room <= 0:
                return
            part, stream.pending = stream.pending[:room], stream.pending[room:]
            self._send_window -= len(part)
            stream.send_window -= len(part)
            last = stream.ending and not stream.pending
            self.output += frame.frame(frame.DATA, frame.END_STREAM if last else 0, stream.id, part)
            if last:
                self.close(stream.id)
