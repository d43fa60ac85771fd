"""A message quota: a bucket refilled to full each window, windows counted from its first message."""

from __future__ import annotations

HOUR_S, MINUTE_S, SECOND_S = 3_600.0, 60.0, 1.0


class Quota:
    """Counts messages of one account."""

    __slots__ = ("_used", "_window_ends_at", "_window_s")

    def __init__(self, window_s: float) -> None:
        """Start with a full bucket."""
        self._window_s = window_s
        self._window_ends_at = 0.0
        self._used = 0

    def take(self, limit: int, now: float, count: int = 1) -> bool:
        """Take `count` messages out of `limit` a window at epoch second `now`; False when not so many are left."""
        if now >= self._window_ends_at:
            self._window_ends_at = now + self._window_s
            self._used = 0
        if self._used + count > limit:
            return False
        self._used += count
        return True
