"""The connections to one host, how many of them there should be, and the requests that wait for room on them."""

from __future__ import annotations

import ssl
from collections import deque

from clarion.delivery.engine.exchange import TRIES_MAX, Answer, Failure
from clarion.delivery.engine.http2.connection import Connection
from clarion.delivery.engine.http2.link import Address, Link, LinkError, Step, resolve
from clarion.delivery.engine.http2.stream import Stream
from clarion.delivery.engine.option import EngineOptions

#: After a connection could not be made the next is tried this much later; what is asked for meanwhile fails at once.
PAUSE_S = 1.0


class Origin:
    """One host and port.

    Rate = requests in flight / round trip. A *turn* is one full window of answers. When the engine spent more than
    `grow_above_s` of a turn with nothing to do but wait, more requests in flight would go faster, so one more
    connection is opened; when it spent less, it is the processor that binds and more connections would not help.

    Args:
        authority: as in its URLs: the host, and perhaps a port.
        host, port: where to connect.
        context: how TLS is done.
        options: how it connects and waits.
        answers: where answers and failures go.

    Attributes:
        prefix: what its URLs begin with, up to and with the slash before the path.
        is_http1: it does not speak HTTP/2.
        connections: those that live.
        waiting: requests that are pulled and have no room yet.
    """

    def __init__(
        self,
        authority: str,
        host: str,
        port: int,
        context: ssl.SSLContext,
        options: EngineOptions,
        answers: list[Answer],
    ) -> None:
        self.connections: list[Connection] = []
        self.waiting: deque[Stream] = deque()
        self.prefix = f"https://{authority}/"
        self.is_http1 = False
        self._authority = authority.removesuffix(":443")
        self._host, self._port = host, port
        self._context, self._options, self._answers = context, options, answers
        self._addresses: list[Address] = []
        self._wanted = 1
        self._turn_left = 1
        self._waited_s = 0.0
        self._failed: tuple[float, str] | None = None

    @property
    def room(self) -> int:
        """How many requests could be begun now."""
        return sum(connection.room for connection in self.connections)

    @property
    def is_reached(self) -> bool:
        """Whether it has a connection, full or not."""
        return any(connection.link.step is Step.OPEN for connection in self.connections)

    @property
    def in_flight(self) -> int:
        """How many requests are on its connections."""
        return sum(len(connection.streams) for connection in self.connections)

    def count(self, answers: int, waited_s: float) -> None:
        """Take notice of `answers` that came after waiting `waited_s` seconds with every connection full."""
        self._waited_s += waited_s
        self._turn_left -= answers
        if self._turn_left > 0:
            return
        if self._waited_s > self._options.grow_above_s and self._usable() >= self._wanted:
            self._wanted = min(self._wanted + 1, self._options.connections_max)
        self._turn_left = max(1, self.in_flight)
        self._waited_s = 0.0

    def begin(self) -> None:
        """Put those that wait on their way, as far as there is room."""
        for connection in self.connections:
            if not self.waiting:
                return
            for _ in range(min(connection.room, len(self.waiting))):
                stream = self.waiting.popleft()
                try:
                    connection.begin(stream)
                except ValueError:
                    self._answers.append(stream.failure(Failure.NOT_SENT, "HEADER"))

    def connect(self, now: float) -> Connection | None:
        """A new connection for those that wait; None when there are enough, or when it cannot be made."""
        if not self.waiting or self._usable() >= self._wanted:
            return None
        if self._failed is not None and now - self._failed[0] < PAUSE_S:
            self._give_up(self._failed[1])
            return None
        while True:
            try:
                self._addresses = self._addresses or resolve(self._host, self._port)
                link = Link(self._host, self._addresses.pop(0), self._context)
            except LinkError as error:
                if self.fail(error.reason, now):
                    return None
            else:
                connection = Connection(link, self._authority, self._options, self._answers, now)
                self.connections.append(connection)
                return connection

    def fail(self, reason: str, now: float) -> bool:
        """A connection could not be made. Returns whether that is all; else there is another address to try."""
        if self._addresses and reason != "TLS":
            return False
        self._addresses.clear()
        self._failed = now, reason
        self._wanted = max(1, self._usable())
        self._give_up(reason)
        return True

    def open(self) -> None:
        """A connection came about."""
        self._addresses.clear()
        self._failed = None

    def drop(self, connection: Connection) -> None:
        """Forget a connection that is over."""
        connection.link.close()
        self.connections.remove(connection)
        if not self.connections:
            self._wanted = 1

    def retry(self, connection: Connection) -> None:
        """Take back what the connection refused, to begin it again."""
        for stream, reason in reversed(connection.refused):
            stream.tries += 1
            if stream.tries < TRIES_MAX:
                stream.reset()
                self.waiting.appendleft(stream)
            else:
                self._answers.append(stream.failure(Failure.NOT_SENT, reason))
        connection.refused.clear()

    def expire(self, now: float) -> float:
        """End the requests whose time is over; returns when the next one's is."""
        for stream in self.waiting:
            if stream.deadline <= now:
                self._answers.append(stream.failure(Failure.NOT_SENT, "TIMEOUT"))
        self.waiting = deque(stream for stream in self.waiting if stream.deadline > now)
        deadlines = [connection.expire(now) for connection in self.connections]
        return min([*deadlines, *(stream.deadline for stream in self.waiting)], default=float("inf"))

    def _usable(self) -> int:
        return sum(not connection.draining for connection in self.connections)

    def _give_up(self, reason: str) -> None:
        """End what waits for a connection, unless there is or will be another."""
        if not self._usable():
            self._answers.extend(stream.failure(Failure.NOT_SENT, reason) for stream in self.waiting)
            self.waiting.clear()
