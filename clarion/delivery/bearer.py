"""Access tokens: one for each credential and the whole fleet, on Redis."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from clarion.providers.base import Bearer, Provider
from clarion.storage import Storage, keys
from clarion.storage.connection import call, storage_errors

#: A token is renewed this long before it ends, or when a tenth of its life is left if that is sooner.
RENEW_BEFORE_MS = 300_000
LOCK_MS = 30_000
#: How long to wait for whoever is fetching one; longer, and the shard makes room for others.
WAIT_S = 0.5
_POLL_S = 0.05


class Busy(Exception):
    """Somebody else is fetching the access token, and it takes long: come back."""


@dataclass(frozen=True, slots=True)
class _Kept:
    bearer: Bearer
    fetched_ms: int

    def fresh(self, now_ms: int) -> bool:
        margin = min(RENEW_BEFORE_MS, (self.bearer.expires_ms - self.fetched_ms) // 10)
        return now_ms < self.bearer.expires_ms - margin


@dataclass(slots=True)
class Bearers:
    """The access tokens as one thread knows them, each fetched by whoever of the fleet gets there first."""

    storage: Storage
    clock: Callable[[], int]
    _kept: dict[tuple[str, str], _Kept] = field(default_factory=dict, repr=False)
    _idle: threading.Event = field(default_factory=threading.Event, repr=False)

    def get(self, provider: Provider) -> str:
        """An access token that is good for a while.

        Raises:
            Misconfigured: the credential is refused.
            OSError: the token endpoint cannot be reached.
            Busy: somebody else is fetching one, and it takes long.
        """
        kept = self._kept.get(_who(provider))
        if kept is None or not kept.fresh(self.clock()):
            kept = self._shared(provider) or self._fetch(provider)
            self._kept[_who(provider)] = kept
        return kept.bearer.token

    def refuse(self, provider: Provider, token: str) -> bool:
        """The provider refused `token`. Whether a new one may help: not when this one was new.

        A token that the provider would not want replaced so soon is kept.
        """
        self._kept.pop(_who(provider), None)
        kept = self._read(provider)
        if kept is None or kept.bearer.token != token:
            return True
        if self.clock() - kept.fetched_ms <= provider.bearer_life_s * 1000:
            return False
        call(self.storage.main, "delete_if", [keys.bearer(provider.name, provider.credential)], [token, "token"])
        return True

    def _shared(self, provider: Provider) -> _Kept | None:
        kept = self._read(provider)
        return kept if kept is not None and kept.fresh(self.clock()) else None

    def _read(self, provider: Provider) -> _Kept | None:
        with storage_errors():
            row = self.storage.main.hgetall(keys.bearer(provider.name, provider.credential))
        if not row:
            return None
        return _Kept(Bearer(row[b"token"].decode(), int(row[b"expires_ms"])), int(row[b"fetched_ms"]))

    def _fetch(self, provider: Provider) -> _Kept:
        lock, owner = keys.bearer_lock(provider.name, provider.credential), uuid.uuid4().hex
        for _ in range(int(WAIT_S / _POLL_S)):
            with storage_errors():
                mine = self.storage.main.set(lock, owner, nx=True, px=LOCK_MS)
            if mine:
                try:
                    return self._shared(provider) or self._renew(provider)
                finally:
                    call(self.storage.main, "delete_if", [lock], [owner, ""])
            self._idle.wait(_POLL_S)
            kept = self._shared(provider)
            if kept is not None:
                return kept
        raise Busy

    def _renew(self, provider: Provider) -> _Kept:
        now_ms = self.clock()
        kept = _Kept(provider.fetch_bearer(now_ms=now_ms), now_ms)
        key = keys.bearer(provider.name, provider.credential)
        row = {"token": kept.bearer.token, "expires_ms": kept.bearer.expires_ms, "fetched_ms": now_ms}
        with storage_errors(), self.storage.main.pipeline(transaction=True) as pipe:
            pipe.hset(key, mapping=row)
            pipe.pexpireat(key, kept.bearer.expires_ms)
            pipe.execute()
        return kept


def _who(provider: Provider) -> tuple[str, str]:
    return provider.name, provider.credential
