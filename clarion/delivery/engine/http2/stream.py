"""One request on its way, and what has come back of it."""

from __future__ import annotations

from clarion.delivery.engine.exchange import Answer, Failure, Request
from clarion.delivery.engine.http2.response import Response


class Stream:
    """A request that waits for a connection or is on one.

    Attributes:
        request: what is sent.
        path: of its URL.
        deadline: on the monotonic clock.
        tries: how often it was begun and given back.
        number: of the stream on its connection; 0 before it has one.
        rest: what of the body could not be queued yet, for want of window.
        window: how much of `rest` the peer takes.
        end_at: the connection's output, in bytes, up to which the whole request is queued; 0 while there is a rest.
        response: the answer's headers once they are there.
        body: the answer's body so far.
    """

    __slots__ = ("body", "deadline", "end_at", "number", "path", "request", "response", "rest", "tries", "window")

    def __init__(self, request: Request, path: bytes, deadline: float) -> None:
        self.request = request
        self.path = path
        self.deadline = deadline
        self.tries = self.number = self.window = self.end_at = 0
        self.rest: bytes = b""
        self.response: Response | None = None
        self.body: bytes | bytearray = b""

    def again(self) -> Stream:
        """The same request, to be begun once more."""
        stream = Stream(self.request, self.path, self.deadline)
        stream.tries = self.tries + 1
        return stream

    def receive(self, part: bytes) -> int:
        """Take a part of the body; returns how long that is now."""
        if not self.body:
            self.body = part
        else:
            if isinstance(self.body, bytes):
                self.body = bytearray(self.body)
            self.body += part
        return len(self.body)

    def answer(self) -> Answer:
        """The answer, now that it is complete; a failure when it was none."""
        response = self.response
        if response is None:
            return self.failure(Failure.AMBIGUOUS, "PROTOCOL")
        headers = dict(response.headers) if response.headers else {}
        return Answer(self.request.tag, response.status, bytes(self.body), response.retry_after_s, headers)

    def failure(self, failure: Failure, reason: str) -> Answer:
        """Why there is none."""
        return Answer(self.request.tag, 0, failure=failure, reason=reason)
