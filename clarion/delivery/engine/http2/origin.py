"""The connections to one host, how many of them there should be, and the requests that wait for room on them."""

from __future__ import annotations

import ssl
from collections import deque

from clarion.delivery.engine.exchange import Answer, Failure
from clarion.delivery.engine.http2.connection import Connection
from clarion.delivery.engine.http2.link import Link, LinkError
from clarion.delivery.engine.http2.stream import Stream
from clarion.delivery.engine.option import EngineOptions

#: After a connection could not be made, the next one is tried this much later; what is asked for meanwhile fails at once.
RETRY_AFTER_S = 1.0


class Origin:
    """One scheme, host and port.

    Rate = requests in flight / round trip. A *turn* is one full window of answers. When the engine spent more than
    `grow_above_s` of a turn with nothing to do but wait, more requests in flight would go faster, so one more
    connection is opened; when it spent less, it is the processor that binds and more connections would not help.

    Attributes:
        prefix: what its URLs begin with, up to and with the slash before the path.
        is_http1: it does not speak HTTP/2.
        connections: those that live.
        waiting: requests that are pulled and have no room yet.
    """

    def __init__(self, prefix: str, host: str, port: int, context: ssl.SSLContext, options: EngineOptions) -> None:
        self.connections: list[Connection] = []
        self.waiting: deque[Stream] = deque()
        self.prefix = prefix
        self.is_http1 = False
        self._host, self._port = host, port
        self._authority = host if port == 443 else f"{host}:{port}"  # noqa: PLR2004  # the default is left out
        self._context, self._options = context, options
        self._wanted = 1
        self._turn_left = 1
        self._waited_s = 0.0
        self._failed: tuple[float, str] | None = None

    @property
    def room(self) -> int:
        """How many requests could be begun now."""
        return sum(connection.room for connection in self.connections)

    def count(self, answers: int, waited_s: float) -> None:
        """Take notice of `answers` that came after waiting `waited_s` seconds with every connection full."""
        self._waited_s += waited_s
        self._turn_left -= answers
        if self._turn_left > 0:
            return
        usable = [connection for connection in self.connections if not connection.draining]
        if self._waited_s > self._options.grow_above_s and len(usable) >= self._wanted:
            self._wanted = min(self._wanted + 1, self._options.connections_max)
        self._turn_left = max(1, sum(len(connection.streams) for connection in usable))
        self._waited_s = 0.0

    def connect(self, now: float) -> Connection | None:
        """A new connection, when one is due; None when there are enough.

        Raises:
            LinkError: it cannot be made, or could not a moment ago.
        """
        usable = sum(not connection.draining for connection in self.connections)
        if usable >= self._wanted:
            return None
        if self._failed is not None and now - self._failed[0] < RETRY_AFTER_S:
            if usable:
                return None
            raise LinkError(self._failed[1])
        connection = Connection(Link(self._host, self._port, self._context), self._authority, self._options, now)
        self.connections.append(connection)
        return connection

    def fail(self, reason: str, now: float) -> list[Answer]:
        """A connection could not be made: when it was the only one, nobody can wait any longer."""
        self._failed = now, reason
        self._wanted = max(1, len(self.connections))
        if self.connections:
            return []
        failed = [stream.failure(Failure.NOT_SENT, reason) for stream in self.waiting]
        for stream in self.waiting:
            stream.done = True
        self.waiting.clear()
        return failed

    def begin(self) -> None:
        """Put those that wait on their way, as far as there is room."""
        for connection in self.connections:
            room = min(connection.room, len(self.waiting))
            for _ in range(room):
                connection.begin(self.waiting.popleft())

    def drop(self, connection: Connection) -> None:
        """Forget a connection that is over."""
        connection.link.close()
        self.connections.remove(connection)
