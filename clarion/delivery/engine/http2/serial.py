"""One HTTP/1.1 connection: one request at a time, for servers that speak nothing newer."""

from __future__ import annotations

from clarion.delivery.engine.exchange import Answer, Failure
from clarion.delivery.engine.http2.carrier import Carrier, ConnectionOver
from clarion.delivery.engine.http2.field import split
from clarion.delivery.engine.http2.link import Link
from clarion.delivery.engine.http2.reply import ReplyReader
from clarion.delivery.engine.http2.stream import Stream
from clarion.delivery.engine.option import EngineOptions

_ONLY = 1


class SerialConnection(Carrier):
    """A `Carrier` that speaks HTTP/1.1. Nothing is pipelined: what is behind a lost request would be ambiguous too."""

    def __init__(self, link: Link, authority: str, options: EngineOptions, answers: list[Answer], now: float) -> None:
        super().__init__(link, options, answers, now)
        self._start = f" HTTP/1.1\r\nhost: {authority}\r\nuser-agent: {options.user_agent}\r\n".encode()
        self._reader = ReplyReader(options.answer_headers)
        self._lines: tuple[str, ...] | None = None
        self._constant = b""
        self._is_proven = False

    @property
    def is_proven(self) -> bool:
        """Whether it has given an answer."""
        return self._is_proven

    @property
    def room(self) -> int:
        """One, unless there is a request on it."""
        return 0 if self.draining or self.streams else 1

    def begin(self, stream: Stream) -> None:
        """Put a request on its way; see `Carrier.begin`."""
        request = stream.request
        own = _write(request.own)
        if request.headers is not self._lines:
            self._constant, self._lines = self._start + _write(request.headers), request.headers
        length = b"content-length: %d\r\n\r\n" % len(request.body)
        self.link.write(b"".join((b"POST ", stream.path, self._constant, own, length, request.body)))
        stream.number = _ONLY
        stream.end_at = self.link.queued
        self.streams[_ONLY] = stream

    def cancel(self, stream: Stream) -> None:
        """Give a request up, and the connection with it: nobody could tell its answer from the next one's."""
        del self.streams[stream.number]
        self.draining = True

    def take(self, data: bytes) -> None:
        """Take note of what was read; see `Carrier.take`."""
        stream = self.streams.get(_ONLY)
        if stream is None:
            raise ConnectionOver  # an end, or a word that nobody asked for
        try:
            answer = self._reader.take(data)
        except ValueError as error:
            self._fail(stream)
            raise ConnectionOver from error
        if answer is not None:
            stream.response, stream.body = answer
            self._answers.append(stream.answer())
            del self.streams[_ONLY]
            self._is_proven = True
            # An answer before the request's end, or more than one answer: nobody can tell what comes next.
            is_written = stream.end_at <= self.link.written
            self.draining = self.draining or not (self._reader.stays and self._reader.is_idle and is_written)
        if not data:
            raise ConnectionOver

    def _fail(self, stream: Stream) -> None:
        self._answers.append(stream.failure(Failure.AMBIGUOUS, "PROTOCOL"))
        del self.streams[_ONLY]


def _write(lines: tuple[str, ...]) -> bytes:
    return "".join([f"{name}: {value}\r\n" for name, value in map(split, lines)]).encode()
