"""What is left of a request's body when its answer is ready: read and dropped, or else the connection ends.

An answer that overtakes its request is lost on clients that read only after they have written; and the next request on
a connection that still holds the last one's body would fail.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: More than this, or slower, is not worth waiting for.
BYTES_MAX = 16 * 1_048_576
SECONDS_MAX = 5.0


class Remainder:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand around `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _has_body(headers := Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        left = True

        async def receive_noting() -> Message:
            nonlocal left
            message = await receive()
            left = message.get("more_body", False)
            return message

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start" and left and not await _drop(headers, receive_noting):
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, receive_noting, send_last)


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def _drop(headers: Headers, receive: Receive) -> bool:
    """Read the rest; False when it is too much, too slow, or not sent unless we ask for it (`Expect`)."""
    declared = headers.get("content-length", "")
    if "expect" in headers or (declared.isdecimal() and int(declared) > BYTES_MAX):
        return False
    size = 0
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while size <= BYTES_MAX:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return True
    except TimeoutError:
        pass
    return False
