"""How the credentials of an application stand: whether the fleet sends with them, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from clarion.storage import Storage, keys
from clarion.storage.connection import storage_errors


class State(StrEnum):
    """How a credential stands."""

    #: Sending goes on.
    OPEN = "open"
    #: The provider asked us to wait.
    PAUSED = "paused"
    #: The provider does not answer, or only with errors of its own.
    BROKEN = "broken"
    #: The provider does not accept us: somebody must mend that.
    PARKED = "parked"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a credential stands, for people.

    Attributes:
        provider, credential: which.
        systems: the operating systems it serves.
        style: with FCM, who draws the message.
        rate_per_s: what the fleet may send; 0 is without limit.
        state, reason: whether it sends, and why not.
        since_ms, until_ms: since when it does not, and when it is tried again; epoch ms.
        last_error, last_error_ms: what went wrong last for the credential as a whole.
        healthy_ms: when the provider last was seen to take something, to a few seconds.
        token_ends_ms: when the shared access token ends; None without one.
        credential_ends_ms: when the credential itself ends; None when it does not.
    """

    provider: str
    credential: str
    systems: tuple[str, ...]
    rate_per_s: float
    style: str = ""
    state: State = State.OPEN
    reason: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    last_error: str = ""
    last_error_ms: int | None = None
    healthy_ms: int | None = None
    token_ends_ms: int | None = None
    credential_ends_ms: int | None = None


def introduced(storage: Storage, app: str) -> list[Standing]:
    """Which credentials serve an application, by provider, however they stand; empty when no worker ever started."""
    with storage_errors():
        rows = storage.main.hgetall(keys.credentials(app))
    return [msgspec.json.decode(row, type=Standing) for _, row in sorted(rows.items())]


def standings(storage: Storage, app: str) -> list[Standing]:
    """How the credentials of an application stand, by provider; empty when no worker ever started."""
    known = introduced(storage, app)
    pipe = storage.main.pipeline(transaction=False)
    for each in known:
        pipe.hgetall(keys.governor(each.provider, each.credential))
        pipe.hget(keys.bearer(each.provider, each.credential), "expires_ms")
    with storage_errors():
        replies = pipe.execute() if known else []
    rows = zip(known, replies[::2], replies[1::2], strict=True)
    return [_standing(each, row, token_ends_ms) for each, row, token_ends_ms in rows]


def resume(storage: Storage, app: str, provider: str) -> bool:
    """Open the gate of a provider's credential by hand. Returns whether the application has that provider."""
    found = [each for each in standings(storage, app) if each.provider == provider]
    for each in found:
        with storage_errors():
            storage.main.hdel(
                keys.governor(each.provider, each.credential),
                *("gate", "reason", "since", "closed", "trips", "probe", "failing"),
            )
    return bool(found)


def _standing(known: Standing, row: Mapping[bytes, bytes], token_ends_ms: bytes | None) -> Standing:
    def instant(field: bytes) -> int | None:
        return int(row[field]) // 1000 if field in row else None

    return msgspec.structs.replace(
        known,
        state=State(row.get(b"gate", b"open").decode()),
        reason=row.get(b"reason", b"").decode(),
        since_ms=instant(b"since"),
        until_ms=instant(b"closed"),
        last_error=row.get(b"error", b"").decode(),
        last_error_ms=instant(b"error_at"),
        healthy_ms=instant(b"healthy"),
        token_ends_ms=None if token_ends_ms is None else int(token_ends_ms),
    )
