"""A scriptable HTTP/1.1 server over TLS: each request's body is handed to a function that says what is written back."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Line:
    """The server's end of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heads: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    def answer(self, status: bytes = b"200 OK", body: bytes = b"{}", *headers: bytes) -> None:
        lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
        self.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)

    def close(self) -> None:
        """Close in good order."""
        self.writer.close()

    def cut(self) -> None:
        """End the connection with what is queued unsent."""
        self.writer.transport.abort()

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(delay_s, action)


Script = Callable[[Line, bytes], None]


@dataclass
class SerialServer:
    """Serves on a free port of 127.0.0.1 from its own thread; `with` starts and stops it."""

    context: ssl.SSLContext
    script: Script = lambda line, _: line.answer()
    received: list[bytes] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    url: str = ""

    def copies(self) -> Counter[bytes]:
        """How many complete copies of each body arrived."""
        return Counter(self.received)

    def __enter__(self) -> Self:
        self.context.set_alpn_protocols(["http/1.1"])
        listening = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(listening)), daemon=True)
        self._thread.start()
        assert listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    async def _serve(self, listening: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        listener = await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=self.context)
        self.url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        listening.set()
        await self._stopped.wait()
        listener.close()
        for line in self.lines:
            line.cut()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        self.lines.append(line)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(field.lower().split(b": ", 1) for field in head.split(b"\r\n")[1:-2])
                body = await reader.readexactly(int(fields[b"content-length"]))
                line.heads.append(head)
                self.received.append(body)
                self.script(line, body)
        except (asyncio.IncompleteReadError, OSError):
            line.close()
