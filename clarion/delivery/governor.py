"""One governor for each credential, on Redis: how fast the whole fleet may send with it, and whether it may at all.

A gate stands open, or is closed: `paused` until the provider's own time, `broken` because it does not answer, `parked`
because it does not accept us. Behind `broken` and `parked` a few devices are tried after a while, by one worker; when
the provider takes one of them the gate opens, else it stays closed for twice as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import NamedTuple

import msgspec

from clarion.providers.base import Provider
from clarion.standing import Standing, State
from clarion.storage import Storage, keys
from clarion.storage.connection import call, storage_errors

#: The most devices of one lease, where no rate limits it.
LEASE_DEVICES = 1000
#: A lease without a rate is good for so long, seconds: by then a gate that others closed is seen.
LEASE_S = 0.1
#: How late a device may still be sent to in its slot, seconds: later, it would fall on another's.
LATE_S = 0.015
#: How early: less than the network takes anyway.
EARLY_S = 0.002
#: The devices of a probe may be sent to for so long, seconds: the script lets nobody else try meanwhile.
PROBE_S = 14.0
#: While the first answers are awaited behind a closed gate.
PROBE_POLL_S = 0.02
#: So many failures without a success between them break the circuit.
FAILURES_MAX = 20
BROKEN_MS, BROKEN_MAX_MS = 10_000, 300_000
PARKED_MAX_MS = 600_000


class Closed(NamedTuple):
    """Why nothing is sent, and for how long yet."""

    state: State
    reason: str
    in_s: float


class Gate:
    """One run's way through the governor of a credential: leases in bulk, so that no device costs a call to Redis.

    Attributes:
        closed: why nothing more may be sent; None while something may.
        probing: whether the gate is closed and this run tries whether it can be opened.
        reporting: whether somebody waits to hear that the provider took something.
    """

    def __init__(self, storage: Storage, provider: Provider, *, urgent: bool) -> None:
        self.closed: Closed | None = None
        self.probing = self.reporting = False
        self._storage, self._provider, self._urgent = storage, provider, urgent
        self._left = 0
        self._due = self._interval_s = self._ends = 0.0

    def enter(self, likely: int) -> bool:
        """Lease for the first of so many devices. Whether anything may be sent at all."""
        self._lease(1, max(1, min(likely, LEASE_DEVICES)))
        return self.closed is None

    def admit(self, devices: int, likely: int = 1) -> float:
        """How long to wait, in seconds, before so many devices may be sent to together; 0 is now, and counts them.

        Once `closed` is not None the answer means nothing.

        Args:
            devices: how many in one request.
            likely: how many more are to come.
        """
        while True:
            now = monotonic()
            if self._left >= devices and now <= self._ends:
                ahead = self._due - now
                if ahead > EARLY_S:
                    return ahead
                self._left -= devices
                self._due += devices * self._interval_s
                return 0.0
            if self.probing:
                return PROBE_POLL_S
            wait_s = self._lease(devices, max(devices, min(likely, LEASE_DEVICES)))
            if wait_s or self.closed is not None:
                return wait_s

    def _lease(self, least: int, most: int) -> float:
        budget = self._provider.budget
        arguments = [budget.rate_per_s, budget.ramp_up_s, least, most, int(self._urgent)]
        word, *rest = call(self._storage.main, "governor_lease", [_key(self._provider)], arguments)
        if word == b"wait":
            return float(rest[0]) / 1e6
        if word == b"closed":
            wait_us, state, reason = rest
            self.closed = Closed(State(state.decode()), reason.decode(), wait_us / 1e6)
            return self.closed.in_s
        self._left, starts_us, interval_us, reporting, probing = rest
        self.reporting, self.probing = bool(reporting), bool(probing)
        self._interval_s = interval_us / 1e6
        self._due = monotonic() + starts_us / 1e6
        lasts_s = self._left * self._interval_s + LATE_S if interval_us else LEASE_S
        self._ends = self._due + (PROBE_S if probing else lasts_s)
        return 0.0

    def heal(self) -> None:
        """The provider took something: the gate opens for all, and the breaker forgets."""
        call(self._storage.main, "governor_heal", [_key(self._provider)])
        self.probing = self.reporting = False

    def fail(self, failures: int, reason: str) -> None:
        """Nothing but failures; when that is too much, the gate closes."""
        arguments = [failures, reason, FAILURES_MAX, BROKEN_MS, BROKEN_MAX_MS]
        wait_ms = call(self._storage.main, "governor_fail", [_key(self._provider)], arguments)
        if wait_ms:
            self.closed = Closed(State.BROKEN, reason, wait_ms / 1000)

    def pause(self, reason: str, wait_s: float) -> None:
        """The provider wants nothing from anybody for so many seconds."""
        self._close(State.PAUSED, reason, int(wait_s * 1000), 0)

    def park(self, reason: str, wait_ms: int) -> None:
        """The provider does not accept us."""
        self._close(State.PARKED, reason, wait_ms, PARKED_MAX_MS)

    def _close(self, state: State, reason: str, wait_ms: int, most_ms: int) -> None:
        arguments = [state.value, reason, wait_ms, most_ms]
        wait_ms = call(self._storage.main, "governor_close", [_key(self._provider)], arguments)
        self.closed = Closed(state, reason, wait_ms / 1000)


def introduce(storage: Storage, app: str, served: Mapping[str, Provider]) -> None:
    """Write down which credentials serve an application, so that whoever has no key files can look at them."""
    systems: dict[Provider, list[str]] = {}
    for os, provider in sorted(served.items()):
        systems.setdefault(provider, []).append(os)
    rows = {
        provider.name: msgspec.json.encode(
            Standing(
                provider=provider.name,
                credential=provider.credential,
                systems=tuple(names),
                rate_per_s=provider.budget.rate_per_s,
                style=getattr(provider, "style", ""),
                credential_ends_ms=provider.credential_ends_ms(),
            )
        )
        for provider, names in systems.items()
    }
    with storage_errors(), storage.main.pipeline(transaction=True) as pipe:
        pipe.delete(keys.credentials(app))
        if rows:
            pipe.hset(keys.credentials(app), mapping=rows)
        pipe.execute()


def healthy_ms(storage: Storage, provider: Provider) -> int | None:
    """When the provider was last seen to take something with this credential (epoch ms), to a few seconds."""
    with storage_errors():
        healthy_us = storage.main.hget(_key(provider), "healthy")
    return None if healthy_us is None else int(healthy_us) // 1000


def _key(provider: Provider) -> str:
    return keys.governor(provider.name, provider.credential)
