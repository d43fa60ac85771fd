"""Where a host is: its addresses, asked for without making anybody wait."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any, NamedTuple


class Address(NamedTuple):
    """Where to connect, as the resolver says it."""

    family: int
    name: Any


class Resolution:
    """The addresses of one host, the best one first.

    They are asked for in a thread of their own: the system's resolver can neither be hurried nor stopped.

    Args:
        host, port: where to connect.
        ring: called from that thread when `addresses` is there.

    Attributes:
        addresses: None as long as they are not known; empty when there are none.
    """

    def __init__(self, host: str, port: int, ring: Callable[[], None]) -> None:
        self._host, self._port, self._ring = host, port, ring
        self.addresses: list[Address] | None = self._resolve(socket.AI_NUMERICHOST) or None
        if self.addresses is None:
            threading.Thread(target=self._run, name="resolve", daemon=True).start()

    def _run(self) -> None:
        self.addresses = self._resolve(0)
        self._ring()

    def _resolve(self, flags: int) -> list[Address]:
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=flags)
        except (OSError, ValueError):  # ValueError: no host can have that name
            return []
        return [Address(family, name) for family, _, _, _, name in found]


class Bell:
    """Wakes a thread that waits for it in a selector; any thread may ring."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here, self._there = socket.socketpair()
        self._here.settimeout(0)
        self._there.settimeout(0)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._here.fileno()

    def ring(self) -> None:
        """Wake the other thread; nothing happens once the bell is closed."""
        with self._lock, contextlib.suppress(OSError):  # full: it rings already
            self._there.send(b"!")

    def hush(self) -> None:
        """Stop ringing."""
        with contextlib.suppress(BlockingIOError):
            self._here.recv(1 << 12)

    def close(self) -> None:
        """Give the descriptors back."""
        with self._lock:  # a thread that rings must not meet a descriptor that is somebody else's by then
            self._here.close()
            self._there.close()
