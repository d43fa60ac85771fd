"""Where new devices get their ordinals from."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors

#: Fewer devices than this tell nothing about those that follow.
_TELLING = 1000
_MOSTLY = 0.9


class Supply:
    """The ordinals of one long registration: those that turn out not to be needed serve the devices that follow.

    At the end a few may be left. They are never used, which costs a bit each in the bitmaps.

    Attributes:
        expects_new: whether the devices so far were new, so that claiming beats looking them up first.
    """

    def __init__(self, storage: Storage, app: str) -> None:
        """Nothing is reserved yet."""
        self.expects_new = False
        self._storage = storage
        self._app = app
        self._spare: list[int] = []
        self._lock = Lock()

    def take(self, count: int) -> list[int]:
        """That many ordinals that nobody else has."""
        with self._lock:
            taken, self._spare = self._spare[:count], self._spare[count:]
        missing = count - len(taken)
        if missing:
            with storage_errors():
                end: int = self._storage.registry.incrby(keys.ordinals(self._app), missing)
            taken += range(end - missing, end)
        return taken

    def put_back(self, ordinals: Sequence[int]) -> None:
        """Return ordinals that were taken and are stored nowhere."""
        with self._lock:
            self._spare += ordinals

    def note(self, devices: int, new: int) -> None:
        """Learn from a batch how many of its devices were new."""
        if devices >= _TELLING:
            self.expects_new = new >= _MOSTLY * devices
