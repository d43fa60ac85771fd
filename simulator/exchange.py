"""What the HTTP layers and the providers hand to each other: a request, an answer, and how to deliver it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

import msgspec

Header = tuple[bytes, bytes]

#: Stands among a request's headers when the client sent one of them twice.
DUPLICATED = b":duplicated"

JSON_HEADERS: tuple[Header, ...] = ((b"content-type", b"application/json; charset=UTF-8"),)


class Request(msgspec.Struct):
    """One complete HTTP request; `headers` has lower-case names, `path` may carry a query."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    body: bytes
    #: what the service remembers of the connection that the request came on; the same object for all its requests
    memory: dict[str, Any] = {}


class Answer(msgspec.Struct, frozen=True):
    """One HTTP response: status, body, and headers without `content-length`, which HTTP/1.1 adds."""

    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = JSON_HEADERS


class Action(StrEnum):
    """What the connection does with an answer."""

    #: send it
    ANSWER = "answer"
    #: RST_STREAM with `code`
    RESET = "reset"
    #: close the TCP connection with a reset
    DROP = "drop"
    #: GOAWAY with `code` and `debug`
    GOAWAY = "goaway"
    #: never answer
    BLACKHOLE = "blackhole"


class Moment(StrEnum):
    """When the action happens."""

    #: as soon as the request's headers are in, without reading its body
    EARLY = "early"
    #: when the whole request is in, before any byte of the response
    REQUEST = "request"
    #: after the response's headers and half of its body
    RESPONSE = "response"


class Conduct(msgspec.Struct, frozen=True):
    """How an answer travels. Times in milliseconds."""

    action: Action = Action.ANSWER
    moment: Moment = Moment.REQUEST
    #: wait before anything else
    wait_ms: float = 0
    #: wait between the response's headers and its body
    header_ms: float = 0
    #: wait between the two halves of the response's body
    body_ms: float = 0
    #: error code of RST_STREAM or GOAWAY (RFC 9113 section 7)
    code: int = 0
    #: GOAWAY's debug data
    debug: bytes = b""
    #: whether GOAWAY's last_stream_id includes this stream, which is then answered
    covered: bool = False
    #: whether the connection closes right after GOAWAY instead of finishing the streams it covers
    abrupt: bool = False
    #: new SETTINGS_MAX_CONCURRENT_STREAMS, sent before the answer
    max_streams: int | None = None

    @property
    def answers(self) -> bool:
        """Whether the client gets the answer, or at least its beginning."""
        return self.action is Action.ANSWER or self.covered or self.moment is Moment.RESPONSE


PLAIN = Conduct()


class Reply(msgspec.Struct, frozen=True):
    """An answer and its conduct."""

    answer: Answer
    conduct: Conduct = PLAIN


class Limits(msgspec.Struct, frozen=True):
    """What a new connection announces and enforces."""

    max_concurrent_streams: int = 100
    initial_window_size: int = 65_535
    #: seconds without a request until GOAWAY "session_timed_out"; 0 = never
    idle_timeout_s: float = 0


class Service(Protocol):
    """One listening port's behaviour."""

    def limits(self) -> Limits:
        """Return the limits for a connection that opens now."""
        ...

    def early(self, path: str, /) -> Conduct | None:
        """Return a conduct that applies before the request's body is read, or None."""
        ...

    def reply(self, request: Request, /) -> Reply:
        """Answer one complete request."""
        ...
