"""A process that answers every HTTP/2 request at once, without a look at it: as fast as Python can.

python -m tests.contract.engine.sink CERTIFICATE prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

_PREFACE_BYTES = 24
_HEADER = struct.Struct(">HBBBI")
_DATA, _HEADERS, _SETTINGS, _PING, _WINDOW_UPDATE = 0, 1, 4, 6, 8
_END_STREAM, _ACK, _END_HEADERS = 0x1, 0x1, 0x4
_STREAMS = struct.pack(">HI", 3, 100)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return _HEADER.pack(len(payload) >> 8, len(payload) & 0xFF, kind, flags, stream) + payload


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self) -> None:
        self._in = b""
        self._at = _PREFACE_BYTES

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        window = _frame(_WINDOW_UPDATE, 0, 0, struct.pack(">I", (1 << 31) - 1 - 65535))
        transport.write(_frame(_SETTINGS, 0, 0, _STREAMS) + window)

    def data_received(self, data: bytes) -> None:
        data, at, out = self._in + data, self._at, []
        while len(data) >= at + 9:
            high, low, kind, flags, stream = _HEADER.unpack_from(data, at)
            end = at + 9 + (high << 8 | low)
            if end > len(data):
                break
            if kind in (_DATA, _HEADERS):
                if flags & _END_STREAM:
                    # An id that is new each time: what an engine remembers of answers must stay bounded too.
                    block = b"\x88\x00\x07apns-id\x24" + str(uuid.uuid4()).encode()
                    out.append(_frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, block))
            elif kind in (_SETTINGS, _PING) and not flags & _ACK:
                out.append(_frame(kind, _ACK, 0, data[at + 9 : end] if kind == _PING else b""))
            at = end
        self._in, self._at = (data[at:], 0) if at <= len(data) else (data, at)
        self.transport.write(b"".join(out))


async def _serve(certificate: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2"])
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(_Connection, "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{listener.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def sink(certificate: Path) -> Iterator[str]:
    """Run it until the block ends; its URL."""
    command = [sys.executable, "-m", "tests.contract.engine.sink", str(certificate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield f"https://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()
        assert process.wait(10) == 0


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
