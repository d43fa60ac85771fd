"""The HTTP/2 engine's loop: pull requests while there is room, write, wait, read, hand out answers."""

from __future__ import annotations

import selectors
import ssl
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain
from time import monotonic
from urllib.parse import urlsplit

import certifi

from clarion.delivery.engine.exchange import TRIES_MAX, Answer, Engine, Failure, Request
from clarion.delivery.engine.http2.connection import Connection, ConnectionOver
from clarion.delivery.engine.http2.link import LinkError, Step
from clarion.delivery.engine.http2.origin import Origin
from clarion.delivery.engine.http2.stream import Stream
from clarion.delivery.engine.option import EngineOptions


class HTTP2Engine:
    """An `Engine` that speaks HTTP/2 itself; what speaks HTTP/1.1 only is left to another engine.

    Args:
        options: how it connects and waits.
        other: makes that other engine, when one is first needed.
    """

    def __init__(self, options: EngineOptions, other: Callable[[EngineOptions], Engine]) -> None:
        self._options = options
        self._make_other = other
        self._other: Engine | None = None
        self._context = ssl.create_default_context(cafile=options.ca_bundle or certifi.where())
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._selector = selectors.DefaultSelector()
        self._origins: dict[str, Origin] = {}
        self._origin: Origin | None = None
        self._streams: deque[Stream] = deque()
        self._answers: list[Answer] = []
        self._http1: deque[Request] = deque()
        self._is_sending = False

    @property
    def in_flight(self) -> int:
        """How many requests are with the provider now."""
        own = sum(len(connection.streams) for _, connection in self._connections())
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
        while True:
            self._begin()
            is_open = is_open and self._pull(source)
            self._connect()
            for origin, connection in self._connections():
                self._push(origin, connection)
            if not self._answers:
                if not self._is_busy():
                    return
                self._wait(is_pulling=is_open)
            answers, self._answers = self._answers, []
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
        with closing(self._other.send(chain(waiting, source))) as answers:
            yield from answers

    def _pull(self, source: Iterator[Request]) -> bool:
        """Take and begin requests while there is room; returns whether `source` may have more."""
        deadline = monotonic() + self._options.timeout_s
        while not self._answers and not self._http1 and not (self._origin and self._origin.waiting):
            for _ in range(max(1, self._origin.room if self._origin else 1)):
                request = next(source, None)
                if request is None:
                    self._begin()
                    return False
                self._take(request, deadline)
            self._begin()
        return not self._http1

    def _begin(self) -> None:
        for origin in self._origins.values():
            origin.begin()

    def _take(self, request: Request, deadline: float) -> None:
        origin = self._origin
        if origin is None or not request.url.startswith(origin.prefix):
            origin = self._origin = self._find(request)
        if origin is None:
            self._answers.append(Answer(request.tag, 0, failure=Failure.NOT_SENT, reason="URL"))
        elif origin.is_http1:
            self._http1.append(request)
        else:
            stream = Stream(request, request.url[len(origin.prefix) - 1 :].encode(), deadline)
            self._streams.append(stream)
            origin.waiting.append(stream)

    def _find(self, request: Request) -> Origin | None:
        """The origin of a URL; None when it is no `https` URL."""
        try:
            parts = urlsplit(request.url)
            host, port = parts.hostname, parts.port or 443
        except ValueError:
            return None
        if parts.scheme != "https" or not host or not request.url.isascii() or not request.url.isprintable():
            return None
        prefix = f"https://{parts.netloc}/"
        if not request.url.startswith(prefix):
            return None
        if prefix not in self._origins:
            self._origins[prefix] = Origin(prefix, host, port, self._context, self._options)
        return self._origins[prefix]

    def _connections(self) -> list[tuple[Origin, Connection]]:
        return [(origin, connection) for origin in self._origins.values() for connection in origin.connections]

    def _is_busy(self) -> bool:
        return any(origin.waiting for origin in self._origins.values()) or any(
            connection.streams for _, connection in self._connections()
        )

    def _connect(self) -> None:
        for origin in self._origins.values():
            if not origin.waiting:
                continue
            try:
                connection = origin.connect(monotonic())
            except LinkError as error:
                self._answers += origin.fail(error.reason, monotonic())
                continue
            if connection is not None:
                self._selector.register(connection.link, connection.link.wants, (origin, connection))

    def _wait(self, *, is_pulling: bool) -> None:
        """Wait for the network, at most until the next deadline or tick, and take what it brings."""
        began = monotonic()
        ready = self._selector.select(max(0.0, min(self._options.tick_s, self._next_deadline() - began)))
        now = monotonic()
        for key, events in ready:
            origin, connection = key.data
            self._serve(origin, connection, events, now)
        self._expire(now)
        if is_pulling and self._origin:
            self._origin.count(len(self._answers), now - began)

    def _serve(self, origin: Origin, connection: Connection, events: int, now: float) -> None:
        try:
            if connection.link.step is not Step.OPEN and not self._advance(origin, connection):
                return
            if events & selectors.EVENT_READ:
                connection.receive(now)
            self._collect(connection)
        except (OSError, ConnectionOver):
            self._lose(origin, connection)
        except LinkError as error:
            self._drop(origin, connection)
            self._answers += origin.fail(error.reason, now)
        else:
            self._push(origin, connection)

    def _advance(self, origin: Origin, connection: Connection) -> bool:
        is_open = connection.link.advance()
        self._selector.modify(connection.link, connection.link.wants, (origin, connection))
        if not is_open:
            return False
        if connection.link.protocol != "h2":
            origin.is_http1 = True
            self._http1.extend(stream.request for stream in origin.waiting)
            origin.waiting.clear()
            self._drop(origin, connection)
            return False
        return True

    def _push(self, origin: Origin, connection: Connection) -> None:
        """Write what is queued; a drained connection without streams is closed."""
        link = connection.link
        if link.step is not Step.OPEN:
            return
        wanted = link.wants
        try:
            link.flush()
        except OSError:
            self._lose(origin, connection)
            return
        if connection.draining and not connection.streams:
            self._drop(origin, connection)
        elif link.wants != wanted:
            self._selector.modify(link, link.wants, (origin, connection))

    def _collect(self, connection: Connection) -> None:
        self._answers += connection.answers
        connection.answers.clear()
        for stream in connection.refused:
            if stream.tries < TRIES_MAX:
                stream.restart()
                self._origins_of(stream).waiting.appendleft(stream)
                self._streams.append(stream)
            else:
                self._answers.append(stream.failure(Failure.NOT_SENT, stream.reason))
        connection.refused.clear()

    def _origins_of(self, stream: Stream) -> Origin:
        return next(o for o in self._origins.values() if stream.request.url.startswith(o.prefix))

    def _lose(self, origin: Origin, connection: Connection) -> None:
        connection.lose()
        self._collect(connection)
        self._drop(origin, connection)

    def _drop(self, origin: Origin, connection: Connection) -> None:
        self._selector.unregister(connection.link)
        origin.drop(connection)

    def _next_deadline(self) -> float:
        while self._streams and self._streams[0].done:
            self._streams.popleft()
        connecting = [
            connection.opened_at + self._options.connect_timeout_s
            for _, connection in self._connections()
            if connection.link.step is not Step.OPEN
        ]
        return min([*connecting, self._streams[0].deadline if self._streams else float("inf")])

    def _expire(self, now: float) -> None:
        """End what took too long: requests without an answer, connections that do not come about."""
        while self._streams and (self._streams[0].done or self._streams[0].deadline <= now):
            stream = self._streams.popleft()
            if not stream.done:
                self._time_out(stream, now)
        for origin, connection in self._connections():
            link = connection.link
            if link.step is not Step.OPEN and now - connection.opened_at >= self._options.connect_timeout_s:
                self._drop(origin, connection)
                self._answers += origin.fail("TIMEOUT", now)

    def _time_out(self, stream: Stream, now: float) -> None:
        for origin, connection in self._connections():
            if connection.streams.get(stream.number) is stream:
                written = connection.is_written(stream)
                connection.cancel(stream)
                # Nothing at all since the request was sent: the line is dead, whatever else is on it.
                if now - connection.heard_at >= self._options.timeout_s:
                    connection.draining = True
                self._answers.append(stream.failure(Failure.AMBIGUOUS if written else Failure.NOT_SENT, "TIMEOUT"))
                return
            if stream in origin.waiting:
                break
        for origin in self._origins.values():
            if stream in origin.waiting:
                origin.waiting.remove(stream)
                stream.done = True
                self._answers.append(stream.failure(Failure.NOT_SENT, "TIMEOUT"))

    def _refresh(self) -> None:
        """Close what is too old, and hear what came since the last send: a GOAWAY, or the end."""
        now = monotonic()
        for origin, connection in self._connections():
            idle = now - max(connection.heard_at, connection.opened_at)
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
        self._streams.clear()
        self._answers.clear()
        self._http1.clear()
