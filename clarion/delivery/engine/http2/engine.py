"""The HTTP/2 engine's loop: pull requests while there is room, write, wait, read, hand out answers."""

from __future__ import annotations

import contextlib
import selectors
import ssl
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain, islice
from time import monotonic
from urllib.parse import urlsplit

import certifi

from clarion.delivery.engine.exchange import Answer, Engine, Failure, Request
from clarion.delivery.engine.http2.connection import Connection, ConnectionOver
from clarion.delivery.engine.http2.link import LinkError, Step
from clarion.delivery.engine.http2.origin import Origin
from clarion.delivery.engine.http2.stream import Stream
from clarion.delivery.engine.option import EngineOptions


class HTTP2Engine:
    """An `Engine` that speaks HTTP/2 itself; what speaks HTTP/1.1 only is left to another engine.

    Args:
        options: how it connects and waits.
        make_other: makes that other engine, when one is first needed.
    """

    def __init__(self, options: EngineOptions, make_other: Callable[[EngineOptions], Engine]) -> None:
        self._options = options
        self._make_other = make_other
        self._other: Engine | None = None
        self._context = ssl.create_default_context(cafile=options.ca_bundle or certifi.where())
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._selector = selectors.DefaultSelector()
        self._origins: dict[str, Origin] = {}
        self._url = ""
        self._target: tuple[Origin, bytes] | None = None
        self._answers: list[Answer] = []
        self._http1: deque[Request] = deque()
        self._expire_at = 0.0
        self._is_sending = False

    @property
    def in_flight(self) -> int:
        """How many requests are with the provider now."""
        own = sum(origin.in_flight for origin in self._origins.values())
        return own if self._other is None else own + self._other.in_flight

    @property
    def window(self) -> int:
        """The largest number of requests this engine will ever have in flight."""
        return self._options.connections_max * self._options.streams_per_connection

    def send(self, requests: Iterable[Request]) -> Generator[Answer | None, None, None]:
        """Send all of `requests`; see `Engine.send`."""
        if self._is_sending:
            raise RuntimeError("an earlier send of this engine is still being iterated")
        self._is_sending = True
        source = iter(requests)
        try:
            self._refresh()
            yield from self._exchange(source)
            if self._http1:
                yield from self._send_http1(source)
        finally:
            self._cancel()
            self._is_sending = False

    def close(self) -> None:
        """Close all connections. The engine cannot be used again."""
        for origin, connection in self._connections():
            self._drop(origin, connection)
        self._origins.clear()
        if self._other is not None:
            self._other.close()
        self._selector.close()

    def _exchange(self, source: Iterator[Request]) -> Iterator[Answer | None]:
        """Send until `source` is exhausted, or a server turns out to speak HTTP/1.1 only, and all is answered."""
        is_open, answered_at = True, monotonic()
        self._expire_at = 0.0
        while True:
            self._begin()
            is_open = is_open and self._pull(source)
            self._connect()
            for origin, connection in self._connections():
                self._push(origin, connection)
            if not self._answers:
                if not any(origin.waiting or origin.in_flight for origin in self._origins.values()):
                    return
                self._wait(is_pulling=is_open)
            answers = self._answers.copy()
            self._answers.clear()
            yield from answers
            if answers:
                answered_at = monotonic()
            elif monotonic() - answered_at >= self._options.tick_s:
                answered_at = monotonic()
                yield None

    def _send_http1(self, source: Iterator[Request]) -> Iterator[Answer | None]:
        """Leave what waits, and all that is still to come, to the other engine."""
        self._other = self._other or self._make_other(self._options)
        waiting, self._http1 = self._http1, deque()
        with contextlib.closing(self._other.send(chain(waiting, source))) as answers:
            yield from answers

    def _pull(self, source: Iterator[Request]) -> bool:
        """Take and begin requests while there is room; returns whether `source` may have more."""
        deadline = monotonic() + self._options.timeout_s
        self._expire_at = min(self._expire_at, deadline)
        while not self._answers and not self._http1 and (count := self._room()):
            taken = 0
            for request in islice(source, count):
                taken += 1
                self._take(request, deadline)
            self._begin()
            if taken < count:
                return False
        return not self._http1

    def _room(self) -> int:
        """How many requests to take.

        Without room, one at a time: it may be for a host that has some. Not when one waits for a connection that is
        full, nor when many wait for hosts that are still to be reached.
        """
        origins = self._origins.values()
        waiting = sum(len(origin.waiting) for origin in origins)
        room = max((origin.room for origin in origins), default=0)
        if not room:
            is_full = any(origin.waiting and origin.is_reached for origin in origins)
            room = not is_full and waiting < self._options.streams_per_connection
        return min(room, self.window - waiting - self.in_flight)

    def _begin(self) -> None:
        for origin in self._origins.values():
            origin.begin()

    def _take(self, request: Request, deadline: float) -> None:
        if request.url is not self._url:
            self._url, self._target = request.url, self._find(request.url)
        if self._target is None:
            self._answers.append(Answer(request.tag, 0, failure=Failure.NOT_SENT, reason="URL"))
            return
        origin, path = self._target
        if origin.is_http1:
            self._http1.append(request)
        else:
            origin.waiting.append(Stream(request, path, deadline))

    def _find(self, url: str) -> tuple[Origin, bytes] | None:
        """The origin and the path of a URL; None when it is no `https` URL."""
        if not url.isascii() or not url.isprintable() or " " in url:
            return None
        origin = self._target[0] if self._target else None
        if origin is None or not url.startswith(origin.prefix):
            origin = self._find_origin(url)
            if origin is None:
                return None
        return origin, url[len(origin.prefix) - 1 :].partition("#")[0].encode()

    def _find_origin(self, url: str) -> Origin | None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 443
        except ValueError:
            return None
        prefix = f"https://{parts.netloc}/"
        if not host or "@" in parts.netloc or not url.startswith(prefix):
            return None
        if prefix not in self._origins:
            self._origins[prefix] = Origin(parts.netloc, host, port, self._context, self._options, self._answers)
        return self._origins[prefix]

    def _connections(self) -> list[tuple[Origin, Connection]]:
        return [(origin, connection) for origin in self._origins.values() for connection in origin.connections]

    def _connect(self) -> None:
        for origin in self._origins.values():
            if (connection := origin.connect(monotonic())) is not None:
                self._selector.register(connection.link, connection.link.wants, (origin, connection))
                self._expire_at = 0.0

    def _wait(self, *, is_pulling: bool) -> None:
        """Wait for the network, at most until the next deadline or tick, and take what it brings."""
        began = monotonic()
        ready = self._selector.select(max(0.0, min(self._expire_at - began, self._options.tick_s)))
        now = monotonic()
        for key, events in ready:
            origin, connection = key.data
            self._serve(origin, connection, events, now)
        if now >= self._expire_at:
            self._expire(now)
        if is_pulling and self._target:
            self._target[0].count(len(self._answers), now - began)

    def _serve(self, origin: Origin, connection: Connection, events: int, now: float) -> None:
        try:
            if connection.link.step is not Step.OPEN and not self._advance(origin, connection):
                return
            if events & selectors.EVENT_READ:
                connection.receive(now)
        except LinkError as error:
            self._drop(origin, connection)
            origin.fail(error.reason, now)
        except (OSError, ConnectionOver):
            self._lose(origin, connection, now)
        else:
            origin.retry(connection)
            self._push(origin, connection)

    def _advance(self, origin: Origin, connection: Connection) -> bool:
        """Go on connecting; returns whether HTTP/2 can be spoken now."""
        is_open = connection.link.advance()
        self._selector.modify(connection.link, connection.link.wants, (origin, connection))
        if is_open:
            origin.open()
            if connection.link.protocol == "h2":
                return True
            origin.is_http1 = True
            self._http1.extend(stream.request for stream in origin.waiting)
            origin.waiting.clear()
            self._drop(origin, connection)
        return False

    def _push(self, origin: Origin, connection: Connection) -> None:
        """Write what is queued; a drained connection without streams is closed."""
        link = connection.link
        if link.step is Step.OPEN:
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

    def _lose(self, origin: Origin, connection: Connection, now: float) -> None:
        connection.lose()
        origin.retry(connection)
        self._drop(origin, connection)
        if not connection.allowance.is_known:  # it never was an HTTP/2 connection: the next may be none either
            origin.fail("LOST", now)

    def _drop(self, origin: Origin, connection: Connection) -> None:
        self._selector.unregister(connection.link)
        origin.drop(connection)

    def _expire(self, now: float) -> None:
        """End what took too long: requests without an answer, connections that do not come about."""
        deadlines = [now + self._options.tick_s]
        for origin, connection in self._connections():
            if connection.link.step is not Step.OPEN:
                deadlines.append(connection.opened_at + self._options.connect_timeout_s)
                if deadlines[-1] <= now:
                    self._drop(origin, connection)
                    origin.fail("TIMEOUT", now)
        self._expire_at = min(*deadlines, *(origin.expire(now) for origin in self._origins.values()))

    def _refresh(self) -> None:
        """Close what is too old, and hear what came since the last send: a GOAWAY, or the end."""
        now = monotonic()
        for origin, connection in self._connections():
            idle = now - connection.heard_at
            if idle > self._options.idle_s or now - connection.opened_at > self._options.age_s:
                self._drop(origin, connection)
            elif connection.link.step is Step.OPEN:
                self._serve(origin, connection, selectors.EVENT_READ, now)

    def _cancel(self) -> None:
        """Give up whatever is under way."""
        for origin, connection in self._connections():
            for stream in list(connection.streams.values()):
                connection.cancel(stream)
            self._push(origin, connection)
        for origin in self._origins.values():
            origin.waiting.clear()
        self._answers.clear()
        self._http1.clear()
