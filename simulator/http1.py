"""One HTTP/1.1 connection. Faults that need HTTP/2 frames become a closed connection."""

from __future__ import annotations

import asyncio
from typing import Any

import h11

from simulator.disconnect import MID_RESPONSE_S, reset_connection
from simulator.exchange import DUPLICATED, Action, Answer, Conduct, Moment, Reply, Request, Service
from simulator.gauge import Gauge


class Http1Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 as a server, with keep-alive, over TLS or plain TCP."""

    def __init__(self, service: Service, gauge: Gauge) -> None:
        """Answer with `service`, count in `gauge`."""
        self._service = service
        self._gauge = gauge
        self._h11 = h11.Connection(h11.SERVER)
        self._memory: dict[str, Any] = {}
        self._loop = asyncio.get_running_loop()
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._gauge.connection_opened(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the request in progress."""
        if self._timer is not None:
            self._timer.cancel()
        if self._request is not None:
            self._gauge.stream_closed()
        self._gauge.connection_closed(self)

    def data_received(self, data: bytes) -> None:
        """Handle complete requests, one after the other."""
        self._h11.receive_data(data)
        self._advance()

    def eof_received(self) -> bool:
        """Close when the client does."""
        return False

    def announce(self, max_streams: int) -> None:
        """Do nothing: HTTP/1.1 has no settings."""

    def go_away(self) -> None:
        """Close when no request is under way."""
        if self._request is None:
            self._transport.close()

    def drop(self) -> None:
        """Close the TCP connection with a reset."""
        reset_connection(self._transport)

    def _advance(self) -> None:
        try:
            while (event := self._h11.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                self._handle(event)
                if self._transport.is_closing():
                    return
        except h11.RemoteProtocolError:
            self._transport.close()

    def _handle(self, event: Any) -> None:
        if isinstance(event, h11.Request):
            self._begin(event)
        elif isinstance(event, h11.Data):
            self._body += event.data
        elif isinstance(event, h11.EndOfMessage):
            self._complete()
        elif isinstance(event, h11.ConnectionClosed):
            self._transport.close()

    def _begin(self, event: h11.Request) -> None:
        self._request = event
        self._body.clear()
        self._gauge.stream_opened()
        if self._h11.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[]))
        if self._service.early(event.target.decode("latin-1")) is not None:
            self.drop()

    def _complete(self) -> None:
        event = self._request
        assert event is not None
        headers = dict(event.headers)
        if len(headers) < len(event.headers):
            headers[DUPLICATED] = b""
        method, path = event.method.decode("latin-1"), event.target.decode("latin-1")
        request = Request(method, path, headers, bytes(self._body), self._memory)
        reply = self._service.reply(request)
        if reply.conduct.wait_ms:
            self._later(reply.conduct.wait_ms, lambda: self._perform(reply))
        else:
            self._perform(reply)

    def _later(self, wait_ms: float, step: Any) -> None:
        def run() -> None:
            self._timer = None
            step()
            self._advance()

        self._timer = self._loop.call_later(wait_ms / 1000, run)

    def _perform(self, reply: Reply) -> None:
        conduct, answer = reply.conduct, reply.answer
        if conduct.action is Action.BLACKHOLE:
            return
        if conduct.action is Action.ANSWER or conduct.covered:
            self._answer(answer, conduct)
        elif conduct.moment is Moment.RESPONSE:
            self._head(answer)
            self._send(h11.Data(data=answer.body[: len(answer.body) // 2]))
            self._timer = self._loop.call_later(MID_RESPONSE_S, self.drop)
        else:
            self.drop()

    def _head(self, answer: Answer, *, close: bool = False) -> None:
        headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
        if close:
            headers.append((b"connection", b"close"))
        self._send(h11.Response(status_code=answer.status, headers=headers))

    def _answer(self, answer: Answer, conduct: Conduct) -> None:
        self._head(answer, close=conduct.covered)
        if conduct.header_ms:
            self._later(conduct.header_ms, lambda: self._finish(answer.body))
        elif conduct.body_ms:
            half = len(answer.body) // 2
            self._send(h11.Data(data=answer.body[:half]))
            self._later(conduct.body_ms, lambda: self._finish(answer.body[half:]))
        else:
            self._finish(answer.body)

    def _finish(self, body: bytes) -> None:
        self._send(h11.Data(data=body))
        self._send(h11.EndOfMessage())
        self._request = None
        self._gauge.stream_closed()
        if self._h11.our_state is h11.MUST_CLOSE:
            self._transport.close()
        else:
            self._h11.start_next_cycle()

    def _send(self, event: Any) -> None:
        data = self._h11.send(event)
        if data:
            self._transport.write(data)
