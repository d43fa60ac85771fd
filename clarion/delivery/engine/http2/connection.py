"""One HTTP/2 connection: streams out, answers in, within what the peer's settings and windows allow."""

from __future__ import annotations

from hpack import HPACKError

from clarion.delivery.engine.exchange import Answer, Failure
from clarion.delivery.engine.http2 import frame
from clarion.delivery.engine.http2.allowance import FRAME_DEFAULT, WINDOW_DEFAULT, WINDOW_MAX, Allowance, widen
from clarion.delivery.engine.http2.block import RequestBlocks
from clarion.delivery.engine.http2.carrier import BODY_MAX_BYTES, HEAD_MAX_BYTES, Carrier, ConnectionOver
from clarion.delivery.engine.http2.frame import Code, Setting
from clarion.delivery.engine.http2.link import Link
from clarion.delivery.engine.http2.response import ResponseBlocks
from clarion.delivery.engine.http2.stream import Stream
from clarion.delivery.engine.option import EngineOptions

NUMBER_MAX = 1 << 30  # far below the last number there is
#: What the peer may send us unasked: no answer is that long, so streams never need more.
_STREAM_WINDOW = 1 << 24
#: What was received before the peer is given as much again, of the two gigabytes it has from the start.
_WINDOW_DUE = 1 << 30
_SETTINGS = {Setting.HEADER_TABLE_SIZE: 0, Setting.ENABLE_PUSH: 0, Setting.INITIAL_WINDOW_SIZE: _STREAM_WINDOW}
_PING_BYTES = 8
_OK = 200


class Connection(Carrier):
    """A `Carrier` that speaks HTTP/2.

    Attributes:
        allowance: what the peer allows.
    """

    def __init__(self, link: Link, authority: str, options: EngineOptions, answers: list[Answer], now: float) -> None:
        super().__init__(link, options, answers, now)
        self.allowance = Allowance(options)
        self._requests = RequestBlocks(authority, options.user_agent)
        self._responses = ResponseBlocks(options.answer_headers)
        self._next = 1
        self._blocked: list[Stream] = []
        self._received = 0
        self._in = b""
        self._block: tuple[int, int, bytes] | None = None
        link.write(frame.PREFACE + frame.settings(_SETTINGS))
        link.write(frame.window_update(0, WINDOW_MAX - WINDOW_DEFAULT))

    @property
    def is_proven(self) -> bool:
        """Whether its settings have come."""
        return self.allowance.is_known

    @property
    def room(self) -> int:
        """How many more streams it takes now."""
        if self.draining or self._blocked:
            return 0
        return max(0, self.allowance.streams - len(self.streams))

    def begin(self, stream: Stream) -> None:
        """Put a request on its way; see `Carrier.begin`."""
        request, number, allowance, link = stream.request, self._next, self.allowance, self.link
        body = request.body
        length = len(body)
        block = self._requests.encode(request.headers, stream.path, length, request.own)
        self._next = number + 2
        self.draining = number > NUMBER_MAX
        stream.number = number
        self.streams[number] = stream
        head = frame.head(block, number, allowance.frame_max, ends=not body)
        if not body:
            link.write(head)
        elif length <= allowance.window and length <= allowance.stream_window and length <= allowance.frame_max:
            allowance.window -= length
            link.write(b"".join((head, frame.header(length, frame.DATA, frame.END_STREAM, number), body)))
        else:
            link.write(head)
            stream.rest, stream.window = body, allowance.stream_window
            self._send_rest(stream)
            return
        stream.end_at = link.queued

    def cancel(self, stream: Stream) -> None:
        """Give a stream up; what still comes for it is passed over."""
        self._forget(stream)
        self.link.write(frame.reset(stream.number, Code.CANCEL))

    def lose(self) -> None:
        """The connection is gone; see `Carrier.lose`."""
        super().lose()
        self._blocked.clear()

    def take(self, data: bytes) -> None:
        """Take note of what was read; see `Carrier.take`."""
        if not data:
            raise ConnectionOver
        try:
            self._parse(self._in + data if self._in else data)
        except (HPACKError, ValueError) as error:
            raise ConnectionOver from error

    def _parse(self, data: bytes) -> None:
        at, end = 0, len(data)
        while end - at >= frame.HEADER_BYTES:
            high, low, kind, flags, number = frame.read_header(data, at)
            start, length, number = at + frame.HEADER_BYTES, high << 8 | low, number & frame.STREAM_MASK
            if length > FRAME_DEFAULT:
                raise ValueError("a frame longer than we allow")
            if start + length > end:
                break
            at = start + length
            payload = data[start:at]
            if self._block is not None:
                self._continue(kind, flags, number, payload)
            elif kind == frame.DATA:
                self._data(number, flags, payload)
            elif kind == frame.HEADERS:
                self._headers(number, flags, payload)
            else:
                self._control(kind, flags, number, payload)
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
            payload = frame.unpad(payload)
        if payload and stream.receive(payload) > BODY_MAX_BYTES:
            self.cancel(stream)
            self._answers.append(stream.failure(Failure.AMBIGUOUS, "PROTOCOL"))
        elif flags & frame.END_STREAM:
            self._finish(stream)

    def _headers(self, number: int, flags: int, payload: bytes) -> None:
        if flags & frame.PADDED:
            payload = frame.unpad(payload)
        if flags & frame.PRIORITY:
            payload = payload[5:]
        if flags & frame.END_HEADERS:
            self._head(number, flags, payload)
        else:
            self._block = number, flags, payload

    def _continue(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        """Nothing but the rest of a header block may come before its end."""
        assert self._block is not None
        first_number, first_flags, block = self._block
        block += payload
        if kind != frame.CONTINUATION or number != first_number or len(block) > HEAD_MAX_BYTES:
            raise ValueError("a header block without an end")
        self._block = number, first_flags, block
        if flags & frame.END_HEADERS:
            self._block = None
            self._head(number, first_flags, block)

    def _head(self, number: int, flags: int, block: bytes) -> None:
        response = self._responses.decode(block)  # also for a stream given up: an error in it ends the connection
        stream = self.streams.get(number)
        if stream is None:
            return
        if response.status >= _OK:  # below it is only an interim word, and trailers have none
            stream.response = response
        if flags & frame.END_STREAM:
            self._finish(stream)

    def _finish(self, stream: Stream) -> None:
        self._answers.append(stream.answer())
        if stream.rest:  # the answer came before the request's end: nobody reads the rest
            self.cancel(stream)
        else:
            del self.streams[stream.number]

    def _forget(self, stream: Stream) -> None:
        del self.streams[stream.number]
        if stream.rest:
            self._blocked.remove(stream)

    def _control(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if kind == frame.SETTINGS:
            if not flags & frame.ACK:
                self._settings(frame.read_settings(payload))
                self.link.write(frame.header(0, frame.SETTINGS, frame.ACK, 0))
        elif kind == frame.WINDOW_UPDATE:
            self._update_window(number, frame.read_number(payload) & frame.STREAM_MASK)
        elif kind == frame.RST_STREAM:
            self._reset(number, frame.read_number(payload))
        elif kind == frame.GOAWAY:
            self._go_away(frame.read_number(payload[:4]) & frame.STREAM_MASK)
        elif kind == frame.PING:
            if len(payload) != _PING_BYTES:
                raise ValueError("a ping of another length")
            if not flags & frame.ACK:
                self.link.write(frame.header(_PING_BYTES, frame.PING, frame.ACK, 0) + payload)
        elif kind in (frame.CONTINUATION, frame.PUSH_PROMISE):
            raise ValueError("a frame that nobody asked for")

    def _settings(self, values: dict[int, int]) -> None:
        change = self.allowance.take(values)
        for stream in self._blocked:
            stream.window += change
        if change > 0:
            self._send_blocked()
        if Setting.HEADER_TABLE_SIZE in values:
            self._requests.limit_table(values[Setting.HEADER_TABLE_SIZE])

    def _update_window(self, number: int, increment: int) -> None:
        if number == 0:
            self.allowance.window = widen(self.allowance.window, increment)
            self._send_blocked()
        elif (stream := self.streams.get(number)) is not None and stream.rest:
            stream.window = widen(stream.window, increment)
            self._send_blocked()

    def _send_blocked(self) -> None:
        blocked, self._blocked = self._blocked, []
        for stream in blocked:
            self._send_rest(stream)

    def _send_rest(self, stream: Stream) -> None:
        """Queue as much of a body as the windows allow; what is left waits for them."""
        allowance = self.allowance
        while stream.rest:
            length = min(len(stream.rest), allowance.window, stream.window, allowance.frame_max)
            if length <= 0:
                self._blocked.append(stream)
                return
            part, stream.rest = stream.rest[:length], stream.rest[length:]
            allowance.window -= length
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
            self.refused.append((stream, "REFUSED_STREAM"))
        else:
            self._answers.append(stream.failure(Failure.AMBIGUOUS, "RESET"))

    def _go_away(self, last: int) -> None:
        self.draining = True
        for stream in [stream for number, stream in self.streams.items() if number > last]:
            self._forget(stream)
            self.refused.append((stream, "REFUSED_STREAM"))
