"""A TLS connection that never blocks: connecting, shaking hands, reading, writing."""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import ssl
from enum import Enum

from clarion.delivery.engine.http2.resolution import Address

_READ_BYTES = 1 << 18
#: What one TLS record holds.
_RECORD_BYTES = 1 << 14


class LinkError(Exception):
    """The connection cannot be made: `reason` is RESOLVE, CONNECT or TLS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Step(Enum):
    """How far a link has come."""

    CONNECTING = "connecting"
    SHAKING = "shaking hands"
    OPEN = "open"


class Link:
    """A socket on its way to being, and then being, a TLS stream of bytes.

    Attributes:
        step: how far it has come.
        wants: the readiness events it waits for.
        queued: bytes handed to `write` so far.
        written: bytes of `write` that the kernel has taken so far, encrypted, in whole records.

    Raises:
        LinkError: no connection to that address can even be tried.
    """

    def __init__(self, host: str, address: Address, context: ssl.SSLContext) -> None:
        try:
            plain = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError as error:
            raise LinkError("CONNECT") from error
        plain.settimeout(0)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if plain.connect_ex(address.name) not in (0, errno.EINPROGRESS):
            plain.close()
            raise LinkError("CONNECT")
        self._socket = plain
        self._in, self._cipher_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self._tls = context.wrap_bio(self._in, self._cipher_out, server_hostname=host)
        except ValueError as error:  # no certificate can be for that name
            plain.close()
            raise LinkError("TLS") from error
        self._out = bytearray()
        self._record, self._record_bytes = b"", 0
        self._is_over = False
        self.step = Step.CONNECTING
        self.wants = selectors.EVENT_WRITE
        self.queued = self.written = 0

    def fileno(self) -> int:
        """The descriptor to wait on; it stays the same for the life of the link."""
        return self._socket.fileno()

    @property
    def is_queued(self) -> bool:
        """Whether `flush` has something to send that was written here."""
        return bool(self._out or self._record)

    @property
    def protocol(self) -> str | None:
        """What ALPN agreed on."""
        return self._tls.selected_alpn_protocol()

    def advance(self) -> bool:
        """Go on connecting; whether it is open now.

        Raises:
            LinkError: it will never be.
        """
        if self.step is Step.CONNECTING:
            if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise LinkError("CONNECT")
            self.step = Step.SHAKING
        if self.step is Step.SHAKING:
            try:
                self._shake()
            except OSError as error:
                raise LinkError("TLS") from error
        return self.step is Step.OPEN

    def _shake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._fill()
        try:
            self._tls.do_handshake()
            self.step = Step.OPEN
        except ssl.SSLWantReadError:
            if self._is_over:
                raise
        self.flush()

    def write(self, data: bytes) -> None:
        """Queue bytes; `flush` sends them."""
        self._out += data
        self.queued += len(data)

    def flush(self) -> None:
        """Send what is queued, as far as the kernel takes it.

        Raises:
            OSError: the connection is lost.
        """
        self.wants = selectors.EVENT_READ
        while self._record or self._encrypt():
            try:
                sent = self._socket.send(self._record)
            except BlockingIOError:
                sent = 0
            if sent < len(self._record):
                self._record = self._record[sent:]
                self.wants |= selectors.EVENT_WRITE
                return
            self.written += self._record_bytes
            self._record, self._record_bytes = b"", 0

    def _encrypt(self) -> bytes:
        """Make the next record, one at a time: the peer can read nothing of one that the kernel took in part."""
        if self._out and self.step is Step.OPEN:
            with memoryview(self._out) as out:
                self._record_bytes = self._tls.write(out[:_RECORD_BYTES])
            del self._out[: self._record_bytes]
        self._record = self._cipher_out.read()
        return self._record

    def read(self) -> bytes | None:
        """What has arrived: b"" at the end, None when there is nothing now.

        Raises:
            OSError: the connection is lost.
        """
        if self._is_over:
            return b""
        try:
            self._fill()
        except BlockingIOError:
            return None
        parts = []
        try:
            while part := self._tls.read(_READ_BYTES):
                parts.append(part)
            self._is_over = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self._is_over = True  # what came before it counts
        return b"".join(parts) if parts or self._is_over else None

    def _fill(self) -> None:
        data = self._socket.recv(_READ_BYTES)
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()
            self._is_over = True

    def close(self) -> None:
        """Close it, without ceremony."""
        self._socket.close()
