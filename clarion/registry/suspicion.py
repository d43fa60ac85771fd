"""Strikes: answers that blame a token and prove nothing. They are counted against the token, not the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from clarion.storage import Storage, keys
from clarion.storage.connection import call, storage_errors

#: Two strikes of the same instant are one, whatever the rule: a call whose reply was lost is repeated.
_APART_MS = 1

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, int, int, str]).decode


def strike(
    storage: Storage,
    app: str,
    chunk: int,
    suspects: Mapping[int, tuple[str, str]],
    rule: tuple[int, float],
    now_ms: int,
) -> list[int]:
    """Count a strike against tokens; strikes that follow each other faster than the rule asks for count as one.

    Args:
        storage: where their devices are registered.
        app: the application's id.
        chunk: where they are.
        suspects: slot -> token and the provider's word. A device that has another token by now is left alone.
        rule: how many strikes are enough, and how far apart the first and the last must be, seconds.
        now_ms: epoch milliseconds.

    Returns:
        The slots whose devices have enough strikes, in the order of `suspects`.
    """
    if not suspects:
        return []
    enough, span_s = rule
    apart_ms = max(_APART_MS, int(span_s * 1000 / enough))
    arguments: list[int | str | bytes] = [now_ms, enough, int(span_s * 1000), apart_ms]
    for slot, (token, reason) in suspects.items():
        arguments += (slot, _encode(token), reason)
    names = [keys.records(app, chunk), keys.strikes(app, chunk)]
    return [int(slot) for slot in call(storage.registry, "strike", names, arguments)]


def absolve(storage: Storage, app: str, chunk: int, tokens: Mapping[int, str]) -> None:
    """Clear the strikes against tokens (by slot) that their provider took. A device's newer token keeps its own."""
    if not tokens:
        return
    arguments: list[int | bytes] = []
    for slot, token in tokens.items():
        arguments += (slot, _encode(token))
    call(storage.registry, "absolve", [keys.records(app, chunk), keys.strikes(app, chunk)], arguments)


def struck(storage: Storage, app: str, chunk: int, slots: Sequence[int]) -> dict[int, int]:
    """The strikes against the devices at these slots, without those that have none.

    Costs next to nothing in a chunk where nobody has any.
    """
    name = keys.strikes(app, chunk)
    with storage_errors():
        if not slots or not storage.registry.exists(name):
            return {}
        found: list[bytes | None] = storage.registry.hmget(name, slots)
    return {slot: _decode(raw)[0] for slot, raw in zip(slots, found, strict=True) if raw is not None}
