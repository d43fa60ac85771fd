"""FCM's message quota: a bucket refilled to full each minute, minutes counted from its first message."""

from __future__ import annotations

WINDOW_S = 60


class Quota:
    """Counts messages of one project."""

    def __init__(self) -> None:
        """Start with a full bucket."""
        self._window_ends_at = 0.0
        self._used = 0

    def take(self, limit: int, now: float) -> bool:
        """Take one message out of `limit` a minute at epoch second `now`; False when none is left."""
        if now >= self._window_ends_at:
            self._window_ends_at = now + WINDOW_S
            self._used = 0
        if self._used >= limit:
            return False
        self._used += 1
        return True
