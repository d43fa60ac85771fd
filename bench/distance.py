"""A stand-in for distance: passes bytes to another port, each piece a fixed time late, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from collections.abc import Iterator
from functools import partial
from multiprocessing.connection import Connection


@contextlib.contextmanager
def put_between(port: int, one_way_s: float) -> Iterator[int]:
    """Listen on a free port of 127.0.0.1 and pass everything to `port` and back.

    Args:
        port: where to pass it, on 127.0.0.1.
        one_way_s: seconds that each byte is under way, in each direction.

    Yields:
        The port to connect to instead.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_run, args=(theirs, port, one_way_s), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join(10)


class _End(asyncio.Protocol):
    """One end of a passed connection; what it receives it writes to the other end, later."""

    def __init__(self, one_way_s: float, other: asyncio.Future[asyncio.Transport]) -> None:
        self.here: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
        self._one_way_s = one_way_s
        self._other = other

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.here.set_result(transport)

    def data_received(self, data: bytes) -> None:
        self._later(lambda transport: transport.write(data))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol of asyncio
        self._later(lambda transport: transport.close())

    def _later(self, action: object) -> None:
        asyncio.get_running_loop().call_later(self._one_way_s, self._other.add_done_callback, partial(_apply, action))


def _apply(action: object, other: asyncio.Future[asyncio.Transport]) -> None:
    assert callable(action)
    action(other.result())


def _run(pipe: Connection, port: int, one_way_s: float) -> None:
    asyncio.run(_pass(pipe, port, one_way_s))


async def _pass(pipe: Connection, port: int, one_way_s: float) -> None:
    loop = asyncio.get_running_loop()
    dials: set[asyncio.Task[object]] = set()

    def accept() -> _End:
        far: asyncio.Future[asyncio.Transport] = loop.create_future()
        near = _End(one_way_s, far)
        dial = loop.create_task(_dial(near, far, port, one_way_s))
        dials.add(dial)
        dial.add_done_callback(dials.discard)
        return near

    listener = await loop.create_server(accept, "127.0.0.1", 0)
    pipe.send(listener.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


async def _dial(near: _End, far: asyncio.Future[asyncio.Transport], port: int, one_way_s: float) -> None:
    loop = asyncio.get_running_loop()
    _, end = await loop.create_connection(lambda: _End(one_way_s, near.here), "127.0.0.1", port)
    far.set_result(end.here.result())
