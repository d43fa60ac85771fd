"""The connections to one host, how many of them there should be, and the requests that wait for room on them."""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from clarion.delivery.engine.exchange import TRIES_MAX, Answer, Failure
from clarion.delivery.engine.http2.carrier import Carrier
from clarion.delivery.engine.http2.connection import Connection
from clarion.delivery.engine.http2.link import Link, LinkError
from clarion.delivery.engine.http2.resolution import Address, Resolution
from clarion.delivery.engine.http2.serial import SerialConnection
from clarion.delivery.engine.http2.stream import Stream
from clarion.delivery.engine.option import EngineOptions

#: After a connection could not be made the next is tried this much later; what is asked for meanwhile fails at once.
PAUSE_S = 1.0
#: A host without connections and requests is forgotten after so long: hosts may be anything that users name.
FORGET_AFTER_S = 60.0


class Host(NamedTuple):
    """A host as URLs say it, with the port where there is one; its name alone; and the port to connect to."""

    authority: str
    name: str
    port: int


class Origin:
    """One host and port.

    Rate = requests in flight / round trip. A *turn* is one full window of answers. When the engine spent more than
    `grow_above_s` of a turn with nothing to do but wait, more requests in flight would go faster, so one more
    connection is opened, or as many again where each carries only one request; when it spent less, it is the processor
    that binds and more connections would not help.

    Args:
        host: where to connect.
        context: how TLS is done.
        options: how it connects and waits.
        answers: where answers and failures go.
        ring: wakes the engine, from any thread.
        now: on the monotonic clock.

    Attributes:
        prefix: what its URLs begin with, up to and with the slash before the path.
        connections: those that live.
        dials: connections on their way, and since when.
        waiting: requests that are pulled and have no room yet.
    """

    def __init__(
        self,
        host: Host,
        context: ssl.SSLContext,
        options: EngineOptions,
        answers: list[Answer],
        ring: Callable[[], None],
        now: float,
    ) -> None:
        self.connections: list[Carrier] = []
        self.dials: dict[Link, float] = {}
        self.waiting: deque[Stream] = deque()
        self.prefix = f"https://{host.authority}/"
        self._host = host
        self._authority = host.authority.removesuffix(":443")
        self._context, self._options, self._answers, self._ring = context, options, answers, ring
        self._resolution: tuple[Resolution, float] | None = None
        self._addresses: list[Address] = []
        self._is_serial = False
        self._wanted = 1
        self._turn_left = 1
        self._turn_s = options.grow_above_s
        self._waited_s = 0.0
        self._failed: tuple[float, str] | None = None
        self._used_at = now

    @property
    def room(self) -> int:
        """How many requests could be begun now."""
        return sum(connection.room for connection in self.connections)

    @property
    def is_full(self) -> bool:
        """Whether requests wait for answers to others, and for nothing else."""
        return bool(self.waiting and self.connections)

    @property
    def in_flight(self) -> int:
        """How many requests are on its connections."""
        return sum(len(connection.streams) for connection in self.connections)

    def is_forgettable(self, now: float) -> bool:
        """Whether nothing would be lost with it."""
        is_empty = not (self.connections or self.dials or self.waiting or self._resolution)
        return is_empty and now - self._used_at > FORGET_AFTER_S

    def count(self, answers: int, waited_s: float) -> None:
        """Take notice of `answers` that came after waiting `waited_s` seconds with every connection full."""
        self._waited_s += waited_s
        self._turn_left -= answers
        if self._turn_left > 0:
            return
        if self._waited_s > self._turn_s and self._usable() >= self._wanted:
            most = self._options.http1_connections_max if self._is_serial else self._options.connections_max
            self._wanted = min(self._wanted * 2 if self._is_serial else self._wanted + 1, most)
        self._turn_left = max(1, self.in_flight)
        self._turn_s = self._options.grow_above_s
        if self._is_serial:  # its window is as many answers as it has connections, not a hundred times that
            self._turn_s *= self._turn_left / self._options.streams_per_connection
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

    def dial(self, now: float) -> Link | None:
        """A new connection for those that wait; None when there are enough, or when it cannot be made now."""
        if not self.waiting or self._usable() >= self._wanted:
            return None
        if self._failed is not None and now - self._failed[0] < PAUSE_S:
            self._give_up(self._failed[1])
            return None
        while self._addresses or self._resolve(now):
            try:
                link = Link(self._host.name, self._addresses.pop(0), self._context)
            except LinkError as error:
                if self.fail(error.reason, now):
                    return None
            else:
                self.dials[link] = now
                return link
        return None

    def overdue(self, now: float) -> list[Link]:
        """The connections that took too long to come about."""
        return [link for link, since in self.dials.items() if now - since >= self._options.connect_timeout_s]

    def undial(self, link: Link) -> None:
        """Give a connection up before it came about."""
        link.close()
        del self.dials[link]

    def fail(self, reason: str, now: float) -> bool:
        """A connection could not be made. Returns whether that is all; else there is another address to try."""
        self._used_at = now
        if self._addresses and reason != "TLS":
            return False
        self._addresses.clear()
        self._failed = now, reason
        self._wanted = max(1, self._usable())
        self._give_up(reason)
        return True

    def open(self, link: Link, now: float) -> Carrier:
        """A connection came about: speak what was agreed on."""
        del self.dials[link]
        self._addresses.clear()
        self._failed = None
        self._is_serial = link.protocol != "h2"
        kind = SerialConnection if self._is_serial else Connection
        connection = kind(link, self._authority, self._options, self._answers, now)
        self.connections.append(connection)
        return connection

    def drop(self, connection: Carrier, now: float) -> None:
        """Forget a connection that is over."""
        connection.link.close()
        self.connections.remove(connection)
        self._used_at = now
        if not self.connections and not self.dials:
            self._wanted = 1

    def retry(self, connection: Carrier) -> None:
        """Take back what the connection refused, to begin it again."""
        for stream, reason in reversed(connection.refused):
            again = stream.again()
            if again.tries < TRIES_MAX:
                self.waiting.appendleft(again)
            else:
                self._answers.append(stream.failure(Failure.NOT_SENT, reason))
        connection.refused.clear()

    def expire(self, now: float) -> float:
        """End the requests whose time is over; returns when the next one's is, or a connection's on its way."""
        for stream in self.waiting:
            if stream.deadline <= now:
                self._answers.append(stream.failure(Failure.NOT_SENT, "TIMEOUT"))
        self.waiting = deque(stream for stream in self.waiting if stream.deadline > now)
        deadlines = [connection.expire(now) for connection in self.connections]
        deadlines += [since + self._options.connect_timeout_s for since in self.dials.values()]
        return min([*deadlines, *(stream.deadline for stream in self.waiting)], default=float("inf"))

    def cancel(self) -> None:
        """Give up what waits, and what is under way."""
        self.waiting.clear()
        self._resolution = None
        self._addresses.clear()
        for connection in self.connections:
            for stream in list(connection.streams.values()):
                connection.cancel(stream)

    def _resolve(self, now: float) -> bool:
        """Whether there are addresses to try now; they are asked for when nobody has yet."""
        if self._resolution is None:
            self._resolution = Resolution(self._host.name, self._host.port, self._ring), now
        resolution, since = self._resolution
        if resolution.addresses is None and now - since < self._options.connect_timeout_s:
            return False
        self._resolution = None
        self._addresses = list(resolution.addresses or ())
        if not self._addresses:
            self.fail("RESOLVE", now)
        return bool(self._addresses)

    def _usable(self) -> int:
        return len(self.dials) + sum(not connection.draining for connection in self.connections)

    def _give_up(self, reason: str) -> None:
        """End what waits for a connection, unless there is or will be another."""
        if not self._usable():
            self._answers.extend(stream.failure(Failure.NOT_SENT, reason) for stream in self.waiting)
            self.waiting.clear()
