"""What an engine is. The requests and answers it carries are the providers' words (`clarion.providers.exchange`)."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Protocol

from clarion.providers.exchange import Answer, Failure, Pause, Request

__all__ = ["Answer", "Engine", "Failure", "Pause", "Request"]

#: A request that was not sent because its connection ended is tried so often before the caller is told: it costs a
#: round trip, and saves the caller a retry for every routine GOAWAY.
TRIES_MAX = 3
#: The reasons that mean it.
CONNECTION_ENDS = frozenset({"REFUSED_STREAM", "LOST"})


class Engine(Protocol):
    """Sends many requests at once over few connections. It belongs to one thread of one process."""

    @property
    def in_flight(self) -> int:
        """How many requests are with the provider now."""

    @property
    def window(self) -> int:
        """The largest number of requests this engine will ever have in flight."""

    def send(self, requests: Iterable[Request | Pause]) -> Generator[Answer | None, None, None]:
        """Send all of `requests` and yield exactly one answer for each, in the order they come.

        `requests` is pulled one at a time, and only when there is room in flight; it may be endless, and must not
        block. After a `Pause` it is left alone for as long as that says, to within a few milliseconds, while answers
        go on coming. None is yielded when no answer came for `EngineOptions.tick_s`. Abandoning the iterator, or an
        exception out of `requests`, cancels what is in flight and leaves the engine ready for the next send.

        Raises:
            RuntimeError: on the first step, when an earlier send of this engine is still being iterated.
        """

    def renew(self) -> None:
        """Begin nothing more on the connections there are: new ones are opened, the old ones end what they have.

        It may be called between two answers of a send, and between sends.
        """

    def close(self) -> None:
        """Close all connections. The engine cannot be used again."""
