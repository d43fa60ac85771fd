"""The libcurl engine: HTTP/2 multiplexed, driven by the operating system's readiness events."""

from __future__ import annotations

import selectors
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from time import monotonic

import pycurl

from clarion.delivery.engine.connection import cut_if_silent
from clarion.delivery.engine.curl_error import is_refused
from clarion.delivery.engine.exchange import CONNECTION_ENDS, TRIES_MAX, Answer, Failure, Pause, Request
from clarion.delivery.engine.option import EngineOptions
from clarion.delivery.engine.transfer import Transfer
from clarion.delivery.engine.window import Window

_HTTP_2 = 3  # CURL_HTTP_VERSION_2_0 as CURLINFO_HTTP_VERSION reports it
_EVENTS = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}
_SELECTED = {
    selectors.EVENT_READ: pycurl.CSELECT_IN,
    selectors.EVENT_WRITE: pycurl.CSELECT_OUT,
    selectors.EVENT_READ | selectors.EVENT_WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
}


class CurlEngine:
    """An `Engine` on libcurl. It belongs to the thread that made it, and does not survive a fork."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._window = Window(options)
        self._selector = selectors.DefaultSelector()
        self._deadline: float | None = None
        self._transfers: list[Transfer] = []
        self._idle: list[Transfer] = []
        self._again: deque[tuple[Request, int]] = deque()
        self._http1: set[int] = set()
        self._used_at = 0.0
        self._resume_at: float | None = None
        self._is_sending = False
        self._is_stale = False
        self._in_flight = 0
        self._running = 0
        self._multi = self._new_multi()

    @property
    def in_flight(self) -> int:
        """How many requests are with the provider now."""
        return self._in_flight

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
            source = iter(requests)
            is_open = True
            self._resume_at = None
            answered_at = monotonic()
            if answered_at - self._used_at > self._options.idle_s:
                self._window.restart()
            while True:
                if self._is_stale and not self._in_flight:
                    self._reconnect()
                is_open = self._fill(source, is_open=is_open)
                if not self._in_flight and not is_open:
                    return
                waited_s = self._wait()
                answers = self._collect()
                if is_open and self._resume_at is None:
                    self._window.count(len(answers), waited_s)
                if answers:
                    yield from answers
                    answered_at = monotonic()
                elif monotonic() - answered_at >= self._options.tick_s:
                    answered_at = monotonic()
                    yield None
        finally:
            self._used_at = monotonic()
            self._cancel()
            self._is_sending = False

    def renew(self) -> None:
        """Begin nothing more on the connections there are; see `Engine.renew`.

        libcurl does not let one choose a connection: nothing is begun until all that is under way has ended.
        """
        self._is_stale = True

    def close(self) -> None:
        """Close all connections. The engine cannot be used again."""
        self._cancel()
        self._multi.close()
        for transfer in self._transfers:
            transfer.close()
        self._transfers.clear()
        self._idle.clear()
        self._selector.close()

    def _fill(self, source: Iterator[Request | Pause], *, is_open: bool) -> bool:
        """Start requests while there is room, until a pause; returns whether `source` may have more."""
        room = 0 if self._is_stale else self._window.room
        while self._in_flight < room:
            tries = 1
            if self._again:
                request, tries = self._again.popleft()
            elif self._is_paused():
                return is_open
            elif not is_open or (pulled := next(source, None)) is None:
                return False
            elif isinstance(pulled, Pause):
                self._resume_at = monotonic() + pulled.seconds
                continue
            else:
                request = pulled
            transfer = self._idle.pop() if self._idle else self._new_transfer()
            transfer.begin(request, tries)
            self._multi.add_handle(transfer)
            self._in_flight += 1
        return is_open

    def _is_paused(self) -> bool:
        if self._resume_at is not None and self._resume_at <= monotonic():
            self._resume_at = None
        return self._resume_at is not None

    def _new_multi(self) -> pycurl.CurlMulti:
        multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, self._options.streams_per_connection)
        multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, self._window.connections)
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._allowed = self._window.connections
        return multi

    def _reconnect(self) -> None:
        """Close all connections; the next requests open new ones."""
        self._multi.close()
        self._selector.close()  # libcurl does not say that it closed their descriptors
        self._selector = selectors.DefaultSelector()
        self._deadline = None
        self._http1.clear()
        self._window.restart()
        self._multi = self._new_multi()
        self._is_stale = False

    def _new_transfer(self) -> Transfer:
        transfer = Transfer(self._options)
        self._transfers.append(transfer)
        return transfer

    def _wait(self) -> float:
        """Let libcurl work until something happened, at most a tick; returns the seconds spent doing nothing."""
        if self._deadline is not None and self._deadline <= monotonic():
            self._expire()
        if self._running < self._in_flight:
            return 0.0
        if self._window.is_due:
            self._grow()
        began = monotonic()
        dues = [due for due in (self._deadline, self._resume_at) if due is not None]
        ready = self._selector.select(max(0.0, min([self._options.tick_s, *(due - began for due in dues)])))
        waited_s = monotonic() - began
        for key, events in ready:
            _, self._running = self._multi.socket_action(key.fd, _SELECTED[events])
        return waited_s

    def _grow(self) -> None:
        """Now, when libcurl has written all it may and only waits, what it holds back shows the server's limit."""
        self._window.grow(sum(transfer.is_held_back for transfer in self._transfers))
        self._allow()

    def _expire(self) -> None:
        self._deadline = None
        _, self._running = self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _collect(self) -> list[Answer]:
        """The answers of the transfers that ended; those that were not sent may go back in the queue instead."""
        answers = []
        queued = self._running < self._in_flight
        while queued:
            queued, succeeded, failed = self._multi.info_read()
            for transfer in succeeded:
                if transfer.getinfo(pycurl.NUM_CONNECTS):
                    self._prove(transfer)
                answers.append(transfer.answer(transfer.request.tag, self._options.answer_headers))
                self._release(transfer)
            for transfer, code, message in failed:
                failure = self._judge(transfer, code, message)
                self._release(transfer)
                if failure:
                    answers.append(failure)
        return answers

    def _prove(self, transfer: Transfer) -> None:
        self._window.prove()
        self._allow()
        if transfer.getinfo(pycurl.INFO_HTTP_VERSION) < _HTTP_2:
            self._http1.add(transfer.getinfo(pycurl.CONN_ID))

    def _allow(self) -> None:
        if self._allowed != self._window.connections:
            self._allowed = self._window.connections
            self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, self._allowed)

    def _judge(self, transfer: Transfer, code: int, message: str) -> Answer | None:
        """The failure to report, or None when the request goes back in the queue."""
        request = transfer.request
        assert request is not None
        connection = transfer.getinfo(pycurl.CONN_ID)
        # An HTTP/1.1 connection that ends in good order looks like a refusal, but proves nothing.
        if is_refused(code, message) and connection not in self._http1:
            answer = Answer(request.tag, 0, failure=Failure.NOT_SENT, reason="REFUSED_STREAM")
        else:
            answer = transfer.failure(request.tag, code)
        if answer.reason in CONNECTION_ENDS:
            self._window.lose(connection)
            if answer.failure is Failure.NOT_SENT and transfer.tries < TRIES_MAX:
                self._again.append((request, transfer.tries + 1))
                return None
        elif answer.reason == "TIMEOUT" and answer.failure is Failure.AMBIGUOUS:
            cut_if_silent(transfer.getinfo(pycurl.ACTIVESOCKET), self._options.timeout_s)
        return answer

    def _release(self, transfer: Transfer) -> None:
        self._multi.remove_handle(transfer)
        self._in_flight -= 1
        transfer.end()
        self._idle.append(transfer)

    def _cancel(self) -> None:
        for transfer in self._transfers:
            if transfer.request is not None:
                self._release(transfer)
        self._again.clear()

    def _watch(self, what: int, descriptor: int, _multi: pycurl.CurlMulti, _data: object) -> None:
        """Watch a socket for the events that libcurl waits for."""
        is_known = descriptor in self._selector.get_map()
        if what == pycurl.POLL_REMOVE:
            if is_known:
                self._selector.unregister(descriptor)
        elif is_known:
            self._selector.modify(descriptor, _EVENTS[what])
        else:
            self._selector.register(descriptor, _EVENTS[what])

    def _set_timer(self, timeout_ms: int) -> None:
        """Note when libcurl wants to be called although no socket is ready."""
        self._deadline = None if timeout_ms < 0 else monotonic() + timeout_ms / 1000
