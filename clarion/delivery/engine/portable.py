"""The portable engine: httpx and a private event loop, for platforms without pycurl. About twenty times slower."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import certifi
import h2.errors
import h2.events
import httpx

from clarion.delivery.engine.exchange import CONNECTION_ENDS, TRIES_MAX, Answer, Failure, Pause, Request
from clarion.delivery.engine.option import EngineOptions
from clarion.delivery.engine.retry_after import read_retry_after

_BODY_STARTED = frozenset({"http2.send_request_body.started", "http11.send_request_body.started"})
#: Streams that the server says it did not look at.
_REFUSALS = frozenset({h2.errors.ErrorCodes.REFUSED_STREAM, h2.errors.ErrorCodes.HTTP_1_1_REQUIRED})
_Kinds = tuple[type[Exception], ...]
#: What an error means; None where it depends on what was written. The first that matches holds.
_KINDS: tuple[tuple[_Kinds, Failure | None, str], ...] = (
    ((httpx.ConnectError,), Failure.NOT_SENT, "CONNECT"),
    ((httpx.ConnectTimeout, httpx.PoolTimeout), Failure.NOT_SENT, "TIMEOUT"),
    ((httpx.UnsupportedProtocol, httpx.InvalidURL), Failure.NOT_SENT, "URL"),
    ((httpx.TimeoutException, TimeoutError), None, "TIMEOUT"),
    ((httpx.DecodingError, httpx.TooManyRedirects), None, "PROTOCOL"),
)


class PortableEngine:
    """An `Engine` on httpx. It runs its event loop inside `send`, so the thread must have no running loop."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._trust = ssl.create_default_context(cafile=options.ca_bundle or certifi.where())
        self._client = self._new_client()
        self._retired: list[httpx.AsyncClient] = []
        self._heard_at = 0.0
        self._is_sending = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers: deque[Answer] = deque()
        self._something = asyncio.Event()
        self._lines: tuple[str, ...] = ()
        self._headers: list[tuple[str, str]] = []

    @property
    def in_flight(self) -> int:
        """How many requests are with the provider now."""
        return len(self._tasks)

    @property
    def window(self) -> int:
        """The largest number of requests this engine will ever have in flight: httpx uses one HTTP/2 connection."""
        return self._options.streams_per_connection

    def send(self, requests: Iterable[Request | Pause]) -> Generator[Answer | None, None, None]:
        """Send all of `requests`; see `Engine.send`."""
        if self._is_sending:
            raise RuntimeError("an earlier send of this engine is still being iterated")
        self._is_sending = True
        try:
            source = iter(requests)
            is_open = True
            answered_at, resume_at = monotonic(), 0.0
            while True:
                pause_s = resume_at - monotonic()
                while is_open and len(self._tasks) < self.window and pause_s <= 0:
                    request = next(source, None)
                    is_open = request is not None
                    if isinstance(request, Pause):
                        pause_s = request.seconds
                        resume_at = monotonic() + pause_s
                    elif request is not None:
                        self._start(request)
                if not self._tasks and not self._answers and not is_open:
                    return
                self._loop.run_until_complete(self._wait(pause_s))
                while self._answers:
                    yield self._answers.popleft()
                    answered_at = monotonic()
                if monotonic() - answered_at >= self._options.tick_s:
                    answered_at = monotonic()
                    yield None
        finally:
            self._cancel()
            self._is_sending = False

    def renew(self) -> None:
        """Begin nothing more on the connections there are; see `Engine.renew`."""
        self._retire(self._client)

    def close(self) -> None:
        """Close all connections. The engine cannot be used again."""
        if self._loop.is_closed():
            return
        self._cancel()
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _new_client(self) -> httpx.AsyncClient:
        options = self._options
        return httpx.AsyncClient(
            http2=True,
            verify=self._trust,
            trust_env=False,
            headers={"user-agent": options.user_agent},
            timeout=httpx.Timeout(options.timeout_s, connect=options.connect_timeout_s),
            limits=httpx.Limits(max_connections=options.connections_max, keepalive_expiry=options.idle_s),
        )

    def _retire(self, client: httpx.AsyncClient) -> None:
        """Put new requests on a new connection; those on the old one may still end."""
        if client is not self._client:
            return
        self._retired.append(client)
        self._client = self._new_client()
        self._heard_at = monotonic()

    def _start(self, request: Request) -> None:
        task = self._loop.create_task(self._answer(request))
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._something.set()

    async def _wait(self, pause_s: float) -> None:
        """Wait for an answer, at most for a tick, or for what is left of a pause."""
        self._something.clear()
        if self._answers:
            return
        tick_s = self._options.tick_s
        try:
            async with asyncio.timeout(min(tick_s, pause_s) if pause_s > 0 else tick_s):
                await self._something.wait()
        except TimeoutError:
            return

    def _cancel(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(asyncio.sleep(0))  # for the done callbacks
            self._retire(self._client)  # the cancelled streams are still open on its connection
        for client in self._retired:
            self._loop.run_until_complete(client.aclose())
        self._retired.clear()
        self._answers.clear()

    async def _answer(self, request: Request) -> None:
        answer = await self._try(request)
        for _ in range(TRIES_MAX - 1):
            if answer.failure is not Failure.NOT_SENT or answer.reason not in CONNECTION_ENDS:
                break
            answer = await self._try(request)
        self._answers.append(answer)

    async def _try(self, request: Request) -> Answer:
        client = self._client
        is_written = False

        async def trace(event: str, _info: Any) -> None:
            nonlocal is_written
            is_written = is_written or event in _BODY_STARTED

        try:
            async with asyncio.timeout(self._options.timeout_s):
                response = await client.post(
                    request.url,
                    content=request.body,
                    headers=[*self._parse(request.headers), *_parse(request.own)],
                    extensions={"trace": trace},
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            failure, reason = classify(error, is_written=is_written)
            if reason == "TIMEOUT" and failure is Failure.AMBIGUOUS:
                if monotonic() - self._heard_at >= self._options.timeout_s:
                    self._retire(client)
            elif isinstance(error, httpx.LocalProtocolError):
                # httpcore never resets a stream that timed out: its connection fills up with them.
                self._retire(client)
            return Answer(request.tag, 0, failure=failure, reason=reason)
        self._heard_at = monotonic()
        return self._read(request.tag, response)

    def _parse(self, lines: tuple[str, ...]) -> list[tuple[str, str]]:
        if lines is not self._lines:
            self._lines, self._headers = lines, _parse(lines)
        return self._headers

    def _read(self, tag: Any, response: httpx.Response) -> Answer:
        headers = {name: response.headers[name] for name in self._options.answer_headers if name in response.headers}
        retry_after_s = None
        if not response.is_success:
            retry_after_s = read_retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
        return Answer(tag, response.status_code, response.content, retry_after_s, headers)


def _parse(lines: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]


def classify(error: Exception, *, is_written: bool) -> tuple[Failure, str]:
    """Say what an httpx error means for the request.

    Args:
        error: what httpx raised, or TimeoutError for the whole request.
        is_written: whether any of the body may have been written.
    """
    event = _h2_event(error)
    if isinstance(event, h2.events.StreamReset):
        if event.error_code in _REFUSALS:
            return Failure.NOT_SENT, "REFUSED_STREAM"
        return _after(is_written), "RESET"
    if isinstance(event, h2.events.ConnectionTerminated) and event.last_stream_id == 0:
        return Failure.NOT_SENT, "REFUSED_STREAM"
    for kinds, failure, reason in _KINDS:
        if isinstance(error, kinds):
            is_tls = reason == "CONNECT" and ("SSL" in str(error) or "certificate" in str(error))
            return failure or _after(is_written), "TLS" if is_tls else reason
    return _after(is_written), "LOST"


def _after(is_written: bool) -> Failure:  # noqa: FBT001  # one argument, named by the function
    return Failure.AMBIGUOUS if is_written else Failure.NOT_SENT


def _h2_event(error: BaseException) -> object:
    """The HTTP/2 event that httpcore wrapped, if there is one."""
    cause = error.__cause__ or error.__context__
    return cause.args[0] if cause is not None and cause.args else None
