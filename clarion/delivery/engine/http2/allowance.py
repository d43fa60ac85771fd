"""What the peer allows: streams at once, bytes in flow, bytes to a frame. RFC 9113 §5.1.2, §6.5.2, §6.9."""

from __future__ import annotations

from collections.abc import Mapping

from clarion.delivery.engine.http2.frame import Setting
from clarion.delivery.engine.option import EngineOptions

WINDOW_DEFAULT = 65_535
WINDOW_MAX = (1 << 31) - 1
FRAME_DEFAULT, FRAME_MAX = 1 << 14, (1 << 24) - 1


class Allowance:
    """The peer's limits on one connection.

    Attributes:
        streams: how many may be open at once; ours where the peer's is higher.
        is_known: whether the peer's settings have come.
        window: bytes of bodies that the connection still takes.
        stream_window: bytes that a new stream takes; the peer may make it negative for those it opened before.
        frame_max: the longest frame payload.
    """

    def __init__(self, options: EngineOptions) -> None:
        self._streams_max = options.streams_per_connection
        self.streams = min(options.streams_before_answer, options.streams_per_connection)
        self.is_known = False
        self.window = self.stream_window = WINDOW_DEFAULT
        self.frame_max = FRAME_DEFAULT

    def take(self, values: Mapping[int, int]) -> int:
        """Take notice of a SETTINGS frame.

        Returns:
            By how much the windows of open streams change.

        Raises:
            ValueError: a value is out of its range.
        """
        if Setting.MAX_CONCURRENT_STREAMS in values or not self.is_known:
            self.streams = min(values.get(Setting.MAX_CONCURRENT_STREAMS, self._streams_max), self._streams_max)
        self.is_known = True
        self.frame_max = values.get(Setting.MAX_FRAME_SIZE, self.frame_max)
        if not FRAME_DEFAULT <= self.frame_max <= FRAME_MAX:
            raise ValueError("a frame size out of range")
        before, self.stream_window = self.stream_window, values.get(Setting.INITIAL_WINDOW_SIZE, self.stream_window)
        if self.stream_window > WINDOW_MAX:
            raise ValueError("a window out of range")
        return self.stream_window - before


def widen(window: int, increment: int) -> int:
    """The window after a WINDOW_UPDATE.

    Raises:
        ValueError: it says nothing, or too much.
    """
    if increment == 0 or window + increment > WINDOW_MAX:
        raise ValueError("a window update out of range")
    return window + increment
