"""What a provider keeps for devices that are off, until they come back."""

from __future__ import annotations

import msgspec

from simulator.ledger import Arrival

#: The scenario of a device that is off: the sender is told of success, and the device gets nothing.
OFFLINE = "OFFLINE"


class Kept(msgspec.Struct, frozen=True):
    """One message that waits."""

    arrival: Arrival
    #: a later message with the same one replaces it; None = it is kept beside the others
    key: str | None
    #: epoch seconds
    expires_at: float


class Shelf:
    """The messages that wait, by token.

    Args:
        keys_max: how many keys of one device are kept; one more costs the oldest. None = no limit.
        others_max: how many messages without a key are kept; one more costs them all, itself included.
    """

    def __init__(self, keys_max: int | None, others_max: int) -> None:
        self._keys_max = keys_max
        self._others_max = others_max
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._held: dict[str, list[Kept]] = {}
        #: how many nobody will ever get: replaced, too many, or expired
        self.lost = 0

    @property
    def held(self) -> int:
        """How many messages wait, expired ones among them."""
        return sum(map(len, self._held.values()))

    def put(self, kept: Kept, now: float) -> None:
        """Keep a message, unless its time is already over at epoch second `now`."""
        token = kept.arrival.token
        held = [each for each in self._held.get(token, ()) if each.expires_at > now]
        before = len(self._held.get(token, ())) + 1
        self._held[token] = held if kept.expires_at <= now else self._with(held, kept)
        self.lost += before - len(self._held[token])

    def _with(self, held: list[Kept], kept: Kept) -> list[Kept]:
        if kept.key is None:
            others = sum(each.key is None for each in held)
            return [*held, kept] if others < self._others_max else [each for each in held if each.key is not None]
        rest = [each for each in held if each.key != kept.key]
        keyed = [each for each in rest if each.key is not None]
        if self._keys_max is not None and len(keyed) >= self._keys_max:
            rest.remove(keyed[0])
        return [*rest, kept]

    def take(self, prefix: str, now: float) -> list[Arrival]:
        """Return what waits for the tokens that start with `prefix` and has not expired; it waits no more."""
        tokens = [token for token in self._held if token.startswith(prefix)]
        waiting = [kept for token in tokens for kept in self._held.pop(token)]
        alive = [kept.arrival for kept in waiting if kept.expires_at > now]
        self.lost += len(waiting) - len(alive)
        return alive
