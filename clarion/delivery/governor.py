"""One governor for each credential, on Redis: how fast the whole fleet may send with it, and whether it may at all.

The budget is an account's, whatever application uses it, and so is a pause that the provider asks for. The gate before
it is an application's: `broken` because the provider does not answer, `parked` because it does not accept us. Behind
such a gate a few devices are tried after a while, by one worker; when the provider answers for one of them the gate
opens, else it stays closed for twice as long.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
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
PARKED_MS, PARKED_MAX_MS = 30_000, 600_000
_WAITS_MS = {State.BROKEN: (BROKEN_MS, BROKEN_MAX_MS), State.PARKED: (PARKED_MS, PARKED_MAX_MS)}


class Closed(NamedTuple):
    """Why nothing is sent, and for how long yet."""

    state: State
    reason: str
    in_s: float


class Gate:
    """One run's way through the governor of a credential: leases in bulk, so that no device costs a call to Redis.

    Attributes:
        closed: why nothing more may be sent; None while something may.
        probing: why the gate is closed that this run tries to open; None when it stands open, or this run opened it.
        reporting: whether somebody waits to hear that the provider took something.
    """

    def __init__(self, storage: Storage, app: str, provider: Provider, *, urgent: bool) -> None:
        self.closed: Closed | None = None
        self.probing: Closed | None = None
        self.reporting = False
        self._storage, self._provider, self._urgent = storage, provider, urgent
        self._keys = _keys(provider, app)
        self._fence = b""
        self._left = 0
        self._due = self._interval_s = self._ends = 0.0

    @property
    def batch_max(self) -> int:
        """How many devices one request may have now: a probe has few, whatever the provider takes."""
        return self._provider.batch_max if self.probing is None else max(1, min(self._provider.batch_max, self._left))

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
            if self.probing is not None:
                return PROBE_POLL_S
            wait_s = self._lease(devices, max(devices, min(likely, LEASE_DEVICES)))
            if wait_s or self.closed is not None:
                return wait_s

    def allow(self, devices: int) -> None:
        """A probe goes on with devices that it has sent to already, elsewhere."""
        if self.probing is not None:
            self._left += devices

    def _lease(self, least: int, most: int) -> float:
        budget = self._provider.budget
        arguments = [budget.rate_per_s, budget.ramp_up_s, least, most, int(self._urgent)]
        word, *rest = call(self._storage.main, "governor_lease", self._keys, arguments)
        if word == b"wait":
            return float(rest[0]) / 1e6
        if word == b"closed":
            wait_us, state, reason = rest
            self.closed = _closed(state, reason, wait_us / 1e6)
            return self.closed.in_s
        self._left, starts_us, interval_us, reporting, self._fence, *behind = rest
        self.reporting = bool(reporting)
        self.probing = _closed(behind[0], behind[1], 0.0) if behind else None
        self._interval_s = interval_us / 1e6
        self._due = monotonic() + starts_us / 1e6
        lasts_s = self._left * self._interval_s + LATE_S if interval_us else LEASE_S
        self._ends = self._due + (PROBE_S if self.probing else lasts_s)
        return 0.0

    def succeed(self, *, accepted: bool) -> None:
        """The provider answered for a device: failures are forgotten, and the gate opens that this run was to try."""
        if call(self._storage.main, "governor_succeed", self._keys, [int(accepted), self._fence]):
            self.probing = None
        self.reporting = self.reporting and not accepted

    def fail(self, failures: int, reason: str) -> bool:
        """Nothing but failures; when that is too much, the gate closes. Whether it has."""
        arguments = [failures, reason, FAILURES_MAX, BROKEN_MS, BROKEN_MAX_MS, self._fence]
        self._hear(State.BROKEN, reason, call(self._storage.main, "governor_fail", self._keys, arguments))
        return self.closed is not None

    def pause(self, reason: str, wait_s: float) -> None:
        """The provider wants nothing from anybody for so many seconds."""
        wait_ms = call(self._storage.main, "governor_pause", self._keys, [reason, int(wait_s * 1000)])
        self._hear(State.PAUSED, reason, wait_ms)

    def park(self, reason: str, wait_ms: int) -> None:
        """The provider does not accept us."""
        self._close(State.PARKED, reason, wait_ms, PARKED_MAX_MS)

    def give_up(self) -> None:
        """A probe that showed nothing: the gate stays closed, for longer."""
        if self.probing is not None:
            self._close(self.probing.state, self.probing.reason, *_WAITS_MS[self.probing.state])

    def _close(self, state: State, reason: str, wait_ms: int, most_ms: int) -> None:
        arguments = [state.value, reason, wait_ms, most_ms, self._fence]
        self._hear(state, reason, call(self._storage.main, "governor_close", self._keys, arguments))

    def _hear(self, state: State, reason: str, wait_ms: int) -> None:
        if wait_ms:
            self.closed, self.probing = Closed(state, reason, wait_ms / 1000), None


def closed(storage: Storage, app: str, provider: Provider, *, now_ms: int) -> Closed | None:
    """Why nothing is sent with a credential now, without asking to send; None when something may be."""
    budget, gate = _keys(provider, app)
    with storage_errors(), storage.main.pipeline(transaction=False) as pipe:
        pipe.hmget(budget, ("paused", "reason"))
        pipe.hmget(gate, ("state", "reason", "closed", "probe"))
        (paused, pause), (state, reason, until, probe) = pipe.execute()
    if paused is not None and int(paused) > now_ms * 1000:
        return Closed(State.PAUSED, (pause or b"").decode(), int(paused) / 1e6 - now_ms / 1000)
    left_s = max(int(until or 0), int(probe or 0)) / 1e6 - now_ms / 1000
    return None if state is None or left_s <= 0 else _closed(state, reason, left_s)


def _closed(state: bytes, reason: bytes, in_s: float) -> Closed:
    return Closed(State(state.decode()), reason.decode(), in_s)


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
                certificate_ends_ms=_certificates_end_ms(provider.line.ca_bundle),
            )
        )
        for provider, names in systems.items()
    }
    with storage_errors(), storage.main.pipeline(transaction=True) as pipe:
        pipe.delete(keys.credentials(app))
        if rows:
            pipe.hset(keys.credentials(app), mapping=rows)
        pipe.execute()


def accepted_ms(storage: Storage, app: str, provider: Provider) -> int | None:
    """When the provider last took something from an application (epoch ms), to a few seconds."""
    with storage_errors():
        accepted_us = storage.main.hget(keys.gate(provider.name, provider.credential, app), "accepted")
    return None if accepted_us is None else int(accepted_us) // 1000


def _certificates_end_ms(bundle: Path | None) -> int | None:
    """When the first of the certificates that are trusted instead of the system's ends; None when they are not read."""
    if bundle is None:
        return None
    try:
        trusted = ssl.create_default_context(cafile=bundle).get_ca_certs()
    except OSError:  # said by `clarion doctor`, and by every connection
        return None
    ends = [ssl.cert_time_to_seconds(str(each["notAfter"])) for each in trusted]
    return int(min(ends) * 1000) if ends else None


def _keys(provider: Provider, app: str) -> list[str]:
    return [keys.budget(provider.name, provider.credential), keys.gate(provider.name, provider.credential, app)]
