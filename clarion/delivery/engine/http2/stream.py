"""One request on its way, and what has come back of it."""

from __future__ import annotations

from clarion.delivery.engine.exchange import Answer, Failure, Request
from clarion.delivery.engine.http2.block import Response


class Stream:
    """A request that a connection carries.

    Attributes:
        request: what is sent.
        path: of its URL.
        tries: how often it was begun, this time included.
        deadline: on the monotonic clock.
        number: of the stream on its connection; 0 before it has one.
        rest: what of the body could not be sent yet, for want of window.
        window: how much of the body the peer still takes.
        end_at: the connection's output, in bytes, up to which the whole request is written.
        response: the answer's headers once they are there.
        chunks: the answer's body so far.
        size: of the chunks together.
        done: whether its end is known.
        reason: why it is to be begun again.
    """

    __slots__ = (
        "chunks", "deadline", "done", "end_at", "number", "path", "reason", "request", "response", "rest", "size", "tries", "window",
    )  # fmt: skip

    def __init__(self, request: Request, path: bytes, deadline: float) -> None:
        self.request = request
        self.path = path
        self.tries = 1
        self.deadline = deadline
        self.number = 0
        self.rest = b""
        self.window = 0
        self.end_at = 0
        self.response: Response | None = None
        self.chunks: list[bytes] = []
        self.size = 0
        self.done = False
        self.reason = ""

    def restart(self) -> None:
        """It is to be begun again, on another connection."""
        self.tries += 1
        self.number = self.end_at = self.size = 0
        self.rest, self.response, self.done = b"", None, False
        self.chunks.clear()

    def answer(self) -> Answer:
        """The answer, now that it is complete."""
        response, chunks = self.response, self.chunks
        assert response is not None
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        return Answer(self.request.tag, response.status, body, response.retry_after_s, response.headers)

    def failure(self, failure: Failure, reason: str) -> Answer:
        """Why there is none."""
        return Answer(self.request.tag, 0, failure=failure, reason=reason)
