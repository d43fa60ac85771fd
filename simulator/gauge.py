"""Counts of connections and streams of one provider, and the connections themselves."""

from __future__ import annotations

from typing import Protocol


class Connection(Protocol):
    """A live connection, as the control plane sees it."""

    def announce(self, max_streams: int) -> None:
        """Send SETTINGS_MAX_CONCURRENT_STREAMS; nothing on HTTP/1.1."""
        ...

    def go_away(self) -> None:
        """Finish what was received and close (GOAWAY NO_ERROR on HTTP/2)."""
        ...

    def drop(self) -> None:
        """Close at once with a TCP reset."""
        ...


class Gauge:
    """Connections and streams now, in total and at their peak."""

    def __init__(self) -> None:
        """Start at zero."""
        self.live: set[Connection] = set()
        self.opened = 0
        self.streams = 0
        self.streams_peak = 0
        self.pings = 0
        #: so many of the next TLS handshakes fail
        self.handshakes_to_fail = 0
        self.handshakes_failed = 0

    def fails_handshake(self) -> bool:
        """Return whether a TLS handshake that begins now is to fail, and count it."""
        if not self.handshakes_to_fail:
            return False
        self.handshakes_to_fail -= 1
        self.handshakes_failed += 1
        return True

    def connection_opened(self, connection: Connection) -> None:
        """Count a new connection."""
        self.opened += 1
        self.live.add(connection)

    def connection_closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self.live.discard(connection)

    def stream_opened(self) -> None:
        """Count a new stream."""
        self.streams += 1
        self.streams_peak = max(self.streams_peak, self.streams)

    def stream_closed(self) -> None:
        """Forget a stream."""
        self.streams -= 1

    def reset(self) -> None:
        """Restart the totals and the peak from what is open now."""
        self.opened = len(self.live)
        self.streams_peak = self.streams
        self.pings = self.handshakes_failed = self.handshakes_to_fail = 0

    def report(self) -> dict[str, int]:
        """Return the figures by name."""
        return {
            "opened": self.opened,
            "open": len(self.live),
            "streams_open": self.streams,
            "streams_peak": self.streams_peak,
            "pings": self.pings,
            "handshakes_failed": self.handshakes_failed,
        }
