"""One attempt at a shard: who is still pending, what came of each, and when to come back for the rest."""

from __future__ import annotations

import threading
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from clarion.app import Quarantine
from clarion.delivery import ledger
from clarion.delivery.ledger import Lease, Wait
from clarion.delivery.outfit import Outfit
from clarion.delivery.tally import Tally
from clarion.errors import Unavailable
from clarion.message import Message, Outcome, State
from clarion.providers.base import Result
from clarion.registry import Grave, Record, absolve, learn, prune

#: The share of a wait that chance may add, so that the shards of a message do not come back in step.
COME_BACK_SPREAD = 0.2
RECORD_AGAIN_S = 0.2
#: A shard that waits for a gate looks again after so long at most: somebody may have opened it by hand.
LOOK_AGAIN_S = 10.0
_pause = threading.Event()


@dataclass(slots=True)
class Run:
    """The state of one attempt.

    Attributes:
        outfit: what the thread delivers with.
        message: what is delivered.
        audience: how many devices the message has.
        urgent: whether it goes before others.
        lease: the claim on the shard.
        state: the message's, as of the last record.
        open: slots without an outcome yet.
        tally: outcomes that are not recorded yet.
        devices: slot -> the device, of all that are pending.
        struck: slots of devices that have strikes against them.
        dead: slot -> what is to be removed, and why.
        absolved: slot -> token that a provider took in spite of strikes against it.
        learned: slot -> token, and the environment it turned out to belong to.
        waits: provider -> what those who stay open wait for.
        held: providers whose gate is closed.
        fault_in_s: when to come back after an error of our own, None when there was none.
        recorded_ms: when the lease was renewed last.
    """

    outfit: Outfit
    message: Message
    audience: int
    urgent: bool
    lease: Lease
    state: State
    open: set[int]
    tally: Tally = field(default_factory=Tally)
    devices: Mapping[int, Record] = field(default_factory=dict, repr=False)
    struck: Container[int] = ()
    dead: dict[int, Grave] = field(default_factory=dict, repr=False)
    absolved: dict[int, str] = field(default_factory=dict, repr=False)
    learned: dict[int, tuple[str, str]] = field(default_factory=dict, repr=False)
    waits: dict[str, Wait] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    fault_in_s: float | None = None
    recorded_ms: int = 0

    @property
    def stopped(self) -> bool:
        """Whether nothing more is to be sent."""
        return self.state is State.CANCELLING

    def settle(self, slot: int, outcome: Outcome, provider: str = "", reason: str = "") -> None:
        """A device has its outcome."""
        self.open.discard(slot)
        self.tally.add(slot, outcome, provider, reason)

    def settle_open(self, outcome: Outcome, provider: str = "", reason: str = "") -> None:
        """All that are open have this outcome."""
        for slot in sorted(self.open):
            self.settle(slot, outcome, provider, reason)

    def accept(self, slot: int, device: Record, provider: str) -> None:
        """A provider took it."""
        if slot in self.struck:
            self.absolved[slot] = device.token
        if device.environment is not None and device.environment != self.devices[slot].environment:
            self.learned[slot] = device.token, device.environment
        self.settle(slot, Outcome.ACCEPTED, provider)

    def bury(self, slot: int, device: Record, provider: str, result: Result) -> None:
        """A provider proved the device's token dead."""
        self.remove(slot, device, provider, result.reason, result.dead_since_ms)
        self.settle(slot, Outcome.UNREGISTERED, provider, result.reason)

    def remove(self, slot: int, device: Record, provider: str, reason: str, since_ms: int | None = None) -> None:
        """The device is to leave the registry, unless it registered anew after `since_ms`."""
        self.dead[slot] = Grave(device.token, provider, reason, since_ms)

    @property
    def quarantine(self) -> Quarantine:
        """What may be concluded from suspicion."""
        return self.outfit.quarantine.get(self.message.app, Quarantine())

    def wait(self, provider: str) -> Wait:
        """What the provider's devices waited for before."""
        return self.lease.waits.get(provider, Wait(0))

    def try_again(self, provider: str, in_s: float) -> None:
        """Devices stay open because the provider refused them for now: try them again then, or later if others say."""
        before, now_ms = self.wait(provider), self.outfit.clock()
        due_ms = now_ms + int(in_s * 1000)
        noted = self.waits.get(provider)
        if noted is not None and noted.attempts > before.attempts:
            due_ms = max(due_ms, noted.due_ms)
        self.waits[provider] = Wait(due_ms, before.attempts + 1, before.since_ms or now_ms)

    def hold(self, provider: str, in_s: float) -> None:
        """Devices stay open because nothing is sent to the provider now: no attempt of theirs is lost."""
        before = self.wait(provider)
        in_s = min(in_s, LOOK_AGAIN_S)
        spread_s = COME_BACK_SPREAD * in_s * self.outfit.dice()
        self.waits[provider] = before._replace(due_ms=self.outfit.clock() + int((in_s + spread_s) * 1000))

    def keep(self, provider: str) -> None:
        """The provider's devices wait on."""
        self.waits[provider] = self.wait(provider)

    def record_when_due(self) -> None:
        """Record when a batch is full, or when the lease has not been renewed for a while."""
        pace = self.outfit.pace
        if self.tally.size >= pace.record_batch or self.outfit.clock() - self.recorded_ms >= pace.lease_ms // 10:
            self.record()

    def record(self) -> None:
        """Write what was noted, renew the lease, see the message's state, and prune the dead.

        While Redis is away it is tried again until the lease is over: what was sent and not recorded is sent twice.

        Raises:
            Unavailable: Redis was away for too long.
            LeaseLost: another worker has the shard.
        """
        outfit = self.outfit
        while True:
            try:
                self.state = ledger.record(
                    outfit.storage, self.message.id, self.lease, self.tally.lines, lease_ms=outfit.pace.lease_ms
                )
            except Unavailable:
                if outfit.clock() - self.recorded_ms >= outfit.pace.lease_ms:
                    raise
                _pause.wait(RECORD_AGAIN_S)
            else:
                break
        self.tally.clear()
        self.recorded_ms = outfit.clock()
        self._tell_registry()

    def _tell_registry(self) -> None:
        storage, app, chunk = self.outfit.storage, self.message.app, self.lease.shard.chunk
        if self.dead:
            prune(storage, app, chunk, self.dead, message_id=self.message.id, now_ms=self.outfit.clock())
            self.dead = {}
        if self.absolved:
            absolve(storage, app, chunk, self.absolved)
            self.absolved = {}
        if self.learned:
            learn(storage, app, chunk, self.learned)
            self.learned = {}
