"""A TLS connection that never blocks: connecting, shaking hands, reading, writing."""

from __future__ import annotations

import errno
import selectors
import socket
import ssl
from enum import Enum

_READ_BYTES = 65_536


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
        written: bytes that the kernel has taken so far, before encryption.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except OSError as error:
            raise LinkError("RESOLVE") from error
        plain = socket.socket(family, kind, protocol)
        plain.setblocking(False)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if plain.connect_ex(address) not in (0, errno.EINPROGRESS):
            plain.close()
            raise LinkError("CONNECT")
        self._socket: socket.socket = plain
        self._tls: ssl.SSLSocket | None = None
        self._context = context
        self._host = host
        self._out = bytearray()
        self.step = Step.CONNECTING
        self.wants = selectors.EVENT_WRITE
        self.written = 0

    def fileno(self) -> int:
        """The descriptor to wait on; it stays the same for the life of the link."""
        return self._socket.fileno()

    @property
    def queued(self) -> int:
        """Bytes handed to `write` so far."""
        return self.written + len(self._out)

    def advance(self) -> bool:
        """Go on connecting; whether it is open now.

        Raises:
            LinkError: it will never be.
        """
        if self.step is Step.CONNECTING:
            if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise LinkError("CONNECT")
            self._tls = self._context.wrap_socket(
                self._socket, server_hostname=self._host, do_handshake_on_connect=False
            )
            self._socket, self.step = self._tls, Step.SHAKING
        if self.step is Step.SHAKING:
            assert self._tls is not None
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self.wants = selectors.EVENT_READ
                return False
            except ssl.SSLWantWriteError:
                self.wants = selectors.EVENT_WRITE
                return False
            except OSError as error:
                raise LinkError("TLS") from error
            self.step, self.wants = Step.OPEN, selectors.EVENT_READ
        return True

    @property
    def protocol(self) -> str | None:
        """What ALPN agreed on."""
        return None if self._tls is None else self._tls.selected_alpn_protocol()

    def write(self, data: bytes) -> None:
        """Queue bytes; `flush` sends them."""
        self._out += data

    def flush(self) -> None:
        """Send what is queued, as far as the kernel takes it.

        Raises:
            OSError: the connection is lost.
        """
        out, sent = self._out, 0
        if not out:
            return
        view = memoryview(out)
        try:
            while sent < len(view):
                sent += self._socket.send(view[sent:])
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
            pass
        finally:
            view.release()
            del out[:sent]
            self.written += sent
        self.wants = selectors.EVENT_READ | (selectors.EVENT_WRITE if out else 0)

    def read(self) -> bytes | None:
        """What has arrived: b"" at the end, None when there is nothing now.

        Raises:
            OSError: the connection is lost.
        """
        try:
            return self._socket.recv(_READ_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return None

    def close(self) -> None:
        """Close it, without ceremony."""
        self._socket.close()
