"""One HTTP/2 connection on a socket: it answers requests as their conduct says, faults included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from simulator.disconnect import MID_RESPONSE_S, reset_connection
from simulator.exchange import Action, Answer, Conduct, Moment, Reply, Request, Service
from simulator.gauge import Gauge
from simulator.http2 import frame
from simulator.http2.frame import Breach, Code
from simulator.http2.header import response_block
from simulator.http2.session import Session, Stream

#: A body beyond this is not worth reading: no provider accepts more than a few kilobytes.
_MAX_BODY_BYTES = 2**20
_TIMED_OUT = b"session_timed_out"


class Http2Connection(asyncio.Protocol):
    """Speaks HTTP/2 as a server for one TLS connection."""

    def __init__(self, service: Service, gauge: Gauge) -> None:
        self._service = service
        self._gauge = gauge
        self._limits = service.limits()
        self._session = Session(self, self._limits)
        self._memory: dict[str, Any] = {}
        self._loop = asyncio.get_running_loop()
        self._flushing = False
        self._idle: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    # -- asyncio.Protocol ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Announce our limits."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._gauge.connection_opened(self)
        self._session.start()
        self._watch_idle()
        self._flush()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the streams."""
        if self._idle is not None:
            self._idle.cancel()
        for stream_id in tuple(self._session.streams):
            self._session.close(stream_id)
        self._gauge.connection_closed(self)

    def data_received(self, data: bytes) -> None:
        """Handle whatever frames arrived, then write all answers at once."""
        try:
            self._session.receive(data)
        except Breach as breach:
            self._end(self._session.highest, breach.code, breach.debug)
        self._flush()

    def eof_received(self) -> bool:
        """Close when the client does."""
        return False

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    # -- control plane ------------------------------------------------------------------------------------------

    def announce(self, max_streams: int) -> None:
        """Send SETTINGS_MAX_CONCURRENT_STREAMS."""
        self._session.announce(max_streams)
        self._flush()

    def go_away(self) -> None:
        """Send GOAWAY NO_ERROR, finish what was received, close."""
        self._go_away(self._session.highest, Code.NO_ERROR, _TIMED_OUT)
        self._flush()

    def drop(self) -> None:
        """Close the TCP connection with a reset."""
        self._session.stopped = True
        reset_connection(self._transport)

    # -- the session's handler ----------------------------------------------------------------------------------

    def stream_opened(self, stream: Stream) -> None:
        """Count a request, and break it off when a rule says so."""
        self._gauge.stream_opened()
        if self._idle is not None:
            self._watch_idle()
        early = self._service.early(stream.headers.get(b":path", b"").decode("latin-1"))
        if early is not None:
            self._perform(stream, Reply(Answer(200), early))

    def request_complete(self, stream: Stream) -> None:
        """Have a request answered."""
        if len(stream.body) > _MAX_BODY_BYTES:
            self._session.reset(stream, Code.ENHANCE_YOUR_CALM)
            return
        headers, body = stream.headers, stream.body
        method = headers.get(b":method", b"").decode("latin-1")
        path = headers.get(b":path", b"").decode("latin-1")
        stream.body = b""
        reply = self._service.reply(Request(method, path, headers, body, self._memory))
        if reply.conduct.wait_ms:
            self._later(stream, reply.conduct.wait_ms, lambda: self._perform(stream, reply))
        else:
            self._perform(stream, reply)

    def stream_closed(self, stream: Stream) -> None:
        """Count it, and close the connection when GOAWAY left nothing else to do."""
        if stream.timer is not None:
            stream.timer.cancel()
        self._gauge.stream_closed()
        if self._session.last_stream is not None and not self._session.streams:
            self._close()

    def pinged(self) -> None:
        """Count it: some providers do not like pings."""
        self._gauge.pings += 1

    def client_goes_away(self) -> None:
        """Finish what was received and close."""
        self._session.last_stream = self._session.highest
        if not self._session.streams:
            self._close()

    # -- answers ------------------------------------------------------------------------------------------------

    def _perform(self, stream: Stream, reply: Reply) -> None:
        conduct, answer = reply.conduct, reply.answer
        if conduct.max_streams is not None:
            self._session.announce(conduct.max_streams)
        if conduct.action is Action.GOAWAY:
            self._go_away_around(stream, answer, conduct)
        elif conduct.action is Action.ANSWER:
            self._answer(stream, answer, conduct)
        elif conduct.action is not Action.BLACKHOLE:
            self._break(stream, answer, conduct)

    def _answer(self, stream: Stream, answer: Answer, conduct: Conduct) -> None:
        session, body = self._session, answer.body
        session.send_headers(stream, response_block(answer.status, answer.headers), end=not body)
        if not body:
            return
        if conduct.header_ms:
            self._later(stream, conduct.header_ms, lambda: session.send_data(stream, body, end=True))
        elif conduct.body_ms:
            half = len(body) // 2
            session.send_data(stream, body[:half], end=False)
            self._later(stream, conduct.body_ms, lambda: session.send_data(stream, body[half:], end=True))
        else:
            session.send_data(stream, body, end=True)

    def _break(self, stream: Stream, answer: Answer, conduct: Conduct) -> None:
        if conduct.moment is not Moment.RESPONSE:
            self._cut(stream, conduct)
            return
        self._session.send_headers(stream, response_block(answer.status, answer.headers))
        self._session.send_data(stream, answer.body[: len(answer.body) // 2], end=False)
        self._later(stream, MID_RESPONSE_S * 1000, lambda: self._cut(stream, conduct))

    def _cut(self, stream: Stream, conduct: Conduct) -> None:
        if conduct.action is Action.DROP:
            self.drop()
        else:
            self._session.reset(stream, conduct.code)

    def _later(self, stream: Stream, wait_ms: float, step: Callable[[], None]) -> None:
        def run() -> None:
            stream.timer = None
            step()
            self._flush_soon()

        stream.timer = self._loop.call_later(wait_ms / 1000, run)

    # -- the end ------------------------------------------------------------------------------------------------

    def _go_away_around(self, stream: Stream, answer: Answer, conduct: Conduct) -> None:
        # Requests that are in the ledger are processed: GOAWAY may not say otherwise.
        processed = self._session.processed
        last_stream = processed if conduct.covered or processed > stream.id else max(0, stream.id - 2)
        if conduct.abrupt:
            self._end(last_stream, conduct.code, conduct.debug)
            return
        if conduct.covered:
            self._go_away(last_stream, conduct.code, conduct.debug)
            self._answer(stream, answer, conduct)
            return
        if last_stream > stream.id:
            self._session.reset(stream, Code.REFUSED_STREAM)
        self._go_away(last_stream, conduct.code, conduct.debug)

    def _go_away(self, last_stream: int, code: int, debug: bytes) -> None:
        """Write GOAWAY, abandon the streams above `last_stream` and close after the others."""
        session = self._session
        session.output += frame.goaway(last_stream, code, debug)
        session.last_stream = last_stream
        for stream_id in [number for number in session.streams if number > last_stream]:
            session.close(stream_id)
        if not session.streams:
            self._close()

    def _end(self, last_stream: int, code: int, debug: bytes) -> None:
        """Write GOAWAY and close at once."""
        self._session.stopped = True
        self._session.output += frame.goaway(last_stream, code, debug)
        self._close()

    def _close(self) -> None:
        self._flush()
        self._transport.close()

    def _watch_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        if self._limits.idle_timeout_s:
            self._idle = self._loop.call_later(self._limits.idle_timeout_s, self._idled)

    def _idled(self) -> None:
        if self._session.streams:
            self._watch_idle()
        else:
            self.go_away()

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        output = self._session.output
        if output and not self._transport.is_closing():
            self._transport.write(bytes(output))
        output.clear()
