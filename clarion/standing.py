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
        accepted_ms: when the provider last was seen to take something, to a few seconds.
        token_ends_ms: when the shared access token ends; None without one.
        certificate_ends_ms: when the first certificate of `ca_bundle` ends; None where the system's are trusted.
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
    accepted_ms: int | None = None
    token_ends_ms: int | None = None
    certificate_ends_ms: int | None = None


def introduced(storage: Storage, app: str) -> list[Standing]:
    """Which credentials serve an application, by provider, however they stand; empty when no worker ever started."""
    with storage_errors():
        rows = storage.main.hgetall(keys.credentials(app))
    return [msgspec.json.decode(row, type=Standing) for _, row in sorted(rows.items())]


def standings(storage: Storage, app: str) -> list[Standing]:
    """How the credentials of an application stand, by provider; empty when no worker ever started."""
    known = introduced(storage, app)
    pipe = storage.main.pipeline(transaction=False)
    pipe.time()
    for each in known:
        pipe.hgetall(keys.budget(each.provider, each.credential))
        pipe.hgetall(keys.gate(each.provider, each.credential, app))
        pipe.hget(keys.bearer(each.provider, each.credential), "expires_ms")
    if not known:
        return []
    with storage_errors():
        (seconds, micros), *replies = pipe.execute()
    now_us = seconds * 1_000_000 + micros
    rows = zip(known, replies[::3], replies[1::3], replies[2::3], strict=True)
    return [_standing(each, budget, gate, ends_ms, now_us) for each, budget, gate, ends_ms in rows]


def resume(storage: Storage, app: str, provider: str) -> bool:
    """Open the gate of a provider by hand, and end its pause. Returns whether the application has that provider."""
    found = [each for each in introduced(storage, app) if each.provider == provider]
    for each in found:
        with storage_errors(), storage.main.pipeline(transaction=True) as pipe:
            pipe.hdel(keys.budget(each.provider, each.credential), "paused", "reason", "since")
            pipe.hdel(
                keys.gate(each.provider, each.credential, app),
                *("state", "reason", "since", "closed", "trips", "probe", "failing"),
            )
            pipe.execute()
    return bool(found)


def _standing(
    known: Standing,
    budget: Mapping[bytes, bytes],
    gate: Mapping[bytes, bytes],
    token_ends_ms: bytes | None,
    now_us: int,
) -> Standing:
    paused = int(budget.get(b"paused", 0)) > now_us
    shut = {**budget, b"state": b"paused", b"closed": budget[b"paused"]} if paused else gate
    return msgspec.structs.replace(
        known,
        state=State(shut.get(b"state", b"open").decode()),
        reason=shut.get(b"reason", b"").decode(),
        since_ms=_instant(shut, b"since"),
        until_ms=_instant(shut, b"closed"),
        last_error=gate.get(b"error", b"").decode(),
        last_error_ms=_instant(gate, b"error_at"),
        accepted_ms=_instant(gate, b"accepted"),
        token_ends_ms=None if token_ends_ms is None else int(token_ends_ms),
    )


def _instant(row: Mapping[bytes, bytes], field: bytes) -> int | None:
    return int(row[field]) // 1000 if field in row else None
