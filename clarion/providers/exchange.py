"""What goes to a provider and what comes back: requests, answers, and the reason when there is no answer."""

from __future__ import annotations

from enum import Enum
from typing import Any

from msgspec import Struct


class Request(Struct, gc=False):
    """One HTTPS POST. A plain Struct: freezing it costs more than the rest of its construction.

    Attributes:
        tag: opaque to the engine, comes back on the answer.
        url: `https://…`; the same string object again costs nothing.
        headers: ready `Name: value` lines; the same tuple object again costs nothing.
        body: the bytes to send, possibly none.
        own: ready header lines of this request alone.
    """

    tag: Any
    url: str
    headers: tuple[str, ...]
    body: bytes
    own: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Without the address, the headers and the body: representations end up in logs."""
        return f"Request(tag={self.tag!r})"


class Pause(Struct, frozen=True):
    """Instead of a request: nothing is to be begun for so many seconds. What is under way goes on."""

    seconds: float


class Failure(Enum):
    """Why there is no HTTP answer, as far as it matters for sending again."""

    #: The provider cannot have acted on the request: sending it again cannot make a second copy.
    NOT_SENT = "not_sent"
    #: The whole request was written and no whole answer came: the outcome is unknown.
    AMBIGUOUS = "ambiguous"


class Answer(Struct, gc=False):
    """What became of one request.

    Attributes:
        tag: the request's tag.
        status: the HTTP status, 0 when there is a failure.
        body: the response body, decoded from no content encoding.
        retry_after_s: the Retry-After header in seconds, at most six hours; None when absent, zero, or with a 2xx.
        headers: those of `EngineOptions.answer_headers` that the response has.
        failure: None when there is an HTTP answer.
        reason: one static word for logs and metrics, "" when there is an HTTP answer: RESOLVE, CONNECT, TLS, TIMEOUT,
            REFUSED_STREAM (also for streams above a GOAWAY's last id), RESET (this stream), LOST (the connection),
            PROTOCOL (a response that is not HTTP, or too large), URL and HEADER (a request that cannot be written).
    """

    tag: Any
    status: int
    body: bytes = b""
    retry_after_s: float | None = None
    headers: dict[str, str] = {}  # msgspec copies an empty default for each instance
    failure: Failure | None = None
    reason: str = ""

    def __repr__(self) -> str:
        """Without body and headers, which may name tokens."""
        return f"Answer(tag={self.tag!r}, status={self.status}, failure={self.failure}, reason={self.reason!r})"
