"""One HTTP/2 connection: streams out, answers in, within what the peer's settings and windows allow."""

from __future__ import annotations

import hpack

from clarion.delivery.engine.exchange import Answer, Failure
from clarion.delivery.engine.http2 import frame
from clarion.delivery.engine.http2.block import RequestBlocks, ResponseBlocks
from clarion.delivery.engine.http2.frame import Code, Setting
from clarion.delivery.engine.http2.link import Link, Step
from clarion.delivery.engine.http2.stream import Stream
from clarion.delivery.engine.option import EngineOptions

BODY_MAX_BYTES = 1 << 20  # providers answer with less than 4 KiB; what is longer is not a provider
FRAME_MAX_BYTES = 16_384
STREAM_MAX = 1 << 30  # far below the last number there is
#: What the peer may send us unasked: no answer is that long, so streams never need more.
_STREAM_WINDOW = 1 << 24
_CONNECTION_WINDOW = (1 << 31) - 1
_DEFAULT_WINDOW = 65_535
_WINDOW_DUE = 1 << 30
_SETTINGS = {Setting.HEADER_TABLE_SIZE: 0, Setting.ENABLE_PUSH: 0, Setting.INITIAL_WINDOW_SIZE: _STREAM_WINDOW}


class ConnectionOver(Exception):
    """The peer closed it, or said something that is not HTTP/2."""


class Connection:
    """A connection to one origin.

    Attributes:
        link: the bytes below.
        streams: what is under way, by number.
        answers, refused: what ended, and streams to begin again, since the engine last took them.
        draining: no new stream may be opened.
        opened_at, heard_at: on the monotonic clock.
    """

    def __init__(self, link: Link, authority: str, options: EngineOptions, now: float) -> None:
        self.link = link
        self.streams: dict[int, Stream] = {}
        self.answers: list[Answer] = []
        self.refused: list[Stream] = []
        self.draining = False
        self.opened_at = self.heard_at = now
        self._options = options
        self._requests = RequestBlocks(authority, options.user_agent)
        self._responses = ResponseBlocks(options.answer_headers)
        self._limit = min(options.streams_before_answer, options.streams_per_connection)
        self._greeted = False
        self._next = 1
        self._window = self._stream_window = _DEFAULT_WINDOW
        self._frame_max = FRAME_MAX_BYTES
        self._blocked: list[Stream] = []
        self._received = 0
        self._in = b""
        self._block: tuple[int, int, bytes] | None = None
        link.write(frame.PREFACE + frame.settings(_SETTINGS))
        link.write(frame.window_update(0, _CONNECTION_WINDOW - _DEFAULT_WINDOW))

    @property
    def room(self) -> int:
        """How many more streams it takes now."""
        if self.draining or self._blocked or self.link.step is not Step.OPEN:
            return 0
        return self._limit - len(self.streams)

    def begin(self, stream: Stream) -> None:
        """Put a request on its way; the caller flushes the link.

        Raises:
            ValueError: one of its header lines is no header.
        """
        request, number = stream.request, self._next
        body = request.body
        block = self._requests.encode(request.headers, stream.path, len(body))
        self._next += 2
        self.draining = self.draining or self._next > STREAM_MAX
        stream.number = number
        self.streams[number] = stream
        link, length = self.link, len(body)
        head = frame.head(block, number, self._frame_max, ends=not body)
        if length <= self._window and length <= self._stream_window and length <= self._frame_max:
            self._window -= length
            link.write(head + frame.header(length, frame.DATA, frame.END_STREAM, number) + body if body else head)
            stream.end_at = link.queued
            return
        link.write(head)
        stream.rest, stream.window = body, self._stream_window
        self._send_rest(stream)

    def cancel(self, stream: Stream) -> None:
        """Give a stream up; what still comes for it is passed over."""
        self._forget(stream)
        self.link.write(frame.reset(stream.number, Code.CANCEL))

    def is_written(self, stream: Stream) -> bool:
        """Whether the kernel took the whole request: until then it has no end, and no server acts on it."""
        return 0 < stream.end_at <= self.link.written

    def lose(self) -> None:
        """The connection is gone: what was written whole is ambiguous, the rest may go elsewhere."""
        for stream in self.streams.values():
            if self.is_written(stream):
                self.answers.append(stream.failure(Failure.AMBIGUOUS, "LOST"))
            else:
                self._refuse(stream, "LOST")
        self.streams.clear()
        self.draining = True

    def receive(self, now: float) -> None:
        """Read all there is and take note of it.

        Raises:
            ConnectionOver: no more will come.
            OSError: the connection is lost.
        """
        while (data := self.link.read()) is not None:
            if not data:
                raise ConnectionOver
            self.heard_at = now
            try:
                self._parse(self._in + data if self._in else data)
            except (hpack.HPACKError, ValueError, IndexError) as error:
                raise ConnectionOver from error

    def _parse(self, data: bytes) -> None:
        at, end = 0, len(data)
        while end - at >= frame.HEADER_BYTES:
            high, low, kind, flags, number = frame.read_header(data, at)
            start = at + frame.HEADER_BYTES
            at_next = start + (high << 8 | low)
            if at_next > end:
                break
            payload = data[start:at_next]
            at = at_next
            if kind == frame.DATA:
                self._data(number & frame.STREAM_MASK, flags, payload)
            elif kind == frame.HEADERS:
                self._headers(number & frame.STREAM_MASK, flags, payload)
            else:
                self._control(kind, flags, number & frame.STREAM_MASK, payload)
        self._in = data[at:]

    def _data(self, number: int, flags: int, payload: bytes) -> None:
        self._received += len(payload)
        if self._received >= _WINDOW_DUE:
            self.link.write(frame.window_update(0, self._received))
            self._received = 0
        stream = self.streams.get(number)
        if stream is None:
            return
        if flags & frame.PADDED:
            payload = payload[1 : len(payload) - payload[0]]
        if payload:
            stream.chunks.append(payload)
            stream.size += len(payload)
        if stream.size > BODY_MAX_BYTES:
            self.cancel(stream)
            self.answers.append(stream.failure(Failure.AMBIGUOUS, "PROTOCOL"))
        elif flags & frame.END_STREAM:
            self._finish(stream)

    def _headers(self, number: int, flags: int, payload: bytes) -> None:
        if flags & frame.PADDED:
            payload = payload[1 : len(payload) - payload[0]]
        if flags & frame.PRIORITY:
            payload = payload[5:]
        if flags & frame.END_HEADERS:
            self._head(number, flags, payload)
        else:
            self._block = (number, flags, payload)

    def _head(self, number: int, flags: int, block: bytes) -> None:
        stream = self.streams.get(number)
        response = self._responses.decode(block)  # also for a stream given up: the table is the connection's
        if stream is None:
            return
        if response.status >= 200:  # noqa: PLR2004  # below it is only an interim word, and 0 are trailers
            stream.response = response
        if flags & frame.END_STREAM:
            self._finish(stream)

    def _finish(self, stream: Stream) -> None:
        self._forget(stream)
        if stream.response is None:
            self.answers.append(stream.failure(Failure.AMBIGUOUS, "PROTOCOL"))
        else:
            self.answers.append(stream.answer())
        if stream.rest:  # the answer came before the request's end: nobody reads the rest
            stream.rest = b""
            self.link.write(frame.reset(stream.number, Code.CANCEL))

    def _forget(self, stream: Stream) -> None:
        stream.done = True
        self.streams.pop(stream.number, None)
        if self._blocked and stream in self._blocked:
            self._blocked.remove(stream)

    def _control(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if kind == frame.SETTINGS:
            if not flags & frame.ACK:
                self._settings(payload)
                self.link.write(frame.header(0, frame.SETTINGS, frame.ACK, 0))
        elif kind == frame.WINDOW_UPDATE:
            self._update_window(number, int.from_bytes(payload))
        elif kind == frame.RST_STREAM:
            self._reset(number, int.from_bytes(payload))
        elif kind == frame.GOAWAY:
            self._go_away(int.from_bytes(payload[:4]) & frame.STREAM_MASK)
        elif kind == frame.PING:
            if not flags & frame.ACK:
                self.link.write(frame.header(8, frame.PING, frame.ACK, 0) + payload)
        elif kind == frame.CONTINUATION:
            self._continue(number, flags, payload)
        elif kind == frame.PUSH_PROMISE:
            raise ConnectionOver  # it was told not to

    def _continue(self, number: int, flags: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != number:
            raise ConnectionOver
        _, first_flags, block = self._block
        if flags & frame.END_HEADERS:
            self._block = None
            self._head(number, first_flags, block + payload)
        else:
            self._block = (number, first_flags, block + payload)

    def _settings(self, payload: bytes) -> None:
        values = {
            int.from_bytes(payload[at : at + 2]): int.from_bytes(payload[at + 2 : at + 6])
            for at in range(0, len(payload), 6)
        }
        if Setting.MAX_CONCURRENT_STREAMS in values or not self._greeted:
            ours = self._options.streams_per_connection
            self._limit = min(values.get(Setting.MAX_CONCURRENT_STREAMS, ours), ours)
        self._greeted = True
        if Setting.INITIAL_WINDOW_SIZE in values:
            change = values[Setting.INITIAL_WINDOW_SIZE] - self._stream_window
            self._stream_window += change
            for stream in self._blocked:
                stream.window += change
            self._send_blocked()
        if Setting.MAX_FRAME_SIZE in values:
            self._frame_max = values[Setting.MAX_FRAME_SIZE]
        if Setting.HEADER_TABLE_SIZE in values:
            self._requests.limit_table(values[Setting.HEADER_TABLE_SIZE])

    def _update_window(self, number: int, increment: int) -> None:
        if number == 0:
            self._window += increment
        elif (stream := self.streams.get(number)) is not None:
            stream.window += increment
        self._send_blocked()

    def _send_blocked(self) -> None:
        blocked, self._blocked = self._blocked, []
        for stream in blocked:
            self._send_rest(stream)

    def _send_rest(self, stream: Stream) -> None:
        """Send as much of a body as the windows allow; what is left waits for them."""
        while stream.rest:
            length = min(len(stream.rest), self._window, stream.window, self._frame_max)
            if length <= 0:
                self._blocked.append(stream)
                return
            part, stream.rest = stream.rest[:length], stream.rest[length:]
            self._window -= length
            stream.window -= length
            flags = 0 if stream.rest else frame.END_STREAM
            self.link.write(frame.header(length, frame.DATA, flags, stream.number) + part)
        stream.end_at = self.link.queued

    def _reset(self, number: int, code: int) -> None:
        stream = self.streams.get(number)
        if stream is None:
            return
        self._forget(stream)
        if code in frame.REFUSALS or not stream.end_at:
            self._refuse(stream, "REFUSED_STREAM")
        else:
            self.answers.append(stream.failure(Failure.AMBIGUOUS, "RESET"))

    def _go_away(self, last: int) -> None:
        self.draining = True
        for stream in [stream for number, stream in self.streams.items() if number > last]:
            self._forget(stream)
            self._refuse(stream, "REFUSED_STREAM")

    def _refuse(self, stream: Stream, reason: str) -> None:
        stream.reason = reason
        self.refused.append(stream)
