"""`Messaging` for event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, Self, TypeVar

from clarion.app import Limits
from clarion.messaging import Messaging

T = TypeVar("T")
P = ParamSpec("P")


class AsyncMessaging:
    """`Messaging` for an event loop: the same arguments, each method awaitable, none blocks the loop."""

    def __init__(
        self,
        url: str,
        *,
        app_id: str,
        api_key: str | None = None,
        limits: Limits | None = None,
        **where: str | None,
    ) -> None:
        """Open a way in, with the arguments of `Messaging`."""
        self._messaging = Messaging(url, app_id=app_id, api_key=api_key, limits=limits, **where)
        self.publish = _awaitable(self._messaging, self._messaging.publish)
        self.get_message_status = _awaitable(self._messaging, self._messaging.get_message_status)
        self.cancel = _awaitable(self._messaging, self._messaging.cancel)
        self.pause = _awaitable(self._messaging, self._messaging.pause)
        self.resume = _awaitable(self._messaging, self._messaging.resume)
        self.reschedule = _awaitable(self._messaging, self._messaging.reschedule)
        self.schedules = _awaitable(self._messaging, self._messaging.schedules)
        self.schedule = _awaitable(self._messaging, self._messaging.schedule)
        self.preview = _awaitable(self._messaging, self._messaging.preview)
        self.register_device = _awaitable(self._messaging, self._messaging.register_device)
        self.get_registrations = _awaitable(self._messaging, self._messaging.get_registrations)
        self.unregister_device = _awaitable(self._messaging, self._messaging.unregister_device)

    async def close(self) -> None:
        """Wait for the calls in flight, then give the connections back."""
        await asyncio.to_thread(self._messaging.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _awaitable(messaging: Messaging, method: Callable[P, T]) -> Callable[P, asyncio.Future[T]]:
    def call(*args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        return asyncio.wrap_future(messaging._executor.submit(partial(method, *args, **kwargs)))  # noqa: SLF001

    return call
