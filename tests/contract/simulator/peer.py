"""An HTTP/2 client on python-h2 that shows every frame it gets: the second opinion on the simulator's own frames."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.events import DataReceived, Event, RemoteSettingsChanged, ResponseReceived, StreamEnded
from hyperframe.frame import Frame

from tests.simulation import Simulation

E = TypeVar("E", bound=Event)
_WITHIN_S = 10.0
_FRAME_HEAD = 9


class Peer:
    """One connection, blocking; `events` is everything that was received."""

    def __init__(self, simulation: Simulation, access_token: str, origin: str | None = None) -> None:
        self._simulation = simulation
        self._authorization = f"Bearer {access_token}"
        url = urlsplit(origin or simulation.fcm)
        assert url.hostname is not None
        self._socket = socket.create_connection((url.hostname, url.port or 443), _WITHIN_S)
        # An SSLSocket hides whether the connection ended by FIN or by RST; buffers of our own do not.
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = simulation.tls("h2").wrap_bio(self._incoming, self._outgoing, server_hostname=url.hostname)
        self._shake_hands()
        assert self._tls.selected_alpn_protocol() == "h2"
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.events: list[Event] = []
        #: every frame that was received: its type and stream
        self.frames: list[tuple[str, int]] = []
        self._input = b""
        #: how the server ended the connection: "" = it did not, "fin" or "reset"
        self.ended = ""
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self) -> Self:
        self.wait(RemoteSettingsChanged)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._socket.sendall(self._outgoing.read())
                self._incoming.write(self._socket.recv(65_536))
            else:
                return

    def flush(self) -> None:
        """Send what h2 has to send."""
        self.write(self.h2.data_to_send())

    def send(self, *tokens: str, body: bytes | None = None) -> list[int]:
        """Send one message per token in one write; return the stream ids."""
        streams = []
        for token in tokens:
            content = body or json.dumps({"message": {"token": token, "data": {"k": "v"}}}).encode()
            stream = self.open()
            self.h2.send_data(stream, content, end_stream=True)
            streams.append(stream)
        self.flush()
        return streams

    def open(self) -> int:
        """Queue the headers of a message and return the stream id."""
        stream: int = self.h2.get_next_available_stream_id()
        path = urlsplit(self._simulation.send_url()).path
        headers = [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", path)]
        self.h2.send_headers(stream, [*headers, ("authorization", self._authorization)])
        return stream

    def write(self, data: bytes) -> None:
        """Send bytes that h2 knows nothing of."""
        if data:
            self._tls.write(data)
        if self._outgoing.pending:
            self._socket.sendall(self._outgoing.read())

    def wait(self, kind: type[E], stream: int | None = None, within_s: float = _WITHIN_S) -> E:
        """Return the first event of a kind (and stream), waiting for it; raise TimeoutError."""
        deadline = time.monotonic() + within_s
        while True:
            for event in self.events:
                if isinstance(event, kind) and (stream is None or getattr(event, "stream_id", None) == stream):
                    return event
            if self.ended:
                raise TimeoutError(f"{kind.__name__} did not come before the connection ended")
            self.pump(deadline - time.monotonic())

    def wait_end(self) -> str:
        """Return how the server ends the connection, waiting for it."""
        deadline = time.monotonic() + _WITHIN_S
        while not self.ended:
            self.pump(deadline - time.monotonic())
        return self.ended

    def pump(self, within_s: float) -> None:
        """Receive once, for at most that long; raise TimeoutError."""
        if within_s <= 0:
            raise TimeoutError
        self._socket.settimeout(within_s)
        try:
            data = self._socket.recv(65_536)
        except ConnectionResetError:
            self.ended = "reset"
            return
        if not data:
            self.ended = "fin"
            return
        self._incoming.write(data)
        with contextlib.suppress(ssl.SSLWantReadError):
            while plain := self._tls.read(65_536):
                self._input += plain
                self._receive()

    def _receive(self) -> None:
        """Hand over frame by frame: h2 refuses everything after a GOAWAY, although streams may still be finished."""
        while len(self._input) >= _FRAME_HEAD:
            frame, length = Frame.parse_frame_header(memoryview(self._input[:_FRAME_HEAD]))
            if len(self._input) < _FRAME_HEAD + length:
                return
            content, self._input = self._input[: _FRAME_HEAD + length], self._input[_FRAME_HEAD + length :]
            self.frames.append((type(frame).__name__, frame.stream_id))
            if self.h2.state_machine.state is not ConnectionState.CLOSED:
                self.events.extend(self.h2.receive_data(content))
                self.flush()

    def answer(self, stream: int) -> tuple[int, Any]:
        """Return status and JSON of a complete answer, waiting for it."""
        self.wait(StreamEnded, stream)
        headers: Any = self.wait(ResponseReceived, stream).headers
        parts = [event.data or b"" for event in self.of(DataReceived, stream)]
        return int(dict(headers)[":status"]), json.loads(b"".join(parts))

    def of(self, kind: type[E], stream: int) -> list[E]:
        """Return all events of a kind on a stream so far."""
        return [e for e in self.events if isinstance(e, kind) and getattr(e, "stream_id", None) == stream]
