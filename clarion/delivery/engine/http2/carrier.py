"""A connection as its origin sees it, whatever is spoken on it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from clarion.delivery.engine.exchange import Answer, Failure
from clarion.delivery.engine.http2.link import Link
from clarion.delivery.engine.http2.stream import Stream
from clarion.delivery.engine.option import EngineOptions

BODY_MAX_BYTES = 1 << 20  # providers answer with less than 4 KiB; what is longer is not a provider
HEAD_MAX_BYTES = 1 << 16  # of an answer's headers


class ConnectionOver(Exception):
    """The peer closed it, or said something that is not in the protocol."""


class Carrier(ABC):
    """A connection to one origin: what ends goes to `answers`, what is queued on `link` the caller flushes.

    Attributes:
        link: open.
        streams: what is under way, by number.
        refused: streams to begin again, and why, since the caller last took them.
        draining: nothing new may be begun.
        opened_at, heard_at: on the monotonic clock.
    """

    def __init__(self, link: Link, options: EngineOptions, answers: list[Answer], now: float) -> None:
        self.link = link
        self.streams: dict[int, Stream] = {}
        self.refused: list[tuple[Stream, str]] = []
        self.draining = False
        self.opened_at = self.heard_at = now
        self._answers = answers
        self._silence_max_s = options.timeout_s / 2

    @property
    @abstractmethod
    def is_proven(self) -> bool:
        """Whether the peer has shown that it speaks the protocol."""

    @property
    @abstractmethod
    def room(self) -> int:
        """How many more requests it takes now."""

    @abstractmethod
    def begin(self, stream: Stream) -> None:
        """Put a request on its way.

        Raises:
            ValueError: one of its header lines is no header; nothing is sent then.
        """

    @abstractmethod
    def cancel(self, stream: Stream) -> None:
        """Give a request up; what still comes for it is passed over."""

    @abstractmethod
    def take(self, data: bytes) -> None:
        """Take note of what was read; b"" is the end.

        Raises:
            ConnectionOver: no more will come, or it is not what the protocol says.
        """

    def receive(self, now: float) -> None:
        """Read all there is and take note of it.

        Raises:
            ConnectionOver: no more will come.
            OSError: the connection is lost.
        """
        while (data := self.link.read()) is not None:
            self.heard_at = now
            self.take(data)

    def expire(self, now: float) -> float:
        """End the requests whose time is over; returns the next deadline."""
        for stream in [stream for stream in self.streams.values() if stream.deadline <= now]:
            # What is queued whole goes out whole, now or later: only without its end can nobody act on it.
            failure = Failure.AMBIGUOUS if stream.end_at else Failure.NOT_SENT
            self.cancel(stream)
            self._answers.append(stream.failure(failure, "TIMEOUT"))
            # Silent for so long with requests on it: the line is dead, whatever else is on it.
            self.draining = self.draining or now - self.heard_at >= self._silence_max_s
        return min((stream.deadline for stream in self.streams.values()), default=float("inf"))

    def lose(self) -> None:
        """The connection is gone: what the kernel took whole is ambiguous; the rest has no end and may go elsewhere."""
        for stream in self.streams.values():
            if 0 < stream.end_at <= self.link.written:
                self._answers.append(stream.failure(Failure.AMBIGUOUS, "LOST"))
            else:
                self.refused.append((stream, "LOST"))
        self.streams.clear()
        self.draining = True
