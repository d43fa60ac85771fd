"""Ports that stay the same: asked for, or those of the last time, which are written down in the state directory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

#: What listens.
NAMES = ("fcm", "apns", "apns-sandbox", "webpush", "wns", "hms", "control")

#: Listens on a port, 0 being any; the server, and the port that it has.
Listen = Callable[[int], Awaitable[tuple[asyncio.Server, int]]]


class Ports:
    """The ports of one state directory.

    Args:
        file: where they are written down.
        asked: by name, the port that it must be; 0 = that of the last time if it is free, else any.
    """

    def __init__(self, file: Path, asked: Mapping[str, int]) -> None:
        self._file = file
        self._asked = asked
        self._last = _written(file)

    async def open(self, name: str, listen: Listen) -> tuple[asyncio.Server, int]:
        """Listen for `name`, and write down where.

        Raises:
            OSError: the port that was asked for is taken.
        """
        server, port = await self._opened(name, listen)
        if self._last.get(name) != port:
            self._last[name] = port
            self._file.write_bytes(msgspec.json.encode(self._last))
        return server, port

    async def _opened(self, name: str, listen: Listen) -> tuple[asyncio.Server, int]:
        asked = self._asked.get(name, 0)
        if not asked and (last := self._last.get(name)):
            with suppress(OSError):
                return await listen(last)
        return await listen(asked)


def _written(file: Path) -> dict[str, int]:
    # What cannot be read, perhaps because the last one was killed as it wrote, is as good as none.
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(file.read_bytes(), type=dict[str, int])
    return {}
