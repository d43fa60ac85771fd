"""A scriptable HTTP/2 server over TLS: each complete request is handed to a function that says what happens to it.

It sees and sends single frames, so it can refuse, reset, go away or cut the line at an exact point.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from hyperframe.frame import GoAwayFrame, SettingsFrame

MAX_STREAMS = h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS
WINDOW = h2.settings.SettingCodes.INITIAL_WINDOW_SIZE
UNLIMITED = 1 << 20
LINGER_NONE = struct.pack("ii", 1, 0)  # close() sends a TCP reset


@dataclass
class Exchange:
    """One complete request, and the ways to treat it."""

    connection: Connection
    stream: int
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.headers[":path"]

    def answer(self, status: int = 200, body: bytes = b"{}", headers: Iterable[tuple[str, str]] = ()) -> None:
        self.begin(status, headers)
        self.finish(body)

    def begin(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        if self.stream not in self.connection.live:
            return  # the client has cancelled it
        self.connection.h2.send_headers(self.stream, [(":status", str(status)), *headers])
        self.connection.flush()

    def part(self, body: bytes) -> None:
        self.connection.h2.send_data(self.stream, body)
        self.connection.flush()

    def finish(self, body: bytes = b"") -> None:
        if self.stream not in self.connection.live:
            return
        self.connection.live.discard(self.stream)
        self.connection.h2.send_data(self.stream, body, end_stream=True)
        self.connection.flush()

    def reset(self, code: h2.errors.ErrorCodes) -> None:
        self.connection.live.discard(self.stream)
        self.connection.h2.reset_stream(self.stream, code)
        self.connection.flush()

    def goaway(self, last_stream: int, code: int = 0, debug: bytes = b"") -> None:
        """Written by hand: h2 would refuse to answer the streams that were accepted before."""
        self.connection.last_stream = last_stream
        frame = GoAwayFrame(0, last_stream_id=last_stream, error_code=code, additional_data=debug)
        self.connection.flush(frame.serialize())

    def limit(self, streams: int) -> None:
        """Allow so many streams from when the client acknowledges it."""
        self.connection.limits.append(streams)
        self.connection.flush(SettingsFrame(0, settings={MAX_STREAMS: streams}).serialize())

    def hang_up(self) -> None:
        """Close the line in good order, whatever is open on it."""
        self.connection.transport.close()

    def cut(self) -> None:
        """Reset the TCP connection."""
        self.connection.cut()

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do `action` later, unless the line is gone by then."""
        loop = asyncio.get_running_loop()
        loop.call_later(delay_s, lambda: None if self.connection.is_lost else action())


Script = Callable[[Exchange], None]


@dataclass
class Server:
    """Serves on a free port of 127.0.0.1 from its own thread; `with` starts and stops it."""

    context: ssl.SSLContext
    script: Script = lambda exchange: exchange.answer()
    max_streams: int = 100
    is_strict: bool = False  # refuse streams above the limit even before the client can know it, as APNs does
    window: int = 1 << 20
    received: list[Exchange] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    url: str = ""

    def copies(self) -> Counter[bytes]:
        """How many complete copies of each body arrived."""
        return Counter(exchange.body for exchange in self.received)

    def peak(self) -> int:
        """The most streams that were ever open at once on one connection."""
        return max(connection.peak for connection in self.connections)

    def __enter__(self) -> Self:
        listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(listening)), daemon=True)
        self._thread.start()
        assert listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    async def _serve(self, listening: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        listener = await self._loop.create_server(lambda: Connection(self), "127.0.0.1", 0, ssl=self.context)
        self.url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        listening.set()
        await self._stopped.wait()
        listener.close()
        for connection in self.connections:
            connection.transport.abort()


class Connection(asyncio.Protocol):
    """The server's end of one connection."""

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self.server = server
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.requests: dict[int, tuple[dict[str, str], bytearray]] = {}
        self.live: set[int] = set()
        self.peak = 0
        self.last_stream = 1 << 31
        self.limit = UNLIMITED
        self.limits = deque([server.max_streams])  # announced, and not yet acknowledged
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections.append(self)
        announced = {MAX_STREAMS: self.server.max_streams, WINDOW: self.server.window}
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=announced)
        self.h2.initiate_connection()
        # h2 itself enforces no limit: it would do so before the client can know it.
        self.h2.local_settings[MAX_STREAMS] = UNLIMITED
        self.h2.local_settings.acknowledge()
        self.h2.increment_flow_control_window(1 << 28)
        self.flush()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.is_lost = True

    def data_received(self, data: bytes) -> None:
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError as error:
            self.server.violations.append(f"{type(error).__name__}: {error}")
            self.flush()
            self.transport.close()
            return
        # h2 has read all of it already: it would not answer a stream that the client gives up further on.
        given_up = {event.stream_id for event in events if isinstance(event, h2.events.StreamReset)}
        for event in events:
            if isinstance(event, h2.events.StreamReset) or getattr(event, "stream_id", None) not in given_up:
                self._handle(event)
        self.flush()

    def flush(self, extra: bytes = b"") -> None:
        if not self.is_lost:
            self.transport.write(self.h2.data_to_send() + extra)

    def cut(self) -> None:
        line: socket.socket = self.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        self.transport.abort()

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._open(event)
        elif isinstance(event, h2.events.DataReceived) and event.stream_id in self.requests:
            self.requests[event.stream_id][1].extend(event.data)
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.SettingsAcknowledged) and self.limits:
            self.limit = self.limits.popleft()
        elif isinstance(event, h2.events.StreamReset):
            self.requests.pop(event.stream_id, None)
            self.live.discard(event.stream_id)
        elif isinstance(event, h2.events.StreamEnded) and event.stream_id in self.requests:
            headers, body = self.requests.pop(event.stream_id)
            if event.stream_id > self.last_stream:
                return
            exchange = Exchange(self, event.stream_id, headers, bytes(body))
            self.server.received.append(exchange)
            self.server.script(exchange)

    def _open(self, event: h2.events.RequestReceived) -> None:
        self.live.add(event.stream_id)
        if self.server.is_strict and len(self.live) > self.server.max_streams:
            self.live.discard(event.stream_id)
            self.h2.reset_stream(event.stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        if len(self.live) > self.limit:
            self.server.violations.append(f"{len(self.live)} streams where {self.limit} are allowed")
        self.peak = max(self.peak, len(self.live))
        self.requests[event.stream_id] = dict(event.headers), bytearray()
