"""Around every request: headers that keep browsers careful, and the last net under unexpected errors."""

from __future__ import annotations

import traceback

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.error import answer
from clarion.errors import ClarionError, InvalidField

_log = structlog.get_logger(__name__)

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    # The API key stands in the path: it must not travel on to wherever a page leads.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

#: What the server decodes a byte to that is not UTF-8, and what routes overlook at a path's end.
#: Names that differ in such bytes would become one.
_UNUSABLE = frozenset("\ufffd\n")


class Guard:
    """ASGI middleware. What it logs of an error names the code it passed through, and shows no values."""

    def __init__(self, app: ASGIApp) -> None:
        """Guard `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        try:
            await self._serve(scope, receive, send_guarded)
        except ClientDisconnect:
            _log.debug("client_left", route=_route(scope))
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and we a record
            _log.error("request_failed", route=_route(scope), error=type(error).__name__, where=_where(error))
            if not started:
                reply = answer(500, ClarionError.code, "The server failed; its log says how.", {})
                await reply(scope, receive, send_guarded)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _UNUSABLE.isdisjoint(scope["path"]):
            reply = answer(400, InvalidField.code, "Invalid path: expected UTF-8 on one line.", {"field": "path"})
            await reply(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _where(error: Exception) -> list[str]:
    """The frames of a traceback without what a traceback ends with: the error's words may quote a payload."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


def _route(scope: Scope) -> str:
    """The route's template: the path itself has the API key in it."""
    return f"{scope['method']} {getattr(scope.get('route'), 'path', '')}"
