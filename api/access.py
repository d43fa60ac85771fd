"""Who calls: the application and API key in the path, and what that key may do."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from clarion.app import ApiKey, App, Scope
from clarion.errors import PermissionDenied, WrongApplication
from clarion.storage import Storage
from clarion.transport.direct import DirectTransport

#: What every path of the wire starts with.
BASE = "/{app_id}/{api_key}"


@dataclass(frozen=True, slots=True)
class Caller:
    """An application, the key it came with, the stores, and the application's way to them."""

    app: App
    key: ApiKey
    storage: Storage
    transport: DirectTransport

    def check_channel(self, channel: str) -> None:
        """Pass when the key may publish to `channel`.

        Raises:
            PermissionDenied: the key is bound to other channels.
        """
        if self.key.channels is not None and channel not in self.key.channels:
            raise PermissionDenied("The API key does not have the permission to publish to this channel.")

    def check_unbound(self) -> None:
        """Pass when the key is bound to no channels: single devices are addressed whatever channel they are on.

        Raises:
            PermissionDenied: the key is bound to channels.
        """
        if self.key.channels is not None:
            raise PermissionDenied("The API key does not have the permission to publish to single devices.")


class Callers:
    """Everybody who may call, found by application id and API key."""

    def __init__(self, apps: Iterable[App], storage: Storage, *, broker_url: str | None = None) -> None:
        """Know the keys of `apps`; `broker_url` is needed when Celery's queues do not live on `storage.main`."""
        self._known = {app.id: _of(app, storage, DirectTransport(storage, app, broker_url=broker_url)) for app in apps}

    def find(self, app_id: str, api_key: str) -> Caller:
        """The caller with that application id and key, in a time that does not depend on how much of the key is right.

        Raises:
            WrongApplication: there is none; which of the two is wrong is not told.
        """
        given, found = _digest(api_key), None
        for digest, caller in self._known.get(app_id, ()):
            if hmac.compare_digest(digest, given):
                found = caller
        if found is None:
            raise WrongApplication
        return found


def _of(app: App, storage: Storage, transport: DirectTransport) -> list[tuple[bytes, Caller]]:
    return [(_digest(key.key), Caller(app, key, storage, transport)) for key in app.keys]


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode(errors="surrogatepass")).digest()


async def authenticate(
    request: Request,
    app_id: Annotated[str, Path(description="The application's id.")],
    api_key: Annotated[str, Path(description="One of its API keys. It is a secret.")],
) -> Caller:
    """Dependency: the caller, whatever its key may do."""
    callers: Callers = request.app.state.callers
    return callers.find(app_id, api_key)


AnyCaller = Annotated[Caller, Depends(authenticate)]


def _with_scope(scope: Scope) -> Callable[[Caller], Awaitable[Caller]]:
    async def caller_with_scope(caller: AnyCaller) -> Caller:
        if not caller.key.scopes & {scope, Scope.ADMIN}:
            raise PermissionDenied(
                f"The API key does not have the permission: it lacks the scope {scope}.", scope=scope
            )
        return caller

    return caller_with_scope


Publisher = Annotated[Caller, Depends(_with_scope(Scope.PUBLISH))]
Registrar = Annotated[Caller, Depends(_with_scope(Scope.REGISTER))]
Administrator = Annotated[Caller, Depends(_with_scope(Scope.ADMIN))]
Reader = Annotated[Caller, Depends(_with_scope(Scope.READ))]
