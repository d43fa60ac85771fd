"""The HTTP/2 engine's loop: pull requests while there is room, write, wait, read, hand out answers."""

from __future__ import annotations

import contextlib
import selectors
import ssl
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from time import monotonic

import certifi

from clarion.delivery.engine.exchange import Answer, Failure, Pause, Request
from clarion.delivery.engine.http2.carrier import Carrier, ConnectionOver
from clarion.delivery.engine.http2.link import Link, LinkError
from clarion.delivery.engine.http2.origin import Host, Origin
from clarion.delivery.engine.http2.resolution import Bell
from clarion.delivery.engine.http2.route import Routes
from clarion.delivery.engine.http2.stream import Stream
from clarion.delivery.engine.option import EngineOptions


class HTTP2Engine:
    """An `Engine` that speaks HTTP/2 itself, and HTTP/1.1 to servers that know nothing newer."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._context = ssl.create_default_context(cafile=options.ca_bundle or certifi.where())
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._bell = Bell()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._origins = Routes(self._new_origin)
        self._answers: list[Answer] = []
        self._expire_at = 0.0
        self._resume_at: float | None = None
        self._is_sending = False

    @property
    def in_flight(self) -> int:
        """How many requests are with the provider now."""
        return sum(origin.in_flight for origin in self._origins)

    @property
    def window(self) -> int:
        """The largest number of requests this engine will ever have in flight."""
        return self._options.connections_max * self._options.streams_per_connection

    def send(self, requests: Iterable[Request | Pause]) -> Generator[Answer | None, None, None]:
        """Send all of `requests`; see `Engine.send`."""
        if self._is_sending:
            raise RuntimeError("an earlier send of this engine is still being iterated")
        self._is_sending = True
        try:
            self._refresh()
            yield from self._exchange(iter(requests))
        finally:
            self._cancel()
            self._is_sending = False

    def renew(self) -> None:
        """Begin nothing more on the connections there are; see `Engine.renew`."""
        for origin, connection in self._connections():
            connection.draining = True
            self._push(origin, connection)

    def close(self) -> None:
        """Close all connections. The engine cannot be used again."""
        for origin, connection in self._connections():
            self._drop(origin, connection)
        for origin in self._origins:
            for link in list(origin.dials):
                self._undial(origin, link)
        self._selector.close()
        self._bell.close()

    def _exchange(self, source: Iterator[Request | Pause]) -> Iterator[Answer | None]:
        """Send until `source` is exhausted and all is answered."""
        is_open, answered_at = True, monotonic()
        self._expire_at, self._resume_at = 0.0, None
        while True:
            self._begin()
            if is_open and not self._is_pausing():
                is_open = self._pull(source)
            self._dial()
            for origin, connection in self._connections():
                if connection.link.is_queued or connection.draining:
                    self._push(origin, connection)
            if not self._answers:
                if not is_open and not any(origin.waiting or origin.in_flight for origin in self._origins):
                    return
                self._wait(is_pulling=is_open and self._resume_at is None)
            answers = self._answers.copy()
            self._answers.clear()
            yield from answers
            if answers:
                answered_at = monotonic()
            elif monotonic() - answered_at >= self._options.tick_s:
                answered_at = monotonic()
                yield None

    def _pull(self, source: Iterator[Request | Pause]) -> bool:
        """Take and begin requests while there is room, until a pause; returns whether `source` may have more."""
        deadline = monotonic() + self._options.timeout_s
        self._resume_at = None
        self._expire_at = min(self._expire_at, deadline)
        while not self._answers and (count := self._room()):
            for request in islice(source, count):
                count -= 1
                if isinstance(request, Pause):
                    self._resume_at = monotonic() + request.seconds
                    self._begin()
                    return True
                self._take(request, deadline)
            self._begin()
            if count:
                return False
        return True

    def _is_pausing(self) -> bool:
        return self._resume_at is not None and self._resume_at > monotonic()

    def _room(self) -> int:
        """How many requests to take.

        Without room, one at a time: it may be for a host that has some. Not when one waits for a connection that is
        full, nor when many wait for hosts that are still to be reached.
        """
        waiting = sum(len(origin.waiting) for origin in self._origins)
        room = max((origin.room for origin in self._origins), default=0)
        if not room:
            is_full = any(origin.is_full for origin in self._origins)
            room = not is_full and waiting < self._options.streams_per_connection
        return min(room, self.window - waiting - self.in_flight)

    def _begin(self) -> None:
        for origin in self._origins:
            if origin.waiting:
                origin.begin()

    def _take(self, request: Request, deadline: float) -> None:
        route = self._origins.find(request.url)
        if route is None:
            self._answers.append(Answer(request.tag, 0, failure=Failure.NOT_SENT, reason="URL"))
        else:
            route[0].waiting.append(Stream(request, route[1], deadline))

    def _new_origin(self, host: Host) -> Origin:
        return Origin(host, self._context, self._options, self._answers, self._bell.ring, monotonic())

    def _connections(self) -> list[tuple[Origin, Carrier]]:
        return [(origin, connection) for origin in self._origins for connection in origin.connections]

    def _dial(self) -> None:
        now = monotonic()
        for origin in self._origins:
            while (link := origin.dial(now)) is not None:
                self._selector.register(link, link.wants, (origin, link))
                self._expire_at = 0.0

    def _wait(self, *, is_pulling: bool) -> None:
        """Wait for the network, at most until the next deadline, tick or end of a pause, and take what it brings."""
        began = monotonic()
        until = self._expire_at if self._resume_at is None else min(self._expire_at, self._resume_at)
        full = [(origin, origin.in_flight) for origin in self._origins if origin.is_full]
        # The selector rounds up to the clock of the kernel, a millisecond with epoll: never early, hardly late.
        ready = self._selector.select(max(0.0, min(until - began, self._options.tick_s)))
        now = monotonic()
        for key, events in ready:
            if key.data is None:
                self._bell.hush()
            else:
                origin, line = key.data
                self._serve(origin, line, events, now)
        if now >= self._expire_at:
            self._expire(now)
        if is_pulling:
            for origin, in_flight in full:
                origin.count(in_flight - origin.in_flight, now - began)

    def _serve(self, origin: Origin, line: Carrier | Link, events: int, now: float) -> None:
        if isinstance(line, Link):
            self._advance(origin, line, now)
            return
        try:
            if events & selectors.EVENT_READ:
                line.receive(now)
        except (OSError, ConnectionOver):
            self._lose(origin, line, now)
        else:
            origin.retry(line)
            self._push(origin, line)

    def _advance(self, origin: Origin, link: Link, now: float) -> None:
        """Go on connecting."""
        try:
            is_open = link.advance()
        except LinkError as error:
            self._undial(origin, link)
            origin.fail(error.reason, now)
        else:
            line = origin.open(link, now) if is_open else link
            self._selector.modify(link, link.wants, (origin, line))

    def _push(self, origin: Origin, connection: Carrier) -> None:
        """Write what is queued; a drained connection without streams is closed."""
        link = connection.link
        wanted = link.wants
        try:
            link.flush()
        except OSError:
            now = monotonic()
            with contextlib.suppress(OSError, ConnectionOver):
                connection.receive(now)  # answers, or a GOAWAY, may have come before the end
            self._lose(origin, connection, now)
            return
        if link.wants != wanted:
            self._selector.modify(link, link.wants, (origin, connection))
        if connection.draining and not connection.streams:
            self._drop(origin, connection)

    def _lose(self, origin: Origin, connection: Carrier, now: float) -> None:
        connection.lose()
        origin.retry(connection)
        self._drop(origin, connection)
        if not connection.is_proven:  # it never spoke the protocol: the next may not either
            origin.fail("LOST", now)

    def _drop(self, origin: Origin, connection: Carrier) -> None:
        self._selector.unregister(connection.link)
        origin.drop(connection, monotonic())

    def _undial(self, origin: Origin, link: Link) -> None:
        self._selector.unregister(link)
        origin.undial(link)

    def _expire(self, now: float) -> None:
        """End what took too long: requests without an answer, connections that do not come about."""
        for origin in self._origins:
            for link in origin.overdue(now):
                self._undial(origin, link)
                origin.fail("TIMEOUT", now)
        self._expire_at = min([now + self._options.tick_s, *(origin.expire(now) for origin in self._origins)])
        self._origins.forget(now)

    def _refresh(self) -> None:
        """Close what is too old, and hear what came since the last send: a GOAWAY, or the end."""
        now = monotonic()
        for origin, connection in self._connections():
            idle = now - connection.heard_at
            if idle > self._options.idle_s or now - connection.opened_at > self._options.age_s:
                self._drop(origin, connection)
            else:
                self._serve(origin, connection, selectors.EVENT_READ, now)
        self._origins.forget(now)

    def _cancel(self) -> None:
        """Give up whatever is under way."""
        for origin in self._origins:
            origin.cancel()
        for origin, connection in self._connections():
            self._push(origin, connection)
        self._answers.clear()
