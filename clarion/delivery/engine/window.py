"""How many requests may be in flight now: a window that opens with what connections have proven they carry."""

from __future__ import annotations

from clarion.delivery.engine.option import EngineOptions


class Window:
    """Grows the number of connections with the time spent waiting for answers.

    Rate = requests in flight / round trip. A *turn* is one full window of answers. When the engine spent more than
    `grow_above_s` of a turn with nothing to do but wait, more requests in flight would go faster, so one more
    connection may open; when it spent less, it is the processor that binds and more connections would not help.

    A new connection carries `streams_before_answer` requests until its first answer proves it, then as many as the
    server took on the others: APNs refuses a second stream before the first valid one, and libcurl drops a connection
    that refused a stream, so a burst there would end in a storm of reconnects. What the server takes shows in how many
    requests libcurl holds back. A lost connection must be proven anew.
    """

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._streams = options.streams_per_connection
        self._proven = 0
        self._lost: int | None = None
        self._turn_left = 1
        self._waited_s = 0.0
        self.connections = 1
        self.room = options.streams_before_answer
        self.is_due = False

    def prove(self) -> None:
        """A connection gave its first answer."""
        self._proven = min(self._proven + 1, self._options.connections_max)
        self.connections = max(self.connections, self._proven)
        self._resize()

    def lose(self, connection: int) -> None:
        """A connection refused a stream or ended; said for each of its requests, counted once."""
        if connection != self._lost:
            self._lost = connection
            self._proven = max(self._proven - 1, 0)
            self._resize()

    def restart(self) -> None:
        """All connections are gone, or too old to trust."""
        self._proven = 0
        self._resize()

    def count(self, answers: int, waited_s: float) -> None:
        """Take notice of `answers` that came after waiting `waited_s` seconds with the window full.

        At the end of a turn that was mostly waiting `is_due` becomes true; then call `grow`.
        """
        self._waited_s += waited_s
        self._turn_left -= answers
        if self._turn_left <= 0:
            self.is_due = self._waited_s > self._options.grow_above_s and self._proven == self.connections
            self._turn_left = self.room
            self._waited_s = 0.0

    def grow(self, held_back: int) -> None:
        """Make room for more: by connections, then by streams; or take room back that the server does not take.

        Room is taken back before a connection is added: what libcurl holds back would all burst onto the new one.

        Args:
            held_back: how many requests of a full window libcurl has not begun to write.
        """
        self.is_due = False
        if held_back:
            self._streams = max((self.room - held_back) // max(self._proven, 1), 1)
        elif self.connections < self._options.connections_max:
            self.connections += 1
        else:
            self._streams = min(self._streams * 2, self._options.streams_per_connection)
        self._resize()

    def _resize(self) -> None:
        is_proving = self.connections > self._proven
        self.room = self._proven * self._streams + (self._options.streams_before_answer if is_proving else 0)
